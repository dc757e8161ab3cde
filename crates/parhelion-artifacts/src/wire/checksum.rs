//! Checksums beside MD5: what a client says of its bytes, and what they come to.

use crate::buckets::Checksum;
use crate::content::Content;
use crate::error::{Error, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// An algorithm. Docs: S3, "Checking object integrity".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    /// All, with their names and the headers that they come in.
    pub const ALL: [(Algorithm, &'static str, &'static str); 5] = [
        (Algorithm::Crc32, "CRC32", "x-amz-checksum-crc32"),
        (Algorithm::Crc32c, "CRC32C", "x-amz-checksum-crc32c"),
        (Algorithm::Crc64Nvme, "CRC64NVME", "x-amz-checksum-crc64nvme"),
        (Algorithm::Sha1, "SHA1", "x-amz-checksum-sha1"),
        (Algorithm::Sha256, "SHA256", "x-amz-checksum-sha256"),
    ];
    /// By its name, whatever its case.
    pub fn named(name: &str) -> Option<Algorithm> {
        Self::ALL.iter().find(|(_, n, _)| n.eq_ignore_ascii_case(name)).map(|found| found.0)
    }
    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|found| found.0 == self).map_or("", |found| found.1)
    }
    /// The header that its value comes in; also the name of its XML element, with other dashes.
    pub fn header(self) -> &'static str {
        Self::ALL.iter().find(|found| found.0 == self).map_or("", |found| found.2)
    }
    /// The name of the XML element of its value.
    pub fn element(self) -> String {
        format!("Checksum{}", self.name())
    }
    /// By the header that its value comes in.
    pub fn of_header(header: &str) -> Option<Algorithm> {
        Self::ALL.iter().find(|(_, _, h)| h.eq_ignore_ascii_case(header)).map(|found| found.0)
    }
    /// Bytes of a value.
    fn len(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64Nvme => 8,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }
    /// Whether that text can be one of its values.
    ///
    /// # Errors
    /// `InvalidDigest`.
    pub fn check(self, value: &str) -> Result<()> {
        let good = STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == self.len());
        if good { Ok(()) } else { Err(Error::InvalidDigest) }
    }
}

/// The checksum that a request's head gives: the algorithm, and the value unless it comes in a trailer.
///
/// # Errors
/// More than one; a value that is none; an algorithm that is not known.
pub fn given(headers: &HeaderMap) -> Result<Option<(Algorithm, Option<String>)>> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let mut found = None;
    for (algorithm, _, header) in Algorithm::ALL {
        let Some(value) = text(header) else { continue };
        algorithm.check(value)?;
        if found.replace((algorithm, Some(value.to_owned()))).is_some() {
            let why = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
            return Err(Error::InvalidRequest { why: why.to_owned() });
        }
    }
    if found.is_some() {
        return Ok(found);
    }
    let trailers = text("x-amz-trailer").unwrap_or_default().split(',');
    if let Some(algorithm) = trailers.map(str::trim).find_map(Algorithm::of_header) {
        return Ok(Some((algorithm, None)));
    }
    match text("x-amz-sdk-checksum-algorithm") {
        Some(name) => match Algorithm::named(name) {
            Some(algorithm) => Ok(Some((algorithm, None))),
            None => Err(unknown(name)),
        },
        None => Ok(None),
    }
}

/// An algorithm that S3 does not know.
pub fn unknown(name: &str) -> Error {
    Error::InvalidRequest { why: format!("Checksum algorithm provided is unsupported: {name}") }
}

/// A checksum on its way.
pub enum Running {
    Crc32(u32),
    Crc32c(u32),
    Crc64Nvme(u64),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Running {
    /// Of no bytes yet.
    pub fn new(algorithm: Algorithm) -> Running {
        match algorithm {
            Algorithm::Crc32 => Running::Crc32(!0),
            Algorithm::Crc32c => Running::Crc32c(!0),
            Algorithm::Crc64Nvme => Running::Crc64Nvme(!0),
            Algorithm::Sha1 => Running::Sha1(Sha1::new()),
            Algorithm::Sha256 => Running::Sha256(Sha256::new()),
        }
    }
    /// Takes more bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        match self {
            Running::Crc32(state) => *state = crc32(&CRC32, *state, bytes),
            Running::Crc32c(state) => *state = crc32(&CRC32C, *state, bytes),
            Running::Crc64Nvme(state) => *state = crc64(*state, bytes),
            Running::Sha1(state) => state.update(bytes),
            Running::Sha256(state) => state.update(bytes),
        }
    }
    /// The value.
    pub fn finish(self) -> Vec<u8> {
        match self {
            Running::Crc32(state) | Running::Crc32c(state) => (!state).to_be_bytes().to_vec(),
            Running::Crc64Nvme(state) => (!state).to_be_bytes().to_vec(),
            Running::Sha1(state) => state.finalize().to_vec(),
            Running::Sha256(state) => state.finalize().to_vec(),
        }
    }
    /// The value as headers have it.
    pub fn text(self) -> String {
        STANDARD.encode(self.finish())
    }
}

