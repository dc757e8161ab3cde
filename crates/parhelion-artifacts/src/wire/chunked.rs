//! The framing of uploads whose length or checksum is not known before: `aws-chunked`.
//!
//! `{size in hex}[;chunk-signature=…]\r\n{bytes}\r\n` …, then a chunk of size 0, then trailers (`name:value\r\n`), then an
//! empty line. Docs: SigV4, "Transferring Payload in Multiple Chunks". Chunk signatures are not looked at.

use crate::error::{Error, Result};

/// Longest line of the framing, bytes: a size with its signature, or a trailer.
const LINE_BYTES: usize = 4096;
/// The most trailers.
const TRAILERS: usize = 16;

/// Takes the framing off, however it comes cut.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    line: Vec<u8>,
    trailers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// In the line of a chunk's size.
    Size,
    /// In a chunk, with so many bytes to come.
    Bytes(u64),
    /// In the line end behind a chunk.
    End,
    /// In a trailer's line.
    Trailer,
    /// All came.
    Over,
}

impl Decoder {
    /// At the beginning.
    pub fn new() -> Decoder {
        Decoder { state: State::Size, line: Vec::new(), trailers: Vec::new() }
    }

    /// The next bytes of the request; gives those of the object to `take`.
    ///
    /// # Errors
    /// `IncompleteBody` where the framing is wrong; what `take` refuses.
    pub fn push(&mut self, mut bytes: &[u8], take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        while !bytes.is_empty() {
            match self.state {
                State::Bytes(left) => {
                    let now = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let (chunk, rest) = bytes.split_at(now);
                    take(chunk)?;
                    bytes = rest;
                    let left = left - now as u64;
                    self.state = if left == 0 { State::End } else { State::Bytes(left) };
                }
                State::Size | State::End | State::Trailer => {
                    let end = bytes.iter().position(|b| *b == b'\n');
                    let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
                    bytes = rest;
                    self.line.extend_from_slice(part);
                    if self.line.len() > LINE_BYTES {
                        return Err(Error::IncompleteBody);
                    }
                    if end.is_some() {
                        let line = std::mem::take(&mut self.line);
                        let line = line.strip_suffix(b"\n").unwrap_or(&line);
                        self.take_line(line.strip_suffix(b"\r").unwrap_or(line))?;
                    }
                }
                // What comes behind the end belongs to nothing.
                State::Over => return Err(Error::IncompleteBody),
            }
        }
        Ok(())
    }

    fn take_line(&mut self, line: &[u8]) -> Result<()> {
        let text = std::str::from_utf8(line).map_err(|_| Error::IncompleteBody)?;
        self.state = match self.state {
            State::Size => {
                let size = text.split(';').next().unwrap_or(text).trim();
                // No signs: the parser of integers would take a plus.
                if size.is_empty() || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(Error::IncompleteBody);
                }
                match u64::from_str_radix(size, 16).map_err(|_| Error::IncompleteBody)? {
                    0 => State::Trailer,
                    size => State::Bytes(size),
                }
            }
            State::End if text.is_empty() => State::Size,
            State::Trailer if text.is_empty() => State::Over,
            State::Trailer => {
                let (name, value) = text.split_once(':').ok_or(Error::IncompleteBody)?;
                if self.trailers.len() >= TRAILERS {
                    return Err(Error::IncompleteBody);
                }
                self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
                State::Trailer
            }
            State::End | State::Bytes(_) | State::Over => return Err(Error::IncompleteBody),
        };
        Ok(())
    }

    /// The trailers, when all came.
    ///
    /// # Errors
    /// `IncompleteBody`.
    pub fn finish(self) -> Result<Vec<(String, String)>> {
        // OBSERVED: some clients leave the last empty line out.
        match self.state {
            State::Over | State::Trailer if self.line.is_empty() => Ok(self.trailers),
            _ => Err(Error::IncompleteBody),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Trailers = Vec<(String, String)>;

    fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, Trailers)> {
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        for piece in pieces {
            decoder.push(piece, &mut |bytes| {
                out.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        Ok((out, decoder.finish()?))
    }

    #[test]
    fn the_forms_that_clients_send() {
        let trailer = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        let (bytes, trailers) = decode(&[trailer]).unwrap();
        assert_eq!(bytes, b"hello");
        assert_eq!(trailers, [("x-amz-checksum-crc32".to_owned(), "NhCmhg==".to_owned())]);
        let signed = b"5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=cd\r\n\r\n";
        assert_eq!(decode(&[signed]).unwrap(), (b"hello".to_vec(), vec![]));
        assert_eq!(decode(&[b"0\r\n\r\n"]).unwrap().0, b"");
        assert_eq!(decode(&[b"0\r\n"]).unwrap().0, b"", "without the last line");
    }

    #[test]
    fn wrong_framing_is_refused() {
        for bad in [
            &b""[..],
            b"5\r\nhel",
            b"5\r\nhello",
            b"5\r\nhellooo\r\n0\r\n\r\n",
            b"+5\r\nhello\r\n0\r\n\r\n",
            b"x\r\n",
            b"\r\n",
            b"0\r\nno trailer\r\n\r\n",
            b"0\r\n\r\nmore",
            b"fffffffffffffffff\r\n",
            b"5\r\nhello\r\n",
        ] {
            assert_eq!(decode(&[bad]), Err(Error::IncompleteBody), "{}", String::from_utf8_lossy(bad));
        }
        assert_eq!(decode(&[&[b'1'; LINE_BYTES + 1]]), Err(Error::IncompleteBody));
    }

    proptest! {
        #[test]
        fn whatever_the_chunks_and_the_cuts(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6),
            cuts in proptest::collection::vec(0usize..400, 0..8),
            signed in any::<bool>(), trailer in any::<bool>(),
        ) {
            let mut wire = Vec::new();
            let extension = if signed { ";chunk-signature=00ff" } else { "" };
            for chunk in chunks.iter().chain([&Vec::new()]) {
                wire.extend(format!("{:x}{extension}\r\n", chunk.len()).bytes());
                wire.extend(chunk);
                if !chunk.is_empty() {
                    wire.extend(b"\r\n");
                }
            }
            if trailer {
                wire.extend(b"x-amz-checksum-crc32:AAAAAA==\r\n");
            }
            wire.extend(b"\r\n");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(wire.len())).collect();
            cuts.extend([0, wire.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &wire[w[0]..w[1]]).collect();
            let (bytes, trailers) = decode(&pieces).unwrap();
            prop_assert_eq!(bytes, chunks.concat());
            prop_assert_eq!(trailers.len(), usize::from(trailer));
        }
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&[&bytes]);
        }
    }
}
