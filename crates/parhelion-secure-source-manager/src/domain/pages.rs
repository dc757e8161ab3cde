//! Lists in pages.

use crate::error::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha1::{Digest, Sha1};

/// Items when the request does not say. Docs: page_size of the lists; CHOICE: for instances too.
pub const DEFAULT: usize = 30;
/// Most items, whatever the request says.
pub const MOST: usize = 100;

/// How many items a list gives.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// When the request does not say.
    pub default: usize,
    /// At most, whatever it says.
    pub most: usize,
}

/// One page of a list, and the token of the next (empty on the last). `question` is what the list was asked
/// besides size and token: a token serves only the list that gave it.
pub fn page<T>(items: Vec<T>, size: i32, token: &str, question: &[&str]) -> Result<(Vec<T>, String), Error> {
    page_of(items, size, token, question, Sizes { default: DEFAULT, most: MOST })
}

/// [`page`] of a list with sizes of its own.
pub fn page_of<T>(
    items: Vec<T>,
    size: i32,
    token: &str,
    question: &[&str],
    sizes: Sizes,
) -> Result<(Vec<T>, String), Error> {
    let size = match usize::try_from(size) {
        Err(_) => return Err(Error::field("page_size", "must not be negative.")),
        Ok(0) => sizes.default,
        Ok(n) => n.min(sizes.most),
    };
    let start = if token.is_empty() { 0 } else { read(token, question).ok_or(Error::PageToken)? };
    let total = items.len();
    let items: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let end = start + items.len();
    let next = if end < total { write(end, question) } else { String::new() };
    Ok((items, next))
}

fn mark(question: &[&str]) -> String {
    let mut hash = Sha1::new();
    for part in question {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    parhelion_core::text::hex(&hash.finalize()[..6])
}

fn write(offset: usize, question: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(format!("{offset}.{}", mark(question)))
}

fn read(token: &str, question: &[&str]) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (offset, given) = text.split_once('.')?;
    (given == mark(question)).then_some(())?;
    offset.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pages_together_are_the_list(len in 0usize..250, size in 0i32..120) {
            let all: Vec<usize> = (0..len).collect();
            let (mut got, mut token) = (Vec::new(), String::new());
            loop {
                let (items, next) = page(all.clone(), size, &token, &["q"]).unwrap();
                prop_assert!(items.len() <= MOST);
                got.extend(items);
                token = next;
                if token.is_empty() { break }
            }
            prop_assert_eq!(got, all);
        }
        #[test]
        fn any_token_is_read_without_panic(token in "[ -~]{0,30}") {
            let _ = page(vec![1, 2, 3], 1, &token, &["q"]);
        }
    }

    #[test]
    fn a_token_serves_only_its_own_list() {
        let (_, token) = page(vec![1, 2, 3], 1, "", &["a"]).unwrap();
        assert!(page(vec![1, 2, 3], 2, &token, &["a"]).is_ok(), "the size may change");
        assert!(matches!(page(vec![1, 2, 3], 1, &token, &["b"]), Err(Error::PageToken)));
        assert!(matches!(page(vec![1, 2, 3], 1, "nonsense", &["a"]), Err(Error::PageToken)));
        assert!(matches!(page(vec![1], -1, "", &["a"]), Err(Error::Field { .. })));
    }
}
