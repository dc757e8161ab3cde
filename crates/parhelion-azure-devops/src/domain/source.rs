//! The YAML of a definition, read from git: outside the state, between two looks at it.

use crate::{
    domain::{
        files::{GitFiles, with_files},
        refs,
    },
    error::{Error, Result},
    store::{AzureDevOpsStore, Definition, OtherSource, Process, Registered, Repository},
    tenant::{Tenant, unavailable},
};
use parhelion_azure_pipelines::{Document, joined, parse, webhooks_with};
use parhelion_git::ObjectId;
use std::sync::Arc;

/// Most of a YAML file that is read, bytes.
// Docs: the service refuses files whose expansion takes more than 20 MB; a file beyond it cannot be less.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;

/// Where a definition's YAML is found: what has to be the same at the second look.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The full ref; empty when there is no branch yet.
    pub branch: String,
    /// The commit; `None`: the branch does not exist, or the repository is not one of ours.
    pub commit: Option<ObjectId>,
    /// The file from the root, beginning with `/`.
    pub file: String,
}

impl Process {
    /// The YAML file from the root, beginning with `/`; `None` for the designer.
    pub fn file(&self) -> Option<String> {
        match self {
            Process::Yaml(name) => Some(format!("/{}", name.replace('\\', "/").trim_start_matches('/'))),
            Process::Designer(_) => None,
        }
    }
}

/// The place of a definition's YAML on a branch, by default its own.
pub fn place(store: &AzureDevOpsStore, definition: &Definition, branch: Option<&str>) -> Place {
    let branch = branch.map(refs::full).or_else(|| store.default_branch(definition)).unwrap_or_default();
    let repository = definition.repository.is_ours().then(|| store.source_of(definition)).flatten();
    let commit = repository.and_then(|r| r.tip(&branch));
    Place { branch, commit, file: definition.process.file().unwrap_or_default() }
}

/// The text at a place; `Ok(None)`: there is no such file, or no branch.
pub async fn text(tenant: &Tenant, place: &Place) -> Result<Option<String>> {
    let Some(commit) = place.commit else { return Ok(None) };
    let Some(file) = tenant.git.file(commit, &place.file).await.map_err(unavailable)? else {
        return Ok(None);
    };
    if file.content.len() > MAX_FILE_BYTES {
        return Err(Error::PipelineInvalid {
            messages: vec![format!("{}: Maximum object size exceeded", place.file)],
        });
    }
    // Bytes that are no UTF-8 become the replacement character, as on the service.
    Ok(Some(parhelion_azure_pipelines::decode(&file.content).into_owned()))
}

/// The file at a place, parsed, or what is wrong with it; `Ok(None)`: there is no such file, or no branch.
///
/// # Errors
/// Git hosting does not work.
pub async fn document(tenant: &Tenant, place: &Place) -> Result<Option<Parsed>> {
    let Some(commit) = place.commit else { return Ok(None) };
    if let Some(known) = tenant.documents.get(commit, &place.file) {
        return Ok(Some(Ok(known)));
    }
    let text = match text(tenant, place).await {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(None),
        Err(Error::PipelineInvalid { messages }) => return Ok(Some(Err(messages))),
        Err(other) => return Err(other),
    };
    let (name, bytes) = (place.file.clone(), text.len());
    let parsed = tokio::task::spawn_blocking(move || parse(&name, &text)).await;
    let parsed =
        parsed.map_err(|e| Error::Unavailable { why: format!("reading the YAML broke off: {e}") })?;
    Ok(Some(match parsed {
        Ok(document) => {
            let document = Arc::new(document);
            tenant.documents.put(commit, &place.file, document.clone(), bytes);
            Ok(document)
        }
        Err(issues) => Err(issues.iter().map(ToString::to_string).collect()),
    }))
}

/// A parsed file, or the messages why it is none.
pub type Parsed = std::result::Result<Arc<Document>, Vec<String>>;

/// The service's text for a YAML file that is not there.
// OBSERVED: the wording.
pub fn missing(place: &Place, repository: Option<&Repository>, url: &str) -> String {
    let version = place.commit.map_or_else(String::new, |c| c.to_string());
    let repository = repository.map_or("", |_| url);
    format!(
        "{0}: File {0} not found in repository {repository} branch {1} version {version}.",
        place.file, place.branch
    )
}

/// Reads which webhooks a definition's YAML names at a place, with all that `store` holds.
pub async fn registered(
    tenant: &Tenant,
    store: AzureDevOpsStore,
    definition: &Definition,
    place: &Place,
) -> Result<Registered> {
    let Some(commit) = place.commit else { return Ok(Registered::default()) };
    let Some(project) = store.projects.get(&definition.project).cloned() else {
        return Ok(Registered::default());
    };
    if place.file.is_empty() {
        return Ok(Registered::default());
    }
    let found = Registered { commit: Some(commit), ..Registered::default() };
    let text = match text(tenant, place).await {
        Ok(Some(text)) => text,
        Ok(None) => {
            let problem = format!("{} is not on branch {} at {commit}", place.file, place.branch);
            return Ok(Registered { problem: Some(problem), ..found });
        }
        Err(Error::PipelineInvalid { messages }) => {
            return Ok(Registered { problem: Some(messages.join("\n")), ..found });
        }
        Err(other) => return Err(other),
    };
    let files = GitFiles::new(tenant, store, project, definition, place);
    let file = place.file.clone();
    let work =
        move |files: &GitFiles| parse(&file, &text).and_then(|document| webhooks_with(&document, files));
    let (read, others) = with_files(files, work).await?;
    let found = Registered { others, ..found };
    match read {
        Ok(webhooks) => Ok(Registered { webhooks, ..found }),
        Err(issues) => Ok(Registered { problem: Some(joined(&issues)), ..found }),
    }
}

impl OtherSource {
    /// Whether the repository still stands there; a commit that was asked for stays what it is.
    pub fn is_still(&self, store: &AzureDevOpsStore) -> bool {
        self.pinned
            || store.repositories.get(&self.repository).and_then(|r| r.tip(&self.branch)) == self.commit
    }
}
