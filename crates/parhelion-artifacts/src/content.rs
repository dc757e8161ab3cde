//! [`Content`]: the bytes of an object, shared by everything that has them.

use crate::budget::{Budget, Held};
use crate::error::{Error, Result};
use crate::limits;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeStruct};
use std::ops::Range;
use std::sync::Arc;

/// Bytes that come in are kept in pieces of this size, so that nothing large is moved.
const PIECE_BYTES: usize = 1024 * 1024;

/// The bytes of an object or part: a clone is a pointer, a whole of parts shares their bytes.
#[derive(Clone)]
pub struct Content(Arc<Inner>);

struct Inner {
    pieces: Vec<Bytes>,
    size: u64,
    /// Kept for its end: gives the bytes back to the budget.
    _held: Option<Held>,
    /// The contents that this is made of, for the same reason.
    _of: Vec<Content>,
}

impl Content {
    /// Bytes that nobody counts: those that are part of the program, or small.
    pub fn free(bytes: Bytes) -> Content {
        let size = bytes.len() as u64;
        Content(Arc::new(Inner { pieces: vec![bytes], size, _held: None, _of: Vec::new() }))
    }
    /// Bytes that are at hand.
    ///
    /// # Errors
    /// There is no room for them.
    pub fn counted(bytes: Bytes, budget: &Arc<Budget>) -> Result<Content> {
        let mut held = budget.open();
        let size = bytes.len() as u64;
        if !held.grow(size) {
            return Err(Error::Full { what: "bytes", limit: budget.limit() });
        }
        Ok(Content(Arc::new(Inner { pieces: vec![bytes], size, _held: Some(held), _of: Vec::new() })))
    }
    /// One after the other.
    pub fn joined(parts: Vec<Content>) -> Content {
        let pieces = parts.iter().flat_map(|part| part.0.pieces.iter().cloned()).collect();
        let size = parts.iter().map(Content::size).sum();
        Content(Arc::new(Inner { pieces, size, _held: None, _of: parts }))
    }
    /// Itself, keeping another one alive: what shares that one's bytes.
    pub fn with(self, other: Content) -> Content {
        let (pieces, size) = (self.0.pieces.clone(), self.0.size);
        Content(Arc::new(Inner { pieces, size, _held: None, _of: vec![self, other] }))
    }
    /// How many bytes.
    pub fn size(&self) -> u64 {
        self.0.size
    }
    /// The bytes of a range, in pieces; what lies beyond the end is left out.
    pub fn slice(&self, range: Range<u64>) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        let mut at = 0u64;
        for piece in &self.0.pieces {
            let end = at + piece.len() as u64;
            let (from, to) = (range.start.clamp(at, end) - at, range.end.clamp(at, end) - at);
            if from < to {
                // Both lie within the piece, so they fit.
                let (from, to) = (
                    usize::try_from(from).unwrap_or(piece.len()),
                    usize::try_from(to).unwrap_or(piece.len()),
                );
                pieces.push(piece.slice(from..to));
            }
            at = end;
        }
        pieces
    }
    /// All bytes, in pieces.
    pub fn pieces(&self) -> &[Bytes] {
        &self.0.pieces
    }
    /// All bytes in one; copied where there are several pieces.
    pub fn whole(&self) -> Bytes {
        match &self.0.pieces[..] {
            [one] => one.clone(),
            many => many.concat().into(),
        }
    }
    /// MD5 of all bytes.
    pub fn md5(&self) -> [u8; 16] {
        let mut hash = Md5::new();
        self.0.pieces.iter().for_each(|piece| hash.update(piece));
        hash.finalize().into()
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} bytes)", self.size())
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Content) -> bool {
        let bytes = |content: &Content| content.0.pieces.clone().into_iter().flatten();
        Arc::ptr_eq(&self.0, &other.0) || (self.size() == other.size() && bytes(self).eq(bytes(other)))
    }
}

