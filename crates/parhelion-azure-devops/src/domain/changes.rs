//! The changes of a commit made by REST, checked against the tree they change.

mod tree;

use crate::{
    error::{Error, Result},
    tenant::unavailable,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use parhelion_git::{Change, GitError, GitHost, ObjectId};
use serde::Deserialize;
use serde_json::Value;
use tree::{At, Tree};

/// Changes in one commit.
pub const MAX_CHANGES: usize = 100_000;

/// A change as a caller gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Given {
    change_type: Option<Value>,
    item: Option<Item>,
    new_content: Option<NewContent>,
    source_server_item: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    path: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NewContent {
    content: Option<String>,
    content_type: Option<Value>,
}

impl NewContent {
    fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let content = self.content.as_deref().unwrap_or_default();
        let kind = self
            .content_type
            .as_ref()
            .map(|k| k.as_str().map_or_else(|| k.to_string(), str::to_ascii_lowercase));
        match kind.as_deref() {
            None | Some("rawtext" | "0" | "null") => Ok(content.as_bytes().to_vec()),
            Some("base64encoded" | "1") => BASE64_STANDARD
                .decode(content.trim())
                .map_err(|e| Error::invalid(format!("The content of {path} is no base64: {e}."))),
            Some(_) => Err(Error::invalid(format!(
                "The contentType of {path} is neither rawtext nor base64encoded."
            ))),
        }
    }
}

/// A path from the root, without a slash in front.
fn clean(path: Option<&str>) -> Result<String> {
    let given = path.unwrap_or_default();
    let path = given.replace('\\', "/");
    let path = path.trim_matches('/');
    let bad =
        |part: &str| part.is_empty() || part == "." || part == ".." || part.eq_ignore_ascii_case(".git");
    if path.is_empty() || path.contains(|c: char| c.is_control()) || path.split('/').any(bad) {
        let shown: String = given.chars().take(200).collect();
        return Err(Error::invalid(format!(
            "The path '{shown}' of a change cannot be a path of a repository."
        )));
    }
    Ok(path.to_owned())
}

/// Reads the changes of a commit and checks each against what is there before it.
///
/// # Errors
/// [`Error::ChangeMisfit`], or [`Error::Invalid`] for what cannot be read.
pub async fn checked(git: &GitHost, base: Option<ObjectId>, given: &[Given]) -> Result<Vec<Change>> {
    if given.len() > MAX_CHANGES {
        return Err(Error::invalid(format!("A commit may hold at most {MAX_CHANGES} changes.")));
    }
    let mut tree = Tree::of(git, base, given.len()).await?;
    let mut changes = Vec::new();
    for change in given {
        let path = clean(change.item.as_ref().and_then(|i| i.path.as_deref()))?;
        let kind = change
            .change_type
            .as_ref()
            .map(|k| k.as_str().map_or_else(|| k.to_string(), str::to_ascii_lowercase));
        // Clients send the name or the number; a rename with an edit is both, with a comma or added up.
        let kind = kind.unwrap_or_default().replace(' ', "");
        match kind.as_str() {
            "add" | "1" => {
                tree.require_free(&path).await?;
                changes.push(put(change, &path)?);
                tree.put(&path);
            }
            "edit" | "2" => {
                tree.require(&path, At::File).await?;
                changes.push(put(change, &path)?);
                tree.put(&path);
            }
            "delete" | "16" => {
                require_there(&mut tree, &path).await?;
                tree.take(&path);
                changes.push(Change::Delete { path });
            }
            "rename" | "8" | "rename,edit" | "edit,rename" | "10" => {
                let from = clean(change.source_server_item.as_deref())?;
                if change.new_content.is_some() {
                    tree.require(&from, At::File).await?;
                } else {
                    require_there(&mut tree, &from).await?;
                }
                tree.require_free(&path).await?;
                if path.strip_prefix(&from).is_some_and(|rest| rest.starts_with('/')) {
                    let why = "it would lie within what is renamed".to_owned();
                    return Err(Error::ChangeMisfit { path: format!("/{path}"), why });
                }
                let moved = tree.files(&from).await?;
                tree.take(&from);
                for file in moved {
                    let slash = if file.is_empty() { "" } else { "/" };
                    tree.put(&format!("{path}{slash}{file}"));
                }
                changes.push(Change::Rename { from, to: path.clone() });
                if change.new_content.is_some() {
                    changes.push(put(change, &path)?);
                }
            }
            _ => {
                let shown: String = kind.chars().take(40).collect();
                return Err(Error::invalid(format!(
                    "The changeType '{shown}' is none of add, edit, delete, rename."
                )));
            }
        }
    }
    Ok(changes)
}

/// Refuses a path at which there is nothing.
async fn require_there(tree: &mut Tree<'_>, path: &str) -> Result<()> {
    match tree.at(path).await? {
        At::Nothing => tree.require(path, At::File).await,
        At::File | At::Folder => Ok(()),
    }
}

fn put(change: &Given, path: &str) -> Result<Change> {
    let content = change.new_content.as_ref();
    let content =
        content.ok_or_else(|| Error::invalid(format!("The change of {path} has no newContent.")))?;
    Ok(Change::Put { path: path.to_owned(), content: content.bytes(path)? })
}

/// A failure while making the commit, in the API's terms.
pub fn refused(error: GitError) -> Error {
    match error {
        GitError::NoSuchPath(path) => {
            Error::ChangeMisfit { path: format!("/{path}"), why: "it does not exist".to_owned() }
        }
        GitError::BadPath(path) => {
            Error::invalid(format!("The path '{path}' of a change cannot be a path of a repository."))
        }
        GitError::NoSuchObject(id) => Error::invalid(format!("The commit {id} does not exist.")),
        other => unavailable(other),
    }
}
