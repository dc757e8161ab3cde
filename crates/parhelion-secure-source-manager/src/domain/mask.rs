//! Update masks.

use crate::error::Error;
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
    /// Reads a mask of a resource whose paths (inner ones too) are `known`. Both spellings are taken.
    pub fn of(mask: Option<&FieldMask>, known: &[&str]) -> Result<Mask, Error> {
        let paths: Vec<String> =
            mask.iter().flat_map(|m| &m.paths).filter(|p| !p.is_empty()).map(|p| snake(p)).collect();
        if paths.is_empty() {
            return Ok(Mask::Unset);
        }
        if paths.iter().any(|p| p == "*") {
            return Ok(Mask::Star);
        }
        match paths.iter().find(|p| !known.contains(&p.as_str())) {
            Some(unknown) => Err(Error::Mask(parhelion_core::text::prefix(unknown, 200).to_owned())),
            None => Ok(Mask::Paths(paths)),
        }
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
        Mask::of(Some(&mask), &["target_uri", "push_option", "push_option.branch_filter"])
    }

    #[test]
    fn both_spellings_and_inner_paths() {
        let both = mask(&["targetUri", "push_option"]).unwrap();
        assert!(both.has("target_uri") && both.has("push_option.branch_filter") && !both.has("events"));
        assert!(mask(&["pushOption.branchFilter"]).unwrap().has("push_option.branch_filter"));
        assert!(!mask(&["push_option.branch_filter"]).unwrap().has("push_option"));
        assert_eq!(mask(&["*"]).unwrap(), Mask::Star);
        assert_eq!(mask(&[]).unwrap(), Mask::Unset);
        assert_eq!(mask(&["colour"]).unwrap_err().to_string(), "Invalid field mask path: colour");
    }
}
