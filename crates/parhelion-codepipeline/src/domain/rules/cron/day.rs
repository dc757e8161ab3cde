//! Days of a month and of a week, with `L`, `W` and `#`.

use super::Malformed;
use super::field::{MONTH_DAY, Values, WEEK_DAY};
use chrono::{Datelike, Days, NaiveDate, Weekday};

/// A part of the field for the day of month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MonthDay {
    /// Days by their numbers.
    Numbers(Values),
    /// So many days before the last of the month.
    BeforeLast(u32),
    /// The weekday that is nearest to a day, within its month.
    Nearest(u32),
    /// The last weekday of the month, or the one nearest to so many days before its end.
    NearestBeforeLast(u32),
}

/// A part of the field for the day of week: 1 is Sunday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WeekDay {
    /// Days by their numbers.
    Numbers(Values),
    /// The last such day of the month.
    Last(u32),
    /// The n-th such day of the month.
    Nth(u32, u32),
}

pub(super) fn month_days(text: &str) -> Result<Vec<MonthDay>, Malformed> {
    let before_last = |text: &str, days: &str| {
        let number = days.parse().ok().filter(|n| *n <= 30 && days.bytes().all(|b| b.is_ascii_digit()));
        number.ok_or_else(|| MONTH_DAY.wrong(text))
    };
    let mut numbers = Values::default();
    let mut all = Vec::new();
    for part in text.split(',') {
        let upper = part.to_ascii_uppercase();
        if let Some(rest) = upper.strip_prefix('L') {
            let (rest, weekday) = rest.strip_suffix('W').map_or((rest, false), |rest| (rest, true));
            let days = match rest.strip_prefix('-') {
                Some(days) => before_last(part, days)?,
                None if rest.is_empty() => 0,
                None => return Err(MONTH_DAY.wrong(part)),
            };
            all.push(if weekday { MonthDay::NearestBeforeLast(days) } else { MonthDay::BeforeLast(days) });
        } else if let Some(day) = upper.strip_suffix('W') {
            all.push(MonthDay::Nearest(MONTH_DAY.number(day)?));
        } else {
            MONTH_DAY.add(part, &mut numbers)?;
        }
    }
    all.push(MonthDay::Numbers(numbers));
    Ok(all)
}

pub(super) fn week_days(text: &str) -> Result<Vec<WeekDay>, Malformed> {
    let mut numbers = Values::default();
    let mut all = Vec::new();
    for part in text.split(',') {
        if let Some((day, nth)) = part.split_once('#') {
            let nth = nth.parse().ok().filter(|n| (1..=5).contains(n)).ok_or_else(|| WEEK_DAY.wrong(part))?;
            all.push(WeekDay::Nth(WEEK_DAY.number(day)?, nth));
        } else if part.eq_ignore_ascii_case("L") {
            // Docs: alone it is the last day of the week.
            WEEK_DAY.add("SAT", &mut numbers)?;
        } else if let Some(day) = part.strip_suffix(['L', 'l']) {
            all.push(WeekDay::Last(WEEK_DAY.number(day)?));
        } else {
            WEEK_DAY.add(part, &mut numbers)?;
        }
    }
    all.push(WeekDay::Numbers(numbers));
    Ok(all)
}

pub(super) fn first_of_next_month(date: NaiveDate) -> Option<NaiveDate> {
    match date.month() {
        12 => NaiveDate::from_ymd_opt(date.year() + 1, 1, 1),
        month => NaiveDate::from_ymd_opt(date.year(), month + 1, 1),
    }
}

/// How many days the month of a date has.
fn length(date: NaiveDate) -> u32 {
    first_of_next_month(date).and_then(|first| first.pred_opt()).map_or(31, |last| last.day())
}

/// The weekday that is nearest to a day, and in its month. A month that lacks the day has none.
fn nearest(day: u32, month: NaiveDate) -> Option<u32> {
    let date = month.with_day(day)?;
    let moved = match date.weekday() {
        Weekday::Sat if day == 1 => date.checked_add_days(Days::new(2)),
        Weekday::Sat => date.pred_opt(),
        Weekday::Sun if day == length(month) => date.checked_sub_days(Days::new(2)),
        Weekday::Sun => date.succ_opt(),
        _ => Some(date),
    };
    moved.map(|date| date.day())
}

impl MonthDay {
    pub(super) fn is(&self, date: NaiveDate) -> bool {
        let before_last = |days: u32| length(date).checked_sub(days).filter(|day| *day >= 1);
        match self {
            MonthDay::Numbers(numbers) => numbers.contains(date.day()),
            MonthDay::BeforeLast(days) => before_last(*days) == Some(date.day()),
            MonthDay::Nearest(day) => nearest(*day, date) == Some(date.day()),
            MonthDay::NearestBeforeLast(days) => {
                before_last(*days).and_then(|day| nearest(day, date)) == Some(date.day())
            }
        }
    }
}

impl WeekDay {
    pub(super) fn is(&self, date: NaiveDate) -> bool {
        let today = date.weekday().number_from_sunday();
        match self {
            WeekDay::Numbers(numbers) => numbers.contains(today),
            WeekDay::Last(day) => today == *day && date.day() + 7 > length(date),
            WeekDay::Nth(day, nth) => today == *day && (date.day() - 1) / 7 + 1 == *nth,
        }
    }
}
