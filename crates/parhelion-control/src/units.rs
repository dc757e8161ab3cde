//! Durations and times as the control API writes them (control.md 1).

use chrono::TimeDelta;
use parhelion_core::{Timestamp, limits};
use parhelion_state::END_OF_TIME;
use std::time::Duration;

/// `250ms`, `5s`, `90m`, `2h`, `7d`: a whole number and a unit; at most 100 years.
pub fn duration(text: &str) -> Result<TimeDelta, String> {
    let bad = || format!("\"{text}\" is no duration: a number and one of ms, s, m, h, d, as in 90m");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: i64 = text[..digits].parse().map_err(|_| bad())?;
    let unit_ms: i64 = match &text[digits..] {
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

/// A real time to wait, at most [`limits::WAIT_SECS`].
pub fn wait(text: &str) -> Result<Duration, String> {
    let wait = duration(text)?.to_std().unwrap_or_default();
    if wait > Duration::from_secs(limits::WAIT_SECS) {
        return Err(format!("\"{text}\" is too long to wait: at most {}s", limits::WAIT_SECS));
    }
    Ok(wait)
}

/// RFC 3339.
pub fn time(text: &str) -> Result<Timestamp, String> {
    let time = text.parse().ok().filter(|time| *time <= END_OF_TIME);
    time.ok_or_else(|| format!("\"{text}\" is no time: RFC 3339, as in 2026-01-31T12:00:00Z"))
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
        assert!(wait("61s").is_err() && wait("60s").is_ok());
    }

    #[test]
    fn times_end_with_the_year_9999() {
        assert_eq!(time("9999-12-31T23:59:59Z"), Ok(END_OF_TIME));
        for bad in
            ["10000-01-01T00:00:00Z", "+262142-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "2026-01-31"]
        {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,12}") {
            let _ = (duration(&text), wait(&text), time(&text));
        }
    }
}
