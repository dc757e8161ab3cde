//! Moments, which only `pipeline.startTime` gives, and how `format` writes them.

/// A moment in UTC: milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

const DAY: i64 = 86_400_000;

impl Moment {
    /// Year, month and day of the civil calendar (days-from-civil, turned round).
    fn date(self) -> (i64, i64, i64) {
        let days = self.0.div_euclid(DAY) + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }

    /// As text where no form is asked for.
    // CHOICE: the form.
    pub fn text(self) -> String {
        self.format("yyyy-MM-dd HH:mm:ss").map(|t| t + "+00:00").unwrap_or_default()
    }

    /// By .NET's custom forms, those that depend on numbers alone. `None`: a letter that is none of them.
    pub fn format(self, form: &str) -> Option<String> {
        let (year, month, day) = self.date();
        let within = self.0.rem_euclid(DAY);
        let (hour, minute) = (within / 3_600_000, within / 60_000 % 60);
        let mut out = String::new();
        let mut rest = form;
        while let Some(c) = rest.chars().next() {
            let run = rest.chars().take_while(|n| *n == c).count();
            let number = match c {
                'y' if run == 2 => year.rem_euclid(100),
                'y' => year,
                'M' => month,
                'd' => day,
                'H' => hour,
                'h' => (hour + 11) % 12 + 1,
                'm' => minute,
                's' => within / 1000 % 60,
                'f' => within % 1000 / [100, 10, 1].get(run - 1)?,
                letter if letter.is_ascii_alphabetic() => return None,
                other => {
                    out.push(other);
                    rest = rest.get(other.len_utf8()..)?;
                    continue;
                }
            };
            let most = if c == 'y' { 4 } else { 2 };
            if run > most && c != 'f' {
                return None;
            }
            out.push_str(&format!("{number:0run$}"));
            rest = rest.get(run..)?;
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar() {
        for (ms, want) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_765_324_799_999, "2025-12-09 23:59:59"),
            (-1, "1969-12-31 23:59:59"),
            (4_107_542_400_000, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(Moment(ms).format("yyyy-MM-dd HH:mm:ss").as_deref(), Some(want));
        }
        let moment = Moment(1_765_324_799_987);
        assert_eq!(moment.format("yyMd-h:m.fff").as_deref(), Some("25129-11:59.987"));
        assert_eq!(moment.format("dddd"), None);
        assert_eq!(moment.format("q"), None);
        assert_eq!(moment.text(), "2025-12-09 23:59:59+00:00");
    }
}
