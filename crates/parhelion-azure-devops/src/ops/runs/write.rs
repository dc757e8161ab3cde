//! Preview and run.

use crate::{
    domain::{
        checks,
        definitions::GivenVariable,
        run::{self, Ask, Look, Pin, expanded, may_run, queue},
    },
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, build::Shown},
    store::{AzureDevOpsStore, Definition, Project},
    tenant::{ATTEMPTS, Tenant},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::Cause;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// What a caller gives of a run.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    preview_run: Option<bool>,
    yaml_override: Option<String>,
    template_parameters: Option<BTreeMap<String, Value>>,
    variables: Option<BTreeMap<String, GivenVariable>>,
    stages_to_skip: Option<Vec<String>>,
    resources: Option<Resources>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resources {
    repositories: Option<BTreeMap<String, RepositoryVersion>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RepositoryVersion {
    ref_name: Option<String>,
    version: Option<String>,
}

/// A pipeline and how it is to be run.
pub struct Asked {
    project: String,
    id: String,
    revision: Option<u32>,
    preview: bool,
    ask: Ask,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Given = request.json()?;
        let repositories = given.resources.and_then(|r| r.repositories).unwrap_or_default();
        let mut pins = BTreeMap::new();
        for (alias, at) in repositories {
            let version = at.version.filter(|v| !v.trim().is_empty());
            let version = version.map(|v| run::commit(&v)).transpose()?;
            pins.insert(alias.to_lowercase(), Pin { branch: run::branch(at.ref_name.as_deref()), version });
        }
        let own = pins.remove("self").unwrap_or_default();
        let variables = given.variables.unwrap_or_default();
        let ask = Ask {
            branch: own.branch,
            version: own.version,
            repositories: pins,
            // OBSERVED: an empty override expands the committed file.
            yaml: given.yaml_override.filter(|y| !y.trim().is_empty()),
            skip: given.stages_to_skip.unwrap_or_default(),
            parameters: given.template_parameters.unwrap_or_default(),
            variables: variables.into_iter().map(|(name, v)| (name, v.keep(None))).collect(),
            ..Ask::default()
        };
        Ok(Asked {
            project: request.project()?.to_owned(),
            id: request.value("pipelineId").to_owned(),
            revision: request.query.parsed("pipelineVersion")?,
            preview: given.preview_run.unwrap_or(false),
            ask,
        })
    }
}

/// Preview_Preview: the expanded YAML; nothing is queued.
pub struct Preview;

impl Work for Preview {
    const NAME: &'static str = "Preview_Preview";
    type Input = Asked;
    async fn run(tenant: &Tenant, input: Asked) -> Result<Reply> {
        let look = tenant.read(|store, _| {
            let project = store.project(&input.project)?;
            let unknown = || Error::PipelineUnknown { id: input.id.clone(), preview: true };
            let definition = store.revision(&project, &input.id, input.revision).ok_or_else(unknown)?;
            Ok::<_, Error>(Look::at(store, project, definition, &input.ask))
        })?;
        match expanded(tenant, &look, &input.ask).await? {
            Ok(made) => {
                // OBSERVED: an environment that is not there; a run makes it.
                let pipeline = &made.expanded.pipeline;
                let messages =
                    tenant.read(|store, _| checks::known_environments(store, &look.project, pipeline));
                if !messages.is_empty() {
                    return Err(Error::PipelineInvalid { messages });
                }
                Ok(Reply::One(json!({ "finalYaml": made.expanded.final_yaml })))
            }
            Err(messages) => Err(Error::PipelineInvalid { messages }),
        }
    }
}

/// Runs_RunPipeline.
pub struct RunPipeline;

impl Work for RunPipeline {
    const NAME: &'static str = "Runs_RunPipeline";
    type Input = Asked;
    async fn run(tenant: &Tenant, input: Asked) -> Result<Reply> {
        if input.preview {
            return Preview::run(tenant, input).await;
        }
        let Asked { project, id, revision, ask, .. } = input;
        let find = |store: &AzureDevOpsStore| {
            let project = store.project(&project)?;
            let unknown = || Error::PipelineUnknown { id: id.clone(), preview: false };
            let current = store.definition(&project, &id).ok_or_else(unknown)?;
            let wanted = store.revision(&project, &id, revision).ok_or_else(unknown)?;
            // An earlier revision runs only while the definition does.
            let definition = Definition { queue_status: current.queue_status, ..(**wanted).clone() };
            Ok((project, Arc::new(definition)))
        };
        start(tenant, find, ask, |messages| Error::PipelineInvalid { messages }, |shown| shown.as_run()).await
    }
}

/// Looks, expands, and queues if what was looked at is still so; shows the run as it was queued.
pub async fn start(
    tenant: &Tenant,
    find: impl Fn(&AzureDevOpsStore) -> Result<(Arc<Project>, Arc<Definition>)>,
    ask: Ask,
    refused: fn(Vec<String>) -> Error,
    show: fn(&Shown<'_>) -> Value,
) -> Result<Reply> {
    for _ in 0..ATTEMPTS {
        let look = |store: &AzureDevOpsStore| -> Result<Look> {
            let (project, definition) = find(store)?;
            may_run(&project, &definition, &ask).map_err(refused)?;
            Ok(Look::at(store, project, &definition, &ask))
        };
        let before = tenant.read(|store, _| look(store))?;
        let made = expanded(tenant, &before, &ask).await?.map_err(refused)?;
        let expanded = &made.expanded;
        let known =
            |s: &String| expanded.pipeline.stages.iter().any(|stage| stage.name.eq_ignore_ascii_case(s));
        if let Some(unknown) = ask.skip.iter().find(|s| !known(s)) {
            // CHOICE: the text.
            return Err(refused(vec![format!("The pipeline has no stage {unknown} that could be skipped.")]));
        }
        let done = tenant.write(|store, tx| {
            let now = look(store)?;
            if !now.is_still(&before) || !made.is_still(store) {
                return Err(Error::Contended);
            }
            let build = queue(store, &now, &ask, &made, Cause::Call, tx);
            let (project, definition, links) = (&now.project, &now.definition, Links::of(store, tx.call()));
            Ok(Reply::One(show(&Shown { store, project, definition, build: &build, links: &links })))
        });
        match done {
            Err(Error::Contended) => continue,
            other => return other,
        }
    }
    Err(Error::Contended)
}
