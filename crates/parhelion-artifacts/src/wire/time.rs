//! Times as S3 writes them.

use chrono::{DateTime, SecondsFormat};
use parhelion_core::Timestamp;

/// `Wed, 12 Oct 2009 17:50:00 GMT`, for headers.
pub fn http(at: Timestamp) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `2009-10-12T17:50:30.000Z`, for XML.
pub fn xml(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The time that a header holds.
pub fn read_http(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc2822(text.trim()).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_headers_come_back() {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        assert_eq!(http(at), "Tue, 14 Nov 2023 22:13:20 GMT");
        assert_eq!(read_http(&http(at)), Some(at));
        assert_eq!(read_http("yesterday"), None);
        assert_eq!(xml(at), "2023-11-14T22:13:20.000Z");
    }
}
