//! THE table: every operation that is built, how a request for it is known, what runs it.

use crate::error::{Error, Result};
use crate::ops;
use crate::wire::{Ask, Given, address::Address};
use http::request::Parts;
use parhelion_core::{OperationInfo, Standing};
use parhelion_http::Response;

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Service,
    Bucket,
    Object,
}

/// What an operation takes behind its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing that matters.
    Nothing,
    /// A document.
    Xml,
    /// Bytes to be kept.
    Bytes,
}

/// One operation.
pub struct Row {
    /// Name, route, documentation, standing.
    pub info: OperationInfo,
    method: &'static str,
    about: About,
    /// The member of the query that it is known by; empty: none of [`MARKS`].
    mark: &'static str,
    /// Whether it is known by `x-amz-copy-source`.
    copies: bool,
    /// What it takes.
    pub takes: Takes,
    /// Runs it.
    pub run: fn(&Ask<'_>, Given) -> Result<Response>,
}

macro_rules! row {
    ($name:ident, $run:path, $route:literal, $method:literal, $about:ident, $mark:literal, $takes:ident) => {
        row!($name, $run, $route, $method, $about, $mark, $takes, false)
    };
    ($name:ident, $run:path, $route:literal, $method:literal, $about:ident, $mark:literal, $takes:ident, $copies:literal) => {
        Row {
            info: OperationInfo {
                name: stringify!($name),
                route: $route,
                doc: concat!(
                    "https://docs.aws.amazon.com/AmazonS3/latest/API/API_",
                    stringify!($name),
                    ".html"
                ),
                standing: Standing::Real,
            },
            method: $method,
            about: About::$about,
            mark: $mark,
            copies: $copies,
            takes: Takes::$takes,
            run: $run,
        }
    };
}

/// All operations, by name. `{bucket}` may also stand in the host.
#[rustfmt::skip]
pub static TABLE: &[Row] = &[
    row!(AbortMultipartUpload, ops::abort_multipart_upload::run, "DELETE /{bucket}/{key}?uploadId", "DELETE", Object, "uploadId", Nothing),
    row!(CompleteMultipartUpload, ops::complete_multipart_upload::run, "POST /{bucket}/{key}?uploadId", "POST", Object, "uploadId", Xml),
    row!(CopyObject, ops::copy_object::run, "PUT /{bucket}/{key} with x-amz-copy-source", "PUT", Object, "", Nothing, true),
    row!(CreateBucket, ops::create_bucket::run, "PUT /{bucket}", "PUT", Bucket, "", Xml),
    row!(CreateMultipartUpload, ops::create_multipart_upload::run, "POST /{bucket}/{key}?uploads", "POST", Object, "uploads", Nothing),
    row!(DeleteBucket, ops::delete_bucket::run, "DELETE /{bucket}", "DELETE", Bucket, "", Nothing),
    row!(DeleteObject, ops::delete_object::run, "DELETE /{bucket}/{key}", "DELETE", Object, "", Nothing),
    row!(DeleteObjects, ops::delete_objects::run, "POST /{bucket}?delete", "POST", Bucket, "delete", Xml),
    row!(GetBucketLocation, ops::get_bucket_location::run, "GET /{bucket}?location", "GET", Bucket, "location", Nothing),
    row!(GetBucketVersioning, ops::get_bucket_versioning::run, "GET /{bucket}?versioning", "GET", Bucket, "versioning", Nothing),
    row!(GetObject, ops::get_object::run, "GET /{bucket}/{key}", "GET", Object, "", Nothing),
    row!(HeadBucket, ops::head_bucket::run, "HEAD /{bucket}", "HEAD", Bucket, "", Nothing),
    row!(HeadObject, ops::get_object::run, "HEAD /{bucket}/{key}", "HEAD", Object, "", Nothing),
    row!(ListBuckets, ops::list_buckets::run, "GET /", "GET", Service, "", Nothing),
    row!(ListMultipartUploads, ops::list_multipart_uploads::run, "GET /{bucket}?uploads", "GET", Bucket, "uploads", Nothing),
    row!(ListObjectVersions, ops::list_object_versions::run, "GET /{bucket}?versions", "GET", Bucket, "versions", Nothing),
    row!(ListObjects, ops::list_objects::run, "GET /{bucket}", "GET", Bucket, "", Nothing),
    row!(ListObjectsV2, ops::list_objects_v2::run, "GET /{bucket}?list-type=2", "GET", Bucket, "list-type", Nothing),
    row!(ListParts, ops::list_parts::run, "GET /{bucket}/{key}?uploadId", "GET", Object, "uploadId", Nothing),
    row!(PutBucketVersioning, ops::put_bucket_versioning::run, "PUT /{bucket}?versioning", "PUT", Bucket, "versioning", Xml),
    row!(PutObject, ops::put_object::run, "PUT /{bucket}/{key}", "PUT", Object, "", Bytes),
    row!(UploadPart, ops::upload_part::run, "PUT /{bucket}/{key}?uploadId", "PUT", Object, "uploadId", Bytes),
    row!(UploadPartCopy, ops::upload_part_copy::run, "PUT /{bucket}/{key}?uploadId with x-amz-copy-source", "PUT", Object, "uploadId", Nothing, true),
];

/// Members of a query that make a request another operation's: those above, and those of operations that are not built.
const MARKS: [&str; 39] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "list-type",
    "location",
    "logging",
    "metadataConfiguration",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "versions",
    "website",
    "WriteGetObjectResponse",
    "annotations",
];

