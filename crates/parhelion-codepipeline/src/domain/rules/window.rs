//! DeploymentWindow: when deployments may go on.
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-DeploymentWindow.html>

use super::cron::Cron;
use super::zone::Zone;
use super::{Verdict, value};
use crate::named::Named;
use chrono::{SecondsFormat, TimeDelta, Timelike};
use parhelion_core::{Timestamp, text::prefix};

/// Bytes of a value that a message repeats.
const SHOWN_BYTES: usize = 200;

/// Whether the window is open; else when it opens.
// Docs: the rule's page tells of a window that opens while the rule runs: a rule in front of a closed window waits.
pub fn evaluate(resolved: &Named<String>, now: Timestamp) -> Verdict {
    let cron: Cron = match value(resolved, "Cron").parse() {
        Ok(cron) => cron,
        Err(why) => return Verdict::misconfigured(format!("'Cron' is not valid: {why}")),
    };
    // CHOICE: UTC where nothing is said.
    let name = Some(value(resolved, "TimeZone")).filter(|name| !name.is_empty()).unwrap_or("UTC");
    let Ok(zone) = name.parse::<Zone>() else {
        let name = prefix(name, SHOWN_BYTES);
        return Verdict::misconfigured(format!("'TimeZone' is not valid: '{name}' is no time zone"));
    };
    match opening(&cron, zone, now) {
        Some(at) if at <= now => Verdict::Met("The deployment window is open".to_owned()),
        Some(at) => Verdict::NextLook(at),
        None => Verdict::NotMet(format!(
            "The deployment window does not open after {}",
            now.to_rfc3339_opts(SecondsFormat::Secs, true)
        )),
    }
}

/// How long after an instant a local time may come that was there before, hours: no clock is put back by more.
const REPEATED_HOURS: i64 = 4;

/// The first instant, not before `now`, at which the window is open.
fn opening(cron: &Cron, zone: Zone, now: Timestamp) -> Option<Timestamp> {
    if cron.matches(zone.local(now)) {
        return Some(now);
    }
    let mut from = now.with_second(0)?.with_nanosecond(0)? + TimeDelta::minutes(1);
    if zone.repeats_within(from, REPEATED_HOURS) {
        // Local time does not grow here: every minute is looked at.
        for _ in 0..REPEATED_HOURS * 60 {
            if cron.matches(zone.local(from)) {
                return Some(from);
            }
            from += TimeDelta::minutes(1);
        }
    }
    let mut local = zone.local(from);
    loop {
        local = cron.next(local)?;
        if let Some(at) = zone.instant(local, from) {
            return Some(at);
        }
        // Clocks skip it.
        local += TimeDelta::minutes(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict(cron: &str, zone: Option<&str>, now: &str) -> Verdict {
        let mut configuration = Named::from([("Cron".to_owned(), cron.to_owned())]);
        configuration.extend(zone.map(|zone| ("TimeZone".to_owned(), zone.to_owned())));
        evaluate(&configuration, now.parse().unwrap())
    }
    fn opens(cron: &str, zone: &str, now: &str) -> String {
        match verdict(cron, Some(zone), now) {
            Verdict::NextLook(at) => at.to_rfc3339_opts(SecondsFormat::Secs, true),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_open_window_is_met_and_a_closed_one_says_when_it_opens() {
        let office = "* * 9-16 ? * MON-FRI";
        assert!(matches!(verdict(office, None, "2026-01-02T16:59:59Z"), Verdict::Met(_)));
        assert_eq!(opens(office, "UTC", "2026-01-02T17:00:00Z"), "2026-01-05T09:00:00Z");
        assert_eq!(opens(office, "America/New_York", "2026-01-02T09:00:00Z"), "2026-01-02T14:00:00Z");
        assert_eq!(opens(office, "America/New_York", "2026-07-02T09:00:00Z"), "2026-07-02T13:00:00Z");
        assert!(matches!(verdict("* * * ? * * 2020", None, "2026-01-02T17:00:00Z"), Verdict::NotMet(_)));
    }

    #[test]
    fn clocks_that_are_put_forward_and_back_are_followed() {
        // 2026-03-29 02:00 to 03:00 is skipped in Berlin: the next such time is a day later.
        assert_eq!(opens("* 30 2 * * ?", "Europe/Berlin", "2026-03-29T00:00:00Z"), "2026-03-30T00:30:00Z");
        // 2026-10-25 02:00 to 03:00 comes twice.
        assert_eq!(opens("* 30 2 * * ?", "Europe/Berlin", "2026-10-25T00:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(opens("* 30 2 * * ?", "Europe/Berlin", "2026-10-25T00:31:00Z"), "2026-10-25T01:30:00Z");
        // In the first round it is past the time, which the second round brings again.
        assert_eq!(opens("* 10 2 * * ?", "Europe/Berlin", "2026-10-25T00:50:00Z"), "2026-10-25T01:10:00Z");
    }

    #[test]
    fn a_mistake_is_named() {
        for (cron, zone, part) in [("x", None, "'Cron'"), ("* * * * * *", Some("Nowhere"), "'Nowhere'")] {
            match verdict(cron, zone, "2026-01-02T16:59:59Z") {
                Verdict::Failed { message, .. } => assert!(message.contains(part), "{message}"),
                other => panic!("{other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn the_opening_is_the_first_open_minute(
            (minute, hour) in (0u32..60, 0u32..5),
            zone in prop_oneof![Just("Europe/Berlin"), Just("America/New_York"), Just("Australia/Lord_Howe"), Just("UTC+05:30")],
            day in prop_oneof![Just("2026-03-28"), Just("2026-10-24"), Just("2026-11-01"), Just("2026-04-04"), Just("2026-10-03")],
            start in 0i64..2880,
        ) {
            let cron: Cron = format!("* {minute} {hour} * * ?").parse().unwrap();
            let zone: Zone = zone.parse().unwrap();
            let now = format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap() + TimeDelta::minutes(start);
            let by_force = (0..60 * 24 * 3).map(|n| now + TimeDelta::minutes(n)).find(|t| cron.matches(zone.local(*t)));
            prop_assert_eq!(opening(&cron, zone, now), by_force);
        }
    }
}
