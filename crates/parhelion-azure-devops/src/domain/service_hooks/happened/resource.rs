//! What is told of an event: its resource.

use super::{
    Happening,
    words::{build_status, lower, part_result, part_state, run_state, stage_result},
};
use crate::{
    domain::run::life::{Part, Turn},
    show::{self, Links, build::Shown, link, time, without_nulls},
    store::{AzureDevOpsStore, Build, Definition, JobRun, Project, StageRun},
};
use serde_json::{Value, json};
use std::sync::Arc;

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
            "result": stage_result(stage, turn).map(|r| lower(&r)),
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

impl Happening<'_> {
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
            Happening::Approval(build, approval, _) => {
                let of = Of::new(store, build)?;
                let stage = build.stages.iter().find(|s| s.name == approval.stage)?;
                let state = if approval.status.is_final() { Turn::Ended } else { Turn::Waiting };
                let shown = show::approval::approval(approval, of.project.id, links, true);
                let at =
                    links.to(format_args!("{}/_apis/pipelines/approvals/{}", of.project.id, approval.id));
                let of_stage =
                    of.stage(stage, if stage.life.finished.is_some() { Turn::Ended } else { state }, links);
                Some(json!({
                    "approval": shown,
                    "projectId": of.project.id,
                    "pipeline": of.pipeline(links),
                    "stage": of_stage,
                    "run": of.around(links),
                    "resource": {
                        "type": approval.resource.kind,
                        "id": approval.resource.id,
                        "name": approval.resource_name,
                    },
                    "id": build.id,
                    "url": at,
                    "stageName": approval.stage,
                    "attemptId": approval.attempt,
                }))
            }
            Happening::Pushed(push, repository) => Some(show::git::push(store, repository, push, links)),
        }
    }
}
