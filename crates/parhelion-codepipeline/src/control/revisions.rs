//! `PUT revisions`: what a source action finds next. Starts nothing.

use super::{Ask, bad_body, ok};
use crate::domain::engine::{Input, records::Revision};
use crate::shapes::ActionCategory;
use chrono::SecondsFormat;
use parhelion_core::{Event, Timestamp, text::prefix};
use parhelion_http::{Problem, Response};
use serde_json::{Map, Value, json};

/// Longest name that a problem repeats, bytes.
const SHOWN_BYTES: usize = 100;
/// Longest text of a revision, characters. Docs: the model's bound of a revision's id, and of its summary.
const ID_CHARS: usize = 1500;
const SUMMARY_CHARS: usize = 2048;

/// Answers it with what was put.
pub fn answer(ask: &Ask<'_>) -> Result<Response, Problem> {
    ask.only(&["pipeline", "stage", "action", "revision"])?;
    let place = ask.place()?;
    let wanted = |name| ask.text(name)?.ok_or_else(|| bad_body(format!("'{name}' is wanted")));
    let (pipeline, stage, action) = (wanted("pipeline")?, wanted("stage")?, wanted("action")?);
    let Some(Value::Object(given)) = ask.members.get("revision") else {
        return Err(bad_body("'revision' is wanted: an object with 'revisionId'"));
    };
    let revision = revision(given)?;
    let shown = json!({"pipeline": pipeline, "stage": stage, "action": action, "revision": shown(&revision)});
    ask.write(&place, |store, tx| {
        let missing = |what: &str, name: &str| {
            let text = format!("there is no {what} '{}'", prefix(name, SHOWN_BYTES));
            Problem::new(404, "no such source action", text)
        };
        let (line, _, plan) = store.pipeline(pipeline).map_err(|_| missing("pipeline", pipeline))?;
        let declared = plan
            .place_of(stage)
            .and_then(|place| plan.stage(place))
            .ok_or_else(|| missing("stage", stage))?;
        let is_it = |a: &&crate::shapes::ActionDeclaration| {
            a.name == action && a.action_type_id.category == ActionCategory::Source
        };
        declared.actions.iter().find(is_it).ok_or_else(|| missing("source action", action))?;
        let event = Event::new("control.revision", format!("pipeline:{pipeline}"));
        let fact =
            format!("source action '{action}' finds revision {} next", prefix(&revision.id, SHOWN_BYTES));
        tx.emit(event.fact(fact));
        store.step(Input::SetRevision(line, action.to_owned(), revision), tx);
        Ok(())
    })?;
    Ok(ok(&shown))
}

fn shown(revision: &Revision) -> Value {
    let mut shown = json!({"revisionId": revision.id});
    for (name, value) in [("summary", &revision.summary), ("url", &revision.url)] {
        if let Some(value) = value {
            shown[name] = value.as_str().into();
        }
    }
    if let Some(at) = revision.created {
        shown["created"] = at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into();
    }
    shown
}

fn revision(given: &Map<String, Value>) -> Result<Revision, Problem> {
    let known = ["revisionId", "summary", "url", "created"];
    if let Some(name) = given.keys().find(|name| !known.contains(&name.as_str())) {
        let text =
            format!("'revision' has no member '{}'; known: {}", prefix(name, SHOWN_BYTES), known.join(", "));
        return Err(Problem::new(400, "unknown member", text));
    }
    let text = |name: &str, most: usize| match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if (1..=most).contains(&text.chars().count()) => Ok(Some(text.clone())),
        Some(_) => Err(bad_body(format!("'revision.{name}' is a text of 1 to {most} characters"))),
    };
    let created: Option<Timestamp> =
        match text("created", ID_CHARS)? {
            None => None,
            Some(at) => Some(at.parse().map_err(|_| {
                bad_body("'revision.created' is a time: RFC 3339, as in 2026-01-31T12:00:00Z")
            })?),
        };
    Ok(Revision {
        id: text("revisionId", ID_CHARS)?.ok_or_else(|| bad_body("'revision.revisionId' is wanted"))?,
        change: None,
        summary: text("summary", SUMMARY_CHARS)?,
        url: text("url", SUMMARY_CHARS)?,
        created,
    })
}
