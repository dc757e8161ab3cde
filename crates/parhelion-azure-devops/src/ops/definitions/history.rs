//! Revisions of a definition, and its YAML.

use crate::{
    domain::source,
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, definition as show, segment},
    store::AzureDevOpsStore,
    tenant::Tenant,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use serde_json::json;

/// A definition of a project, perhaps at an earlier revision.
pub struct One {
    project: String,
    id: String,
    revision: Option<u32>,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(One {
            project: request.project()?.to_owned(),
            id: request.value("definitionId").to_owned(),
            revision: request.query.parsed("revision")?,
        })
    }
}

/// Definitions_GetDefinitionRevisions: oldest first.
pub struct GetRevisions;

impl Query for GetRevisions {
    const NAME: &'static str = "Definitions_GetDefinitionRevisions";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let current =
            store.definition(&project, &input.id).ok_or(Error::DefinitionUnknown { id: input.id })?;
        let links = Links::of(store, view.call);
        let earlier = store.revisions.range((current.id, 0)..(current.id, current.revision)).map(|(_, d)| d);
        let all = earlier.chain([current]);
        Ok(Reply::list(all.map(|d| show::revision(store, d, &project, &links)).collect()))
    }
}

/// Yaml_Get: the text of the definition's file on its default branch, as it is committed.
pub struct GetYaml;

impl Work for GetYaml {
    const NAME: &'static str = "Yaml_Get";
    type Input = One;
    async fn run(tenant: &Tenant, input: One) -> Result<Reply> {
        let (place, repository, url) = tenant.read(|store, view| {
            let project = store.project(&input.project)?;
            let found = store.revision(&project, &input.id, input.revision);
            let definition = found.ok_or_else(|| Error::DefinitionUnknown { id: input.id.clone() })?;
            if definition.process.file().is_none() {
                let why = "The definition is of the classic designer, and has no YAML.".to_owned();
                return Err(Error::PipelineInvalid { messages: vec![why] });
            }
            let repository = store.source_of(definition).cloned();
            let name = repository.as_ref().map_or("", |r| &r.name);
            let links = Links::of(store, view.call);
            let url = links.to(format_args!("{}/_git/{}", segment(&project.name), segment(name)));
            Ok((source::place(store, definition, None), repository, url))
        })?;
        match source::text(tenant, &place).await? {
            Some(text) => Ok(Reply::One(json!({ "yaml": text }))),
            None => {
                let missing = source::missing(&place, repository.as_deref(), &url);
                Err(Error::PipelineInvalid { messages: vec![missing] })
            }
        }
    }
}
