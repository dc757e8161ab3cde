//! A pipeline file that parsed.

use crate::{
    issue::Issue,
    yaml::{self, Node},
};
use std::sync::Arc;

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
