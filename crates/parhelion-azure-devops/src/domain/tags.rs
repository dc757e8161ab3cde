//! Tags of builds and definitions.

use crate::error::{Error, Result};
use std::collections::BTreeSet;

/// Tags of one thing at most.
// CHOICE: the service's own bound is not documented.
const MAX_TAGS: usize = 200;
/// Characters of a tag at most.
const MAX_CHARS: usize = 400;

/// A tag as it is kept: without white space around it.
///
/// # Errors
/// [`Error::Invalid`] when it is empty, too long, or holds a control character or comma (which lists use).
// CHOICE: the bounds.
pub fn tag(text: &str) -> Result<String> {
    let tag = text.trim();
    let bad = |why: &str| {
        let shown: String = tag.chars().take(40).collect();
        Err(Error::invalid(format!("The tag '{shown}' is not valid: {why}.")))
    };
    if tag.is_empty() {
        bad("it is empty")
    } else if tag.chars().count() > MAX_CHARS {
        bad("it is longer than 400 characters")
    } else if tag.contains(|c: char| c.is_control() || c == ',') {
        bad("it holds a comma or a control character")
    } else {
        Ok(tag.to_owned())
    }
}

/// The tags of a list.
///
/// # Errors
/// As [`tag`], and when there are too many.
pub fn read(texts: Vec<String>) -> Result<BTreeSet<String>> {
    let mut tags = BTreeSet::new();
    change(&mut tags, &texts, &[])?;
    Ok(tags)
}

/// Adds and takes away; a tag stands once, in whatever case it was first written.
///
/// # Errors
/// As [`tag`], and when there are too many; nothing is promised of the set then.
pub fn change(tags: &mut BTreeSet<String>, add: &[String], remove: &[String]) -> Result<()> {
    for text in remove {
        let gone = text.trim();
        tags.retain(|t| !same(t, gone));
    }
    for text in add {
        let new = tag(text)?;
        if !tags.iter().any(|t| same(t, &new)) {
            tags.insert(new);
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(Error::invalid(format!("There are more than {MAX_TAGS} tags.")));
    }
    Ok(())
}

/// Whether two tags are the same: case does not tell them apart.
pub fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_once() {
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let mut tags = read(texts(&["b", " a ", "B"])).unwrap();
        assert_eq!(tags.iter().collect::<Vec<_>>(), ["a", "b"]);
        change(&mut tags, &texts(&["c/d"]), &texts(&["A", "nope"])).unwrap();
        assert_eq!(tags.iter().collect::<Vec<_>>(), ["b", "c/d"]);
        for bad in ["", " ", "a,b", "a\nb", &"x".repeat(401)] {
            assert!(tag(bad).is_err(), "{bad}");
        }
        let many: Vec<String> = (0..201).map(|n| n.to_string()).collect();
        assert!(read(many).is_err());
    }
}
