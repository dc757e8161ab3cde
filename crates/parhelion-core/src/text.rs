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

/// Query members whose values let somebody in: tokens of webhook URLs, API keys, presigned signatures.
const SECRET_MEMBERS: &[&str] = &[
    "access_token",
    "client_secret",
    "code",
    "key",
    "password",
    "secret",
    "sig",
    "signature",
    "t",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
];

/// A path with query as it may be shown: the values of members that let somebody in are masked.
pub fn masked_query(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let shown = query.split('&').map(|member| match member.split_once('=') {
        Some((name, value)) if SECRET_MEMBERS.iter().any(|s| s.eq_ignore_ascii_case(name)) => {
            format!("{name}={}", masked(value))
        }
        _ => member.to_owned(),
    });
    format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
}

/// The longest prefix of at most `max` bytes that ends at a character's end.
pub fn prefix(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_that_let_somebody_in_are_masked() {
        assert_eq!(masked_query("/trigger?t=abc&v=1"), "/trigger?t=****&v=1");
        assert_eq!(masked_query("/x?Access_Token=abc&tt=2&key"), "/x?Access_Token=****&tt=2&key");
        assert_eq!(masked_query("/x"), "/x");
    }

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
