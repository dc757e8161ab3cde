//! Cron expressions of six or seven fields, as DeploymentWindow takes them: seconds (`*` only), minutes, hours, day
//! of month, month, day of week, and the year if one likes.
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-DeploymentWindow.html>

mod day;
mod field;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, Timelike};
use day::{MonthDay, WeekDay};
use field::{Field, Values};
use std::fmt;

/// The years that an expression may name. Docs.
const YEARS: std::ops::RangeInclusive<u32> = 1970..=2199;

/// A set of minutes in local time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: Values,
    hours: Values,
    months: Values,
    /// Empty: every day of a month.
    month_days: Vec<MonthDay>,
    /// Empty: every day of a week.
    week_days: Vec<WeekDay>,
    /// `None`: every year.
    years: Option<Values>,
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Cron {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Cron, Malformed> {
        let fields: Vec<&str> = text.split_ascii_whitespace().take(8).collect();
        let (&[seconds, minutes, hours, month_days, months, week_days], year) =
            match fields.split_at_checked(6) {
                Some((six, rest)) if rest.len() <= 1 => match <&[&str; 6]>::try_from(six) {
                    Ok(six) => (six, rest.first()),
                    Err(_) => return Err(Malformed("it needs six fields, or seven with the year".into())),
                },
                _ => return Err(Malformed("it needs six fields, or seven with the year".into())),
            };
        // Docs: nothing but `*` is allowed.
        if seconds != "*" {
            return Err(Malformed("the seconds must be *".into()));
        }
        // Docs: `?` stands for no specific value in one of the two. CHOICE: that two values are refused, as the
        // scheduler does whose syntax this is; and that `*` beside a value reads as `?`.
        let (any_month_day, any_week_day) = (matches!(month_days, "*" | "?"), matches!(week_days, "*" | "?"));
        if month_days == "?" && week_days == "?" {
            return Err(Malformed("only one of day of month and day of week may be ?".into()));
        }
        if !any_month_day && !any_week_day {
            return Err(Malformed("one of day of month and day of week must be ? or *".into()));
        }
        Ok(Cron {
            minutes: field::MINUTE.values(minutes)?,
            hours: field::HOUR.values(hours)?,
            months: field::MONTH.values(months)?,
            month_days: if any_month_day { Vec::new() } else { day::month_days(month_days)? },
            week_days: if any_week_day { Vec::new() } else { day::week_days(week_days)? },
            years: match year {
                None | Some(&"*") => None,
                Some(year) => Some(
                    Field { name: "year", least: *YEARS.start(), most: *YEARS.end(), names: &[] }
                        .values(year)?,
                ),
            },
        })
    }
}

impl Cron {
    /// Whether the minute of this local time belongs to the set.
    pub fn matches(&self, at: NaiveDateTime) -> bool {
        self.minutes.contains(at.minute()) && self.hours.contains(at.hour()) && self.has_day(at.date())
    }

    /// The first minute of the set at or after this local time.
    pub fn next(&self, at: NaiveDateTime) -> Option<NaiveDateTime> {
        let whole = at.with_second(0)?.with_nanosecond(0)?;
        let from = if whole < at { whole + chrono::TimeDelta::minutes(1) } else { whole };
        let mut date = from.date();
        let mut earliest = (from.hour(), from.minute());
        loop {
            // Whole years and months are skipped: the search takes some thousand steps at most.
            if date.year() > i32::try_from(*YEARS.end()).ok()? {
                return None;
            }
            if !self.has_year(date) {
                date = NaiveDate::from_ymd_opt(date.year() + 1, 1, 1)?;
                earliest = (0, 0);
                continue;
            }
            if !self.months.contains(date.month()) {
                date = day::first_of_next_month(date)?;
                earliest = (0, 0);
                continue;
            }
            if self.has_day(date)
                && let Some((hour, minute)) = self.first_time(earliest)
            {
                return date.and_hms_opt(hour, minute, 0);
            }
            date = date.checked_add_days(Days::new(1))?;
            earliest = (0, 0);
        }
    }

    /// The first time of a day in the set, from an hour and minute on.
    fn first_time(&self, (hour, minute): (u32, u32)) -> Option<(u32, u32)> {
        let this_hour = self.minutes.from(minute).filter(|_| self.hours.contains(hour));
        this_hour
            .map(|minute| (hour, minute))
            .or_else(|| Some((self.hours.from(hour + 1)?, self.minutes.from(0)?)))
    }

    fn has_year(&self, date: NaiveDate) -> bool {
        let year = u32::try_from(date.year()).unwrap_or(0);
        self.years.as_ref().is_none_or(|years| years.contains(year))
    }

