//! The files that a pipeline includes: blobs of fixed commits, of its own repository and of others of the
//! organization.

use crate::{
    domain::{refs, run::Pin, source::Place},
    error::{Error, Result},
    show::{Links, segment},
    store::{AzureDevOpsStore, Definition, OtherSource, Project, Repository},
    tenant::{Tenant, unavailable},
};
use parhelion_azure_pipelines::{Files, Repository as Resource, Unread, decode, limits};
use parhelion_git::{GitError, GitHost, ObjectId};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};
use tokio::runtime::Handle;

/// The repositories of one expansion as they stood at one instant. Reads block: only for threads that may.
pub struct GitFiles {
    git: Arc<GitHost>,
    runtime: Handle,
    /// What is looked up in: one value, so that each name means one commit.
    store: AzureDevOpsStore,
    links: Links,
    project: Arc<Project>,
    own: Fixed,
    /// Where the caller wants other repositories to be read, by alias in lower case.
    pins: BTreeMap<String, Pin>,
    /// By alias in lower case, with the alias as written.
    others: RefCell<BTreeMap<String, (String, Fixed)>>,
    failure: RefCell<Option<GitError>>,
}

/// What a reference to a repository means.
#[derive(Clone)]
enum Fixed {
    /// A commit of a repository of ours.
    Here { repository: Arc<Repository>, branch: String, commit: Option<ObjectId>, pinned: bool },
    /// It is elsewhere: why it cannot be read.
    Elsewhere(String),
}

impl GitFiles {
    /// The files of a definition at a place, with all that `store` holds.
    pub fn new(
        tenant: &Tenant,
        store: AzureDevOpsStore,
        project: Arc<Project>,
        definition: &Definition,
        place: &Place,
    ) -> Self {
        let found = definition.repository.is_ours().then(|| store.source_of(definition).cloned()).flatten();
        let own = match found {
            Some(repository) => {
                Fixed::Here { repository, branch: place.branch.clone(), commit: place.commit, pinned: true }
            }
            None => elsewhere(&definition.repository.name, &definition.repository.kind),
        };
        Self {
            git: tenant.git.clone(),
            runtime: Handle::current(),
            links: Links::of(&store, &tenant.call),
            store,
            project,
            own,
            pins: BTreeMap::new(),
            others: RefCell::default(),
            failure: RefCell::default(),
        }
    }

    /// The same with other repositories where the caller wants them, by alias in lower case.
    #[must_use]
    pub fn pinned(self, pins: BTreeMap<String, Pin>) -> Self {
        Self { pins, ..self }
    }

    /// What was fixed besides the definition's own repository.
    ///
    /// # Errors
    /// Git hosting does not work.
    pub fn done(self) -> Result<Vec<OtherSource>> {
        if let Some(failure) = self.failure.into_inner() {
            return Err(unavailable(failure));
        }
        let fixed = self.others.into_inner().into_values().filter_map(|(alias, fixed)| match fixed {
            Fixed::Here { repository, branch, commit, pinned } => {
                Some(OtherSource { alias, repository: repository.id, branch, commit, pinned })
            }
            Fixed::Elsewhere(_) => None,
        });
        Ok(fixed.collect())
    }

