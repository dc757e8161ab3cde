//! Getting a build, its timeline, its logs.

use super::{Found, Key};
use crate::{
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, timeline},
    store::AzureDevOpsStore,
    tenant::Tenant,
    wire::{archive, reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use serde_json::Value;
use uuid::Uuid;

/// A build of a project, and perhaps something in it.
pub struct One {
    key: Key,
    timeline: String,
    log: String,
    start: Option<usize>,
    end: Option<usize>,
    plain: bool,
    zip: bool,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        let value = |name| request.value(name).to_owned();
        let format = request.query.get("$format").unwrap_or_default();
        Ok(One {
            key: Key::read(request)?,
            timeline: value("timelineId"),
            log: value("logId"),
            start: request.query.parsed("startLine")?,
            end: request.query.parsed("endLine")?,
            plain: request.accepts("text/plain") || format.eq_ignore_ascii_case("text"),
            zip: request.wants_zip(),
        })
    }
}

/// A build, and which of its properties to show.
pub struct Wanted {
    key: Key,
    properties: Option<Vec<String>>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let names = request.query.list("propertyFilters");
        let properties = names.map(|l| l.into_iter().map(str::to_owned).collect());
        Ok(Wanted { key: Key::read(request)?, properties })
    }
}

/// Builds_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Builds_Get";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: Wanted, view: &View<'_>) -> Result<Reply> {
        let found = input.key.find(store)?;
        let links = Links::of(store, view.call);
        let shown = found.shown(store, &links).as_build();
        Ok(Reply::One(super::properties::only(shown, &found.build, input.properties.as_deref())?))
    }
}

/// Timeline_Get: a build's timeline is its plan's; others are those of the records that its steps keep. Another id gives
/// `null`.
// CHOICE: the service answers an unknown timeline with an empty body.
pub struct GetTimeline;

impl Query for GetTimeline {
    const NAME: &'static str = "Timeline_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let Found { project, build, .. } = input.key.find(store)?;
        if !input.timeline.is_empty() && !input.timeline.eq_ignore_ascii_case(&build.plan.to_string()) {
            let links = Links::of(store, view.call);
            let id = Uuid::parse_str(&input.timeline).ok();
            let details = id.and_then(|id| timeline::details(&build, id, &project, &links));
            return Ok(Reply::One(details.unwrap_or(Value::Null)));
        }
        Ok(Reply::One(timeline::timeline(&build, &project, &Links::of(store, view.call))))
    }
}

/// Builds_GetBuildLogs: a list of them, or all in an archive.
pub struct GetLogs;

impl Work for GetLogs {
    const NAME: &'static str = "Builds_GetBuildLogs";
    type Input = One;
    async fn run(tenant: &Tenant, input: One) -> Result<Reply> {
        let Found { project, build, .. } = tenant.read(|store, _| input.key.find(store))?;
        if input.zip {
            return archive::of_files(format!("logs_{}", build.id), timeline::files(&build)).await;
        }
        let links = tenant.read(|store, view| Links::of(store, view.call));
        Ok(Reply::list(timeline::logs(&build, &project, &links)))
    }
}

/// Builds_GetBuildLog: its lines, as a list, as text, or as text in an archive.
pub struct GetLog;

impl Work for GetLog {
    const NAME: &'static str = "Builds_GetBuildLog";
    type Input = One;
    async fn run(tenant: &Tenant, input: One) -> Result<Reply> {
        let Found { build, .. } = tenant.read(|store, _| input.key.find(store))?;
        let unknown = || Error::LogUnknown { build: build.id, log: input.log.chars().take(40).collect() };
        let at = build.log(&input.log).ok_or_else(unknown)?;
        if input.zip {
            let text = timeline::text(&build, at, input.start, input.end);
            let log = input.log.trim();
            return archive::of_files(format!("log_{log}"), vec![(format!("{log}.txt"), text)]).await;
        }
        if input.plain {
            let text = timeline::text(&build, at, input.start, input.end);
            return Ok(Reply::Raw { media: "text/plain; charset=utf-8", body: text.into(), file_name: None });
        }
        let lines = timeline::lines(&build, at, input.start, input.end);
        Ok(Reply::list(lines.into_iter().map(Value::from).collect()))
    }
}
