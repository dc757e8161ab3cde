//! What operations answer, before it becomes bytes.

use bytes::Bytes;
use serde_json::Value;

/// An operation's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// One object (or `null`).
    One(Value),
    /// A list: it goes out as `{"count":N,"value":[…]}`.
    List {
        /// The items of this page.
        items: Vec<Value>,
        /// What the client sends to get the next page, where there is one.
        next: Option<String>,
    },
    /// Bytes of another kind: a log as text, a file's content.
    Raw {
        /// The content type.
        media: &'static str,
        /// The bytes.
        body: Bytes,
        /// The name under which a browser would save it.
        file_name: Option<String>,
    },
    /// No body.
    Nothing,
}

impl Reply {
    /// A whole list.
    pub fn list(items: Vec<Value>) -> Self {
        Reply::List { items, next: None }
    }
}

/// A page out of a list: `skip` items are left out, `top` at most are taken. Gives the number to go on from.
pub fn page<T>(items: impl Iterator<Item = T>, skip: usize, top: usize) -> (Vec<T>, Option<usize>) {
    let mut rest = items.skip(skip);
    let taken: Vec<T> = rest.by_ref().take(top).collect();
    let next = rest.next().map(|_| skip + taken.len());
    (taken, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_tell_whether_more_is_left() {
        assert_eq!(page(0..5, 0, 2), (vec![0, 1], Some(2)));
        assert_eq!(page(0..5, 3, 2), (vec![3, 4], None));
        assert_eq!(page(0..5, 9, 2), (vec![], None));
        assert_eq!(page(0..5, 0, 0), (vec![], Some(0)));
    }
}
