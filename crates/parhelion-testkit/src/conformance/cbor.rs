//! CBOR, as much of it as rpc-v2-cbor has: written in whatever form a case wants, read strictly.

use super::datum::Datum;

/// How values are written: all forms say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The shortest form, lengths in front.
    Plain,
    /// Maps, lists and texts in pieces, ended by a break.
    Indefinite,
    /// Heads of nine bytes, `undefined` for null.
    Wide,
}

/// The bytes of a value.
pub fn write(value: &Datum, style: Style) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value, style);
    out
}

fn head(out: &mut Vec<u8>, major: u8, n: u64, style: Style) {
    let major = major << 5;
    let bytes = n.to_be_bytes();
    match n {
        _ if style == Style::Wide => {
            out.push(major | 27);
            out.extend(bytes);
        }
        0..=23 => out.push(major | bytes[7]),
        24..=0xff => out.extend([major | 24, bytes[7]]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend(&bytes[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend(bytes);
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str, style: Style) {
    if style == Style::Indefinite {
        out.push(0x7f);
        let mut rest = text;
        while !rest.is_empty() {
            let mut cut = rest.len().min(7);
            while !rest.is_char_boundary(cut) {
                cut += 1;
            }
            head(out, 3, cut as u64, style);
            out.extend(&rest.as_bytes()[..cut]);
            rest = &rest[cut..];
        }
        out.push(0xff);
    } else {
        head(out, 3, text.len() as u64, style);
        out.extend(text.as_bytes());
    }
}

fn put(out: &mut Vec<u8>, value: &Datum, style: Style) {
    match value {
        Datum::Null => out.push(if style == Style::Wide { 0xf7 } else { 0xf6 }),
        Datum::Bool(value) => out.push(0xf4 + u8::from(*value)),
        Datum::Int(n) if *n < 0 => head(out, 1, n.unsigned_abs() - 1, style),
        Datum::Int(n) => head(out, 0, n.unsigned_abs(), style),
        Datum::Float(n) => {
            out.push(0xfb);
            out.extend(n.to_be_bytes());
        }
        Datum::Time(n) => {
            out.push(0xc1);
            put(out, &Datum::Float(*n), style);
        }
        Datum::Text(it) => text(out, it, style),
        Datum::Bytes(bytes) => {
            head(out, 2, bytes.len() as u64, style);
            out.extend(bytes);
        }
        Datum::List(items) => {
            open(out, 4, items.len(), style);
            items.iter().for_each(|item| put(out, item, style));
            close(out, style);
        }
        Datum::Map(entries) => {
            open(out, 5, entries.len(), style);
            for (name, value) in entries {
                text(out, name, style);
                put(out, value, style);
            }
            close(out, style);
        }
    }
}

fn open(out: &mut Vec<u8>, major: u8, n: usize, style: Style) {
    if style == Style::Indefinite { out.push(major << 5 | 31) } else { head(out, major, n as u64, style) }
}

fn close(out: &mut Vec<u8>, style: Style) {
    if style == Style::Indefinite {
        out.push(0xff);
    }
}

/// The value of an answer's bytes, in the strict form that a client needs: instants are tagged doubles.
///
/// # Errors
/// A sentence.
pub fn read(bytes: &[u8]) -> Result<Datum, String> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    if reader.at == bytes.len() { Ok(value) } else { Err(format!("bytes after the value, at {}", reader.at)) }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn take(&mut self, n: usize) -> Result<&'b [u8], String> {
        let end = self.at.checked_add(n).ok_or("a length beyond all")?;
        let taken = self.bytes.get(self.at..end).ok_or_else(|| format!("it ends early, at {}", self.at))?;
        self.at = end;
        Ok(taken)
    }
    fn number(&mut self, n: usize) -> Result<u64, String> {
        Ok(self.take(n)?.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    }
    /// The argument of a head; nothing when the length is left open.
    fn argument(&mut self, info: u8) -> Result<Option<u64>, String> {
        Ok(Some(match info {
            0..=23 => u64::from(info),
            24..=27 => self.number(1 << (info - 24))?,
            31 => return Ok(None),
            _ => return Err(format!("a head of {info}")),
        }))
    }
    fn more(&mut self, left: &mut Option<u64>) -> Result<bool, String> {
        match left {
            Some(0) => Ok(false),
            Some(n) => {
                *n -= 1;
                Ok(true)
            }
            None if self.bytes.get(self.at) == Some(&0xff) => {
                self.at += 1;
                Ok(false)
            }
            None => Ok(true),
        }
    }
    fn value(&mut self, depth: usize) -> Result<Datum, String> {
        if depth > 100 {
            return Err("too deep".to_owned());
        }
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        if major == 7 {
            return match info {
                20 | 21 => Ok(Datum::Bool(info == 21)),
                22 => Ok(Datum::Null),
                26 => Ok(Datum::Float(f32::from_bits(self.number(4)? as u32).into())),
                27 => Ok(Datum::Float(f64::from_bits(self.number(8)?))),
                _ => Err(format!("a simple value {info}")),
            };
        }
        let argument = self.argument(info)?;
        let exact = || argument.ok_or_else(|| format!("an open length of major type {major}"));
        match major {
            0 => i64::try_from(exact()?).map(Datum::Int).map_err(|e| e.to_string()),
            1 => i64::try_from(exact()?).map(|n| Datum::Int(-1 - n)).map_err(|e| e.to_string()),
            2 => Ok(Datum::Bytes(self.take(exact()? as usize)?.to_vec())),
            3 => Ok(Datum::Text(self.text(argument)?)),
            4 => {
                let (mut left, mut items) = (argument, Vec::new());
                while self.more(&mut left)? {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Datum::List(items))
            }
            5 => {
                let (mut left, mut entries) = (argument, Vec::new());
                while self.more(&mut left)? {
                    let Datum::Text(name) = self.value(depth + 1)? else {
                        return Err("a key that is no text".to_owned());
                    };
                    entries.push((name, self.value(depth + 1)?));
                }
                Ok(Datum::Map(entries))
            }
            _ => match (exact()?, self.bytes.get(self.at), self.value(depth + 1)?) {
                (1, Some(0xfb), Datum::Float(seconds)) => Ok(Datum::Time(seconds)),
                (tag, ..) => Err(format!("tag {tag} on something else than a double")),
            },
        }
    }
    fn text(&mut self, length: Option<u64>) -> Result<String, String> {
        let bytes = match length {
            Some(n) => self.take(n as usize)?.to_vec(),
            None => {
                let (mut left, mut all) = (None, Vec::new());
                while self.more(&mut left)? {
                    let first = self.take(1)?[0];
                    let n =
                        self.argument(first & 31)?.filter(|_| first >> 5 == 3).ok_or("a piece of text")?;
                    all.extend(self.take(n as usize)?);
                }
                all
            }
        };
        String::from_utf8(bytes).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_says_the_same() {
        let value = Datum::Map(vec![
            ("text".into(), Datum::text("längere Texte als sieben Zeichen")),
            ("list".into(), Datum::List(vec![Datum::Int(-1), Datum::Int(70_000), Datum::Bool(true)])),
            ("at".into(), Datum::Time(1.5)),
            ("bytes".into(), Datum::Bytes(vec![1, 2])),
        ]);
        for style in [Style::Plain, Style::Indefinite, Style::Wide] {
            let bytes = write(&value, style);
            assert_eq!(read(&bytes).unwrap(), value, "{style:?}");
            assert!(read(&bytes[..bytes.len() - 1]).is_err());
        }
        assert_eq!(write(&Datum::Int(500), Style::Plain), [0x19, 1, 0xf4]);
        assert_eq!(write(&Datum::Null, Style::Wide), [0xf7]);
    }

    #[test]
    fn what_a_client_would_not_take_is_told() {
        for bytes in [&[0xc1, 0xf9, 0, 0][..], &[0xc1, 1], &[0xa1, 1, 1], &[0xf7], &[1, 1], &[0x81; 200]] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}
