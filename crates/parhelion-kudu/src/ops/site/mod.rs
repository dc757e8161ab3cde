//! The site itself: settings, repository, keys, functions, its one process.

pub mod app_log;
pub mod apply_changes;
pub mod delete_repository;
pub mod diagnostics;
pub mod functions;
pub mod kill_process;
pub mod password;
pub mod settings;
pub mod ssh_key;
pub mod unpack_zip;
