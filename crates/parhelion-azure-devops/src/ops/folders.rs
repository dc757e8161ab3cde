//! Folders of definitions. A folder is there when it was made, when a definition stands in it, or when a folder below
//! it is there; the root always is.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/folders

use crate::{
    domain::definitions::folder,
    error::{Error, Result},
    operations::Input,
    show::{Links, identity, project as projects, time, without_nulls},
    store::{AzureDevOpsStore, Folder, Project},
    wire::{reply::Reply, request::ApiRequest, words},
};
use parhelion_core::{Event, Timestamp, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Folders that are made in a project at most.
// CHOICE: the service's own bound is not documented.
const MAX_FOLDERS: usize = 1_000;
/// Characters of a folder's path at most.
const MAX_CHARS: usize = 400;

const ROOT: &str = "\\";

/// A project and a folder's path.
pub struct Key {
    project: String,
    path: String,
}

impl Input for Key {
    fn read(request: &ApiRequest) -> Result<Self> {
        let path = folder(request.value_or_query("path"));
        Ok(Key { project: request.project()?.to_owned(), path })
    }
}

/// Whether a path is that folder or below it; paths are compared ignoring case.
fn is_in(path: &str, folder: &str) -> bool {
    let (path, folder) = (path.to_lowercase(), folder.to_lowercase());
    let below = path.strip_prefix(folder.trim_end_matches('\\'));
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
}

/// All folders of a project by their path in lower case; those that nobody made have no description.
fn all(store: &AzureDevOpsStore, project: &Project) -> BTreeMap<String, Folder> {
    let implied = |path: &str, at: Timestamp| Folder {
        path: path.to_owned(),
        description: String::new(),
        created: at,
        changed: at,
    };
    let mut all = project.folders.clone();
    let made = project.folders.values().map(|f| (f.path.clone(), f.created));
    let used =
        store.definitions.values().filter(|d| d.project == project.id).map(|d| (d.path.clone(), d.created));
    for (path, at) in made.chain(used).collect::<Vec<_>>() {
        let mut rest = path.as_str();
        while !rest.is_empty() {
            all.entry(rest.to_lowercase()).or_insert_with(|| implied(rest, at));
            rest = rest.rsplit_once('\\').map_or("", |(above, _)| above);
        }
    }
    all.entry(ROOT.to_owned()).or_insert_with(|| implied(ROOT, project.updated));
    all
}

fn show(store: &AzureDevOpsStore, project: &Project, folder: &Folder, links: &Links) -> Value {
    without_nulls(json!({
        "path": folder.path,
        "description": (!folder.description.is_empty()).then_some(&folder.description),
        "createdBy": identity(&store.user(), links),
        "createdOn": time(folder.created),
        "lastChangedBy": (folder.changed > folder.created).then(|| identity(&store.user(), links)),
        "lastChangedDate": (folder.changed > folder.created).then(|| time(folder.changed)),
        "project": projects::reference(project, links),
    }))
}

/// What a list is asked for.
pub struct Wanted {
    key: Key,
    descending: bool,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let order = words::FOLDER_ORDER.parameter("queryOrder", request.query.get("queryOrder"))?;
        Ok(Wanted { key: Key::read(request)?, descending: order == Some("folderDescending") })
    }
}

/// Folders_List: the folder that is asked for with those below it; by path.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Folders_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.key.project)?;
        let links = Links::of(store, view.call);
        let all = all(store, &project);
        let found = all.values().filter(|f| is_in(&f.path, &wanted.key.path));
        let mut items: Vec<Value> = found.map(|f| show(store, &project, f, &links)).collect();
        if wanted.descending {
            items.reverse();
        }
        Ok(Reply::list(items))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    path: Option<String>,
    description: Option<String>,
}

/// A folder and what a caller gives of it.
pub struct Changed {
    key: Key,
    given: Given,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Changed { key: Key::read(request)?, given: request.json()? })
    }
}

/// A path at which a folder may be made.
// Docs: the characters. CHOICE: the texts.
fn valid(path: &str) -> Result<()> {
    if path == ROOT {
        return Err(Error::invalid("The root folder is there always, and stays as it is."));
    }
    if path.chars().count() > MAX_CHARS {
        return Err(Error::invalid(format!("The folder's path is longer than {MAX_CHARS} characters.")));
    }
    if path.contains(|c: char| c.is_control() || "\":<>|?*".contains(c)) {
        return Err(Error::invalid("The folder's path holds a character that no folder's name may hold."));
    }
    Ok(())
}

fn description(given: Option<String>) -> Result<Option<String>> {
    match given {
        Some(text) if text.chars().count() > 1_024 => {
            Err(Error::invalid("The folder's description is longer than 1024 characters."))
        }
        other => Ok(other),
    }
}

