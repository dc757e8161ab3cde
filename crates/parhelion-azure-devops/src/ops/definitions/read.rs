//! Listing and getting.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, definition as show},
    store::{AzureDevOpsStore, Definition, Process},
    wire::{reply::Reply, request::ApiRequest, words},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::DateTime;
use parhelion_core::{
    Timestamp,
    glob::{Dialect, Glob},
};
use parhelion_state::{Query, View};
use std::sync::Arc;

/// Definitions in a page when the client does not say.
// CHOICE: the service's own bound.
const PAGE: usize = 10_000;

/// What a list is asked for; absent: everything.
pub struct Wanted {
    /// The project.
    pub project: String,
    name: Option<Glob>,
    path: Option<String>,
    ids: Option<Vec<u32>>,
    repository: Option<String>,
    process_type: Option<u32>,
    yaml: Option<String>,
    /// `queryOrder` or `orderBy`.
    pub order: Option<String>,
    all_properties: bool,
    latest_builds: bool,
    built_after: Option<Timestamp>,
    not_built_after: Option<Timestamp>,
    repository_kind: Option<String>,
    /// How many at most.
    top: usize,
    /// The place after which the page begins.
    after: Option<String>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        let text = |name| q.get(name).map(str::to_owned);
        let bad = |v: &str| {
            Error::invalid(format!("'{}' is no definition id.", v.chars().take(40).collect::<String>()))
        };
        let ids =
            q.list("definitionIds").map(|l| l.into_iter().map(|v| v.parse().map_err(|_| bad(v))).collect());
        let time = |name: &str| -> Result<Option<Timestamp>> {
            let bad = |_| Error::invalid(format!("The query parameter {name} is no ISO 8601 time."));
            q.get(name).map(|t| DateTime::parse_from_rfc3339(t).map(|t| t.to_utc()).map_err(bad)).transpose()
        };
        let after = |token: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
            let place = bytes.and_then(|b| String::from_utf8(b).ok());
            place.ok_or_else(|| Error::invalid("The continuationToken is none that a list has given."))
        };
        // Docs: a name may hold `*`. Compared ignoring case.
        let name = q.get("name").map(|n| Glob::new(&n.to_lowercase(), &Dialect::STAR)).transpose();
        Ok(Wanted {
            project: request.project()?.to_owned(),
            name: name
                .map_err(|e| Error::invalid(format!("The query parameter name is no pattern: {e}.")))?,
            path: text("path").map(|p| crate::domain::definitions::folder(&p)),
            ids: ids.transpose()?,
            repository: text("repositoryId"),
            process_type: q.parsed("processType")?,
            yaml: text("yamlFilename"),
            order: text("queryOrder").or_else(|| text("orderBy")),
            all_properties: q.flag("includeAllProperties"),
            latest_builds: q.flag("includeLatestBuilds"),
            built_after: time("builtAfter")?,
            not_built_after: time("notBuiltAfter")?,
            repository_kind: text("repositoryType"),
            top: q.parsed("$top")?.unwrap_or(PAGE).min(PAGE),
            after: q.get("continuationToken").map(after).transpose()?,
        })
    }
}

impl Wanted {
    fn takes(&self, d: &Definition) -> bool {
        let file = match &d.process {
            Process::Yaml(_) => d.process.file(),
            Process::Designer(_) => None,
        };
        let plain = |t: &str| format!("/{}", t.replace('\\', "/").trim_start_matches('/'));
        self.name.as_ref().is_none_or(|n| n.matches(&d.name.to_lowercase()))
            && self.path.as_ref().is_none_or(|p| p.eq_ignore_ascii_case(&d.path))
            && self.ids.as_ref().is_none_or(|i| i.contains(&d.id))
            && self.repository.as_ref().is_none_or(|r| r.eq_ignore_ascii_case(&d.repository.id))
            && self.repository_kind.as_ref().is_none_or(|k| k.eq_ignore_ascii_case(&d.repository.kind))
            && self.process_type.is_none_or(|t| t == if file.is_some() { 2 } else { 1 })
            && self.yaml.as_ref().is_none_or(|y| file.as_deref() == Some(&plain(y)))
    }
}

