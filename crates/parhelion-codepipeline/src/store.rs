//! What a tenant (account and region) has: the engine with its pipelines, webhooks, tags, clients of partners.

mod calls;
mod draw;
mod objects;
mod taggable;
mod things;

pub use objects::{Mail, Watched};
pub use taggable::Taggable;

use crate::{
    domain::{
        engine::{
            Change, Effect, Engine, Input,
            records::{Execution, ExecutionId, Line, LineId, Plan},
        },
        event_targets::{self, EventTarget},
        jobs::{self, DEFAULT_CLIENT_TOKEN},
        place::Place,
        registration::{self, Registration},
    },
    error::{Error, Flow, Result},
    shapes::WebhookDefinition,
};
use parhelion_core::{Cause, Datum, Event, Members, Settled, Timestamp};
use parhelion_state::{AnyTable, Handle, Store, Table, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Docs: user guide, "Quotas", per account and region.
pub const PIPELINES_MAX: usize = 1000;
/// Docs: user guide, "Quotas", per account and region.
pub const WEBHOOKS_MAX: usize = 300;

/// The data of one account in one region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodePipelineStore {
    /// Whose it is.
    pub place: Place,
    /// Pipelines, executions, jobs.
    pub engine: Engine,
    /// Webhooks by name.
    pub webhooks: Table<String, Webhook>,
    /// Tags by the ARN of what has them, sorted by key.
    pub tags: Table<String, BTreeMap<String, String>>,
    /// Starts that were made with a client request token.
    pub request_tokens: Table<(LineId, String), TokenUse>,
    /// The tokens of partners' clients that were given one, by provider.
    pub clients: Table<String, String>,
    /// Who is told of state changes, by name.
    pub event_targets: Table<String, EventTarget>,
    /// What pipelines poll: the buckets of their S3 sources, with the pipelines' names.
    pub sources: Table<(String, String), Watched>,
    /// What the credentials of jobs are made with, once there are any.
    pub session_secret: Option<String>,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// As it was put, the secret in clear.
    pub definition: WebhookDefinition,
    /// What makes its URL unguessable.
    pub token: String,
    /// Where it is called.
    pub url: String,
    /// How it stands with its third party.
    pub registration: Registration,
    /// When it last started an execution.
    pub last_triggered: Option<Timestamp>,
    /// Why the last call that could not be served was not: code and message.
    pub error: Option<(String, String)>,
}

impl Webhook {
    /// The name by which its URL is found, whatever account it belongs to.
    pub fn handle(token: &str) -> Handle {
        Handle::new("codepipeline.trigger", token)
    }
}

/// What a client request token was used for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenUse {
    /// A digest of the other parameters.
    pub parameters: String,
    /// What it started.
    pub execution: ExecutionId,
}

impl Store for CodePipelineStore {
    const SURFACE: &'static str = "codepipeline";
    const NAME: &'static str = "codepipeline";
    const VERSION: u32 = 1;
    type Key = Place;
    type Mail = Mail;

