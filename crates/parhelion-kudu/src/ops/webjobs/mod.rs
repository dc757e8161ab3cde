//! WebJobs.

pub mod delete_job;
pub mod get_job;
pub mod job_ended;
pub mod job_history;
pub mod job_settings;
pub mod put_job;
pub mod run_job;
pub mod switch_job;
