//! An event: what happened to a build, or in a repository, as subscriptions are told of it.

use super::{
    catalog::{self, EventType},
    envelope::{Message, said},
};
use crate::{
    domain::run::life::{Part, Turn},
    show::{self, Links, build::Shown, link, time, without_nulls},
    store::{
        AzureDevOpsStore, Build, BuildResult, BuildStatus, Definition, JobRun, Life, Project, Push,
        RecordResult, Repository, StageRun,
    },
};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// A build is over.
    Built(&'a Build),
    /// A run, or a stage or job of it, moved.
    Moved(&'a Build, Part, Turn),
    /// A push.
    Pushed(&'a Push, &'a Repository),
}

/// The newest event of a type that can still be told of, in one project or in any.
pub fn newest(store: &AzureDevOpsStore, event: &EventType, project: Option<Uuid>) -> Option<Newest> {
    let here = |of: Uuid| project.is_none_or(|p| p == of);
    if event.id == catalog::GIT_PUSH {
        let mut pushes =
            store.pushes.values().rev().filter_map(|p| Some((p, store.repositories.get(&p.repository)?)));
        return pushes.find(|(_, r)| here(r.project)).map(|(p, r)| Newest::Push(p.clone(), r.clone()));
    }
    let mut builds =
        store.builds.values().rev().filter(|b| b.status == BuildStatus::Completed && here(b.project));
    builds.find_map(|build| {
        let over = |life: &Life| life.result.is_some();
        let part = match event.id {
            catalog::STAGE_STATE => Part::Stage(build.stages.iter().rposition(|s| over(&s.life))?),
            catalog::JOB_STATE => {
                let of = |(s, stage): (usize, &StageRun)| {
                    Some((s, stage.jobs.iter().rposition(|j| over(&j.life))?))
                };
                let (s, j) = build.stages.iter().enumerate().rev().find_map(of)?;
                Part::Job(s, j)
            }
            _ => Part::Run,
        };
        Some(Newest::Build(build.clone(), part))
    })
}

/// An event out of the past.
pub enum Newest {
    /// Of a build, or of a part of it.
    Build(Arc<Build>, Part),
    /// Of a repository.
    Push(Arc<Push>, Arc<Repository>),
}

impl Newest {
    /// As an event of that type.
    pub fn as_event(&self, event: &EventType) -> Happening<'_> {
        match self {
            Newest::Build(build, _) if event.id == catalog::BUILD_COMPLETE => Happening::Built(build),
            Newest::Build(build, part) => Happening::Moved(build, *part, Turn::Ended),
            Newest::Push(push, repository) => Happening::Pushed(push, repository),
        }
    }
}

/// A build with what it belongs to.
struct Of<'a> {
    build: &'a Build,
    project: Arc<Project>,
    definition: Arc<Definition>,
}

