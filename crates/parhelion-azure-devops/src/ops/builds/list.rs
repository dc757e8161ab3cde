//! Listing with filters.

use crate::{
    domain::tags,
    error::{Error, Result},
    operations::Input,
    show::{
        Links,
        build::{self as show, Shown},
    },
    store::{AzureDevOpsStore, Build, DeletedBuild, SourceRepository},
    wire::{reply::Reply, request::ApiRequest, words},
};
use chrono::DateTime;
use parhelion_core::Timestamp;
use parhelion_state::{Query, View};
use std::collections::BTreeMap;

/// Builds in a page when the client does not say.
const PAGE: usize = 1_000;
/// Builds in a page at most.
const MAX_PAGE: usize = 5_000;

/// What a list is asked for; absent: everything.
pub struct Wanted {
    project: String,
    definitions: Option<Vec<u32>>,
    ids: Option<Vec<u32>>,
    queues: Option<Vec<u32>>,
    number: Option<String>,
    branch: Option<String>,
    repository: Option<String>,
    repository_kind: Option<String>,
    reasons: Option<Vec<&'static str>>,
    statuses: Option<Vec<&'static str>>,
    results: Option<Vec<&'static str>>,
    tags: Vec<String>,
    properties: Option<Vec<String>>,
    requested_for: Option<String>,
    deleted: &'static str,
    min: Option<Timestamp>,
    max: Option<Timestamp>,
    ascending: bool,
    by: By,
    per_definition: Option<usize>,
    top: usize,
    after: Option<Place>,
}

/// Which of a build's times orders the list and is compared with `minTime` and `maxTime`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Queue,
    Start,
    Finish,
}

/// Where a build stands in the order: by its time, then by its id.
type Place = (Timestamp, u32);

/// A place as a client carries it from page to page: new builds do not move it.
fn token((at, id): Place) -> String {
    format!("{}-{id}", crate::show::time(at))
}

fn place(token: &str) -> Result<Place> {
    let bad = || Error::invalid("The continuationToken is none that a list has given.");
    let (at, id) = token.rsplit_once('-').ok_or_else(bad)?;
    Ok((instant(at).ok_or_else(bad)?, id.parse().map_err(|_| bad())?))
}

fn instant(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|t| t.to_utc())
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        let numbers = |name: &str| -> Result<Option<Vec<u32>>> {
            let bad = |v: &str| {
                let shown: String = v.chars().take(40).collect();
                Error::invalid(format!("The query parameter {name} holds '{shown}', which is no id."))
            };
            q.list(name).map(|l| l.into_iter().map(|v| v.parse().map_err(|_| bad(v))).collect()).transpose()
        };
        let time = |name: &str| -> Result<Option<Timestamp>> {
            let bad = || Error::invalid(format!("The query parameter {name} is no ISO 8601 time."));
            q.get(name).map(|t| instant(t).ok_or_else(bad)).transpose()
        };
        let texts = |name: &str| -> Option<Vec<String>> {
            Some(q.list(name)?.into_iter().map(str::to_owned).collect())
        };
        let order = words::BUILD_ORDER.parameter("queryOrder", q.get("queryOrder"))?;
        let order = order.unwrap_or("finishTimeDescending");
        let by = match order.trim_end_matches("Ascending").trim_end_matches("Descending") {
            "queueTime" => By::Queue,
            "startTime" => By::Start,
            _ => By::Finish,
        };
        Ok(Wanted {
            project: request.project()?.to_owned(),
            definitions: numbers("definitions")?,
            ids: numbers("buildIds")?,
            queues: numbers("queues")?,
            number: q.get("buildNumber").map(str::to_owned),
            branch: q.get("branchName").map(crate::domain::refs::full),
            repository: q.get("repositoryId").map(str::to_owned),
            repository_kind: q.get("repositoryType").map(str::to_owned),
            reasons: words::REASON.flags("reasonFilter", q.get("reasonFilter"))?,
            statuses: words::BUILD_STATUS.flags("statusFilter", q.get("statusFilter"))?,
            results: words::BUILD_RESULT.flags("resultFilter", q.get("resultFilter"))?,
            tags: texts("tagFilters").unwrap_or_default(),
            properties: texts("properties"),
            requested_for: q.get("requestedFor").map(str::to_owned),
            deleted: words::DELETED
                .parameter("deletedFilter", q.get("deletedFilter"))?
                .unwrap_or("excludeDeleted"),
            min: time("minTime")?,
            max: time("maxTime")?,
            ascending: order.ends_with("Ascending"),
            by,
            per_definition: q.parsed("maxBuildsPerDefinition")?,
            top: q.parsed("$top")?.unwrap_or(PAGE).min(MAX_PAGE),
            after: q.get("continuationToken").map(place).transpose()?,
        })
    }
}

