//! What pipelines have the artifact store do: keep artifacts, deploy them.

use crate::domain::engine::objects::{Deployment, Kept};
use crate::domain::place::Place;
use parhelion_artifacts::archive::{self, BadArchive};
use parhelion_artifacts::budget::Budget;
use parhelion_artifacts::{Body, Buckets, Content, ETag, Error, Extra, New};
use parhelion_state::Tx;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a pipeline's tenant sends to the artifact store.
pub enum Order {
    /// These buckets exist, because a pipeline of this place names them, each with its region.
    Ensure(Place, Vec<(String, String)>),
    /// These artifacts were made.
    Keep(Place, Vec<Kept>),
    /// An artifact is to be deployed.
    Deploy(Box<ForPlace>),
}

/// A deployment, and for whom it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForPlace {
    /// Who waits for it.
    pub place: Place,
    /// What is to be done.
    pub what: Deployment,
}

/// What a deployment came to: what is to be said of it, or why it failed.
pub type Deployed = Result<String, String>;

/// An artifact of at most so many bytes is unpacked at once; a larger one takes a job.
pub const AT_ONCE_BYTES: u64 = 64 * 1024;
/// And of at most so many when unpacked.
const AT_ONCE_UNPACKED_BYTES: u64 = 4 * 1024 * 1024;

/// The artifact of a deployment.
///
/// # Errors
/// A sentence for the client.
pub fn artifact(buckets: &Buckets, what: &Deployment) -> Result<Content, String> {
    let (bucket, key) = (&what.from.0, &what.from.1);
    let found = buckets.find(bucket, key, None).map(|(_, body)| body.content.clone());
    found.map_err(|_| {
        format!(
            "The artifact '{}' is not in the artifact bucket '{bucket}' under the key '{key}': the action that makes \
             it did not upload it",
            what.artifact
        )
    })
}

/// Deploys at once what can be; `None`: it takes a job.
pub fn at_once(
    buckets: &mut Buckets,
    order: &ForPlace,
    budget: &Arc<Budget>,
    tx: &mut Tx<'_>,
) -> Option<Deployed> {
    let content = match artifact(buckets, &order.what) {
        Ok(content) => content,
        Err(why) => return Some(Err(why)),
    };
    if !order.what.extract {
        return Some(put_all(buckets, order, vec![(String::new(), content)], tx));
    }
    if content.size() > AT_ONCE_BYTES {
        return None;
    }
    match archive::unpack(&content, budget, AT_ONCE_UNPACKED_BYTES) {
        Ok(files) => Some(put_all(buckets, order, files, tx)),
        Err(BadArchive::TooLarge(limit)) if limit == AT_ONCE_UNPACKED_BYTES => None,
        Err(bad) => Some(Err(not_unpacked(order, &bad))),
    }
}

/// Why an artifact was not unpacked, for the client.
pub fn not_unpacked(order: &ForPlace, bad: &BadArchive) -> String {
    format!("The artifact '{}' cannot be unpacked: {bad}", order.what.artifact)
}

/// Puts the files of a deployment. Their names are what is added to its key.
pub fn put_all(
    buckets: &mut Buckets,
    order: &ForPlace,
    files: Vec<(String, Content)>,
    tx: &mut Tx<'_>,
) -> Deployed {
    let what = &order.what;
    // CHOICE: AWS's action fails where there is no bucket; here buckets that pipelines name exist by themselves.
    let made = buckets.ensure(&what.bucket, order.place.account(), &what.region, tx);
    let count = files.len();
    let put = made.and_then(|()| {
        for (name, content) in files {
            let key = what.key_of(&name);
            let body = body(content, content_type(&key), what);
            buckets.put(&what.bucket, &key, New { body }, tx)?;
        }
        Ok(())
    });
    match put {
        Ok(()) if what.extract => Ok(format!("{count} files were deployed to the bucket '{}'", what.bucket)),
        Ok(()) => Ok(format!("'{}' was deployed to the bucket '{}'", what.key, what.bucket)),
        Err(error) => Err(format!("The deployment to the bucket '{}' failed: {error}", what.bucket)),
    }
}

fn body(content: Content, content_type: Option<&str>, what: &Deployment) -> Body {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = Vec::new();
    headers.extend(what.cache_control.as_deref().map(|value| header("cache-control", value)));
    headers.extend(content_type.map(|value| header("content-type", value)));
    let extra = Extra { headers, ..Extra::default() };
    Body { etag: ETag::whole(content.md5()), content, extra: extra.boxed() }
}

/// What a file is said to be by its ending, for the endings that sites are made of.
// CHOICE: others are told as bytes of no kind.
fn content_type(key: &str) -> Option<&'static str> {
    let (_, ending) = key.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "css" => "text/css",
        "csv" => "text/csv",
        "gif" => "image/gif",
        "htm" | "html" => "text/html",
        "ico" => "image/vnd.microsoft.icon",
        "jpeg" | "jpg" => "image/jpeg",
        "js" | "mjs" => "text/javascript",
        "json" | "map" => "application/json",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "wasm" => "application/wasm",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "xml" => "application/xml",
        "zip" => "application/zip",
        _ => return None,
    })
}

/// Keeps artifacts that were made.
///
/// # Errors
/// A bound of the store.
pub fn keep(buckets: &mut Buckets, place: &Place, made: Vec<Kept>, tx: &mut Tx<'_>) -> Result<(), Error> {
    for kept in made {
        buckets.ensure(&kept.bucket, place.account(), &kept.region, tx)?;
        let body = Body { content: kept.content.content, etag: kept.content.etag, extra: None };
        buckets.put(&kept.bucket, &kept.key, New { body }, tx)?;
    }
    Ok(())
}
