//! Small objects that were read lately. A spec `{commit}:{path}` or `{blob}` names the same bytes for ever, so what was
//! found once need not be asked of git again.

use crate::read::File;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Bytes of one generation, names included.
const GENERATION: usize = 16 * 1024 * 1024;
/// Largest object that is kept.
const LARGEST: usize = 1024 * 1024;
/// What an entry costs beside its bytes.
const ENTRY: usize = 256;

/// An object's type and content.
pub(crate) type Found = (String, File);

/// Two generations: when the younger is full it becomes the older, and what nobody asked for meanwhile is gone.
#[derive(Default)]
pub(crate) struct Recent(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: BTreeMap<String, Found>,
    old: BTreeMap<String, Found>,
    bytes: usize,
}

impl Recent {
    /// What a spec names, if it was read lately.
    pub(crate) fn get(&self, spec: &str) -> Option<Found> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = all.young.get(spec) {
            return Some(found.clone());
        }
        let found = all.old.remove(spec)?;
        all.keep(spec, found.clone());
        Some(found)
    }

    /// Remembers what a spec names. That it names nothing is not remembered: the object may come yet.
    pub(crate) fn put(&self, spec: &str, found: &Found) {
        if found.1.content.len() <= LARGEST {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(spec, found.clone());
        }
    }
}

impl Generations {
    fn keep(&mut self, spec: &str, found: Found) {
        let size = ENTRY + spec.len() + found.1.content.len();
        if self.bytes + size > GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        if self.young.insert(spec.to_owned(), found).is_none() {
            self.bytes += size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(size: usize) -> Found {
        let id = "1".repeat(40).parse().unwrap();
        ("blob".to_owned(), File { id, content: vec![b'x'; size].into() })
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let recent = Recent::default();
        recent.put("wanted", &found(3));
        recent.put("large", &found(LARGEST + 1));
        assert_eq!(recent.get("large"), None);
        for n in 0..100 {
            recent.put(&format!("{n}"), &found(LARGEST));
            assert_eq!(recent.get("wanted"), Some(found(3)), "{n}");
        }
        assert_eq!(recent.get("0"), None);
        assert_eq!(recent.get("99"), Some(found(LARGEST)));
        let all = recent.0.lock().unwrap();
        let held: usize = all.young.values().chain(all.old.values()).map(|f| f.1.content.len()).sum();
        assert!(held <= 2 * GENERATION, "{held}");
    }

    #[test]
    fn the_same_twice_counts_once() {
        let recent = Recent::default();
        for _ in 0..3 {
            recent.put("a", &found(10));
        }
        assert_eq!(recent.0.lock().unwrap().bytes, ENTRY + 1 + 10);
    }
}
