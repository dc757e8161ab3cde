//! The slow work of deployments: fetching a package by its address, fetching a repository. Each writes what came of it
//! itself; only that it could not be had at all is told as the job's outcome.

use crate::commits::{self, about};
use crate::domain::fetch;
use crate::domain::package::{Package, PackageError};
use crate::handlers::pushing::{Shape, package};
use crate::ops::zip_deploy::{Arrived, FETCH_PACKAGE, Fetched};
use crate::settings::Settings;
use crate::store::{KuduStore, Site};
use crate::wire::spool::Spooled;
use bytes::Bytes;
use parhelion_core::Call;
use parhelion_git::{GitHost, ObjectId};
use parhelion_state::{JobDriver, Operation, Ticket, World};
use serde_json::{Value, json};
use std::io::Cursor;
use std::pin::Pin;
use std::sync::Arc;

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Fetches what stands at an address, at most so many bytes; why not, in a sentence.
pub type Download = Arc<dyn Fn(String, u64) -> Running<Result<Bytes, String>> + Send + Sync>;

/// The drivers of this surface's jobs.
pub fn drivers(
    settings: &Arc<Settings>,
    git: &Arc<GitHost>,
    download: &Download,
) -> Vec<(&'static str, Arc<dyn JobDriver>)> {
    let packages = FetchPackages { settings: settings.clone(), download: download.clone() };
    let commits = FetchCommits { settings: settings.clone(), git: git.clone() };
    vec![(FETCH_PACKAGE, Arc::new(packages)), (fetch::KIND, Arc::new(commits))]
}

struct FetchPackages {
    settings: Arc<Settings>,
    download: Download,
}

impl JobDriver for FetchPackages {
    fn run(&self, world: Arc<World>, ticket: Ticket) -> Running<Result<Value, String>> {
        let input = &ticket.job.input;
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        let max_bytes = self.settings.max_unzip_bytes;
        let (lock, url) = (input["lock"].as_u64().unwrap_or_default(), text("url"));
        let shape = Shape {
            unpack: input["unpack"].as_bool().unwrap_or(true),
            at: text("at"),
            keep_zip: input["keep_zip"] == true,
        };
        let coming = (self.download)(url, max_bytes);
        Box::pin(async move {
            let bytes = coming.await?;
            let made = tokio::task::spawn_blocking(move || {
                package(Spooled::Memory(Cursor::new(bytes)), &shape, max_bytes)
            });
            let package = made.await.map_err(|e| e.to_string())?;
            arrived(
                &world,
                &ticket,
                Fetched { lock, commit: None, branch: None, package, skip_active: false },
            )
        })
    }
}

struct FetchCommits {
    settings: Arc<Settings>,
    git: Arc<GitHost>,
}

impl JobDriver for FetchCommits {
    fn run(&self, world: Arc<World>, ticket: Ticket) -> Running<Result<Value, String>> {
        let (git, max_bytes) = (self.git.clone(), self.settings.max_unzip_bytes);
        Box::pin(async move {
            let input = ticket.job.input.clone();
            let text = |name: &str| input[name].as_str().unwrap_or_default();
            let (url, branch) = (text("url"), text("branch"));
            let tip = git.fetch(url, branch).await.map_err(|e| e.to_string())?;
            let tip = tip.ok_or_else(|| format!("the repository has no branch {branch}"))?;
            let wanted = match text("commit") {
                "" => tip,
                commit => commit.parse::<ObjectId>().map_err(|_| format!("{commit} is no commit's id"))?,
            };
            // Anything in the store can be read by its id: it must be of this branch.
            let is_ours = wanted == tip || git.is_ancestor(wanted, tip).await.unwrap_or(false);
            let info = git.commit(wanted).await.map_err(|e| e.to_string())?.filter(|_| is_ours);
            let info = info.ok_or_else(|| format!("the branch {branch} has no commit {wanted}"))?;
            let package: Result<Package, PackageError> = commits::files(&git, wanted, max_bytes).await;
            let fetched = Fetched {
                lock: input["lock"].as_u64().unwrap_or_default(),
                commit: Some((wanted.to_string(), about(&info))),
                branch: Some((branch.to_owned(), tip)),
                package,
                skip_active: input["continuous"] == true,
            };
            arrived(&world, &ticket, fetched)
        })
    }
}

fn arrived(world: &Arc<World>, ticket: &Ticket, fetched: Fetched) -> Result<Value, String> {
    let site: Site = ticket.owner.tenant.parse()?;
    let done = world
        .shelf::<KuduStore>()
        .write(&site, &Call::default(), |store, tx| Arrived::run(store, fetched, tx));
    done.map(|_| json!({})).map_err(|error| format!("{error:?}"))
}
