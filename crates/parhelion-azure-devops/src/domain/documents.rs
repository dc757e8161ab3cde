//! Pipelines' files that were parsed lately. A file of a commit never changes, so it is parsed once, however often a
//! webhook starts the pipeline.

use parhelion_azure_pipelines::Document;
use parhelion_git::ObjectId;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Bytes of text of one generation.
const GENERATION: usize = 1024 * 1024;

type Key = (ObjectId, String);

/// Two generations: when the younger is full it becomes the older, and what nobody asked for meanwhile is gone.
#[derive(Default)]
pub struct Documents(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: BTreeMap<Key, (Arc<Document>, usize)>,
    old: BTreeMap<Key, (Arc<Document>, usize)>,
    bytes: usize,
}

impl Documents {
    /// A file of a commit, if it was parsed lately.
    pub fn get(&self, commit: ObjectId, file: &str) -> Option<Arc<Document>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (commit, file.to_owned());
        if let Some((document, _)) = all.young.get(&key) {
            return Some(document.clone());
        }
        let (document, bytes) = all.old.remove(&key)?;
        all.keep(key, document.clone(), bytes);
        Some(document)
    }

    /// Remembers a file of so many bytes.
    pub fn put(&self, commit: ObjectId, file: &str, document: Arc<Document>, bytes: usize) {
        if bytes <= GENERATION {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.keep((commit, file.to_owned()), document, bytes);
        }
    }
}

impl Generations {
    fn keep(&mut self, key: Key, document: Arc<Document>, bytes: usize) {
        if self.bytes + bytes > GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        if self.young.insert(key, (document, bytes)).is_none() {
            self.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let documents = Documents::default();
        let document = Arc::new(parhelion_azure_pipelines::parse("/a.yml", "steps: []\n").unwrap());
        let commit = |n: u32| format!("{n:040x}").parse::<ObjectId>().unwrap();
        documents.put(commit(0), "/a.yml", document.clone(), 10);
        documents.put(commit(1), "/large.yml", document.clone(), GENERATION + 1);
        for n in 1..10 {
            documents.put(commit(n), "/a.yml", document.clone(), GENERATION);
            assert!(documents.get(commit(0), "/a.yml").is_some(), "{n}");
        }
        for (n, file) in [(1, "/a.yml"), (1, "/large.yml"), (0, "/b.yml")] {
            assert!(documents.get(commit(n), file).is_none(), "{n} {file}");
        }
        assert!(documents.get(commit(9), "/a.yml").is_some());
    }
}
