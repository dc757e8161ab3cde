//! ResourceAreas: where clients ask which host serves an area.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::Links,
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use serde_json::json;

/// Names of the areas that clients ask for by id.
const AREAS: &[(&str, &str)] = &[
    ("79134c72-4a58-4b42-976c-04e7115f32bf", "core"),
    ("965220d5-5bb9-42cf-8d67-9b146df2a5a4", "build"),
    ("5d6898bb-45ec-463f-95f9-54d49c71752e", "build"),
    ("4e080c62-fa21-4fbc-8fef-2a10a2b38049", "git"),
    ("a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd", "distributedtask"),
    ("1814ab31-2f4f-4a9f-8761-f4d77dc5a5d7", "serviceendpoint"),
];

/// ResourceAreas_List: none, which makes every client stay with its base URL.
// OBSERVED: so does Azure DevOps Server. A list that lacks an area would send the Python client to the internet.
pub struct List;
/// Nothing is read.
pub struct Nothing;

impl Input for Nothing {
    fn read(_: &ApiRequest) -> Result<Self> {
        Ok(Nothing)
    }
}

impl Query for List {
    const NAME: &'static str = "ResourceAreas_List";
    type Store = AzureDevOpsStore;
    type Input = Nothing;
    type Output = Reply;
    type Error = Error;
    fn run(_: &AzureDevOpsStore, _: Nothing, _: &View<'_>) -> Result<Reply> {
        Ok(Reply::list(Vec::new()))
    }
}

/// ResourceAreas_Get: any area is served here.
pub struct Get;
/// The area's id.
pub struct Area(String);

impl Input for Area {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Area(request.value("areaId").to_lowercase()))
    }
}

impl Query for Get {
    const NAME: &'static str = "ResourceAreas_Get";
    type Store = AzureDevOpsStore;
    type Input = Area;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, Area(id): Area, view: &View<'_>) -> Result<Reply> {
        if uuid::Uuid::parse_str(&id).is_err() {
            return Err(Error::invalid(format!(
                "'{}' is no id of a resource area.",
                id.chars().take(80).collect::<String>()
            )));
        }
        let name = AREAS.iter().find(|(i, _)| *i == id).map_or("", |(_, name)| name);
        Ok(Reply::One(json!({ "id": id, "name": name, "locationUrl": Links::of(store, view.call).to("") })))
    }
}
