//! Time zones as DeploymentWindow names them.

use chrono::{FixedOffset, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use parhelion_core::Timestamp;

/// A rule for local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// One of the IANA database.
    Named(Tz),
    /// Always so far from UTC.
    Fixed(FixedOffset),
}

/// Abbreviations that the database does not know by themselves.
// CHOICE: those of North America mean the place whose standard time they name, and keep to it all the year;
// IST is India's.
const ABBREVIATIONS: [(&str, i32); 10] = [
    ("PST", -8 * 60),
    ("PDT", -7 * 60),
    ("MDT", -6 * 60),
    ("CST", -6 * 60),
    ("CDT", -5 * 60),
    ("EDT", -4 * 60),
    ("BST", 60),
    ("CEST", 120),
    ("IST", 330),
    ("JST", 540),
];

impl std::str::FromStr for Zone {
    type Err = ();

    /// `Region/City` and other names of the database, `UTC+01:00`, `GMT-8`, an abbreviation.
    fn from_str(text: &str) -> Result<Zone, ()> {
        let minutes = |minutes: i32| FixedOffset::east_opt(minutes * 60).map(Zone::Fixed).ok_or(());
        if let Some((_, offset)) = ABBREVIATIONS.iter().find(|(name, _)| *name == text) {
            return minutes(*offset);
        }
        if let Ok(zone) = text.parse() {
            return Ok(Zone::Named(zone));
        }
        let rest = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).unwrap_or(text);
        let (sign, rest) = match rest.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(()),
        };
        let (hours, rest) = rest.split_once(':').unwrap_or((rest, "0"));
        let number = |text: &str, most| {
            let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<i32>().ok().filter(|n| digits && *n <= most).ok_or(())
        };
        minutes(sign * (number(hours, 18)? * 60 + number(rest, 59)?))
    }
}

impl Zone {
    /// The local time at an instant.
    pub fn local(&self, at: Timestamp) -> NaiveDateTime {
        let utc = at.naive_utc();
        let offset = match self {
            Zone::Named(zone) => zone.offset_from_utc_datetime(&utc).fix(),
            Zone::Fixed(offset) => *offset,
        };
        utc.checked_add_offset(offset).unwrap_or(utc)
    }

    /// The first instant, not before `from`, at which clocks show this local time; `None` where they skip it.
    pub fn instant(&self, local: NaiveDateTime, from: Timestamp) -> Option<Timestamp> {
        let found = match self {
            Zone::Named(zone) => zone.from_local_datetime(&local).map(|t| t.to_utc()),
            Zone::Fixed(offset) => offset.from_local_datetime(&local).map(|t| t.to_utc()),
        };
        [found.earliest(), found.latest()].into_iter().flatten().find(|at| *at >= from)
    }

    /// Whether clocks are put back within the next hours: then a local time comes twice.
    pub fn repeats_within(&self, from: Timestamp, hours: i64) -> bool {
        let to = from + TimeDelta::hours(hours);
        self.local(to) - self.local(from) < TimeDelta::hours(hours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_named_in_several_ways() {
        let noon: Timestamp = "2026-07-01T12:00:00Z".parse().unwrap();
        for (name, local) in [
            ("UTC", "12:00"),
            ("Europe/Berlin", "14:00"),
            ("America/Los_Angeles", "05:00"),
            ("PST", "04:00"),
            ("EST", "07:00"),
            ("UTC+05:30", "17:30"),
            ("GMT-8", "04:00"),
            ("-01:00", "11:00"),
        ] {
            let zone: Zone = name.parse().unwrap_or_else(|()| panic!("{name}"));
            assert_eq!(zone.local(noon).format("%H:%M").to_string(), local, "{name}");
        }
        for bad in ["", "Mars/Phobos", "UTC+", "UTC+99", "UTC+1:2:3", "+ü", "UTC+-1"] {
            assert_eq!(bad.parse::<Zone>(), Err(()), "{bad}");
        }
    }
}
