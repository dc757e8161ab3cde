//! What hooks of `TriggeredJobFinished` get.

use super::Kind;
use crate::domain::{text::indented, time};
use crate::store::{Run, SiteUrls};
use parhelion_core::Timestamp;
use serde_json::{Map, Value};

/// The event of a run that has ended.
pub const EVENT: &str = "TriggeredJobFinished";

/// A run as its hooks are told of it; what is null or its type's default is left out.
/// Docs: the wiki page "Web hooks", 2017. OBSERVED: TriggeredJobRun.
pub fn body(id: &str, run: &Run) -> String {
    let mut members = Map::new();
    let mut add = |name: &str, value: String| members.insert(name.to_owned(), Value::from(value));
    add("id", id.to_owned());
    add("name", id.to_owned());
    add("status", run.status.name().to_owned());
    add("start_time", time::iso(run.start));
    if let Some(end) = run.end {
        add("end_time", time::iso(end));
    }
    add("duration", duration(run.start, run.end.unwrap_or(run.start)));
    add("output_url", output_url(&run.urls, &run.job, id));
    add("url", run.urls.job(Kind::Triggered, &format!("{}/history/{id}", run.job)));
    add("job_name", run.job.clone());
    add("trigger", run.trigger.clone());
    indented(&Value::Object(members).to_string())
}

/// Where a run's output is read.
pub fn output_url(urls: &SiteUrls, job: &str, id: &str) -> String {
    urls.data(Kind::Triggered, &format!("{job}/{id}/output_log.txt"))
}

/// A span of time as .NET writes it: `hh:mm:ss`, with seven digits of a second when they are not all zero, and days
/// before it.
pub fn duration(from: Timestamp, to: Timestamp) -> String {
    let units = time::ticks(to).saturating_sub(time::ticks(from)).max(0);
    let (seconds, fraction) = (units / 10_000_000, units % 10_000_000);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    let fraction = if fraction > 0 { format!(".{fraction:07}") } else { String::new() };
    format!("{days}{hours:02}:{minutes:02}:{:02}{fraction}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RunStatus;
    use expect_test::expect;

    fn at(text: &str) -> Timestamp {
        time::parse(text).unwrap()
    }

    #[test]
    fn spans_of_time() {
        let from = at("2026-01-01T00:00:00Z");
        for (to, text) in [
            ("2026-01-01T00:00:00Z", "00:00:00"),
            ("2026-01-01T00:00:01.5Z", "00:00:01.5000000"),
            ("2026-01-01T23:59:59.0000001Z", "23:59:59.0000001"),
            ("2026-01-03T01:02:03Z", "2.01:02:03"),
            ("2025-12-31T00:00:00Z", "00:00:00"),
        ] {
            assert_eq!(duration(from, at(to)), text);
        }
    }

    #[test]
    fn a_finished_run_is_told_with_its_own_names() {
        let run = Run {
            job: "mail".into(),
            arguments: None,
            trigger: "External - curl/8".into(),
            status: RunStatus::Success,
            start: at("2026-01-31T10:20:30Z"),
            end: Some(at("2026-01-31T10:20:30.05Z")),
            urls: SiteUrls { root: "http://h/kudu/s".into(), old_paths: true },
        };
        expect![[r#"
            {
              "id": "202601311020300000",
              "name": "202601311020300000",
              "status": "Success",
              "start_time": "2026-01-31T10:20:30Z",
              "end_time": "2026-01-31T10:20:30.05Z",
              "duration": "00:00:00.0500000",
              "output_url": "http://h/kudu/s/vfs/data/jobs/triggered/mail/202601311020300000/output_log.txt",
              "url": "http://h/kudu/s/api/triggeredwebjobs/mail/history/202601311020300000",
              "job_name": "mail",
              "trigger": "External - curl/8"
            }"#]]
        .assert_eq(&body("202601311020300000", &run).replace("\r\n", "\n"));
    }
}
