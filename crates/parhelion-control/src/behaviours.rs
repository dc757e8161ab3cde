//! Scripted outcomes of simulated work (control.md 9): how the next attempts are to come out.

use crate::ask::{Answer, Ask, done, ok, page, unknown};
use crate::desk::Control;
use crate::query::refused;
use parhelion_core::{Event, Scripting, text::prefix, units};
use parhelion_http::Problem;
use parhelion_state::{Behaviour, ScriptedOutcome};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of one member of a `match`.
const MATCH_BYTES: usize = 2_048;
/// The members of a `match` that every surface has.
const EVERYWHERE: [&str; 2] = ["surface", "tenant"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    #[serde(default, rename = "match")]
    matches: Map<String, Value>,
    outcomes: Vec<Map<String, Value>>,
}

fn shown(name: &str, behaviour: &Behaviour) -> Value {
    let outcomes: Vec<Value> = behaviour
        .outcomes
        .iter()
        .map(|outcome| {
            let mut shown = Map::from_iter([("outcome".to_owned(), json!(outcome.outcome))]);
            shown.extend(outcome.members.clone());
            Value::Object(shown)
        })
        .collect();
    json!({"name": name, "match": *behaviour.matches, "outcomes": outcomes, "used": behaviour.used})
}

fn good_name(name: &str) -> Result<(), Problem> {
    let good = !name.is_empty()
        && name.len() <= 128
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if good { Ok(()) } else { Err(refused("a behaviour's name is 1 to 128 of A-Z a-z 0-9 . _ -")) }
}

/// A 400 that names what is not known and lists what is.
pub fn unlisted(what: String, known: &[&str]) -> Problem {
    let list = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    refused(format!("{what}; known: {list}")).with("known", known)
}

/// The surfaces that simulate work, with what they understand.
pub fn scripted(control: &Control) -> impl Iterator<Item = (&'static str, &Scripting)> {
    let all = control.facts.scripting.iter().map(|(surface, scripting)| (*surface, scripting));
    all.filter(|(_, scripting)| !scripting.outcomes.is_empty() || !scripting.kinds.is_empty())
}

/// The surface that a call names, which must simulate work.
pub fn scripted_surface<'a>(ask: &'a Ask, surface: &str) -> Result<(&'static str, &'a Scripting), Problem> {
    ask.known_surface(surface)?;
    let found = scripted(&ask.control).find(|(name, _)| *name == surface);
    found.ok_or_else(|| {
        let known: Vec<&str> = scripted(&ask.control).map(|(name, _)| name).collect();
        unlisted(format!("the simulated work of {surface} does not look at behaviours and paces"), &known)
    })
}

/// The members of a `match`, each as text.
fn matches(given: &Map<String, Value>) -> Result<BTreeMap<String, String>, Problem> {
    let text = |(member, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(refused(format!("the match member \"{member}\" is a text"))),
        };
        if text.len() > MATCH_BYTES {
            return Err(refused(format!("the match member \"{member}\" is longer than {MATCH_BYTES} bytes")));
        }
        Ok((member.clone(), text))
    };
    given.iter().map(text).collect()
}

/// The surfaces that a `match` is about: the one it names, or all that know its members.
fn meant<'a>(
    ask: &'a Ask,
    matches: &BTreeMap<String, String>,
) -> Result<Vec<(&'static str, &'a Scripting)>, Problem> {
    let candidates: Vec<(&'static str, &Scripting)> = match matches.get("surface") {
        Some(surface) => vec![scripted_surface(ask, surface)?],
        // A surface whose work has a pace alone has no outcome to be matched.
        None => scripted(&ask.control).filter(|(_, s)| !s.outcomes.is_empty()).collect(),
    };
    if let (Some(surface), Some(tenant)) = (matches.get("surface"), matches.get("tenant"))
        && ask.world.tenant_named(surface, tenant).is_none()
    {
        return Err(refused(format!("\"{}\" is no name of a tenant of {surface}", prefix(tenant, 200))));
    }
    let own = || matches.keys().map(String::as_str).filter(|member| !EVERYWHERE.contains(member));
    let known: BTreeSet<&str> =
        candidates.iter().flat_map(|(_, s)| s.members.iter().copied()).chain(EVERYWHERE).collect();
    if let Some(stranger) = own().find(|member| !known.contains(member)) {
        let known: Vec<&str> = known.into_iter().collect();
        return Err(unlisted(format!("unknown match member \"{}\"", prefix(stranger, 200)), &known));
    }
    let mut meant = candidates;
    meant.retain(|(_, scripting)| own().all(|member| scripting.members.contains(&member)));
    if meant.is_empty() {
        return Err(refused("no surface knows all of the members of this match together"));
    }
    Ok(meant)
}

