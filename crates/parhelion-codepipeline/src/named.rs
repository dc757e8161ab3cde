//! [`Named`]: a few values by name, in no more memory than they need. (A `BTreeMap` of one entry takes that of eleven.)

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use std::iter::Map;
use std::marker::PhantomData;
use std::ops::Index;
use std::{fmt, slice};

/// A map of few entries, sorted by name. Written as a map. A change copies it: what is many goes in with one `collect`.
#[derive(Clone, PartialEq, Eq)]
pub struct Named<V>(Box<[(Box<str>, V)]>);

/// What [`Named::iter`] gives.
pub type Iter<'a, V> = Map<slice::Iter<'a, (Box<str>, V)>, fn(&'a (Box<str>, V)) -> (&'a str, &'a V)>;
/// What [`Named::iter_mut`] gives.
pub type IterMut<'a, V> =
    Map<slice::IterMut<'a, (Box<str>, V)>, fn(&'a mut (Box<str>, V)) -> (&'a str, &'a mut V)>;

impl<V> Default for Named<V> {
    fn default() -> Self {
        Named(Box::default())
    }
}

impl<V> Named<V> {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }
    /// Puts a value; the one that stood there before.
    pub fn insert(&mut self, name: Box<str>, value: V) -> Option<V> {
        match self.place(&name) {
            Ok(place) => self.0.get_mut(place).map(|(_, here)| std::mem::replace(here, value)),
            Err(place) => {
                self.change(|all| {
                    all.reserve_exact(1);
                    all.insert(place, (name, value));
                });
                None
            }
        }
    }
    /// Takes a value out.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let place = self.place(name).ok()?;
        Some(self.change(|all| all.remove(place)).1)
    }
    /// Keeps what is wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(&str, &mut V) -> bool) {
        self.change(|all| all.retain_mut(|(name, value)| wanted(name, value)));
    }
    fn change<R>(&mut self, how: impl FnOnce(&mut Vec<(Box<str>, V)>) -> R) -> R {
        let mut all = std::mem::take(&mut self.0).into_vec();
        let out = how(&mut all);
        self.0 = all.into_boxed_slice();
        out
    }
    /// Names and values, by name.
    pub fn iter(&self) -> Iter<'_, V> {
        self.0.iter().map(|(name, value)| (name, value))
    }
    /// Names and values, by name, the values to be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_, V> {
        self.0.iter_mut().map(|(name, value)| (name, value))
    }
    /// The names, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.0.iter().map(|(name, _)| &**name)
    }
    /// The values, by name.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

impl<V: Default> Named<V> {
    /// The value of that name; a new one where there was none.
    pub fn or_default(&mut self, name: &str) -> &mut V {
        let place = self.place(name).unwrap_or_else(|place| {
            self.change(|all| {
                all.reserve_exact(1);
                all.insert(place, (name.into(), V::default()));
            });
            place
        });
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

impl<V> From<Vec<(Box<str>, V)>> for Named<V> {
    /// Of two values of one name the later one stays.
    fn from(mut all: Vec<(Box<str>, V)>) -> Self {
        if !all.is_sorted_by(|(a, _), (b, _)| a < b) {
            // Stable: behind its namesakes stands what came last, which takes their place.
            all.sort_by(|(a, _), (b, _)| a.cmp(b));
            all.dedup_by(|later, kept| {
                let same = later.0 == kept.0;
                if same {
                    std::mem::swap(later, kept);
                }
                same
            });
        }
        Named(all.into_boxed_slice())
    }
}

impl<K: Into<Box<str>>, V> FromIterator<(K, V)> for Named<V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        entries.into_iter().map(|(name, value)| (name.into(), value)).collect::<Vec<_>>().into()
    }
}

impl<K: Into<Box<str>>, V> Extend<(K, V)> for Named<V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        let mut all = std::mem::take(&mut self.0).into_vec();
        all.extend(entries.into_iter().map(|(name, value)| (name.into(), value)));
        *self = all.into();
    }
}

impl<K: Into<Box<str>>, V, const N: usize> From<[(K, V); N]> for Named<V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<V> IntoIterator for Named<V> {
    type Item = (Box<str>, V);
    type IntoIter = std::vec::IntoIter<(Box<str>, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_vec().into_iter()
    }
}

impl<'a, V> IntoIterator for &'a Named<V> {
    type Item = (&'a str, &'a V);
    type IntoIter = Iter<'a, V>;
    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}
impl<'a, V> IntoIterator for &'a mut Named<V> {
    type Item = (&'a str, &'a mut V);
    type IntoIter = IterMut<'a, V>;
    fn into_iter(self) -> IterMut<'a, V> {
        self.iter_mut()
    }
}

impl<V: fmt::Debug> fmt::Debug for Named<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V: Serialize> Serialize for Named<V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Named<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Named<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<V>, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry::<Box<str>, V>()? {
                    all.push(entry);
                }
                Ok(all.into())
            }
        }
        from.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_what_a_map_is(steps in proptest::collection::vec(("[a-d]{0,2}", proptest::option::of(any::<u8>())), 0..40)) {
            let (mut map, mut named) = (BTreeMap::new(), Named::new());
            for (name, value) in steps {
                match value {
                    Some(value) => prop_assert_eq!(map.insert(name.clone(), value), named.insert(name.into(), value)),
                    None => prop_assert_eq!(map.remove(&name), named.remove(&name)),
                }
                let all: Vec<(&str, &u8)> = map.iter().map(|(name, value)| (name.as_str(), value)).collect();
                prop_assert_eq!(all, named.iter().collect::<Vec<_>>());
                prop_assert_eq!((map.len(), map.is_empty()), (named.len(), named.is_empty()));
                for name in ["", "a", "bc"] {
                    prop_assert_eq!(map.get(name), named.get(name));
                    prop_assert_eq!(map.contains_key(name), named.contains_key(name));
                }
            }
            let text = serde_json::to_string(&named).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&map).unwrap());
            prop_assert_eq!(serde_json::from_str::<Named<u8>>(&text).unwrap(), named.clone());
            prop_assert_eq!(format!("{named:?}"), format!("{map:?}"));
            prop_assert!(named.keys().eq(map.keys()) && named.clone().into_iter().map(|(_, v)| v).eq(map.into_values()));
            named.iter_mut().for_each(|(_, value)| *value |= 1);
            named.retain(|name, _| name.len() == 1);
            *named.or_default("e") += 1;
            prop_assert!(named.get("e") == Some(&1) && named.values().count() <= 5);
        }

        #[test]
        fn of_namesakes_the_last_one_stays(entries in proptest::collection::vec(("[a-c]{0,2}", any::<u8>()), 0..30)) {
            let map: BTreeMap<String, u8> = entries.iter().cloned().collect();
            let (one, other) = entries.split_at(entries.len() / 2);
            let mut halves: Named<u8> = one.iter().cloned().collect();
            halves.extend(other.iter().cloned());
            let named: Named<u8> = entries.into_iter().collect();
            prop_assert_eq!(&halves, &named);
            prop_assert!(named.iter().eq(map.iter().map(|(name, value)| (name.as_str(), value))));
        }
    }
}
