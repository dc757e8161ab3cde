//! awsJson1_1: shapes → JSON bytes.

use crate::wire::value::{ValueError, millis_of};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter};
use std::io::{Result, Write};

pub fn write<T: Serialize + ?Sized>(output: &T, room: usize) -> std::result::Result<Vec<u8>, ValueError> {
    let mut out = Vec::with_capacity(room);
    let written = output.serialize(&mut Serializer::with_formatter(&mut out, Instants(CompactFormatter)));
    written.map_err(|error| ValueError(error.to_string()))?;
    Ok(out)
}

/// No shape of this API has a fraction but as an instant, in seconds: it is written with three decimals.
struct Instants(CompactFormatter);

impl Formatter for Instants {
    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, seconds: f64) -> Result<()> {
        let millis = millis_of(seconds);
        let (sign, millis) = (if millis < 0 { "-" } else { "" }, millis.unsigned_abs());
        write!(out, "{sign}{}.{:03}", millis / 1000, millis % 1000)
    }
}
