//! All that can go wrong, with status and text: the only list of them.
//!
//! [`Refusal`]: the request never reached an operation. [`Error`]: an operation said no. `wire::fault` alone
//! makes bytes of them.

mod files;
mod jobs;
mod refusal;
mod site;

pub use files::FilesError;
pub use jobs::JobsError;
pub use refusal::Refusal;
pub use site::SiteError;

use crate::domain::package::PackageError;
use parhelion_core::Timestamp;

/// The forms that the service's error bodies have (kudu.md 1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// No body at all.
    Empty,
    /// `{"Message":"text"}`
    Message(String),
    /// A JSON string.
    JsonString(String),
    /// `text/plain`
    Text(String),
    /// The four members of an exception.
    Exception(Exception),
}

/// An exception as its four members show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// `Message`.
    pub message: String,
    /// `ExceptionMessage`.
    pub detail: String,
    /// `ExceptionType`.
    pub kind: &'static str,
    /// `{Controller}.{Action}`, for the one line of `StackTrace`.
    pub place: &'static str,
}

const AN_ERROR: &str = "An error has occurred.";
/// Two operations that need the lock.
fn conflict(operation: &str, pending: &str, since: Timestamp) -> String {
    let since = crate::domain::time::round_trip(since);
    format!(
        "The '{operation}' operation conflicts with the pending '{pending}' operation started at {since}.  Please \
         retry operation later."
    )
}

