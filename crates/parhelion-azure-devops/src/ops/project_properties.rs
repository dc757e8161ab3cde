//! Properties of projects.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/core/projects/get-project-properties

use crate::{
    domain::properties::{Patch, asked, patch},
    error::{Error, Result},
    operations::Input,
    show::project as show,
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde_json::json;

/// A project and the names of properties.
pub struct Wanted {
    project: String,
    keys: Option<Vec<String>>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let keys = request.query.list("keys").map(|l| l.into_iter().map(str::to_owned).collect());
        Ok(Wanted { project: request.value("projectId").to_owned(), keys })
    }
}

/// Projects_GetProjectProperties: what was set, beside what every project has.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Projects_GetProjectProperties";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, _: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let mut all = project.properties.clone();
        for (name, value) in show::system_properties(&project) {
            all.entry(name.to_owned()).or_insert(value);
        }
        let keys: Option<Vec<&str>> = wanted.keys.as_ref().map(|l| l.iter().map(String::as_str).collect());
        let found = asked(&all, keys.as_deref())?;
        let shown = found.into_iter().map(|(name, value)| json!({ "name": name, "value": value }));
        Ok(Reply::list(shown.collect()))
    }
}

/// A project and a patch of its properties.
pub struct Changed {
    project: String,
    patch: Vec<Patch>,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Changed { project: request.value("projectId").to_owned(), patch: request.json_list()? })
    }
}

/// Projects_SetProjectProperties.
pub struct Set;

impl Operation for Set {
    const NAME: &'static str = "Projects_SetProjectProperties";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let mut properties = project.properties.clone();
        patch(&mut properties, &input.patch)?;
        store.projects.edit(&project.id, |p| p.properties = properties);
        let event = Event::new("project.changed", format!("project:{}", project.id));
        tx.emit(event.fact("its properties were changed").verdict(Verdict::Ok));
        Ok(Reply::Nothing)
    }
}
