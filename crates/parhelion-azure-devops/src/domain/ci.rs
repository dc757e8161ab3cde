//! Runs that a push starts: which pipelines build the repository, what the `trigger` of each says at the pushed commit,
//! and the sentence about each for the journal.

pub mod batch;
mod filter;

use crate::{
    domain::{
        push,
        run::{self, Ask, Expansion, Look, Outcome, expanded_in},
        source,
    },
    error::{Error, Result},
    store::{AzureDevOpsStore, Definition, Process, QueueStatus, Reason, RefChange},
    tenant::{Tenant, unavailable},
};
use filter::{Rules, by_paths, skipped_by};
use parhelion_azure_pipelines::{Document, trigger};
use parhelion_core::{Cause, Event, EventNo, Verdict, text};
use parhelion_git::{CommitInfo, ObjectId};
use parhelion_state::Tx;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// Refs of one push that can start runs.
// CHOICE: a push of thousands of branches is a migration, not work to be built.
const MAX_REFS: usize = 100;
/// Commits of a new branch whose changes are looked at; with more, any path filter passes.
const MAX_COMMITS: usize = 1_000;
/// Most of a pipeline's messages that a fact quotes, bytes.
const QUOTED_BYTES: usize = 400;

/// What a push means for all pipelines of its repository.
pub struct Plan {
    /// The pipelines, by their ids.
    pipelines: Vec<Arc<Definition>>,
    /// What it means for each of them, ref by ref.
    each: Vec<Considered>,
}

/// What a push means for one pipeline and ref.
struct Considered {
    definition: Arc<Definition>,
    full_ref: String,
    /// Why it runs or not.
    why: String,
    what: What,
    /// Whether its YAML has a `pr`, which never fires.
    has_pr: bool,
}

enum What {
    /// Nothing starts.
    Skipped,
    /// It should start, and its YAML is no pipeline.
    Invalid(Vec<String>),
    /// It starts.
    Runs(Box<Started>),
}

struct Started {
    look: Look,
    ask: Ask,
    expansion: Expansion,
}

/// The pipelines that build a repository, by their ids.
fn pipelines(store: &AzureDevOpsStore, repository: Uuid) -> Vec<Arc<Definition>> {
    let id = repository.to_string();
    let builds = |d: &&Arc<Definition>| d.repository.is_ours() && d.repository.id == id;
    store.definitions.values().filter(builds).cloned().collect()
}

/// A moved ref, and what is found out about it once for all pipelines.
struct Moved<'a> {
    tenant: &'a Tenant,
    repository: Uuid,
    change: &'a RefChange,
    commit: ObjectId,
    message: String,
    /// What new branches were made of: the branches before the push.
    known: &'a [ObjectId],
    changed: Option<Changed>,
}

/// The paths that a push changed.
enum Changed {
    Paths(Vec<String>),
    /// More than are looked at.
    Any,
}

/// Considers every pipeline of the repository for every ref, as things will be once these refs are moved. The new
/// objects must be in the store.
///
/// # Errors
/// Git hosting does not work.
pub async fn consider(tenant: &Tenant, repository: Uuid, changes: &[RefChange]) -> Result<Plan> {
    let (after, known, all) = tenant.read(|store, _| {
        let mut after = store.clone();
        push::set(&mut after, repository, changes);
        let before = store.repositories.get(&repository);
        let branches = before.into_iter().flat_map(|r| &r.refs);
        let known: Vec<ObjectId> =
            branches.filter(|(name, _)| name.starts_with("refs/heads/")).map(|(_, id)| *id).collect();
        (after, known, pipelines(store, repository))
    });
    let mut plan = Plan { pipelines: all, each: Vec::new() };
    // Without pipelines there is nothing to find out about.
    let refs = if plan.pipelines.is_empty() { 0 } else { MAX_REFS };
    for change in changes.iter().filter(|c| !c.new.is_zero()).take(refs) {
        let Some(tip) = tenant.git.peel(change.new).await.map_err(unavailable)? else { continue };
        let Some(info) = tenant.git.commit(tip).await.map_err(unavailable)? else { continue };
        let (message, known) = (info.message, known.as_slice());
        let mut moved = Moved { tenant, repository, change, commit: tip, message, known, changed: None };
        for definition in &plan.pipelines {
            plan.each.push(moved.consider(&after, definition).await?);
        }
    }
    Ok(plan)
}

