//! Files below HOME.

use super::{Row, row};
use crate::handlers::{archive, vfs};

const WIKI: &str = "https://github.com/projectkudu/kudu/wiki/REST-API#vfs";
const ZIP: &str = "https://github.com/projectkudu/kudu/wiki/REST-API#zip";
const REST: &str = "https://github.com/projectkudu/kudu/wiki/REST-API";

pub const ROWS: &[Row] = &[
    row!("GetItem", "GET", "vfs/{*path}", WIKI, Real, vfs::get),
    row!("GetItem", "HEAD", "vfs/{*path}", WIKI, Real, vfs::get),
    row!("PutItem", "PUT", "vfs/{*path}", WIKI, Real, vfs::put).streamed(),
    row!("DeleteItem", "DELETE", "vfs/{*path}", WIKI, Real, vfs::delete),
    row!("GetZip", "GET", "zip/{*path}", ZIP, Real, archive::get),
    row!("GetZip", "HEAD", "zip/{*path}", ZIP, Real, archive::get),
    row!("PutZip", "PUT", "zip/{*path}", ZIP, Real, archive::put).streamed(),
    row!("GetDump", "GET", "dump", REST, Real, archive::dump).knows_methods(),
];
