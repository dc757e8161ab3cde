//! Objects by their ids: blobs, trees, annotated tags.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/git/blobs, …/git/trees, …/git/annotated-tags

use super::repositories::One;
use crate::{
    domain::contents,
    error::{Error, Result},
    operations::{Input, Work},
    show::{Links, git as show, link, without_nulls},
    store::Repository,
    tenant::{Tenant, unavailable},
    wire::{archive, reply::Reply, request::ApiRequest},
};
use parhelion_git::{EntryKind, ObjectId, TreeEntry};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

/// Entries of a tree that one answer lists.
const MAX_ENTRIES: usize = 100_000;

/// In which form a blob is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
    Bytes,
    Zip,
}

/// A repository and an object of it.
pub struct Wanted {
    repository: One,
    id: String,
    form: Form,
    recursive: bool,
    file_name: Option<String>,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let q = &request.query;
        let id = [request.value("sha1"), request.value("objectId")].concat();
        let form = match q.get("$format").map(str::to_ascii_lowercase).as_deref() {
            Some("json") => Form::Json,
            Some("text") => Form::Text,
            Some("octetstream") => Form::Bytes,
            Some("zip") => Form::Zip,
            Some(_) => return Err(Error::invalid("Objects are served as JSON, text, bytes and archives.")),
            None if request.accepts("application/octet-stream") => Form::Bytes,
            None if request.accepts("text/plain") => Form::Text,
            None if request.accepts("application/zip") => Form::Zip,
            None => Form::Json,
        };
        let file_name = q.get("fileName").map(str::to_owned);
        let file_name = file_name.or_else(|| q.flag("download").then(|| id.clone()));
        Ok(Wanted { repository: One::read(request)?, id, form, recursive: q.flag("recursive"), file_name })
    }
}

impl Wanted {
    /// The repository, and the id where the repository reaches such an object.
    async fn find(&self, tenant: &Tenant) -> Result<(Arc<Repository>, Links, ObjectId)> {
        let (repository, links) = tenant.read(|store, _| {
            Ok::<_, Error>((self.repository.find(store)?, Links::of(store, &tenant.call)))
        })?;
        let id: ObjectId = self.id.parse().map_err(|_| {
            let shown: String = self.id.chars().take(80).collect();
            Error::invalid(format!("'{shown}' is no object id: 40 hexadecimal digits."))
        })?;
        // The object store is shared: an id alone says nothing about whose object it is.
        match tenant.git.contains(&repository.as_refs(), id).await.map_err(unavailable)? {
            true => Ok((repository, links, id)),
            false => Err(self.unknown()),
        }
    }
    fn unknown(&self) -> Error {
        Error::ObjectUnknown { id: self.id.clone() }
    }
}

/// Blobs_GetBlob.
pub struct Blob;

impl Work for Blob {
    const NAME: &'static str = "Blobs_GetBlob";
    type Input = Wanted;
    async fn run(tenant: &Tenant, wanted: Wanted) -> Result<Reply> {
        let (repository, links, id) = wanted.find(tenant).await?;
        let file = tenant.git.blob(id).await.map_err(unavailable)?.ok_or_else(|| wanted.unknown())?;
        let media = match wanted.form {
            Form::Json => {
                let url = format!("{}/blobs/{id}", show::url(&repository, &links));
                let size = file.content.len();
                return Ok(Reply::One(object(&repository, &links, id, size as u64, url)));
            }
            Form::Text => "text/plain; charset=utf-8",
            Form::Bytes => "application/octet-stream",
            // CHOICE: in an archive a blob is named by its id, for it has no other name.
            Form::Zip => {
                let name = wanted.file_name.unwrap_or_else(|| id.to_string());
                return archive::of_files(name, vec![(id.to_string(), file.content)]).await;
            }
        };
        Ok(Reply::Raw { media, body: file.content, file_name: wanted.file_name })
    }
}

fn object(repository: &Repository, links: &Links, id: ObjectId, size: u64, url: String) -> Value {
    json!({
        "objectId": id.to_string(),
        "size": size,
        "url": url,
        "_links": { "self": link(url.clone()), "repository": link(show::url(repository, links)) },
    })
}

/// Blobs that one archive holds.
const MAX_BLOBS: usize = 10_000;