/// Why an operation said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// No body, `null`, or JSON of the wrong shape where a hook was expected.
    NoHook,
    /// The address is no well-formed absolute URI.
    HookAddress {
        /// As it was sent, trimmed.
        address: String,
    },
    /// The address is there already, for another event.
    HookConflict,
    /// The site has as many hooks as it may have.
    TooManyHooks,
    /// The event's name is longer than it may be.
    LongEvent,
    /// An unknown hook, and the settings ask for 404.
    NoSuchHook,
    /// The lock is held by a deployment; found while a package is received or a record deleted.
    Conflict {
        /// What was to be done.
        operation: &'static str,
        /// What is being done.
        pending: String,
        /// Since when.
        since: Timestamp,
    },
    /// The lock is held by a deployment; found when deploying.
    InProgress,
    /// No such deployment.
    NoDeployment {
        /// The id that was asked for.
        id: String,
    },
    /// A deployment without a log.
    NoLog {
        /// The deployment that was asked for.
        id: String,
    },
    /// A log entry that is not there or has no details.
    NoLogEntry {
        /// The deployment.
        id: String,
        /// The entry that was asked for.
        entry: String,
    },
    /// Nothing to delete.
    NothingToDelete {
        /// The id that was asked for.
        id: String,
    },
    /// The active deployment cannot be deleted.
    DeleteActive {
        /// Its id.
        id: String,
    },
    /// A deployment that is to be recorded is there already.
    DeploymentExists {
        /// Its id.
        id: String,
    },
    /// An id that no folder could have.
    BadDeploymentId,
    /// A failed deployment cannot be recorded as the active one.
    OnlySuccessActive,
    /// The site has no repository to deploy from.
    NoRepository,
    /// The package could not be unpacked.
    Package(PackageError),
    /// A package address that is missing or none.
    PackageUri {
        /// As it was sent.
        given: String,
    },
    /// A file call said no.
    Files(FilesError),
    /// The site runs from a package at an address of its own: nothing can be deployed to it.
    RunFromUrl,
    /// OneDeploy cannot do what it is asked for.
    Artifact(String),
    /// `/deploy` got no JSON.
    NoJson {
        /// Whether there was a body at all.
        empty: bool,
    },
    /// No handler knows a payload, or it holds nothing.
    Payload(&'static str),
    /// The site does not take changes from repositories.
    FetchingIsOff(&'static str),
    /// The site has nothing to make a script for.
    NoScript,
    /// Git failed.
    Git(String),
    /// A WebJob call said no.
    Jobs(JobsError),
    /// A call about the site said no.
    Site(SiteError),
}

impl Error {
    /// Git failed.
    pub fn git(error: parhelion_git::GitError) -> Error {
        Error::Git(error.to_string())
    }
    /// Status and body.
    pub fn answer(&self) -> (u16, Form) {
        let exception = |status, kind, place, detail: String| {
            (status, Form::Exception(Exception { message: AN_ERROR.to_owned(), detail, kind, place }))
        };
        match self {
            Error::NoHook => (400, Form::Empty),
            Error::HookAddress { address } => exception(
                500,
                "System.FormatException",
                "Kudu.WebHooksController.Subscribe",
                format!("The hooks address received - '{address}' is invalid."),
            ),
            Error::HookConflict => (409, Form::Empty),
            // CHOICE: the real service has no bound but its disk.
            Error::TooManyHooks => exception(
                500,
                "System.InvalidOperationException",
                "Kudu.WebHooksController.Subscribe",
                format!("The site has {MAX_HOOKS} hooks, the most it may have."),
            ),
            // CHOICE: the same; every journal entry about the hook repeats the name.
            Error::LongEvent => exception(
                500,
                "System.InvalidOperationException",
                "Kudu.WebHooksController.Subscribe",
                format!("The event's name is longer than {MAX_EVENT_BYTES} bytes."),
            ),
            Error::NoSuchHook => (404, Form::Empty),
            Error::Conflict { operation, pending, since } => {
                (409, Form::Text(conflict(operation, pending, *since)))
            }
            Error::InProgress => {
                let text = "There is a deployment currently in progress. Please try again when it completes.";
                (409, Form::Text(text.to_owned()))
            }
            Error::NoDeployment { id } => (404, Form::Message(format!("Deployment '{id}' not found."))),
            Error::NoLog { id } => exception(
                404,
                "System.IO.FileNotFoundException",
                "Kudu.DeploymentController.GetLogEntry",
                format!("No log found for '{id}'."),
            ),
            Error::NoLogEntry { id, entry } => {
                (404, Form::Message(format!("LogId '{entry}' was not found in Deployment '{id}'.")))
            }
            Error::NothingToDelete { id } => exception(
                404,
                "System.IO.DirectoryNotFoundException",
                "Kudu.DeploymentController.Delete",
                format!("Unable to delete '{id}'. No deployment found."),
            ),
            Error::DeleteActive { id } => exception(
                409,
                "System.InvalidOperationException",
                "Kudu.DeploymentController.Delete",
                format!("Unable to delete '{id}'. The deployment is currently active."),
            ),
            Error::DeploymentExists { id } => {
                (409, Form::Message(format!("Deployment with id '{id}' exists")))
            }
            // CHOICE: the real service answers what its file system says.
            Error::BadDeploymentId => {
                (400, Form::Message("The deployment's id cannot be the name of a folder.".to_owned()))
            }
            Error::OnlySuccessActive => {
                (400, Form::Message("Only successful status can be active!".to_owned()))
            }
            Error::NoRepository => (404, Form::Message("Repository could not be found.".to_owned())),
            Error::Package(error) => exception(
                500,
                error.exception_type(),
                "Kudu.PushDeploymentController.ZipPushDeploy",
                error.to_string(),
            ),
            Error::PackageUri { given } => exception(
                400,
                "System.ArgumentException",
                "Kudu.PushDeploymentController.ZipPushDeploy",
                if given.is_empty() {
                    "PackageUri was empty in the JSON request".to_owned()
                } else {
                    format!("Invalid '{given}' packageUri in the JSON request")
                },
            ),
            Error::RunFromUrl => {
                let text = "Run-From-Zip is set to a remote URL using WEBSITE_USE_ZIP app setting. Deployment is \
                            not supported in this configuration.";
                (409, Form::Text(text.to_owned()))
            }
            Error::Artifact(why) => (400, Form::JsonString(why.clone())),
            Error::NoJson { empty } => exception(
                500,
                "Newtonsoft.Json.JsonReaderException",
                "Kudu.Services.FetchHandler.ProcessRequest",
                match empty {
                    true => "Error reading JObject from JsonReader. Path '', line 0, position 0.".to_owned(),
                    false => {
                        "Unexpected character encountered while parsing value. Path '', line 0, position 0."
                            .to_owned()
                    }
                },
            ),
            Error::Files(error) => error.answer(),
            Error::Git(why) => exception(
                500,
                "Kudu.Core.SourceControl.GitException",
                "Kudu.Core.SourceControl.GitExeRepository",
                why.clone(),
            ),
            Error::Payload(why) => (400, Form::Text((*why).to_owned())),
            Error::FetchingIsOff(why) => (403, Form::Text((*why).to_owned())),
            Error::NoScript => {
                (404, Form::Message("Need to deploy website to get deployment script.".to_owned()))
            }
            Error::Jobs(error) => error.answer(),
            Error::Site(error) => error.answer(),
        }
    }
}

/// Longest name of a hook's event, bytes.
pub const MAX_EVENT_BYTES: usize = 1_024;

/// Most hooks of a site.
pub const MAX_HOOKS: usize = 10_000;

/// Either of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request never reached an operation.
    Refusal(Refusal),
    /// An operation said no.
    Error(Error),
}

impl Fault {
    /// Status and body.
    pub fn answer(&self) -> (u16, Form) {
        match self {
            Fault::Refusal(refusal) => refusal.answer(),
            Fault::Error(error) => error.answer(),
        }
    }
}
impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Fault::Refusal(refusal)
    }
}
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Error(error)
    }
}
impl From<FilesError> for Error {
    fn from(error: FilesError) -> Self {
        Error::Files(error)
    }
}
impl From<FilesError> for Fault {
    fn from(error: FilesError) -> Self {
        Fault::Error(Error::Files(error))
    }
}
impl From<SiteError> for Fault {
    fn from(error: SiteError) -> Self {
        Fault::Error(Error::Site(error))
    }
}
