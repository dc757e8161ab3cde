//! One operation, one file: from what was asked to a turn on the value, and to the answer.

pub mod abort_multipart_upload;
pub mod complete_multipart_upload;
pub mod copy_object;
pub mod create_bucket;
pub mod create_multipart_upload;
pub mod delete_bucket;
pub mod delete_object;
pub mod delete_objects;
pub mod get_bucket_location;
pub mod get_bucket_versioning;
pub mod get_object;
pub mod head_bucket;
pub mod list_buckets;
pub mod list_multipart_uploads;
pub mod list_object_versions;
pub mod list_objects;
pub mod list_objects_v2;
pub mod list_parts;
pub mod put_bucket_versioning;
pub mod put_object;
pub mod upload_part;
pub mod upload_part_copy;

mod copy_source;
mod listing;
mod parts;
