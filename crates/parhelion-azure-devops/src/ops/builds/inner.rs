//! Getting a build, its timeline, its logs.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, build::Shown, timeline},
    store::{AzureDevOpsStore, Build, Project},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use serde_json::Value;
use std::sync::Arc;

/// A build of a project, and perhaps something in it.
pub struct One {
    project: String,
    build: String,
    timeline: String,
    log: String,
    start: Option<usize>,
    end: Option<usize>,
    plain: bool,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        let value = |name| request.value(name).to_owned();
        let format = request.query.get("$format").unwrap_or_default();
        Ok(One {
            project: request.project()?.to_owned(),
            build: value("buildId"),
            timeline: value("timelineId"),
            log: value("logId"),
            start: request.query.parsed("startLine")?,
            end: request.query.parsed("endLine")?,
            plain: request.accepts("text/plain") || format.eq_ignore_ascii_case("text"),
        })
    }
}

impl One {
    fn find(&self, store: &AzureDevOpsStore) -> Result<(Arc<Project>, Arc<Build>)> {
        let project = store.project(&self.project)?;
        let build = store.build(&project, &self.build)?.clone();
        Ok((project, build))
    }
}

/// Builds_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Builds_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let (project, build) = input.find(store)?;
        let links = Links::of(store, view.call);
        let definition =
            store.definitions.get(&build.definition).ok_or(Error::BuildUnknown { id: input.build })?;
        let shown = Shown { store, project: &project, definition, build: &build, links: &links };
        Ok(Reply::One(shown.as_build()))
    }
}

/// Timeline_Get: a build has one timeline, its plan's; another id gives `null`.
// CHOICE: the service answers an unknown timeline with an empty body.
pub struct GetTimeline;

impl Query for GetTimeline {
    const NAME: &'static str = "Timeline_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let (project, build) = input.find(store)?;
        if !input.timeline.is_empty() && !input.timeline.eq_ignore_ascii_case(&build.plan.to_string()) {
            return Ok(Reply::One(Value::Null));
        }
        Ok(Reply::One(timeline::timeline(&build, &project, &Links::of(store, view.call))))
    }
}

/// Builds_GetBuildLogs.
pub struct GetLogs;

impl Query for GetLogs {
    const NAME: &'static str = "Builds_GetBuildLogs";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let (project, build) = input.find(store)?;
        Ok(Reply::list(timeline::logs(&build, &project, &Links::of(store, view.call))))
    }
}

/// Builds_GetBuildLog: its lines, as a list or as text.
pub struct GetLog;

impl Query for GetLog {
    const NAME: &'static str = "Builds_GetBuildLog";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, _: &View<'_>) -> Result<Reply> {
        let (_, build) = input.find(store)?;
        let found = input.log.parse().ok().and_then(|id: u32| build.steps().find(|s| s.log == id));
        let step = found.ok_or_else(|| Error::LogUnknown { build: build.id, log: input.log.clone() })?;
        let lines = timeline::lines(&build, step, input.start, input.end);
        if input.plain {
            let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
            return Ok(Reply::Raw { media: "text/plain; charset=utf-8", body: text.into(), file_name: None });
        }
        Ok(Reply::list(lines.into_iter().map(Value::from).collect()))
    }
}
