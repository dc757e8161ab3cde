//! CreateMultipartUpload.

use crate::error::{Error, Result};
use crate::wire::checksum::{self, Algorithm};
use crate::wire::{Ask, Given, answer, meta, xml::Document};
use parhelion_http::Response;

/// Begins an upload in parts.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
pub fn run(ask: &Ask<'_>, _: Given) -> Result<Response> {
    let extra = meta::of(&ask.parts.headers)?;
    let algorithm = ask.header("x-amz-checksum-algorithm");
    let algorithm =
        algorithm.map(|name| Algorithm::named(name).ok_or_else(|| checksum::unknown(name))).transpose()?;
    let checksum = match (algorithm, ask.header("x-amz-checksum-type")) {
        (None, None) => None,
        (None, Some(_)) => {
            let why =
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.";
            return Err(Error::InvalidRequest { why: why.to_owned() });
        }
        // Docs: S3, "Checking object integrity": which kinds there are of which algorithm.
        (Some(algorithm), kind) => {
            let composite = match (algorithm, kind) {
                (Algorithm::Crc64Nvme, None | Some("FULL_OBJECT")) => false,
                (Algorithm::Crc32 | Algorithm::Crc32c, Some("FULL_OBJECT")) => false,
                (Algorithm::Crc64Nvme, _) | (_, Some("FULL_OBJECT")) => {
                    let why = format!(
                        "The {} checksum type cannot be used with the {} checksum algorithm.",
                        kind.unwrap_or_default(),
                        algorithm.name().to_ascii_lowercase()
                    );
                    return Err(Error::InvalidRequest { why });
                }
                (_, None | Some("COMPOSITE")) => true,
                (_, Some(other)) => {
                    return Err(Error::InvalidArgument {
                        name: "x-amz-checksum-type",
                        value: other.to_owned(),
                        why: "Value for x-amz-checksum-type header is invalid.".to_owned(),
                    });
                }
            };
            Some((algorithm.name().to_owned(), composite))
        }
    };
    let kept = checksum.clone();
    let id = ask.change(|buckets, tx| buckets.begin_upload(ask.bucket(), ask.key(), extra, kept, tx))?;
    let mut document = Document::new("InitiateMultipartUploadResult");
    document.text("Bucket", ask.bucket()).text("Key", ask.key()).text("UploadId", id);
    let mut response = answer::document(document);
    if let Some((algorithm, composite)) = checksum {
        answer::set(&mut response, "x-amz-checksum-algorithm", &algorithm);
        let kind = if composite { "COMPOSITE" } else { "FULL_OBJECT" };
        answer::set(&mut response, "x-amz-checksum-type", kind);
    }
    Ok(response)
}
