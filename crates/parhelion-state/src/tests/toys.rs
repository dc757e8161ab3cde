//! `Bench`: a tenant with notes, alarms, handles and jobs; `Wall`: where its alarms are written up.

use crate::{AnyShelf, AnyTable, Handle, Job, Shelf, Store, Table, Tx};
use parhelion_core::{Cause, Delivery, Event, Policy, Settled, TenantKey, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name(pub String);
impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::str::FromStr for Name {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        if s.is_empty() { Err(()) } else { Ok(Name(s.to_ascii_lowercase())) }
    }
}
impl TenantKey for Name {}
pub fn name(s: &str) -> Name {
    Name(s.to_owned())
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    pub key: Name,
    pub notes: Table<String, String>,
    /// (due, number) → what to write on which wall.
    pub alarms: Table<(Timestamp, u64), (Name, String)>,
    pub jobs_done: u32,
}

impl Store for Bench {
    const SURFACE: &'static str = "bench";
    const NAME: &'static str = "bench";
    const VERSION: u32 = 1;
    type Key = Name;
    type Mail = std::convert::Infallible;
    fn new(key: &Name) -> Self {
        Bench { key: key.clone(), notes: Table::default(), alarms: Table::default(), jobs_done: 0 }
    }
    fn next_deadline(&self) -> Option<Timestamp> {
        self.alarms.get_min().map(|((due, _), _)| *due)
    }
    fn on_time(&mut self, tx: &mut Tx<'_>) {
        while let Some((key, alarm)) =
            self.alarms.get_min().filter(|(k, _)| k.0 <= tx.now()).map(|(k, a)| (*k, a.clone()))
        {
            self.alarms.remove(&key);
            let subject = format!("alarm:{}", key.1);
            let fired = tx.emit(Event::new("alarm.fired", subject.clone()).because(Cause::Last(subject)));
            tx.send::<Wall>(&alarm.0, alarm.1.clone(), fired);
        }
    }
    fn on_mail(&mut self, mail: Self::Mail, _: &mut Tx<'_>) {
        match mail {}
    }
    fn on_job_done(&mut self, _: &Job, _: Result<Value, String>, _: &mut Tx<'_>) {
        self.jobs_done += 1;
    }
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        vec![("notes", &self.notes), ("alarms", &self.alarms)]
    }
    fn check(&self) {
        assert!(self.notes.iter().all(|(k, v)| k == v.as_str()), "a note is kept under itself");
    }
    fn mask(store: &mut Value) {
        store["notes"] = Value::Null;
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wall {
    pub key: Name,
    pub lines: Vec<(Timestamp, String)>,
    pub delivered: u32,
}

impl Store for Wall {
    const SURFACE: &'static str = "wall";
    const NAME: &'static str = "wall";
    const VERSION: u32 = 1;
    type Key = Name;
    type Mail = String;
    fn new(key: &Name) -> Self {
        Wall { key: key.clone(), lines: Vec::new(), delivered: 0 }
    }
    /// `ping:N:other` is answered to the other wall until N is used up; anything else is delivered.
    fn on_mail(&mut self, text: String, tx: &mut Tx<'_>) {
        self.lines.push((tx.now(), text.clone()));
        if let Some((n, other)) = text.strip_prefix("ping:").and_then(|rest| rest.split_once(':')) {
            let n: u32 = n.parse().unwrap_or(0);
            if n > 0 {
                tx.send::<Wall>(&name(other), format!("ping:{}:{}", n - 1, self.key), Cause::Call);
            }
            return;
        }
        let written = tx.emit(Event::new("wall.written", format!("wall:{}", self.key)));
        tx.deliver(delivery(&text), written);
    }
    fn on_delivered(&mut self, report: &Settled, _: &mut Tx<'_>) {
        self.delivered += u32::from(report.ok());
    }
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        vec![]
    }
}

pub fn delivery(subject: &str) -> Delivery {
    Delivery {
        subject: subject.to_owned(),
        event: "written".into(),
        method: "POST",
        url: "http://127.0.0.1/?secret".into(),
        shown_url: "http://127.0.0.1/?****".into(),
        headers: vec![],
        body: bytes::Bytes::new(),
        policy: Policy::default(),
        order: None,
    }
}

pub fn shelves() -> Vec<Arc<dyn AnyShelf>> {
    vec![Shelf::<Bench>::boxed(), Shelf::<Wall>::boxed()]
}

/// An operation that touches everything there is and then refuses a note that exists: late, on purpose.
pub fn add(bench: &mut Bench, note: &str, tx: &mut Tx<'_>) -> Result<String, String> {
    let token = tx.token("handle", 24);
    let added = tx.emit(Event::new("note.added", format!("note:{note}")));
    tx.claim(Handle::new("note", token.clone()), note);
    let number = tx.number("alarm");
    let alarm = tx.emit(Event::new("alarm.set", format!("alarm:{number}")).because(added));
    let due = tx.now() + chrono::TimeDelta::seconds(10);
    bench.alarms.put((due, number), (name("hall"), note.to_owned()));
    tx.spawn_job(Job { kind: "copy".into(), subject: format!("note:{note}"), input: Value::Null });
    tx.deliver(delivery(note), alarm);
    tx.explain(Event::new("note.checked", format!("note:{note}")).fact("looked for a note of that name"));
    if bench.notes.contains_key(note) {
        return Err(format!("{note} exists"));
    }
    bench.notes.put(note.to_owned(), note.to_owned());
    Ok(token)
}
