//! DeleteObjects.

use crate::error::{Error, Result};
use crate::limits;
use crate::wire::{Ask, Given, answer, xml::Document};
use parhelion_http::Response;

/// Deletes up to 1000 objects or versions, and says of each how it went.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
pub fn run(ask: &Ask<'_>, given: Given) -> Result<Response> {
    let Given::Xml(Some(root)) = given else { return Err(Error::MalformedXml) };
    let quiet = root.get("Quiet").is_some_and(|quiet| quiet.trim() == "true");
    let asked = root.all("Object").map(|object| Some((object.get("Key")?, object.get("VersionId"))));
    let asked: Option<Vec<_>> = asked.collect();
    let asked = asked.filter(|asked| root.name == "Delete" && (1..=limits::DELETES).contains(&asked.len()));
    let asked = asked.ok_or(Error::MalformedXml)?;
    let document = ask.change(|buckets, tx| {
        buckets.bucket(ask.bucket())?;
        let mut document = Document::new("DeleteResult");
        for (key, version) in asked {
            let version = version.filter(|version| !version.is_empty());
            match buckets.delete(ask.bucket(), key, version, tx) {
                Ok(_) if quiet => {}
                Ok(deleted) => {
                    document.open("Deleted").text("Key", key).maybe("VersionId", version);
                    document.maybe("DeleteMarker", deleted.marker.then_some("true"));
                    let marker = deleted.made.or_else(|| deleted.version.filter(|_| deleted.marker));
                    document.maybe("DeleteMarkerVersionId", marker).close();
                }
                Err(error) => {
                    document.open("Error").text("Key", key).maybe("VersionId", version);
                    document.text("Code", error.code()).text("Message", error.to_string()).close();
                }
            }
        }
        Ok(document)
    })?;
    Ok(answer::document(document))
}