/// A repository and many blobs of it.
pub struct Many {
    repository: One,
    ids: Vec<String>,
    name: String,
}

impl Input for Many {
    fn read(request: &ApiRequest) -> Result<Self> {
        let ids: Vec<String> = request.json_list()?;
        if ids.len() > MAX_BLOBS {
            return Err(Error::invalid(format!("An archive holds at most {MAX_BLOBS} blobs.")));
        }
        let name = request.query.get("filename").unwrap_or("blobs").to_owned();
        Ok(Many { repository: One::read(request)?, ids, name })
    }
}

/// Blobs_GetBlobsZip.
pub struct Blobs;

impl Work for Blobs {
    const NAME: &'static str = "Blobs_GetBlobsZip";
    type Input = Many;
    async fn run(tenant: &Tenant, many: Many) -> Result<Reply> {
        let repository = tenant.read(|store, _| many.repository.find(store))?;
        let (mut found, mut bytes, mut seen) = (Vec::new(), 0, BTreeSet::new());
        for id in &many.ids {
            let unknown = || Error::ObjectUnknown { id: id.chars().take(80).collect() };
            let id: ObjectId = id.parse().map_err(|_| unknown())?;
            if !seen.insert(id) {
                continue;
            }
            if !tenant.git.contains(&repository.as_refs(), id).await.map_err(unavailable)? {
                return Err(unknown());
            }
            let file = tenant.git.blob(id).await.map_err(unavailable)?.ok_or_else(unknown)?;
            bytes += file.content.len() as u64;
            if bytes > contents::MAX_BYTES {
                return Err(contents::too_much());
            }
            found.push((id.to_string(), file.content));
        }
        archive::of_files(many.name, found).await
    }
}

/// Trees_Get.
pub struct Tree;

impl Work for Tree {
    const NAME: &'static str = "Trees_Get";
    type Input = Wanted;
    async fn run(tenant: &Tenant, wanted: Wanted) -> Result<Reply> {
        let (repository, links, id) = wanted.find(tenant).await?;
        if wanted.form == Form::Zip {
            let files = contents::below(tenant, id, "").await?.ok_or_else(|| wanted.unknown())?;
            return archive::of_files(wanted.file_name.unwrap_or_else(|| id.to_string()), files).await;
        }
        let found = tenant.git.tree_object(id, wanted.recursive).await.map_err(unavailable)?;
        let found = found.ok_or_else(|| wanted.unknown())?;
        let base = show::url(&repository, &links);
        let entry = |e: &TreeEntry| {
            let (kind, resource) = match e.kind {
                EntryKind::Tree => ("tree", Some("trees")),
                EntryKind::Blob => ("blob", Some("blobs")),
                EntryKind::Commit => ("commit", None),
            };
            without_nulls(json!({
                "objectId": e.id.to_string(),
                "relativePath": e.path,
                // As git writes it into the tree.
                "mode": e.mode.trim_start_matches('0'),
                "gitObjectType": kind,
                "url": resource.map(|r| format!("{base}/{r}/{}", e.id)),
                "size": e.size.unwrap_or(0),
            }))
        };
        let entries: Vec<Value> = found.entries.iter().take(MAX_ENTRIES).map(entry).collect();
        let tree = object(&repository, &links, id, found.size, format!("{base}/trees/{id}"));
        Ok(Reply::One(crate::show::with(tree, [("treeEntries", Value::from(entries))])))
    }
}

/// AnnotatedTags_Get.
pub struct Tag;

impl Work for Tag {
    const NAME: &'static str = "AnnotatedTags_Get";
    type Input = Wanted;
    async fn run(tenant: &Tenant, wanted: Wanted) -> Result<Reply> {
        let (repository, links, id) = wanted.find(tenant).await?;
        let tag = tenant.git.tag(id).await.map_err(unavailable)?.ok_or_else(|| wanted.unknown())?;
        Ok(Reply::One(without_nulls(json!({
            "taggedObject": { "objectId": tag.object.to_string(), "objectType": tag.kind },
            "taggedBy": tag.tagger.as_ref().map(show::person),
            "name": tag.name,
            "objectId": id.to_string(),
            "message": tag.message.trim_end_matches('\n'),
            "url": format!("{}/annotatedTags/{id}", show::url(&repository, &links)),
        }))))
    }
}
