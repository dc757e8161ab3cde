//! Who owns data: a tenant (an account and region, an organization, a site, a project) of a store in a world.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{fmt, fmt::Display, hash::Hash, str::FromStr};

/// The key of a tenant. Its `Display` is the form used in URLs of the control API and in the journal,
/// and `FromStr` reads it back.
pub trait TenantKey:
    Clone + Ord + Hash + fmt::Debug + Display + FromStr + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// A tenant of a store, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// `Store::NAME`; empty for what belongs to the world itself.
    pub store: String,
    /// The tenant key as text.
    pub tenant: String,
}

impl Owner {
    /// The owner named by a store and a tenant key.
    pub fn new(store: impl Into<String>, tenant: impl Into<String>) -> Self {
        Owner { store: store.into(), tenant: tenant.into() }
    }
}

/// The name of a world: 1 to 64 of `[A-Za-z0-9._-]`, not starting with a punctuation mark, kept in lower case
/// (control.md 2: names are compared ignoring case).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorldName(String);

/// Why a text is no world's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadWorldName(pub String);

impl fmt::Display for BadWorldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" is no name of a world: 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit",
            self.0
        )
    }
}
impl std::error::Error for BadWorldName {}

impl WorldName {
    /// The world that requests without a prefix or header reach.
    pub fn main() -> Self {
        WorldName("main".to_owned())
    }
    /// Whether this is [`WorldName::main`].
    pub fn is_main(&self) -> bool {
        self.0 == "main"
    }
    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WorldName {
    type Err = BadWorldName;
    fn from_str(s: &str) -> Result<Self, BadWorldName> {
        let good = s.len() <= 64
            && s.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if good {
            Ok(WorldName(s.to_ascii_lowercase()))
        } else {
            Err(BadWorldName(s.chars().take(80).collect()))
        }
    }
}
impl TryFrom<String> for WorldName {
    type Error = BadWorldName;
    fn try_from(s: String) -> Result<Self, BadWorldName> {
        s.parse()
    }
}
impl From<WorldName> for String {
    fn from(n: WorldName) -> String {
        n.0
    }
}
impl fmt::Display for WorldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn world_names_are_bounded_and_compared_without_case() {
        assert_eq!("W1.a_b-c".parse::<WorldName>().unwrap(), "w1.A_B-C".parse().unwrap());
        for bad in ["", ".a", "-a", "a/b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<WorldName>().is_err(), "{bad}");
        }
    }
}