fn event(project: Uuid, fact: String) -> Event {
    Event::new("project.changed", format!("project:{project}")).fact(fact).verdict(Verdict::Ok)
}

/// Folders_Create: those above it come with it.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "Folders_Create";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.key.project)?;
        let path = match input.key.path.as_str() {
            ROOT => folder(&input.given.path.unwrap_or_default()),
            path => path.to_owned(),
        };
        valid(&path)?;
        if all(store, &project).contains_key(&path.to_lowercase()) {
            return Err(Error::FolderExists { path });
        }
        if project.folders.len() >= MAX_FOLDERS {
            return Err(Error::invalid(format!("The project has {MAX_FOLDERS} folders already.")));
        }
        let description = description(input.given.description)?.unwrap_or_default();
        let made = Folder { path: path.clone(), description, created: tx.now(), changed: tx.now() };
        store.projects.edit(&project.id, |p| p.folders.insert(path.to_lowercase(), made.clone()));
        tx.emit(event(project.id, format!("folder {path} was made")));
        Ok(Reply::One(show(store, &project, &made, &Links::of(store, tx.call()))))
    }
}

/// Folders_Update: its description; with another path in the body it moves with everything in it.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "Folders_Update";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.key.project)?;
        let old = input.key.path;
        valid(&old)?;
        let existing = all(store, &project);
        let before =
            existing.get(&old.to_lowercase()).cloned().ok_or(Error::FolderUnknown { path: old.clone() })?;
        let new = input.given.path.map_or_else(|| before.path.clone(), |p| folder(&p));
        valid(&new)?;
        let moves = new.to_lowercase() != before.path.to_lowercase();
        if moves && (existing.contains_key(&new.to_lowercase()) || is_in(&new, &old)) {
            return Err(Error::FolderExists { path: new });
        }
        let description = description(input.given.description)?.unwrap_or(before.description);
        let now = tx.now();
        let renamed = |path: &str| format!("{new}{}", path.get(old.len()..).unwrap_or_default());
        let inside = store.definitions.values().filter(|d| d.project == project.id && is_in(&d.path, &old));
        for id in inside.map(|d| d.id).collect::<Vec<_>>() {
            store.definitions.edit(&id, |d| d.path = renamed(&d.path));
        }
        let changed = Folder { path: new.clone(), description, created: before.created, changed: now };
        store.projects.edit(&project.id, |p| {
            let (moved, rest): (Vec<Folder>, Vec<Folder>) =
                std::mem::take(&mut p.folders).into_values().partition(|f| is_in(&f.path, &old));
            let moved = moved.into_iter().map(|f| Folder { path: renamed(&f.path), ..f });
            p.folders = rest.into_iter().chain(moved).map(|f| (f.path.to_lowercase(), f)).collect();
            p.folders.insert(new.to_lowercase(), changed.clone());
        });
        let fact = if moves {
            format!("folder {old} was moved to {new}")
        } else {
            format!("folder {old} was changed")
        };
        tx.emit(event(project.id, fact));
        Ok(Reply::One(show(store, &project, &changed, &Links::of(store, tx.call()))))
    }
}

/// Folders_Delete: the folder with all below it, definitions and their builds included.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Folders_Delete";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, key: Key, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&key.project)?;
        valid(&key.path)?;
        if !all(store, &project).contains_key(&key.path.to_lowercase()) {
            return Err(Error::FolderUnknown { path: key.path });
        }
        let inside =
            store.definitions.values().filter(|d| d.project == project.id && is_in(&d.path, &key.path));
        let inside: Vec<u32> = inside.map(|d| d.id).collect();
        let retained = |id: u32| {
            let kept = |b: &&std::sync::Arc<crate::store::Build>| b.keep_forever || b.retained_by_release;
            store.builds.values().filter(|b| b.definition == id).any(|b| kept(&b))
        };
        if inside.iter().any(|id| retained(*id)) {
            return Err(Error::DefinitionRetained);
        }
        let count = inside.len();
        for id in inside {
            store.delete_definition(id);
        }
        store.projects.edit(&project.id, |p| p.folders.retain(|_, f| !is_in(&f.path, &key.path)));
        tx.emit(event(project.id, format!("folder {} was deleted with {count} definitions", key.path)));
        Ok(Reply::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_folder() {
        for (path, folder) in [("\\a", "\\A"), ("\\a\\b", "\\a"), ("\\a", ROOT), (ROOT, ROOT)] {
            assert!(is_in(path, folder), "{path} {folder}");
        }
        for (path, folder) in [("\\ab", "\\a"), (ROOT, "\\a"), ("\\a", "\\a\\b")] {
            assert!(!is_in(path, folder), "{path} {folder}");
        }
    }
}
