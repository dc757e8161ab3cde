//! Items: files and folders of a repository.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/items

mod batch;

pub use batch::Batch;

use super::repositories::One;
use crate::{
    domain::{contents, refs::Version},
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, git, segment, without_nulls},
    store::Repository,
    tenant::{Tenant, unavailable},
    wire::{archive, reply::Reply, request::ApiRequest},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use parhelion_git::{EntryKind, ObjectId, TreeEntry};
use serde_json::{Value, json};

/// Entries that one answer lists.
const MAX_ENTRIES: usize = 100_000;

/// What of an item is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
    Bytes,
    Zip,
    /// The client does not say: a file's text, a folder's description.
    Any,
}

/// A repository, a version and a path.
pub struct Asked {
    repository: One,
    version: Version,
    path: String,
    /// Whether a list is asked for, and how deep.
    list: Option<bool>,
    form: Form,
    content: bool,
    download: bool,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        let either = |long: &str, short: &str| q.get(long).or_else(|| q.get(short)).map(str::to_owned);
        let kind = either("versionDescriptor.versionType", "versionType");
        let name = either("versionDescriptor.version", "version");
        let in_path = Some(request.value("path")).filter(|p| !p.is_empty());
        let path = q.get("path").or(in_path);
        let full = recursion(q.get("recursionLevel").unwrap_or("none"))?;
        let form = match q.get("$format").map(str::to_ascii_lowercase).as_deref() {
            Some("json") => Form::Json,
            Some("text") => Form::Text,
            Some("octetstream") => Form::Bytes,
            Some("zip") => Form::Zip,
            _ if request.accepts("application/json") => Form::Json,
            _ if request.accepts("text/plain") => Form::Text,
            _ if request.accepts("application/octet-stream") => Form::Bytes,
            _ if request.accepts("application/zip") => Form::Zip,
            _ => Form::Any,
        };
        let list = match (path, full) {
            (Some(_), None) => None,
            (None, None) => Some(false),
            (_, Some(full)) => Some(full),
        };
        Ok(Asked {
            repository: One::read(request)?,
            version: Version::read(kind.as_deref(), name.as_deref())?,
            path: clean(path.or_else(|| q.get("scopePath")).unwrap_or("/")),
            list,
            form,
            content: q.flag("includeContent"),
            download: q.flag("download"),
        })
    }
}

/// How deep a list goes; `None`: it is none.
fn recursion(level: &str) -> Result<Option<bool>> {
    match level.to_ascii_lowercase().as_str() {
        "none" | "0" => Ok(None),
        "onelevel" | "1" | "onelevelplusnestedemptyfolders" | "4" => Ok(Some(false)),
        "full" | "120" => Ok(Some(true)),
        _ => Err(Error::invalid("The recursionLevel is none of none, oneLevel, full.")),
    }
}

/// A path as a client writes it, from the root, without a slash at either end.
fn clean(path: &str) -> String {
    path.replace('\\', "/").trim_matches('/').to_owned()
}

/// Items_Get: one item as JSON, text or bytes, or a list of them.
pub struct Get;

impl Work for Get {
    const NAME: &'static str = "Items_Get";
    type Input = Asked;
    async fn run(tenant: &Tenant, input: Asked) -> Result<Reply> {
        let (repository, links) = tenant.read(|store, _| {
            Ok::<_, Error>((input.repository.find(store)?, Links::of(store, &tenant.call)))
        })?;
        let commit = resolve(tenant, &repository, &input.version).await?;
        if input.form == Form::Zip {
            return zipped(tenant, &repository, commit, &input).await;
        }
        let show = Show { repository: &repository, commit, links: &links };
        let unknown = || Error::ItemUnknown {
            path: format!("/{}", input.path),
            repository: repository.name.clone(),
            version: input.version.shown(&repository),
        };
        // The path of a file: a list of one.
        if let Some(full) = input.list
            && let Some(items) = show.below(tenant, &input.path, full).await?
        {
            return Ok(Reply::list(items));
        }
        let file = tenant.git.file(commit, &input.path).await.map_err(unavailable)?;
        let Some(file) = file else {
            let entries = tenant.git.tree(commit, &input.path, false).await.map_err(unavailable)?;
            entries.ok_or_else(unknown)?;
            let own = folder(tenant, commit, &input.path).await?;
            return Ok(Reply::One(show.folder(&input.path, own)));
        };
        let name = input.path.rsplit('/').next().unwrap_or_default().to_owned();
        let file_name = input.download.then_some(name.clone());
        match input.form {
            Form::Json => {}
            // CHOICE: a client that asks for nothing in particular gets the file, unless it wants the content in JSON.
            Form::Any if input.content => {}
            Form::Any | Form::Text => {
                return Ok(Reply::Raw { media: "text/plain; charset=utf-8", body: file.content, file_name });
            }
            Form::Bytes | Form::Zip => {
                return Ok(Reply::Raw { media: "application/octet-stream", body: file.content, file_name });
            }
        }
        let text = std::str::from_utf8(&file.content);
        let content = input.content.then(|| match text {
            Ok(text) => text.to_owned(),
            Err(_) => BASE64_STANDARD.encode(&file.content),
        });
        let item = show.item(&input.path, file.id, "blob", false);
        let item = crate::show::with(item, content.map(|c| ("content", json!(c))));
        let metadata = without_nulls(json!({
            "encoding": text.is_ok().then_some(65001),
            "contentType": if text.is_ok() { "text/plain" } else { "application/octet-stream" },
            "fileName": name,
            "extension": name.rsplit_once('.').map(|(_, e)| e),
            "isBinary": text.is_err().then_some(true),
        }));
        let item = crate::show::with(item, [("contentMetadata", metadata)]);
        Ok(if input.list.is_some() { Reply::list(vec![item]) } else { Reply::One(item) })
    }
}

