//! Random calls against a plain model of a bucket.

use super::rig::{Alone, One, Rig};
use crate::{Content, New, Versioning, Wanted};
use parhelion_core::Call;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Put(String, u8),
    Delete(String),
    Forget(String, usize),
    Versioning(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let key = "[ab/]{1,4}";
    prop_oneof![
        4 => (key, any::<u8>()).prop_map(|(key, byte)| Step::Put(key, byte)),
        2 => key.prop_map(Step::Delete),
        2 => (key, 0usize..4).prop_map(|(key, n)| Step::Forget(key, n)),
        1 => any::<bool>().prop_map(Step::Versioning),
    ]
}

/// Versions of each key, the newest last: id, and the byte unless it is a delete marker.
type Model = BTreeMap<String, Vec<(String, Option<u8>)>>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn versions_are_those_of_a_plain_model(steps in proptest::collection::vec(step(), 0..40)) {
        let rig = Rig::with_bucket();
        let shelf = rig.world.shelf::<Alone>();
        let mut model = Model::new();
        let mut versioning = Versioning::Off;
        for step in steps {
            let turn = shelf.write(&One, &Call::default(), |store, tx| {
                let buckets = &mut store.0;
                let made = |model: &mut Model, key: String, id: String, byte| {
                    let versions = model.entry(key).or_default();
                    if versioning == Versioning::Off {
                        versions.clear();
                    }
                    versions.retain(|(there, _)| id != "null" || there != "null");
                    versions.push((id, byte));
                };
                match step {
                    Step::Put(key, byte) => {
                        let new = New::plain(Content::free(vec![byte].into()));
                        let id = buckets.put("b-1", &key, new, tx)?.unwrap_or_else(|| "null".into());
                        made(&mut model, key, id, Some(byte));
                    }
                    Step::Delete(key) => {
                        let deleted = buckets.delete("b-1", &key, None, tx)?;
                        match deleted.made {
                            Some(id) => made(&mut model, key, id, None),
                            None => drop(model.remove(&key)),
                        }
                    }
                    Step::Forget(key, n) => {
                        if let Some(versions) = model.get_mut(&key) {
                            let (id, _) = versions.remove(n % versions.len());
                            if versions.is_empty() {
                                model.remove(&key);
                            }
                            buckets.delete("b-1", &key, Some(&id), tx)?;
                        }
                    }
                    Step::Versioning(on) => {
                        // Once on, it can only be suspended.
                        if on || versioning != Versioning::Off {
                            versioning = if on { Versioning::Enabled } else { Versioning::Suspended };
                            buckets.set_versioning("b-1", versioning, tx)?;
                        }
                    }
                }
                buckets.take_news();
                Ok::<_, crate::Error>(())
            });
            turn.unwrap();
        }
        let now = shelf.load(&One);
        let wanted = Wanted { limit: usize::MAX, ..Wanted::default() };
        let all = now.store.0.list_versions("b-1", &wanted, "").unwrap();
        let told: Vec<_> = all.versions.iter().map(|(key, stored, newest)| {
            let byte = stored.with_body().map(|(_, body)| body.content.whole()[0]);
            ((*key).to_owned(), stored.version().to_owned(), byte, *newest)
        }).collect();
        let expected: Vec<_> = model.iter().flat_map(|(key, versions)| {
            let newest = versions.len() - 1;
            versions.iter().enumerate().rev().map(move |(n, (id, byte))| (key.clone(), id.clone(), *byte, n == newest))
        }).collect();
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn pages_put_together_are_the_whole(
        keys in proptest::collection::btree_set("[ab/é]{1,5}", 0..12),
        prefix in "[ab/]{0,2}", delimiter in "/?", limit in 1usize..4,
    ) {
        let rig = Rig::with_bucket();
        let shelf = rig.world.shelf::<Alone>();
        shelf.write(&One, &Call::default(), |store, tx| {
            for key in &keys {
                store.0.put("b-1", key, New::plain(Content::free("x".into())), tx)?;
            }
            store.0.take_news();
            Ok::<_, crate::Error>(())
        }).unwrap();
        let mut expected: Vec<String> = keys.iter().filter(|key| key.starts_with(&prefix)).map(|key| {
            let rest = &key[prefix.len()..];
            match rest.find('/').filter(|_| !delimiter.is_empty()) {
                Some(at) => format!("{}…", &key[..=prefix.len() + at]),
                None => key.clone(),
            }
        }).collect();
        expected.dedup();
        let now = shelf.load(&One);
        let (mut told, mut after) = (Vec::new(), String::new());
        loop {
            let wanted = Wanted { prefix: &prefix, delimiter: &delimiter, after: &after, limit };
            let page = now.store.0.list("b-1", &wanted).unwrap();
            let mut these: Vec<String> = page.keys.iter().map(|listed| listed.key.to_owned()).collect();
            these.extend(page.prefixes.iter().map(|prefix| format!("{prefix}…")));
            prop_assert!(these.len() <= limit);
            these.sort();
            told.extend(these);
            match page.more_after {
                Some(next) => after = next,
                None => break,
            }
        }
        prop_assert_eq!(told, expected);
    }
}