    fn new(key: &Place) -> Self {
        CodePipelineStore {
            place: key.clone(),
            engine: Engine::new(key.clone()),
            webhooks: Table::default(),
            tags: Table::default(),
            request_tokens: Table::default(),
            clients: Table::default(),
            event_targets: Table::default(),
            sources: Table::default(),
            session_secret: None,
        }
    }
    fn next_deadline(&self) -> Option<Timestamp> {
        self.engine.next_deadline()
    }
    fn on_time(&mut self, tx: &mut Tx<'_>) {
        self.step(Input::Time, tx);
    }
    fn on_mail(&mut self, mail: Mail, tx: &mut Tx<'_>) {
        self.take_mail(mail, tx);
    }
    fn standing(&self, subject: &str, _now: Timestamp) -> Vec<Event> {
        let id = subject.strip_prefix("execution:").and_then(|id| id.parse().ok());
        let key = id.and_then(|id: ExecutionId| self.engine.execution_ids.get(&id));
        key.map_or_else(|| self.engine.part_stands(subject), |key| self.engine.standing(**key))
    }
    fn on_delivered(&mut self, report: &Settled, tx: &mut Tx<'_>) {
        self.called(report, tx);
        registration::settled(self, report, tx);
    }
    fn on_step(&mut self, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
        self.step_by_hand(id, tx)
    }
    fn things(&self, kind: &str, id: Option<&str>) -> Vec<Value> {
        self.stand(kind, id)
    }
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        vec![
            ("pipelines", &self.engine.lines),
            ("pipeline_versions", &self.engine.plans),
            ("executions", &self.engine.executions),
            ("action_executions", &self.engine.runs),
            ("jobs", &self.engine.jobs),
            ("action_types", &self.engine.types),
            ("webhooks", &self.webhooks),
            ("tagged_resources", &self.tags),
            ("client_request_tokens", &self.request_tokens),
            ("clients", &self.clients),
            ("event_targets", &self.event_targets),
            ("polled_buckets", &self.sources),
        ]
    }
    fn check(&self) {
        self.engine.check();
        for (name, hook) in self.webhooks.iter() {
            assert_eq!(*name, hook.definition.name, "a webhook stands under its name");
            assert!(
                !hook.token.is_empty() && hook.url.contains(&hook.token),
                "a webhook's URL holds its token"
            );
        }
        for (arn, tags) in self.tags.iter() {
            assert!(!tags.is_empty() && tags.len() <= 50, "{arn}: 1 to 50 tags, or no entry");
            assert!(self.resource(arn).is_some(), "{arn}: tags belong to something");
        }
        for (_, name) in self.sources.keys() {
            assert!(self.engine.names.contains_key(name), "what is polled is polled by a pipeline");
        }
        for ((line, _), used) in self.request_tokens.iter() {
            assert!(
                self.engine.execution(*line, used.execution).is_some(),
                "a request token belongs to an execution"
            );
        }
    }
    fn mask(store: &mut Value) {
        let own = own_secrets(store);
        mask(store, &|name| SECRETS.contains(&name) || own.contains(name));
        // Tables are lists of pairs.
        let values = |store: &mut Value, table: &str, hide: &dyn Fn(&mut Value)| {
            let pairs = store.get_mut(table).and_then(Value::as_array_mut).into_iter().flatten();
            pairs.filter_map(|pair| pair.get_mut(1)).for_each(hide);
        };
        values(store, "clients", &|token| *token = "****".into());
        // Who knows a webhook's address can call it.
        values(store, "webhooks", &|webhook| webhook["url"] = "****".into());
        let adapters = store.pointer_mut("/engine/adapters").and_then(Value::as_object_mut);
        for url in
            adapters.into_iter().flat_map(|adapters| adapters.values_mut()).filter(|url| url.is_string())
        {
            *url = "****".into();
        }
    }
}

impl CodePipelineStore {
    /// Gives the engine an input and does what comes of it.
    pub fn step(&mut self, input: Input, tx: &mut Tx<'_>) {
        self.note_objects(&input, tx);
        let now = tx.now();
        let mut kept = objects::Keeping::default();
        for effect in self.engine.step(input, now, tx) {
            match effect {
                Effect::Tell(event) => {
                    tx.emit(event);
                }
                Effect::Publish(change) => {
                    let event = self.published(change, tx);
                    let body = (!self.event_targets.is_empty()).then(|| event.data.to_object());
                    let number = tx.emit(event);
                    if let Some(body) = body {
                        event_targets::publish(&self.event_targets, &body, number, tx);
                    }
                }
                Effect::Notify(run) => self.notify(run, tx),
                Effect::Keep(subject, made) => kept.add(&self.place, subject, made, tx),
                Effect::Deploy(what) => {
                    kept.send(&self.place, tx);
                    self.deploy(*what, tx);
                }
                Effect::Call(job) => self.call(job, tx),
                Effect::Claim(job) => tx.claim(jobs::handle(job), job.to_string()),
                Effect::Release(job) => tx.release(&jobs::handle(job)),
            }
        }
        kept.send(&self.place, tx);
    }

    /// A change in the envelope in which AWS publishes it. Docs: EventBridge's event form.
    fn published(&self, change: Change, tx: &mut Tx<'_>) -> Event {
        let id = tx.uuid("event").to_string();
        let state = change.detail.get("state").and_then(Datum::as_str).unwrap_or_default();
        let mut event = Event::new("codepipeline.event", format!("event:{id}"))
            .fact(format!("published: {} {state}", change.detail_type))
            .because(Cause::Last(change.because));
        event.data = Members::default()
            .with("version", "0")
            .with("id", id)
            .with("detail-type", change.detail_type)
            .with("source", "aws.codepipeline")
            .with("account", self.place.account())
            .with("time", tx.now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
            .with("region", self.place.region())
            .with("resources", vec![self.place.arn(&change.pipeline)])
            .with("detail", change.detail);
        event
    }

    /// A pipeline by name, with its present version.
    ///
    /// # Errors
    /// `PipelineNotFoundException`.
    pub fn pipeline(&self, name: &str) -> Result<(LineId, &Line, &Plan)> {
        let found = self.engine.line(name).and_then(|(id, line)| Some((id, line, self.engine.plan(id)?)));
        found.ok_or_else(|| Error::PipelineNotFound {
            account: self.place.account().to_owned(),
            name: name.to_owned(),
        })
    }

    /// A stage's place in the present version of a pipeline.
    ///
    /// # Errors
    /// `PipelineNotFoundException`, `StageNotFoundException`.
    pub fn stage(&self, pipeline: &str, stage: &str) -> Result<(LineId, &Plan, usize)> {
        let (line, _, plan) = self.pipeline(pipeline)?;
        let place = plan.place_of(stage);
        let missing = || Flow::StageNotFound { pipeline: pipeline.to_owned(), stage: stage.to_owned() };
        Ok((line, plan, place.ok_or_else(missing)?))
    }

    /// An execution of a pipeline by its id as a client writes it, with the version that it runs.
    ///
    /// # Errors
    /// `PipelineExecutionNotFoundException`.
    pub fn execution(&self, line: LineId, pipeline: &str, id: &str) -> Result<(u64, &Execution, &Plan)> {
        let found = id.parse().ok().and_then(|id| self.engine.execution(line, id));
        let found = found.and_then(|(number, e)| Some((number, e, self.engine.plan_of(line, e)?)));
        found.ok_or_else(|| Error::PipelineExecutionNotFound { name: pipeline.to_owned(), id: id.to_owned() })
    }

    /// The token of a partner's client.
    pub fn client_token(&self, provider: &str) -> &str {
        self.clients.get(provider).map_or(DEFAULT_CLIENT_TOKEN, |token| token)
    }
}

/// Members that hold secrets, wherever they stand: of webhooks, and of action configurations of the catalogue.
const SECRETS: [&str; 8] =
    ["SecretToken", "OAuthToken", "ClientSecret", "RefreshToken", "token", "url", "nonce", "session_secret"];

fn mask(value: &mut Value, is_secret: &dyn Fn(&str) -> bool) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if is_secret(name) => *text = "****".to_owned(),
                    other => mask(other, is_secret),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, is_secret)),
        _ => {}
    }
}

