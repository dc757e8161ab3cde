//! Variables in configurations: `#{namespace.key}`, wherever it stands in a value (4.4 of the specification).
//!
//! A text is replaced as it stands, also within JSON.
// OBSERVED: aws-cdk issues 8458 and 31213: quotes and line breaks in a commit message break the JSON around them.

use crate::named::Named;
use std::fmt;
use std::ops::Range;

/// The most that the resolved configuration of one action may take, bytes. Docs: "Quotas": 100 KB.
pub const RESOLVED_BYTES_MAX: usize = 100 * 1024;
/// The most that the output variables of one action may take, bytes. Docs: "Quotas".
pub const OUTPUT_BYTES_MAX: usize = 122_880;
/// The namespace of what an execution says of itself.
pub const OF_EXECUTION: &str = "codepipeline";
/// The namespace of the pipeline's own variables.
pub const OF_PIPELINE: &str = "variables";

/// One `#{namespace.key}` in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Who gives the value.
    pub namespace: &'a str,
    /// Which of its values.
    pub key: &'a str,
    /// Where it stands in the text, the braces included.
    pub span: Range<usize>,
}

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{{{}.{}}}", self.namespace, self.key)
    }
}

/// The references of a text, in order. What does not have their form is text as any other.
// CHOICE: a namespace has the characters that the model allows it; a key may hold anything but braces.
pub fn references(text: &str) -> impl Iterator<Item = Reference<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text.get(from..)?.find("#{")?;
            let body = start + 2;
            let end = body + text.get(body..)?.find(['{', '}'])?;
            // What begins anew within is looked at for itself: `#{a#{b.c}` holds one reference.
            from = body;
            let inside = text.get(body..end).filter(|_| text[end..].starts_with('}'));
            if let Some((namespace, key)) = inside.and_then(|inside| inside.split_once('.'))
                && !key.is_empty()
                && !namespace.is_empty()
                && namespace.bytes().all(|b| b.is_ascii_alphanumeric() || b"@_-".contains(&b))
            {
                from = end + 1;
                return Some(Reference { namespace, key, span: start..end + 1 });
            }
        }
    })
}

/// Why a configuration could not be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// Nobody gave this variable a value.
    Unknown {
        /// The configuration's key.
        key: String,
        /// The reference as written.
        reference: String,
    },
    /// The resolved configuration would exceed [`RESOLVED_BYTES_MAX`].
    TooLarge,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unresolved::Unknown { key, reference } => {
                write!(f, "The variable {reference} in configuration '{key}' has no value")
            }
            Unresolved::TooLarge => {
                write!(f, "The resolved configuration is larger than {RESOLVED_BYTES_MAX} bytes")
            }
        }
    }
}

/// Where values come from: namespace and key to value.
pub type Scope<'a> = dyn Fn(&str, &str) -> Option<String> + 'a;

/// A configuration with its references replaced by their values; `None` where it holds none, and stands as it is.
///
/// # Errors
/// The first reference without a value, by key of the configuration; a result that is too large.
pub fn resolve(
    configuration: &Named<String>,
    scope: &Scope<'_>,
) -> Result<Option<Named<String>>, Unresolved> {
    let mut room = RESOLVED_BYTES_MAX;
    let mut changed = false;
    let mut resolved = Vec::with_capacity(configuration.len());
    for (key, raw) in configuration {
        let mut spend = |bytes: usize| {
            room = room.checked_sub(bytes).ok_or(Unresolved::TooLarge)?;
            Ok(())
        };
        spend(key.len())?;
        let mut value = String::new();
        let mut copied = 0;
        for reference in references(raw) {
            let Some(found) = scope(reference.namespace, reference.key) else {
                return Err(Unresolved::Unknown { key: key.to_owned(), reference: reference.to_string() });
            };
            let between = raw.get(copied..reference.span.start).unwrap_or_default();
            spend(between.len())?;
            spend(found.len())?;
            value.push_str(between);
            value.push_str(&found);
            copied = reference.span.end;
            changed = true;
        }
        let rest = raw.get(copied..).unwrap_or_default();
        spend(rest.len())?;
        value.push_str(rest);
        resolved.push((key.into(), value));
    }
    Ok(changed.then(|| resolved.into()))
}