    /// The commit that a resource means.
    fn fixed(&self, resource: &Resource) -> std::result::Result<Fixed, String> {
        if !resource.is_git() {
            return Ok(elsewhere(&resource.name, resource.kind.as_deref().unwrap_or_default()));
        }
        let (project, name) = match resource.name.split_once('/') {
            Some((project, name)) => (self.store.project(project).ok(), name),
            None => (Some(self.project.clone()), resource.name.as_str()),
        };
        let found = project.as_deref().and_then(|p| self.store.repository(Some(p), name).ok());
        let Some(repository) = found else {
            // OBSERVED, of a repository of the pipeline's own project.
            let project = match (&project, resource.name.split_once('/')) {
                (Some(project), _) => project.id.to_string(),
                (None, Some((project, _))) => project.to_owned(),
                (None, None) => String::new(),
            };
            return Err(format!(
                "The repository {name} in project {project} could not be retrieved. Verify the name and credentials being used and permissions."
            ));
        };
        let pin = self.pins.get(&resource.alias.to_lowercase()).cloned().unwrap_or_default();
        // Docs: the default branch unless a ref is designated.
        let named = pin.branch.or_else(|| resource.reference.as_deref().map(refs::full));
        let branch = named.or_else(|| repository.default_branch.clone());
        let branch = branch.unwrap_or_else(|| "refs/heads/main".to_owned());
        let Some(version) = pin.version else {
            let commit = repository.tip(&branch);
            return Ok(Fixed::Here { repository, branch, commit, pinned: false });
        };
        // The object store is shared: an id alone says nothing about whose commit it is.
        match self.runtime.block_on(self.git.contains(&repository.as_refs(), version)) {
            Ok(true) => Ok(Fixed::Here { repository, branch, commit: Some(version), pinned: true }),
            Ok(false) => {
                Err(format!("Could not find the version {version} in the repository {}.", repository.name))
            }
            Err(failure) => Err(self.failed(failure)),
        }
    }

    /// Notes that git hosting does not work; why.
    fn failed(&self, failure: GitError) -> String {
        let why = failure.to_string();
        self.failure.borrow_mut().get_or_insert(failure);
        why
    }

    /// What messages say was searched.
    fn searched(&self, repository: &Repository, branch: &str, commit: Option<ObjectId>) -> String {
        let project = self.store.projects.get(&repository.project).unwrap_or(&self.project);
        let path = format!("{}/_git/{}", segment(&project.name), segment(&repository.name));
        let version = commit.map_or_else(String::new, |c| c.to_string());
        format!("{} branch {branch} version {version}", self.links.to(path))
    }
}

fn elsewhere(name: &str, kind: &str) -> Fixed {
    // CHOICE: only repositories of the organization are there.
    Fixed::Elsewhere(format!("The repository {name} of type {kind} cannot be read here."))
}

impl Files for GitFiles {
    fn open(&self, repository: &Resource) -> std::result::Result<(), String> {
        let fixed = self.fixed(repository)?;
        self.others.borrow_mut().insert(repository.alias.to_lowercase(), (repository.alias.clone(), fixed));
        Ok(())
    }

    fn read(&self, repository: Option<&Resource>, path: &str) -> std::result::Result<String, Unread> {
        let fixed = match repository {
            None => self.own.clone(),
            Some(resource) => {
                let known = self.others.borrow().get(&resource.alias.to_lowercase()).cloned();
                known.map_or_else(|| self.fixed(resource).map_err(Unread::Other), |(_, fixed)| Ok(fixed))?
            }
        };
        let (repository, branch, commit) = match fixed {
            Fixed::Here { repository, branch, commit, .. } => (repository, branch, commit),
            Fixed::Elsewhere(why) => return Err(Unread::Other(why)),
        };
        let missing = || Unread::Missing(self.searched(&repository, &branch, commit));
        let Some(commit) = commit else { return Err(missing()) };
        match self.runtime.block_on(self.git.file(commit, path)) {
            Ok(Some(file)) if file.content.len() > limits::TREE_BYTES => Err(Unread::TooLarge),
            Ok(Some(file)) => Ok(decode(&file.content).into_owned()),
            Ok(None) => Err(missing()),
            Err(GitError::TooLarge { .. }) => Err(Unread::TooLarge),
            Err(failure) => Err(Unread::Other(self.failed(failure))),
        }
    }
}

/// Runs work that reads files, on a thread that may block: expansion is bounded, but may take a second.
///
/// # Errors
/// The work panicked, or git hosting does not work.
pub async fn with_files<T: Send + 'static>(
    files: GitFiles,
    work: impl FnOnce(&GitFiles) -> T + Send + 'static,
) -> Result<(T, Vec<OtherSource>)> {
    let work = move || {
        let done = work(&files);
        files.done().map(|others| (done, others))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(broken) => Err(Error::Unavailable { why: format!("the expansion broke off: {broken}") }),
    }
}
