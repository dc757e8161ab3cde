//! What a service endpoint must be to be kept.

use crate::{
    error::{Error, Result},
    store::{AzureDevOpsStore, Endpoint, Share, is_secret},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// An endpoint as a caller gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Given {
    /// Only looked at when many are updated at once.
    pub id: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    url: Option<String>,
    description: Option<String>,
    owner: Option<String>,
    authorization: Option<Authorization>,
    data: Option<BTreeMap<String, Option<String>>>,
    service_endpoint_project_references: Option<Vec<Reference>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Authorization {
    scheme: Option<String>,
    parameters: Option<BTreeMap<String, Option<String>>>,
}

/// A project that an endpoint stands in, as a caller gives it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Reference {
    project_reference: Option<ProjectReference>,
    name: Option<String>,
    description: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ProjectReference {
    id: Option<String>,
    name: Option<String>,
}

impl Reference {
    /// The place it means; name and description default to those given.
    fn share(&self, store: &AzureDevOpsStore, name: &str, description: &str) -> Result<Share> {
        let named = self.project_reference.as_ref();
        let text = |t: &Option<String>| t.clone().filter(|t| !t.is_empty());
        let project = named.and_then(|p| text(&p.id).or_else(|| text(&p.name)));
        let project = project.ok_or_else(|| {
            Error::invalid(
                "A serviceEndpointProjectReference names no project by projectReference.id or .name.",
            )
        })?;
        let name = text(&self.name).unwrap_or_else(|| name.to_owned());
        if name.trim().is_empty() {
            return Err(Error::invalid("The name of a service connection must not be empty."));
        }
        Ok(Share {
            project: store.project(&project)?.id,
            name,
            description: text(&self.description).unwrap_or_else(|| description.to_owned()),
        })
    }
}

/// The endpoint that a caller's words make: `before` is what they replace, `implied` the project of the path.
///
/// # Errors
/// When a member is missing, a project unknown, or a name taken in one of the projects.
pub fn build(
    store: &AzureDevOpsStore,
    given: Given,
    id: Uuid,
    before: Option<&Endpoint>,
    implied: Option<Uuid>,
    now: parhelion_core::Timestamp,
) -> Result<Endpoint> {
    let name = given.name.unwrap_or_default().trim().to_owned();
    let description = given.description.unwrap_or_default();
    let kind = given.kind.filter(|k| !k.trim().is_empty());
    let kind = kind.or_else(|| before.map(|b| b.kind.clone()));
    let kind = kind.ok_or_else(|| Error::invalid("The type of the service connection is missing."))?;
    let references = given.service_endpoint_project_references.unwrap_or_default();
    let mut shares: Vec<Share> = Vec::new();
    for reference in &references {
        let share = reference.share(store, &name, &description)?;
        if !shares.iter().any(|s| s.project == share.project) {
            shares.push(share);
        }
    }
    if shares.is_empty() {
        match (implied, before) {
            (Some(project), _) if !name.is_empty() => {
                shares.push(Share { project, name: name.clone(), description })
            }
            (_, Some(before)) => shares = before.shares.clone(),
            (Some(_), None) => {
                return Err(Error::invalid("The name of a service connection must not be empty."));
            }
            (None, None) => {
                return Err(Error::invalid(
                    "The service connection needs at least one entry in serviceEndpointProjectReferences.",
                ));
            }
        }
    }
    for share in &shares {
        require_free_name(store, share, id)?;
    }
    let authorization = given.authorization.unwrap_or_default();
    let mut parameters = BTreeMap::new();
    for (name, value) in authorization.parameters.unwrap_or_default() {
        // Docs: a secret that comes back as null means "keep it", for that is how it was shown.
        let kept = before.filter(|_| is_secret(&name)).map(|b| b.parameter(&name).to_owned());
        if let Some(value) = value.or(kept) {
            parameters.insert(name, value);
        }
    }
    let endpoint = Endpoint {
        id,
        kind,
        url: given.url.or_else(|| before.map(|b| b.url.clone())).unwrap_or_default(),
        owner: given.owner.filter(|o| !o.is_empty()).unwrap_or_else(|| "library".to_owned()),
        scheme: authorization.scheme.or_else(|| before.map(|b| b.scheme.clone())).unwrap_or_default(),
        parameters,
        data: given.data.unwrap_or_default().into_iter().filter_map(|(k, v)| Some((k, v?))).collect(),
        shares,
        created: before.map_or(now, |b| b.created),
    };
    if endpoint.is_webhook() {
        valid_webhook_name(endpoint.parameter("webhookname"))?;
    }
    Ok(endpoint)
}

/// A further place of an endpoint.
///
/// # Errors
/// When the project is unknown or the name taken there.
pub fn further(store: &AzureDevOpsStore, reference: &Reference, endpoint: &Endpoint) -> Result<Share> {
    let first = endpoint.shares.first();
    let (name, description) = first.map_or(("", ""), |s| (s.name.as_str(), s.description.as_str()));
    let share = reference.share(store, name, description)?;
    require_free_name(store, &share, endpoint.id)?;
    Ok(share)
}

fn require_free_name(store: &AzureDevOpsStore, share: &Share, own: Uuid) -> Result<()> {
    let wanted = share.name.to_lowercase();
    let taken = store
        .endpoints
        .values()
        .any(|e| e.id != own && e.share(share.project).is_some_and(|s| s.name.to_lowercase() == wanted));
    if taken { Err(Error::EndpointExists { name: share.name.clone() }) } else { Ok(()) }
}

/// The name in the webhook's URL.
// CHOICE: the characters that the alias may have; the service's own rule is not documented.
fn valid_webhook_name(name: &str) -> Result<()> {
    let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if good {
        return Ok(());
    }
    Err(Error::invalid(
        "The authorization parameter webhookname of an incoming webhook is required: letters, digits, - and _ only.",
    ))
}
