//! Business hours: days of the week and a span of the day in a time zone.

use super::zones;
use chrono::{Datelike, Days, NaiveTime, TimeZone, Weekday};
use chrono_tz::Tz;
use parhelion_core::Timestamp;
use serde_json::Value;

/// When it is business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    days: Vec<Weekday>,
    zone: Tz,
    from: NaiveTime,
    to: NaiveTime,
}

impl Hours {
    /// Reads the inputs of the check.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn read(inputs: &Value) -> Result<Hours, String> {
        let text = |name: &str| {
            let given = inputs.get(name).and_then(Value::as_str).map(str::trim).unwrap_or_default();
            if given.is_empty() { Err(format!("the input {name} is missing")) } else { Ok(given) }
        };
        let mut days = Vec::new();
        for day in text("businessDays")?.split(',').map(str::trim).filter(|d| !d.is_empty()) {
            let known: Weekday =
                day.parse().map_err(|_| format!("'{}' is no day of the week", short(day)))?;
            days.push(known);
        }
        let zone = text("timeZone")?;
        let zone = zones::zone(zone).ok_or_else(|| format!("'{}' is no time zone", short(zone)))?;
        let clock = |name: &str| {
            let given = text(name)?;
            let time = NaiveTime::parse_from_str(given, "%H:%M");
            time.map_err(|_| format!("the input {name} is '{}', not a time such as 09:30", short(given)))
        };
        Ok(Hours { days, zone, from: clock("startTime")?, to: clock("endTime")? })
    }
    /// Whether it is business at that time.
    // CHOICE: a span that ends before it begins goes over midnight, and belongs to the day on which it begins; one
    // that ends when it begins is the whole day.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = at.with_timezone(&self.zone).naive_local();
        let (day, time) = (local.date(), local.time());
        let business = |day: chrono::NaiveDate| self.days.contains(&day.weekday());
        if self.from < self.to {
            return business(day) && self.from <= time && time < self.to;
        }
        let began_today = business(day) && time >= self.from;
        let began_before = day.checked_sub_days(Days::new(1)).is_some_and(business) && time < self.to;
        began_today || began_before
    }
    /// When it is next business, after that time; `None`: never.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let today = after.with_timezone(&self.zone).date_naive();
        (0..=8).find_map(|n| {
            let day = today.checked_add_days(Days::new(n))?;
            if !self.days.contains(&day.weekday()) {
                return None;
            }
            // An hour that a change of clocks leaves out begins when the clock is set.
            let opening = (0..=3).find_map(|skipped| {
                let local = day.and_time(self.from).checked_add_signed(chrono::TimeDelta::hours(skipped))?;
                self.zone.from_local_datetime(&local).earliest()
            })?;
            let opening = opening.with_timezone(&chrono::Utc);
            (opening > after).then_some(opening)
        })
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }
    fn hours(days: &str, zone: &str, from: &str, to: &str) -> Result<Hours, String> {
        Hours::read(&json!({ "businessDays": days, "timeZone": zone, "startTime": from, "endTime": to }))
    }

    #[test]
    fn it_is_business_on_its_days_in_its_zone() {
        // 2026-11-20 is a Friday; Berlin is an hour ahead in winter.
        let work =
            hours("Monday, Tuesday,Wednesday,Thursday,Friday", "W. Europe Standard Time", "09:00", "17:00");
        let work = work.unwrap();
        assert!(work.is_open(at("2026-11-20T08:00:00Z")) && !work.is_open(at("2026-11-20T07:59:59Z")));
        assert!(!work.is_open(at("2026-11-20T16:00:00Z")) && !work.is_open(at("2026-11-21T10:00:00Z")));
        assert_eq!(work.next(at("2026-11-20T16:30:00Z")), Some(at("2026-11-23T08:00:00Z")));
        assert_eq!(work.next(at("2026-11-20T01:00:00Z")), Some(at("2026-11-20T08:00:00Z")));
    }

    #[test]
    fn a_span_may_go_over_midnight() {
        let night = hours("Friday", "UTC", "22:00", "02:00").unwrap();
        assert!(night.is_open(at("2026-11-20T23:00:00Z")) && night.is_open(at("2026-11-21T01:00:00Z")));
        assert!(!night.is_open(at("2026-11-20T01:00:00Z")) && !night.is_open(at("2026-11-21T02:00:00Z")));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (bad, says) in [
            (hours("Funday", "UTC", "1:00", "2:00"), "no day"),
            (hours("Monday", "Mars", "01:00", "02:00"), "no time zone"),
            (hours("Monday", "UTC", "25:00", "02:00"), "startTime"),
            (hours("Monday", "UTC", "", "02:00"), "missing"),
        ] {
            assert!(bad.clone().unwrap_err().contains(says), "{bad:?}");
        }
        assert_eq!(hours(",", "UTC", "01:00", "02:00").unwrap().next(at("2026-01-01T00:00:00Z")), None);
    }
}
