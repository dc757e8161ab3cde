//! Artifacts of builds. Nothing is executed, so those that steps publish have no content; others are where their makers
//! say.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/artifacts

use super::{Found, Key};
use crate::{
    error::{Error, Result},
    operations::{Input, Work},
    show::Links,
    store::{Artifact, AzureDevOpsStore},
    tenant::Tenant,
    wire::{archive, reply::Reply, request::ApiRequest},
};
use parhelion_core::Event;
use parhelion_state::{Operation, Tx};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Artifacts of a build at most.
// CHOICE: the service's own bound is not documented.
const MAX_ARTIFACTS: usize = 1_000;

/// A build, and perhaps an artifact and a file of it.
pub struct Wanted {
    key: Key,
    name: Option<String>,
    zip: bool,
    file: Option<String>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let name = request.value_or_query("artifactName");
        Ok(Wanted {
            key: Key::read(request)?,
            name: (!name.is_empty()).then(|| name.to_owned()),
            zip: request.wants_zip(),
            file: request.query.get("fileId").map(str::to_owned),
        })
    }
}

/// Artifacts_List, Artifacts_GetArtifact: with `artifactName` one of them, or its content as an archive.
pub struct List;

impl Work for List {
    const NAME: &'static str = "Artifacts_List";
    type Input = Wanted;
    async fn run(tenant: &Tenant, input: Wanted) -> Result<Reply> {
        let (found, links) = tenant
            .read(|store, view| Ok::<_, Error>((input.key.find(store)?, Links::of(store, view.call))))?;
        let Found { build, .. } = &found;
        let show =
            |artifact: &Artifact| tenant.read(|store, _| found.shown(store, &links).artifact(artifact));
        let Some(name) = &input.name else {
            return Ok(Reply::list(build.artifacts.iter().map(show).collect()));
        };
        let unknown =
            |name: &str| Error::ArtifactUnknown { build: build.id, name: name.chars().take(80).collect() };
        let one = build.artifacts.iter().find(|a| a.name.eq_ignore_ascii_case(name));
        let one = one.ok_or_else(|| unknown(name))?;
        if let Some(file) = &input.file {
            return Err(unknown(&format!("{name}, file {file}")));
        }
        if input.zip {
            // CHOICE: an archive with nothing but the artifact's folder.
            return archive::of_files(one.name.clone(), vec![(format!("{}/", one.name), String::new())])
                .await;
        }
        Ok(Reply::One(show(one)))
    }
}

/// An artifact as a caller gives it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    name: Option<String>,
    source: Option<String>,
    resource: Option<Resource>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<String>,
    properties: Option<BTreeMap<String, Option<String>>>,
}

/// A build and an artifact for it.
pub struct New {
    key: Key,
    artifact: Artifact,
}

impl Input for New {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Given = request.json()?;
        let resource = given.resource.unwrap_or_default();
        let name = given.name.unwrap_or_default().trim().to_owned();
        // CHOICE: the bounds.
        let too_long = |text: &str, max: usize| text.chars().count() > max;
        if name.is_empty()
            || too_long(&name, 256)
            || name.contains(|c: char| c.is_control() || "\\/:*?\"<>|".contains(c))
        {
            return Err(Error::invalid(
                "The artifact's name is missing, too long, or holds a character that no file's name may hold.",
            ));
        }
        let kind = resource.kind.filter(|k| !k.trim().is_empty() && !too_long(k, 64));
        let kind = kind.ok_or_else(|| Error::invalid("The type of the artifact's resource is missing."))?;
        let properties = resource.properties.unwrap_or_default();
        let properties: BTreeMap<_, _> = properties.into_iter().filter_map(|(k, v)| Some((k, v?))).collect();
        let artifact = Artifact {
            id: 0,
            name,
            source: given.source.filter(|s| !s.is_empty()),
            kind,
            data: resource.data.unwrap_or_default(),
            properties,
        };
        if artifact.weight() > 16 * 1024 {
            return Err(Error::invalid("The artifact's members are longer than 16 KiB in all."));
        }
        Ok(New { key: Key::read(request)?, artifact })
    }
}

/// Artifacts_Create: what an agent does, or a tool that keeps its files elsewhere.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "Artifacts_Create";
    type Store = AzureDevOpsStore;
    type Input = New;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: New, tx: &mut Tx<'_>) -> Result<Reply> {
        let mut found = input.key.find(store)?;
        let (id, name) = (found.build.id, input.artifact.name.clone());
        if found.build.artifacts.iter().any(|a| a.name.eq_ignore_ascii_case(&name)) {
            return Err(Error::ArtifactExists { build: id, name });
        }
        if found.build.artifacts.len() >= MAX_ARTIFACTS {
            return Err(Error::invalid(format!("The build has {MAX_ARTIFACTS} artifacts already.")));
        }
        let now = tx.now();
        let number = u32::try_from(found.build.artifacts.len() + 1).unwrap_or(u32::MAX);
        let artifact = Artifact { id: number, ..input.artifact };
        store.edit_build(id, |b| {
            b.artifacts.push(artifact.clone());
            b.changed = now;
        });
        tx.emit(Event::new("run.changed", format!("run:{id}")).fact(format!("artifact {name} was added")));
        found = input.key.find(store)?;
        Ok(Reply::One(found.shown(store, &Links::of(store, tx.call())).artifact(&artifact)))
    }
}
