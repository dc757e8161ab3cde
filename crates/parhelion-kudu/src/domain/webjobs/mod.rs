//! WebJobs: scripts below `App_Data/jobs`, run on demand (triggered) or all the time (continuous).
//!
//! No script is run: its outcome is what a behaviour says, or is read off its text.

pub mod continuous;
pub mod cron;
pub mod find;
pub mod log;
pub mod payload;
pub mod run;
pub mod schedule;

/// The two kinds of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Run on demand.
    Triggered,
    /// Run all the time.
    Continuous,
}

impl Kind {
    /// As paths and answers name it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Triggered => "triggered",
            Kind::Continuous => "continuous",
        }
    }
    /// Where what its jobs write is kept.
    pub fn data_folder(self, job: &str) -> String {
        format!("data/jobs/{}/{job}", self.name())
    }
}
