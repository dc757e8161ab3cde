//! Tags: what may be one, and how many.

use crate::error::{BadTag, Error, Result};
use crate::shapes::Tag;
use std::collections::BTreeMap;

/// Docs: user guide, "Quotas", per resource.
pub const TAGS_MAX: usize = 50;

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || " +-=._:/@".contains(c)
}

fn is_system(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

/// The tags of a resource after a request that gives it more.
///
/// # Errors
/// `InvalidTagsException` for a tag that nobody may set, `TooManyTagsException` when the union of keys is too large.
pub fn union(arn: &str, had: &BTreeMap<String, String>, given: &[Tag]) -> Result<BTreeMap<String, String>> {
    let mut seen = BTreeMap::new();
    for tag in given {
        if is_system(&tag.key) {
            return Err(Error::InvalidTags(BadTag::System));
        }
        if !tag.key.chars().chain(tag.value.chars()).all(is_allowed) {
            return Err(Error::InvalidTags(BadTag::Character { key: tag.key.clone() }));
        }
        if seen.insert(tag.key.clone(), tag.value.clone()).is_some() {
            return Err(Error::InvalidTags(BadTag::Twice(tag.key.clone())));
        }
    }
    let mut all = had.clone();
    all.extend(seen);
    if all.len() > TAGS_MAX {
        return Err(Error::TooManyTags { arn: arn.to_owned() });
    }
    Ok(all)
}

/// Whether tags of these keys may be taken away.
///
/// # Errors
/// `InvalidTagsException` for a system tag.
pub fn removable(keys: &[String]) -> Result<()> {
    if keys.iter().any(|key| is_system(key)) { Err(Error::InvalidTags(BadTag::System)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Vec<Tag> {
        pairs.iter().map(|(k, v)| Tag { key: (*k).to_owned(), value: (*v).to_owned() }).collect()
    }

    #[test]
    fn tags_are_added_to_what_is_there() {
        let had = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        let all = union("arn", &had, &tags(&[("b", "3"), ("c", "ü 4")])).unwrap();
        assert_eq!(
            all.into_iter().collect::<Vec<_>>(),
            [("a", "1"), ("b", "3"), ("c", "ü 4")].map(|(k, v)| (k.into(), v.into()))
        );
    }

    #[test]
    fn what_nobody_may_set_is_refused() {
        let none = BTreeMap::new();
        let code = |given: &[(&str, &str)]| union("arn", &none, &tags(given)).unwrap_err();
        assert_eq!(code(&[("AWS:x", "1")]), Error::InvalidTags(BadTag::System));
        assert_eq!(code(&[("a", "1"), ("a", "2")]), Error::InvalidTags(BadTag::Twice("a".into())));
        assert_eq!(code(&[("a", "1\n")]), Error::InvalidTags(BadTag::Character { key: "a".into() }));
        assert!(removable(&["aws:x".to_owned()]).is_err() && removable(&["x".to_owned()]).is_ok());
    }

    #[test]
    fn the_limit_counts_the_union_of_keys() {
        let had: BTreeMap<String, String> = (0..50).map(|n| (format!("k{n}"), String::new())).collect();
        assert!(union("arn", &had, &tags(&[("k7", "new")])).is_ok());
        assert_eq!(
            union("arn", &had, &tags(&[("more", "")])).unwrap_err(),
            Error::TooManyTags { arn: "arn".into() }
        );
    }
}