impl<'a> Of<'a> {
    fn new(store: &AzureDevOpsStore, build: &'a Build) -> Option<Self> {
        let project = store.projects.get(&build.project)?.clone();
        Some(Of { build, project, definition: store.definitions.get(&build.definition)?.clone() })
    }
    fn web(&self, links: &Links) -> String {
        links.to(format_args!("{}/_build/results?buildId={}", self.project.id, self.build.id))
    }
    fn pipeline_web(&self, links: &Links) -> String {
        links.to(format_args!("{}/_build/definition?definitionId={}", self.project.id, self.definition.id))
    }
    fn pipeline(&self, links: &Links) -> Value {
        show::definition::pipeline_reference(&self.definition, &self.project, links)
    }
    fn links(&self, links: &Links) -> Value {
        json!({ "web": link(self.web(links)), "pipeline.web": link(self.pipeline_web(links)) })
    }
    /// The run as it stood then: a build may be further by the time it is told of.
    fn run(&self, turn: Turn, links: &Links) -> Value {
        let build = self.build;
        let url = links
            .to(format_args!("{}/_apis/pipelines/{}/runs/{}", self.project.id, self.definition.id, build.id));
        let over = turn == Turn::Ended;
        without_nulls(json!({
            "_links": {
                "self": link(url.clone()),
                "web": link(self.web(links)),
                "pipeline.web": link(self.pipeline_web(links)),
            },
            "pipeline": self.pipeline(links),
            "state": lower(&run_state(turn)),
            "result": over.then(|| build.run_result()).flatten(),
            "createdDate": time(build.queued),
            "finishedDate": build.finished.filter(|_| over).map(time),
            "url": url,
            "id": build.id,
            "name": build.number,
        }))
    }
    fn repositories(&self, store: &AzureDevOpsStore, links: &Links) -> Value {
        let source = store.source_of(&self.definition);
        let change =
            (!self.build.commit.is_zero()).then(|| json!({ "version": self.build.commit.to_string() }));
        json!([without_nulls(json!({
            "type": if source.is_some() { "Git" } else { self.definition.repository.kind.as_str() },
            "alias": "self",
            "id": self.definition.repository.id,
            "change": change,
            "url": source.map(|r| show::git::remote(store, r, links)),
        }))])
    }
    /// The run of which a stage or job is told: by then it is under way.
    fn around(&self, links: &Links) -> Value {
        self.run(Turn::Began, links)
    }
    fn stage(&self, stage: &StageRun, turn: Turn, links: &Links) -> Value {
        without_nulls(json!({
            "_links": self.links(links),
            "id": stage.name,
            "name": stage.name,
            "displayName": stage.display,
            "attempt": stage.earlier.len() + 1,
            "state": lower(&part_state(turn)),
            "result": part_result(&stage.life, turn).map(|r| lower(&r)),
            "startTime": stage.life.started.map(time),
            "finishTime": stage.life.finished.filter(|_| turn == Turn::Ended).map(time),
        }))
    }
    fn job(&self, job: &JobRun, turn: Turn, links: &Links) -> Value {
        without_nulls(json!({
            "_links": self.links(links),
            "id": job.record,
            "name": job.display,
            "attempt": job.earlier.len() + 1,
            "state": lower(&part_state(turn)),
            "result": part_result(&job.life, turn).map(|r| lower(&r)),
            "startTime": job.life.started.map(time),
            "finishTime": job.life.finished.filter(|_| turn == Turn::Ended).map(time),
        }))
    }
    /// As the first version of the event had it, from before there was YAML.
    fn old(&self, store: &AzureDevOpsStore, links: &Links) -> Value {
        let (build, path) = (self.build, format!("{}/_apis/build", self.project.id));
        let by = show::identity(&build.requested_by, links);
        let queue = show::definition::queue(&self.project, build.queue, links);
        without_nulls(json!({
            "uri": format!("vstfs:///Build/Build/{}", build.id),
            "id": build.id,
            "buildNumber": build.number,
            "url": links.to(format_args!("{path}/Builds/{}", build.id)),
            "startTime": build.started.map(time),
            "finishTime": build.finished.map(time),
            "reason": build.reason,
            "status": lower(&build_status(build)),
            "log": { "type": "container", "url": links.to(format_args!("{path}/Builds/{}/logs", build.id)) },
            "sourceGetVersion": format!("LG:{}:{}", build.branch, build.commit),
            "lastChangedBy": show::identity(&store.service_identity(), links),
            "retainIndefinitely": build.keep_forever,
            "hasDiagnostics": false,
            "definition": {
                "batchSize": 1,
                "triggerType": "none",
                "definitionType": "build",
                "id": self.definition.id,
                "name": self.definition.name,
                "url": links.to(format_args!("{path}/Definitions/{}", self.definition.id)),
            },
            "queue": { "queueType": "agentPool", "id": queue["id"], "name": queue["name"], "url": queue["url"] },
            "requests": [{
                "id": build.id,
                "url": links.to(format_args!("{path}/Requests/{}", build.id)),
                "requestedFor": by,
            }],
        }))
    }
}

