//! What the tenant and the artifact store tell each other.

use super::CodePipelineStore;
use crate::domain::engine::objects::{Deployment, Kept, Object, Sought, Tagged, is_s3_source};
use crate::domain::engine::records::{ExecutionId, Key, LineId, Plan, RunId};
use crate::domain::engine::{Input, Start};
use crate::domain::place::Place;
use crate::domain::simulation::configured;
use crate::domain::starts;
use crate::s3::orders::{ForPlace, Order};
use crate::s3::partition::Partition;
use crate::s3::store::ArtifactStore;
use crate::shapes::{ActionDeclaration, TriggerType};
use chrono::TimeDelta;
use parhelion_artifacts::{NULL, Put};
use parhelion_core::{Cause, Event, Timestamp, Verdict};
use parhelion_state::Tx;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Starts of a pipeline by what pipelines themselves put, before they are taken for a circle.
// CHOICE: on AWS a pipeline that deploys its own source runs for ever; here it would run without a pause.
const CIRCLES_MAX: u32 = 10;
/// After such a pause the count begins anew.
const CIRCLE_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// What the artifact store sends to a tenant.
pub enum Mail {
    /// An object that may be a source was put; by a pipeline, or by a client.
    Put {
        /// What was put.
        put: Put,
        /// Whether a pipeline did it.
        by_pipeline: bool,
    },
    /// A deployment is done: what is to be said of it, or why it failed.
    Deployed {
        /// The run that waits for it.
        run: Key,
        /// Its id.
        id: RunId,
        /// How it came out.
        done: Result<String, String>,
    },
}

/// How often pipelines started a pipeline by putting its source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    since: Option<Timestamp>,
    starts: u32,
}

/// What an S3 source polls: bucket and key.
fn polled(action: &ActionDeclaration) -> Option<(&str, &str)> {
    // Docs: S3 source action: it polls unless that is turned off.
    let polls = !configured(action, "PollForSourceChanges").eq_ignore_ascii_case("false");
    (polls && is_s3_source(action))
        .then(|| (configured(action, "S3Bucket"), configured(action, "S3ObjectKey")))
}

/// The artifact buckets that a pipeline names, with their regions.
fn buckets(plan: &Plan, place: &Place) -> Vec<(String, String)> {
    let one = plan
        .declaration
        .artifact_store
        .iter()
        .map(|store| (store.location.clone(), place.region().to_owned()));
    let stores = plan.declaration.artifact_stores.iter().flatten();
    one.chain(stores.map(|(region, store)| (store.location.clone(), region.to_owned()))).collect()
}

/// Mails with artifacts that one step sends for single actions; further ones go together.
const MAILS_MAX: usize = 64;

/// The artifacts that one step has made.
#[derive(Default)]
pub(super) struct Keeping {
    mails: usize,
    waiting: Vec<Kept>,
}

impl Keeping {
    /// Artifacts were made by the action of this subject.
    pub fn add(&mut self, place: &Place, subject: String, made: Vec<Kept>, tx: &mut Tx<'_>) {
        if self.mails >= MAILS_MAX {
            self.waiting.extend(made);
            return;
        }
        self.mails += 1;
        let order = Order::Keep(place.clone(), made);
        tx.send::<ArtifactStore>(&Partition::of(place), order, Cause::Last(subject));
    }
    /// Sends what has not been sent yet.
    pub fn send(&mut self, place: &Place, tx: &mut Tx<'_>) {
        if !self.waiting.is_empty() {
            let order = Order::Keep(place.clone(), std::mem::take(&mut self.waiting));
            tx.send::<ArtifactStore>(&Partition::of(place), order, Cause::Call);
        }
    }
}

impl CodePipelineStore {
    /// Notes what a pipeline watches and which buckets it names, before it is created, updated or deleted.
    pub(super) fn note_objects(&mut self, input: &Input, tx: &mut Tx<'_>) {
        let (name, plan) = match input {
            Input::Create(plan) => (plan.declaration.name.clone(), Some(plan)),
            Input::Update(_, plan) => (plan.declaration.name.clone(), Some(plan)),
            Input::Delete(line) => match self.engine.lines.get(line) {
                Some(line) => (line.name.clone(), None),
                None => return,
            },
            _ => return,
        };
        let before = self.engine.line(&name).and_then(|(line, _)| self.engine.plan(line));
        let watched = |plan: &Plan| -> BTreeSet<String> {
            plan.sources().filter_map(polled).map(|(bucket, _)| bucket.to_owned()).collect()
        };
        for bucket in before.map(watched).unwrap_or_default() {
            self.sources.remove(&(bucket, name.clone()));
        }
        let Some(plan) = plan else { return };
        for bucket in watched(plan) {
            self.sources.put((bucket, name.clone()), Watched::default());
        }
        let order = Order::Ensure(self.place.clone(), buckets(plan, &self.place));
        tx.send::<ArtifactStore>(&Partition::of(&self.place), order, Cause::Call);
    }