/// The bytes that output variables take: their names and values.
// CHOICE: the API bounds the combined size and does not say that names count.
pub fn output_bytes(variables: &Named<String>) -> usize {
    variables.iter().map(|(key, value)| key.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(value: &str) -> Named<String> {
        Named::from([("Key".to_owned(), value.to_owned())])
    }
    fn scope(namespace: &str, key: &str) -> Option<String> {
        match (namespace, key) {
            ("one", "a") => Some("1".to_owned()),
            ("one", "quote") => Some("\"".to_owned()),
            ("nested", "x") => Some("#{one.a}".to_owned()),
            ("big", "x") => Some("x".repeat(60 * 1024)),
            _ => None,
        }
    }
    fn resolved(value: &str) -> Result<Option<String>, Unresolved> {
        resolve(&one(value), &scope).map(|all| all.and_then(|mut all| all.remove("Key")))
    }

    #[test]
    fn a_reference_is_found_anywhere_in_a_text() {
        let found =
            |text| references(text).map(|r| (r.namespace.to_owned(), r.key.to_owned())).collect::<Vec<_>>();
        let pair = |n: &str, k: &str| (n.to_owned(), k.to_owned());
        assert_eq!(found(r##"{"a":"#{one.x}-#{two@.y z}"}"##), [pair("one", "x"), pair("two@", "y z")]);
        assert_eq!(found("#{a#{b.c}"), [pair("b", "c")]);
        assert_eq!(found("ü#{b.c.d}ü"), [pair("b", "c.d")]);
        assert!(found("#{x} #{.y} # {a.b} ${a.b} #{a.} #{a b.c} #{a.b").is_empty());
    }

    #[test]
    fn values_stand_where_their_references_stood() {
        assert_eq!(resolved("no #{reference}"), Ok(None));
        assert_eq!(resolved("#{one.a}, #{one.a}!"), Ok(Some("1, 1!".into())));
        assert_eq!(
            resolved(r##"[{"v":"#{one.quote}"}]"##),
            Ok(Some(r#"[{"v":"""}]"#.into())),
            "as it stands"
        );
        assert_eq!(resolved("#{nested.x}"), Ok(Some("#{one.a}".into())), "a value is not looked at again");
    }

    #[test]
    fn what_has_no_value_is_named_and_what_is_too_large_is_refused() {
        let refused = resolved("#{one.a} #{one.b}").unwrap_err();
        assert_eq!(refused.to_string(), "The variable #{one.b} in configuration 'Key' has no value");
        assert_eq!(resolved("#{big.x}#{big.x}"), Err(Unresolved::TooLarge));
        assert!(resolved("#{big.x}").is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "(#\\{|\\}|\\{|#|\\.|one|a|ü|[ -~]){0,40}") {
            for found in references(&text) {
                prop_assert_eq!(text.get(found.span.clone()).unwrap(), found.to_string());
            }
            if let Ok(Some(all)) = resolve(&one(&text), &|_, _| Some(String::new())) {
                // What is left holds the rest of the text.
                let cut: usize = references(&text).map(|r| r.span.len()).sum();
                prop_assert_eq!(all["Key"].len(), text.len() - cut);
            }
        }

        #[test]
        fn what_is_put_together_is_resolved(parts in proptest::collection::vec(("[a-z ]{0,5}", "[A-Za-z]{1,4}", "[A-Za-z_.-]{1,4}"), 0..8)) {
            let raw: String = parts.iter().map(|(text, n, k)| format!("{text}#{{{n}.{k}}}")).collect();
            let expected: String = parts.iter().map(|(text, n, k)| format!("{text}<{n}|{k}>")).collect();
            let got = resolve(&one(&raw), &|n, k| Some(format!("<{n}|{k}>"))).unwrap();
            prop_assert_eq!(got.map(|all| all["Key"].clone()), (!parts.is_empty()).then_some(expected));
        }
    }
}
