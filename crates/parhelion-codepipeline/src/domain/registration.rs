//! Registering a webhook where its pushes come from: calls of a GitHub-compatible API, when one is configured, and
//! what becomes of them. The calls are deliveries; [`settled`] learns how they came out, and [`outcome`] tells it to
//! the operation that waits for them.

use super::simulation::{self, configured};
use crate::error::{Error, Invalid, Result};
use crate::settings::Settings;
use crate::shapes::{ActionDeclaration, WebhookDefinition};
use crate::store::CodePipelineStore;
use parhelion_core::{Delivery, DeliveryId, Event, Policy, Settled, Verdict, text::prefix};
use parhelion_state::Tx;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Outcomes of calls that a webhook remembers, for those who wait for them.
const OUTCOMES_KEPT: usize = 8;
/// Bytes of GitHub's answer that a message repeats.
const SHOWN_BYTES: usize = 500;
/// What stands in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a webhook stands with its third party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    /// Whether it is registered.
    pub done: bool,
    /// The path of its hook below the API, where the API told it: `/repos/octo/hello/hooks/7`.
    pub hook: Option<String>,
    /// How the last calls of the API came out: the delivery, and why it failed.
    outcomes: Vec<(DeliveryId, Option<String>)>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Pushes are to come.
    Register,
    /// No more.
    Deregister,
}

/// Calls, by the delivery's event: `create_hook /repos/octo/hello`.
const CREATE: &str = "create_hook";
const UPDATE: &str = "update_hook";
const DELETE: &str = "delete_hook";

/// Registers a webhook, or ends that: by a call of the API where one is configured, else by a mark alone.
///
/// # Errors
/// `ValidationException` without a name, or when the target is no GitHub action; `WebhookNotFoundException`.
pub fn ask(store: &mut CodePipelineStore, name: Option<String>, wish: Wish, tx: &mut Tx<'_>) -> Result<()> {
    // CHOICE: the model does not mark the name as required; without it nothing can be done.
    let name = name.ok_or(Invalid::Missing { member: "webhookName" })?;
    let account = store.place.account().to_owned();
    let webhook = store.webhooks.get(&name).cloned();
    let webhook = webhook.ok_or_else(|| Error::WebhookNotFound { account, name: name.clone() })?;
    let definition = &webhook.definition;
    // CHOICE: also when the target is gone.
    let action = target(store, definition).ok_or_else(|| Invalid::NotGithub { webhook: name.clone() })?;
    let repository = format!(
        "/repos/{}/{}",
        utf8_percent_encode(configured(action, "Owner"), PLAIN),
        utf8_percent_encode(configured(action, "Repo"), PLAIN)
    );
    let event = Event::new("webhook.changed", subject(&name));
    let api = tx.settings::<Settings>().and_then(|settings| settings.github_api.clone());
    let hook = webhook.registration.hook.as_deref();
    let (api, call) = match (api, wish, hook) {
        (None, ..) => {
            return mark(store, &name, wish, event, "no GitHub API is configured, nobody is called", tx);
        }
        (Some(_), Wish::Deregister, None) => {
            return mark(store, &name, wish, event, "no hook of it is known, nobody is called", tx);
        }
        (Some(api), Wish::Deregister, Some(hook)) => (api, ("DELETE", DELETE, hook.to_owned())),
        // CHOICE: once more means the same hook with the present URL and secret.
        (Some(api), Wish::Register, Some(hook)) if hook.starts_with(&format!("{repository}/")) => {
            (api, ("PATCH", UPDATE, hook.to_owned()))
        }
        (Some(api), Wish::Register, _) => (api, ("POST", CREATE, format!("{repository}/hooks"))),
    };
    let (method, what, path) = call;
    let url = format!("{}{path}", api.as_str());
    let token = configured(action, "OAuthToken").to_owned();
    let body = if wish == Wish::Register { hook_of(definition, &webhook.url) } else { Value::Null };
    let event = event.fact(format!("GitHub is asked: {method} {url}")).verdict(Verdict::Waiting);
    let cause = tx.emit(event);
    tx.deliver(delivery(&name, (method, format!("{what} {repository}"), url), &token, &body), cause);
    Ok(())
}

fn subject(name: &str) -> String {
    format!("webhook:{name}")
}

/// The GitHub action that a webhook is for.
fn target<'a>(store: &'a CodePipelineStore, definition: &WebhookDefinition) -> Option<&'a ActionDeclaration> {
    let (_, _, plan) = store.pipeline(&definition.target_pipeline).ok()?;
    plan.sources().find(|action| action.name == definition.target_action && simulation::is_github(action))
}

/// Without a call: a mark, and why it is no more.
fn mark(
    store: &mut CodePipelineStore,
    name: &str,
    wish: Wish,
    event: Event,
    why: &str,
    tx: &mut Tx<'_>,
) -> Result<()> {
    let what = match wish {
        Wish::Register => "is marked as registered with GitHub",
        Wish::Deregister => "is no longer registered with GitHub",
    };
    tx.emit(event.fact(format!("webhook '{name}' {what}: {why}")));
    store.webhooks.edit(&name.to_owned(), |webhook| webhook.registration.done = wish == Wish::Register);
    Ok(())
}

