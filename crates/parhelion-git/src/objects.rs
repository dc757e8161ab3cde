//! Objects by their ids, apart from commits: annotated tags, trees.

use crate::{GitError, GitHost, ObjectId, Person, TreeEntry, history::parse_person};

/// An annotated tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagInfo {
    /// Its own id.
    pub id: ObjectId,
    /// What it points to.
    pub object: ObjectId,
    /// `commit`, `tree`, `blob` or `tag`.
    pub kind: String,
    /// Its name, without `refs/tags/`.
    pub name: String,
    /// Who made it; tags of early git say nothing of it.
    pub tagger: Option<Person>,
    /// The whole message.
    pub message: String,
}

/// A tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeInfo {
    /// Bytes of the object.
    pub size: u64,
    /// Its entries, with paths from this tree.
    pub entries: Vec<TreeEntry>,
}

impl GitHost {
    /// A tag object by its id; `None` when there is no tag of that id in the store (ask [`GitHost::contains`] whether
    /// a repository has it).
    pub async fn tag(&self, id: ObjectId) -> Result<Option<TagInfo>, GitError> {
        let found = self.object(&id.to_string(), "tag").await?;
        Ok(found.and_then(|file| parse_tag(id, &file.content)))
    }

    /// A tree by its own id, with everything below when `recursive`; `None` as for [`GitHost::tag`].
    pub async fn tree_object(&self, id: ObjectId, recursive: bool) -> Result<Option<TreeInfo>, GitError> {
        let Some(file) = self.object(&id.to_string(), "tree").await? else { return Ok(None) };
        let entries = self.tree(id, "", recursive).await?;
        Ok(entries.map(|entries| TreeInfo { size: file.content.len() as u64, entries }))
    }
}

/// A tag object's bytes.
fn parse_tag(id: ObjectId, bytes: &[u8]) -> Option<TagInfo> {
    let text = String::from_utf8_lossy(bytes);
    let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
    let (mut object, mut kind, mut name, mut tagger) = (None, None, None, None);
    for line in head.lines() {
        match line.split_once(' ') {
            Some(("object", id)) => object = id.parse().ok(),
            Some(("type", word)) => kind = Some(word.to_owned()),
            Some(("tag", word)) => name = Some(word.to_owned()),
            Some(("tagger", who)) => tagger = parse_person(who),
            _ => {}
        }
    }
    let message = message.to_owned();
    Some(TagInfo { id, object: object?, kind: kind?, name: name?, tagger, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tag_object_is_read_whole() {
        let object = b"object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\ntag v1.0\n\
            tagger A U Thor <a@example.com> 1720031258 +0200\n\nFirst\n\nBody\n";
        let id = "06aa2c971d8e06e5271ce04248ef1920341ce208".parse().unwrap();
        let tag = parse_tag(id, object).unwrap();
        assert_eq!((tag.kind.as_str(), tag.name.as_str()), ("commit", "v1.0"));
        assert_eq!(tag.tagger.unwrap().email, "a@example.com");
        assert_eq!(tag.message, "First\n\nBody\n");
        assert_eq!(parse_tag(id, b"object x\ntype commit\ntag v1\n\n"), None);
    }

    proptest! {
        #[test]
        fn any_object_is_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_tag(ObjectId::ZERO, &bytes);
        }
    }
}
