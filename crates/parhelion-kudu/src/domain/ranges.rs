//! `Range`: the parts of a file that a client asks for.

use std::ops::Range;

/// Most parts of one answer; a header with more is as good as none.
// CHOICE: the real service has no bound; many overlapping parts would make an answer of any length.
pub const MAX_PARTS: usize = 16;

/// What a `Range` header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// No header, or none that can be read: the whole.
    All,
    /// These parts, each within the file and not empty.
    Parts(Vec<Range<u64>>),
    /// Parts that all lie behind the file's end.
    Nothing,
    /// A unit that is not bytes.
    OtherUnit(String),
}

/// Reads a header for a file of a size in bytes.
pub fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((unit, list)) = header.and_then(|text| text.split_once('=')) else { return Wanted::All };
    let parts: Option<Vec<Asked>> = list.split(',').map(|part| Asked::parse(part.trim())).collect();
    let unit = unit.trim();
    let Some(parts) = parts.filter(|parts| parts.len() <= MAX_PARTS && !unit.is_empty()) else {
        return Wanted::All;
    };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Wanted::OtherUnit(parhelion_core::text::prefix(unit, 80).to_owned());
    }
    let found: Vec<Range<u64>> = parts.iter().filter_map(|part| part.within(size)).collect();
    if found.is_empty() { Wanted::Nothing } else { Wanted::Parts(found) }
}

enum Asked {
    From(u64),
    FromTo(u64, u64),
    Last(u64),
}

impl Asked {
    fn parse(text: &str) -> Option<Asked> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        let (from, to) = text.split_once('-')?;
        match (from.trim(), to.trim()) {
            ("", to) => number(to).map(Asked::Last),
            (from, "") => number(from).map(Asked::From),
            (from, to) => {
                let (from, to) = (number(from)?, number(to)?);
                (from <= to).then_some(Asked::FromTo(from, to))
            }
        }
    }
    fn within(&self, size: u64) -> Option<Range<u64>> {
        let range = match *self {
            Asked::From(from) => from..size,
            Asked::FromTo(from, to) => from..to.saturating_add(1).min(size),
            Asked::Last(count) => size.saturating_sub(count)..size,
        };
        (range.start < range.end).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(header: &str) -> Wanted {
        wanted(Some(header), 10)
    }
    fn one(part: Range<u64>) -> Wanted {
        Wanted::Parts(std::iter::once(part).collect())
    }

    #[test]
    fn parts_are_cut_at_the_end() {
        assert_eq!(parts("bytes=2-4"), one(2..5));
        assert_eq!(parts("Bytes = 8-"), one(8..10));
        assert_eq!(parts("bytes=-3"), one(7..10));
        assert_eq!(parts("bytes=-99"), one(0..10));
        assert_eq!(parts("bytes=0-0, 9-20, 30-40"), Wanted::Parts(vec![0..1, 9..10]));
        assert_eq!(parts("bytes=10-"), Wanted::Nothing);
        assert_eq!(parts("bytes=-0"), Wanted::Nothing);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Nothing);
        assert_eq!(parts("pages=1-2"), Wanted::OtherUnit("pages".into()));
        for none in
            ["bytes", "bytes=", "bytes=4-2", "bytes=a-b", "bytes=1-2,x", "=1-2", "bytes=--1", "bytes=+1-2"]
        {
            assert_eq!(parts(none), Wanted::All, "{none}");
        }
        assert_eq!(parts(&format!("bytes={}", ["0-0"; 17].join(","))), Wanted::All);
        assert_eq!(wanted(None, 10), Wanted::All);
    }

    proptest! {
        #[test]
        fn parts_lie_within(header in "bytes=[-0-9, ]{0,12}|\\PC{0,12}", size in 0u64..30) {
            if let Wanted::Parts(parts) = wanted(Some(&header), size) {
                prop_assert!(!parts.is_empty() && parts.iter().all(|p| p.start < p.end && p.end <= size));
            }
        }
    }
}
