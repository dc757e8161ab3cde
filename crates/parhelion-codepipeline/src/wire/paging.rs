//! Page tokens: opaque, bound to the question they were given for, and recognised without being kept.

use crate::domain::place::Place;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Bytes of the check in front of the position.
const CHECK: usize = 16;

/// What a token is bound to: it continues this question and no other.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The operation.
    pub operation: &'a str,
    /// Who asks.
    pub place: &'a Place,
    /// The filter arguments, in a fixed order; not the size of the page.
    pub arguments: &'a [&'a str],
}

/// A token that we did not give for this question: `InvalidNextTokenException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignToken;

impl Question<'_> {
    /// The token for going on after `position` (the key of the last item sent).
    pub fn token(&self, position: &str) -> String {
        let mut bytes = self.check(position).to_vec();
        bytes.extend_from_slice(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position that a token of ours stands for.
    ///
    /// # Errors
    /// When it is none of ours, or belongs to another operation, tenant or filter.
    pub fn position(&self, token: &str) -> Result<String, ForeignToken> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| ForeignToken)?;
        let (check, position) = bytes.split_at_checked(CHECK).ok_or(ForeignToken)?;
        let position = str::from_utf8(position).map_err(|_| ForeignToken)?;
        if check == self.check(position) { Ok(position.to_owned()) } else { Err(ForeignToken) }
    }

    /// One page of `items`, which come in the order of the answer, and the token for the next one. `key` names an
    /// item's place in that order, `after` says whether an item comes after such a key: items may come and go
    /// between two pages.
    ///
    /// # Errors
    /// When `token` is none of ours for this question.
    pub fn page<T>(
        &self,
        token: Option<&str>,
        size: usize,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
        after: impl Fn(&T, &str) -> bool,
    ) -> Result<(Vec<T>, Option<String>), ForeignToken> {
        let position = token.map(|t| self.position(t)).transpose()?;
        let mut rest =
            items.into_iter().skip_while(|item| position.as_ref().is_some_and(|p| !after(item, p)));
        let page: Vec<T> = rest.by_ref().take(size.max(1)).collect();
        let next = rest.next().and(page.last()).map(|last| self.token(&key(last)));
        Ok((page, next))
    }

    /// A digest over question and position. It keeps tokens of one question out of another; it is no secret.
    fn check(&self, position: &str) -> [u8; CHECK] {
        let mut digest = Sha256::new();
        let place = self.place.to_string();
        let parts = ["parhelion page", self.operation, &place, position].into_iter();
        for part in parts.chain(self.arguments.iter().copied()) {
            // Each part with its length before it, so that none can run into the next.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut out = [0; CHECK];
        out.copy_from_slice(&digest.finalize()[..CHECK]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_name(token: Option<&str>, size: usize, items: &[String]) -> (Vec<String>, Option<String>) {
        let place = Place::default();
        let question = Question { operation: "ListPipelines", place: &place, arguments: &[] };
        question
            .page(token, size, items.iter().cloned(), String::clone, |item, last| item.as_str() > last)
            .unwrap()
    }

    #[test]
    fn a_token_is_bound_to_operation_place_and_arguments() {
        let (here, there) = (Place::default(), Place::new("123456789012", "us-east-1").unwrap());
        let question = Question { operation: "ListTagsForResource", place: &here, arguments: &["arn:1"] };
        let token = question.token("key");
        assert_eq!(question.position(&token).unwrap(), "key");
        for other in [
            Question { operation: "ListPipelines", ..question },
            Question { place: &there, ..question },
            Question { arguments: &["arn:2"], ..question },
            Question { arguments: &["arn:1", ""], ..question },
        ] {
            assert_eq!(other.position(&token), Err(ForeignToken));
        }
        for foreign in ["", "x", "not base64!", &token[1..], &format!("{token}AA")] {
            assert_eq!(question.position(foreign), Err(ForeignToken), "{foreign}");
        }
    }

    #[test]
    fn the_last_page_has_no_token() {
        let items: Vec<String> = ["a", "b"].map(String::from).into();
        assert_eq!(by_name(None, 2, &items), (items.clone(), None));
        assert_eq!(by_name(None, 1, &items).0, ["a"]);
        assert!(by_name(None, 1, &items).1.is_some());
        assert_eq!(by_name(None, 5, &[]), (vec![], None));
    }

    #[test]
    fn items_may_vanish_between_pages() {
        let items: Vec<String> = ["a", "b", "c"].map(String::from).into();
        let (_, token) = by_name(None, 2, &items);
        let left: Vec<String> = ["a", "c", "d"].map(String::from).into();
        assert_eq!(by_name(token.as_deref(), 2, &left), (vec!["c".into(), "d".into()], None));
    }

    proptest! {
        #[test]
        fn pages_together_are_the_list(items in proptest::collection::btree_set("[a-z]{1,3}", 0..30), size in 1usize..7) {
            let items: Vec<String> = items.into_iter().collect();
            let (mut all, mut token) = (Vec::new(), None);
            loop {
                let (page, next) = by_name(token.as_deref(), size, &items);
                prop_assert!(page.len() <= size);
                all.extend(page);
                match next {
                    Some(next) => token = Some(next),
                    None => break,
                }
            }
            prop_assert_eq!(all, items);
        }
        #[test]
        fn any_text_is_a_token_or_foreign(text in ".{0,60}") {
            let place = Place::default();
            let question = Question { operation: "x", place: &place, arguments: &[] };
            prop_assert_eq!(question.position(&text), Err(ForeignToken));
        }
    }
}
