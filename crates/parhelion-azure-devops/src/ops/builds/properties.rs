//! Properties of builds.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/properties

use super::Key;
use crate::{
    domain::properties::{Patch, asked, patch},
    error::{Error, Result},
    operations::Input,
    show::{build::properties as show, with},
    store::{AzureDevOpsStore, Build},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::Event;
use parhelion_state::{Operation, Query, Tx, View};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A build as shown, with those of its properties that are asked for; none asked for: all.
pub fn only(shown: Value, build: &Build, names: Option<&[String]>) -> Result<Value> {
    let Some(names) = names else { return Ok(shown) };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(with(shown, [("properties", show(&asked(&build.properties, Some(&names))?))]))
}

/// The collection, in its own envelope.
// OBSERVED: the form.
fn collection(of: &BTreeMap<String, Value>) -> Reply {
    Reply::One(json!({ "count": of.len(), "value": show(of) }))
}

/// A build and the names of properties.
pub struct Wanted {
    key: Key,
    names: Option<Vec<String>>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let names = request.query.list("filter").map(|l| l.into_iter().map(str::to_owned).collect());
        Ok(Wanted { key: Key::read(request)?, names })
    }
}

/// Properties_GetBuildProperties.
pub struct GetProperties;

impl Query for GetProperties {
    const NAME: &'static str = "Properties_GetBuildProperties";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: Wanted, _: &View<'_>) -> Result<Reply> {
        let build = input.key.find(store)?.build;
        let names: Option<Vec<&str>> = input.names.as_ref().map(|l| l.iter().map(String::as_str).collect());
        Ok(collection(&asked(&build.properties, names.as_deref())?))
    }
}

/// A build and a patch of its properties.
pub struct Changed {
    key: Key,
    patch: Vec<Patch>,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Changed { key: Key::read(request)?, patch: request.json_list()? })
    }
}

/// Properties_UpdateBuildProperties.
pub struct UpdateProperties;

impl Operation for UpdateProperties {
    const NAME: &'static str = "Properties_UpdateBuildProperties";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let build = input.key.find(store)?.build;
        let mut properties = build.properties.clone();
        patch(&mut properties, &input.patch)?;
        let (shown, now) = (collection(&properties), tx.now());
        store.edit_build(build.id, |b| {
            b.properties = properties;
            b.changed = now;
        });
        tx.emit(Event::new("run.changed", format!("run:{}", build.id)).fact("its properties were changed"));
        Ok(shown)
    }
}
