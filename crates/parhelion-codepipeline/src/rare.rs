//! [`Rare`]: a text or list that is seldom there, and then takes one word.

use serde::{Deserialize, Serialize};
use std::{ops::Deref, slice};

/// A `String` or `Vec` behind a pointer: `Option<Rare<…>>` takes 8 bytes in place of 24. It is used as what it holds is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rare<T>(Box<T>);

impl<T: Deref> Deref for Rare<T> {
    type Target = T::Target;
    fn deref(&self) -> &T::Target {
        &self.0
    }
}

impl<T> AsRef<[T]> for Rare<Vec<T>> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<'a, T> IntoIterator for &'a Rare<Vec<T>> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;
    fn into_iter(self) -> slice::Iter<'a, T> {
        self.iter()
    }
}

impl<T> From<Vec<T>> for Rare<Vec<T>> {
    fn from(list: Vec<T>) -> Self {
        Rare(Box::new(list))
    }
}
impl<T, const N: usize> From<[T; N]> for Rare<Vec<T>> {
    fn from(list: [T; N]) -> Self {
        Vec::from(list).into()
    }
}
impl From<&str> for Rare<String> {
    fn from(text: &str) -> Self {
        Rare(Box::new(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_used_and_written_as_what_it_holds() {
        let (text, list): (Rare<String>, Rare<Vec<i32>>) = ("text".into(), [1, 2].into());
        assert_eq!((&*text, &*list, list.as_ref().len()), ("text", &[1, 2][..], 2));
        assert!(list.into_iter().eq(&[1, 2]));
        assert_eq!(serde_json::to_string(&(&text, &list)).unwrap(), r#"["text",[1,2]]"#);
        assert_eq!(
            serde_json::from_str::<(Rare<String>, Rare<Vec<i32>>)>(r#"["text",[1,2]]"#).unwrap(),
            (text, list)
        );
        assert_eq!(size_of::<Option<Rare<Vec<i32>>>>(), 8);
    }
}
