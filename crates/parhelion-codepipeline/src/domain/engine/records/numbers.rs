//! [`Numbers`]: which executions, of mostly none or one.

use serde::{Deserialize, Serialize};
use std::ops::Deref;

/// A set of few numbers, in order; it keeps nothing when it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<u64>", into = "Vec<u64>")]
#[expect(clippy::box_collection, reason = "there are many empty ones: they take one word")]
pub struct Numbers(Option<Box<Vec<u64>>>);

impl Numbers {
    /// Takes a number in.
    pub fn insert(&mut self, number: u64) {
        if let Err(place) = self.binary_search(&number) {
            self.change(|all| {
                all.reserve_exact(1);
                all.insert(place, number);
            });
        }
    }
    /// Takes a number out.
    pub fn remove(&mut self, number: u64) {
        if let Ok(place) = self.binary_search(&number) {
            self.change(|all| {
                all.remove(place);
            });
        }
    }
    fn change(&mut self, how: impl FnOnce(&mut Vec<u64>)) {
        let mut all = self.0.take().unwrap_or_default();
        how(&mut all);
        self.0 = (!all.is_empty()).then_some(all);
    }
}

impl Deref for Numbers {
    type Target = [u64];
    fn deref(&self) -> &[u64] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl From<Vec<u64>> for Numbers {
    fn from(mut all: Vec<u64>) -> Self {
        all.sort_unstable();
        all.dedup();
        Numbers((!all.is_empty()).then(|| Box::new(all)))
    }
}

impl From<Numbers> for Vec<u64> {
    fn from(numbers: Numbers) -> Self {
        numbers.0.map_or_else(Vec::new, |all| *all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_what_a_set_is(steps in proptest::collection::vec((0_u64..9, any::<bool>()), 0..40)) {
            let (mut set, mut numbers) = (BTreeSet::new(), Numbers::default());
            for (number, comes) in steps {
                if comes {
                    set.insert(number);
                    numbers.insert(number);
                } else {
                    set.remove(&number);
                    numbers.remove(number);
                }
                prop_assert!(numbers.iter().eq(set.iter()));
            }
            let text = serde_json::to_string(&numbers).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&set).unwrap());
            prop_assert_eq!(serde_json::from_str::<Numbers>(&text).unwrap(), numbers.clone());
            let backwards: Vec<u64> = numbers.iter().chain(&*numbers).rev().copied().collect();
            prop_assert_eq!(Numbers::from(backwards), numbers);
        }
    }
}
