//! The variables of a run, and `$(x)` in its texts.

use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// How deep a variable's value may refer to others.
const DEPTH: usize = 10;
/// Longest text after replacement, bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// Replacements in one text.
const MAX_REPLACEMENTS: usize = 100_000;
/// Longest name between `$(` and `)`, bytes: what is looked through for a name costs no more than this.
const MAX_NAME_BYTES: usize = 1024;

/// What a secret shows as.
pub const MASK: &str = "***";

/// A variable that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// Its value, a secret's too.
    pub value: Cow<'a, str>,
    /// Whether it is a secret.
    pub is_secret: bool,
}

impl<'a> Found<'a> {
    /// One that may be shown.
    pub fn open(value: impl Into<Cow<'a, str>>) -> Self {
        Found { value: value.into(), is_secret: false }
    }
    /// Its value, a secret's as `***`.
    pub fn shown(self) -> Cow<'a, str> {
        if self.is_secret { MASK.into() } else { self.value }
    }
}

/// Knows variables by name, in any case.
pub trait Lookup {
    /// The variable of this name.
    fn look(&self, name: &str) -> Option<Found<'_>>;
}

/// A text with `$(x)` replaced; unknown ones stay, secrets show as `***`.
pub fn replace(text: &str, known: &dyn Lookup) -> String {
    Replacing { known, reveal: false, left: MAX_REPLACEMENTS, out: String::new() }.all(text)
}

/// The same with the values of secrets: what a script is given, never what is shown.
pub fn replace_revealing(text: &str, known: &dyn Lookup) -> String {
    Replacing { known, reveal: true, left: MAX_REPLACEMENTS, out: String::new() }.all(text)
}

struct Replacing<'a> {
    known: &'a dyn Lookup,
    reveal: bool,
    left: usize,
    out: String,
}

impl Replacing<'_> {
    fn all(mut self, text: &str) -> String {
        self.add(text, 0);
        self.out
    }

    fn add(&mut self, text: &str, depth: usize) {
        let mut rest = text;
        while let Some(start) = rest.find("$(") {
            if self.out.len() > MAX_BYTES || self.left == 0 {
                return;
            }
            self.left -= 1;
            self.out.push_str(&rest[..start]);
            rest = &rest[start..];
            let reach = &rest.as_bytes()[..rest.len().min(MAX_NAME_BYTES)];
            let end = reach.iter().position(|b| *b == b')');
            match end.and_then(|end| Some((end, self.known.look(rest[2..end].trim())?))) {
                Some((end, found)) if found.is_secret && !self.reveal => {
                    self.out.push_str(MASK);
                    rest = &rest[end + 1..];
                }
                Some((end, found)) if depth < DEPTH => {
                    self.add(&found.value, depth + 1);
                    rest = &rest[end + 1..];
                }
                _ => {
                    self.out.push_str("$(");
                    rest = &rest[2..];
                }
            }
        }
        self.out.push_str(rest);
    }
}

/// Variables by name; names are compared ignoring case. A copy shares what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Known>", into = "Vec<Known>")]
pub struct Variables(BTreeMap<Arc<str>, Arc<Known>>);

/// A variable: its name as written, its value, and whether that is a secret.
pub type Known = (String, String, bool);

impl From<Vec<Known>> for Variables {
    fn from(all: Vec<Known>) -> Self {
        let mut variables = Variables::default();
        for (name, value, secret) in all {
            variables.set(&name, value, secret);
        }
        variables
    }
}

impl From<Variables> for Vec<Known> {
    fn from(variables: Variables) -> Self {
        variables.0.into_values().map(Arc::unwrap_or_clone).collect()
    }
}

impl Lookup for Variables {
    fn look(&self, name: &str) -> Option<Found<'_>> {
        let (_, value, is_secret) = &**self.0.get(&*fold(name))?;
        Some(Found { value: value.as_str().into(), is_secret: *is_secret })
    }
}

/// Names are compared without regard to case; those of most variables are ASCII.
fn fold(name: &str) -> String {
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.to_lowercase() }
}

impl Variables {
    /// Sets a variable; a later value wins.
    pub fn set(&mut self, name: &str, value: impl Into<String>, secret: bool) {
        self.0.insert(fold(name).into(), Arc::new((name.to_owned(), value.into(), secret)));
    }
    /// Sets all of another's.
    pub fn add(&mut self, others: &Variables) {
        self.0.extend(others.0.iter().map(|(name, known)| (name.clone(), known.clone())));
    }
    /// A variable's value; a secret's shows as `***`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value, secret) = &**self.0.get(&*fold(name.trim()))?;
        Some(if *secret { MASK } else { value })
    }
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Known> {
        self.0.values().map(|known| &**known)
    }
    /// Those that are no secrets, by name.
    pub fn shown(&self) -> BTreeMap<String, String> {
        let open = self.0.values().filter(|known| !known.2);
        open.map(|known| (known.0.clone(), known.1.clone())).collect()
    }
    /// A text with `$(x)` replaced; unknown ones stay, secrets show as `***`.
    pub fn replace(&self, text: &str) -> String {
        replace(text, self)
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
    fn secrets_are_revealed_to_scripts_alone() {
        let mut v = some();
        v.set("both", "$(key)-$(name)", false);
        assert_eq!(v.replace("$(both)"), "***-world");
        assert_eq!(replace_revealing("$(both)", &v), "hidden-world");
    }

    #[test]
    fn variables_survive_being_written_down() {
        let text = serde_json::to_string(&some()).unwrap();
        assert_eq!(serde_json::from_str::<Variables>(&text).unwrap(), some());
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
