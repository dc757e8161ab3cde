//! The site's records as the files that they are to the real service, below `site/deployments`: hooks, settings,
//! which deployment is active, and each deployment's status, log and manifest.

use super::text::indented;
use super::time;
use crate::store::{Deployment, Hook, KuduStore, LogEntry};
use parhelion_core::Timestamp;
use serde_json::{Map, Value};
use std::fmt::Write;

/// Where they stand.
pub const FOLDER: &str = "site/deployments";
/// Each deployment's files.
const OF_DEPLOYMENT: [&str; 3] = ["log.log", "manifest", "status.xml"];
const BREAK: &str = "\r\n";

/// A record in the form of a file.
pub struct Record {
    /// What it holds.
    pub content: Vec<u8>,
    /// When what it tells of last changed, .NET ticks, as far as the record knows.
    pub written: i64,
}

/// What stands at a path.
pub enum Found {
    /// A file.
    File(Record),
    /// A folder, and when it was last written to, .NET ticks.
    Folder(i64),
}

/// What the records show at a path, and how it is spelled; names ignore case.
pub fn find(store: &KuduStore, path: &str) -> Option<(String, Found)> {
    let below = path.get(..FOLDER.len()).filter(|start| start.eq_ignore_ascii_case(FOLDER));
    let below = below.and_then(|_| path.get(FOLDER.len()..)?.strip_prefix('/'))?;
    let (first, second) = below.split_once('/').map_or((below, None), |(a, b)| (a, Some(b)));
    let Some(second) = second else {
        if let Some((name, record)) =
            own(store).into_iter().find(|(name, _)| name.eq_ignore_ascii_case(first))
        {
            return Some((format!("{FOLDER}/{name}"), Found::File(record())));
        }
        let (id, deployment) = store.deployment(first)?;
        return Some((format!("{FOLDER}/{id}"), Found::Folder(last_change(deployment))));
    };
    let (id, deployment) = store.deployment(first)?;
    let name = OF_DEPLOYMENT.into_iter().find(|name| name.eq_ignore_ascii_case(second))?;
    let content = of_deployment(store, id, deployment, name)?;
    let record = Record { content: content.into_bytes(), written: last_change(deployment) };
    Some((format!("{FOLDER}/{id}/{name}"), Found::File(record)))
}

/// The folders on the way to the records, as long as there are any; names ignore case.
pub fn folder(store: &KuduStore, path: &str) -> Option<&'static str> {
    let is_empty = store.deployments.is_empty() && store.hooks.is_empty() && store.settings.count() == 0;
    ["site", FOLDER].into_iter().find(|folder| !is_empty && folder.eq_ignore_ascii_case(path))
}

/// The names that the records add to a folder.
pub fn names(store: &KuduStore, folder: &str) -> Vec<String> {
    let on_the_way = match folder {
        "" => Some("site"),
        _ if folder.eq_ignore_ascii_case("site") => Some("deployments"),
        _ => None,
    };
    if let Some(name) = on_the_way {
        return self::folder(store, FOLDER).map(|_| name.to_owned()).into_iter().collect();
    }
    if folder.eq_ignore_ascii_case(FOLDER) {
        let own = own(store).into_iter().map(|(name, _)| name.to_owned());
        return own.chain(store.deployments.keys().cloned()).collect();
    }
    let of = folder.get(..FOLDER.len()).filter(|start| start.eq_ignore_ascii_case(FOLDER));
    let id = of.and_then(|_| folder.get(FOLDER.len()..)?.strip_prefix('/'));
    let Some((id, deployment)) = id.and_then(|id| store.deployment(id)) else { return Vec::new() };
    let there = |name: &&str| of_deployment(store, id, deployment, name).is_some();
    OF_DEPLOYMENT.into_iter().filter(there).map(str::to_owned).collect()
}

type Written<'a> = Box<dyn Fn() -> Record + 'a>;

/// Those of the site itself, as far as it has any.
fn own(store: &KuduStore) -> Vec<(&'static str, Written<'_>)> {
    let mut found: Vec<(&'static str, Written<'_>)> = Vec::new();
    let newest = store.newest_first().first().map_or(0, |(_, deployment)| last_change(deployment));
    if let Some(active) = &store.active {
        let content = active.clone();
        found.push((
            "active",
            Box::new(move || Record { content: content.clone().into_bytes(), written: newest }),
        ));
    }
    if !store.hooks.is_empty() {
        found.push(("hooks", Box::new(|| hooks(store))));
    }
    if store.settings.count() > 0 {
        let content = move || Record { content: settings(store).into_bytes(), written: newest };
        found.push(("settings.xml", Box::new(content)));
    }
    found
}

