//! Creating, updating, deleting. What a definition's YAML says about webhooks is read before the definition is
//! written, and the write checks that it is still what the branch holds.

use crate::{
    domain::{
        definitions::{Given, build},
        source::{self, Place},
    },
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, definition as show},
    store::{AzureDevOpsStore, Build, Definition, Project},
    tenant::{ATTEMPTS, Tenant},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Timestamp};
use parhelion_state::{Operation, Tx};
use std::sync::Arc;

/// A project and a definition for it.
pub struct New {
    /// The project, by name or id.
    pub project: String,
    /// The definition.
    pub given: Given,
}

impl Input for New {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(New { project: request.project()?.to_owned(), given: request.json()? })
    }
}

/// Definitions_Create.
pub struct Create;

impl Work for Create {
    const NAME: &'static str = "Definitions_Create";
    type Input = New;
    async fn run(tenant: &Tenant, input: New) -> Result<Reply> {
        create(tenant, input, show::whole).await
    }
}

/// How a definition is shown.
pub type Show = fn(&AzureDevOpsStore, &Definition, &Project, &Links) -> serde_json::Value;

/// Makes a definition, and shows it as asked.
pub async fn create(tenant: &Tenant, input: New, show: Show) -> Result<Reply> {
    let draft = |store: &AzureDevOpsStore, now| {
        let project = store.project(&input.project)?;
        let definition = build(store, &project, input.given.clone(), None, now)?;
        Ok((project, definition))
    };
    save(tenant, draft, |store, project, mut definition, tx| {
        definition.id = u32::try_from(tx.number("definition")).unwrap_or(u32::MAX);
        tx.emit(
            Event::new("pipeline.created", format!("pipeline:{}", definition.id))
                .fact(format!("pipeline {} was created", definition.name))
                .with("webhooks", aliases(&definition)),
        );
        store.definitions.put(definition.id, definition.clone());
        Reply::One(show(store, &definition, &project, &Links::of(store, tx.call())))
    })
    .await
}

fn aliases(definition: &Definition) -> Vec<String> {
    definition.registered.webhooks.iter().map(|w| w.alias.clone()).collect()
}

/// Draft, read its YAML, and put it in place if draft and branch are still the same.
async fn save(
    tenant: &Tenant,
    draft: impl Fn(&AzureDevOpsStore, Timestamp) -> Result<(Arc<Project>, Definition)>,
    put: impl Fn(&mut AzureDevOpsStore, Arc<Project>, Definition, &mut Tx<'_>) -> Reply,
) -> Result<Reply> {
    for _ in 0..ATTEMPTS {
        let look = |store: &AzureDevOpsStore, now| -> Result<(Arc<Project>, Definition, Place)> {
            let (project, definition) = draft(store, now)?;
            let place = source::place(store, &definition, None);
            Ok((project, definition, place))
        };
        let (store, (_, definition, place)) =
            tenant.read(|store, view| Ok::<_, Error>((store.clone(), look(store, view.now)?)))?;
        let registered = source::registered(tenant, store, &definition, &place).await?;
        let done = tenant.write(|store, tx| {
            let (project, mut definition, now_at) = look(store, tx.now())?;
            if now_at != place || !registered.others.iter().all(|other| other.is_still(store)) {
                return Err(Error::Contended);
            }
            definition.registered = registered;
            Ok(put(store, project, definition, tx))
        });
        match done {
            Err(Error::Contended) => continue,
            other => return other,
        }
    }
    Err(Error::Contended)
}

/// A definition and its new form.
pub struct Changed {
    project: String,
    id: String,
    given: Given,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        let id = request.value("definitionId").to_owned();
        Ok(Changed { project: request.project()?.to_owned(), id, given: request.json()? })
    }
}

/// Definitions_Update: replaces the definition; it must name the revision that it replaces.
pub struct Update;

