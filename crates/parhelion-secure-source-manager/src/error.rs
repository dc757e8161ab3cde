//! The one list of errors: code, text, details. Texts are Google's usual forms
//! (CHOICE: those of this very service are not public).

use crate::proto::{rpc, type_url};
use parhelion_git::GitError;
use prost::Message;
use prost_types::Any;

/// The codes of google.rpc.Code: number, name in REST errors, HTTP status there.
pub const CODES: [(i32, &str, u16); 16] = [
    (1, "CANCELLED", 499),
    (2, "UNKNOWN", 500),
    (3, "INVALID_ARGUMENT", 400),
    (4, "DEADLINE_EXCEEDED", 504),
    (5, "NOT_FOUND", 404),
    (6, "ALREADY_EXISTS", 409),
    (7, "PERMISSION_DENIED", 403),
    (8, "RESOURCE_EXHAUSTED", 429),
    (9, "FAILED_PRECONDITION", 400),
    (10, "ABORTED", 409),
    (11, "OUT_OF_RANGE", 400),
    (12, "UNIMPLEMENTED", 501),
    (13, "INTERNAL", 500),
    (14, "UNAVAILABLE", 503),
    (15, "DATA_LOSS", 500),
    (16, "UNAUTHENTICATED", 401),
];

/// The codes that this surface's own errors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// A value is not allowed.
    InvalidArgument = 3,
    /// No such resource.
    NotFound = 5,
    /// The name is taken.
    AlreadyExists = 6,
    /// A bound of the emulator.
    ResourceExhausted = 8,
    /// Not in this state of things.
    FailedPrecondition = 9,
    /// Somebody else was faster.
    Aborted = 10,
    /// Ours.
    Internal = 13,
}

impl Code {
    /// Its number.
    pub fn number(self) -> i32 {
        self as i32
    }
    /// The name in REST errors.
    pub fn name(self) -> &'static str {
        self.row().1
    }
    /// The HTTP status in REST errors.
    pub fn http(self) -> u16 {
        self.row().2
    }
    fn row(self) -> (i32, &'static str, u16) {
        CODES.into_iter().find(|(number, _, _)| *number == self.number()).unwrap_or((13, "INTERNAL", 500))
    }
}

/// What an operation can refuse with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field's value is not allowed.
    #[error("Invalid value for field '{field}': {why}")]
    Field {
        /// Its path from the request, `hook.target_uri`.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// The page token was not given by this list, or the list was asked differently.
    #[error("The page token is invalid.")]
    PageToken,
    /// A path of an update mask that the resource does not have.
    #[error("Invalid field mask path: {0}")]
    Mask(String),
    /// No such resource.
    #[error("Resource '{0}' was not found")]
    NotFound(String),
    /// The name is taken.
    #[error("Resource '{0}' already exists")]
    Exists(String),
    /// An instance that has repositories is deleted only by force.
    #[error("Instance '{0}' has repositories; delete them first, or set force.")]
    NotEmpty(String),
    /// Not as things stand; the sentence says why.
    #[error("{why}")]
    State {
        /// Full name of the resource that is in the way.
        subject: String,
        /// What is the matter.
        why: String,
    },
    /// Somebody changed it while the call was on its way.
    #[error("Resource '{0}' was changed meanwhile; read it again and retry.")]
    Moved(String),
    /// A policy was set by somebody else.
    #[error(
        "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff."
    )]
    Policy,
    /// The etag of the request is not the resource's.
    #[error("The etag of resource '{0}' does not match; read it again and retry.")]
    Etag(String),
    /// One of the emulator's bounds.
    #[error("{holder} has {limit} {what}, and no more are made.")]
    Full {
        /// Whose bound it is.
        holder: &'static str,
        /// The bound.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
    /// No usable git; the sentence says so.
    #[error("{0}")]
    NoGit(String),
    /// Something of ours failed; the cause goes to the log only.
    #[error("Internal error encountered.")]
    Internal(#[source] GitError),
}

impl Error {
    /// An error about a field.
    pub fn field(field: impl Into<String>, why: impl Into<String>) -> Error {
        Error::Field { field: field.into(), why: why.into() }
    }
    /// An error about how things stand with a resource.
    pub fn state(subject: impl Into<String>, why: impl Into<String>) -> Error {
        Error::State { subject: subject.into(), why: why.into() }
    }
    /// The whole of it, for the journal: what the client is not told included.
    pub fn told(&self) -> String {
        match self {
            Error::Internal(cause) => format!("{self} {cause}"),
            other => other.to_string(),
        }
    }
    /// Its code.
    pub fn code(&self) -> Code {
        match self {
            Error::Field { .. } | Error::PageToken | Error::Mask(_) => Code::InvalidArgument,
            Error::NotFound(_) => Code::NotFound,
            Error::Exists(_) => Code::AlreadyExists,
            Error::NotEmpty(_) | Error::NoGit(_) | Error::State { .. } => Code::FailedPrecondition,
            Error::Full { .. } => Code::ResourceExhausted,
            Error::Etag(_) | Error::Moved(_) | Error::Policy => Code::Aborted,
            Error::Internal(_) => Code::Internal,
        }
    }
    /// The whole as a message: code, text, typed details.
    pub fn status(&self) -> rpc::Status {
        rpc::Status { code: self.code().number(), message: self.to_string(), details: self.details() }
    }
    fn details(&self) -> Vec<Any> {
        let field = |field: &str, why: &str| {
            let violation =
                rpc::bad_request::FieldViolation { field: field.to_owned(), description: why.to_owned() };
            any("BadRequest", &rpc::BadRequest { field_violations: vec![violation] })
        };
        let resource = |name: &str| {
            let info = rpc::ResourceInfo { resource_name: name.to_owned(), ..Default::default() };
            any("ResourceInfo", &info)
        };
        match self {
            Error::Field { field: path, why } => vec![field(path, why)],
            Error::PageToken => vec![field("page_token", &self.to_string())],
            Error::Mask(_) => vec![field("update_mask", &self.to_string())],
            Error::NotFound(name) | Error::Exists(name) => vec![resource(name)],
            Error::State { subject, why } => {
                let violation = rpc::precondition_failure::Violation {
                    r#type: "STATE".to_owned(),
                    subject: subject.clone(),
                    description: why.clone(),
                };
                vec![any("PreconditionFailure", &rpc::PreconditionFailure { violations: vec![violation] })]
            }
            _ => Vec::new(),
        }
    }
}

fn any(name: &str, message: &impl Message) -> Any {
    Any { type_url: type_url(&format!("google.rpc.{name}")), value: message.encode_to_vec() }
}

impl From<GitError> for Error {
    fn from(error: GitError) -> Error {
        match error {
            GitError::Missing(_) => Error::NoGit(error.to_string()),
            other => Error::Internal(other),
        }
    }
}
