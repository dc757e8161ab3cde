//! Schedules of jobs: `{second} {minute} {hour} {day} {month} {day of week}`.
//! Docs: wiki "WebJobs API", settings.job reference.

use chrono::{DateTime, Datelike, Days, NaiveDate, Timelike, Utc};

/// Days that are looked through for the next occurrence: a schedule for the 29th of February on a Monday comes within
/// forty years.
const DAYS: u64 = 366 * 41;

/// A schedule: the values that each field takes, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    seconds: u64,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Cron {
    /// Reads six fields; `None` for anything else.
    pub fn parse(text: &str) -> Option<Cron> {
        let mut fields = text.split_whitespace();
        let mut next = |from, to, names: &[&str]| field(fields.next()?, from, to, names);
        let cron = Cron {
            seconds: next(0, 59, &[])?,
            minutes: next(0, 59, &[])?,
            hours: next(0, 23, &[])?,
            days: next(1, 31, &[])?,
            months: next(1, 12, &MONTHS)?,
            weekdays: next(0, 6, &WEEKDAYS)?,
        };
        fields.next().is_none().then_some(cron)
    }

    /// The first occurrence later than a time; `None` when there is none (the 31st of February).
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let start = after.checked_add_signed(chrono::TimeDelta::seconds(1))?.with_nanosecond(0)?;
        let first = start.date_naive();
        let mut from = start.num_seconds_from_midnight();
        for offset in 0..DAYS {
            let day = first.checked_add_days(Days::new(offset))?;
            if self.takes(day)
                && let Some(second) = self.of_day(from)
            {
                let (hour, minute) = (second / 3_600, second / 60 % 60);
                return Some(day.and_hms_opt(hour, minute, second % 60)?.and_utc());
            }
            from = 0;
        }
        None
    }

    fn takes(&self, day: NaiveDate) -> bool {
        has(self.months, day.month())
            && has(self.days, day.day())
            && has(self.weekdays, day.weekday().num_days_from_sunday())
    }
    /// The first second of a day, from one on.
    fn of_day(&self, from: u32) -> Option<u32> {
        for hour in (from / 3_600..24).filter(|hour| has(self.hours, *hour)) {
            for minute in (0..60).filter(|minute| has(self.minutes, *minute)) {
                let start = hour * 3_600 + minute * 60;
                if start + 59 < from {
                    continue;
                }
                let second = (0..60).find(|second| has(self.seconds, *second) && start + second >= from);
                if let Some(second) = second {
                    return Some(start + second);
                }
            }
        }
        None
    }
}

fn has(bits: u64, value: u32) -> bool {
    bits.checked_shr(value).is_some_and(|bits| bits & 1 == 1)
}

/// `*`, `a`, `a-b`, each with `/step`, and lists of them.
fn field(text: &str, from: u32, to: u32, names: &[&str]) -> Option<u64> {
    let value = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|at| u32::try_from(at).ok()).map(|at| at + from);
        let value = named.or_else(|| text.parse::<u32>().ok().filter(|_| !text.starts_with('+')))?;
        (from..=to).contains(&value).then_some(value)
    };
    let mut bits = 0u64;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (from, to),
            Some((first, last)) => (value(first)?, value(last)?),
            // OBSERVED: NCrontab reads `5/15` as from 5 on.
            None if part.contains('/') => (value(range)?, to),
            None => (value(range)?, value(range)?),
        };
        if first > last {
            return None;
        }
        for at in (first..=last).step_by(usize::try_from(step).ok()?) {
            bits |= 1u64.checked_shl(at)?;
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn next(cron: &str, after: &str) -> Option<String> {
        let after = after.parse().unwrap();
        Cron::parse(cron).unwrap().next(after).map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    #[test]
    fn occurrences() {
        for (cron, after, at) in [
            ("0 */5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"),
            ("* * * * * *", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"),
            ("0 0 9-17 * * MON-FRI", "2026-01-03T00:00:00Z", "2026-01-05T09:00:00Z"),
            ("0 30 9 * Jan Mon", "2026-01-26T09:30:00Z", "2027-01-04T09:30:00Z"),
            ("15,45 0/20 23 31 12 *", "2026-01-01T00:00:00Z", "2026-12-31T23:00:15Z"),
            ("59 59 23 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T23:59:59Z"),
            ("0 0 * * * *", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(next(cron, after).as_deref(), Some(at), "{cron}");
        }
        assert_eq!(next("0 0 0 31 2 *", "2026-01-01T00:00:00Z"), None);
        for bad in [
            "",
            "* * * * *",
            "* * * * * * *",
            "60 * * * * *",
            "a * * * * *",
            "*/0 * * * * *",
            "5-1 * * * * *",
            "* * * 0 * *",
            "* * * * 13 *",
            "* * * * * 8",
            "+1 * * * * *",
            "1,, * * * * *",
            "-1 * * * * *",
        ] {
            assert_eq!(Cron::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([0-9*/,-]{1,6} ){5}[0-9a-zA-Z*]{0,4}|\\PC{0,20}", secs in 0i64..4_000_000_000) {
            let after = DateTime::from_timestamp(secs, 0).unwrap();
            if let Some(at) = Cron::parse(&text).and_then(|cron| cron.next(after)) {
                prop_assert!(at > after);
            }
        }
    }
}
