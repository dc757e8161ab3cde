//! How many bytes contents may take in memory: counted where they live, not where they are listed.
//!
//! Values of the past and checkpoints share contents with the present one. So a content is counted once, when its bytes
//! come in, and given back when nothing holds it any more.

use crate::limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number of bytes that may be held at once, as a part of a larger one or by itself.
#[derive(Debug)]
pub struct Budget {
    used: AtomicU64,
    limit: u64,
    whole: Option<Arc<Budget>>,
}

impl Budget {
    /// The budget of a server.
    pub fn of_server() -> Arc<Budget> {
        Budget::limited(limits::SERVER_BYTES, None)
    }
    /// A world's part of it.
    pub fn of_world(server: &Arc<Budget>) -> Arc<Budget> {
        Budget::limited(limits::WORLD_BYTES, Some(server.clone()))
    }
    /// Any other.
    pub fn limited(limit: u64, whole: Option<Arc<Budget>>) -> Arc<Budget> {
        Arc::new(Budget { used: AtomicU64::new(0), limit, whole })
    }
    /// Bytes that are held now.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }
    /// Bytes that may be held.
    pub fn limit(&self) -> u64 {
        self.limit
    }
    /// Nothing yet, to which bytes are added as they come.
    pub fn open(self: &Arc<Budget>) -> Held {
        Held { budget: self.clone(), bytes: 0 }
    }
    fn take(&self, bytes: u64) -> bool {
        let more = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        if self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_err() {
            return false;
        }
        if self.whole.as_ref().is_none_or(|whole| whole.take(bytes)) {
            return true;
        }
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        false
    }
    fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        if let Some(whole) = &self.whole {
            whole.give_back(bytes);
        }
    }
}

/// Bytes taken from a budget; given back when this goes.
#[derive(Debug)]
pub struct Held {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Held {
    /// Takes more; `false` when there is no room.
    pub fn grow(&mut self, bytes: u64) -> bool {
        let taken = self.budget.take(bytes);
        if taken {
            self.bytes += bytes;
        }
        taken
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_taken_from_the_part_and_the_whole_and_given_back() {
        let server = Budget::limited(10, None);
        let (one, two) = (Budget::limited(8, Some(server.clone())), Budget::limited(8, Some(server.clone())));
        let (mut a, mut b) = (one.open(), two.open());
        assert!(a.grow(8) && !a.grow(1), "the part is full");
        assert!(b.grow(2) && !b.grow(1), "the whole is full");
        assert_eq!((one.used(), two.used(), server.used()), (8, 2, 10));
        drop(a);
        assert!(b.grow(6));
        drop(b);
        assert_eq!((one.used(), two.used(), server.used()), (0, 0, 0));
        assert!(!one.open().grow(u64::MAX));
    }
}
