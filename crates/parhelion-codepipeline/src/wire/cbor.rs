//! rpc-v2-cbor: CBOR bytes ↔ [`Value`]. What is accepted and refused is smithy's: indefinite lengths, any width of
//! number, undefined as null, tag 1 for instants; nothing after the value, no keys but texts.

mod plain;

pub use plain::Plain;

use super::value::{Members, VALUES_MAX, Value, instant_of, seconds_of};
use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder};
use parhelion_core::limits;
use std::convert::Infallible;

/// Tag 1: an instant as seconds since 1970.
pub(super) const INSTANT: Tag = Tag::new(1);

/// The value that the bytes say; no bytes at all are an empty map.
///
/// # Errors
/// One sentence on what is wrong, for bytes that are no CBOR, go on after the value, or are too deep or too many.
pub fn read(bytes: &[u8]) -> Result<Value, String> {
    if bytes.is_empty() {
        return Ok(Value::Map(Members::new()));
    }
    let mut reader = Reader { cbor: Decoder::new(bytes), left: VALUES_MAX };
    let value = reader.value(0)?;
    match bytes.len() - reader.cbor.position() {
        0 => Ok(value),
        more => Err(format!("{more} bytes after the end of the value")),
    }
}

struct Reader<'b> {
    cbor: Decoder<'b>,
    /// How many more values may come.
    left: usize,
}

/// minicbor's own words, in a sentence.
fn bad(error: minicbor::decode::Error) -> String {
    format!("invalid CBOR: {error}")
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > limits::NESTING {
            return Err(format!("more than {} levels", limits::NESTING));
        }
        self.left = self.left.checked_sub(1).ok_or_else(|| format!("more than {VALUES_MAX} values"))?;
        Ok(match self.cbor.datatype().map_err(bad)? {
            Type::Bool => Value::Bool(self.cbor.bool().map_err(bad)?),
            Type::Null => self.cbor.null().map(|()| Value::Null).map_err(bad)?,
            Type::Undefined => self.cbor.undefined().map(|()| Value::Null).map_err(bad)?,
            Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int => {
                let wide = i128::from(self.cbor.int().map_err(bad)?);
                i64::try_from(wide).map_or(Value::Float(wide as f64), Value::Int)
            }
            Type::F16 => Value::Float(self.cbor.f16().map_err(bad)?.into()),
            Type::F32 => Value::Float(self.cbor.f32().map_err(bad)?.into()),
            Type::F64 => Value::Float(self.cbor.f64().map_err(bad)?),
            Type::String | Type::StringIndef => Value::Text(self.text()?),
            Type::Bytes | Type::BytesIndef => {
                let mut all = Vec::new();
                for part in self.cbor.bytes_iter().map_err(bad)? {
                    all.extend_from_slice(part.map_err(bad)?);
                }
                Value::Bytes(all)
            }
            Type::Array | Type::ArrayIndef => self.list(depth)?,
            Type::Map | Type::MapIndef => self.map(depth)?,
            Type::Tag => {
                let tag = self.cbor.tag().map_err(bad)?;
                let inner = self.value(depth + 1)?;
                if tag == INSTANT { instant(&inner)? } else { inner }
            }
            other => return Err(format!("a value of type {other} is not supported")),
        })
    }

    fn text(&mut self) -> Result<String, String> {
        let mut all = String::new();
        for part in self.cbor.str_iter().map_err(bad)? {
            all.push_str(part.map_err(bad)?);
        }
        Ok(all)
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        let mut length = self.cbor.array().map_err(bad)?;
        // A length is a claim: nothing is set aside for it before the values are there.
        let mut out = Vec::new();
        while more(&mut self.cbor, &mut length)? {
            out.push(self.value(depth + 1)?);
        }
        Ok(Value::List(out))
    }

    fn map(&mut self, depth: usize) -> Result<Value, String> {
        let mut length = self.cbor.map().map_err(bad)?;
        let mut out = Members::new();
        while more(&mut self.cbor, &mut length)? {
            match self.cbor.datatype().map_err(bad)? {
                Type::String | Type::StringIndef => {}
                other => return Err(format!("a map key of type {other}; only texts are keys")),
            }
            let name = self.text()?;
            out.insert(name, self.value(depth + 1)?);
        }
        Ok(Value::Map(out))
    }
}

/// Whether another entry follows: by the count, or until the break of an indefinite length.
fn more(cbor: &mut Decoder<'_>, length: &mut Option<u64>) -> Result<bool, String> {
    match length {
        Some(0) => Ok(false),
        Some(n) => {
            *n -= 1;
            Ok(true)
        }
        None => {
            let more = cbor.datatype().map_err(bad)? != Type::Break;
            if !more {
                cbor.set_position(cbor.position() + 1);
            }
            Ok(more)
        }
    }
}

fn instant(seconds: &Value) -> Result<Value, String> {
    let seconds = match seconds {
        Value::Int(v) => *v as f64,
        Value::Float(v) => *v,
        _ => return Err("tag 1 on something that is no number".to_owned()),
    };
    instant_of(seconds)
        .map(Value::Timestamp)
        .ok_or_else(|| "an instant outside the years 1 to 9999".to_owned())
}

/// The bytes that say a value. Members without a value are left out; lengths are definite; an instant is tag 1
/// with a double of milliseconds' precision.
pub fn write(value: &Value) -> Vec<u8> {
    let mut cbor = Encoder::new(Vec::new());
    // Writing into a Vec cannot fail: its error type is Infallible.
    let _ = put(&mut cbor, value);
    cbor.into_writer()
}

