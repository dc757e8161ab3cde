//! Why something cannot be done with an execution, or a stage of it.

use std::fmt;

/// A refusal of the operations that steer executions.
#[derive(Clone, Debug, PartialEq)]
pub enum Flow {
    /// As many executions are under way as there may be.
    NoRoom { pipeline: String },
    /// The pipeline has no stage of that name.
    StageNotFound { pipeline: String, stage: String },
    /// The execution is over, or was never there.
    NotStoppable { id: String },
    /// The execution is being stopped already.
    StoppedTwice { id: String },
    /// Another execution has entered the stage since, or this one never did.
    NotLatest { id: String, stage: String },
    /// The stage is in no state to be tried again.
    NotRetryable { stage: String, why: &'static str },
    /// Actions that would run again are in progress.
    Busy { stage: String },
    /// The execution ran another version of the pipeline.
    Outdated { id: String },
    /// The stage cannot be rolled back.
    NotRollable { stage: String, why: &'static str },
    /// The condition cannot be made to count as met.
    NotOverridable { stage: String, condition: &'static str },
}

impl Flow {
    /// The exception's bare name.
    pub fn code(&self) -> &'static str {
        match self {
            Flow::NoRoom { .. } => "ConcurrentPipelineExecutionsLimitExceededException",
            Flow::StageNotFound { .. } => "StageNotFoundException",
            Flow::NotStoppable { .. } => "PipelineExecutionNotStoppableException",
            Flow::StoppedTwice { .. } => "DuplicatedStopRequestException",
            Flow::NotLatest { .. } => "NotLatestPipelineExecutionException",
            Flow::NotRetryable { .. } => "StageNotRetryableException",
            Flow::Busy { .. } => "ConflictException",
            Flow::Outdated { .. } => "PipelineExecutionOutdatedException",
            Flow::NotRollable { .. } => "UnableToRollbackStageException",
            Flow::NotOverridable { .. } => "ConditionNotOverridableException",
        }
    }
}

/// The public message. CHOICE: all texts are ours.
impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flow::NoRoom { pipeline } => {
                write!(f, "Pipeline '{pipeline}' has reached the limit of its concurrent executions")
            }
            Flow::StageNotFound { pipeline, stage } => {
                write!(f, "Pipeline '{pipeline}' does not have a stage with name '{stage}'")
            }
            Flow::NotStoppable { id } => {
                write!(f, "Pipeline execution '{id}' is not in progress and cannot be stopped")
            }
            Flow::StoppedTwice { id } => write!(f, "Pipeline execution '{id}' is already being stopped"),
            Flow::NotLatest { id, stage } => {
                write!(f, "Pipeline execution '{id}' is not the latest that entered stage '{stage}'")
            }
            Flow::NotRetryable { stage, why } => write!(f, "Stage '{stage}' cannot be retried: {why}"),
            Flow::Busy { stage } => {
                write!(f, "Stage '{stage}' cannot be retried with all actions while actions are in progress")
            }
            Flow::Outdated { id } => {
                write!(f, "Pipeline execution '{id}' was started in another version of the pipeline")
            }
            Flow::NotRollable { stage, why } => write!(f, "Stage '{stage}' cannot be rolled back: {why}"),
            Flow::NotOverridable { stage, condition } => write!(
                f,
                "Stage '{stage}' has no {condition} condition that failed or is in progress and still decides"
            ),
        }
    }
}
