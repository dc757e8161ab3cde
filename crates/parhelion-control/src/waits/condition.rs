//! What can be waited for.

use crate::ask::Ask;
use crate::behaviours::unlisted;
use crate::deliveries::{post, status};
use crate::query::refused;
use parhelion_core::{Datum, Event, Seq, limits, text::prefix};
use parhelion_delivery::Filter;
use parhelion_http::Problem;
use parhelion_state::{Entry, Thing};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A kind of thing that a condition may name.
struct Kind {
    name: &'static str,
    /// The member that names the tenant.
    tenant: &'static str,
    /// Members that must be there.
    needed: &'static [&'static str],
    /// All members beside the tenant and the id.
    members: &'static [&'static str],
    /// The member that says which one.
    id: Option<&'static str>,
    /// What is waited for when the condition does not say: member and value.
    usually: Option<(&'static str, &'static str)>,
}

static KINDS: [Kind; 5] = [
    Kind {
        name: "execution",
        tenant: "tenant",
        needed: &["id"],
        members: &["state"],
        id: Some("id"),
        usually: None,
    },
    Kind {
        name: "run",
        tenant: "tenant",
        needed: &["id"],
        members: &["state", "result"],
        id: Some("id"),
        usually: None,
    },
    Kind {
        name: "deployment",
        tenant: "site",
        needed: &["site"],
        members: &["status"],
        id: Some("id"),
        usually: None,
    },
    Kind { name: "job", tenant: "tenant", needed: &[], members: &["provider"], id: None, usually: None },
    Kind {
        name: "operation",
        tenant: "tenant",
        needed: &["name"],
        members: &["state"],
        id: Some("name"),
        usually: Some(("done", "true")),
    },
];

/// The names of all conditions.
const CONDITIONS: [&str; 7] = ["execution", "run", "deployment", "job", "operation", "deliveries", "event"];
const DELIVERIES: [&str; 3] = ["target", "count", "status"];
const EVENT: [&str; 8] = ["kind", "surface", "tenant", "subject", "request_id", "cause", "verdict", "data"];
/// Events and deliveries that are told when the waiting was in vain.
const NEAREST: usize = 5;
/// Things that wait for each other are followed so far.
const DEPTH: usize = 20;

/// What is waited for.
pub enum Condition {
    /// A thing that stands in some way.
    Thing { kind: &'static str, tenant: Option<String>, id: Option<String>, wanted: BTreeMap<String, String> },
    /// So many deliveries to a URL.
    Deliveries { filter: Filter, count: usize },
    /// A journal entry with these members, after a seq.
    Event { wanted: Map<String, Value>, after: Seq },
}

/// How far the journal has been looked through.
#[derive(Default)]
pub struct Looked(Seq);

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// 400, with the names of what is not known.
    pub fn read(ask: &Ask, given: &Map<String, Value>) -> Result<Condition, Problem> {
        let mut names = given.keys().map(String::as_str).filter(|name| *name != "after");
        let (Some(name), None) = (names.next(), names.next()) else {
            return Err(unlisted("a condition is one of its kinds".to_owned(), &CONDITIONS));
        };
        if given.contains_key("after") && name != "event" {
            return Err(refused("only the condition \"event\" takes \"after\""));
        }
        let Some(members) = given.get(name).and_then(Value::as_object) else {
            if CONDITIONS.contains(&name) {
                return Err(refused(format!("the condition \"{name}\" is an object")));
            }
            return Err(unlisted(format!("unknown condition \"{}\"", prefix(name, 200)), &CONDITIONS));
        };
        match (name, KINDS.iter().find(|kind| kind.name == name)) {
            (_, Some(kind)) => thing(kind, members),
            ("deliveries", _) => deliveries(members),
            ("event", _) => event(ask, members, given.get("after")),
            _ => Err(unlisted(format!("unknown condition \"{}\"", prefix(name, 200)), &CONDITIONS)),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Condition::Thing { kind, .. } => kind,
            Condition::Deliveries { .. } => "deliveries",
            Condition::Event { .. } => "event",
        }
    }

