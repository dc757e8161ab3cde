//! Objects of the artifact store: what S3 sources find, what actions leave behind, what S3 deployments put.

use super::records::{Due, Failed, Key, Outcome, Run, RunId};
use super::tell::action_subject;
use super::work::time_limit;
use super::{Effect, Machine};
use crate::domain::artifacts;
use crate::domain::simulation::{self, SourceKind, configured};
use crate::shapes::{ActionCategory, ActionDeclaration, ActionOwner};
use parhelion_artifacts::{Content, ETag, archive};
use parhelion_core::{Cause, Event, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// An object that is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its bytes and their tag.
    pub content: Tagged,
    /// Its version; `None`: its bucket has no versions.
    pub version: Option<String>,
    /// When it was put.
    pub modified: Timestamp,
    /// What its metadata says of its revision.
    pub summary: Option<String>,
}

/// Bytes and their tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagged {
    /// The bytes.
    pub content: Content,
    /// Their tag.
    pub etag: ETag,
}

/// What is known of an object that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Sought {
    /// There is none of that key.
    Nothing,
    /// There is one, but not that version of it.
    OtherVersions,
    /// It is there.
    Found(Box<Object>),
}

/// An artifact that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Where it is to lie.
    pub bucket: String,
    /// The bucket's region.
    pub region: String,
    /// Its key.
    pub key: String,
    /// The bytes.
    pub content: Tagged,
}

/// What an S3 deployment is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// The run that waits for it.
    pub run: Key,
    /// Its id.
    pub run_id: RunId,
    /// The artifact's name.
    pub artifact: String,
    /// Its bucket and key.
    pub from: (String, String),
    /// The bucket that is deployed to.
    pub bucket: String,
    /// Its region, should it have to be made.
    pub region: String,
    /// The key; what comes before the files' names when the artifact is unpacked.
    pub key: String,
    /// Whether the artifact is unpacked.
    pub extract: bool,
    /// `Cache-Control` of what is put.
    pub cache_control: Option<String>,
}

impl Deployment {
    /// The key of a file; of the artifact itself when it is not unpacked.
    pub fn key_of(&self, name: &str) -> String {
        match self.key.trim_end_matches('/') {
            _ if !self.extract => self.key.clone(),
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        }
    }
}

/// What stands where a simulated action says that it has left an artifact.
// CHOICE: a zip of one file, the same for all.
static SIMULATED: LazyLock<Tagged> = LazyLock::new(|| {
    let text = "This artifact was made by a simulated action.\n";
    let content = Content::free(archive::of_one_file("parhelion.txt", text));
    Tagged { etag: ETag::whole(content.md5()), content }
});

/// Whether an action deploys to a bucket.
pub fn is_s3_deploy(action: &ActionDeclaration) -> bool {
    let id = &action.action_type_id;
    (id.owner, id.category, id.provider.as_str()) == (ActionOwner::Aws, ActionCategory::Deploy, "S3")
}

/// Whether an action has an object as its source.
pub fn is_s3_source(action: &ActionDeclaration) -> bool {
    let id = &action.action_type_id;
    (id.owner, id.category) == (ActionOwner::Aws, ActionCategory::Source)
        && simulation::source_kind(action) == SourceKind::S3
}

