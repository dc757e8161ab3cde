//! What an operation is given: bytes, until it says of which shape it wants them.

use super::constraints::{self, Instants};
use super::shape::Operation;
use super::value::{Value, ValueError, from_value};
use super::{Protocol, Refusal, cbor, direct, json11};
use serde::de::DeserializeOwned;

/// The body of a call, not yet read.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// What it speaks; the output is to speak it too.
    pub protocol: Protocol,
    /// What is called.
    pub(crate) operation: &'static Operation,
    /// The body.
    pub(crate) bytes: &'a [u8],
}

impl Input<'_> {
    /// The operation's input, checked against the model.
    ///
    /// # Errors
    /// A refusal for what cannot be read or breaks a constraint; the other error is a mistake of ours: `T` is not the
    /// operation's input.
    pub fn read<T: DeserializeOwned>(self) -> Result<Result<T, ValueError>, Refusal> {
        match self.directly() {
            Some(input) => Ok(Ok(input)),
            None => self.by_tree(),
        }
    }

    /// As [`Input::read`], without the short way.
    fn by_tree<T: DeserializeOwned>(self) -> Result<Result<T, ValueError>, Refusal> {
        Ok(from_value(self.checked()?))
    }

    /// Whether the short way takes the input, and whether the long one does.
    ///
    /// # Panics
    /// When both do and do not say the same, or only the short one does; when the checks let through what the shape
    /// does not take.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn both_ways<T: DeserializeOwned + PartialEq + std::fmt::Debug>(self) -> (bool, bool) {
        let tree = self.by_tree::<T>().map(|input| input.expect("a value of the shape"));
        let short = self.directly::<T>();
        if let Some(short) = &short {
            let bytes = self.bytes.escape_ascii();
            assert_eq!(Ok(short), tree.as_ref(), "{} {bytes}", self.operation.name);
        }
        (short.is_some(), tree.is_ok())
    }

    /// The input, where the bytes are plainly right.
    fn directly<T: DeserializeOwned>(self) -> Option<T> {
        direct::read(self.protocol, self.operation.input, self.bytes)
    }

    /// The checked input as a tree.
    fn checked(self) -> Result<Value, Refusal> {
        let (read, instants) = match self.protocol {
            Protocol::Json => (json11::read(self.bytes), Instants::Plain),
            Protocol::Cbor => (cbor::read(self.bytes), Instants::Tagged),
        };
        let value = read.map_err(Refusal::Serialization)?;
        if !matches!(value, Value::Map(_)) {
            return Err(Refusal::Serialization("The request body must be a structure".to_owned()));
        }
        let shape = self.operation.input;
        let value = constraints::coerce(shape, value, instants).map_err(Refusal::Serialization)?;
        match constraints::violations(shape, &value) {
            none if none.is_empty() => Ok(value),
            some => Err(Refusal::Constraints(some)),
        }
    }
}
