//! The number of a run: the YAML's `name` with its tokens replaced.
//!
//! `$(Date:yyyyMMdd)`, `$(Rev:r)`, `$(Build.BuildId)`, variables. `Rev` counts the runs of a pipeline whose number
//! is otherwise the same.

use chrono::{Datelike, Timelike};
use parhelion_core::Timestamp;

/// The format of pipelines that give none.
// Docs: run (build) number.
pub const DEFAULT: &str = "$(Date:yyyyMMdd).$(Rev:r)";
/// Longest number, characters.
// Docs: 255 characters.
const MAX_CHARS: usize = 255;
/// Stands for `$(Rev:…)` while the rest is put in; no such character is left in a format.
const REV: char = '\u{1}';

/// A number, its stem (everything but the `Rev`), and the `Rev`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// As shown.
    pub text: String,
    /// Everything but the `Rev`.
    pub stem: String,
    /// The `Rev`; 1 where the format has none.
    pub rev: u32,
}

/// The number of a run. `before` is the pipeline's newest stem and `Rev`, `variable` knows the run's variables.
pub fn number(
    format: &str,
    at: Timestamp,
    before: Option<&(String, u32)>,
    variable: impl Fn(&str) -> Option<String>,
) -> Number {
    let (mut stem, mut width, mut rest) = (String::new(), 1, format);
    while let Some(start) = rest.find("$(") {
        let Some(length) = rest[start..].find(')') else { break };
        stem.extend(rest[..start].chars().filter(|c| *c != REV));
        let token = &rest[start + 2..start + length];
        rest = &rest[start + length + 1..];
        let (name, detail) = token.split_once(':').unwrap_or((token, ""));
        match name.to_ascii_lowercase().as_str() {
            "rev" => {
                // Docs: `r`, or as many as the number has digits at least.
                width = detail.matches('r').count().clamp(1, 9);
                stem.push(REV);
            }
            "date" => stem.push_str(&date(detail, at)),
            "year" => stem.push_str(&date(if detail.is_empty() { "yyyy" } else { detail }, at)),
            "month" => stem.push_str(&at.month().to_string()),
            "dayofmonth" => stem.push_str(&at.day().to_string()),
            "dayofyear" => stem.push_str(&at.ordinal().to_string()),
            "hours" => stem.push_str(&at.hour().to_string()),
            "minutes" => stem.push_str(&at.minute().to_string()),
            "seconds" => stem.push_str(&at.second().to_string()),
            _ => match variable(token) {
                Some(value) => stem.push_str(&value),
                // An unknown variable stays as it is written.
                None => stem.extend(["$(", token, ")"]),
            },
        }
    }
    stem.extend(rest.chars().filter(|c| *c != REV));
    let stem: String = stem.chars().filter(|c| *c == REV || !c.is_control()).take(MAX_CHARS).collect();
    let rev = before.filter(|(s, _)| *s == stem).map_or(1, |(_, r)| r + 1);
    let text = stem.replace(REV, &format!("{rev:0width$}"));
    Number { text, stem, rev }
}

/// The parts of .NET's date formats that numbers are made of; anything else stays as it is.
fn date(format: &str, at: Timestamp) -> String {
    let chars: Vec<char> = format.chars().collect();
    let (mut out, mut i) = (String::new(), 0);
    while i < chars.len() {
        let run = chars[i..].iter().take_while(|c| **c == chars[i]).count();
        let two = |n: u32| if run >= 2 { format!("{n:02}") } else { n.to_string() };
        let part = match (chars[i], run) {
            ('y', 4..) => format!("{:04}", at.year()),
            ('y', _) => format!("{:02}", at.year() % 100),
            ('M', 4..) => at.format("%B").to_string(),
            ('M', 3) => at.format("%b").to_string(),
            ('M', _) => two(at.month()),
            ('d', 4..) => at.format("%A").to_string(),
            ('d', 3) => at.format("%a").to_string(),
            ('d', _) => two(at.day()),
            ('H', _) => two(at.hour()),
            ('h', _) => two((at.hour() + 11) % 12 + 1),
            ('m', _) => two(at.minute()),
            ('s', _) => two(at.second()),
            (other, n) => other.to_string().repeat(n),
        };
        out.push_str(&part);
        i += run;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at() -> Timestamp {
        "2026-03-04T15:06:07Z".parse().unwrap()
    }
    fn of(format: &str, before: Option<(&str, u32)>) -> Number {
        let before = before.map(|(s, r)| (s.to_owned(), r));
        number(format, at(), before.as_ref(), |name| (name == "Build.BuildId").then(|| "42".to_owned()))
    }

    #[test]
    fn formats_are_filled_in() {
        for (format, text) in [
            (DEFAULT, "20260304.1"),
            ("v$(Date:yy.M.d)-$(Rev:rr)", "v26.3.4-01"),
            ("$(Year:yyyy)$(DayOfYear).$(Hours).$(Minutes).$(Seconds)", "202663.15.6.7"),
            ("$(Build.BuildId)_$(unknown)", "42_$(unknown)"),
            ("no end $(Date", "no end $(Date"),
            ("$(Date:ddd d MMM hh)", "Wed 4 Mar 03"),
        ] {
            assert_eq!(of(format, None).text, text, "{format}");
        }
    }

    #[test]
    fn rev_counts_runs_of_the_same_stem() {
        let first = of(DEFAULT, None);
        let second = of(DEFAULT, Some((&first.stem, first.rev)));
        assert_eq!((second.text.as_str(), second.rev), ("20260304.2", 2));
        assert_eq!(of(DEFAULT, Some(("other", 7))).rev, 1);
    }

    proptest! {
        #[test]
        fn any_format_gives_a_bounded_number(format in r"[$()A-Za-z:.\PC]{0,60}") {
            prop_assert!(of(&format, None).text.chars().count() <= MAX_CHARS * 9);
        }
    }
}
