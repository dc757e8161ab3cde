//! The `Range` header: one range of bytes.

use crate::error::{Error, Result};
use std::ops::Range;

/// The range that a header asks of so many bytes; `None`: all of them. Docs: RFC 9110, 14.2: a header that cannot be read
/// is ignored; S3 ignores several ranges too.
///
/// # Errors
/// `InvalidRange` when the range lies beyond the end.
pub fn asked(header: Option<&str>, size: u64) -> Result<Option<Range<u64>>> {
    let Some(text) = header else { return Ok(None) };
    let Some((from, to)) = text.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let number = |text: &str| {
        let text = text.trim();
        // Too large a number is as good as the largest.
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let range = match (from.trim().is_empty(), to.trim().is_empty()) {
        (true, false) => {
            let Some(last) = number(to) else { return Ok(None) };
            // The last 0 bytes are no range.
            if last == 0 { size..size } else { size.saturating_sub(last)..size }
        }
        (false, true) => {
            let Some(from) = number(from) else { return Ok(None) };
            from..size
        }
        (false, false) => {
            let (Some(from), Some(to)) = (number(from), number(to)) else { return Ok(None) };
            if to < from {
                return Ok(None);
            }
            from..to.saturating_add(1).min(size)
        }
        (true, true) => return Ok(None),
    };
    if range.start >= size {
        return Err(Error::InvalidRange { asked: text.to_owned(), size });
    }
    Ok(Some(range))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_of_ten_bytes() {
        let of = |text: &str| asked(Some(text), 10);
        assert_eq!(of("bytes=0-3"), Ok(Some(0..4)));
        assert_eq!(of("bytes=9-"), Ok(Some(9..10)));
        assert_eq!(of("bytes=-4"), Ok(Some(6..10)));
        assert_eq!(of("bytes=-40"), Ok(Some(0..10)));
        assert_eq!(of("bytes=3-99999999999999999999"), Ok(Some(3..10)));
        for ignored in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-3",
            "bytes=0-1,3-4",
            "lines=0-1",
            "bytes=+1-2",
        ] {
            assert_eq!(of(ignored), Ok(None), "{ignored}");
        }
        for beyond in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(of(beyond), Err(Error::InvalidRange { asked: beyond.into(), size: 10 }), "{beyond}");
        }
        assert!(asked(Some("bytes=0-0"), 0).is_err(), "nothing has no first byte");
        assert_eq!(asked(None, 0), Ok(None));
    }

    proptest! {
        #[test]
        fn a_range_lies_within_and_is_what_was_asked(from in 0u64..30, len in 0u64..30, size in 0u64..30) {
            match asked(Some(&format!("bytes={from}-{}", from + len)), size) {
                Ok(Some(range)) => prop_assert_eq!(range, from..(from + len + 1).min(size)),
                Ok(None) => prop_assert!(false),
                Err(_) => prop_assert!(from >= size),
            }
        }
        #[test]
        fn any_text_is_read(text in "(bytes=)?[0-9a-z,= -]{0,20}", size in any::<u64>()) {
            if let Ok(Some(range)) = asked(Some(&text), size) {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }
    }
}
