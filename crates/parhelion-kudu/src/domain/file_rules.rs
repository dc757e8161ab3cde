//! When a file may be changed, and what is told when it is not.

use crate::error::FilesError;
use parhelion_core::{Event, Verdict};
use parhelion_state::Tx;

/// Whether a file may be changed in the state that it is in: `allowed` is what the request's condition says of the tag
/// `current`, if it has one.
///
/// # Errors
/// Without a condition, or when it is about another state.
pub fn agreed(allowed: Option<bool>, current: &str) -> Result<(), FilesError> {
    match allowed {
        None => Err(FilesError::MissingIfMatch),
        Some(true) => Ok(()),
        Some(false) => Err(FilesError::EtagMismatch { current: current.to_owned() }),
    }
}

/// Tells why a file was left as it is.
pub fn refused(path: &str, what: &str, error: &FilesError, tx: &mut Tx<'_>) {
    let why = match error {
        FilesError::NotFound { .. } => "it is not there".to_owned(),
        FilesError::MissingIfMatch => "it exists, and the request has no If-Match".to_owned(),
        FilesError::EtagMismatch { current } => {
            format!("its ETag is {current}, which If-Match does not name")
        }
        FilesError::IsDirectory => "it is a folder, or a file where a folder is meant".to_owned(),
        FilesError::CannotDelete => {
            "it is a folder with something in it, and recursive is not set".to_owned()
        }
        FilesError::Kept { .. } => "it shows a record of the site".to_owned(),
        FilesError::Write { why, .. } => why.clone(),
        other => format!("{other:?}"),
    };
    let fact = format!("{path} is not {what}: {why}");
    tx.explain(Event::new("file.refused", format!("file:{path}")).fact(fact).verdict(Verdict::Failed));
}

/// What a full site says, of a limit in bytes.
pub fn full(limit: u64) -> String {
    format!(
        "There is not enough space on the disk: the files of the site would take more than {limit} bytes, the most \
         that the setting kudu.max_site_bytes allows."
    )
}