    fn has_day(&self, date: NaiveDate) -> bool {
        self.has_year(date)
            && self.months.contains(date.month())
            && (self.month_days.is_empty() || self.month_days.iter().any(|day| day.is(date)))
            && (self.week_days.is_empty() || self.week_days.iter().any(|day| day.is(date)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }
    fn next(cron: &str, from: &str) -> Option<String> {
        cron.parse::<Cron>().unwrap().next(at(from)).map(|t| t.format("%Y-%m-%dT%H:%M").to_string())
    }

    #[test]
    fn openings_are_found() {
        // 2026-01-01 is a Thursday.
        for (cron, from, first) in [
            ("* * * * * *", "2026-01-01T10:11:12", "2026-01-01T10:12"),
            ("* * * * * ?", "2026-01-01T10:11:00", "2026-01-01T10:11"),
            ("* 0/15 9-17 ? * MON-FRI", "2026-01-01T17:45:01", "2026-01-02T09:00"),
            ("* 5/20 * ? * *", "2026-01-01T10:06:00", "2026-01-01T10:25"),
            ("* */30 22-2 ? * SUN", "2026-01-04T02:31:00", "2026-01-04T22:00"),
            ("* 0 0 L * ?", "2026-02-01T00:00:00", "2026-02-28T00:00"),
            ("* 0 0 L-3 * ?", "2026-01-30T00:00:00", "2026-02-25T00:00"),
            ("* 0 0 LW * ?", "2026-01-01T00:00:00", "2026-01-30T00:00"),
            ("* 0 0 15W * ?", "2026-02-01T00:00:00", "2026-02-16T00:00"),
            ("* 0 0 1W * ?", "2026-08-01T00:00:00", "2026-08-03T00:00"),
            ("* 0 0 ? * L", "2026-01-01T00:00:00", "2026-01-03T00:00"),
            ("* 0 0 ? * 6L", "2026-01-01T00:00:00", "2026-01-30T00:00"),
            ("* 0 0 ? * FRI#3", "2026-01-01T00:00:00", "2026-01-16T00:00"),
            ("* 0 0 ? * 2#5", "2026-01-01T00:00:00", "2026-03-30T00:00"),
            ("* 59 23 31 DEC ? 2030", "2026-01-01T00:00:00", "2030-12-31T23:59"),
            ("* 0 12 29 feb ?", "2026-01-01T00:00:00", "2028-02-29T12:00"),
            ("* 0 0 1,15 1/6 ? 2026-2030/2", "2026-07-15T00:01:00", "2028-01-01T00:00"),
            ("* 0 0 ? * FRI-MON", "2026-01-06T00:00:00", "2026-01-09T00:00"),
        ] {
            assert_eq!(next(cron, from).as_deref(), Some(first), "{cron} from {from}");
        }
        assert_eq!(next("* 0 0 30 2 ?", "2026-01-01T00:00:00"), None);
        assert_eq!(next("* 0 0 ? * * 2020", "2026-01-01T00:00:00"), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (cron, part) in [
            ("", "six fields"),
            ("* * * * *", "six fields"),
            ("* * * * * * * *", "six fields"),
            ("0 * * * * *", "seconds"),
            ("* 60 * * * *", "minute"),
            ("* * 24 * * *", "hour"),
            ("* * * 0 * ?", "day of month"),
            ("* * * * 13 *", "month"),
            ("* * * ? * 8", "day of week"),
            ("* * * ? * * 1969", "year"),
            ("* * * ? * ?", "only one"),
            ("* * * 1 * MON", "one of"),
            ("* 1-2-3 * * * *", "minute"),
            ("* 1/0 * * * *", "minute"),
            ("* , * * * *", "minute"),
            ("* ? * * * *", "minute"),
            ("* * * ? * MON#6", "day of week"),
            ("* * * L-31 * ?", "day of month"),
            ("* * * 32W * ?", "day of month"),
            ("* * * ? * * 2030-2020", "year"),
            ("* * * ? FOO *", "month"),
        ] {
            let refused = cron.parse::<Cron>().unwrap_err().to_string();
            assert!(refused.contains(part), "{cron}: {refused}");
        }
    }

    fn part(least: u32, most: u32) -> impl Strategy<Value = String> {
        let number = least..=most;
        prop_oneof![
            3 => Just("*".to_owned()),
            2 => number.clone().prop_map(|n| n.to_string()),
            1 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("{a}-{b}")),
            1 => (number.clone(), 1u32..7).prop_map(|(a, s)| format!("{a}/{s}")),
            1 => (number.clone(), number).prop_map(|(a, b)| format!("{a},{b}")),
        ]
    }
    fn days() -> impl Strategy<Value = (String, String)> {
        let month_day = prop_oneof![
            part(1, 31),
            Just("L".to_owned()),
            Just("LW".to_owned()),
            (0u32..30).prop_map(|n| format!("L-{n}")),
            (1u32..=31).prop_map(|n| format!("{n}W")),
        ];
        let week_day = prop_oneof![
            part(1, 7),
            Just("L".to_owned()),
            (1u32..=7).prop_map(|n| format!("{n}L")),
            (1u32..=7, 1u32..=5).prop_map(|(d, n)| format!("{d}#{n}")),
        ];
        prop_oneof![month_day.prop_map(|d| (d, "?".to_owned())), week_day.prop_map(|d| ("?".to_owned(), d))]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_next_minute_is_the_first_that_matches(
            (minutes, hours, months) in (part(0, 59), part(0, 23), part(1, 12)),
            (month_day, week_day) in days(),
            start in 0i64..20_000,
        ) {
            let cron: Cron = format!("* {minutes} {hours} {month_day} {months} {week_day}").parse().unwrap();
            let from = at("2024-01-01T00:00:00") + chrono::TimeDelta::minutes(start * 97);
            let minute = chrono::TimeDelta::minutes(1);
            let by_force = (0..60 * 24 * 32).map(|n| from + minute * n).find(|t| cron.matches(*t));
            match (cron.next(from), by_force) {
                (Some(found), Some(forced)) => prop_assert_eq!(found, forced),
                (Some(found), None) => prop_assert!(found >= from + minute * (60 * 24 * 32) && cron.matches(found)),
                (None, forced) => prop_assert_eq!(forced, None),
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "([0-9]{1,4}|[*?,/#LW -]|MON|JAN|ü){0,24}") {
            if let Ok(cron) = text.parse::<Cron>() {
                cron.next(at("2026-01-01T00:00:00"));
            }
        }
    }
}
