//! Why something cannot be done with an action, or a run of it.

use std::fmt;

/// A refusal of the operations that are about actions.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// The stage has no action of that name, or none of the kind that is wanted.
    ActionNotFound { stage: String, action: String },
    /// No run of an action has that id.
    ActionExecutionNotFound { id: String },
    /// The approval was answered before.
    ApprovalAnswered { action: String },
    /// The token answers no approval of the action that waits.
    InvalidApprovalToken { action: String },
}

impl Work {
    /// The exception's bare name.
    pub fn code(&self) -> &'static str {
        match self {
            Work::ActionNotFound { .. } => "ActionNotFoundException",
            Work::ActionExecutionNotFound { .. } => "ActionExecutionNotFoundException",
            Work::ApprovalAnswered { .. } => "ApprovalAlreadyCompletedException",
            Work::InvalidApprovalToken { .. } => "InvalidApprovalTokenException",
        }
    }
}

/// The public message. CHOICE: all texts are ours.
impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Work::ActionNotFound { stage, action } => {
                write!(f, "Stage '{stage}' does not have such an action with name '{action}'")
            }
            Work::ActionExecutionNotFound { id } => {
                write!(f, "Action execution with id '{id}' was not found")
            }
            Work::ApprovalAnswered { action } => {
                write!(f, "The approval of action '{action}' was already approved or rejected")
            }
            Work::InvalidApprovalToken { action } => {
                write!(f, "The approval token is not valid for action '{action}', or has expired")
            }
        }
    }
}
