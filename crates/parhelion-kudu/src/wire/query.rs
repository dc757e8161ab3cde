//! Query members: names and booleans ignore case.

use crate::error::Refusal;
use percent_encoding::percent_decode_str;

/// The members of a query, decoded, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query; `+` is a space, what is no valid encoding stays as well as can be.
    pub fn parse(text: &str) -> Query {
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let members = text.split('&').filter(|member| !member.is_empty());
        Query(
            members
                .map(|member| {
                    let (name, value) = member.split_once('=').unwrap_or((member, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }
    /// The first member of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
    /// The value of the first member there is.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(|(_, value)| value.as_str())
    }
    /// A boolean member; missing or empty is `false`.
    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name).map(str::trim) {
            None | Some("") => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Refusal::BadQuery),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_booleans_ignore_case() {
        let query = Query::parse("ISASYNC=True&Deployer=a+b%26c&clean&x=maybe");
        assert_eq!(query.flag("isAsync"), Ok(true));
        assert_eq!(query.get("deployer"), Some("a b&c"));
        assert_eq!(query.flag("clean"), Ok(false));
        assert_eq!(query.flag("missing"), Ok(false));
        assert_eq!(query.flag("x"), Err(Refusal::BadQuery));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let query = Query::parse(&text);
            let _ = query.flag("a");
        }
        #[test]
        fn what_is_encoded_is_read_back(value in ".{0,12}") {
            let encoded = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
            let query = Query::parse(&format!("a=1&b={encoded}"));
            prop_assert_eq!(query.get("B"), Some(value.as_str()));
        }
    }
}