    /// What fulfils it now.
    pub fn fulfilled(&self, ask: &Ask, looked: &mut Looked) -> Option<Value> {
        match self {
            Condition::Thing { wanted, .. } => {
                let things = self.things(ask).into_iter();
                things.filter(|thing| holds(&thing.state, wanted)).map(shown).next()
            }
            Condition::Deliveries { filter, count } => {
                let found = post(ask).ok()?.list(filter, None, limits::DELIVERIES);
                (found.len() >= *count).then(|| found.iter().take(*count).map(|r| r.json(false)).collect())
            }
            Condition::Event { wanted, after } => {
                let (newest, _) = ask.world.journal_range();
                let from = looked.0.max(*after);
                let found = ask.world.entries(from, 1, |entry| agrees(entry, wanted) == wanted.len());
                looked.0 = newest.max(from);
                found.first().map(|entry| json!(entry))
            }
        }
    }

    /// The things it is about, whatever they are like.
    fn things(&self, ask: &Ask) -> Vec<Thing> {
        match self {
            Condition::Thing { kind, tenant, id, .. } => {
                ask.world.things(kind, tenant.as_deref(), id.as_deref())
            }
            _ => Vec::new(),
        }
    }

    /// What its things wait for, each with who can end it.
    fn standing(&self, ask: &Ask) -> Vec<(Thing, Event)> {
        let Condition::Thing { kind, wanted, .. } = self else { return Vec::new() };
        let things = self.things(ask).into_iter().filter(|thing| !holds(&thing.state, wanted));
        let facts = things.flat_map(|thing| {
            let subject = format!("{kind}:{}", text_of(&thing.state["id"]).unwrap_or_default());
            let facts = ask.world.standing(thing.surface, &thing.tenant, &subject);
            facts.into_iter().map(move |fact| (thing.clone(), fact))
        });
        facts.take(100).collect()
    }

    /// What its things wait for, a sentence each.
    pub fn waits_for(&self, ask: &Ask) -> Vec<String> {
        self.standing(ask).into_iter().map(|(_, event)| event.fact).collect()
    }

    /// Whether somebody outside (a worker, an approver, who steps) may bring it about although nothing goes on here.
    pub fn others_may(&self, ask: &Ask) -> bool {
        self.standing(ask).iter().any(|(thing, fact)| outside(ask, thing, fact, DEPTH))
    }

    /// What is not so yet, as a clause.
    pub fn missing(&self, ask: &Ask) -> String {
        match self {
            Condition::Thing { kind, id, tenant, wanted } => {
                let what = id.as_deref().map_or_else(|| (*kind).to_owned(), |id| format!("{kind} {id}"));
                let of = tenant.as_deref().map_or_else(String::new, |tenant| format!(" of {tenant}"));
                let wanted = wanted.iter().map(|(member, value)| format!("{member} {value}"));
                let wanted: Vec<String> = wanted.collect();
                let things = self.things(ask);
                if things.is_empty() {
                    return format!("there is no {what}{of}");
                }
                let stands: Vec<String> = things.iter().take(NEAREST).map(|t| t.state.to_string()).collect();
                format!("no {what}{of} has {}: {}", wanted.join(", "), stands.join(", "))
            }
            Condition::Deliveries { filter, count } => {
                let have = post(ask).map_or(0, |post| post.list(filter, None, limits::DELIVERIES).len());
                let target = filter.target.as_deref().unwrap_or_default();
                let status = filter.status.map_or_else(String::new, |status| format!(" {}", word(status)));
                format!("{have} of {count} deliveries to {target}{status}")
            }
            Condition::Event { wanted, after } => {
                format!("no event after {after} has {}", Value::Object(wanted.clone()))
            }
        }
    }

