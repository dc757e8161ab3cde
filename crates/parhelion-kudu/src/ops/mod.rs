//! One operation, one file. None knows another, and none knows HTTP.

pub mod delete_deployment;
pub mod delete_item;
pub mod deploy_commit;
pub mod fetch_deploy;
pub mod get_deployment;
pub mod get_deployment_log;
pub mod get_hook;
pub mod get_item;
pub mod hold_lock;
pub mod list_deployments;
pub mod list_hooks;
pub mod publish_event;
pub mod push_refs;
pub mod put_deployment;
pub mod put_item;
pub mod site;
pub mod subscribe_hook;
pub mod unsubscribe_hook;
pub mod webjobs;
pub mod zip_deploy;