/// A hook as GitHub's API takes it.
fn hook_of(definition: &WebhookDefinition, url: &str) -> Value {
    let mut config = json!({"url": url, "content_type": "json"});
    if let Some(secret) = &definition.authentication_configuration.secret_token {
        config["secret"] = secret.as_str().into();
    }
    json!({"name": "web", "active": true, "events": ["push"], "config": config})
}

fn delivery(name: &str, call: (&'static str, String, String), token: &str, body: &Value) -> Delivery {
    let (method, event, url) = call;
    let header = |name: &str, value: String| (name.to_owned(), value);
    let mut headers = vec![
        header("Accept", "application/vnd.github+json".to_owned()),
        header("Authorization", format!("Bearer {token}")),
        header("User-Agent", "AWSCodePipeline".to_owned()),
    ];
    let body = match body {
        Value::Null => bytes::Bytes::new(),
        body => {
            headers.push(header("Content-Type", "application/json".to_owned()));
            body.to_string().into()
        }
    };
    Delivery {
        subject: subject(name),
        event,
        method,
        shown_url: url.clone(),
        url,
        headers,
        body,
        policy: Policy::default(),
        // One after the other, so that the last one asked for is the last one done.
        order: Some(format!("registration:{name}")),
    }
}

/// Learns how a call came out. Reports of other deliveries are none of its business.
pub fn settled(store: &mut CodePipelineStore, report: &Settled, tx: &mut Tx<'_>) {
    let Some(name) = report.subject.strip_prefix("webhook:").map(ToOwned::to_owned) else { return };
    let Some((what, repository)) = report.event.split_once(' ') else { return };
    if ![CREATE, UPDATE, DELETE].contains(&what) || !report.status.is_final() {
        return;
    }
    // CHOICE: a hook that is not there is as good as deleted.
    let gone = what == DELETE && report.response_status == Some(404);
    let failed = if report.ok() || gone { None } else { Some(refusal(what, report)) };
    let (fact, verdict) = match &failed {
        None if what == DELETE => {
            (format!("webhook '{name}' is no longer registered with GitHub"), Verdict::Ok)
        }
        None => (format!("webhook '{name}' is registered with GitHub"), Verdict::Ok),
        Some(why) => (why.clone(), Verdict::Failed),
    };
    let id = serde_json::from_slice::<Value>(&report.response_body).ok().and_then(|answer| id_of(&answer));
    let changed = store.webhooks.edit(&name, |webhook| {
        let registration = &mut webhook.registration;
        registration.outcomes.push((report.delivery, failed.clone()));
        if registration.outcomes.len() > OUTCOMES_KEPT {
            registration.outcomes.remove(0);
        }
        match (&failed, what) {
            (None, DELETE) => (registration.done, registration.hook) = (false, None),
            (None, CREATE) => {
                registration.done = true;
                registration.hook = id.map(|id| format!("{repository}/hooks/{id}"));
            }
            (None, _) => registration.done = true,
            // The hook that was to be changed is not there: the next call makes another.
            (Some(_), UPDATE) if report.response_status == Some(404) => registration.hook = None,
            (Some(_), _) => {}
        }
    });
    if changed.is_some() {
        tx.emit(Event::new("webhook.changed", subject(&name)).fact(fact).verdict(verdict));
    }
}

/// The id of a hook, as a part of a path.
fn id_of(answer: &Value) -> Option<String> {
    match answer.get("id")? {
        Value::Number(id) => Some(id.to_string()),
        Value::String(id) if (1..=100).contains(&id.len()) => {
            Some(utf8_percent_encode(id, PLAIN).to_string())
        }
        _ => None,
    }
}

// OBSERVED: the text, with 401 and 404. CHOICE: the other causes' names; the text of a deregistration.
fn refusal(what: &str, report: &Settled) -> String {
    let failed = if what == DELETE {
        "Webhook could not be deregistered from GitHub."
    } else {
        "Webhook could not be registered with GitHub."
    };
    let Some(status) = report.response_status else {
        let why = report.error.as_ref().map_or("no answer", |(_, why)| why.as_str());
        return format!("{failed} Error cause: {}", prefix(why, SHOWN_BYTES));
    };
    let cause = match status {
        401 => "Invalid credentials",
        404 => "Not found",
        other => {
            let known = http::StatusCode::from_u16(other).ok().and_then(|status| status.canonical_reason());
            known.unwrap_or("Unexpected answer")
        }
    };
    let body = String::from_utf8_lossy(&report.response_body);
    format!("{failed} Error cause: {cause} [StatusCode: {status}, Body: {}]", prefix(&body, SHOWN_BYTES))
}

/// How a call came out.
///
/// # Errors
/// `ValidationException` with what GitHub said; also when the call was given up (its webhook was deleted, its tenant
/// reset).
pub fn outcome(store: &CodePipelineStore, call: DeliveryId) -> Result<()> {
    let all = store.webhooks.values().flat_map(|webhook| &webhook.registration.outcomes);
    match all.rev().find(|(delivery, _)| *delivery == call) {
        Some((_, None)) => Ok(()),
        Some((_, Some(why))) => Err(Invalid::ThirdParty { said: why.clone() }.into()),
        None => {
            let said = "The call of GitHub was given up before it came to an end".to_owned();
            Err(Invalid::ThirdParty { said }.into())
        }
    }
}

#[cfg(test)]
mod tests;
