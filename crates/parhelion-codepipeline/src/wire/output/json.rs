//! awsJson1_1: shapes → JSON bytes, as serde_json writes them but for instants: numbers of seconds with three decimals.

use crate::wire::value::{ValueError, millis_of};
use serde::ser::{self, Impossible, Serialize};

/// Writes behind what stands in `out`.
pub fn write<T: Serialize + ?Sized>(output: &T, mut out: Vec<u8>) -> Result<Vec<u8>, ValueError> {
    output.serialize(Writer(&mut out))?;
    Ok(out)
}

fn unfit(what: &str) -> ValueError {
    ValueError(format!("{what} is no value of this API"))
}

/// Whether a byte stands in a JSON text as it is.
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// Whether all bytes do. Most texts are plain: eight bytes at a time are looked at.
fn all_plain(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    /// The upper bit of a byte where one is less than `limit` (at most 128). Of no use but as a whole: is there any?
    const fn less(word: u64, limit: u64) -> u64 {
        word.wrapping_sub(ONES * limit) & !word
    }
    const fn some_special(word: u64) -> bool {
        let found = less(word, 0x20) | less(word ^ (ONES * 0x22), 1) | less(word ^ (ONES * 0x5c), 1);
        found & (ONES * 0x80) != 0
    }
    let (words, rest) = bytes.as_chunks::<8>();
    !words.iter().any(|word| some_special(u64::from_ne_bytes(*word))) && rest.iter().copied().all(is_plain)
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    if all_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.bytes().for_each(|byte| escaped(out, byte));
    }
    out.push(b'"');
}

fn escaped(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        _ if is_plain(byte) => return out.push(byte),
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => {
            let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// The digits of a number, at least so many.
fn digits(out: &mut Vec<u8>, mut number: u64, least: usize) {
    let mut room = [b'0'; 20];
    let mut used = 0;
    for digit in room.iter_mut().rev() {
        if number == 0 && used >= least {
            break;
        }
        *digit += (number % 10) as u8;
        number /= 10;
        used += 1;
    }
    out.extend_from_slice(room.get(room.len() - used..).unwrap_or_default());
}

fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    digits(out, number.unsigned_abs(), 1);
}

/// Writes one value.
struct Writer<'a>(&'a mut Vec<u8>);

/// Writes what is in a list or a map.
pub struct Within<'a> {
    out: &'a mut Vec<u8>,
    /// What closes it.
    end: u8,
    is_first: bool,
}

impl<'a> Writer<'a> {
    fn open(self, open: u8, end: u8) -> Within<'a> {
        self.0.push(open);
        Within { out: self.0, end, is_first: true }
    }
}

impl Within<'_> {
    fn next(&mut self) {
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
    }
    fn close(self) -> Result<(), ValueError> {
        self.out.push(self.end);
        Ok(())
    }
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = ValueError;
    type SerializeSeq = Within<'a>;
    type SerializeTuple = Within<'a>;
    type SerializeTupleStruct = Impossible<(), ValueError>;
    type SerializeTupleVariant = Impossible<(), ValueError>;
    type SerializeMap = Within<'a>;
    type SerializeStruct = Within<'a>;
    type SerializeStructVariant = Impossible<(), ValueError>;

    fn serialize_bool(self, v: bool) -> Result<(), ValueError> {
        self.0.extend_from_slice(if v { b"true" } else { b"false" });
        Ok(())
    }
    fn serialize_i8(self, v: i8) -> Result<(), ValueError> {
        self.serialize_i64(v.into())
    }
    fn serialize_i16(self, v: i16) -> Result<(), ValueError> {
        self.serialize_i64(v.into())
    }
    fn serialize_i32(self, v: i32) -> Result<(), ValueError> {
        self.serialize_i64(v.into())
    }
    fn serialize_i64(self, v: i64) -> Result<(), ValueError> {
        signed(self.0, v);
        Ok(())
    }
    fn serialize_u8(self, v: u8) -> Result<(), ValueError> {
        self.serialize_u64(v.into())
    }
    fn serialize_u16(self, v: u16) -> Result<(), ValueError> {
        self.serialize_u64(v.into())
    }
    fn serialize_u32(self, v: u32) -> Result<(), ValueError> {
        self.serialize_u64(v.into())
    }
    fn serialize_u64(self, v: u64) -> Result<(), ValueError> {
        digits(self.0, v, 1);
        Ok(())
    }
    fn serialize_f32(self, v: f32) -> Result<(), ValueError> {
        self.serialize_f64(v.into())
    }
    /// No shape of this API has a fraction but as an instant, in seconds.
    fn serialize_f64(self, seconds: f64) -> Result<(), ValueError> {
        if !seconds.is_finite() {
            return self.serialize_unit();
        }
        let millis = millis_of(seconds);
        if millis < 0 {
            self.0.push(b'-');
        }
        digits(self.0, millis.unsigned_abs() / 1000, 1);
        self.0.push(b'.');
        digits(self.0, millis.unsigned_abs() % 1000, 3);
        Ok(())
    }
    fn serialize_char(self, v: char) -> Result<(), ValueError> {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, v: &str) -> Result<(), ValueError> {
        text(self.0, v);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), ValueError> {
        Err(unfit("a byte string"))
    }
    fn serialize_none(self) -> Result<(), ValueError> {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, v: &T) -> Result<(), ValueError> {
        v.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), ValueError> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), ValueError> {
        self.serialize_unit()
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), ValueError> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        v: &T,
    ) -> Result<(), ValueError> {
        v.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), ValueError> {
        Err(unfit("an enumeration with data"))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Within<'a>, ValueError> {
        Ok(self.open(b'[', b']'))
    }
    fn serialize_tuple(self, _: usize) -> Result<Within<'a>, ValueError> {
        Ok(self.open(b'[', b']'))
    }
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, ValueError> {
        Err(unfit("a tuple"))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, ValueError> {
        Err(unfit("an enumeration with data"))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Within<'a>, ValueError> {
        Ok(self.open(b'{', b'}'))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Within<'a>, ValueError> {
        Ok(self.open(b'{', b'}'))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, ValueError> {
        Err(unfit("an enumeration with data"))
    }
}

impl ser::SerializeSeq for Within<'_> {
    type Ok = ();
    type Error = ValueError;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), ValueError> {
        self.next();
        v.serialize(Writer(self.out))
    }
    fn end(self) -> Result<(), ValueError> {
        self.close()
    }
}