fn put(cbor: &mut Encoder<Vec<u8>>, value: &Value) -> Result<(), minicbor::encode::Error<Infallible>> {
    match value {
        Value::Null => cbor.null()?,
        Value::Bool(v) => cbor.bool(*v)?,
        Value::Int(v) => cbor.i64(*v)?,
        Value::Float(v) => cbor.f64(*v)?,
        Value::Text(v) => cbor.str(v)?,
        Value::Bytes(v) => cbor.bytes(v)?,
        Value::Timestamp(at) => cbor.tag(INSTANT)?.f64(seconds_of(*at))?,
        Value::List(values) => {
            cbor.array(values.len() as u64)?;
            for value in values {
                put(cbor, value)?;
            }
            cbor
        }
        Value::Map(members) => {
            let present = || members.iter().filter(|(_, v)| !matches!(v, Value::Null));
            cbor.map(present().count() as u64)?;
            for (name, value) in present() {
                cbor.str(name)?;
                put(cbor, value)?;
            }
            cbor
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::value::tests::any_value;
    use expect_test::expect;
    use parhelion_core::text::{hex, unhex};
    use proptest::prelude::*;

    fn value(bytes: &str) -> Result<Value, String> {
        read(&unhex(&bytes.replace(' ', "")).unwrap())
    }

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
    }

    #[test]
    fn golden_requests() {
        let name = map(&[("name", "p".into())]);
        assert_eq!(value("a1 646e616d65 6170").unwrap(), name);
        assert_eq!(value("bf 646e616d65 6170 ff").unwrap(), name);
        assert_eq!(value("bf 7f 626e61 626d65 ff 7f 6170 ff ff").unwrap(), name);
        for empty in ["", "a0", "bf ff"] {
            assert_eq!(value(empty).unwrap(), map(&[]), "{empty}");
        }
        assert_eq!(
            value("a1 6161 9f 01 20 1903e8 f93c00 fa3fc00000 fb3ff8000000000000 f5 f6 f7 4101 ff").unwrap(),
            map(&[(
                "a",
                Value::List(vec![
                    Value::Int(1),
                    Value::Int(-1),
                    Value::Int(1000),
                    Value::Float(1.0),
                    Value::Float(1.5),
                    Value::Float(1.5),
                    Value::Bool(true),
                    Value::Null,
                    Value::Null,
                    Value::Bytes(vec![1]),
                ])
            )])
        );
        assert_eq!(value("1b ffffffffffffffff").unwrap(), Value::Float(18_446_744_073_709_551_615.0));
    }

    #[test]
    fn tag_1_is_an_instant_and_unknown_tags_are_looked_through() {
        let at = Value::Timestamp(chrono::DateTime::from_timestamp_millis(1_598_902_400_000).unwrap());
        assert_eq!(
            value("c1 1a5f4d4c80").unwrap(),
            Value::Timestamp(chrono::DateTime::from_timestamp(0x5f4d_4c80, 0).unwrap())
        );
        assert_eq!(value(&hex(&write(&at))).unwrap(), at);
        assert_eq!(value("d8 20 6170").unwrap(), "p".into());
        assert_eq!(value("c1 6170").unwrap_err(), "tag 1 on something that is no number");
        assert!(value("c1 fb7ff0000000000000").is_err());
    }

    #[test]
    fn golden_answers() {
        let at = chrono::DateTime::from_timestamp_millis(1_598_902_400_123).unwrap();
        let answer = map(&[
            ("updated", Value::Timestamp(at)),
            ("gone", Value::Null),
            ("list", Value::List(vec![Value::Bool(true), Value::Int(-7)])),
        ]);
        expect!["a26775706461746564c1fb41d7d3542007df3b646c69737482f526"].assert_eq(&hex(&write(&answer)));
        assert_eq!(write(&map(&[])), [0xa0]);
    }

    #[test]
    fn refused() {
        for (bytes, why) in [
            ("a0 00", "1 bytes after the end of the value"),
            ("a1 01 02", "a map key of type u8; only texts are keys"),
            ("a1 6161", "end of input"),
            ("61 ff", "utf-8"),
            ("9f", "end of input"),
            ("9b ffffffffffffffff 00", "end of input"),
            ("7b 7fffffffffffffff 61", "end of input"),
            ("ff", "not supported"),
            ("f8 20", "not supported"),
        ] {
            let said = value(bytes).unwrap_err();
            assert!(said.to_lowercase().contains(why), "{bytes}: {said}");
        }
        assert!(read(&[0x81; 200]).unwrap_err().contains("levels"));
        assert!(read(&[0xc2; 200]).unwrap_err().contains("levels"));
        assert!(read(&[0x9f; 100_000]).unwrap_err().contains("levels"));
        let mut many = vec![0x9f];
        many.resize(VALUES_MAX + 2, 0);
        assert!(read(&many).unwrap_err().contains("values"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
        #[test]
        fn what_is_written_is_read_again(value in any_value(true)) {
            prop_assert_eq!(read(&write(&value)).unwrap(), value);
        }
        #[test]
        fn a_broken_off_value_is_refused(value in any_value(true), cut in 1usize..8) {
            let bytes = write(&value);
            prop_assume!(cut < bytes.len());
            prop_assert!(read(&bytes[..bytes.len() - cut]).is_err());
        }
    }
}
