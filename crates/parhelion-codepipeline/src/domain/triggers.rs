//! What a webhook's delivery comes to (8.2 of the specification): authentic? readable? does it pass the filters?
//! what does it start with? Judging is pure and may be slow (25 MB are digested and read): it is done on a published
//! value, and holds as long as its [`Basis`] does.

use super::{
    engine::{
        Engine,
        records::{LineId, Revision},
    },
    jsonpath::rule::{self, Placeholders},
    sender::Sender,
    simulation::{self, SourceKind},
    webhook_auth,
};
use crate::named::Named;
use crate::shapes::{ActionDeclaration, WebhookDefinition};
use crate::store::CodePipelineStore;
use http::HeaderMap;
use parhelion_core::{Event, Timestamp, Verdict, text::prefix};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::borrow::Cow;

/// A delivery as it came.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The bytes of its body: what was signed.
    pub body: &'a [u8],
    /// Who sent it.
    pub sender: &'a Sender,
}

/// What a judgement rests on: the webhook as it was put, and the version of its target.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    definition: WebhookDefinition,
    target: Option<(LineId, i32)>,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What it rests on.
    pub basis: Basis,
    /// What was found, in order: each led to the next.
    pub facts: Vec<Event>,
    /// What is to be done.
    pub decision: Decision,
}

impl Judged {
    /// The action that the webhook is for.
    pub fn target_action(&self) -> &str {
        &self.basis.definition.target_action
    }
}

/// What is to be done with a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// An execution starts; what the target action is to find, where the delivery says it.
    Start {
        /// The pipeline.
        line: LineId,
        /// The commit that was pushed.
        revision: Option<Revision>,
    },
    /// Nothing is wrong and nothing is done.
    Ignore,
    /// The sender is refused, and the webhook remembers why.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// The webhook's `errorCode`.
        code: &'static str,
        /// The webhook's `errorMessage`.
        message: String,
    },
    /// The target is not there; the sender is not at fault.
    Gone {
        /// The webhook's `errorCode`.
        code: &'static str,
        /// The webhook's `errorMessage`.
        message: String,
    },
}

/// What a judgement of this webhook rests on now; `None` when there is no such webhook.
pub fn basis(store: &CodePipelineStore, webhook: &str) -> Option<Basis> {
    let definition = store.webhooks.get(webhook)?.definition.clone();
    let target = store.engine.line(&definition.target_pipeline).map(|(id, line)| (id, line.version));
    Some(Basis { definition, target })
}

/// Judges a delivery to a webhook; `None` when there is no such webhook.
pub fn judge(store: &CodePipelineStore, webhook: &str, incoming: &Incoming<'_>) -> Option<Judged> {
    let basis = basis(store, webhook)?;
    let mut facts = vec![received(&basis.definition, incoming)];
    let decision = decide(store, &basis, incoming, &mut facts);
    Some(Judged { basis, facts, decision })
}

fn received(definition: &WebhookDefinition, incoming: &Incoming<'_>) -> Event {
    let header = |name: &str| {
        let value = incoming.headers.get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        prefix(value.as_deref().unwrap_or(""), 100).to_owned()
    };
    let bytes = incoming.body.len();
    fact(
        definition,
        "webhook.received",
        Verdict::Ok,
        format!("webhook '{}' was called with {bytes} bytes", definition.name),
    )
    .with("pipeline", definition.target_pipeline.clone())
    .with("action", definition.target_action.clone())
    .with("bytes", bytes)
    .with("content_type", header("content-type"))
    .with("github_event", header("x-github-event"))
}

fn fact(
    definition: &WebhookDefinition,
    kind: &'static str,
    verdict: Verdict,
    text: impl Into<String>,
) -> Event {
    Event::new(kind, format!("webhook:{}", definition.name)).fact(text).verdict(verdict)
}

fn decide(
    store: &CodePipelineStore,
    basis: &Basis,
    incoming: &Incoming<'_>,
    facts: &mut Vec<Event>,
) -> Decision {
    let definition = &basis.definition;
    if let Err(refused) = authentic(definition, incoming, facts) {
        return refused;
    }
    let github_event = incoming.headers.get("x-github-event").map(|v| v.as_bytes());
    if github_event == Some(b"ping") {
        facts.push(fact(definition, "payload.read", Verdict::Skipped, "a ping starts nothing"));
        return Decision::Ignore;
    }
    let payload = match payload(incoming) {
        Ok(payload) => payload,
        Err(why) => {
            let text = format!("the body is not JSON: {why}");
            facts.push(fact(definition, "payload.read", Verdict::Failed, text.clone()));
            return Decision::Refuse { status: 400, code: "InvalidPayload", message: text };
        }
    };
    facts.push(fact(definition, "payload.read", Verdict::Ok, "the body is JSON"));
    let (line, action) = match target(store, definition) {
        Ok(target) => target,
        Err((code, message)) => {
            facts.push(fact(definition, "webhook.changed", Verdict::Failed, message.clone()));
            return Decision::Gone { code, message };
        }
    };
    if !passes(&store.engine, definition, action, &payload, facts) {
        return Decision::Ignore;
    }
    if is_deletion(&payload) {
        let text = "the push deletes its branch: there is no revision to run";
        facts.push(fact(definition, "payload.read", Verdict::Skipped, text));
        return Decision::Ignore;
    }
    // CHOICE: a commit says something to actions whose revisions are commits only.
    let is_git = simulation::source_kind(action) == SourceKind::Git;
    Decision::Start { line, revision: if is_git { pushed(&payload) } else { None } }
}