impl ser::SerializeTuple for Within<'_> {
    type Ok = ();
    type Error = ValueError;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), ValueError> {
        ser::SerializeSeq::serialize_element(self, v)
    }
    fn end(self) -> Result<(), ValueError> {
        self.close()
    }
}

impl ser::SerializeMap for Within<'_> {
    type Ok = ();
    type Error = ValueError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        self.next();
        let before = self.out.len();
        key.serialize(Writer(self.out))?;
        match self.out.get(before) {
            Some(b'"') => Ok(()),
            _ => Err(unfit("a map with such keys")),
        }
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), ValueError> {
        self.out.push(b':');
        v.serialize(Writer(self.out))
    }
    fn end(self) -> Result<(), ValueError> {
        self.close()
    }
}

impl ser::SerializeStruct for Within<'_> {
    type Ok = ();
    type Error = ValueError;
    /// Names of members are the API model's: none has a character that needs an escape. Inlined, since the compiler
    /// then knows the name and writes it in a few stores.
    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        v: &T,
    ) -> Result<(), ValueError> {
        debug_assert!(all_plain(name.as_bytes()), "{name}");
        self.out.reserve(name.len() + 4);
        self.next();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        v.serialize(Writer(self.out))
    }
    fn end(self) -> Result<(), ValueError> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn both(value: &(impl Serialize + ?Sized)) -> (String, String) {
        let ours = String::from_utf8(write(value, Vec::new()).unwrap()).unwrap();
        (ours, serde_json::to_string(value).unwrap())
    }

    /// Values without fractions: those are instants here.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            ".{0,40}[\"\\\\\u{0}-\u{20}\u{7f}-\u{ff}]?.{0,9}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_serde_json(value in any_json()) {
            let (ours, theirs) = both(&value);
            prop_assert_eq!(ours, theirs);
        }
        #[test]
        fn plain_is_what_needs_no_escape(bytes in proptest::collection::vec(prop_oneof![4 => 0x20_u8..0x60, 1 => any::<u8>()], 0..40)) {
            prop_assert_eq!(all_plain(&bytes), bytes.iter().copied().all(is_plain));
        }
    }

    /// A special character at every place of a long text.
    #[test]
    fn each_character_is_found_wherever_it_stands() {
        for special in
            (0..0x30_u8).chain(b'Z'..=b'^').chain([0x7f]).map(char::from).chain(['ü', '\u{2028}', '😀'])
        {
            for at in 0..20 {
                let text = format!("{}{special}{}", "a".repeat(at), "b".repeat(20 - at));
                let (ours, theirs) = both(&text);
                assert_eq!(ours, theirs);
            }
        }
    }

    #[test]
    fn what_no_shape_holds() {
        let (ours, theirs) = both(&(1_u8, 'x', (), Some(i64::MIN), u64::MAX, json!({"a": [0]})));
        assert_eq!(ours, theirs);
        let keys = std::collections::BTreeMap::from([(1, 2)]);
        assert!(write(&keys, Vec::new()).is_err() && write(&Ok::<u8, u8>(1), Vec::new()).is_err());
        assert_eq!(write(&f64::NAN, Vec::new()).unwrap(), b"null");
    }
}
