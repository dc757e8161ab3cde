//! Durations as the emulator's own API writes them (control.md 1).

use chrono::TimeDelta;

/// `250ms`, `5s`, `90m`, `2h`, `7d`: a whole number and a unit; at most 100 years.
///
/// # Errors
/// A sentence that names the text.
pub fn duration(text: &str) -> Result<TimeDelta, String> {
    let bad = || {
        format!(
            "\"{}\" is no duration: a number and one of ms, s, m, h, d, as in 90m",
            crate::text::prefix(text, 80)
        )
    };
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().map_err(|_| bad())?;
    let unit_ms: i64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(bad()),
    };
    let most = 100 * 366 * 86_400_000_i64;
    let millis = number.checked_mul(unit_ms).filter(|ms| *ms <= most);
    millis.map(TimeDelta::milliseconds).ok_or_else(|| format!("\"{text}\" is longer than 100 years"))
}

/// A duration in the same form, in the largest unit that it is a whole number of.
pub fn written(duration: TimeDelta) -> String {
    let millis = duration.num_milliseconds().max(0);
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let whole = units.into_iter().find(|(unit, _)| millis > 0 && millis % unit == 0);
    whole.map_or_else(|| format!("{millis}ms"), |(unit, name)| format!("{}{name}", millis / unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_unit_and_the_bound() {
        let all: Vec<_> =
            ["250ms", "5s", "90m", "2h", "7d"].map(|t| duration(t).unwrap().num_milliseconds()).into();
        assert_eq!(all, [250, 5_000, 5_400_000, 7_200_000, 604_800_000]);
        for bad in ["", "5", "s", "-5s", "5 s", "1.5h", "5S", "99999999999d", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,12}") {
            let _ = duration(&text);
        }
        #[test]
        fn what_is_written_is_read(millis in 0..100 * 366 * 86_400_000_i64, unit in 0..5usize) {
            let step = [1, 1_000, 60_000, 3_600_000, 86_400_000][unit];
            let there = TimeDelta::milliseconds(millis / step * step);
            prop_assert_eq!(duration(&written(there)), Ok(there));
        }
    }
}
