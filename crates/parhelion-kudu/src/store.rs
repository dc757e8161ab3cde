//! A site's data and what always holds of it.

mod content;
mod jobs;
mod lock;
mod records;
mod site_settings;
mod tree;

pub use content::{Content, Hash};
pub use jobs::{Continuous, Ending, Jobs, Next, Run, RunKey, RunStatus, SiteUrls};
pub use lock::{Build, Building, Layout, Lock, Phase, Push, ScriptedBuild, Staged, Telling};
pub use records::{
    Commit, DeployStatus, Deployment, Hook, Last, LogDetail, LogEntry, LogKind, Manifest, Repository, Shown,
};
pub use site_settings::{MAX_SETTING_BYTES, MAX_SETTINGS, SiteSettings};
#[cfg(test)]
pub use tree::is_path;
pub use tree::{File, MAX_NODES, Node, Obstacle, Tree, join};

use crate::domain::fetch::Fetch;
use crate::domain::{hook_url::HookUrl, lifecycle, publish, webjobs};
use bytes::Bytes;
use parhelion_core::{Event, Settled, TenantKey, Timestamp};
use parhelion_state::{AnyTable, Job, Store, Table, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::{convert::Infallible, fmt, str::FromStr};

/// The id that stands for whatever deployment came last.
pub const LATEST: &str = "latest";

/// A site's name: `^[A-Za-z0-9][A-Za-z0-9-]{0,58}$`, kept in lower case since names are compared without case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Site(String);

impl Site {
    /// The site that plain `/api/…` reaches.
    pub fn default_site() -> Self {
        Site("default".to_owned())
    }
    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl FromStr for Site {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let good = (1..=59).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if good {
            Ok(Site(text.to_ascii_lowercase()))
        } else {
            let shown = parhelion_core::text::prefix(text, 80);
            Err(format!("\"{shown}\" is no name of a site: 1 to 59 of A-Z a-z 0-9 -, not beginning with -"))
        }
    }
}
impl TryFrom<String> for Site {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
impl From<Site> for String {
    fn from(site: Site) -> String {
        site.0
    }
}
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl TenantKey for Site {}

/// Where a site's files are deployed to, below HOME.
pub const WWWROOT: &str = "site/wwwroot/";
/// The page of a site that nothing was deployed to yet; the first deployment takes it away.
pub const FIRST_PAGE: &str = "hostingstart.html";
/// When a new site's own files were written, .NET ticks: 2014-01-01.
// CHOICE: a site that nobody has written to has no time of its own.
const BORN: i64 = 635_241_312_000_000_000;
/// What names of settings hold whose values let somebody in.
const SECRETS: [&str; 5] = ["CONNECTION", "KEY", "PASSWORD", "SECRET", "TOKEN"];
/// The folders of a new site.
const FIRST_FOLDERS: [&str; 7] = [
    "LogFiles",
    "data/SitePackages",
    "data/jobs",
    "site/deployments",
    "site/locks",
    "site/repository",
    "site/wwwroot",
];
/// Where the site's keys stand, below HOME.
pub const SSH_FOLDER: &str = ".ssh";
/// What that page holds.
pub const FIRST_PAGE_CONTENT: &str = "<!DOCTYPE html>\n<title>Waiting for content</title>\n<p>Nothing has been deployed to this site yet.</p>\n";

/// A site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KuduStore {
    /// Its name.
    pub site: Site,
    /// Hooks by id, hence in the order of their creation.
    pub hooks: Table<u64, Hook>,
    /// The id of the newest hook there ever was.
    pub last_hook: u64,
    /// Whether a receiver's 410 takes its hook away: as set when hooks were last told of something. It stands in
    /// the value because reports of deliveries come to the store alone.
    pub remove_hooks_when_gone: bool,
    /// Deployments by id.
    pub deployments: Table<String, Deployment>,
    /// The logs of deployments.
    pub logs: Table<String, Vec<LogEntry>>,
    /// What deployments put into the site.
    pub manifests: Table<String, Manifest>,
    /// The deployment whose content the site shows.
    pub active: Option<String>,
    /// What a deployment takes away when no deployment is active: what a new site brings, or what was deployed before
    /// the repository was deleted.
    pub first_manifest: Manifest,
    /// The password of the site's publishing user, once somebody asked for it.
    pub password: Option<String>,
    /// The master key of its functions, once somebody asked for it.
    pub master_key: Option<String>,
    /// The deployment lock.
    pub lock: Option<Lock>,
    /// What came in while the lock was held and is to be fetched after it.
    pub deferred: Option<Arc<Fetch>>,
    /// Its repository, once it has one.
    pub repository: Option<Repository>,
    /// What its owner set: app settings, deployment settings.
    pub settings: SiteSettings,
    /// Files and folders below HOME.
    pub files: Tree,
    /// What its WebJobs do and did.
    pub jobs: Jobs,
}

impl Store for KuduStore {
    const SURFACE: &'static str = "kudu";
    const NAME: &'static str = "kudu";
    const VERSION: u32 = 2;
    type Key = Site;
    type Mail = Infallible;

    fn new(site: &Site) -> Self {
        let mut store = KuduStore {
            site: site.clone(),
            hooks: Table::default(),
            last_hook: 0,
            remove_hooks_when_gone: true,
            deployments: Table::default(),
            logs: Table::default(),
            manifests: Table::default(),
            active: None,
            first_manifest: Manifest(BTreeSet::from([FIRST_PAGE.to_owned()])),
            password: None,
            master_key: None,
            lock: None,
            deferred: None,
            repository: None,
            settings: SiteSettings::default(),
            files: Tree::default(),
            jobs: Jobs::default(),
        };
        for folder in FIRST_FOLDERS {
            // Nothing is there yet that could stand in the way.
            let _ = store.files.make_folder(folder, BORN);
        }
        let page = Content::new(Bytes::from_static(FIRST_PAGE_CONTENT.as_bytes()));
        let _ = store.files.put(&format!("{WWWROOT}{FIRST_PAGE}"), page.hash(), page, BORN);
        store
    }

    fn on_mail(&mut self, mail: Infallible, _: &mut Tx<'_>) {
        match mail {}
    }

    fn on_delivered(&mut self, report: &Settled, tx: &mut Tx<'_>) {
        publish::settled(self, report, tx);
        lifecycle::delivered(self, report, tx);
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let build = match self.lock.as_ref().map(|lock| &lock.phase) {
            Some(Phase::Building(building)) => building.until,
            _ => None,
        };
        let jobs = self.jobs.next_deadline().into_iter().chain(webjobs::schedule::next_deadline(self));
        build.into_iter().chain(jobs).min()
    }

    fn on_time(&mut self, tx: &mut Tx<'_>) {
        lifecycle::due(self, tx);
        webjobs::run::due(self, tx);
        webjobs::continuous::due(self, tx);
        webjobs::schedule::due(self, tx);
    }

    fn on_step(&mut self, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
        lifecycle::step(self, id, tx).or_else(|| webjobs::run::step(self, id, tx))
    }

    fn on_job_done(&mut self, job: &Job, outcome: Result<Value, String>, tx: &mut Tx<'_>) {
        match (job.kind.as_str(), outcome) {
            (webjobs::run::KIND, Err(why)) => webjobs::run::not_run(self, job, why, tx),
            (_, outcome) => lifecycle::job_done(self, job, outcome, tx),
        }
    }

    fn standing(&self, subject: &str, now: Timestamp) -> Vec<Event> {
        let mut found = lifecycle::standing(self, subject);
        found.extend(webjobs::run::standing(self, subject, now));
        found
    }

    fn things(&self, kind: &str, id: Option<&str>) -> Vec<Value> {
        let found = match (kind, id) {
            ("deployment", Some(id)) => self.deployment(id),
            ("deployment", None) => self.newest_first().first().copied(),
            _ => None,
        };
        let shown = |(id, deployment): (&String, &Deployment)| {
            let status = format!("{:?}", deployment.status);
            serde_json::json!({"id": id, "status": status, "complete": deployment.complete})
        };
        found.map(shown).into_iter().collect()
    }

    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        let ([files, folders], [runs]) = (self.files.tables(), self.jobs.tables());
        vec![
            ("hooks", &self.hooks),
            ("deployments", &self.deployments),
            ("logs", &self.logs),
            ("manifests", &self.manifests),
            ("settings", self.settings.table()),
            files,
            folders,
            runs,
        ]
    }

    fn check(&self) {
        assert!(self.hooks.keys().all(|id| *id <= self.last_hook), "a hook newer than the newest");
        let mut addresses = BTreeSet::new();
        for hook in self.hooks.values() {
            assert!(addresses.insert(hook.url.to_uppercase()), "two hooks of one address: {}", hook.url);
        }
        if let Some(active) = &self.active {
            assert!(self.deployments.contains_key(active), "an active deployment without a record");
        }
        for id in self.logs.keys().chain(self.manifests.keys()) {
            assert!(self.deployments.contains_key(id), "a log or manifest of no deployment: {id}");
        }
        if let Some(lock) = &self.lock {
            let records = [&lock.temporary, &lock.deployment].into_iter().flatten();
            assert!(
                records.into_iter().all(|id| self.deployments.contains_key(id)),
                "a lock without its record"
            );
            let waits = !matches!(&lock.phase, Phase::Telling(telling) if telling.waiting.is_empty());
            assert!(waits, "a lock that waits for nothing");
        }
        assert!(self.deferred.is_none() || self.lock.is_some(), "something deferred that nothing holds up");
        self.files.check();
        self.jobs.check();
        for deployment in self.deployments.values() {
            assert_eq!(deployment.complete, deployment.status.is_final(), "complete means ended");
        }
    }

    fn mask(store: &mut Value) {
        for pair in store["hooks"].as_array_mut().into_iter().flatten() {
            let hook = &mut pair[1];
            if let Some(shown) = hook["url"].as_str().and_then(HookUrl::parse).map(|url| url.shown()) {
                hook["url"] = shown.into();
            }
        }
        for building in ["Building", "Running"] {
            let lock = store.get_mut("lock").filter(|lock| lock.is_object());
            let phase = lock.and_then(|lock| lock.get_mut("phase")).filter(|phase| phase.is_object());
            let Some(building) = phase.and_then(|phase| phase.get_mut(building)) else { continue };
            building["build"]["files"] = "(a package that is being built)".into();
            building["build"]["package"] = Value::Null;
        }
        if let Some(fetch) = store.get_mut("deferred").filter(|fetch| fetch.is_object()) {
            fetch["url"] = "****".into();
        }
        for pair in store["settings"].as_array_mut().into_iter().flatten() {
            let is_secret =
                pair[0].as_str().is_some_and(|name| SECRETS.iter().any(|word| name.contains(word)));
            if let Some(text) =
                pair[1]["value"].as_str().filter(|_| is_secret).map(parhelion_core::text::masked)
            {
                pair[1]["value"] = text.into();
            }
        }
        for secret in ["password", "master_key"] {
            if let Some(text) = store[secret].as_str().map(parhelion_core::text::masked) {
                store[secret] = text.into();
            }
        }
        // No secret, but nothing to read either: a site may hold gigabytes.
        for pair in store["files"]["files"].as_array_mut().into_iter().flatten() {
            let content = &mut pair[1]["content"];
            let length = content.as_str().map_or(0, str::len);
            *content = format!("({length} characters of base64)").into();
        }
    }
}