fn last_change(deployment: &Deployment) -> i64 {
    let times = [Some(deployment.received), Some(deployment.start), deployment.end];
    times.into_iter().flatten().max().map_or(0, time::ticks)
}

fn hooks(store: &KuduStore) -> Record {
    let told = store.hooks.values().filter_map(|hook| hook.last.at).max().map_or(0, time::ticks);
    // A hook's id is the time of its creation.
    let created = i64::try_from(store.last_hook).unwrap_or(i64::MAX);
    let all: Vec<Value> =
        store.hooks.iter().map(|(id, hook)| Value::Object(hook_members(*id, hook))).collect();
    let content = indented(&Value::from(all).to_string());
    Record { content: content.into_bytes(), written: told.max(created) }
}

/// As the service's JSON library writes a hook: what is null or its type's default is left out.
fn hook_members(id: u64, hook: &Hook) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("id".to_owned(), id.to_string().into());
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    add("event", hook.event.clone().map(Value::from));
    add("url", Some(hook.url.clone().into()));
    add("insecure_ssl", hook.insecure_ssl.then_some(Value::Bool(true)));
    add("last_status", hook.last.status.clone().map(Value::from));
    add("last_reason", hook.last.reason.clone().map(Value::from));
    add("last_datetime", hook.last.at.map(|at| time::iso(at).into()));
    add("last_context", hook.last.context.as_deref().map(Value::from));
    members
}

fn settings(store: &KuduStore) -> String {
    let mut text =
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{BREAK}<settings>{BREAK}  <deployment>{BREAK}");
    for (name, value) in store.settings.set_ones() {
        let _ = write!(text, "    <add key=\"{}\" value=\"{}\" />{BREAK}", escaped(name), escaped(value));
    }
    text.push_str("  </deployment>\r\n</settings>");
    text
}

fn of_deployment(store: &KuduStore, id: &str, deployment: &Deployment, name: &str) -> Option<String> {
    let key = id.to_owned();
    match name {
        "status.xml" => Some(status(id, deployment)),
        "log.log" => store.logs.get(&key).map(|log| log_lines(log)),
        _ => store
            .manifests
            .get(&key)
            .map(|manifest| manifest.0.iter().flat_map(|path| [path.as_str(), BREAK]).collect()),
    }
}

/// OBSERVED: DeploymentStatusFile.Save.
fn status(id: &str, d: &Deployment) -> String {
    let at = |at: Option<Timestamp>| at.map(time::round_trip).unwrap_or_default();
    let flag = |flag: bool| if flag { "True" } else { "False" }.to_owned();
    let members = [
        ("id", id.to_owned()),
        ("author", d.author.clone()),
        ("deployer", d.deployer.clone().unwrap_or_default()),
        ("authorEmail", d.author_email.clone()),
        ("message", d.message.clone()),
        ("progress", d.progress.clone()),
        ("status", format!("{:?}", d.status)),
        ("statusText", d.status_text.clone()),
        ("lastSuccessEndTime", at(d.last_success_end)),
        ("receivedTime", at(Some(d.received))),
        ("startTime", at(Some(d.start))),
        ("endTime", at(d.end)),
        ("complete", flag(d.complete)),
        ("is_temp", flag(d.is_temp)),
        ("is_readonly", flag(d.is_readonly)),
        ("project_type", d.project_type.clone()),
        ("vsproject_id", String::new()),
    ];
    let mut text = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{BREAK}<deployment>{BREAK}");
    for (name, value) in members {
        let _ = match value.as_str() {
            "" => write!(text, "  <{name} />{BREAK}"),
            value => write!(text, "  <{name}>{}</{name}>{BREAK}", escaped(value)),
        };
    }
    text.push_str("</deployment>");
    text
}

/// One line an entry, what belongs to it behind a tab below it. OBSERVED: StructuredTextDocument.Write.
fn log_lines(log: &[LogEntry]) -> String {
    let mut text = String::new();
    // A line is one entry: what a message breaks into lines is written as one.
    let one_line = |message: &str| message.replace(['\r', '\n'], " ");
    for entry in log {
        let at = time::round_trip(entry.at);
        let _ = write!(text, "{at},{},{},{}{BREAK}", one_line(&entry.message), entry.id, entry.kind as u8);
        for detail in &entry.details {
            let at = time::round_trip(detail.at);
            let _ = write!(text, "\t{at},{},,{}{BREAK}", one_line(&detail.message), detail.kind as u8);
        }
    }
    text
}

/// Text of an XML element or attribute; what XML cannot hold is left out.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push(c),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}
