//! What a call may answer instead of its result.

use crate::wire::{constraints, sigv4::verify::Denied};
use parhelion_core::text::prefix;
use parhelion_http::BodyError;

/// Bytes of the client's own words that a message repeats.
const SHOWN_BYTES: usize = 100;

/// An error of the Query protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The HTTP status.
    pub status: u16,
    /// The code: `NoSuchEntity`.
    pub code: &'static str,
    /// What the client reads.
    pub message: String,
    /// What the journal is told instead, when that is more.
    pub why: Option<String>,
}

impl Error {
    /// An error with that status, code and message.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Error { status, code, message: message.into(), why: None }
    }
    /// The signature is missing or wrong.
    pub fn denied(denied: &Denied) -> Self {
        let (status, code, message) = denied.query_error();
        Error { status, code, message, why: Some(denied.to_string()) }
    }
    /// A failure of ours.
    pub fn internal() -> Self {
        let text = "The request processing has failed because of an unknown error, exception or failure.";
        Error::new(500, "InternalFailure", text)
    }
    // OBSERVED: the text of AWS's Query services.
    pub fn unknown_action(action: &str, version: &str) -> Self {
        if action.is_empty() {
            return Error::new(400, "MissingAction", "The request must contain the parameter Action");
        }
        let (action, version) = (prefix(action, SHOWN_BYTES), prefix(version, SHOWN_BYTES));
        let text = format!("Could not find operation {action} for version {version}");
        Error::new(400, "InvalidAction", text)
    }
    /// Constraints of the API are broken.
    pub fn constraints(violations: &[String]) -> Self {
        Error::new(400, "ValidationError", constraints::message(violations))
    }
    // OBSERVED: moto, from real output.
    pub fn no_such_role(name: &str) -> Self {
        Error::new(404, "NoSuchEntity", format!("Role {name} not found"))
    }
    // OBSERVED: the live service.
    pub fn role_exists(name: &str) -> Self {
        Error::new(409, "EntityAlreadyExists", format!("Role with name {name} already exists."))
    }
    // OBSERVED: the live service.
    pub fn too_many_roles(most: usize) -> Self {
        Error::new(409, "LimitExceeded", format!("Cannot exceed quota for RolesPerAccount: {most}"))
    }
    /// A trust policy that is none.
    pub fn malformed_policy(why: &'static str) -> Self {
        Error::new(400, "MalformedPolicyDocument", why)
    }
    // CHOICE: status and text; IAM documents only that markers are its own.
    pub fn foreign_marker() -> Self {
        Error::new(400, "ValidationError", "The marker is invalid")
    }
}

impl From<BodyError> for Error {
    // CHOICE: what the protocol has no words for.
    fn from(error: BodyError) -> Self {
        let status = match error {
            BodyError::TooLarge { .. } => 413,
            BodyError::Stalled => 408,
            BodyError::Broken(_) => 400,
        };
        Error::new(status, "MalformedInput", error.to_string())
    }
}