impl Moved<'_> {
    async fn consider(
        &mut self,
        after: &AzureDevOpsStore,
        definition: &Arc<Definition>,
    ) -> Result<Considered> {
        let mut considered = Considered {
            definition: definition.clone(),
            full_ref: self.change.name.clone(),
            why: String::new(),
            what: What::Skipped,
            has_pr: false,
        };
        match definition.queue_status {
            QueueStatus::Enabled => {}
            QueueStatus::Paused => considered.why = "it is paused".to_owned(),
            QueueStatus::Disabled => considered.why = "it is disabled".to_owned(),
        }
        if let Process::Designer(_) = definition.process {
            considered.why = "it is of the classic designer, which is kept but not run here".to_owned();
        }
        if let Some(word) = skipped_by(&self.message) {
            considered.why = format!("the message of commit {} says {word}", self.commit);
        }
        let project = after.projects.get(&definition.project);
        let Some(project) = project.filter(|_| considered.why.is_empty()) else { return Ok(considered) };
        let mut ask = self.ask();
        let look = Look::at(after, project.clone(), definition, &ask);
        let document = match source::document(self.tenant, &look.place).await? {
            None => {
                considered.why = format!("{} is not at commit {}", look.place.file, self.commit);
                return Ok(considered);
            }
            Some(read) => read,
        };
        considered.has_pr = document.as_ref().is_ok_and(|d| d.root().get("pr").is_some());
        let own = Rules::of_definition(definition.settings.get("triggers"));
        let implied = project.pipeline_settings.get("disableImpliedYAMLCiTrigger") != Some(&true);
        let literal = |d: &Arc<Document>| trigger(d).map(|t| Rules::of_yaml(t, implied));
        let mut rules = own.or_else(|| document.as_ref().ok().and_then(literal));
        if let Some(rules) = &rules
            && !self.passes(rules, &mut considered).await?
        {
            return Ok(considered);
        }
        if rules.as_ref().is_some_and(Rules::is_batch) {
            ask.reason = Reason::BatchedCI;
        }
        let mut outcome = expanded_in(self.tenant, after, &look, &ask).await?;
        if let (None, Ok(expansion)) = (&rules, &outcome) {
            let found = Rules::of_yaml(expansion.expanded.pipeline.trigger.clone(), implied);
            if !self.passes(&found, &mut considered).await? {
                return Ok(considered);
            }
            if found.is_batch() {
                ask.reason = Reason::BatchedCI;
                outcome = expanded_in(self.tenant, after, &look, &ask).await?;
            }
            rules = Some(found);
        }
        considered.what = conclude(outcome, look, ask);
        if rules.is_none() {
            considered.why = "its trigger cannot be told".to_owned();
        }
        Ok(considered)
    }

    fn ask(&self) -> Ask {
        // CHOICE: no source was found for these names of triggerInfo's members.
        let info = [
            ("ci.sourceBranch", self.change.name.clone()),
            ("ci.sourceSha", self.commit.to_string()),
            ("ci.message", first_line(&self.message).to_owned()),
            ("ci.triggerRepository", self.repository.to_string()),
        ];
        let info: BTreeMap<_, _> = info.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        // The tip of a branch needs no second word; a tag may be an object of its own.
        let version = (self.commit != self.change.new).then_some(self.commit);
        Ask {
            reason: Reason::IndividualCI,
            branch: Some(self.change.name.clone()),
            version,
            trigger_info: info,
            ..Ask::default()
        }
    }

    /// Holds the push against rules, and notes how it came out.
    async fn passes(&mut self, rules: &Rules, considered: &mut Considered) -> Result<bool> {
        let mut verdict = rules.by_name(&self.change.name);
        if verdict.passes
            && let Some(paths) = rules.paths(&self.change.name)
        {
            let branch = std::mem::take(&mut verdict.why);
            let judged = match self.changed().await? {
                Changed::Paths(changed) => by_paths(paths, changed),
                Changed::Any => filter::Verdict {
                    passes: true,
                    why: format!("path filter passes with more than {MAX_COMMITS} new commits"),
                },
            };
            verdict = filter::Verdict { why: format!("{branch}; {}", judged.why), ..judged };
        }
        considered.why = verdict.why;
        Ok(verdict.passes)
    }

    /// The paths that differ from where the branch stood. Of a new branch: those that its commits changed which no
    /// branch had.
    async fn changed(&mut self) -> Result<&Changed> {
        let changed = match (self.changed.take(), self.change.old.some()) {
            (Some(known), _) => known,
            (None, Some(old)) => {
                let found = self.tenant.git.diff(Some(old), self.commit, false).await.map_err(unavailable)?;
                Changed::Paths(found.into_iter().map(|d| d.path).collect())
            }
            (None, None) => {
                let found = self.tenant.git.commits(&[self.commit], self.known, MAX_COMMITS + 1).await;
                let found = found.map_err(unavailable)?;
                let paths = |c: CommitInfo| c.added.into_iter().chain(c.removed).chain(c.modified);
                match found.len() > MAX_COMMITS {
                    true => Changed::Any,
                    false => Changed::Paths(found.into_iter().flat_map(paths).collect()),
                }
            }
        };
        Ok(self.changed.insert(changed))
    }
}

