//! What the calls about the site itself (settings, repository, processes, extensions, functions) say no with.

use super::{AN_ERROR, Exception, Form};
use crate::store::MAX_SETTINGS;
use parhelion_core::Timestamp;

/// Why a call about the site said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteError {
    /// No body, or none that is of the right shape; a setting without a name.
    BadRequest,
    /// A setting that nobody set and that has no default.
    NoSetting {
        /// As it was asked for.
        key: String,
    },
    /// A setting's value that is no text.
    NoText,
    /// More settings than a site may have, or longer ones.
    TooManySettings,
    /// The lock is held by a deployment.
    Busy {
        /// What was to be done.
        operation: &'static str,
        /// What is being done.
        pending: String,
        /// Since when.
        since: Timestamp,
    },
    /// The site has one process, and this is not its id.
    NoProcess {
        /// As it was asked for.
        id: String,
    },
    /// No such site extension.
    NoExtension {
        /// As it was asked for.
        id: String,
    },
    /// No such function.
    NoFunction {
        /// As it was asked for.
        name: String,
    },
    /// A name that no function can have.
    FunctionName {
        /// As it was asked for.
        name: String,
    },
    /// No key was sent.
    NoKey,
    /// A file of the site could not be written.
    Write {
        /// Why not.
        why: String,
    },
}

impl SiteError {
    /// Status and body.
    pub fn answer(&self) -> (u16, Form) {
        let exception = |status, kind, place, detail: String| {
            (status, Form::Exception(Exception { message: AN_ERROR.to_owned(), detail, kind, place }))
        };
        match self {
            SiteError::BadRequest => (400, Form::Empty),
            SiteError::NoSetting { key } => {
                (404, Form::Message(format!("The setting '{key}' does not exist.")))
            }
            SiteError::NoText => exception(
                500,
                "System.InvalidCastException",
                "Kudu.SettingsController.Set",
                "A setting's value must be a text, a number or a boolean.".to_owned(),
            ),
            // CHOICE: the real service has no bound but its disk.
            SiteError::TooManySettings => exception(
                500,
                "System.InvalidOperationException",
                "Kudu.SettingsController.Set",
                format!("A site has at most {MAX_SETTINGS} settings, and none that is longer than 64 KiB."),
            ),
            SiteError::Busy { operation, pending, since } => {
                (409, Form::Message(super::conflict(operation, pending, *since)))
            }
            SiteError::NoProcess { id } => {
                (404, Form::Message(format!("Process with an Id of {id} is not running.")))
            }
            SiteError::NoExtension { id } => (404, Form::Message(id.clone())),
            SiteError::NoFunction { name } => exception(
                404,
                "System.IO.FileNotFoundException",
                "Kudu.FunctionManager.GetFunctionConfigAsync",
                format!("Function ({name}) config does not exist or is invalid"),
            ),
            SiteError::FunctionName { name } => exception(
                400,
                "System.ArgumentException",
                "Kudu.FunctionController.CreateOrUpdate",
                format!("{name} is not a valid function name"),
            ),
            SiteError::NoKey => exception(
                400,
                "System.ArgumentNullException",
                "Kudu.SSHKeyController.SetPrivateKey",
                "Value cannot be null.\r\nParameter name: key".to_owned(),
            ),
            SiteError::Write { why } => {
                exception(500, "System.IO.IOException", "Kudu.FileSystemHelpers.WriteAllText", why.clone())
            }
        }
    }
}
