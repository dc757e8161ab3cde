//! Times as .NET counts and writes them.

use chrono::Datelike;
use parhelion_core::Timestamp;

/// 100 ns units from 0001-01-01 to 1970-01-01.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// The last one of the year 9999.
const MAX_TICKS: i64 = 3_155_378_975_999_999_999;

/// An unset, non-nullable date.
pub const UNSET: &str = "0001-01-01T00:00:00";

/// .NET ticks: 100 ns units since 0001-01-01.
pub fn ticks(at: Timestamp) -> i64 {
    at.timestamp()
        .saturating_mul(10_000_000)
        .saturating_add(i64::from(at.timestamp_subsec_nanos() / 100))
        .saturating_add(UNIX_EPOCH_TICKS)
}

/// The time of .NET ticks; times before the year one or after 9999 are the nearest of those.
pub fn of_ticks(ticks: i64) -> Timestamp {
    let units = ticks.clamp(0, MAX_TICKS).saturating_sub(UNIX_EPOCH_TICKS);
    let nanos = u32::try_from(units.rem_euclid(10_000_000) * 100).unwrap_or_default();
    chrono::DateTime::from_timestamp(units.div_euclid(10_000_000), nanos).unwrap_or_default()
}

/// With an offset in the place of `Z`, as dates of that .NET type are written.
pub fn with_offset(at: Timestamp) -> String {
    let text = iso(at);
    format!("{}+00:00", text.trim_end_matches('Z'))
}

/// As HTTP headers write it.
pub fn http_date(at: Timestamp) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `yyyy-MM-ddTHH:mm:ss.FFFFFFFZ`: up to seven digits of a second, none when they are all zero.
pub fn iso(at: Timestamp) -> String {
    let mut text = at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let fraction = format!("{:07}", at.timestamp_subsec_nanos() / 100);
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text.push('Z');
    text
}

/// The round-trip form: always seven digits.
pub fn round_trip(at: Timestamp) -> String {
    format!("{}.{:07}Z", at.format("%Y-%m-%dT%H:%M:%S"), at.timestamp_subsec_nanos() / 100)
}

/// `2026-01-31_10-20-30Z`, as it stands in the address that an asynchronous deployment is polled at.
pub fn in_query(at: Timestamp) -> String {
    at.format("%Y-%m-%d_%H-%M-%SZ").to_string()
}

/// A date of a request: RFC 3339, or without a zone, which then is UTC. .NET knows the years 1 to 9999.
pub fn parse(text: &str) -> Option<Timestamp> {
    read(text.trim()).filter(|at| (1..=9999).contains(&at.year()))
}

fn read(text: &str) -> Option<Timestamp> {
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    if let Ok(at) = text.parse::<chrono::NaiveDateTime>() {
        return Some(at.and_utc());
    }
    let day = text.parse::<chrono::NaiveDate>().ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        parse(text).unwrap()
    }

    #[test]
    fn fractions_are_cut_where_they_end() {
        assert_eq!(iso(at("2013-06-06T01:24:16.5873293Z")), "2013-06-06T01:24:16.5873293Z");
        assert_eq!(iso(at("2013-06-06T01:24:17.63342Z")), "2013-06-06T01:24:17.63342Z");
        assert_eq!(iso(at("2026-01-01T00:00:00Z")), "2026-01-01T00:00:00Z");
        assert_eq!(round_trip(at("2026-01-01T00:00:00.5Z")), "2026-01-01T00:00:00.5000000Z");
        assert_eq!(in_query(at("2026-01-31T10:20:30.9Z")), "2026-01-31_10-20-30Z");
    }

    #[test]
    fn ticks_count_from_the_year_one() {
        assert_eq!(ticks(at("1970-01-01T00:00:00Z")), 621_355_968_000_000_000);
        assert_eq!(ticks(at("0001-01-01T00:00:00.0000001Z")), 1);
        assert_eq!(ticks(at("2024-11-23T09:47:25.0123456Z")), 638_679_520_450_123_456);
    }

    #[test]
    fn ticks_are_read_back() {
        for text in
            ["0001-01-01T00:00:00.0000001Z", "2024-11-23T09:47:25.0123456Z", "9999-12-31T23:59:59.9999999Z"]
        {
            assert_eq!(iso(of_ticks(ticks(at(text)))), text);
        }
        assert_eq!(with_offset(at("2026-01-31T10:20:30.5Z")), "2026-01-31T10:20:30.5+00:00");
        assert_eq!(http_date(at("2026-01-31T10:20:30Z")), "Sat, 31 Jan 2026 10:20:30 GMT");
        assert_eq!(of_ticks(i64::MIN), of_ticks(0));
        assert_eq!(iso(of_ticks(i64::MAX)), "9999-12-31T23:59:59.9999999Z");
    }

    #[test]
    fn dates_without_a_zone_are_utc() {
        assert_eq!(parse("2026-01-31T10:20:30"), parse("2026-01-31T10:20:30Z"));
        assert_eq!(parse("2026-01-31"), parse("2026-01-31T00:00:00Z"));
        assert_eq!(parse("2026-01-31T12:20:30+02:00"), parse("2026-01-31T10:20:30Z"));
        for none in ["08/08/2013 13:24PM", "-5000-01-01T00:00:00", "+10000-01-01", "0000-12-31"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(secs in -60_000_000_000i64..200_000_000_000, units in 0u32..10_000_000) {
            let at = chrono::DateTime::from_timestamp(secs, units * 100).unwrap();
            prop_assert_eq!(parse(&iso(at)), Some(at));
        }
        #[test]
        fn no_text_makes_it_panic(text in ".{0,30}") {
            let _ = parse(&text);
        }
    }
}