/// A word with a small first letter, as resources write what filters write with a capital one.
fn lower(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|c| c.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn run_state(turn: Turn) -> String {
    match turn {
        Turn::Began => "InProgress",
        Turn::Cancelling => "Canceling",
        Turn::Ended => "Completed",
    }
    .to_owned()
}
fn part_state(turn: Turn) -> String {
    if turn == Turn::Ended { "Completed" } else { "Running" }.to_owned()
}
fn part_result(life: &Life, turn: Turn) -> Option<String> {
    let result = life.result.filter(|_| turn == Turn::Ended)?;
    // CHOICE: the events know neither issues nor an abandoned one.
    let word = match result {
        RecordResult::Succeeded | RecordResult::SucceededWithIssues => "Succeeded",
        RecordResult::Failed | RecordResult::Abandoned => "Failed",
        RecordResult::Skipped => "Skipped",
        RecordResult::Canceled => "Canceled",
    };
    Some(word.to_owned())
}
fn run_result(build: &Build, turn: Turn) -> Option<String> {
    let result = build.run_result().filter(|_| turn == Turn::Ended)?;
    let word = match result {
        BuildResult::Succeeded | BuildResult::PartiallySucceeded => "Succeeded",
        BuildResult::Failed => "Failed",
        BuildResult::Canceled => "Canceled",
    };
    Some(word.to_owned())
}
fn build_status(build: &Build) -> String {
    match build.result {
        Some(BuildResult::Succeeded) => "Succeeded",
        Some(BuildResult::PartiallySucceeded) => "PartiallySucceeded",
        Some(BuildResult::Failed) => "Failed",
        // Docs: the filter's word for a canceled build.
        Some(BuildResult::Canceled) | None => "Stopped",
    }
    .to_owned()
}

/// How a message ends: a result, or a state that has none.
fn ending(result: Option<String>, state: &str) -> String {
    let word = result.unwrap_or_else(|| state.to_owned());
    match word.as_str() {
        "PartiallySucceeded" => "partially succeeded".to_owned(),
        "InProgress" => "in progress".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

impl Happening<'_> {
    /// Its type; `None`: nobody can be told of it.
    pub fn event(&self) -> Option<&'static EventType> {
        catalog::event(match self {
            Happening::Built(_) => catalog::BUILD_COMPLETE,
            Happening::Moved(_, Part::Run, _) => catalog::RUN_STATE,
            Happening::Moved(_, Part::Stage(_), _) => catalog::STAGE_STATE,
            Happening::Moved(_, Part::Job(..), _) => catalog::JOB_STATE,
            Happening::Moved(_, Part::Step(..), _) => return None,
            Happening::Pushed(..) => catalog::GIT_PUSH,
        })
    }
    /// The project it happened in.
    pub fn project(&self) -> Uuid {
        match self {
            Happening::Built(build) | Happening::Moved(build, ..) => build.project,
            Happening::Pushed(_, repository) => repository.project,
        }
    }
    /// What it is, for the journal.
    pub fn subject(&self) -> String {
        match self {
            Happening::Built(build) | Happening::Moved(build, ..) => format!("run:{}", build.id),
            Happening::Pushed(_, repository) => format!("repository:{}", repository.id),
        }
    }
    /// What a filter may name for it to be left in; none: this event has nothing of the kind.
    pub fn values(&self, filter: &str, store: &AzureDevOpsStore) -> Vec<String> {
        if filter == "projectId" {
            return vec![self.project().to_string()];
        }
        match self {
            Happening::Built(build) | Happening::Moved(build, ..) => {
                let (stage, job) = self.parts();
                match filter {
                    "pipelineId" => vec![build.definition.to_string()],
                    "definitionName" => {
                        let definition = store.definitions.get(&build.definition);
                        let names = |d: &Arc<Definition>| {
                            vec![d.name.clone(), format!("{}\\{}", d.path.trim_end_matches('\\'), d.name)]
                        };
                        definition.map(names).unwrap_or_default()
                    }
                    "buildStatus" => vec![build_status(build)],
                    "stageNameId" => {
                        stage.map(|s| vec![s.name.clone(), s.display.clone()]).unwrap_or_default()
                    }
                    "jobNameId" => job.map(|j| vec![j.name.clone(), j.display.clone()]).unwrap_or_default(),
                    "runStateId" | "stageStateId" | "jobStateId" => vec![self.state()],
                    _ => self.result().into_iter().collect(),
                }
            }
            Happening::Pushed(push, repository) => match filter {
                "repository" => vec![repository.id.to_string(), repository.name.clone()],
                "branch" => {
                    let name = |full: &str| {
                        let short = full.strip_prefix("refs/heads/").unwrap_or(full);
                        [full.to_owned(), short.to_owned()]
                    };
                    push.refs.iter().flat_map(|r| name(&r.name)).collect()
                }
                "pushedBy" => vec![push.by.id.to_string(), push.by.name.clone(), push.by.unique_name.clone()],
                _ => Vec::new(),
            },
        }
    }
    fn parts(&self) -> (Option<&StageRun>, Option<&JobRun>) {
        match self {
            Happening::Moved(build, Part::Stage(s), _) => (build.stages.get(*s), None),
            Happening::Moved(build, Part::Job(s, j), _) => {
                let stage = build.stages.get(*s);
                (stage, stage.and_then(|stage| stage.jobs.get(*j)))
            }
            _ => (None, None),
        }
    }
    fn state(&self) -> String {
        match self {
            Happening::Moved(_, Part::Run, turn) => run_state(*turn),
            Happening::Moved(_, _, turn) => part_state(*turn),
            _ => "Completed".to_owned(),
        }
    }
    fn result(&self) -> Option<String> {
        match (self, self.parts()) {
            (Happening::Built(build), _) => Some(build_status(build)),
            (Happening::Moved(build, Part::Run, turn), _) => run_result(build, *turn),
            (Happening::Moved(_, _, turn), (_, Some(job))) => part_result(&job.life, *turn),
            (Happening::Moved(_, _, turn), (Some(stage), _)) => part_result(&stage.life, *turn),
            _ => None,
        }
    }

    /// What is told of it, in that form; `None` when what it belongs to is gone.
    pub fn resource(&self, store: &AzureDevOpsStore, version: &str, links: &Links) -> Option<Value> {
        match self {
            Happening::Built(build) => {
                let of = Of::new(store, build)?;
                if version.starts_with('1') {
                    return Some(of.old(store, links));
                }
                let (project, definition) = (&of.project, &of.definition);
                Some(Shown { store, project, definition, build, links }.as_build())
            }
            Happening::Moved(build, part, turn) => {
                let of = Of::new(store, build)?;
                let (stage, job) = self.parts();
                let mut members = Vec::new();
                match (part, stage, job) {
                    (Part::Run, ..) => {
                        return Some(json!({
                            "run": of.run(*turn, links),
                            "pipeline": of.pipeline(links),
                            "projectId": of.project.id,
                        }));
                    }
                    (Part::Stage(_), Some(stage), _) => {
                        members.push(("stage", of.stage(stage, *turn, links)))
                    }
                    (Part::Job(..), Some(stage), Some(job)) => {
                        members.push(("job", of.job(job, *turn, links)));
                        members.push(("stage", of.stage(stage, Turn::Began, links)));
                    }
                    _ => return None,
                }
                members.push(("run", of.around(links)));
                members.push(("pipeline", of.pipeline(links)));
                members.push(("repositories", of.repositories(store, links)));
                members.push(("projectId", json!(of.project.id)));
                Some(show::with(Value::Null, members))
            }
            Happening::Pushed(push, repository) => Some(show::git::push(store, repository, push, links)),
        }
    }

    /// What it says, in short and in long.
    pub fn messages(&self, store: &AzureDevOpsStore, links: &Links) -> (Message, Message) {
        match self {
            Happening::Built(build) => {
                let web = links.to(format_args!("{}/_build/results?buildId={}", build.project, build.id));
                let one = said("Build ", (&build.number, &web), &format!(" {}", ending(self.result(), "")));
                (one.clone(), one)
            }
            Happening::Moved(build, _, _) => {
                let web = links.to(format_args!("{}/_build/results?buildId={}", build.project, build.id));
                let end = format!(" {}.", ending(self.result(), &self.state()));
                let run = format!("Run {}", build.number);
                let one = match self.parts() {
                    (Some(stage), Some(job)) => {
                        said(&format!("{run} stage {} job ", stage.name), (&job.display, &web), &end)
                    }
                    (Some(stage), None) => said(&format!("{run} stage "), (&stage.name, &web), &end),
                    _ => said("", (&run, &web), &end),
                };
                (one.clone(), one)
            }
            Happening::Pushed(push, repository) => pushed(store, push, repository, links),
        }
    }
}

/// Commits that a message lists.
const LISTED: usize = 10;

fn pushed(
    store: &AzureDevOpsStore,
    push: &Push,
    repository: &Repository,
    links: &Links,
) -> (Message, Message) {
    let web = show::git::remote(store, repository, links);
    let branch = |full: &str| full.strip_prefix("refs/heads/").unwrap_or(full).to_owned();
    let place = match push.refs.as_slice() {
        [one] => format!("branch {}", branch(&one.name)),
        all => format!("{} branches", all.len()),
    };
    let who = &push.by.name;
    let short =
        said(&format!("{who} pushed updates to {place} of repository "), (&repository.name, &web), ".");
    let commits = match push.commits.len() {
        1 => "1 commit".to_owned(),
        n => format!("{n} commits"),
    };
    let list: String = push
        .commits
        .iter()
        .take(LISTED)
        .map(|c| {
            let id = c.id.to_string();
            format!("\n - {} {}", c.comment.lines().next().unwrap_or_default(), id.get(..8).unwrap_or(&id))
        })
        .collect();
    let end = format!(".{list}");
    let long =
        said(&format!("{who} pushed {commits} to {place} of repository "), (&repository.name, &web), &end);
    (short, long)
}