/// The table without its functions.
pub fn infos() -> impl Iterator<Item = OperationInfo> {
    TABLE.iter().map(|row| row.info)
}

/// The operation that a request is for.
///
/// # Errors
/// A method that nothing takes here, or an operation that is not built.
pub fn route(parts: &Parts, address: &Address, query: &[(String, String)]) -> Result<&'static Row> {
    let about = match (address.bucket.is_empty(), address.key.is_empty()) {
        (true, _) => About::Service,
        (false, true) => About::Bucket,
        (false, false) => About::Object,
    };
    let mark = query.iter().map(|(name, _)| name.as_str()).find(|name| MARKS.contains(name)).unwrap_or("");
    let method = parts.method.as_str();
    // A copy is a PUT of an object; elsewhere the header says nothing.
    let copies = method == "PUT" && about == About::Object && parts.headers.contains_key("x-amz-copy-source");
    let fits =
        |row: &&Row| row.about == about && row.mark == mark && row.method == method && row.copies == copies;
    TABLE.iter().find(fits).ok_or_else(|| {
        if mark.is_empty() {
            Error::MethodNotAllowed { method: method.to_owned() }
        } else {
            Error::NotImplemented { what: format!("{method} with ?{mark}") }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::address;

    #[test]
    fn the_table_is_sorted_and_each_row_is_reached() {
        assert!(TABLE.is_sorted_by(|a, b| a.info.name < b.info.name));
        for row in TABLE {
            assert!(row.mark.is_empty() || MARKS.contains(&row.mark), "{}", row.mark);
            let mut request = http::Request::builder().method(row.method).body(()).unwrap();
            if row.copies {
                request.headers_mut().insert("x-amz-copy-source", "/b/k".parse().unwrap());
            }
            let address = match row.about {
                About::Service => Address::default(),
                About::Bucket => Address { bucket: "b".into(), key: String::new() },
                About::Object => Address { bucket: "b".into(), key: "k".into() },
            };
            // Clients of S3 add x-id to some requests.
            let query = address::query(&format!("x-id=X&{}", row.mark));
            let (parts, ()) = request.into_parts();
            assert_eq!(route(&parts, &address, &query).ok().map(|r| r.info.name), Some(row.info.name));
        }
    }

    #[test]
    fn what_is_not_built_is_refused_by_name() {
        let (parts, ()) = http::Request::builder().method("GET").body(()).unwrap().into_parts();
        let address = Address { bucket: "b".into(), key: String::new() };
        let refused = route(&parts, &address, &address::query("policy")).err().unwrap();
        assert_eq!((refused.code(), refused.status()), ("NotImplemented", 501));
        assert!(refused.to_string().ends_with("GET with ?policy"), "{refused}");
        let (parts, ()) = http::Request::builder().method("PATCH").body(()).unwrap().into_parts();
        assert_eq!(route(&parts, &address, &[]).err().unwrap().status(), 405);
    }
}
