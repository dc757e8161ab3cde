//! What the WebJob calls say no with.

use super::Form;

/// Why a WebJob call said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobsError {
    /// No such job, or none that can be run; no such run.
    NotFound,
    /// A job is uploaded without saying what its file is called.
    NoFileName,
    /// Nothing in the job can be run.
    NoScript,
    /// A run is going on.
    Running,
    /// The setting `WEBJOBS_STOPPED` is set.
    Stopped,
    /// A name that no job can have.
    BadName,
    /// What was uploaded could not be stored.
    Upload {
        /// Why not.
        why: String,
    },
}

impl JobsError {
    /// Status and body.
    pub fn answer(&self) -> (u16, Form) {
        let text = |status, text: &str| (status, Form::Text(text.to_owned()));
        match self {
            JobsError::NotFound => (404, Form::Empty),
            JobsError::NoFileName => text(400, "Missing Content-Disposition header."),
            JobsError::NoScript => text(400, "No runnable script file was found."),
            JobsError::Running => text(409, "Cannot start a new run since job is already running."),
            JobsError::Stopped => text(409, "WebJobs are currently in \"stopped\" state."),
            // CHOICE: the real service answers what its file system says.
            JobsError::BadName => text(400, "The job's name cannot be the name of a folder."),
            JobsError::Upload { why } => text(500, why),
        }
    }
}
