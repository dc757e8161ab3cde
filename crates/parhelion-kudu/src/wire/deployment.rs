//! Deployments and their logs as JSON, and recorded ones read.

use crate::domain::time;
use crate::store::{DeployStatus, LogDetail, LogEntry, Shown, Site};
use parhelion_core::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// A deployment as answers show it: all members in this order, nulls written, the status a number.
#[derive(Debug, Serialize)]
pub struct DeployResult {
    id: String,
    status: u8,
    status_text: Option<String>,
    author_email: Option<String>,
    author: Option<String>,
    deployer: Option<String>,
    message: Option<String>,
    progress: Option<String>,
    received_time: String,
    start_time: String,
    end_time: Option<String>,
    last_success_end_time: Option<String>,
    complete: bool,
    active: bool,
    is_temp: bool,
    is_readonly: bool,
    url: Option<String>,
    log_url: Option<String>,
    site_name: Option<String>,
    #[serde(rename = "provisioningState")]
    provisioning_state: &'static str,
}

impl DeployResult {
    /// A site's deployment; `url` is the address it was asked at, if it is to be shown.
    pub fn of(site: &Site, shown: &Shown, url: Option<String>) -> DeployResult {
        let d = shown.deployment.clone();
        DeployResult {
            id: shown.id.clone(),
            status: d.status as u8,
            status_text: Some(d.status_text),
            author_email: Some(d.author_email),
            author: Some(d.author),
            deployer: d.deployer,
            message: Some(d.message),
            progress: Some(d.progress),
            received_time: time::iso(d.received),
            start_time: time::iso(d.start),
            end_time: d.end.map(time::iso),
            last_success_end_time: d.last_success_end.map(time::iso),
            complete: d.complete,
            active: shown.active,
            is_temp: d.is_temp,
            is_readonly: d.is_readonly,
            log_url: url.as_ref().map(|url| format!("{url}/log")),
            url,
            site_name: Some(site.to_string()),
            provisioning_state: provisioning_state(d.status),
        }
    }

    /// A recorded deployment as its PUT answers: what was sent, the rest at its default.
    pub fn recorded(id: &str, record: &Record, active: bool, now: Timestamp, url: String) -> DeployResult {
        DeployResult {
            id: id.to_owned(),
            status: record.status as u8,
            status_text: None,
            author_email: record.author_email.clone(),
            author: Some(record.author.clone()),
            deployer: Some(record.deployer.clone()),
            message: Some(record.message.clone()),
            progress: None,
            received_time: time::UNSET.to_owned(),
            start_time: time::iso(record.start.unwrap_or(now)),
            end_time: Some(time::iso(record.end.unwrap_or(now))),
            last_success_end_time: None,
            complete: false,
            active,
            is_temp: false,
            is_readonly: false,
            log_url: Some(format!("{url}/log")),
            url: Some(url),
            site_name: None,
            provisioning_state: provisioning_state(record.status),
        }
    }
}

fn provisioning_state(status: DeployStatus) -> &'static str {
    match status {
        DeployStatus::Pending | DeployStatus::Building => "InProgress",
        DeployStatus::Failed => "Failed",
        DeployStatus::Success => "Succeeded",
    }
}

/// A finished deployment that a client records.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Failed or success.
    pub status: DeployStatus,
    /// What it was about.
    pub message: String,
    /// What deployed it.
    pub deployer: String,
    /// Who made it.
    pub author: String,
    /// Their address.
    pub author_email: Option<String>,
    /// When it began.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// Whether it is to be the active one; when absent, it is if it succeeded.
    pub active: Option<bool>,
    /// The one detail of its log.
    pub details: Option<String>,
}

impl Record {
    /// Reads a record: `None` for any body that asks for something else (a redeployment). Dates that are none are
    /// as good as absent.
    pub fn parse(json: &Value) -> Option<Record> {
        let member = |name: &str| json.as_object()?.get(name).filter(|value| !value.is_null());
        let text = |name: &str| match member(name)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let status = match text("status")?.trim().parse::<f64>().ok()? {
            3.0 => DeployStatus::Failed,
            4.0 => DeployStatus::Success,
            _ => return None,
        };
        let active = match member("active") {
            Some(Value::Bool(active)) => Some(*active),
            Some(Value::String(text)) => text.trim().to_ascii_lowercase().parse().ok(),
            _ => None,
        };
        Some(Record {
            status,
            message: text("message")?,
            deployer: text("deployer")?,
            author: text("author")?,
            author_email: text("author_email"),
            start: text("start_time").and_then(|text| time::parse(&text)),
            end: text("end_time").and_then(|text| time::parse(&text)),
            active,
            details: text("details"),
        })
    }
}

/// A log line as answers show it.
#[derive(Debug, Serialize)]
pub struct LogView {
    log_time: String,
    id: String,
    message: String,
    #[serde(rename = "type")]
    kind: u8,
    details_url: Option<String>,
}

impl LogView {
    /// A line of a log whose address is `log_url`.
    pub fn entry(entry: &LogEntry, log_url: &str) -> LogView {
        LogView {
            log_time: time::iso(entry.at),
            id: entry.id.clone(),
            message: entry.message.clone(),
            kind: entry.kind as u8,
            details_url: (!entry.details.is_empty()).then(|| format!("{log_url}/{}", entry.id)),
        }
    }
    /// A line below a line: without an id.
    pub fn detail(detail: &LogDetail) -> LogView {
        LogView {
            log_time: time::iso(detail.at),
            id: String::new(),
            message: detail.message.clone(),
            kind: detail.kind as u8,
            details_url: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_record_needs_an_end_and_names() {
        let full = json!({"status": 4, "message": "m", "deployer": "d", "author": "a", "active": false,
            "start_time": "2026-01-01T00:00:00Z", "end_time": "never", "details": "all went well"});
        let record = Record::parse(&full).unwrap();
        assert_eq!((record.status, record.active, record.end), (DeployStatus::Success, Some(false), None));
        assert!(record.start.is_some() && record.details.is_some());
        for (name, value) in [
            ("status", json!(1)),
            ("status", json!(null)),
            ("status", json!("Success")),
            ("message", json!("")),
            ("deployer", json!(null)),
            ("author", json!({})),
        ] {
            let mut other = full.clone();
            other[name] = value;
            assert_eq!(Record::parse(&other), None, "{other}");
        }
        for other in [json!(null), json!([]), json!("x"), json!({"clean": true})] {
            assert_eq!(Record::parse(&other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_json_makes_it_panic(status in "[0-9.e-]{0,6}", date in ".{0,12}") {
            let _ = Record::parse(&json!({"status": status, "message": "m", "deployer": "d", "author": "a", "start_time": date}));
        }
    }
}