    /// How the things it names stand.
    pub fn state(&self, ask: &Ask) -> Vec<Value> {
        self.things(ask).into_iter().take(NEAREST).map(shown).collect()
    }

    /// What comes nearest of what did happen, the nearest first: journal entries, or deliveries.
    pub fn nearest(&self, ask: &Ask) -> Vec<Value> {
        let newest = |mut entries: Vec<Arc<Entry>>| {
            entries.reverse();
            entries.iter().take(NEAREST).map(|entry| json!(entry)).collect()
        };
        match self {
            Condition::Thing { kind, id: Some(id), .. } => {
                let subject = format!("{kind}:{id}");
                newest(ask.world.entries(0, usize::MAX, |entry| entry.subject == subject))
            }
            Condition::Thing { kind, id: None, tenant, .. } => {
                let is_of =
                    |entry: &Entry| tenant.as_deref().is_none_or(|t| entry.tenant.eq_ignore_ascii_case(t));
                let of_kind = |entry: &Entry| entry.subject.split(':').next() == Some(*kind) && is_of(entry);
                newest(ask.world.entries(0, usize::MAX, of_kind))
            }
            Condition::Deliveries { filter, .. } => {
                let any = Filter { status: None, ..filter.clone() };
                let mut found =
                    post(ask).map(|post| post.list(&any, None, limits::DELIVERIES)).unwrap_or_default();
                found.reverse();
                let brief = found.iter().take(NEAREST).map(|record| {
                    json!({"id": record.id.to_string(), "status": record.status, "attempts": record.attempts.len()})
                });
                brief.collect()
            }
            Condition::Event { wanted, after } => {
                let mut found = ask.world.entries(*after, usize::MAX, |entry| agrees(entry, wanted) > 0);
                found.sort_by_key(|entry| std::cmp::Reverse((agrees(entry, wanted), entry.seq)));
                found.iter().take(NEAREST).map(|entry| json!(entry)).collect()
            }
        }
    }
}

/// Whether somebody outside can end what a thing waits for. What waits for another thing asks that one.
fn outside(ask: &Ask, thing: &Thing, fact: &Event, depth: usize) -> bool {
    match fact.data.get("waits_for").and_then(Datum::as_str) {
        Some("clock") => false,
        Some(subject) if subject.contains(':') && depth > 0 => ask
            .world
            .standing(thing.surface, &thing.tenant, subject)
            .iter()
            .any(|fact| outside(ask, thing, fact, depth - 1)),
        _ => true,
    }
}

fn word(status: parhelion_core::DeliveryStatus) -> String {
    text_of(&json!(status)).unwrap_or_default()
}

fn shown(thing: Thing) -> Value {
    let mut shown = Map::from_iter([
        ("surface".to_owned(), json!(thing.surface)),
        ("tenant".to_owned(), json!(thing.tenant)),
    ]);
    if let Value::Object(state) = thing.state {
        shown.extend(state);
    }
    Value::Object(shown)
}

/// A member as text; `None` for what is none.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Whether a thing has these members, their values in any case of the letters.
fn holds(state: &Value, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(member, wanted)| {
        text_of(&state[member]).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    })
}

/// How many of the wanted members an entry has.
fn agrees(entry: &Entry, wanted: &Map<String, Value>) -> usize {
    let has = |(member, wanted): &(&String, &Value)| {
        let text = wanted.as_str().unwrap_or_default();
        match member.as_str() {
            "kind" => entry.kind == text,
            "surface" => entry.surface == text,
            "tenant" => entry.tenant.eq_ignore_ascii_case(text),
            "subject" => entry.subject == text,
            "request_id" => entry.request_id == text,
            "verdict" => json!(entry.verdict) == **wanted,
            "cause" => wanted.as_u64() == Some(entry.cause),
            "data" => wanted.as_object().is_some_and(|wanted| {
                wanted.iter().all(|(name, value)| {
                    entry.data.get(name).is_some_and(|there| within(value, &there.to_value()))
                })
            }),
            _ => false,
        }
    };
    wanted.iter().filter(has).count()
}

