//! Bytes straight to shapes, for what is plainly right: a serde deserializer that carries the model's shape along and
//! judges each value as it passes. It takes less than [`super::constraints`] does and never more, and it says nothing
//! of what it does not take: that goes the way of a tree of values, which knows the texts and the rest of what may
//! stand in an input (unknown members, members twice, fractions that are whole, instants as texts, nulls in maps).

use super::Protocol;
use super::cbor::Plain;
use super::constraints::{length, text_holds};
use super::shape::{Kind, Member, Shape};
use super::value::VALUES_MAX;
use minicbor::Decoder;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use std::fmt;

/// The input that bytes say, when they plainly say one of that shape.
pub fn read<T: DeserializeOwned>(protocol: Protocol, shape: &'static Shape, bytes: &[u8]) -> Option<T> {
    // A value takes a byte at least: these are not too many.
    if bytes.len() > VALUES_MAX {
        return None;
    }
    match protocol {
        Protocol::Json => {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            let input = T::deserialize(Judged { from: &mut json, shape }).ok()?;
            json.end().is_ok().then_some(input)
        }
        Protocol::Cbor => {
            let mut cbor = Plain(Decoder::new(bytes));
            let input = T::deserialize(Judged { from: &mut cbor, shape }).ok()?;
            (cbor.0.position() == bytes.len()).then_some(input)
        }
    }
}

/// Not plainly right. Nobody reads it.
fn unclear<E: Error>() -> E {
    E::custom("")
}

/// What is read, or what reads it, with the shape that it must have.
struct Judged<T> {
    from: T,
    shape: &'static Shape,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Judged<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, D::Error> {
        Err(unclear())
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.from.deserialize_option(Judged { from: visitor, shape: self.shape })
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let Kind::Structure(known) = &self.shape.kind else { return Err(unclear()) };
        self.from.deserialize_map(Structure { visitor, known })
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Kind::Map { .. } = self.shape.kind else { return Err(unclear()) };
        self.from.deserialize_map(Judged { from: visitor, shape: self.shape })
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Kind::List { .. } = self.shape.kind else { return Err(unclear()) };
        self.from.deserialize_seq(Judged { from: visitor, shape: self.shape })
    }
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Kind::Text { .. } = self.shape.kind else { return Err(unclear()) };
        self.from.deserialize_str(Judged { from: visitor, shape: self.shape })
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_str(visitor)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let Kind::Text { .. } = self.shape.kind else { return Err(unclear()) };
        self.from.deserialize_str(Name(visitor))
    }
    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Kind::Integer { .. } = self.shape.kind else { return Err(unclear()) };
        self.from.deserialize_i32(Judged { from: visitor, shape: self.shape })
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Kind::Boolean = self.shape.kind else { return Err(unclear()) };
        self.from.deserialize_bool(visitor)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let Kind::Timestamp = self.shape.kind else { return Err(unclear()) };
        self.from.deserialize_newtype_struct(name, visitor)
    }
    serde::forward_to_deserialize_any! {
        i8 i16 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier ignored_any
    }
}

/// As a visitor it looks at a value before the shape's own visitor gets it. What is not said here is unclear.
impl<'de, V: Visitor<'de>> Visitor<'de> for Judged<V> {
    type Value = V::Value;

    fn expecting(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.from.visit_none()
    }
    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.from.visit_some(Judged { from, shape: self.shape })
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<V::Value, E> {
        let Kind::Integer { min, max } = self.shape.kind else { return Err(unclear()) };
        match i32::try_from(v) {
            Ok(n) if min.is_none_or(|min| v >= min) && max.is_none_or(|max| v <= max) => {
                self.from.visit_i32(n)
            }
            _ => Err(unclear()),
        }
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<V::Value, E> {
        self.visit_i64(i64::try_from(v).map_err(|_| unclear())?)
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<V::Value, E> {
        if text_holds(self.shape, v) { self.from.visit_str(v) } else { Err(unclear()) }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        let Kind::List { member, min, max } = self.shape.kind else { return Err(unclear()) };
        let mut n = 0;
        let out = self.from.visit_seq(Counted { from, key: member, value: member, n: &mut n })?;
        if length(n, min, max).is_none() { Ok(out) } else { Err(unclear()) }
    }
    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        let Kind::Map { key, value, min, max } = self.shape.kind else { return Err(unclear()) };
        let mut n = 0;
        let out = self.from.visit_map(Counted { from, key, value, n: &mut n })?;
        // A name that comes twice is counted twice: more than one cannot be known to be there.
        let enough = min.is_none_or(|min| min <= 1);
        if enough && length(n, min, max).is_none() { Ok(out) } else { Err(unclear()) }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Judged<S> {
    type Value = S::Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.from.deserialize(Judged { from, shape: self.shape })
    }
}

/// The items of a list, or the entries of a map.
struct Counted<'n, A> {
    from: A,
    key: &'static Shape,
    value: &'static Shape,
    n: &'n mut usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Counted<'_, A> {
    type Error = A::Error;
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let item = self.from.next_element_seed(Judged { from: seed, shape: self.value })?;
        *self.n += usize::from(item.is_some());
        Ok(item)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Counted<'_, A> {
    type Error = A::Error;
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let key = self.from.next_key_seed(Judged { from: seed, shape: self.key })?;
        *self.n += usize::from(key.is_some());
        Ok(key)
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.from.next_value_seed(Judged { from: seed, shape: self.value })
    }
}

/// A text that names a variant: the enumeration itself knows which there are.
struct Name<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<V> {
    type Value = V::Value;
    fn expecting(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<V::Value, E> {
        self.0.visit_enum(v.into_deserializer())
    }
}

/// A structure: only members that the model knows. What is required and what comes twice, the generated shape says.
struct Structure<V> {
    visitor: V,
    known: &'static [Member],
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Structure<V> {
    type Value = V::Value;
    fn expecting(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(OfStructure { from, known: self.known, next: 0 })
    }
}

/// The members of a structure, as they come.
struct OfStructure<A> {
    from: A,
    known: &'static [Member],
    /// Behind the place of the member that came last; the next one mostly stands there.
    next: usize,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OfStructure<A> {
    type Error = A::Error;
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Some(place) = self.from.next_key_seed(Place { known: self.known, from: self.next })? else {
            return Ok(None);
        };
        self.next = place + 1;
        let member = self.known.get(place).ok_or_else(unclear)?;
        seed.deserialize(BorrowedStrDeserializer::new(member.name)).map(Some)
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let member = self.next.checked_sub(1).and_then(|place| self.known.get(place)).ok_or_else(unclear)?;
        self.from.next_value_seed(Judged { from: seed, shape: member.shape })
    }
}

/// Reads a member's name: its place among those that are known, looked for from a place on.
struct Place {
    known: &'static [Member],
    from: usize,
}

impl<'de> DeserializeSeed<'de> for Place {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<usize, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Place {
    type Value = usize;
    fn expecting(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        let (before, behind) = self.known.split_at(self.from.min(self.known.len()));
        let at = |members: &[Member]| members.iter().position(|member| member.name == name);
        at(behind).map(|place| place + before.len()).or_else(|| at(before)).ok_or_else(unclear)
    }
}

#[cfg(test)]
mod tests;
