//! The one list of errors: code, text, details. Texts are Google's usual forms
//! (CHOICE: those of this very service are not public).

use crate::proto::{rpc, type_url};
use parhelion_git::GitError;
use prost::Message;
use prost_types::Any;

/// The codes of google.rpc.Code that occur here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// 3
    InvalidArgument,
    /// 5
    NotFound,
    /// 6
    AlreadyExists,
    /// 8
    ResourceExhausted,
    /// 9
    FailedPrecondition,
    /// 10
    Aborted,
    /// 13
    Internal,
}

impl Code {
    /// The name in REST errors.
    pub fn name(self) -> &'static str {
        match self {
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::NotFound => "NOT_FOUND",
            Code::AlreadyExists => "ALREADY_EXISTS",
            Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Code::FailedPrecondition => "FAILED_PRECONDITION",
            Code::Aborted => "ABORTED",
            Code::Internal => "INTERNAL",
        }
    }
    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Code::InvalidArgument => 3,
            Code::NotFound => 5,
            Code::AlreadyExists => 6,
            Code::ResourceExhausted => 8,
            Code::FailedPrecondition => 9,
            Code::Aborted => 10,
            Code::Internal => 13,
        }
    }
    /// The HTTP status in REST errors.
    pub fn http(self) -> u16 {
        match self {
            Code::InvalidArgument | Code::FailedPrecondition => 400,
            Code::NotFound => 404,
            Code::AlreadyExists | Code::Aborted => 409,
            Code::ResourceExhausted => 429,
            Code::Internal => 500,
        }
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
            Error::NotEmpty(_) | Error::NoGit(_) => Code::FailedPrecondition,
            Error::Full { .. } => Code::ResourceExhausted,
            Error::Etag(_) => Code::Aborted,
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
