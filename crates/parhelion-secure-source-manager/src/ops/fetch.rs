//! Reading a repository without a clone: trees, blobs, refs.

use crate::{
    domain::{
        names::Name,
        pages::{Sizes, page, page_of},
    },
    error::Error,
    operations::{Answering, Context, run},
    ops::repositories::COLLECTION,
    proto::v1::{
        FetchBlobRequest, FetchBlobResponse, FetchRefsRequest, FetchRefsResponse, FetchTreeRequest,
        FetchTreeResponse, Ref, TreeEntry, r#ref::RefType, tree_entry::ObjectType,
    },
    store::{Repository, SsmStore},
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use parhelion_git::{EntryKind, GitError, ObjectId};
use std::sync::Arc;

/// Docs: FetchTree gives 10,000 entries when the request does not say. CHOICE: and no more.
const TREE: Sizes = Sizes { default: 10_000, most: 10_000 };
/// Tags that point to tags are followed so far. CHOICE.
const TAGS_DEEP: usize = 10;

/// The repository of a name, as it is now.
fn repository(context: &Context, given: &str) -> Result<(Name, Arc<Repository>), Error> {
    let name = Name::parse("repository", given, COLLECTION)?;
    let version = context.world.shelf::<SsmStore>().load(&context.tenant(given));
    let found = version.store.repository(&name.key()).cloned();
    Ok((name, found.ok_or_else(|| Error::NotFound(given.to_owned()))?))
}

/// Lists a tree: files and folders of a commit, branch or tag.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/fetchTree
pub fn tree(context: Context, request: Bytes) -> Answering {
    run(context, request, |context, input: FetchTreeRequest| async move {
        let (name, repository) = repository(&context, &input.repository)?;
        let missing =
            || Error::NotFound(format!("{name}@{}", parhelion_core::text::prefix(&input.r#ref, 200)));
        let at = resolve(&context, &repository, &input.r#ref).await?.ok_or_else(missing)?;
        let entries = context.git.tree(at, "", input.recursive).await?.ok_or_else(missing)?;
        let recursive = if input.recursive { "recursive" } else { "" };
        let at = at.to_string();
        let question = ["fetchTree", &input.repository, &at, recursive];
        let (entries, next_page_token) =
            page_of(entries, input.page_size, &input.page_token, &question, TREE)?;
        let tree_entries = entries.into_iter().map(|entry| TreeEntry {
            r#type: match entry.kind {
                EntryKind::Tree => ObjectType::Tree,
                EntryKind::Blob => ObjectType::Blob,
                EntryKind::Commit => ObjectType::Commit,
            }
            .into(),
            sha: entry.id.to_string(),
            path: entry.path,
            mode: entry.mode,
            size: entry.size.and_then(|size| i64::try_from(size).ok()).unwrap_or(0),
        });
        Ok(FetchTreeResponse { tree_entries: tree_entries.collect(), next_page_token })
    })
}

/// What a `ref` means: nothing is the default branch; else a branch, a tag, or an object of this very repository.
async fn resolve(
    context: &Context,
    repository: &Repository,
    given: &str,
) -> Result<Option<ObjectId>, GitError> {
    let refs = repository.refs();
    if let Some(id) = refs.find(given) {
        return Ok(Some(id));
    }
    match given.parse::<ObjectId>() {
        Ok(id) if context.git.contains(&refs, id).await? => Ok(Some(id)),
        _ => Ok(None),
    }
}

/// Reads a file by the id of its blob.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/fetchBlob
pub fn blob(context: Context, request: Bytes) -> Answering {
    run(context, request, |context, input: FetchBlobRequest| async move {
        let (name, repository) = repository(&context, &input.repository)?;
        if input.sha.is_empty() {
            return Err(Error::field("sha", "is required."));
        }
        let sha = input.sha.parse::<ObjectId>();
        let id = sha.map_err(|_| Error::field("sha", "must have 40 hexadecimal digits."))?;
        let missing = || Error::NotFound(format!("{name}@{id}"));
        // The store is shared: an object of another repository is none of this one.
        if !context.git.contains(&repository.refs(), id).await? {
            return Err(missing());
        }
        let file = context.git.blob(id).await?.ok_or_else(missing)?;
        Ok(FetchBlobResponse { sha: id.to_string(), content: STANDARD.encode(&file.content) })
    })
}

/// Lists branches and tags with the commits that they lead to.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/fetchRefs
pub fn refs(context: Context, request: Bytes) -> Answering {
    run(context, request, |context, input: FetchRefsRequest| async move {
        let (_, repository) = repository(&context, &input.repository)?;
        let wanted =
            RefType::try_from(input.r#type).map_err(|_| Error::field("type", "is no type of refs."))?;
        let of = |name: &str| match name {
            name if name.starts_with("refs/heads/") => Some(RefType::Branch),
            name if name.starts_with("refs/tags/") => Some(RefType::Tag),
            _ => None,
        };
        let all = repository.refs.iter().filter_map(|(name, id)| Some((name.clone(), **id, of(name)?)));
        let all = all.filter(|(_, _, kind)| wanted == RefType::Unspecified || wanted == *kind).collect();
        let kind = input.r#type.to_string();
        let question = ["fetchRefs", &input.repository, &kind];
        let (found, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        let mut refs = Vec::with_capacity(found.len());
        for (name, id, kind) in found {
            let target = if kind == RefType::Tag { peeled(&context, id).await? } else { id };
            refs.push(Ref { name, target: target.to_string(), r#type: kind.into() });
        }
        Ok(FetchRefsResponse { refs, next_page_token })
    })
}

/// What an annotated tag leads to in the end.
async fn peeled(context: &Context, id: ObjectId) -> Result<ObjectId, GitError> {
    let mut at = id;
    for _ in 0..TAGS_DEEP {
        match context.git.tag(at).await? {
            Some(tag) => at = tag.object,
            None => break,
        }
    }
    Ok(at)
}
