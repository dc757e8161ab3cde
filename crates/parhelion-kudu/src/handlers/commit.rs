//! Commits of a site's repository: their files, and deploying them again.

use super::Ask;
use crate::commits::{self, about};
use crate::domain::fetch::branch;
use crate::domain::package::Package;
use crate::error::{Error, Fault};
use crate::ops::deploy_commit::{CommitPush, DeployCommit, RefuseRedeploy};
use crate::store::{Commit, KuduStore, Layout, Push, Repository};
use parhelion_git::{ObjectId, Refs};

/// A commit that can be deployed.
enum Found {
    /// One that was made of a payload.
    Simulated(String, Commit),
    /// One of git's.
    Real(ObjectId),
}

impl Ask {
    /// The user that the request names, whatever the password.
    pub fn basic_user(&self) -> Option<String> {
        let (user, _) = crate::wire::auth::basic(&self.headers)?;
        (!user.is_empty()).then_some(user)
    }

    /// Deploys a commit of the site's repository again, or the head of its branch; answers when that is over.
    pub async fn redeploy(&self, id: Option<String>, clean: bool) -> Result<(), Fault> {
        self.release_stale_lock()?;
        let version = self.world.shelf::<KuduStore>().load(&self.site);
        let Some(repository) = &version.store.repository else {
            return self.write::<RefuseRedeploy>(None).map(drop);
        };
        let branch = branch(&version.store);
        let found = self.find_commit(repository, branch, id.as_deref()).await?;
        let Some(found) = found else {
            let asked = id.unwrap_or_else(|| branch.to_owned());
            return self.write::<RefuseRedeploy>(Some(asked)).map(drop);
        };
        let (commit, said, layout, package) = match found {
            Found::Simulated(id, said) => (id, said, Layout::Nothing, Ok(Package::default())),
            Found::Real(id) => {
                let info = self.git.commit(id).await.map_err(Error::git)?;
                let Some(info) = info else { return Err(Error::NoDeployment { id: id.to_string() }.into()) };
                let package = commits::files(&self.git, id, self.settings.max_unzip_bytes).await;
                (id.to_string(), about(&info), Layout::Sync { clean, below: None }, package)
            }
        };
        let push = Push {
            receiving: "Deploying again".to_owned(),
            author: said.author,
            author_email: said.email,
            deployer: self.basic_user(),
            message: said.message,
            commit: Some(commit),
            dashed_id: false,
            layout,
        };
        let done = self.write::<DeployCommit>(CommitPush { push, package })?;
        match self.outcome(&done, false).await? {
            Some(error) => Err(Error::Package(error).into()),
            None => Ok(()),
        }
    }

    async fn find_commit(
        &self,
        repository: &Repository,
        branch: &str,
        id: Option<&str>,
    ) -> Result<Option<Found>, Fault> {
        let simulated = |id: &String| {
            repository.simulated.get(id).map(|said| Found::Simulated(id.clone(), Commit::clone(said)))
        };
        let Some(id) = id else {
            let head = repository.refs.get(&format!("refs/heads/{branch}")).map(|id| Found::Real(**id));
            return Ok(head.or_else(|| repository.fetched.as_ref().and_then(simulated)));
        };
        let id = id.to_ascii_lowercase();
        if let Some(found) = simulated(&id) {
            return Ok(Some(found));
        }
        let Ok(id) = id.parse::<ObjectId>() else { return Ok(None) };
        let refs = refs(repository, branch);
        Ok(self.git.contains(&refs, id).await.map_err(Error::git)?.then_some(Found::Real(id)))
    }
}

/// A repository's refs as git is given them.
pub fn refs(repository: &Repository, branch: &str) -> Refs {
    let by_name = repository.refs.iter().map(|(name, id)| (name.clone(), **id)).collect();
    Refs { default_branch: branch.to_owned(), by_name }
}