impl Serialize for Content {
    /// The size, and the bytes where they are few.
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut shown = to.serialize_struct("Content", 2)?;
        shown.serialize_field("size", &self.size())?;
        let bytes = (self.size() <= limits::SHOWN_BYTES).then(|| STANDARD.encode(self.whole()));
        shown.serialize_field("base64", &bytes)?;
        shown.end()
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Shown {
            size: u64,
            base64: Option<String>,
        }
        let shown = Shown::deserialize(from)?;
        let text = shown.base64.ok_or_else(|| {
            D::Error::custom(format!("the {} bytes of an object were left out of this dump", shown.size))
        })?;
        let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
        Ok(Content::free(bytes.into()))
    }
}

/// Takes bytes in as they come.
pub struct Incoming {
    pieces: Vec<Bytes>,
    open: BytesMut,
    size: u64,
    held: Held,
    budget: Arc<Budget>,
}

impl Incoming {
    /// Nothing yet.
    pub fn new(budget: &Arc<Budget>) -> Incoming {
        Incoming {
            pieces: Vec::new(),
            open: BytesMut::new(),
            size: 0,
            held: budget.open(),
            budget: budget.clone(),
        }
    }
    /// The next bytes.
    ///
    /// # Errors
    /// The object is too large, or there is no room.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let more = bytes.len() as u64;
        if self.size + more > limits::OBJECT_BYTES {
            return Err(Error::EntityTooLarge { proposed: self.size + more });
        }
        if !self.held.grow(more) {
            return Err(Error::Full { what: "bytes", limit: self.budget.limit() });
        }
        self.size += more;
        self.open.extend_from_slice(bytes);
        if self.open.len() >= PIECE_BYTES {
            self.pieces.push(self.open.split().freeze());
        }
        Ok(())
    }
    /// How many bytes came.
    pub fn size(&self) -> u64 {
        self.size
    }
    /// All that came.
    pub fn finish(self) -> Content {
        let Incoming { mut pieces, open, size, held, .. } = self;
        if !open.is_empty() {
            // Not more memory than bytes: what grows by doubling would hold up to twice as much.
            pieces.push(Bytes::from(open.to_vec()));
        }
        Content(Arc::new(Inner { pieces, size, _held: Some(held), _of: Vec::new() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn budget() -> Arc<Budget> {
        Budget::limited(u64::MAX, None)
    }
    fn of(parts: &[Vec<u8>]) -> Content {
        Content::joined(
            parts.iter().map(|p| Content::counted(p.clone().into(), &budget()).unwrap()).collect(),
        )
    }

    proptest! {
        #[test]
        fn a_slice_is_the_range_of_the_whole(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..5),
            from in 0u64..40, len in 0u64..40,
        ) {
            let content = of(&parts);
            let whole = parts.concat();
            prop_assert_eq!(&content.whole()[..], &whole[..]);
            let end = whole.len();
            let (from, to) = (from as usize, (from + len) as usize);
            let wanted = &whole[from.min(end)..to.min(end)];
            prop_assert_eq!(content.slice(from as u64..to as u64).concat(), wanted);
            let json = serde_json::to_value(&content).unwrap();
            prop_assert_eq!(serde_json::from_value::<Content>(json).unwrap(), content);
        }
        #[test]
        fn what_comes_in_pieces_is_kept_whole(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 0..5)) {
            let mut incoming = Incoming::new(&budget());
            for piece in &pieces {
                incoming.push(piece).unwrap();
            }
            prop_assert_eq!(&incoming.finish().whole()[..], &pieces.concat()[..]);
        }
    }

    #[test]
    fn bytes_are_held_as_long_as_anything_has_them() {
        let budget = Budget::limited(10, None);
        let part = Content::counted(Bytes::from_static(b"12345678"), &budget).unwrap();
        let whole = Content::joined(vec![part]);
        assert!(matches!(Content::counted(Bytes::from_static(b"123"), &budget), Err(Error::Full { .. })));
        assert!(matches!(Incoming::new(&budget).push(b"123"), Err(Error::Full { .. })));
        drop(whole);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn large_contents_are_told_by_size_alone() {
        let content = Content::free(vec![0; limits::SHOWN_BYTES as usize + 1].into());
        let json = serde_json::to_value(&content).unwrap();
        assert!(json["base64"].is_null());
        let refused = serde_json::from_value::<Content>(json).unwrap_err().to_string();
        assert!(refused.contains("left out"), "{refused}");
    }
}
