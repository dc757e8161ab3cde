//! Teams: each project has its default one.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/core/teams

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, project as show},
    store::AzureDevOpsStore,
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_state::{Query, View};

/// A project, perhaps a team, and the page.
pub struct Wanted {
    project: String,
    team: String,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let number = |name| request.query.parsed::<usize>(name);
        Ok(Wanted {
            project: request.value("projectId").to_owned(),
            team: request.value("teamId").to_owned(),
            top: number("$top")?.unwrap_or(100),
            skip: number("$skip")?.unwrap_or(0),
        })
    }
}

/// Teams_GetTeams.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Teams_GetTeams";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let all = std::iter::once(show::team(&project, &Links::of(store, view.call)));
        Ok(Reply::list(page(all, wanted.skip, wanted.top).0))
    }
}

/// Teams_Get: by id or name.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Teams_Get";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let team = show::team(&project, &Links::of(store, view.call));
        let is = |member: &str| team[member].as_str().is_some_and(|t| t.eq_ignore_ascii_case(&wanted.team));
        if is("id") || is("name") {
            return Ok(Reply::One(team));
        }
        Err(Error::TeamUnknown { id: wanted.team.chars().take(80).collect() })
    }
}
