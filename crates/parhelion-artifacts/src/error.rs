//! How the object store refuses: S3's codes, statuses and messages. The only list of texts.
//!
//! Docs: S3 API reference, "Error responses". Messages are those that the service sends.

use crate::limits;

/// The result of what may be refused.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Whoever mounts the store lets the request not in: status, code and message as the client reads them, and why.
    Denied { status: u16, code: &'static str, message: String, why: String },
    /// No bucket of that name.
    NoSuchBucket { bucket: String },
    /// No object of that key, or its newest version is a delete marker (of that version id).
    NoSuchKey { key: String, marker: Option<String> },
    /// The object has no such version.
    NoSuchVersion { key: String, version: String },
    /// No upload of that id for that key.
    NoSuchUpload { id: String },
    /// The caller has a bucket of that name.
    BucketAlreadyOwnedByYou { bucket: String },
    /// Somebody else has.
    BucketAlreadyExists { bucket: String },
    /// There are objects, versions or delete markers in it.
    BucketNotEmpty { bucket: String },
    /// A name that no bucket can have.
    InvalidBucketName { bucket: String },
    /// The region asked for is not the one that the request was signed for.
    IllegalLocation { constraint: String },
    /// One bucket too many.
    TooManyBuckets,
    /// Another account owns the bucket than the request expects.
    NotTheExpectedOwner,
    /// A range that lies beyond the object's end.
    InvalidRange { asked: String, size: u64 },
    /// A part number that the object has not.
    InvalidPartNumber { asked: u64, count: u64 },
    /// A condition of the request does not hold.
    PreconditionFailed { condition: &'static str },
    /// A condition of the request says that the client has it already.
    NotModified { etag: String, modified: String },
    /// The version asked for is a delete marker.
    IsDeleteMarker { version: String },
    /// A digest that is none.
    InvalidDigest,
    /// The bytes are not those that the digest says.
    BadDigest { what: String },
    /// The bytes are not those that were signed.
    ContentSha256Mismatch { client: String, server: String },
    /// More than an object may have.
    EntityTooLarge { proposed: u64 },
    /// A part that is too small, and not the last one.
    EntityTooSmall { part: u16, size: u64 },
    /// Fewer bytes than announced, or wrong framing.
    IncompleteBody,
    /// A part that was not uploaded, or not with that ETag.
    InvalidPart { part: u16 },
    /// The parts are not listed in ascending order.
    InvalidPartOrder,
    /// A member with a value that it cannot have.
    InvalidArgument { name: &'static str, value: String, why: String },
    /// Anything else that is wrong with the request.
    InvalidRequest { why: String },
    /// A key of more than 1024 bytes.
    KeyTooLong { bytes: usize },
    /// More metadata than an object may have.
    MetadataTooLarge { bytes: usize },
    /// XML that is none, or not of the form.
    MalformedXml,
    /// A listing's token that was not issued, or belongs to another listing.
    InvalidToken,
    /// No operation has this method here.
    MethodNotAllowed { method: String },
    /// An operation or option of S3 that is not built.
    NotImplemented { what: String },
    /// A bound of the emulator.
    Full { what: &'static str, limit: u64 },
    /// The client went away, or stalled.
    RequestTimeout,
    /// A mistake of ours.
    Internal,
}

impl Error {
    /// S3's code.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Denied { code, .. } => code,
            Error::NoSuchBucket { .. } => "NoSuchBucket",
            Error::NoSuchKey { .. } => "NoSuchKey",
            Error::NoSuchVersion { .. } => "NoSuchVersion",
            Error::NoSuchUpload { .. } => "NoSuchUpload",
            Error::BucketAlreadyOwnedByYou { .. } => "BucketAlreadyOwnedByYou",
            Error::BucketAlreadyExists { .. } => "BucketAlreadyExists",
            Error::BucketNotEmpty { .. } => "BucketNotEmpty",
            Error::InvalidBucketName { .. } => "InvalidBucketName",
            Error::IllegalLocation { .. } => "IllegalLocationConstraintException",
            Error::TooManyBuckets => "TooManyBuckets",
            Error::NotTheExpectedOwner => "AccessDenied",
            Error::InvalidRange { .. } => "InvalidRange",
            Error::InvalidPartNumber { .. } => "InvalidPartNumber",
            Error::PreconditionFailed { .. } => "PreconditionFailed",
            Error::NotModified { .. } => "NotModified",
            Error::IsDeleteMarker { .. } | Error::MethodNotAllowed { .. } => "MethodNotAllowed",
            Error::InvalidDigest => "InvalidDigest",
            Error::BadDigest { .. } => "BadDigest",
            Error::ContentSha256Mismatch { .. } => "XAmzContentSHA256Mismatch",
            Error::EntityTooLarge { .. } => "EntityTooLarge",
            Error::EntityTooSmall { .. } => "EntityTooSmall",
            Error::IncompleteBody => "IncompleteBody",
            Error::InvalidPart { .. } => "InvalidPart",
            Error::InvalidPartOrder => "InvalidPartOrder",
            Error::InvalidArgument { .. } | Error::InvalidToken => "InvalidArgument",
            // CHOICE: S3 has no code for bounds that it does not have; a 5xx would be tried again in vain.
            Error::InvalidRequest { .. } | Error::Full { .. } => "InvalidRequest",
            Error::KeyTooLong { .. } => "KeyTooLongError",
            Error::MetadataTooLarge { .. } => "MetadataTooLarge",
            Error::MalformedXml => "MalformedXML",
            Error::NotImplemented { .. } => "NotImplemented",
            Error::RequestTimeout => "RequestTimeout",
            Error::Internal => "InternalError",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Error::Denied { status, .. } => *status,
            Error::NotModified { .. } => 304,
            Error::NotTheExpectedOwner => 403,
            Error::NoSuchBucket { .. }
            | Error::NoSuchKey { .. }
            | Error::NoSuchVersion { .. }
            | Error::NoSuchUpload { .. } => 404,
            Error::IsDeleteMarker { .. } | Error::MethodNotAllowed { .. } => 405,
            Error::BucketAlreadyOwnedByYou { .. }
            | Error::BucketAlreadyExists { .. }
            | Error::BucketNotEmpty { .. } => 409,
            Error::PreconditionFailed { .. } => 412,
            Error::InvalidRange { .. } | Error::InvalidPartNumber { .. } => 416,
            Error::Internal => 500,
            Error::NotImplemented { .. } => 501,
            _ => 400,
        }
    }

    /// What else the error's document says.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Error::NoSuchBucket { bucket }
            | Error::BucketAlreadyOwnedByYou { bucket }
            | Error::BucketAlreadyExists { bucket }
            | Error::BucketNotEmpty { bucket }
            | Error::InvalidBucketName { bucket } => vec![("BucketName", bucket.clone())],
            Error::NoSuchKey { key, .. } => vec![("Key", key.clone())],
            Error::NoSuchVersion { key, version } => {
                vec![("Key", key.clone()), ("VersionId", version.clone())]
            }
            Error::NoSuchUpload { id } => vec![("UploadId", id.clone())],
            Error::InvalidRange { asked, size } => {
                vec![("RangeRequested", asked.clone()), ("ActualObjectSize", size.to_string())]
            }
            Error::InvalidPartNumber { asked, count } => {
                vec![("PartNumberRequested", asked.to_string()), ("ActualPartCount", count.to_string())]
            }
            Error::PreconditionFailed { condition } => vec![("Condition", (*condition).to_owned())],
            Error::ContentSha256Mismatch { client, server } => vec![
                ("ClientComputedContentSHA256", client.clone()),
                ("S3ComputedContentSHA256", server.clone()),
            ],
            Error::EntityTooLarge { proposed } => vec![
                ("ProposedSize", proposed.to_string()),
                ("MaxSizeAllowed", limits::OBJECT_BYTES.to_string()),
            ],
            Error::EntityTooSmall { part, size } => vec![
                ("ProposedSize", size.to_string()),
                ("MinSizeAllowed", limits::PART_BYTES_MIN.to_string()),
                ("PartNumber", part.to_string()),
            ],
            Error::InvalidPart { part } => vec![("PartNumber", part.to_string())],
            Error::InvalidArgument { name, value, .. } => {
                vec![("ArgumentName", (*name).to_owned()), ("ArgumentValue", value.clone())]
            }
            Error::KeyTooLong { bytes } => {
                vec![("Size", bytes.to_string()), ("MaxSizeAllowed", limits::KEY_BYTES.to_string())]
            }
            Error::MetadataTooLarge { bytes } => {
                vec![("Size", bytes.to_string()), ("MaxSizeAllowed", limits::METADATA_BYTES.to_string())]
            }
            Error::MethodNotAllowed { method } => vec![("Method", method.clone())],
            Error::IsDeleteMarker { .. } => {
                vec![("Method", "GET".to_owned()), ("ResourceType", "DeleteMarker".to_owned())]
            }
            _ => Vec::new(),
        }
    }

    /// Headers that go with it.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Error::NotModified { etag, modified } => {
                vec![("etag", etag.clone()), ("last-modified", modified.clone())]
            }
            Error::NoSuchKey { marker: Some(version), .. } => {
                vec![("x-amz-delete-marker", "true".to_owned()), ("x-amz-version-id", version.clone())]
            }
            Error::IsDeleteMarker { version } => vec![
                ("allow", "DELETE".to_owned()),
                ("x-amz-delete-marker", "true".to_owned()),
                ("x-amz-version-id", version.clone()),
            ],
            Error::InvalidRange { size, .. } => vec![("content-range", format!("bytes */{size}"))],
            _ => Vec::new(),
        }
    }
}