/// Whether a value is there: an object's members in it, anything else equal to it.
fn within(wanted: &Value, there: &Value) -> bool {
    match (wanted, there) {
        (Value::Object(wanted), Value::Object(there)) => {
            wanted.iter().all(|(name, value)| there.get(name).is_some_and(|there| within(value, there)))
        }
        (wanted, there) => wanted == there,
    }
}

fn known_only(of: &str, members: &Map<String, Value>, known: &[&str]) -> Result<(), Problem> {
    match members.keys().find(|member| !known.contains(&member.as_str())) {
        None => Ok(()),
        Some(stranger) => {
            let what = format!("the condition \"{of}\" has no member \"{}\"", prefix(stranger, 200));
            Err(unlisted(what, known))
        }
    }
}

fn thing(kind: &Kind, members: &Map<String, Value>) -> Result<Condition, Problem> {
    let known: Vec<&str> =
        kind.id.into_iter().chain([kind.tenant]).chain(kind.members.iter().copied()).collect();
    known_only(kind.name, members, &known)?;
    if let Some(missing) = kind.needed.iter().find(|member| !members.contains_key(**member)) {
        return Err(refused(format!("the condition \"{}\" takes \"{missing}\"", kind.name)));
    }
    let mut texts = BTreeMap::new();
    for (member, value) in members {
        let text = text_of(value)
            .ok_or_else(|| refused(format!("\"{member}\" of the condition \"{}\" is a text", kind.name)))?;
        texts.insert(member.clone(), text);
    }
    let (id, tenant) = (kind.id.and_then(|id| texts.remove(id)), texts.remove(kind.tenant));
    if let Some((member, value)) = kind.usually.filter(|_| texts.is_empty()) {
        texts.insert(member.to_owned(), value.to_owned());
    }
    Ok(Condition::Thing { kind: kind.name, tenant, id, wanted: texts })
}

fn deliveries(members: &Map<String, Value>) -> Result<Condition, Problem> {
    known_only("deliveries", members, &DELIVERIES)?;
    let text = |member: &str| members.get(member).and_then(Value::as_str);
    let target =
        text("target").ok_or_else(|| refused("the condition \"deliveries\" takes \"target\", a URL"))?;
    let count = members.get("count").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| (1..=limits::DELIVERIES).contains(count)).ok_or_else(|| {
        refused(format!("the condition \"deliveries\" takes \"count\", from 1 to {}", limits::DELIVERIES))
    })?;
    if members.contains_key("status") && text("status").is_none() {
        return Err(refused("\"status\" of the condition \"deliveries\" is a text"));
    }
    let status = text("status").map(status).transpose()?;
    let filter = Filter { surface: None, tenant: None, target: Some(target.to_owned()), status };
    Ok(Condition::Deliveries { filter, count })
}

fn event(ask: &Ask, members: &Map<String, Value>, after: Option<&Value>) -> Result<Condition, Problem> {
    known_only("event", members, &EVENT)?;
    if members.is_empty() {
        return Err(unlisted("the condition \"event\" takes at least one member".to_owned(), &EVENT));
    }
    for (member, value) in members {
        let good = match member.as_str() {
            "cause" => value.is_u64(),
            "data" => value.is_object(),
            _ => value.is_string(),
        };
        if !good {
            return Err(refused(format!("\"{member}\" of the condition \"event\" has another form")));
        }
    }
    if let Some(surface) = members.get("surface").and_then(Value::as_str).filter(|s| *s != "control") {
        ask.known_surface(surface)?;
    }
    let after = match after {
        None => 0,
        Some(after) => after.as_u64().ok_or_else(|| refused("\"after\" is the number of an event"))?,
    };
    Ok(Condition::Event { wanted: members.clone(), after })
}
