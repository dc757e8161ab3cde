//! A field that is a set of numbers.

use super::Malformed;

/// What a field may hold.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) least: u32,
    pub(super) most: u32,
    /// Words for the numbers from `least` on.
    pub(super) names: &'static [&'static str],
}

pub(super) const MINUTE: Field = Field { name: "minute", least: 0, most: 59, names: &[] };
pub(super) const HOUR: Field = Field { name: "hour", least: 0, most: 23, names: &[] };
pub(super) const MONTH_DAY: Field = Field { name: "day of month", least: 1, most: 31, names: &[] };
pub(super) const MONTH: Field = Field {
    name: "month",
    least: 1,
    most: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
pub(super) const WEEK_DAY: Field = Field {
    name: "day of week",
    least: 1,
    most: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};

/// A set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values(Vec<bool>);

impl Values {
    pub(super) fn contains(&self, number: u32) -> bool {
        usize::try_from(number).ok().and_then(|n| self.0.get(n)).is_some_and(|is| *is)
    }
    /// The smallest number of the set from this one on.
    pub(super) fn from(&self, number: u32) -> Option<u32> {
        (number..).take_while(|n| (*n as usize) < self.0.len()).find(|n| self.contains(*n))
    }
    fn add(&mut self, number: u32) {
        let place = number as usize;
        if self.0.len() <= place {
            self.0.resize(place + 1, false);
        }
        if let Some(is) = self.0.get_mut(place) {
            *is = true;
        }
    }
}

impl Field {
    pub(super) fn wrong(&self, text: &str) -> Malformed {
        let shown: String = text.chars().take(40).collect();
        Malformed(format!("'{shown}' is no {} ({} to {})", self.name, self.least, self.most))
    }

    /// A number of the field, or a word for it.
    pub(super) fn number(&self, text: &str) -> Result<u32, Malformed> {
        let word = (self.least..).zip(self.names).find(|(_, name)| name.eq_ignore_ascii_case(text));
        let digits = || text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        let number = word.map(|(n, _)| n).or_else(digits);
        number.filter(|n| (self.least..=self.most).contains(n)).ok_or_else(|| self.wrong(text))
    }

    /// All parts of the field, together.
    pub(super) fn values(&self, text: &str) -> Result<Values, Malformed> {
        let mut all = Values::default();
        for part in text.split(',') {
            self.add(part, &mut all)?;
        }
        Ok(all)
    }

    /// One part: `*`, `5`, `5-9`, `9-5` (around the end), each with `/step`; `5/20` goes on to the field's end.
    pub(super) fn add(&self, part: &str, all: &mut Values) -> Result<(), Malformed> {
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((range, step)) => {
                let number = step.parse::<u32>().ok().filter(|s| (1..=self.most).contains(s));
                (range, Some(number.ok_or_else(|| self.wrong(part))?))
            }
        };
        let (from, to) = match (range, range.split_once('-')) {
            // Docs: `*` in front of `/` begins at the least value.
            ("*", _) => (self.least, self.most),
            ("", _) if step.is_some() => (self.least, self.most),
            (_, Some((from, to))) => (self.number(from)?, self.number(to)?),
            (one, None) => {
                let from = self.number(one)?;
                (from, if step.is_some() { self.most } else { from })
            }
        };
        let span = self.most - self.least + 1;
        let length = if from <= to {
            to - from
        } else if self.name == "year" {
            return Err(self.wrong(part));
        } else {
            to + span - from
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
        for n in (0..=length).step_by(step) {
            all.add(self.least + (from - self.least + n) % span);
        }
        Ok(())
    }
}
