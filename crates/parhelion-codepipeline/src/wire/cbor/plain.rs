//! rpc-v2-cbor as a source of shapes, for [`crate::wire::direct`]: what clients plainly send. Whatever is unusual (texts
//! in parts, whole numbers as floats, tags but that of an instant) is refused without a word.

use super::{INSTANT, more};
use crate::wire::value::ValueError;
use minicbor::Decoder;
use minicbor::data::Type;
use serde::de::{self, DeserializeSeed, Visitor};

/// Reads one value after the other.
pub struct Plain<'de>(pub Decoder<'de>);

/// Not plain. Nobody reads it.
fn unclear<E>(_: E) -> ValueError {
    ValueError(String::new())
}

impl Plain<'_> {
    fn kind(&self) -> Result<Type, ValueError> {
        self.0.datatype().map_err(unclear)
    }
}

impl<'de> de::Deserializer<'de> for &mut Plain<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ValueError> {
        Err(unclear(()))
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.kind()? {
            Type::Null => self.0.null().map_err(unclear)?,
            Type::Undefined => self.0.undefined().map_err(unclear)?,
            _ => return visitor.visit_some(self),
        }
        visitor.visit_none()
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_bool(self.0.bool().map_err(unclear)?)
    }
    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_i64(self.0.i64().map_err(unclear)?)
    }
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let seconds = match self.kind()? {
            Type::F16 => self.0.f16().map(f64::from),
            Type::F32 => self.0.f32().map(f64::from),
            Type::F64 => self.0.f64(),
            _ => self.0.i64().map(|whole| whole as f64),
        };
        visitor.visit_f64(seconds.map_err(unclear)?)
    }
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_str(self.0.str().map_err(unclear)?)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0.tag().map_err(unclear)? {
            INSTANT => visitor.visit_newtype_struct(self),
            other => Err(unclear(other)),
        }
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let length = self.0.array().map_err(unclear)?;
        visitor.visit_seq(Entries { of: self, length })
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let length = self.0.map().map_err(unclear)?;
        visitor.visit_map(Entries { of: self, length })
    }
    serde::forward_to_deserialize_any! {
        i8 i16 i64 i128 u8 u16 u32 u64 u128 f32 char string bytes byte_buf unit unit_struct struct enum tuple
        tuple_struct identifier ignored_any
    }
}

/// The items of a list, or the entries of a map. A length is a claim, and no hint.
struct Entries<'r, 'de> {
    of: &'r mut Plain<'de>,
    length: Option<u64>,
}

impl<'de> Entries<'_, 'de> {
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ValueError> {
        match more(&mut self.of.0, &mut self.length).map_err(unclear)? {
            true => seed.deserialize(&mut *self.of).map(Some),
            false => Ok(None),
        }
    }
}

impl<'de> de::SeqAccess<'de> for Entries<'_, 'de> {
    type Error = ValueError;
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ValueError> {
        self.next(seed)
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_, 'de> {
    type Error = ValueError;
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ValueError> {
        self.next(seed)
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ValueError> {
        seed.deserialize(&mut *self.of)
    }
}
