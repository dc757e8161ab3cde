//! Entity tags and the conditions that clients put with them.

use http::HeaderMap;
use http::header::HeaderName;

/// The tag of what was written at a time in .NET ticks: its eight bytes, the lowest first, in hexadecimal.
/// OBSERVED: VfsController.CreateEntityTag.
pub fn of_ticks(ticks: i64) -> String {
    format!("\"{}\"", parhelion_core::text::hex(&ticks.to_le_bytes()))
}

/// The tags of a header, as .NET reads it: `None` when the header is missing or holds something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    tags: Vec<String>,
    any: bool,
}

impl Tags {
    /// Reads `If-Match`, `If-None-Match` or `If-Range`.
    pub fn of(headers: &HeaderMap, name: HeaderName) -> Option<Tags> {
        let mut found = Tags::default();
        for value in headers.get_all(name) {
            found.read(value.to_str().ok()?)?;
        }
        (found.any || !found.tags.is_empty()).then_some(found)
    }
    fn read(&mut self, text: &str) -> Option<()> {
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('*') {
                self.any = true;
                rest = after;
            } else {
                let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
                let end = quoted.find('"')?;
                let after = quoted.get(end + 1..)?;
                self.tags.push(rest.get(..rest.len() - after.len())?.to_owned());
                rest = after;
            }
            rest = rest.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if rest.is_empty() => "",
                None => return None,
            };
        }
        Some(())
    }
    /// Whether one of them is this tag.
    pub fn name(&self, tag: &str) -> bool {
        self.tags.iter().any(|t| t == tag)
    }
    /// Whether one of them is this tag, or stands for all.
    pub fn allow(&self, tag: &str) -> bool {
        self.any || self.name(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::IF_MATCH;
    use proptest::prelude::*;

    fn tags(value: &str) -> Option<Tags> {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        Tags::of(&headers, IF_MATCH)
    }

    #[test]
    fn a_tag_is_the_time_from_its_lowest_byte() {
        assert_eq!(of_ticks(0x0102_0304_0506_0708), "\"0807060504030201\"");
    }

    #[test]
    fn a_header_is_a_list() {
        let list = tags("\"a\", W/\"b\" ,\"c,d\"").unwrap();
        assert!(list.name("\"a\"") && list.name("\"c,d\"") && list.name("W/\"b\"") && !list.name("\"b\""));
        assert!(
            !list.allow("\"x\"") && tags("*").unwrap().allow("\"x\"") && !tags("*").unwrap().name("\"x\"")
        );
        for none in ["a", "", "\"a", "\"a\" \"b\"", "W/a", "\"a\",b"] {
            assert_eq!(tags(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "[\"W/*, a]{0,12}") {
            let _ = tags(&value);
        }
    }
}
