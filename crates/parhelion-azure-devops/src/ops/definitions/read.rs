//! Listing and getting.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, definition as show},
    store::{AzureDevOpsStore, Definition, Process},
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_core::glob::{Dialect, Glob};
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
    /// How many at most.
    pub top: usize,
    /// How many are left out.
    pub skip: usize,
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
            top: q.parsed("$top")?.unwrap_or(PAGE).min(PAGE),
            skip: q.parsed("continuationToken")?.unwrap_or(0),
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
            && self.process_type.is_none_or(|t| t == if file.is_some() { 2 } else { 1 })
            && self.yaml.as_ref().is_none_or(|y| file.as_deref() == Some(&plain(y)))
    }
}

/// Sorts as asked: by name, by last change, else by id.
pub fn order(found: &mut [&Arc<Definition>], by: Option<&str>) -> Result<()> {
    let by = by.unwrap_or("none").to_ascii_lowercase();
    let word = by.split_whitespace().next().unwrap_or_default();
    let mut descending = by.ends_with(" desc") || by.ends_with("descending");
    match word {
        "none" | "id" => {}
        "lastmodifiedascending" | "lastmodifieddescending" => found.sort_by_key(|d| (d.created, d.id)),
        "name" | "definitionnameascending" | "definitionnamedescending" => {
            found.sort_by_cached_key(|d| d.name.to_lowercase());
        }
        _ => return Err(Error::invalid("The order is none of those that the API lists.")),
    }
    if word == "none" {
        descending = false;
    }
    if descending {
        found.reverse();
    }
    Ok(())
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
        let mut found: Vec<_> =
            store.definitions.values().filter(|d| d.project == project.id && wanted.takes(d)).collect();
        order(&mut found, wanted.order.as_deref())?;
        let show = if wanted.all_properties { show::whole } else { show::shallow };
        let (items, next) =
            page(found.into_iter().map(|d| show(store, d, &project, &links)), wanted.skip, wanted.top);
        Ok(Reply::List { items, next: next.map(|n| n.to_string()) })
    }
}

/// A definition of a project, perhaps an earlier revision.
pub struct One {
    project: String,
    id: String,
    revision: Option<u32>,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        let revision = request.query.parsed("revision")?;
        Ok(One {
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
        Ok(Reply::One(show::whole(store, definition, &project, &Links::of(store, view.call))))
    }
}
