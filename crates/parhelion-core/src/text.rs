//! Small pieces of text work that more than one crate needs.

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |b: &u8| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]].map(char::from);
    bytes.iter().flat_map(digits).collect()
}

/// Bytes from hexadecimal of either case; `None` for anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

/// A secret as it may be shown: four stars, whatever its length. Empty stays empty.
pub fn masked(secret: &str) -> String {
    if secret.is_empty() { String::new() } else { "****".to_owned() }
}

/// The longest prefix of at most `max` bytes that ends at a character's end.
pub fn prefix(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hex_there_and_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(unhex(&hex(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(unhex(&hex(&bytes).to_uppercase()), Some(bytes));
        }
        #[test]
        fn unhex_never_panics(text in ".{0,20}") {
            let _ = unhex(&text);
        }
        #[test]
        fn a_prefix_is_bounded(text in ".{0,20}", max in 0usize..30) {
            prop_assert!(prefix(&text, max).len() <= max);
        }
    }
}
