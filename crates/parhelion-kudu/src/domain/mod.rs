//! Rules that more than one operation needs. Nothing here knows HTTP.

pub mod app_log;
pub mod busy;
pub mod command;
pub mod copy;
pub mod deployment_file;
pub mod fetch;
pub mod file_rules;
pub mod home;
pub mod hook_url;
pub mod layout;
pub mod lifecycle;
pub mod log_stream;
pub mod media;
pub mod outcome;
pub mod package;
pub mod post_deployment;
pub mod publish;
pub mod purge;
pub mod ranges;
pub mod record_files;
pub mod script;
pub mod scripts;
pub mod text;
pub mod time;
pub mod vfs_path;
pub mod webjobs;