/// The checksum of a whole content.
pub fn of_content(algorithm: Algorithm, content: &Content) -> Checksum {
    let mut running = Running::new(algorithm);
    content.pieces().iter().for_each(|piece| running.push(piece));
    Checksum { algorithm: algorithm.name().to_owned(), value: running.text(), composite: false }
}

/// The checksum that is made of the parts' checksums. Docs: S3, "Checking object integrity", composite checksums.
pub fn of_parts<'a>(algorithm: Algorithm, parts: impl Iterator<Item = &'a Checksum>) -> Option<Checksum> {
    let mut running = Running::new(algorithm);
    let mut count = 0;
    for part in parts {
        running.push(&STANDARD.decode(&part.value).ok()?);
        count += 1;
    }
    let value = format!("{}-{count}", running.text());
    Some(Checksum { algorithm: algorithm.name().to_owned(), value, composite: true })
}

static CRC32: [u32; 256] = table32(0xEDB8_8320);
static CRC32C: [u32; 256] = table32(0x82F6_3B78);
static CRC64: [u64; 256] = table64(0x9A6C_9329_AC4B_C9B5);

const fn table32(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let (mut value, mut bit) = (n as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ polynomial } else { value >> 1 };
            bit += 1;
        }
        table[n] = value;
        n += 1;
    }
    table
}

const fn table64(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let (mut value, mut bit) = (n as u64, 0);
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ polynomial } else { value >> 1 };
            bit += 1;
        }
        table[n] = value;
        n += 1;
    }
    table
}

fn crc32(table: &[u32; 256], mut state: u32, bytes: &[u8]) -> u32 {
    for byte in bytes {
        // The index is a byte: it fits the table.
        state = (state >> 8) ^ table[usize::from(state as u8 ^ byte)];
    }
    state
}

fn crc64(mut state: u64, bytes: &[u8]) -> u64 {
    for byte in bytes {
        state = (state >> 8) ^ CRC64[usize::from(state as u8 ^ byte)];
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use parhelion_core::text::hex;

    #[test]
    fn the_check_values_of_the_algorithms() {
        let of = |algorithm| {
            let mut running = Running::new(algorithm);
            running.push(b"12345");
            running.push(b"6789");
            hex(&running.finish())
        };
        assert_eq!(of(Algorithm::Crc32), "cbf43926");
        assert_eq!(of(Algorithm::Crc32c), "e3069283");
        assert_eq!(of(Algorithm::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(of(Algorithm::Sha1), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        assert!(of(Algorithm::Sha256).starts_with("15e2b0d3c33891ebb0f1ef609ec41942"));
    }

    #[test]
    fn a_head_gives_one_checksum() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(n, v)| (http::HeaderName::from_static(n), v.parse().unwrap()))
                .collect::<HeaderMap>()
        };
        let crc = ("x-amz-checksum-crc32", "y/Q5Jg==");
        assert_eq!(given(&headers(&[crc])).unwrap(), Some((Algorithm::Crc32, Some("y/Q5Jg==".to_owned()))));
        let trailer = ("x-amz-trailer", "x-amz-checksum-crc64nvme");
        assert_eq!(given(&headers(&[trailer])).unwrap(), Some((Algorithm::Crc64Nvme, None)));
        let wanted = ("x-amz-sdk-checksum-algorithm", "sha256");
        assert_eq!(given(&headers(&[wanted])).unwrap(), Some((Algorithm::Sha256, None)));
        assert_eq!(given(&headers(&[])).unwrap(), None);
        assert_eq!(given(&headers(&[("x-amz-checksum-crc32", "eA==")])), Err(Error::InvalidDigest));
        let two = headers(&[crc, ("x-amz-checksum-crc32c", "4waSgw==")]);
        assert!(matches!(given(&two), Err(Error::InvalidRequest { .. })));
        let odd = headers(&[("x-amz-sdk-checksum-algorithm", "ROT13")]);
        assert!(matches!(given(&odd), Err(Error::InvalidRequest { .. })));
    }
}
