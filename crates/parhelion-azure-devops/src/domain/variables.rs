//! The variables of a run, and `$(x)` in its texts.

use std::{collections::BTreeMap, sync::Arc};

/// How deep a variable's value may refer to others.
const DEPTH: usize = 10;
/// Longest text after replacement, bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// Replacements in one text.
const MAX_REPLACEMENTS: usize = 100_000;
/// Longest name between `$(` and `)`, bytes: what is looked through for a name costs no more than this.
const MAX_NAME_BYTES: usize = 1024;

/// Variables by name; names are compared ignoring case. A copy shares what is in it: every stage and job has its own.
#[derive(Clone, Debug, Default)]
pub struct Variables(BTreeMap<Arc<str>, Arc<Known>>);

/// A variable's name as written, its value, and whether that is a secret.
type Known = (String, String, bool);

impl Variables {
    /// Sets a variable; a later value wins.
    pub fn set(&mut self, name: &str, value: impl Into<String>, secret: bool) {
        self.0.insert(name.to_lowercase().into(), Arc::new((name.to_owned(), value.into(), secret)));
    }
    /// A variable's value; a secret's shows as `***`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value, secret) = &**self.0.get(&*name.trim().to_lowercase())?;
        Some(if *secret { "***" } else { value })
    }
    /// All of them by name in lower case, as a run keeps them for its conditions: secrets as `***`.
    pub fn kept(&self) -> BTreeMap<String, String> {
        self.0.keys().filter_map(|name| Some((name.to_string(), self.get(name)?.to_owned()))).collect()
    }
    /// Those that are no secrets, by name.
    pub fn shown(&self) -> BTreeMap<String, String> {
        let open = self.0.values().filter(|known| !known.2);
        open.map(|known| (known.0.clone(), known.1.clone())).collect()
    }
    /// A text with `$(x)` replaced; unknown ones stay, secrets show as `***`.
    pub fn replace(&self, text: &str) -> String {
        let (mut out, mut left) = (String::new(), MAX_REPLACEMENTS);
        self.replace_into(text, &mut out, 0, &mut left);
        out
    }

    fn replace_into(&self, text: &str, out: &mut String, depth: usize, left: &mut usize) {
        let mut rest = text;
        while let Some(start) = rest.find("$(") {
            if out.len() > MAX_BYTES || *left == 0 {
                return;
            }
            *left -= 1;
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            let reach = &rest.as_bytes()[..rest.len().min(MAX_NAME_BYTES)];
            let end = reach.iter().position(|b| *b == b')');
            match end.and_then(|end| Some((end, &**self.0.get(&*rest[2..end].trim().to_lowercase())?))) {
                Some((end, (_, _, true))) => {
                    out.push_str("***");
                    rest = &rest[end + 1..];
                }
                Some((end, (_, value, _))) if depth < DEPTH => {
                    self.replace_into(value, out, depth + 1, left);
                    rest = &rest[end + 1..];
                }
                _ => {
                    out.push_str("$(");
                    rest = &rest[2..];
                }
            }
        }
        out.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some() -> Variables {
        let mut v = Variables::default();
        v.set("Name", "world", false);
        v.set("greeting", "hello $(NAME)", false);
        v.set("loop", "$(loop)x", false);
        v.set("bomb", "$(bomb)$(bomb)$(bomb)$(bomb)$(bomb)$(bomb)$(bomb)$(bomb)", false);
        v.set("key", "hidden", true);
        v
    }

    #[test]
    fn macros_are_replaced() {
        for (text, expected) in [
            ("$(greeting)!", "hello world!"),
            ("$(unknown) $(name)", "$(unknown) world"),
            ("$(key)", "***"),
            ("$( Name )", "world"),
            ("$(name", "$(name"),
            ("$($(name))", "$(world)"),
            ("plain", "plain"),
        ] {
            assert_eq!(some().replace(text), expected, "{text}");
        }
    }

    #[test]
    fn endless_values_end() {
        assert_eq!(some().replace("$(loop)"), format!("$(loop){}", "x".repeat(DEPTH)));
        assert!(some().replace("$(bomb)").len() < 2 * MAX_BYTES);
        let mut empty = Variables::default();
        for level in 0..9 {
            empty.set(&format!("v{level}"), format!("$(v{})", level + 1).repeat(8), false);
        }
        empty.set("v9", "", false);
        assert_eq!(empty.replace("$(v0)"), "");
    }

    #[test]
    fn a_name_is_looked_for_only_so_far() {
        let mut v = some();
        let (longest, too_long) = ("n".repeat(MAX_NAME_BYTES - 3), "n".repeat(MAX_NAME_BYTES));
        v.set(&longest, "found", false);
        v.set(&too_long, "found", false);
        assert_eq!(v.replace(&format!("$({longest})")), "found");
        assert_eq!(v.replace(&format!("$({too_long})")), format!("$({too_long})"));
        // One bracket far behind many openings: seconds when each opening looks all the way.
        let text = format!("{}{})", "$(".repeat(MAX_REPLACEMENTS - 1), "é".repeat(400_000));
        assert_eq!(v.replace(&text), text);
    }

    proptest! {
        #[test]
        fn any_text_is_replaced(text in r"[$()a-z\PC]{0,40}") {
            let _ = some().replace(&text);
        }
    }
}