/// The definitions of a page in the order asked for: by name, by last change, else by id. Gives what the client sends
/// to get the next page, too: the place of the last one, which later definitions do not move.
///
/// # Errors
/// [`Error::Invalid`] when there is no such order, or the token is none.
pub fn ordered<'a>(
    mut found: Vec<&'a Arc<Definition>>,
    by: &str,
    wanted: &Wanted,
) -> Result<(Vec<&'a Arc<Definition>>, Option<String>)> {
    let by =
        words::DEFINITION_ORDER.named(by).map_or_else(|| by.to_ascii_lowercase(), str::to_ascii_lowercase);
    let word = by.split_whitespace().next().unwrap_or_default();
    let descending = by.ends_with(" desc") || by.ends_with("descending");
    let key: fn(&Definition) -> String = match word {
        "none" | "id" => |d| format!("{:010}", d.id),
        "lastmodifiedascending" | "lastmodifieddescending" | "createddate" => {
            |d| format!("{} {:010}", d.created.format("%Y%m%d%H%M%S%f"), d.id)
        }
        "name" | "definitionnameascending" | "definitionnamedescending" => {
            |d| format!("{} {:010}", d.name.to_lowercase(), d.id)
        }
        _ => return Err(Error::invalid("The order is none of those that the API lists.")),
    };
    found.sort_by_cached_key(|d| key(d));
    if descending {
        found.reverse();
    }
    let after = wanted.after.as_ref();
    let is_after =
        |d: &Definition| after.is_none_or(|after| if descending { key(d) < *after } else { key(d) > *after });
    let mut rest = found.into_iter().filter(|d| is_after(d));
    let page: Vec<_> = rest.by_ref().take(wanted.top).collect();
    let next = rest.next().and(page.last().map(|d| BASE64_URL_SAFE_NO_PAD.encode(key(d))));
    Ok((page, next))
}

/// Definitions_List.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Definitions_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let links = Links::of(store, view.call);
        let newest =
            |d: &Definition| store.builds.values().rev().find(|b| b.definition == d.id).map(|b| b.queued);
        // Docs: by when a definition was last built; one that never was has not been built after anything.
        let built = |d: &Definition| {
            wanted.built_after.is_none_or(|after| newest(d).is_some_and(|at| at > after))
                && wanted.not_built_after.is_none_or(|after| newest(d).is_none_or(|at| at <= after))
        };
        let all = store.definitions.values().filter(|d| d.project == project.id);
        let found = all.filter(|d| wanted.takes(d) && built(d)).collect();
        let (page, next) = ordered(found, wanted.order.as_deref().unwrap_or("none"), &wanted)?;
        let show = if wanted.all_properties { show::whole } else { show::shallow };
        let items = page.into_iter().map(|d| {
            let shown = show(store, d, &project, &links);
            match wanted.latest_builds {
                true => show::with_latest_builds(store, shown, d, &project, &links),
                false => shown,
            }
        });
        Ok(Reply::List { items: items.collect(), next })
    }
}

/// A definition of a project, perhaps an earlier revision.
pub struct One {
    project: String,
    id: String,
    revision: Option<u32>,
    latest_builds: bool,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        let revision = request.query.parsed("revision")?;
        Ok(One {
            latest_builds: request.query.flag("includeLatestBuilds"),
            project: request.project()?.to_owned(),
            id: request.value("definitionId").to_owned(),
            revision,
        })
    }
}

/// Definitions_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Definitions_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let found = store.revision(&project, &input.id, input.revision);
        let definition = found.ok_or(Error::DefinitionUnknown { id: input.id })?;
        let links = Links::of(store, view.call);
        let shown = show::whole(store, definition, &project, &links);
        Ok(Reply::One(match input.latest_builds {
            true => show::with_latest_builds(store, shown, definition, &project, &links),
            false => shown,
        }))
    }
}