impl Machine<'_> {
    /// Work that nobody else does is done: it comes to something, and leaves something behind.
    pub(super) fn done_by_itself(&mut self, key: Key, run: &Run, action: &ActionDeclaration) {
        let found = match self.source_object(key, run, action) {
            Ok(found) => found,
            Err(failed) => return self.finish(key, Outcome { failed: Some(failed), ..Outcome::default() }),
        };
        let outcome = self.simulated(key, run, action, found.as_deref());
        if outcome.failed.is_none() {
            if is_s3_deploy(action) {
                return self.deploy(key, run, action);
            }
            let content = found.map_or_else(|| SIMULATED.clone(), |object| object.content);
            self.keep_outputs(key, run, &content);
        }
        self.finish(key, outcome);
    }

    /// The object that a source action finds; `None` when it was never put there, or is no object.
    fn source_object(
        &mut self,
        key: Key,
        run: &Run,
        action: &ActionDeclaration,
    ) -> Result<Option<Box<Object>>, Failed> {
        if !is_s3_source(action) {
            return Ok(None);
        }
        let action = run.resolved(action);
        let bucket = configured(&action, "S3Bucket");
        let execution = self.execution((key.0, run.execution));
        let wanted = execution.as_ref().and_then(|execution| execution.wanted.get(&action.name));
        let object = wanted.and_then(|wanted| wanted.object_key.as_deref());
        let object = object.unwrap_or(configured(&action, "S3ObjectKey"));
        let version = wanted.and_then(|wanted| wanted.revision.as_ref()).map(|revision| revision.id.as_str());
        let sought = self.draw.object(bucket, object, version);
        let (fact, found) = match (sought, version) {
            (Sought::Found(found), _) => {
                let fact = format!("found '{object}' in the bucket '{bucket}', ETag {}", found.content.etag);
                (fact, Some(found))
            }
            (Sought::OtherVersions, Some(version)) => {
                // CHOICE: the code.
                let why =
                    format!("The object '{object}' in the bucket '{bucket}' has no version '{version}'");
                return Err(Failed::new("ConfigurationError", why));
            }
            // CHOICE: so that a test needs no upload.
            (Sought::Nothing | Sought::OtherVersions, _) => {
                let fact =
                    format!("'{object}' was never put into the bucket '{bucket}': a synthetic revision");
                (fact, None)
            }
        };
        let subject = action_subject(run);
        let event = Event::new("source.looked", subject.clone()).fact(fact).verdict(Verdict::Ok);
        self.tell(event.because(Cause::Last(subject)));
        Ok(found)
    }

    /// Leaves the same bytes at the place of each output artifact.
    fn keep_outputs(&mut self, key: Key, run: &Run, content: &Tagged) {
        let Some(execution) = self.execution((key.0, run.execution)) else { return };
        let Some(plan) = self.engine.plan_of(key.0, &execution) else { return };
        let region = plan.action(run.stage, run.action).and_then(|action| action.region.as_deref());
        let region = region.unwrap_or(self.engine.place.region());
        let outputs = artifacts::outputs(self.engine, plan, run).into_iter();
        let made = outputs.filter(|out| !out.bucket.is_empty()).map(|out| Kept {
            bucket: out.bucket,
            region: region.to_owned(),
            key: out.key,
            content: content.clone(),
        });
        let made: Vec<Kept> = made.collect();
        if !made.is_empty() {
            self.effects.push(Effect::Keep(action_subject(run), made));
        }
    }

    /// Has the input artifact deployed. The run waits for the report.
    fn deploy(&mut self, key: Key, run: &Run, action: &ActionDeclaration) {
        let Some(execution) = self.execution((key.0, run.execution)) else { return };
        let Some(plan) = self.engine.plan_of(key.0, &execution) else { return };
        let input = artifacts::inputs(self.engine, key.0, &execution, plan, run).into_iter().next();
        let Some(input) = input else {
            let why = "The input artifact of the action was made by no action of this execution";
            return self.finish(key, Outcome::failure("JobFailed", why));
        };
        let limit = run.started + time_limit(self.engine, action);
        let action = run.resolved(action);
        let text = |name: &str| Some(configured(&action, name)).filter(|text| !text.is_empty());
        let deployment = Deployment {
            run: key,
            run_id: run.id,
            artifact: input.name,
            from: (input.bucket, input.key),
            bucket: configured(&action, "BucketName").to_owned(),
            region: action.region.as_deref().unwrap_or(self.engine.place.region()).to_owned(),
            key: configured(&action, "ObjectKey").to_owned(),
            extract: configured(&action, "Extract").eq_ignore_ascii_case("true"),
            cache_control: text("CacheControl").map(str::to_owned),
        };
        if deployment.bucket.is_empty() || (!deployment.extract && deployment.key.is_empty()) {
            // CHOICE: AWS's action fails too; the words are ours.
            let why = "The action names no BucketName, or no ObjectKey without Extract";
            return self.finish(key, Outcome::failure("ConfigurationError", why));
        }
        self.schedule(key, limit, Due::Expires(key));
        self.effects.push(Effect::Deploy(Box::new(deployment)));
    }

    /// A deployment is done.
    pub(super) fn deployed(&mut self, key: Key, id: RunId, done: Result<String, String>) {
        let Some((run, _, plan)) = self.under_way(key).filter(|(run, ..)| run.id == id) else { return };
        let Some(action) = plan.action(run.stage, run.action) else { return };
        let outcome = match done {
            Ok(said) => {
                let outcome = self.simulated(key, &run, action, None);
                Outcome { summary: outcome.summary.clone().or(Some(said)), ..outcome }
            }
            // CHOICE: the code; AWS's says as little.
            Err(why) => Outcome::failure("JobFailed", why),
        };
        self.finish(key, outcome);
    }
}
