//! File contents: bytes shared by every value that holds them, found by their SHA-256.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use parhelion_core::text::hex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Digest, Sha256};

/// SHA-256, lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hash(pub String);

/// The bytes of a file, shared by all copies. Written as base64.
#[derive(Clone, Debug, Eq)]
pub struct Content(Bytes);

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        // Values of one site mostly share their contents: those need not be read.
        (self.0.as_ptr() == other.0.as_ptr() && self.0.len() == other.0.len()) || self.0 == other.0
    }
}

impl Content {
    /// These bytes.
    pub fn new(bytes: Bytes) -> Self {
        Content(bytes)
    }
    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
    /// Its length, bytes.
    pub fn size(&self) -> u64 {
        self.0.len() as u64
    }
    /// What it is found by.
    pub fn hash(&self) -> Hash {
        Hash(hex(&Sha256::digest(&self.0)))
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}
impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map(|b| Content(b.into())).map_err(D::Error::custom)
    }
}
