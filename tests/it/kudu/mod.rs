//! Kudu with real receivers, real git and the emulator's clock.

mod bad_input;
mod faults;
mod fetch;
mod git;
mod hooks;

use parhelion_testkit::{Answer, Api};
use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

/// A zip of these files.
fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Deploys files to the site `site`.
async fn deploy(api: &Api, query: &str, files: &[(&str, &str)]) -> Answer {
    let path = format!("/kudu/site/api/zipdeploy{query}");
    api.call("POST", &path).body("application/zip", zip_of(files)).await
}
