//! An event: what happened to a build, or in a repository, as subscriptions are told of it.

mod message;
mod resource;
mod words;

use super::catalog::{self, EventType};
use crate::{
    domain::run::life::{Part, Turn},
    store::{
        Approval, AzureDevOpsStore, Build, BuildStatus, Definition, JobRun, Life, Push, Repository, StageRun,
    },
};
use std::sync::Arc;
use uuid::Uuid;
use words::{build_status, part_result, part_state, run_result, run_state, stage_result};

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// A build is over.
    Built(&'a Build),
    /// A run, or a stage or job of it, moved.
    Moved(&'a Build, Part, Turn),
    /// An approval of a build is asked for, or over.
    Approval(&'a Build, &'a Approval, bool),
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
    let over = event.id == catalog::APPROVAL_COMPLETED;
    if over || event.id == catalog::APPROVAL_PENDING {
        let mut approvals = store.approvals.values().rev().filter(|a| here(a.project) && (!over || a.told));
        return approvals
            .find_map(|a| Some(Newest::Approval(store.builds.get(&a.run?)?.clone(), a.clone(), over)));
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
    /// Of an approval of a build, and whether it is over.
    Approval(Arc<Build>, Arc<Approval>, bool),
    /// Of a repository.
    Push(Arc<Push>, Arc<Repository>),
}

impl Newest {
    /// As an event of that type.
    pub fn as_event(&self, event: &EventType) -> Happening<'_> {
        match self {
            Newest::Build(build, _) if event.id == catalog::BUILD_COMPLETE => Happening::Built(build),
            Newest::Build(build, part) => Happening::Moved(build, *part, Turn::Ended),
            Newest::Approval(build, approval, over) => Happening::Approval(build, approval, *over),
            Newest::Push(push, repository) => Happening::Pushed(push, repository),
        }
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
            Happening::Approval(_, _, false) => catalog::APPROVAL_PENDING,
            Happening::Approval(_, _, true) => catalog::APPROVAL_COMPLETED,
            Happening::Pushed(..) => catalog::GIT_PUSH,
        })
    }
    /// The project it happened in.
    pub fn project(&self) -> Uuid {
        match self {
            Happening::Built(build) | Happening::Moved(build, ..) | Happening::Approval(build, ..) => {
                build.project
            }
            Happening::Pushed(_, repository) => repository.project,
        }
    }
    /// What it is, for the journal.
    pub fn subject(&self) -> String {
        match self {
            Happening::Built(build) | Happening::Moved(build, ..) | Happening::Approval(build, ..) => {
                format!("run:{}", build.id)
            }
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
            Happening::Approval(build, approval, _) => match filter {
                "pipelineId" => vec![build.definition.to_string()],
                "stageName" => {
                    let stage = build.stages.iter().find(|s| s.name == approval.stage);
                    stage.map(|s| vec![s.name.clone(), s.display.clone()]).unwrap_or_default()
                }
                "environmentName" if approval.resource.kind == "environment" => {
                    vec![approval.resource_name.clone(), approval.resource.id.clone()]
                }
                _ => Vec::new(),
            },
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
            (Happening::Moved(_, _, turn), (Some(stage), _)) => stage_result(stage, *turn),
            _ => None,
        }
    }
}
