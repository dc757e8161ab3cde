//! Object names.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The SHA-1 name of a git object: 40 lower-case hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId([u8; 20]);

/// A text that is not 40 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no object id: 40 hexadecimal digits")]
pub struct NotAnId(pub String);

impl ObjectId {
    /// The zero id: in pushes and their reports "no such ref".
    pub const ZERO: ObjectId = ObjectId([0; 20]);
    /// Whether this is [`ObjectId::ZERO`].
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 20]
    }
    /// The id, or `None` when it is zero.
    pub fn some(self) -> Option<ObjectId> {
        (!self.is_zero()).then_some(self)
    }
}

impl FromStr for ObjectId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let bytes = (text.len() == 40).then(|| parhelion_core::text::unhex(text)).flatten();
        let id = bytes.and_then(|b| b.try_into().ok()).map(ObjectId);
        id.ok_or_else(|| NotAnId(parhelion_core::text::prefix(text, 80).to_owned()))
    }
}
impl TryFrom<String> for ObjectId {
    type Error = NotAnId;
    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}
impl From<ObjectId> for String {
    fn from(id: ObjectId) -> String {
        id.to_string()
    }
}
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&parhelion_core::text::hex(&self.0))
    }
}
impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forty_hexadecimal_digits_are_an_id() {
        let text = "85c7e78e6dfb63bcad4a0bb0953c0b3554ed0e93";
        assert_eq!(text.parse::<ObjectId>().unwrap().to_string(), text);
        assert_eq!(text.to_uppercase().parse::<ObjectId>().unwrap().to_string(), text);
        for bad in
            ["", "85c7", &text[1..], &format!("{text}0"), &text.replace('8', "g"), "ä".repeat(20).as_str()]
        {
            assert!(bad.parse::<ObjectId>().is_err(), "{bad}");
        }
        assert!("0".repeat(40).parse::<ObjectId>().unwrap().some().is_none());
    }
}
