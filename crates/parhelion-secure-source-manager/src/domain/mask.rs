//! Update masks.

use crate::{error::Error, proto};
use prost_reflect::MessageDescriptor;
use prost_types::FieldMask;

/// What an update touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mask {
    /// No mask: every mutable field that the service overwrites without one.
    Unset,
    /// `*`: full replacement.
    Star,
    /// Just these, in snake_case.
    Paths(Vec<String>),
}

impl Mask {
    /// Reads a mask of a resource, a message of the API. Both spellings are taken.
    pub fn of(mask: Option<&FieldMask>, resource: &str) -> Result<Mask, Error> {
        let paths: Vec<String> =
            mask.iter().flat_map(|m| &m.paths).filter(|p| !p.is_empty()).map(|p| snake(p)).collect();
        if paths.is_empty() {
            return Ok(Mask::Unset);
        }
        if paths.iter().any(|p| p == "*") {
            return Ok(Mask::Star);
        }
        let known = |path: &str| proto::descriptor(resource).is_some_and(|of| has_path(&of, path));
        match paths.iter().find(|path| !known(path)) {
            Some(unknown) => Err(Error::Mask(parhelion_core::text::prefix(unknown, 200).to_owned())),
            None => Ok(Mask::Paths(paths)),
        }
    }
    /// Whether anything of a field is to be overwritten: it, one that it stands in, or one within it.
    pub fn touches(&self, path: &str) -> bool {
        let within = |named: &String| named.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        self.has(path) || matches!(self, Mask::Paths(paths) if paths.iter().any(within))
    }
    /// Whether a path is to be overwritten: named itself, or within one that is.
    pub fn has(&self, path: &str) -> bool {
        match self {
            Mask::Unset | Mask::Star => true,
            Mask::Paths(paths) => paths.iter().any(|named| {
                path.strip_prefix(named.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }),
        }
    }
}

/// Whether a message has a field of that path. A well-known type (a time) has no fields of its own here.
fn has_path(of: &MessageDescriptor, path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(field) = of.get_field_by_name(first) else { return false };
    rest.is_none_or(|rest| {
        let single = !field.is_list() && !field.is_map();
        let inner =
            field.kind().as_message().filter(|m| single && m.package_name() == proto::PACKAGE).cloned();
        inner.is_some_and(|inner| has_path(&inner, rest))
    })
}

/// `pushOption.branchFilter` → `push_option.branch_filter`.
fn snake(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 4);
    for c in path.trim().chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(paths: &[&str]) -> Result<Mask, Error> {
        let mask = FieldMask { paths: paths.iter().map(|p| (*p).to_owned()).collect() };
        Mask::of(Some(&mask), "Hook")
    }

    #[test]
    fn both_spellings_and_inner_paths() {
        let both = mask(&["targetUri", "push_option"]).unwrap();
        assert!(both.has("target_uri") && both.has("push_option.branch_filter") && !both.has("events"));
        assert!(mask(&["pushOption.branchFilter"]).unwrap().has("push_option.branch_filter"));
        assert!(!mask(&["push_option.branch_filter"]).unwrap().has("push_option"));
        assert_eq!(mask(&["*"]).unwrap(), Mask::Star);
        assert_eq!(mask(&[]).unwrap(), Mask::Unset);
        for bad in ["create_time.seconds", "push_option.x", "push_option.", ".", "events.x", "target_uri.x"] {
            assert!(mask(&[bad]).is_err(), "{bad}");
        }
        assert_eq!(mask(&["colour"]).unwrap_err().to_string(), "Invalid field mask path: colour");
    }
}
