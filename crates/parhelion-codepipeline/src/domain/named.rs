//! [`Named`]: a few values by name, in no more memory than they need. (A `BTreeMap` of one entry takes that of eleven.)

use serde::de::{Deserialize, Deserializer};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::Index;

/// A map of few entries, sorted by name. Written as a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<V>(Vec<(Box<str>, V)>);

impl<V> Default for Named<V> {
    fn default() -> Self {
        Named(Vec::new())
    }
}

impl<V> Named<V> {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(here, _)| (**here).cmp(name))
    }
    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0.get(self.place(name).ok()?).map(|(_, value)| value)
    }
    /// The value of that name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let place = self.place(name).ok()?;
        self.0.get_mut(place).map(|(_, value)| value)
    }
    /// Whether there is one of that name.
    #[cfg(test)]
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }
    /// Puts a value; the one that stood there before.
    pub fn insert(&mut self, name: String, value: V) -> Option<V> {
        match self.place(&name) {
            Ok(place) => self.0.get_mut(place).map(|(_, here)| std::mem::replace(here, value)),
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (name.into(), value));
                None
            }
        }
    }
    /// Takes a value out.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let place = self.place(name).ok()?;
        Some(self.0.remove(place).1)
    }
    /// Keeps what is wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(&str, &mut V) -> bool) {
        self.0.retain_mut(|(name, value)| wanted(name, value));
    }
    /// Names and values, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
    /// The values, by name.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

impl<V: Default> Named<V> {
    /// The value of that name; a new one where there was none.
    pub fn or_default(&mut self, name: &str) -> &mut V {
        let place = match self.place(name) {
            Ok(place) => place,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (name.into(), V::default()));
                place
            }
        };
        &mut self.0[place].1
    }
}

impl<V> Index<&str> for Named<V> {
    type Output = V;
    /// # Panics
    /// When there is none of that name.
    fn index(&self, name: &str) -> &V {
        #[expect(clippy::expect_used, reason = "as for every map: who may not know asks get")]
        self.get(name).expect("a value of that name")
    }
}

impl<V> FromIterator<(String, V)> for Named<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        let sorted: BTreeMap<String, V> = entries.into_iter().collect();
        Named(sorted.into_iter().map(|(name, value)| (name.into(), value)).collect::<Vec<_>>())
    }
}

impl<V: Serialize> Serialize for Named<V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Named<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(BTreeMap::<String, V>::deserialize(from)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_what_a_map_is(steps in proptest::collection::vec(("[a-d]{0,2}", proptest::option::of(any::<u8>())), 0..40)) {
            let (mut map, mut named) = (BTreeMap::new(), Named::new());
            for (name, value) in steps {
                match value {
                    Some(value) => prop_assert_eq!(map.insert(name.clone(), value), named.insert(name, value)),
                    None => prop_assert_eq!(map.remove(&name), named.remove(&name)),
                }
                let all: Vec<(&str, &u8)> = map.iter().map(|(name, value)| (name.as_str(), value)).collect();
                prop_assert_eq!(all, named.iter().collect::<Vec<_>>());
                for name in ["", "a", "bc"] {
                    prop_assert_eq!(map.get(name), named.get(name));
                    prop_assert_eq!(map.contains_key(name), named.contains_key(name));
                }
            }
            let text = serde_json::to_string(&named).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&map).unwrap());
            prop_assert_eq!(serde_json::from_str::<Named<u8>>(&text).unwrap(), named.clone());
            named.retain(|name, _| name.len() == 1);
            *named.or_default("e") += 1;
            prop_assert!(named.get("e") == Some(&1) && named.values().count() <= 5);
        }
    }
}