impl KuduStore {
    /// A deployment and its id as stored; ids ignore case, as the folder names do that they are.
    pub fn deployment(&self, id: &str) -> Option<(&String, &Deployment)> {
        let found = self.deployments.get_key_value(id);
        let found = found.or_else(|| self.deployments.iter().find(|(key, _)| key.eq_ignore_ascii_case(id)));
        found.map(|(key, deployment)| (key, &**deployment))
    }
    /// The telling of hooks that holds the lock.
    pub fn telling(&self) -> Option<&Telling> {
        match &self.lock.as_ref()?.phase {
            Phase::Telling(telling) => Some(telling),
            _ => None,
        }
    }
    /// A deployment of this site, as it is shown.
    pub fn shown(&self, id: &str, deployment: &Deployment) -> Shown {
        let active = self.active.as_deref() == Some(id);
        Shown { id: id.to_owned(), deployment: deployment.clone(), active }
    }
    /// All deployments, the one received last first.
    pub fn newest_first(&self) -> Vec<(&String, &Deployment)> {
        let mut all: Vec<_> = self.deployments.iter().map(|(id, d)| (id, &**d)).collect();
        all.sort_by_key(|(_, d)| std::cmp::Reverse((d.received, d.order)));
        all
    }
    /// Takes a deployment's record away, with all that belongs to it.
    pub fn forget_deployment(&mut self, id: &str) {
        let id = id.to_owned();
        self.deployments.remove(&id);
        self.logs.remove(&id);
        self.manifests.remove(&id);
        if self.active.as_ref() == Some(&id) {
            self.active = None;
        }
    }
}
