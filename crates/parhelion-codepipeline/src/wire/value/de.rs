//! [`Value`] → shapes.

use super::{EPOCH_SECONDS, Value, ValueError, seconds_of};
use serde::de::{
    self, DeserializeOwned, IntoDeserializer, Visitor,
    value::{MapDeserializer, SeqDeserializer},
};

/// The input shape that a checked value says.
///
/// # Errors
/// When the value does not have the shape: the checks of [`crate::wire::constraints`] were left out.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ValueError> {
    T::deserialize(FromValue(value))
}

/// A value as a source of shapes.
pub struct FromValue(Value);

impl de::Error for ValueError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        ValueError(message.to_string())
    }
}

impl IntoDeserializer<'_, ValueError> for Value {
    type Deserializer = FromValue;
    fn into_deserializer(self) -> FromValue {
        FromValue(self)
    }
}
impl IntoDeserializer<'_, ValueError> for FromValue {
    type Deserializer = FromValue;
    fn into_deserializer(self) -> FromValue {
        self
    }
}

impl<'de> de::Deserializer<'de> for FromValue {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(v) => visitor.visit_bool(v),
            Value::Int(v) => visitor.visit_i64(v),
            Value::Float(v) => visitor.visit_f64(v),
            Value::Text(v) => visitor.visit_string(v),
            Value::Bytes(v) => visitor.visit_byte_buf(v),
            Value::Timestamp(v) => visitor.visit_f64(seconds_of(v)),
            Value::List(v) => {
                let mut list = SeqDeserializer::new(v.into_iter());
                let out = visitor.visit_seq(&mut list)?;
                list.end()?;
                Ok(out)
            }
            Value::Map(v) => {
                let mut map = MapDeserializer::new(v.into_iter());
                let out = visitor.visit_map(&mut map)?;
                map.end()?;
                Ok(out)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match (&self.0, name) {
            (Value::Timestamp(_), _) => self.deserialize_any(visitor),
            (_, EPOCH_SECONDS) => Err(ValueError("an instant is wanted".to_owned())),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Text(name) => visitor.visit_enum(name.into_deserializer()),
            _ => Err(ValueError("a text is wanted for an enumeration".to_owned())),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}
