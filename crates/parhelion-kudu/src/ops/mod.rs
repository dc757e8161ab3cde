//! One operation, one file. None knows another, and none knows HTTP.

pub mod delete_deployment;
pub mod delete_item;
pub mod get_deployment;
pub mod get_deployment_log;
pub mod get_hook;
pub mod get_item;
pub mod list_deployments;
pub mod list_hooks;
pub mod publish_event;
pub mod put_deployment;
pub mod put_item;
pub mod subscribe_hook;
pub mod unsubscribe_hook;
pub mod zip_deploy;
