//! The slow work of deployments: fetching a package by its address, fetching a repository. Each writes what came of it
//! itself; only that it could not be had at all is told as the job's outcome.

mod webjobs;

use crate::commits::{self, about};
use crate::domain::lifecycle::{self, STAGING};
use crate::domain::package::{Package, PackageError};
use crate::domain::{copy, fetch, record_files};
use crate::exec::{self, MAX_SECS, Task};
use crate::ops::zip_deploy::{Arrived, CommandEnded, FETCH_PACKAGE, Fetched};
use crate::settings::Settings;
use crate::store::{Build, Content, KuduStore, Phase, Site};
use crate::wire::package::{Shape, package};
use crate::wire::spool::Spooled;
use bytes::Bytes;
use parhelion_core::Call;
use parhelion_git::{GitHost, ObjectId};
use parhelion_state::{JobDriver, Operation, Ticket, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Fetches what stands at an address, at most so many bytes; why not, in a sentence.
pub type Download = Arc<dyn Fn(String, u64) -> Running<Result<Bytes, String>> + Send + Sync>;

/// A [`Download`] that has no network.
pub fn no_download() -> Download {
    Arc::new(|_, _| Box::pin(async { Err("there is no network here".to_owned()) }))
}

/// The drivers of this surface's jobs.
pub fn drivers(
    settings: &Arc<Settings>,
    git: &Arc<GitHost>,
    download: &Download,
) -> Vec<(&'static str, Arc<dyn JobDriver>)> {
    let packages = FetchPackages { settings: settings.clone(), download: download.clone() };
    let commits = FetchCommits { settings: settings.clone(), git: git.clone() };
    let commands = RunCommands { settings: settings.clone() };
    let scripts = webjobs::RunScripts { settings: settings.clone() };
    vec![
        (FETCH_PACKAGE, Arc::new(packages)),
        (fetch::KIND, Arc::new(commits)),
        (lifecycle::RUN, Arc::new(commands)),
        (crate::domain::webjobs::run::KIND, Arc::new(scripts)),
    ]
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

struct RunCommands {
    settings: Arc<Settings>,
}

impl JobDriver for RunCommands {
    fn run(&self, world: Arc<World>, ticket: Ticket) -> Running<Result<Value, String>> {
        let max_site_bytes = self.settings.max_site_bytes;
        Box::pin(async move {
            let lock = ticket.job.input["lock"].as_u64().unwrap_or_default();
            let site: Site = ticket.owner.tenant.parse()?;
            let version = world.shelf::<KuduStore>().load(&site);
            let held = version.store.lock.as_ref().filter(|held| held.number == lock);
            let Some(Phase::Running(building)) = held.map(|held| held.phase.clone()) else {
                return Ok(json!({}));
            };
            let task = task(&version.store, &building.build, max_site_bytes)?;
            // Why it could not be run is a line of the deployment's log.
            let ran = exec::run(task).await.map_err(|e| e.to_string());
            let done = world
                .shelf::<KuduStore>()
                .write(&site, &Call::default(), |store, tx| CommandEnded::run(store, (lock, ran), tx));
            done.map(|_| json!({})).map_err(|error| format!("{error:?}"))
        })
    }
}

/// A build's command with the site's files, those that are deployed among them, and what scripts of deployments are
/// told by their environment.
fn task(store: &KuduStore, build: &Build, max_site_bytes: u64) -> Result<Task, String> {
    let mut tree = store.files.clone();
    tree.remove_folder(STAGING, 0);
    let in_the_way = |obstacle| format!("the files cannot be laid out: {obstacle:?}");
    tree.make_folder(STAGING, 0).map_err(in_the_way)?;
    tree.make_folder(&build.root, 0).map_err(in_the_way)?;
    let records = format!("{}/{}", record_files::FOLDER, build.id);
    tree.make_folder(&records, 0).map_err(in_the_way)?;
    for (path, (hash, content)) in build.files.iter() {
        tree.put(&format!("{STAGING}/{path}"), hash.clone(), content.clone(), 0).map_err(in_the_way)?;
    }
    let mut environment: BTreeMap<String, String> = store.settings.all();
    let last = store.active.clone().filter(|active| store.manifests.contains_key(active));
    let previous = match last {
        Some(last) => {
            let (folder, lines) = (format!("{}/{last}", record_files::FOLDER), copy::last_manifest(store).0);
            let text: String = lines.iter().flat_map(|path| [path.as_str(), "\n"]).collect();
            let content = Content::new(Bytes::from(text));
            tree.put(&format!("{folder}/manifest"), content.hash(), content, 0).map_err(in_the_way)?;
            format!("{{home}}/{folder}/manifest")
        }
        None => String::new(),
    };
    environment.extend([
        ("DEPLOYMENT_SOURCE".to_owned(), format!("{{home}}/{STAGING}")),
        ("DEPLOYMENT_TARGET".to_owned(), format!("{{home}}/{}", build.root)),
        ("NEXT_MANIFEST_PATH".to_owned(), format!("{{home}}/{records}/manifest")),
        ("PREVIOUS_MANIFEST_PATH".to_owned(), previous),
        ("SCM_COMMIT_ID".to_owned(), build.id.clone()),
    ]);
    // What no environment can hold would keep the command from being run at all.
    environment
        .retain(|name, value| !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0'));
    Ok(Task {
        tree,
        folder: STAGING.to_owned(),
        command: build.command.clone().unwrap_or_default(),
        environment,
        timeout: Duration::from_secs(MAX_SECS),
        max_site_bytes,
    })
}

fn arrived(world: &Arc<World>, ticket: &Ticket, fetched: Fetched) -> Result<Value, String> {
    let site: Site = ticket.owner.tenant.parse()?;
    let done = world
        .shelf::<KuduStore>()
        .write(&site, &Call::default(), |store, tx| Arrived::run(store, fetched, tx));
    done.map(|_| json!({})).map_err(|error| format!("{error:?}"))
}
