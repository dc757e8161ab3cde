//! Durations and times as the control API writes them (control.md 1).

use parhelion_core::{Timestamp, limits};
use parhelion_state::END_OF_TIME;
use std::time::Duration;

pub use parhelion_core::units::duration;

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
    fn waits_are_bounded() {
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
            let _ = (wait(&text), time(&text));
        }
    }
}