fn authentic(
    definition: &WebhookDefinition,
    incoming: &Incoming<'_>,
    facts: &mut Vec<Event>,
) -> Result<(), Decision> {
    let verdict = webhook_auth::authenticate(
        definition.authentication,
        &definition.authentication_configuration,
        incoming.headers,
        incoming.body,
        incoming.sender,
    );
    let outcome = if verdict.passed { Verdict::Ok } else { Verdict::Failed };
    let checks = verdict.checks.iter().map(|check| {
        serde_json::json!({
            "what": check.what,
            "algorithm": check.algorithm,
            "given": check.given,
            "expected": check.expected,
            "ok": check.ok,
        })
    });
    let checked = fact(definition, "signature.checked", outcome, verdict.fact)
        .with("authentication", definition.authentication.as_str())
        .with("checks", checks.collect::<Value>());
    facts.push(checked);
    if verdict.passed {
        return Ok(());
    }
    // CHOICE: the code, and that the message says no more than this.
    let message =
        format!("The request did not satisfy the webhook's authentication ({})", definition.authentication);
    Err(Decision::Refuse { status: 403, code: "AuthenticationFailed", message })
}

/// The pipeline and the action of its first stage that a webhook is for; else code and message for the webhook.
fn target<'a>(
    store: &'a CodePipelineStore,
    definition: &WebhookDefinition,
) -> Result<(LineId, &'a ActionDeclaration), (&'static str, String)> {
    let (line, _, plan) = store
        .pipeline(&definition.target_pipeline)
        .map_err(|missing| (missing.code(), missing.to_string()))?;
    let action = plan.sources().find(|action| action.name == definition.target_action);
    let missing =
        || format!("The pipeline has no action named {} in its first stage", definition.target_action);
    Ok((line, action.ok_or_else(|| ("ActionNotFoundException", missing()))?))
}

/// Whether all filters let the payload pass; each is told of, also after one that did not.
fn passes(
    engine: &Engine,
    definition: &WebhookDefinition,
    action: &ActionDeclaration,
    payload: &Value,
    facts: &mut Vec<Event>,
) -> bool {
    let none = Named::new();
    let is_secret = secrets_of(engine, action);
    let placeholders =
        Placeholders { values: action.configuration.as_ref().unwrap_or(&none), is_secret: &is_secret };
    let mut passed = true;
    for filter in &definition.filters {
        let verdict =
            rule::evaluate(&filter.json_path, filter.match_equals.as_deref(), &placeholders, payload);
        let outcome = if verdict.passed { Verdict::Ok } else { Verdict::Failed };
        let event = fact(definition, "filter.evaluated", outcome, verdict.fact)
            .with("path", verdict.path)
            .with("selected", verdict.selected)
            .with("compared_with", verdict.wanted);
        facts.push(event);
        passed &= verdict.passed;
    }
    passed
}

/// Which configuration keys of an action hold secrets.
pub fn secrets_of(engine: &Engine, action: &ActionDeclaration) -> impl Fn(&str) -> bool {
    let kind = engine.kind_ever(&action.action_type_id);
    move |key: &str| kind.as_ref().and_then(|kind| kind.key(key)).is_some_and(|key| key.secret)
}

/// The JSON of a delivery. Docs (GitHub): its other content type is a form whose field `payload` holds the JSON.
fn payload(incoming: &Incoming<'_>) -> Result<Value, String> {
    let content_type =
        incoming.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    let json: Cow<'_, [u8]> = if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let form = str::from_utf8(incoming.body).map_err(|_| "the form is not UTF-8".to_owned())?;
        let field = form.split('&').find_map(|pair| pair.strip_prefix("payload="));
        let field = field.ok_or("the form has no field 'payload'")?.replace('+', " ");
        Cow::Owned(percent_decode_str(&field).collect())
    } else {
        Cow::Borrowed(incoming.body)
    };
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether a push takes its branch away.
fn is_deletion(payload: &Value) -> bool {
    let push = text(payload, "/ref").is_some();
    let zeros =
        text(payload, "/after").is_some_and(|after| after.len() >= 40 && after.bytes().all(|b| b == b'0'));
    push && (zeros || payload.get("deleted") == Some(&Value::Bool(true)))
}

/// What a push says of the commit that it ends with.
fn pushed(payload: &Value) -> Option<Revision> {
    // The bounds of the API's own members.
    let bounded = |text: &str, most: usize| prefix(text, most).to_owned();
    let id = text(payload, "/after").or_else(|| text(payload, "/head_commit/id"))?;
    let date = text(payload, "/head_commit/timestamp");
    Some(Revision {
        id: bounded(id, 1500),
        change: None,
        summary: text(payload, "/head_commit/message").map(|message| bounded(message, 2048)),
        url: text(payload, "/head_commit/url").filter(|url| url.len() <= 2048).map(ToOwned::to_owned),
        created: date
            .and_then(|d| chrono::DateTime::parse_from_rfc3339(d).ok())
            .map(|d| Timestamp::from(d.to_utc())),
    })
}
