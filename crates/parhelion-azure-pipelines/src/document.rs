//! A pipeline file that parsed.

use crate::{
    issue::Issue,
    yaml::{self, Node},
};
use std::{borrow::Cow, sync::Arc};

/// A parsed file. Cheap to keep; [`crate::expand()`] does not change it.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) name: String,
    pub(crate) root: Arc<Node>,
    pub(crate) issues: Vec<Issue>,
}

/// Reads the text of a pipeline file. `name` is what messages call it: `/azure-pipelines.yml`.
///
/// # Errors
/// The service's text for YAML that cannot be read: syntax, anchors, several documents, too deep, too large.
/// A mistake that leaves the rest readable (a key given twice) is kept and reported by [`crate::webhooks()`] and
/// [`crate::expand()`] with what else they find.
pub fn parse(name: &str, text: &str) -> Result<Document, Vec<Issue>> {
    let read = yaml::read::read(text, 0, name)?;
    Ok(Document { name: name.to_owned(), root: Arc::new(read.root), issues: read.issues })
}

/// The text of a file's bytes: UTF-8, or UTF-16 if it says so by its mark. What is neither becomes U+FFFD.
// CHOICE: as the service's platform decodes text; what it says of such files is unknown.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return String::from_utf8_lossy(bytes),
    };
    let (pairs, odd) = bytes[2..].as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    let cut = (!odd.is_empty()).then_some(char::REPLACEMENT_CHARACTER);
    Cow::Owned(text.chain(cut).collect())
}

impl Document {
    /// What messages call the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tree as written, unexpanded.
    pub fn root(&self) -> &Node {
        &self.root
    }
}
