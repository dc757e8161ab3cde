//! Receiving a package: small ones in memory, larger ones through an unnamed file.

use crate::error::Refusal;
use bytes::BytesMut;
use http_body_util::BodyExt;
use parhelion_core::limits;
use parhelion_http::{Body, BodyError};
use std::error::Error as _;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use tokio::task::spawn_blocking;

/// What is kept in memory before it goes to the file, bytes: as much as of any other request's body.
const IN_MEMORY: usize = limits::BODY_BYTES as usize;

/// A package as received.
pub enum Spooled {
    /// In memory.
    Memory(Cursor<bytes::Bytes>),
    /// In a file that has no name and goes with its handle.
    Disk(BufReader<File>),
}

impl Spooled {
    /// Whether it begins as a zip does.
    pub fn is_zip(&mut self) -> io::Result<bool> {
        let mut start = Vec::with_capacity(2);
        self.by_ref().take(2).read_to_end(&mut start)?;
        self.seek(SeekFrom::Start(0))?;
        Ok(start == b"PK")
    }
    /// The bytes of what is not meant to be long; what is beyond the general limit is left out.
    pub fn small(self) -> io::Result<bytes::Bytes> {
        let mut bytes = Vec::new();
        self.take(limits::BODY_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}

impl Read for Spooled {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Spooled::Memory(bytes) => bytes.read(into),
            Spooled::Disk(file) => file.read(into),
        }
    }
}
impl Seek for Spooled {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Spooled::Memory(bytes) => bytes.seek(to),
            Spooled::Disk(file) => file.seek(to),
        }
    }
}

/// Receives a body of at most [`limits::STREAMED_BODY_BYTES`].
pub async fn receive(mut body: Body) -> Result<Spooled, Refusal> {
    let mut file: Option<File> = None;
    let mut held = BytesMut::new();
    let mut total = 0u64;
    while let Some(data) = next(&mut body).await? {
        total += data.len() as u64;
        if total > limits::STREAMED_BODY_BYTES {
            return Err(Refusal::BodyTooLarge(limits::STREAMED_BODY_BYTES));
        }
        held.extend_from_slice(&data);
        if held.len() >= IN_MEMORY {
            file = Some(append(file, held.split()).await?);
        }
    }
    if file.is_none() {
        return Ok(Spooled::Memory(Cursor::new(held.freeze())));
    }
    append(file, held).await.map(|file| Spooled::Disk(BufReader::new(file)))
}

/// Reads a body to its end and keeps nothing of it, so that a client that is still sending gets to read the answer.
pub async fn discard(mut body: Body) -> Result<(), Refusal> {
    let mut total = 0u64;
    while let Some(data) = next(&mut body).await? {
        total += data.len() as u64;
        if total > limits::STREAMED_BODY_BYTES {
            return Err(Refusal::BodyTooLarge(limits::STREAMED_BODY_BYTES));
        }
    }
    Ok(())
}

/// The next bytes of a body; `None` at its end.
pub async fn next(body: &mut Body) -> Result<Option<bytes::Bytes>, Refusal> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| {
            super::body::refusal(e.source().map_or_else(|| BodyError::find(&e), BodyError::find))
        })?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

async fn append(file: Option<File>, bytes: BytesMut) -> Result<File, Refusal> {
    let written = spawn_blocking(move || {
        let mut file = match file {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        file.write_all(&bytes)?;
        Ok::<_, io::Error>(file)
    });
    match written.await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) => Err(Refusal::Disk(error.to_string())),
        Err(_) => Err(Refusal::Internal),
    }
}