fn conclude(outcome: Outcome, look: Look, ask: Ask) -> What {
    match outcome {
        Ok(expansion) => What::Runs(Box::new(Started { look, ask, expansion })),
        Err(messages) => What::Invalid(messages),
    }
}

fn first_line(message: &str) -> &str {
    text::prefix(message.lines().next().unwrap_or_default(), QUOTED_BYTES)
}

/// Starts the runs, in the write that has moved the refs, and tells of every pipeline why it runs or not.
///
/// # Errors
/// [`Error::Contended`] when a pipeline, or a file that it includes, is no longer what was considered.
pub fn start(
    store: &mut AzureDevOpsStore,
    repository: Uuid,
    changes: &[RefChange],
    plan: &Plan,
    received: EventNo,
    tx: &mut Tx<'_>,
) -> Result<()> {
    let now = pipelines(store, repository);
    let same = |(then, now): (&Arc<Definition>, &Arc<Definition>)| {
        (then.id, then.revision, then.queue_status) == (now.id, now.revision, now.queue_status)
    };
    let kept = now.len() == plan.pipelines.len() && plan.pipelines.iter().zip(&now).all(same);
    if !kept || !plan.each.iter().all(|c| c.stands(store)) {
        return Err(Error::Contended);
    }
    for change in changes.iter().filter(|c| c.new.is_zero() && !now.is_empty()) {
        for definition in &now {
            store.batches.remove(&(definition.id, change.name.clone()));
        }
        let fact = format!("{} was deleted, which starts nothing", filter::shown(&change.name));
        let event = Event::new("trigger.evaluated", format!("repository:{repository}")).fact(fact);
        tx.emit(event.verdict(Verdict::Skipped).because(received));
    }
    let made = changes.iter().filter(|c| !c.new.is_zero()).count();
    if made > MAX_REFS && !now.is_empty() {
        let fact = format!("the push moved {made} refs: only its first {MAX_REFS} can start runs");
        let event = Event::new("trigger.evaluated", format!("repository:{repository}")).fact(fact);
        tx.emit(event.verdict(Verdict::Skipped).because(received));
    }
    for one in &plan.each {
        let held = match &one.what {
            What::Runs(started) => batch::hold(store, started),
            _ => None,
        };
        let told = tx.emit(one.told(held).because(received));
        if let What::Runs(started) = &one.what
            && held.is_none()
        {
            let Started { look, ask, expansion } = &**started;
            run::start(store, look, ask, expansion, Cause::Event(told), tx);
        }
    }
    Ok(())
}

impl Considered {
    /// Whether what would be run is what was expanded.
    fn stands(&self, store: &AzureDevOpsStore) -> bool {
        let What::Runs(started) = &self.what else { return true };
        let Started { look, ask, expansion } = &**started;
        let now =
            store.projects.get(&self.definition.project).zip(store.definitions.get(&self.definition.id));
        now.is_some_and(|(project, definition)| {
            Look::at(store, project.clone(), definition, ask).is_still(look) && expansion.is_still(store)
        })
    }

    /// What came of it; `held`: the run that it waits for.
    fn told(&self, held: Option<u32>) -> Event {
        let (name, branch) = (&self.definition.name, filter::shown(&self.full_ref));
        let (verdict, mut fact) = match &self.what {
            What::Runs(_) if held.is_some() => (
                Verdict::Waiting,
                format!(
                    "pipeline {name} will run on {branch} when run {} is over, with what comes meanwhile",
                    held.unwrap_or_default()
                ),
            ),
            What::Runs(_) => (Verdict::Ok, format!("pipeline {name} runs on {branch}")),
            What::Skipped => (Verdict::Skipped, format!("pipeline {name} does not run on {branch}")),
            What::Invalid(messages) => {
                let first = text::prefix(messages.first().map_or("", String::as_str), QUOTED_BYTES);
                let fact =
                    format!("pipeline {name} cannot run on {branch}: its YAML there is not valid: {first}");
                (Verdict::Failed, fact)
            }
        };
        if !self.why.is_empty() {
            fact.push_str(&format!(": {}", self.why));
        }
        if self.has_pr {
            fact.push_str(". Its pr never fires: there are no pull requests here");
        }
        let event = Event::new("trigger.evaluated", format!("pipeline:{}", self.definition.id))
            .fact(fact)
            .verdict(verdict)
            .with("pipeline_id", self.definition.id)
            .with("pipeline", name.clone())
            .with("ref", self.full_ref.clone());
        match &self.what {
            What::Invalid(messages) => event.with("messages", messages.clone()),
            _ => event,
        }
    }
}
