//! Operations, one resource a file or folder. They know nothing of HTTP: what they take is read from the call by
//! their `Input`, what they give is a `Reply`.

pub mod approvals;
pub mod branches;
pub mod builds;
pub mod checks;
pub mod commit_changes;
pub mod commits;
pub mod connection_data;
pub mod definitions;
pub mod diffs;
pub mod endpoints;
pub mod environments;
pub mod folders;
pub mod general_settings;
pub mod items;
pub mod objects;
pub mod operations;
pub mod pipeline_permissions;
pub mod pipelines;
pub mod pools;
pub mod processes;
pub mod project_properties;
pub mod projects;
pub mod pushes;
pub mod queues;
pub mod refs;
pub mod repositories;
pub mod resource_areas;
pub mod resources;
pub mod runs;
pub mod service_hooks;
pub mod tags;
pub mod teams;
pub mod variable_groups;
pub mod webhooks;
pub mod yaml_schema;
