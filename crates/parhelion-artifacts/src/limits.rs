//! Bounds of the object store, each named once. S3's own are far higher; these keep an emulator's memory in bounds.

/// Largest object, bytes, whether put at once or in parts. S3's own: 5 GiB at once, 5 TiB in parts.
pub const OBJECT_BYTES: u64 = 512 * 1024 * 1024;
/// What the framing of a chunked upload may add to an object's bytes.
pub const FRAMING_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes of all contents that one world keeps in memory: objects, parts, and what past values still hold.
pub const WORLD_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of all contents that a server keeps in memory, over all its worlds.
pub const SERVER_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Buckets of a partition in a world. Docs: S3, "Bucket quotas": 10 000 for each account.
pub const BUCKETS: usize = 10_000;
/// Objects of a partition in a world, without their older versions.
pub const OBJECTS: usize = 1_000_000;
/// Versions of one object.
pub const VERSIONS: usize = 10_000;
/// Multipart uploads in progress.
pub const UPLOADS: usize = 1_000;
/// Parts of an upload. Docs: S3, "Multipart upload limits".
pub const PARTS: u16 = 10_000;
/// Smallest part but the last, bytes. Docs: S3, "Multipart upload limits".
pub const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;
/// Longest key, bytes. Docs: S3, "Creating object key names".
pub const KEY_BYTES: usize = 1024;
/// User-defined metadata of an object in all, bytes. Docs: S3, "Working with object metadata".
pub const METADATA_BYTES: usize = 2048;
/// Largest page of a listing. Docs: API_ListObjectsV2, `MaxKeys`.
pub const PAGE: usize = 1000;
/// Keys of one DeleteObjects. Docs: API_DeleteObjects.
pub const DELETES: usize = 1000;
/// Largest XML body, bytes: a DeleteObjects of 1000 long keys stays below it, and so does a completion of 10 000 parts.
pub const XML_BYTES: u64 = 8 * 1024 * 1024;
/// What is given out of one content as JSON, bytes.
pub const SHOWN_BYTES: u64 = 64 * 1024;
/// Bytes that a zip may hold when it is unpacked into a bucket.
pub const ZIP_BYTES: u64 = OBJECT_BYTES;
/// Files that a zip may hold when it is unpacked into a bucket.
pub const ZIP_FILES: usize = 10_000;
