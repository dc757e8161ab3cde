//! [`Table`]: the persistent map that stores are made of.

use imbl::OrdMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{ops::Deref, sync::Arc};

/// A sorted persistent map of shared records: cloning is O(1), a change copies O(log n).
/// Written as a list of pairs, since keys need not be strings.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<K: Ord + Clone, V>(OrdMap<K, Arc<V>>);

impl<K: Ord + Clone, V> Default for Table<K, V> {
    fn default() -> Self {
        Table(OrdMap::new())
    }
}

impl<K: Ord + Clone, V> Deref for Table<K, V> {
    type Target = OrdMap<K, Arc<V>>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    /// Puts a record; the one that stood there before.
    pub fn put(&mut self, key: K, value: V) -> Option<Arc<V>> {
        self.0.insert(key, Arc::new(value))
    }
    /// Takes a record out.
    pub fn remove(&mut self, key: &K) -> Option<Arc<V>> {
        self.0.remove(key)
    }
    /// Changes a record in place (copying it when older values still share it); `None` when there is none.
    pub fn edit<R>(&mut self, key: &K, change: impl FnOnce(&mut V) -> R) -> Option<R> {
        self.0.get_mut(key).map(|shared| change(Arc::make_mut(shared)))
    }
}

impl<K: Ord + Clone + Serialize, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter())
    }
}

impl<'de, K: Ord + Clone + Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Table(Vec::<(K, Arc<V>)>::deserialize(from)?.into_iter().collect()))
    }
}

impl<K: Ord + Clone, V> FromIterator<(K, Arc<V>)> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, Arc<V>)>>(pairs: I) -> Self {
        Table(pairs.into_iter().collect())
    }
}

/// A table without its types: for counts.
pub trait AnyTable {
    /// How many records it holds.
    fn records(&self) -> usize;
}

impl<K: Ord + Clone, V> AnyTable for Table<K, V> {
    fn records(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn json_there_and_back(pairs in proptest::collection::btree_map((any::<u8>(), ".{0,4}"), any::<i32>(), 0..20)) {
            let table: Table<(u8, String), i32> = pairs.into_iter().map(|(k, v)| (k, Arc::new(v))).collect();
            let back: Table<(u8, String), i32> = serde_json::from_value(serde_json::to_value(&table).unwrap()).unwrap();
            prop_assert_eq!(table, back);
        }
    }

    #[test]
    fn an_edit_leaves_older_values_alone() {
        let mut now = Table::default();
        now.put(1, vec![1]);
        let before = now.clone();
        now.edit(&1, |v| v.push(2));
        assert_eq!((before[&1].len(), now[&1].len()), (1, 2));
        assert_eq!(now.edit(&7, |_| ()), None);
    }
}
