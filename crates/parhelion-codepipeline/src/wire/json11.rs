//! awsJson1_1: JSON bytes ↔ [`Value`]. Instants go out as numbers of seconds with three decimals; they come in as
//! numbers or texts, which only the shape knows to be instants ([`super::constraints`]).

use super::value::{Members, VALUES_MAX, Value};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;
use std::io::Write as _;

/// The value that the bytes say; no bytes at all are an empty object.
///
/// Nesting is bounded by serde_json (127 levels), the number of values by [`VALUES_MAX`].
///
/// # Errors
/// One sentence on what is wrong, for bytes that are no JSON or too deep.
pub fn read(bytes: &[u8]) -> Result<Value, String> {
    if bytes.is_empty() {
        return Ok(Value::Map(Members::new()));
    }
    let left = Cell::new(VALUES_MAX);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Tree(&left).deserialize(&mut json).map_err(|e| e.to_string())?;
    json.end().map_err(|e| e.to_string())?;
    Ok(value)
}

/// Builds a [`Value`], counting down how many more may come.
#[derive(Clone, Copy)]
struct Tree<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.ok_or_else(|| serde::de::Error::custom(format!("more than {VALUES_MAX} values")))?);
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Int(v))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(i64::try_from(v).map_or(Value::Float(v as f64), Value::Int))
    }
    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Value::Float(v))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::Text(v.to_owned()))
    }
    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::Text(v))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            out.push(value);
        }
        Ok(Value::List(out))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Members::new();
        while let Some(name) = map.next_key::<String>()? {
            out.insert(name, map.next_value_seed(self)?);
        }
        Ok(Value::Map(out))
    }
}

/// The bytes that say a value. Members without a value are left out.
pub fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value);
    out
}

fn put(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(v) => out.extend_from_slice(if *v { b"true" } else { b"false" }),
        Value::Text(v) => text(out, v),
        Value::Timestamp(at) => {
            let millis = at.timestamp_millis();
            let (sign, millis) = (if millis < 0 { "-" } else { "" }, millis.unsigned_abs());
            // Writing into a Vec cannot fail.
            let _ = write!(out, "{sign}{}.{:03}", millis / 1000, millis % 1000);
        }
        Value::Int(v) => {
            let _ = write!(out, "{v}");
        }
        // No shape of this API has a fraction or bytes; what JSON cannot say becomes null.
        Value::Float(v) if v.is_finite() => {
            let _ = write!(out, "{v:?}");
        }
        Value::Float(_) | Value::Bytes(_) => out.extend_from_slice(b"null"),
        Value::List(values) => {
            out.push(b'[');
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                put(out, value);
            }
            out.push(b']');
        }
        Value::Map(members) => {
            out.push(b'{');
            for (i, (name, value)) in members.iter().filter(|(_, v)| !matches!(v, Value::Null)).enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                text(out, name);
                out.push(b':');
                put(out, value);
            }
            out.push(b'}');
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    // A str is always writable JSON, and a Vec takes everything.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::value::tests::any_value;
    use expect_test::expect;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        match read(text.as_bytes()) {
            Ok(value) => String::from_utf8(write(&value)).unwrap(),
            Err(why) => format!("! {why}"),
        }
    }

    #[test]
    fn golden() {
        expect![[r#"{"a":[1,-2.5,true,"ü\n"],"c":{}}"#]]
            .assert_eq(&shown(r#" {"a":[1,-2.5,true,"ü\n"], "b": null, "c":{}} "#));
        expect!["{}"].assert_eq(&shown(""));
        expect![[r#"{"a":2}"#]].assert_eq(&shown(r#"{"a":1,"a":2}"#));
        expect!["! trailing characters at line 1 column 4"].assert_eq(&shown("{} x"));
        expect!["! number out of range at line 1 column 6"].assert_eq(&shown(r#"[1e400]"#));
    }

    #[test]
    fn instants_have_three_decimals() {
        for (millis, text) in [
            (1_598_902_400_123, "1598902400.123"),
            (1_598_902_400_000, "1598902400.000"),
            (5, "0.005"),
            (-1500, "-1.500"),
        ] {
            let at = chrono::DateTime::from_timestamp_millis(millis).unwrap();
            assert_eq!(write(&Value::Timestamp(at)), text.as_bytes());
        }
    }

    #[test]
    fn depth_size_and_encoding_are_bounded() {
        assert!(read(&[b'['; 200]).unwrap_err().contains("recursion limit"));
        assert!(read(b"{\"a\":\"\xff\"}").is_err());
        let mut many = b"[0".to_vec();
        many.extend_from_slice(&b",0".repeat(VALUES_MAX));
        many.push(b']');
        assert!(read(&many).unwrap_err().contains("more than"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
        #[test]
        fn what_is_written_is_read_again(value in any_value(false)) {
            let again = read(&write(&value)).unwrap();
            prop_assert_eq!(write(&again), write(&value));
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&write(&value)).is_ok());
        }
    }
}