impl Work for Update {
    const NAME: &'static str = "Definitions_Update";
    type Input = Changed;
    async fn run(tenant: &Tenant, input: Changed) -> Result<Reply> {
        let draft = |store: &AzureDevOpsStore, now| {
            let project = store.project(&input.project)?;
            let found = store.definition(&project, &input.id);
            let before = found.ok_or_else(|| Error::DefinitionUnknown { id: input.id.clone() })?;
            let given = input.given.revision.unwrap_or(0);
            // Docs: the revision sent must be the current one.
            if given != before.revision {
                return Err(Error::DefinitionRevision { given, current: before.revision });
            }
            let definition = build(store, &project, input.given.clone(), Some(before), now)?;
            Ok((project, definition))
        };
        save(tenant, draft, |store, project, definition, tx| {
            store.keep_revision(definition.id);
            tx.emit(
                Event::new("pipeline.changed", format!("pipeline:{}", definition.id))
                    .fact(format!(
                        "pipeline {} was saved as revision {}",
                        definition.name, definition.revision
                    ))
                    .with("webhooks", aliases(&definition)),
            );
            store.definitions.put(definition.id, definition.clone());
            Reply::One(show::whole(store, &definition, &project, &Links::of(store, tx.call())))
        })
        .await
    }
}

/// Definitions_RestoreDefinition: brings back what was deleted, as a new revision, without its builds.
pub struct Restore;

/// A deleted definition.
pub struct Deleted(One);

impl Input for Deleted {
    fn read(request: &ApiRequest) -> Result<Self> {
        match request.query.get("deleted") {
            Some(word) if word.eq_ignore_ascii_case("false") => One::read(request).map(Deleted),
            // Docs: only `false` has a meaning.
            _ => Err(Error::invalid(
                "The query parameter deleted must be false: that restores the definition.",
            )),
        }
    }
}

impl Work for Restore {
    const NAME: &'static str = "Definitions_RestoreDefinition";
    type Input = Deleted;
    async fn run(tenant: &Tenant, Deleted(input): Deleted) -> Result<Reply> {
        let draft = |store: &AzureDevOpsStore, now| {
            let project = store.project(&input.project)?;
            let id = input.id.parse().ok();
            let found = id.and_then(|id: u32| store.deleted_definitions.get(&id));
            let before = found.filter(|d| d.project == project.id);
            let before = before.ok_or_else(|| Error::DefinitionUnknown { id: input.id.clone() })?;
            let same = |d: &Definition| {
                d.project == project.id
                    && d.name.to_lowercase() == before.name.to_lowercase()
                    && d.path.to_lowercase() == before.path.to_lowercase()
            };
            if store.definitions.values().any(|d| same(d)) {
                let (name, path) = (before.name.clone(), before.path.clone());
                return Err(Error::DefinitionExists { name, path });
            }
            let revision = before.revision.saturating_add(1);
            Ok((project, Definition { revision, created: now, ..(**before).clone() }))
        };
        save(tenant, draft, |store, project, definition, tx| {
            store.deleted_definitions.remove(&definition.id);
            tx.emit(
                Event::new("pipeline.changed", format!("pipeline:{}", definition.id))
                    .fact(format!("pipeline {} was restored, without its runs", definition.name))
                    .with("webhooks", aliases(&definition)),
            );
            store.definitions.put(definition.id, definition.clone());
            Reply::One(show::whole(store, &definition, &project, &Links::of(store, tx.call())))
        })
        .await
    }
}

/// A definition of a project.
pub struct One {
    project: String,
    id: String,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(One { project: request.project()?.to_owned(), id: request.value("definitionId").to_owned() })
    }
}

/// Definitions_Delete: the definition with its builds.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Definitions_Delete";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: One, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let found = store.definition(&project, &input.id).map(|d| (d.id, d.name.clone()));
        let (id, name) = found.ok_or(Error::DefinitionUnknown { id: input.id })?;
        let kept = |b: &Build| b.definition == id && (b.keep_forever || b.retained_by_release);
        if store.builds.values().any(|b| kept(b)) {
            return Err(Error::DefinitionRetained);
        }
        store.delete_definition(id);
        tx.emit(
            Event::new("pipeline.deleted", format!("pipeline:{id}"))
                .fact(format!("pipeline {name} was deleted with its runs")),
        );
        Ok(Reply::Nothing)
    }
}