    /// The pipelines that poll this object, each with the action that does.
    pub fn watchers(&self, bucket: &str, key: &str) -> impl Iterator<Item = (LineId, String)> {
        let of_bucket = self.sources.range((bucket.to_owned(), String::new())..);
        let names = of_bucket.map(|(at, _)| at).take_while(move |(of, _)| of == bucket).map(|(_, name)| name);
        names.filter_map(move |name| {
            let (line, _) = self.engine.line(name)?;
            let plan = self.engine.plan(line)?;
            let action = plan.sources().find(|action| polled(action) == Some((bucket, key)))?;
            Some((line, action.name.clone()))
        })
    }

    /// An artifact is to be deployed to a bucket.
    pub(super) fn deploy(&self, what: Deployment, tx: &mut Tx<'_>) {
        let subject = format!("action:{}", what.run_id);
        let order = Order::Deploy(Box::new(ForPlace { place: self.place.clone(), what }));
        tx.send::<ArtifactStore>(&Partition::of(&self.place), order, Cause::Last(subject));
    }

    /// Takes in what the artifact store sent.
    pub(super) fn take_mail(&mut self, mail: Mail, tx: &mut Tx<'_>) {
        match mail {
            Mail::Put { put, by_pipeline } => self.source_put(&put, by_pipeline, tx),
            Mail::Deployed { run, id, done } => self.step(Input::Deployed(run, id, done), tx),
        }
    }

    fn source_put(&mut self, put: &Put, by_pipeline: bool, tx: &mut Tx<'_>) {
        let watchers: Vec<_> = self.watchers(&put.bucket, &put.key).collect();
        for (line, action) in watchers {
            let Some(name) = self.engine.lines.get(&line).map(|record| record.name.clone()) else { continue };
            let refusal = if !self.engine.has_room(line) {
                Some(starts::NO_ROOM)
            } else if by_pipeline && self.turns_in_circles(&put.bucket, &name, tx.now()) {
                Some(
                    "pipelines have put this object so often that they turn in circles; it starts nothing for a minute",
                )
            } else {
                None
            };
            let event = Event::new("source.changed", format!("pipeline:{name}"));
            if let Some(why) = refusal {
                tx.emit(
                    event.fact(format!("the action '{action}' polls {put}: {why}")).verdict(Verdict::Skipped),
                );
                continue;
            }
            let fact = format!("the action '{action}' polls {put}: an execution starts");
            let event = tx.emit(event.fact(fact).verdict(Verdict::Ok));
            let Some(variables) = self.engine.plan(line).map(starts::defaults) else { continue };
            let start = Start {
                line,
                id: ExecutionId(tx.uuid("execution")),
                trigger: TriggerType::PollForSourceChanges,
                // CHOICE: AWS does not say what it is here.
                trigger_detail: action,
                variables,
                wanted: BTreeMap::new(),
                awaited_by: None,
                cause: event.into(),
            };
            self.step(Input::Start(Box::new(start)), tx);
        }
    }

    fn turns_in_circles(&mut self, bucket: &str, pipeline: &str, now: Timestamp) -> bool {
        let counted = self.sources.edit(&(bucket.to_owned(), pipeline.to_owned()), |watched| {
            if watched.since.is_none_or(|since| now >= since + CIRCLE_PAUSE) {
                *watched = Watched { since: Some(now), starts: 0 };
            }
            watched.starts = watched.starts.saturating_add(1);
            watched.starts > CIRCLES_MAX
        });
        counted.unwrap_or(false)
    }
}

/// What the artifact store has of an object.
pub(super) fn sought(tx: &Tx<'_>, bucket: &str, key: &str, version: Option<&str>) -> Sought {
    let Ok(place) = tx.owner().tenant.parse::<Place>() else { return Sought::Nothing };
    let store = tx.peek::<ArtifactStore>(&Partition::of(&place));
    let buckets = &store.store.buckets;
    let Ok((stored, body)) = buckets.find(bucket, key, version) else {
        let others = version.is_some() && buckets.find(bucket, key, None).is_ok();
        return if others { Sought::OtherVersions } else { Sought::Nothing };
    };
    let version = Some(stored.version()).filter(|version| *version != NULL).map(str::to_owned);
    // Docs: ArtifactRevision: what this key of the object's metadata holds.
    let said = body.extra.iter().flat_map(|extra| &extra.metadata);
    let mut summary =
        said.filter(|(name, _)| name == "codepipeline-artifact-revision-summary").map(|(_, text)| text);
    Sought::Found(Box::new(Object {
        content: Tagged { content: body.content.clone(), etag: body.etag },
        version,
        modified: stored.modified,
        summary: summary.next_back().map(|text| text.chars().take(2048).collect()),
    }))
}
