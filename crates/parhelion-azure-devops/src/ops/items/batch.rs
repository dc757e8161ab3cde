//! Many items at once.

use super::{MAX_ENTRIES, Show, clean, recursion, resolve};
use crate::{
    domain::refs::Version,
    error::{Error, Result},
    operations::{Input, Work},
    ops::repositories::One,
    show::Links,
    tenant::{Tenant, unavailable},
    wire::{reply::Reply, request::ApiRequest},
};
use serde::Deserialize;
use serde_json::Value;

/// Descriptors of one call.
// CHOICE: the service's own bound is not documented.
const MAX_DESCRIPTORS: usize = 1_000;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    item_descriptors: Vec<GivenDescriptor>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GivenDescriptor {
    path: Option<String>,
    recursion_level: Option<Value>,
    version: Option<String>,
    version_type: Option<Value>,
}

/// An item, and how much of what is in it.
struct Descriptor {
    path: String,
    version: Version,
    full: Option<bool>,
}

/// A repository and what is asked of it.
pub struct Asked {
    repository: One,
    wanted: Vec<Descriptor>,
}

/// A name, or the number that stands for it.
fn word(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Given = request.json()?;
        if given.item_descriptors.is_empty() || given.item_descriptors.len() > MAX_DESCRIPTORS {
            return Err(Error::invalid(format!("itemDescriptors holds 1 to {MAX_DESCRIPTORS} items.")));
        }
        let wanted = given.item_descriptors.into_iter().map(|one| {
            let kind = word(one.version_type);
            Ok(Descriptor {
                path: clean(one.path.as_deref().unwrap_or("/")),
                version: Version::read(kind.as_deref(), one.version.as_deref().filter(|v| !v.is_empty()))?,
                full: recursion(&word(one.recursion_level).unwrap_or_else(|| "none".to_owned()))?,
            })
        });
        Ok(Asked { repository: One::read(request)?, wanted: wanted.collect::<Result<_>>()? })
    }
}

/// Items_GetItemsBatch: a list for each item that is asked for, of itself and of what is in it.
pub struct Batch;

impl Work for Batch {
    const NAME: &'static str = "Items_GetItemsBatch";
    type Input = Asked;
    async fn run(tenant: &Tenant, input: Asked) -> Result<Reply> {
        let (repository, links) = tenant.read(|store, _| {
            Ok::<_, Error>((input.repository.find(store)?, Links::of(store, &tenant.call)))
        })?;
        let (mut lists, mut entries) = (Vec::new(), 0);
        for one in &input.wanted {
            let commit = resolve(tenant, &repository, &one.version).await?;
            let show = Show { repository: &repository, commit, links: &links };
            let list = match show.below(tenant, &one.path, one.full.unwrap_or(false)).await? {
                Some(mut items) => {
                    items.truncate(if one.full.is_none() { 1 } else { MAX_ENTRIES });
                    items
                }
                None => {
                    let file = tenant.git.file(commit, &one.path).await.map_err(unavailable)?;
                    let file = file.ok_or_else(|| Error::ItemUnknown {
                        path: format!("/{}", one.path),
                        repository: repository.name.clone(),
                        version: one.version.shown(&repository),
                    })?;
                    vec![show.item(&one.path, file.id, "blob", false)]
                }
            };
            entries += list.len();
            if entries > MAX_ENTRIES {
                return Err(Error::invalid(format!("One call tells at most {MAX_ENTRIES} items.")));
            }
            lists.push(Value::Array(list));
        }
        Ok(Reply::list(lists))
    }
}
