//! Listing with filters.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, build::Shown},
    store::{AzureDevOpsStore, Build},
    wire::{reply::Reply, request::ApiRequest},
};
use chrono::DateTime;
use parhelion_core::Timestamp;
use parhelion_state::{Query, View};
use std::{collections::BTreeMap, sync::Arc};

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
    reasons: Option<Vec<String>>,
    statuses: Option<Vec<String>>,
    results: Option<Vec<String>>,
    tags: bool,
    requested_for: Option<String>,
    only_deleted: bool,
    min: Option<Timestamp>,
    max: Option<Timestamp>,
    ascending: bool,
    by: By,
    per_definition: Option<usize>,
    top: usize,
    skip: usize,
}

/// Which of a build's times orders the list and is compared with `minTime` and `maxTime`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Queue,
    Start,
    Finish,
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
        let words = |name| {
            let words = q.list(name).map(|l| l.into_iter().map(str::to_ascii_lowercase).collect::<Vec<_>>());
            // `all` is the same as nothing.
            words.filter(|w| !w.iter().any(|w| w == "all"))
        };
        let instant = |name: &str| -> Result<Option<Timestamp>> {
            let bad = |_| Error::invalid(format!("The query parameter {name} is no ISO 8601 time."));
            q.get(name).map(|t| DateTime::parse_from_rfc3339(t).map(|t| t.to_utc()).map_err(bad)).transpose()
        };
        let order = q.get("queryOrder").unwrap_or("queueTimeDescending").to_ascii_lowercase();
        let by = match order.trim_end_matches("ascending").trim_end_matches("descending") {
            "queuetime" => By::Queue,
            "starttime" => By::Start,
            "finishtime" => By::Finish,
            _ => {
                return Err(Error::invalid(
                    "The query parameter queryOrder is none of those that the API lists.",
                ));
            }
        };
        Ok(Wanted {
            project: request.project()?.to_owned(),
            definitions: numbers("definitions")?,
            ids: numbers("buildIds")?,
            queues: numbers("queues")?,
            number: q.get("buildNumber").map(str::to_owned),
            branch: q.get("branchName").map(str::to_owned),
            repository: q.get("repositoryId").map(str::to_owned),
            reasons: words("reasonFilter"),
            statuses: words("statusFilter"),
            results: words("resultFilter"),
            tags: q.list("tagFilters").is_some_and(|t| !t.is_empty()),
            requested_for: q.get("requestedFor").map(str::to_owned),
            only_deleted: q.get("deletedFilter").is_some_and(|d| d.eq_ignore_ascii_case("onlyDeleted")),
            min: instant("minTime")?,
            max: instant("maxTime")?,
            ascending: order.ends_with("ascending"),
            by,
            per_definition: q.parsed("maxBuildsPerDefinition")?,
            top: q.parsed("$top")?.unwrap_or(PAGE).min(MAX_PAGE),
            skip: q.parsed("continuationToken")?.unwrap_or(0),
        })
    }
}

fn word(of: impl serde::Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(word)) => word.to_ascii_lowercase(),
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

    fn takes(&self, store: &AzureDevOpsStore, build: &Build) -> bool {
        let among = |list: &Option<Vec<u32>>, id| list.as_ref().is_none_or(|l| l.contains(&id));
        let named = |list: &Option<Vec<String>>, text: &str| {
            list.as_ref().is_none_or(|l| l.iter().any(|w| w == text))
        };
        let number = self.number.as_ref().is_none_or(|wanted| match wanted.strip_suffix('*') {
            Some(start) => build.number.to_lowercase().starts_with(&start.to_lowercase()),
            None => build.number.eq_ignore_ascii_case(wanted),
        });
        let repository = self.repository.as_ref().is_none_or(|wanted| {
            store
                .definitions
                .get(&build.definition)
                .is_some_and(|d| d.repository.id.eq_ignore_ascii_case(wanted))
        });
        let by = &build.requested_by;
        let requested = self.requested_for.as_ref().is_none_or(|wanted| {
            [by.id.to_string(), by.name.clone(), by.unique_name.clone()]
                .iter()
                .any(|n| n.eq_ignore_ascii_case(wanted))
        });
        let time = self.time(build);
        number
            && repository
            && requested
            // No build has a tag, and a deleted one is gone.
            && !self.tags
            && !self.only_deleted
            && among(&self.definitions, build.definition)
            && among(&self.ids, build.id)
            && among(&self.queues, build.queue)
            && self.branch.as_ref().is_none_or(|b| crate::domain::refs::full(b) == build.branch)
            && named(&self.reasons, &word(build.reason))
            && named(&self.statuses, &word(build.status))
            && (self.results.is_none() || build.result.is_some_and(|r| named(&self.results, &word(r))))
            && self.min.is_none_or(|min| time.is_some_and(|t| t >= min))
            && self.max.is_none_or(|max| time.is_some_and(|t| t <= max))
    }
}

/// Builds_List: newest first unless asked otherwise.
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
        // Ids follow the order of queueing, and a run starts and ends as it is queued: the table has every order.
        let all: Box<dyn Iterator<Item = &Arc<Build>>> = if wanted.ascending {
            Box::new(store.builds.values())
        } else {
            Box::new(store.builds.values().rev())
        };
        let mut of_definition: BTreeMap<u32, usize> = BTreeMap::new();
        let found = all.filter(|b| b.project == project.id && wanted.takes(store, b)).filter(|b| {
            let count = of_definition.entry(b.definition).or_default();
            *count += 1;
            wanted.per_definition.is_none_or(|max| *count <= max)
        });
        let (page, next) = crate::wire::reply::page(found, wanted.skip, wanted.top);
        let items = page.into_iter().filter_map(|build| {
            let definition = store.definitions.get(&build.definition)?;
            Some(Shown { store, project: &project, definition, build, links: &links }.as_build())
        });
        Ok(Reply::List { items: items.collect(), next: next.map(|n| n.to_string()) })
    }
}