/// A file, or a folder with everything below it, as an archive.
// CHOICE: names in the archive begin with the folder's own; those of the root with nothing.
async fn zipped(tenant: &Tenant, repository: &Repository, commit: ObjectId, input: &Asked) -> Result<Reply> {
    let name = input.path.rsplit('/').next().filter(|n| !n.is_empty());
    if let Some(file) = tenant.git.file(commit, &input.path).await.map_err(unavailable)? {
        let name = name.unwrap_or_default().to_owned();
        return archive::of_files(name.clone(), vec![(name, file.content)]).await;
    }
    let files = contents::below(tenant, commit, &input.path).await?;
    let files = files.ok_or_else(|| Error::ItemUnknown {
        path: format!("/{}", input.path),
        repository: repository.name.clone(),
        version: input.version.shown(repository),
    })?;
    let prefix = name.map(|n| format!("{n}/")).unwrap_or_default();
    let files = files.into_iter().map(|(path, content)| (format!("{prefix}{path}"), content)).collect();
    archive::of_files(name.unwrap_or(&repository.name).to_owned(), files).await
}

/// The commit of a version; one given by its id must be the repository's.
pub async fn resolve(tenant: &Tenant, repository: &Repository, version: &Version) -> Result<ObjectId> {
    let found = version.resolve(repository)?;
    let unknown =
        || Error::Unresolvable { version: version.shown(repository), repository: repository.name.clone() };
    if matches!(version, Version::Commit(_))
        && !tenant.git.contains(&repository.as_refs(), found).await.map_err(unavailable)?
    {
        return Err(unknown());
    }
    tenant.git.peel(found).await.map_err(unavailable)?.ok_or_else(unknown)
}

/// The id of a folder's tree.
async fn folder(tenant: &Tenant, commit: ObjectId, path: &str) -> Result<Option<ObjectId>> {
    if path.is_empty() {
        return Ok(tenant.git.commit(commit).await.map_err(unavailable)?.map(|c| c.tree));
    }
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let entries = tenant.git.tree(commit, parent, false).await.map_err(unavailable)?.unwrap_or_default();
    Ok(entries.into_iter().find(|e| e.path == path).map(|e| e.id))
}

struct Show<'a> {
    repository: &'a Repository,
    commit: ObjectId,
    links: &'a Links,
}

impl Show<'_> {
    /// A folder and what is in it; `None` when there is no folder at that path.
    async fn below(&self, tenant: &Tenant, path: &str, full: bool) -> Result<Option<Vec<Value>>> {
        let entries = tenant.git.tree(self.commit, path, full).await.map_err(unavailable)?;
        let Some(entries) = entries else { return Ok(None) };
        let own = folder(tenant, self.commit, path).await?;
        let mut items = vec![self.folder(path, own)];
        items.extend(entries.iter().take(MAX_ENTRIES).map(|e| self.entry(e)));
        Ok(Some(items))
    }
    fn item(&self, path: &str, id: ObjectId, kind: &str, is_folder: bool) -> Value {
        let path = format!("/{path}");
        without_nulls(json!({
            "objectId": id.to_string(),
            "gitObjectType": kind,
            "commitId": self.commit.to_string(),
            "path": path,
            "isFolder": is_folder.then_some(true),
            "url": format!(
                "{}/items?path={}&versionType=Commit&version={}",
                git::url(self.repository, self.links), segment(&path), self.commit
            ),
        }))
    }
    fn folder(&self, path: &str, id: Option<ObjectId>) -> Value {
        self.item(path, id.unwrap_or(ObjectId::ZERO), "tree", true)
    }
    fn entry(&self, entry: &TreeEntry) -> Value {
        match entry.kind {
            EntryKind::Tree => self.item(&entry.path, entry.id, "tree", true),
            EntryKind::Blob => self.item(&entry.path, entry.id, "blob", false),
            EntryKind::Commit => self.item(&entry.path, entry.id, "commit", false),
        }
    }
}