/// The names of secret properties of action types that somebody made.
fn own_secrets(store: &Value) -> BTreeSet<String> {
    let types = store.pointer("/engine/types").and_then(Value::as_array).into_iter().flatten();
    let definitions = types.filter_map(|pair| pair.get(1)?.get("definition"));
    let properties = definitions.flat_map(|definition| {
        let own = definition.pointer("/Custom/actionConfigurationProperties");
        own.or(definition.pointer("/Integration/properties")).and_then(Value::as_array).into_iter().flatten()
    });
    let is_true = |property: &Value, name: &str| property.get(name) == Some(&Value::Bool(true));
    let secret = properties.filter(|property| is_true(property, "secret") || is_true(property, "noEcho"));
    secret.filter_map(|property| Some(property.get("name")?.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_approval, with_custom_job, with_job};

    #[test]
    fn a_dump_comes_back_and_its_masked_form_holds_no_secret() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        bench.create(with_approval("q"));
        bench.action_type("Mine", |_| ());
        bench.create(with_custom_job("r"));
        let url = bench.webhook("w", "p");
        let job = bench.poll();
        let nonce = bench.nonce(&job);
        bench.change(|store, _| {
            store.clients.put("TeamCity".into(), "partners-token".into());
        });
        bench.look(|store| {
            let mut dump = serde_json::to_value(store).unwrap();
            let back: CodePipelineStore = serde_json::from_value(dump.clone()).unwrap();
            assert_eq!(&back, store);
            let clear = dump.to_string();
            CodePipelineStore::mask(&mut dump);
            let masked = dump.to_string();
            let token = url.split(['=', '&']).nth(1).unwrap();
            for secret in ["geheim", "pssst", "shh", "partners-token", token, &nonce] {
                assert!(clear.contains(secret) && !masked.contains(secret), "{secret}");
            }
        });
    }

    #[test]
    fn what_an_execution_waits_for_is_found_by_its_id() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let id = bench.executions("p")[0];
        let now = bench.world.clock.now();
        let waits = |subject: &str| bench.look(|store| store.standing(subject, now));
        let [fact] = &waits(&format!("execution:{id}"))[..] else { panic!("one thing is waited for") };
        assert!(fact.fact.starts_with("action 'Build/Work' waits for job "), "{}", fact.fact);
        assert_eq!(fact.verdict, Some(parhelion_core::Verdict::Waiting));
        assert!(waits("execution:nobody").is_empty() && waits(&format!("stage:{id}/Build")).is_empty());
    }

    #[test]
    fn a_restore_brings_jobs_and_addresses_back() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let url = bench.webhook("w", "p");
        let handle = Webhook::handle(url.split(['=', '&']).nth(1).unwrap());
        let before = bench.world.checkpoint();
        let job = bench.poll();
        bench.acknowledge(&job);
        bench.succeed(&job);
        bench
            .run::<crate::ops::DeletePipeline>(crate::shapes::DeletePipelineInput { name: "p".into() })
            .unwrap();
        bench
            .run::<crate::ops::DeleteWebhook>(crate::shapes::DeleteWebhookInput { name: "w".into() })
            .unwrap();
        bench.world.restore(&before, parhelion_state::Scope::World);
        assert!(bench.world.find(&handle).is_some());
        assert_eq!(bench.poll(), job, "the job waits again");
    }
}
