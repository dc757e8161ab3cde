//! Listing and getting runs and their logs.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, build::Shown, timeline},
    store::{AzureDevOpsStore, Build, Definition, Project},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use serde_json::{Value, json};
use std::sync::Arc;

/// Runs that a list holds at most.
// Docs: "Gets top 10000 runs for a particular pipeline".
const MAX: usize = 10_000;

/// A pipeline of a project, and perhaps a run and a log of it.
pub struct One {
    project: String,
    pipeline: String,
    run: String,
    log: String,
    signed: bool,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        let value = |name| request.value(name).to_owned();
        Ok(One {
            project: request.project()?.to_owned(),
            pipeline: value("pipelineId"),
            run: value("runId"),
            log: value("logId"),
            signed: request.query.get("$expand").is_some_and(|e| e.eq_ignore_ascii_case("signedContent")),
        })
    }
}

impl One {
    fn pipeline(&self, store: &AzureDevOpsStore) -> Result<(Arc<Project>, Arc<Definition>)> {
        let project = store.project(&self.project)?;
        let found = store.definition(&project, &self.pipeline).cloned();
        let unknown = || Error::PipelineUnknown { id: self.pipeline.clone(), preview: false };
        Ok((project, found.ok_or_else(unknown)?))
    }
    fn run(&self, store: &AzureDevOpsStore) -> Result<(Arc<Project>, Arc<Definition>, Arc<Build>)> {
        let (project, definition) = self.pipeline(store)?;
        let found = self.run.parse().ok().and_then(|id: u32| store.builds.get(&id));
        let found = found.filter(|b| b.definition == definition.id).cloned();
        let unknown = || Error::RunUnknown { pipeline: self.pipeline.clone(), run: self.run.clone() };
        Ok((project, definition, found.ok_or_else(unknown)?))
    }
}

/// Runs_List: newest first.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Runs_List";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let (project, definition) = input.pipeline(store)?;
        let links = Links::of(store, view.call);
        let runs = store.builds.values().rev().filter(|b| b.definition == definition.id).take(MAX);
        let show = |build: &Arc<Build>| {
            Shown { store, project: &project, definition: &definition, build, links: &links }.as_run()
        };
        Ok(Reply::list(runs.map(show).map(short).collect()))
    }
}

/// A run as lists show it: without the long texts.
fn short(run: Value) -> Value {
    match run {
        Value::Object(mut members) => {
            for long in ["finalYaml", "resources", "variables"] {
                members.shift_remove(long);
            }
            Value::Object(members)
        }
        other => other,
    }
}

/// Runs_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Runs_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let (project, definition, build) = input.run(store)?;
        let links = Links::of(store, view.call);
        let shown = Shown { store, project: &project, definition: &definition, build: &build, links: &links };
        Ok(Reply::One(shown.as_run()))
    }
}

/// Logs_List.
pub struct ListLogs;

impl Query for ListLogs {
    const NAME: &'static str = "Logs_List";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let (project, definition, build) = input.run(store)?;
        let links = Links::of(store, view.call);
        let logs: Vec<Value> = build
            .logged()
            .map(|(at, _)| timeline::run_log(&build, &project, at, &links, input.signed))
            .collect();
        let path = format!("{}/_apis/pipelines/{}/runs/{}/logs", project.id, definition.id, build.id);
        Ok(Reply::One(json!({ "logs": logs, "url": links.to(path) })))
    }
}

/// Logs_Get.
pub struct GetLog;

impl Query for GetLog {
    const NAME: &'static str = "Logs_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let (project, _, build) = input.run(store)?;
        let links = Links::of(store, view.call);
        let at = build
            .log(&input.log)
            .ok_or_else(|| Error::LogUnknown { build: build.id, log: input.log.clone() })?;
        Ok(Reply::One(timeline::run_log(&build, &project, at, &links, input.signed)))
    }
}

/// A run of a pipeline and the name of an artifact.
pub struct WantedArtifact {
    run: One,
    name: String,
}

impl Input for WantedArtifact {
    fn read(request: &ApiRequest) -> Result<Self> {
        let name = request.query.get("artifactName");
        let name = name.ok_or_else(|| Error::invalid("The query parameter artifactName is required."))?;
        Ok(WantedArtifact { run: One::read(request)?, name: name.to_owned() })
    }
}

/// Artifacts_Get.
pub struct GetArtifact;

impl Query for GetArtifact {
    const NAME: &'static str = "Artifacts_Get";
    type Store = AzureDevOpsStore;
    type Input = WantedArtifact;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: WantedArtifact, view: &View<'_>) -> Result<Reply> {
        let (project, definition, build) = input.run.run(store)?;
        let links = Links::of(store, view.call);
        let found = build.artifacts.iter().find(|a| a.name.eq_ignore_ascii_case(&input.name));
        let unknown =
            || Error::ArtifactUnknown { build: build.id, name: input.name.chars().take(80).collect() };
        let artifact = found.ok_or_else(unknown)?;
        let shown = Shown { store, project: &project, definition: &definition, build: &build, links: &links };
        Ok(Reply::One(shown.run_artifact(artifact, input.run.signed)))
    }
}