/// An outcome of `{"outcome": …, members}`, which all the surfaces that are meant must understand.
fn outcome(
    n: usize,
    mut members: Map<String, Value>,
    meant: &[(&'static str, &Scripting)],
) -> Result<ScriptedOutcome, Problem> {
    let at = |what: String| format!("outcomes[{n}]: {what}");
    let name = match members.shift_remove("outcome") {
        Some(Value::String(name)) => name,
        _ => return Err(refused(at("\"outcome\" is a text, and has to be there".to_owned()))),
    };
    for (surface, scripting) in meant {
        let Some(known) = scripting.members_of(&name) else {
            let known: Vec<&str> = scripting.outcomes.iter().map(|(name, _)| *name).collect();
            return Err(unlisted(at(format!("{surface} has no outcome \"{}\"", prefix(&name, 200))), &known));
        };
        if let Some(stranger) = members.keys().find(|member| !known.contains(&member.as_str())) {
            let what = format!("{surface}'s outcome {name} has no member \"{}\"", prefix(stranger, 200));
            return Err(unlisted(at(what), known));
        }
        if let Some(delay) = members.get("delay") {
            let delay = delay.as_str().ok_or_else(|| refused(at("\"delay\" is a text, as in 90m".into())))?;
            units::duration(delay).map_err(|why| refused(at(why)))?;
        }
        (scripting.check)(&name, &members).map_err(|why| refused(at(why)))?;
    }
    Ok(ScriptedOutcome { outcome: name, members })
}

pub async fn put(ask: Ask) -> Answer {
    let name = ask.param(0);
    good_name(name)?;
    let put: Put = ask.json()?;
    let matches = matches(&put.matches)?;
    let meant = meant(&ask, &matches)?;
    let outcomes = put.outcomes.into_iter().enumerate().map(|(n, members)| outcome(n, members, &meant));
    let outcomes: Vec<ScriptedOutcome> = outcomes.collect::<Result<_, _>>()?;
    let said: Vec<&str> = outcomes.iter().take(20).map(|outcome| outcome.outcome.as_str()).collect();
    let fact = format!("the next attempts come out as behaviour \"{name}\" says: {}", said.join(", "));
    let event = Event::new("control.behaviour_put", format!("behaviour:{name}"))
        .fact(fact)
        .with("match", json!(matches))
        .with("outcomes", outcomes.len());
    let answer = ask.world.edit_script(|script| {
        script.put_behaviour(name, matches, outcomes).map(|()| script.behaviours().get(name).cloned())
    });
    let put = answer.map_err(|full| match full {
        parhelion_state::Overfull::NoOutcome | parhelion_state::Overfull::Outcomes => {
            refused(full.to_string())
        }
        _ => Problem::new(409, "Conflict", full.to_string()),
    })?;
    ask.journal(event);
    let put = put.ok_or_else(|| unknown("behaviour", name))?;
    ok(&shown(name, &put))
}

pub async fn list(ask: Ask) -> Answer {
    let limit = ask.query.limit()?;
    let script = ask.world.script();
    let after = ask.query.get("after");
    let mut rest =
        script.behaviours().iter().filter(|(name, _)| after.is_none_or(|after| name.as_str() > after));
    let items: Vec<(&String, Value)> = rest.by_ref().take(limit).map(|(n, b)| (n, shown(n, b))).collect();
    let next = rest.next().and_then(|_| items.last().map(|(name, _)| (*name).clone()));
    page(items.into_iter().map(|(_, item)| item).collect(), next)
}

pub async fn get(ask: Ask) -> Answer {
    let (name, script) = (ask.param(0), ask.world.script());
    ok(&shown(name, script.behaviours().get(name).ok_or_else(|| unknown("behaviour", name))?))
}

pub async fn delete(ask: Ask) -> Answer {
    let name = ask.param(0);
    if !ask.world.edit_script(|script| script.remove_behaviour(name)) {
        return Err(unknown("behaviour", name));
    }
    ask.journal(
        Event::new("control.behaviour_deleted", format!("behaviour:{name}"))
            .fact(format!("behaviour \"{name}\" was deleted")),
    );
    done()
}

pub async fn clear(ask: Ask) -> Answer {
    let gone = ask.world.edit_script(parhelion_state::Script::clear_behaviours);
    ask.journal(
        Event::new("control.behaviours_deleted", "world:behaviours")
            .fact(format!("all behaviours were deleted: {gone}")),
    );
    done()
}