fn word(of: impl serde::Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl Wanted {
    fn time(&self, build: &Build) -> Option<Timestamp> {
        match self.by {
            By::Queue => Some(build.queued),
            By::Start => build.started,
            By::Finish => build.finished,
        }
    }
    // CHOICE: what has not begun, or ended, stands where the newest would.
    fn place(&self, build: &Build) -> Place {
        (self.time(build).unwrap_or(Timestamp::MAX_UTC), build.id)
    }

    fn takes(&self, store: &AzureDevOpsStore, build: &Build) -> bool {
        let among = |list: &Option<Vec<u32>>, id| list.as_ref().is_none_or(|l| l.contains(&id));
        let number = self.number.as_ref().is_none_or(|wanted| match wanted.strip_suffix('*') {
            Some(start) => build.number.to_lowercase().starts_with(&start.to_lowercase()),
            None => build.number.eq_ignore_ascii_case(wanted),
        });
        let source = || store.definitions.get(&build.definition).map(|d| &d.repository);
        let same = |wanted: &Option<String>, of: fn(&SourceRepository) -> &str| {
            wanted.as_ref().is_none_or(|w| source().is_some_and(|r| of(r).eq_ignore_ascii_case(w)))
        };
        let by = &build.requested_by;
        if !among(&self.definitions, build.definition) || !among(&self.ids, build.id) {
            return false;
        }
        let requested = self.requested_for.as_ref().is_none_or(|wanted| {
            [by.id.to_string(), by.name.clone(), by.unique_name.clone()]
                .iter()
                .any(|n| n.eq_ignore_ascii_case(wanted))
        });
        let time = self.time(build);
        number
            && requested
            && same(&self.repository, |r| &r.id)
            && same(&self.repository_kind, |r| &r.kind)
            && self.tags.iter().all(|wanted| build.tags.iter().any(|t| tags::same(t, wanted)))
            && among(&self.queues, build.queue)
            && self.branch.as_ref().is_none_or(|b| *b == build.branch)
            && self.reasons.as_ref().is_none_or(|l| l.contains(&&*word(build.reason)))
            && self.statuses.as_ref().is_none_or(|l| l.contains(&&*word(build.status)))
            && self.results.as_ref().is_none_or(|l| build.result.is_some_and(|r| l.contains(&&*word(r))))
            && self.min.is_none_or(|min| time.is_some_and(|t| t >= min))
            && self.max.is_none_or(|max| time.is_some_and(|t| t <= max))
    }
}

/// Builds_List.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Builds_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let links = Links::of(store, view.call);
        let present = store.builds.values().map(|b| (&**b, None)).filter(|_| wanted.deleted != "onlyDeleted");
        let gone = store.deleted_builds.values().map(|d| (&d.build, Some(&**d)));
        let all = present.chain(gone.filter(|_| wanted.deleted != "excludeDeleted"));
        let mut found: Vec<(&Build, Option<&DeletedBuild>)> =
            all.filter(|(b, _)| b.project == project.id && wanted.takes(store, b)).collect();
        found.sort_by_key(|(b, _)| wanted.place(b));
        if !wanted.ascending {
            found.reverse();
        }
        let mut of_definition: BTreeMap<u32, usize> = BTreeMap::new();
        found.retain(|(b, _)| {
            let count = of_definition.entry(b.definition).or_default();
            *count += 1;
            wanted.per_definition.is_none_or(|max| *count <= max)
        });
        let is_after = |b: &Build| {
            let place = wanted.place(b);
            wanted.after.is_none_or(|after| if wanted.ascending { place > after } else { place < after })
        };
        let mut rest = found.into_iter().filter(|(b, _)| is_after(b));
        let page: Vec<_> = rest.by_ref().take(wanted.top).collect();
        let next = rest.next().and(page.last().map(|(b, _)| token(wanted.place(b))));
        let mut items = Vec::new();
        for (build, deleted) in page {
            let Some(definition) = store.definitions.get(&build.definition) else { continue };
            let shown = Shown { store, project: &project, definition, build, links: &links };
            let value = match deleted {
                Some(deleted) => show::deleted(&shown, deleted),
                None => shown.as_build(),
            };
            items.push(super::properties::only(value, build, wanted.properties.as_deref())?);
        }
        Ok(Reply::List { items, next })
    }
}
