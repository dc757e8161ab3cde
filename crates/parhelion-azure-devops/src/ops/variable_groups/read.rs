//! Listing and getting.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, variable_group as show},
    store::AzureDevOpsStore,
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
        words,
    },
};
use parhelion_core::glob::{Dialect, Glob};
use parhelion_state::{Query, View};
use serde_json::Value;

/// Groups on a page when nothing else is asked for.
// CHOICE: the service's own figure is not documented.
const TOP: usize = 1_000;

/// What a list is asked for; absent: everything.
pub struct Wanted {
    project: String,
    name: Option<Glob>,
    ids: Option<Vec<u32>>,
    ascending: bool,
    top: usize,
    after: Option<u32>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let query = &request.query;
        let number = |text: &str| {
            let bad = || Error::invalid("The query parameter groupIds holds something other than numbers.");
            text.parse().map_err(|_| bad())
        };
        let name = query.get("groupName").map(|n| Glob::new(&n.to_lowercase(), &Dialect::STAR)).transpose();
        let ids = query.list("groupIds").map(|ids| ids.into_iter().map(number).collect::<Result<_>>());
        let order = words::GROUP_ORDER.parameter("queryOrder", query.get("queryOrder"))?;
        // Permissions are not told apart: every caller may do everything.
        words::ACTION_FILTER.parameter("actionFilter", query.get("actionFilter"))?;
        Ok(Wanted {
            project: request.project()?.to_owned(),
            name: name
                .map_err(|e| Error::invalid(format!("The query parameter groupName is no pattern: {e}.")))?,
            ids: ids.transpose()?,
            // Docs: the newest first unless asked otherwise.
            ascending: order == Some("idAscending"),
            top: query.parsed("$top")?.unwrap_or(TOP).min(TOP),
            after: query.parsed("continuationToken")?,
        })
    }
}

/// Variablegroups_GetVariableGroups, by name (with `*`) or ids.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Variablegroups_GetVariableGroups";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let links = Links::of(store, view.call);
        let mut found: Vec<_> = store
            .variable_groups
            .values()
            .filter(|group| {
                let Some(here) = group.share(project.id) else { return false };
                let name = here.name.to_lowercase();
                wanted.ids.as_ref().is_none_or(|ids| ids.contains(&group.id))
                    && wanted.name.as_ref().is_none_or(|w| w.matches(&name))
                    && wanted.after.is_none_or(|a| if wanted.ascending { group.id > a } else { group.id < a })
            })
            .collect();
        if !wanted.ascending {
            found.reverse();
        }
        let (groups, more) = page(found.into_iter(), 0, wanted.top);
        let next = more.and_then(|_| groups.last()).map(|group| group.id.to_string());
        let show = |group| show::variable_group(store, group, Some(project.id), &links);
        Ok(Reply::List { items: groups.into_iter().map(|group| show(group)).collect(), next })
    }
}

/// A group of a project.
pub struct One {
    project: String,
    id: String,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(One { project: request.project()?.to_owned(), id: request.value("groupId").to_owned() })
    }
}

/// Variablegroups_Get: an unknown one, and one of another project, is `null`, not an error.
// OBSERVED: so tried against the service by a public client (2026).
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Variablegroups_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let found = input.id.parse().ok().and_then(|id: u32| store.variable_groups.get(&id));
        let found = found.filter(|group| group.share(project.id).is_some());
        let links = Links::of(store, view.call);
        let show = |group| show::variable_group(store, group, Some(project.id), &links);
        Ok(Reply::One(found.map_or(Value::Null, |group| show(group))))
    }
}
