//! What the file calls (vfs, zip) say no with.

use super::{AN_ERROR, Exception, Form};
use crate::domain::package::PackageError;

/// Why a file call said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesError {
    /// Nothing is there, or nothing can be; the path as the site names it.
    NotFound {
        /// `/home/…`
        path: String,
    },
    /// A path longer than there can be.
    TooLong,
    /// Something is to be changed without saying which state of it is meant.
    MissingIfMatch,
    /// What is to be changed is no longer in the state that was meant.
    EtagMismatch {
        /// The tag that it has.
        current: String,
    },
    /// A folder cannot be written to as a file can, nor made where one is.
    IsDirectory,
    /// A folder that is not empty.
    CannotDelete,
    /// The file cannot be written.
    Write {
        /// `/home/…`
        path: String,
        /// Why not.
        why: String,
    },
    /// What Parhelion keeps as records and shows as a file.
    Kept {
        /// `/home/…`
        path: String,
    },
    /// The range asked for lies behind the file's end.
    NoOverlap {
        /// As it was asked for.
        range: String,
    },
    /// A range in another unit than bytes.
    RangeUnit {
        /// As it was asked for.
        unit: String,
    },
    /// `zip` was asked for what is no folder.
    NoFolder,
    /// A zip that cannot be unpacked.
    Package(PackageError),
    /// The body should name a package and does not.
    PackageUri {
        /// As it was sent.
        given: String,
    },
    /// A package that could not be fetched.
    Fetch {
        /// Why not.
        why: String,
    },
}

impl FilesError {
    /// Status and body.
    pub fn answer(&self) -> (u16, Form) {
        let exception = |status, kind, place, message: &str, detail: String| {
            (status, Form::Exception(Exception { message: message.to_owned(), detail, kind, place }))
        };
        match self {
            FilesError::NotFound { path } => (404, Form::Message(format!("'{path}' not found."))),
            FilesError::TooLong => exception(
                500,
                "System.IO.PathTooLongException",
                "Kudu.VfsController.GetLocalFilePath",
                AN_ERROR,
                "The specified path, file name, or both are too long.".to_owned(),
            ),
            FilesError::MissingIfMatch => (
                412,
                Form::Message(
                    "Updating an existing resource requires an If-Match header carrying a single, strong ETag."
                        .to_owned(),
                ),
            ),
            FilesError::EtagMismatch { .. } => (
                412,
                Form::Message("ETag does not represent the latest state of the resource.".to_owned()),
            ),
            FilesError::IsDirectory => (
                409,
                Form::Message("The resource represents a directory which can not be updated.".to_owned()),
            ),
            FilesError::CannotDelete => (
                409,
                Form::Message(
                    "Cannot delete directory. It is either not empty or access is not allowed.".to_owned(),
                ),
            ),
            FilesError::Write { path, why } => {
                let message = format!("Could not write to local resource '{path}' due to error '{why}'.");
                let place = "Kudu.VfsController.CreateItemPutResponse";
                exception(409, "System.IO.IOException", place, &message, why.clone())
            }
            // CHOICE: the real files can be overwritten, and the service then reads what was written.
            FilesError::Kept { path } => (
                409,
                Form::Message(format!("'{path}' shows a record of the site and cannot be changed as a file.")),
            ),
            FilesError::NoOverlap { range } => exception(
                416,
                "System.Net.Http.InvalidByteRangeException",
                "Kudu.VfsController.CreateItemGetResponse",
                AN_ERROR,
                format!(
                    "None of the requested ranges ({range}) overlap with the current extent of the selected \
                     resource."
                ),
            ),
            FilesError::RangeUnit { unit } => exception(
                404,
                "System.ArgumentException",
                "Kudu.VfsController.CreateItemGetResponse",
                AN_ERROR,
                format!("The range unit '{unit}' is not valid. The range must have a unit of 'bytes'."),
            ),
            FilesError::NoFolder => (404, Form::Empty),
            FilesError::Package(error) => exception(
                400,
                error.exception_type(),
                "Kudu.ZipController.CreateDirectoryPutResponse",
                AN_ERROR,
                error.to_string(),
            ),
            FilesError::PackageUri { given } => exception(
                400,
                "System.InvalidOperationException",
                "Kudu.ZipController.CreateDirectoryPutResponse",
                AN_ERROR,
                format!("Payload contains invalid '{given}' packageUri property"),
            ),
            FilesError::Fetch { why } => exception(
                400,
                "System.Net.Http.HttpRequestException",
                "Kudu.ZipController.CreateDirectoryPutResponse",
                AN_ERROR,
                why.clone(),
            ),
        }
    }
}
