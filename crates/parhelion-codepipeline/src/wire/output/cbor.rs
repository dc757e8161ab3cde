//! rpc-v2-cbor: shapes → CBOR bytes. Lengths are definite; an instant is tag 1 with a double of milliseconds' precision.

use crate::wire::cbor::INSTANT;
use crate::wire::value::{EPOCH_SECONDS, ValueError};
use minicbor::Encoder;
use serde::ser::{self, Impossible, Serialize};

/// Writes behind what stands in `out`.
pub fn write<T: Serialize + ?Sized>(output: &T, out: Vec<u8>) -> Result<Vec<u8>, ValueError> {
    let mut cbor = Encoder::new(out);
    output.serialize(Writer(&mut cbor))?;
    Ok(cbor.into_writer())
}

/// Writes one value; within lists and maps it writes the next one.
struct Writer<'a>(&'a mut Encoder<Vec<u8>>);

impl ser::Error for ValueError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        ValueError(message.to_string())
    }
}

fn unfit(what: &str) -> ValueError {
    ValueError(format!("{what} is no value of this API"))
}

/// Writing into a `Vec` cannot fail: what it gives back says nothing.
fn put<T, E>(_: Result<T, E>) -> Result<(), ValueError> {
    Ok(())
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = ValueError;
    type SerializeSeq = Writer<'a>;
    type SerializeTuple = Impossible<(), ValueError>;
    type SerializeTupleStruct = Impossible<(), ValueError>;
    type SerializeTupleVariant = Impossible<(), ValueError>;
    type SerializeMap = Writer<'a>;
    type SerializeStruct = Writer<'a>;
    type SerializeStructVariant = Impossible<(), ValueError>;

    fn serialize_bool(self, v: bool) -> Result<(), ValueError> {
        put(self.0.bool(v))
    }
    fn serialize_i8(self, v: i8) -> Result<(), ValueError> {
        put(self.0.i8(v))
    }
    fn serialize_i16(self, v: i16) -> Result<(), ValueError> {
        put(self.0.i16(v))
    }
    fn serialize_i32(self, v: i32) -> Result<(), ValueError> {
        put(self.0.i32(v))
    }
    fn serialize_i64(self, v: i64) -> Result<(), ValueError> {
        put(self.0.i64(v))
    }
    fn serialize_u8(self, v: u8) -> Result<(), ValueError> {
        put(self.0.u8(v))
    }
    fn serialize_u16(self, v: u16) -> Result<(), ValueError> {
        put(self.0.u16(v))
    }
    fn serialize_u32(self, v: u32) -> Result<(), ValueError> {
        put(self.0.u32(v))
    }
    fn serialize_u64(self, v: u64) -> Result<(), ValueError> {
        put(self.0.u64(v))
    }
    fn serialize_f32(self, v: f32) -> Result<(), ValueError> {
        put(self.0.f64(v.into()))
    }
    fn serialize_f64(self, v: f64) -> Result<(), ValueError> {
        put(self.0.f64(v))
    }
    fn serialize_char(self, v: char) -> Result<(), ValueError> {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, v: &str) -> Result<(), ValueError> {
        put(self.0.str(v))
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<(), ValueError> {
        put(self.0.bytes(v))
    }
    fn serialize_none(self) -> Result<(), ValueError> {
        put(self.0.null())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, v: &T) -> Result<(), ValueError> {
        v.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), ValueError> {
        put(self.0.null())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), ValueError> {
        put(self.0.map(0))
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), ValueError> {
        put(self.0.str(variant))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        v: &T,
    ) -> Result<(), ValueError> {
        if name == EPOCH_SECONDS {
            put(self.0.tag(INSTANT))?;
        }
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
    fn serialize_seq(self, len: Option<usize>) -> Result<Self, ValueError> {
        let len = len.ok_or_else(|| unfit("a list of unknown length"))?;
        put(self.0.array(len as u64))?;
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, ValueError> {
        Err(unfit("a tuple"))
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
    fn serialize_map(self, len: Option<usize>) -> Result<Self, ValueError> {
        let len = len.ok_or_else(|| unfit("a map of unknown length"))?;
        put(self.0.map(len as u64))?;
        Ok(self)
    }
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Self, ValueError> {
        // Members that are left out are not counted.
        self.serialize_map(Some(len))
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

impl ser::SerializeSeq for Writer<'_> {
    type Ok = ();
    type Error = ValueError;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), ValueError> {
        v.serialize(Writer(self.0))
    }
    fn end(self) -> Result<(), ValueError> {
        Ok(())
    }
}

impl ser::SerializeMap for Writer<'_> {
    type Ok = ();
    type Error = ValueError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        let before = self.0.writer().len();
        key.serialize(Writer(self.0))?;
        // Major type 3: a text.
        match self.0.writer().get(before) {
            Some(head) if head >> 5 == 3 => Ok(()),
            _ => Err(unfit("a map with such keys")),
        }
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), ValueError> {
        v.serialize(Writer(self.0))
    }
    fn end(self) -> Result<(), ValueError> {
        Ok(())
    }
}

impl ser::SerializeStruct for Writer<'_> {
    type Ok = ();
    type Error = ValueError;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        v: &T,
    ) -> Result<(), ValueError> {
        put(self.0.str(name))?;
        v.serialize(Writer(self.0))
    }
    fn end(self) -> Result<(), ValueError> {
        Ok(())
    }
}
