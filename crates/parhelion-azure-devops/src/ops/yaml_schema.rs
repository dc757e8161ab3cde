//! The schema of pipeline files, as JSON Schema: that by which files are checked here.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/distributedtask/yamlschema

use crate::{
    error::{Error, Result},
    operations::Input,
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_azure_pipelines::json_schema;
use parhelion_state::{Query, View};
use serde_json::Value;
use std::sync::LazyLock;

/// Nothing is asked.
// CHOICE: `validateTaskNames` changes nothing, for no tasks are installed whose names could be checked.
pub struct Unasked;

impl Input for Unasked {
    fn read(_: &ApiRequest) -> Result<Self> {
        Ok(Unasked)
    }
}

/// Yamlschema_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Yamlschema_Get";
    type Store = AzureDevOpsStore;
    type Input = Unasked;
    type Output = Reply;
    type Error = Error;
    fn run(_: &AzureDevOpsStore, _: Unasked, _: &View<'_>) -> Result<Reply> {
        static SCHEMA: LazyLock<Value> = LazyLock::new(json_schema);
        Ok(Reply::One(SCHEMA.clone()))
    }
}
