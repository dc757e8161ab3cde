//! What the operations on parts have in common.

use crate::error::{Error, Result};
use crate::limits;
use crate::wire::Ask;

/// The number of the part that a request is about.
///
/// # Errors
/// A number that no part has.
pub fn number(ask: &Ask<'_>) -> Result<u16> {
    let text = ask.query("partNumber").unwrap_or_default();
    let number = text.parse().ok().filter(|n| (1..=limits::PARTS).contains(n));
    number.ok_or_else(|| Error::InvalidArgument {
        name: "partNumber",
        value: text.to_owned(),
        why: "Part number must be an integer between 1 and 10000, inclusive".to_owned(),
    })
}

/// The upload that a request is about.
pub fn upload<'a>(ask: &'a Ask<'_>) -> &'a str {
    ask.query("uploadId").unwrap_or_default()
}
