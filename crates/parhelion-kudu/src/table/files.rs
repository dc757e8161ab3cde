//! Files below HOME.

use super::{Row, row};
use crate::handlers::vfs;

const WIKI: &str = "https://github.com/projectkudu/kudu/wiki/REST-API#vfs";

pub const ROWS: &[Row] = &[
    row!("GetItem", "GET", "vfs/{*path}", WIKI, Real, vfs::get),
    row!("GetItem", "HEAD", "vfs/{*path}", WIKI, Real, vfs::get),
    row!("PutItem", "PUT", "vfs/{*path}", WIKI, Real, vfs::put).streamed(),
    row!("DeleteItem", "DELETE", "vfs/{*path}", WIKI, Real, vfs::delete),
];
