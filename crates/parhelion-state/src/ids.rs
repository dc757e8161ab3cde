//! Ids as a pure function of where they are drawn, so that a seed repeats them.

use parhelion_core::Owner;
use sha1::{Digest, Sha1};
use std::sync::Arc;

/// Fills a slice with bytes nobody can foresee.
pub type Entropy = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Where ids and secrets come from.
#[derive(Clone)]
pub struct Ids {
    seed: u64,
    entropy: Option<Entropy>,
}

impl Ids {
    /// Everything from the seed: ids and secrets come again in every run.
    pub fn seeded(seed: u64) -> Self {
        Ids { seed, entropy: None }
    }
    /// Ids from a seed that nobody asked for, secrets from the operating system.
    pub fn with_entropy(seed: u64, entropy: Entropy) -> Self {
        Ids { seed, entropy: Some(entropy) }
    }
    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }
    /// Bytes made of (seed, store, tenant, kind, counter): SHA-1 over the parts, each with its length before it;
    /// further blocks beyond 20 bytes.
    pub fn bytes<const N: usize>(&self, owner: &Owner, kind: &str, n: u64) -> [u8; N] {
        let mut out = [0; N];
        for (block, chunk) in out.chunks_mut(20).enumerate() {
            let mut hash = Sha1::new();
            for part in [owner.store.as_str(), &owner.tenant, kind] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            for number in [self.seed, n, block as u64] {
                hash.update(number.to_be_bytes());
            }
            chunk.copy_from_slice(&hash.finalize()[..chunk.len()]);
        }
        out
    }
    /// A secret: as [`Ids::bytes`] when the seed was asked for, else unforeseeable.
    pub fn secret<const N: usize>(&self, owner: &Owner, kind: &str, n: u64) -> [u8; N] {
        match &self.entropy {
            None => self.bytes(owner, kind, n),
            Some(fill) => {
                let mut out = [0; N];
                fill(&mut out);
                out
            }
        }
    }
}