impl std::error::Error for Error {}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            Error::Denied { message, .. } => message,
            Error::NoSuchBucket { .. } => "The specified bucket does not exist",
            Error::NoSuchKey { .. } => "The specified key does not exist.",
            Error::NoSuchVersion { .. } => "The specified version does not exist.",
            Error::NoSuchUpload { .. } => {
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
            }
            Error::BucketAlreadyOwnedByYou { .. } => {
                "Your previous request to create the named bucket succeeded and you already own it."
            }
            Error::BucketAlreadyExists { .. } => {
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."
            }
            Error::BucketNotEmpty { .. } => "The bucket you tried to delete is not empty",
            Error::InvalidBucketName { .. } => "The specified bucket is not valid.",
            Error::IllegalLocation { constraint } => {
                return write!(
                    f,
                    "The {constraint} location constraint is incompatible for the region specific endpoint this request was sent to."
                );
            }
            Error::TooManyBuckets => "You have attempted to create more buckets than allowed",
            Error::NotTheExpectedOwner => "Access Denied",
            Error::InvalidRange { .. } => "The requested range is not satisfiable",
            Error::InvalidPartNumber { .. } => "The requested partnumber is not satisfiable",
            Error::PreconditionFailed { .. } => {
                "At least one of the pre-conditions you specified did not hold"
            }
            Error::NotModified { .. } => "Not Modified",
            Error::IsDeleteMarker { .. } | Error::MethodNotAllowed { .. } => {
                "The specified method is not allowed against this resource."
            }
            Error::InvalidDigest => "The Content-MD5 or checksum value that you specified was invalid.",
            Error::BadDigest { what } => {
                return match what.as_str() {
                    "Content-MD5" => {
                        f.write_str("The Content-MD5 you specified did not match what we received.")
                    }
                    other => {
                        write!(f, "The {other} you specified did not match the calculated checksum.")
                    }
                };
            }
            Error::ContentSha256Mismatch { .. } => {
                "The provided 'x-amz-content-sha256' header does not match what was computed."
            }
            Error::EntityTooLarge { .. } => "Your proposed upload exceeds the maximum allowed size",
            Error::EntityTooSmall { .. } => "Your proposed upload is smaller than the minimum allowed size",
            Error::IncompleteBody => {
                "The request body terminated unexpectedly, or its framing is not that of an aws-chunked upload"
            }
            Error::InvalidPart { .. } => {
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
            }
            Error::InvalidPartOrder => {
                "The list of parts was not in ascending order. Parts must be ordered by part number."
            }
            Error::InvalidArgument { why, .. } | Error::InvalidRequest { why } => why,
            Error::KeyTooLong { .. } => "Your key is too long",
            Error::MetadataTooLarge { .. } => {
                "Your metadata headers exceed the maximum allowed metadata size"
            }
            Error::MalformedXml => {
                "The XML you provided was not well-formed or did not validate against our published schema"
            }
            Error::InvalidToken => "The continuation token provided is incorrect",
            Error::NotImplemented { what } => {
                return write!(
                    f,
                    "A header or query you provided implies functionality that is not implemented: {what}"
                );
            }
            Error::Full { what, limit } => {
                return write!(f, "This emulator keeps at most {limit} {what} of objects here");
            }
            Error::RequestTimeout => {
                "Your socket connection to the server was not read from or written to within the timeout period."
            }
            Error::Internal => "We encountered an internal error. Please try again.",
        };
        f.write_str(text)
    }
}
