//! A build: what is decided before anything changes ([`of`]), and the change ([`run`]).

use super::Log;
use crate::domain::command::{self, CommandOutcome};
use crate::domain::copy::{self, Target};
use crate::domain::deployment_file::DeploymentFile;
use crate::domain::package::{Package, PackageError};
use crate::domain::{layout, record_files, time};
use crate::exec::{Change, Ran};
use crate::settings::Settings;
use crate::store::{
    Build, Building, KuduStore, Layout, LogKind, Manifest, Obstacle, Push, ScriptedBuild, Staged, WWWROOT,
};
use parhelion_state::Tx;
use std::sync::Arc;

/// Where the files stand that a command deploys from.
pub const STAGING: &str = "site/repository";
/// Where packages are kept that a site runs from.
const SITE_PACKAGES: &str = "data/SitePackages";

/// What a deployment of that id will do, and what it is about in words.
///
/// # Errors
/// When the site's files would take more than they may.
pub fn of(
    store: &KuduStore,
    id: &str,
    push: &Push,
    package: Package,
    settings: &Settings,
) -> Result<(Build, String), PackageError> {
    let about = match &push.layout {
        Layout::Nothing => "a commit without files".to_owned(),
        _ => format!("a package of {} files, {} bytes", package.files.len(), package.bytes),
    };
    let mut build = Build {
        id: id.to_owned(),
        push: push.clone(),
        files: Arc::default(),
        root: WWWROOT.trim_end_matches('/').to_owned(),
        package: None,
        command: None,
        problem: None,
    };
    match &push.layout {
        Layout::Sync { .. } if package.zip.is_some() => build.package = package.zip,
        Layout::Sync { below, .. } => {
            let file =
                package.text(".deployment").map(|text| DeploymentFile::parse(&text)).unwrap_or_default();
            let set = |name| store.settings.filled(name).map(str::to_owned);
            build.command = set("COMMAND").or(file.command);
            // A project may be named by its file: its folder is meant.
            let project = set("PROJECT").or(file.project);
            let target = set("SCM_TARGET_PATH").or(file.target);
            match layout::under(&build.root, target.as_deref().unwrap_or_default())
                .and_then(|root| layout::under(&root, below.as_deref().unwrap_or_default()))
            {
                Some(root) => build.root = root,
                None => {
                    build.problem = Some("The deployment's target path leads out of the site.".to_owned())
                }
            }
            match copy::staged(&package.files, project.as_deref()) {
                Some(staged) => build.files = Arc::new(staged),
                None => {
                    let project = project.unwrap_or_default();
                    build.problem =
                        Some(format!("The package has no folder '{project}', which is to be deployed."));
                }
            }
        }
        Layout::Place { root, .. } => {
            build.root.clone_from(root);
            build.files = Arc::new(package.files);
        }
        Layout::Nothing => build.command = store.settings.filled("COMMAND").map(str::to_owned),
    }
    let after = match &build.package {
        Some(zip) => store.files.bytes().saturating_add(zip.size()),
        None => copy::plan(store, &build.files, &build.target()).bytes_after,
    };
    if after > settings.max_site_bytes {
        return Err(PackageError::SiteTooLarge { limit: settings.max_site_bytes });
    }
    Ok((build, about))
}

impl Build {
    /// How the deployment is built, as hooks are told.
    pub fn project_type(&self) -> &'static str {
        match &self.push.layout {
            _ if self.package.is_some() => "Run-From-Zip",
            Layout::Place { one_deploy: true, .. } => "OneDeploy",
            _ if self.command.is_some() => "CUSTOM DEPLOYMENT",
            _ => "BASIC",
        }
    }
    fn target(&self) -> Target {
        // HOME itself has no name.
        let root = if self.root.is_empty() { String::new() } else { format!("{}/", self.root) };
        match self.push.layout {
            Layout::Sync { clean, .. } => Target { root, clean, with_manifest: true },
            Layout::Place { clean, .. } => Target { root, clean, with_manifest: false },
            Layout::Nothing => Target { root, clean: false, with_manifest: false },
        }
    }
}

/// Builds: what was done in a sentence, or why it failed.
pub fn run(
    building: &Building,
    ran: Option<&Result<Ran, String>>,
    store: &mut KuduStore,
    log: &mut Log,
    tx: &mut Tx<'_>,
) -> Result<String, String> {
    let (build, scripted) = (&building.build, building.scripted.as_ref());
    log.entry("Updating submodules.", tx);
    let short = parhelion_core::text::prefix(&build.id, 10);
    log.entry(&format!("Preparing deployment for commit id '{short}'."), tx);
    let is_one_deploy = matches!(build.push.layout, Layout::Place { one_deploy: true, .. });
    let built = match &build.package {
        Some(_) => run_from(build, store, scripted, log, tx),
        None if is_one_deploy => one_deploy(build, store, scripted, log, tx),
        None => script(building, ran, store, log, tx),
    };
    match &built {
        Ok(_) => {
            if build.package.is_none() {
                log.entry("Running post deployment command(s)...", tx);
            }
            if !is_one_deploy {
                log.entry("Triggering recycle (preview mode disabled).", tx);
            }
            log.entry("Deployment successful.", tx);
        }
        Err(_) => {
            log.entry("Deployment Failed.", tx);
            log.raise(LogKind::Error);
        }
    }
    built
}

/// What a behaviour has to say: its lines, and whether it fails.
fn follow(scripted: Option<&ScriptedBuild>, log: &mut Log, tx: &Tx<'_>) -> Result<(), String> {
    let Some(scripted) = scripted else { return Ok(()) };
    for line in &scripted.log {
        log.detail(line.clone(), LogKind::Message, tx);
    }
    match &scripted.failure {
        None => Ok(()),
        Some(message) => {
            log.detail(message.clone(), LogKind::Error, tx);
            Err(format!("a behaviour lets the build fail: {message}"))
        }
    }
}

/// The deployment script: a copy, or a command in its place.
fn script(
    building: &Building,
    ran: Option<&Result<Ran, String>>,
    store: &mut KuduStore,
    log: &mut Log,
    tx: &mut Tx<'_>,
) -> Result<String, String> {
    let (build, scripted) = (&building.build, building.scripted.as_ref());
    let mut output = Vec::new();
    if let Some(command) = &build.command {
        log.entry("Running custom deployment command...", tx);
        log.entry("Running deployment command...", tx);
        log.detail(format!("Command: {command}"), LogKind::Message, tx);
        if let Some(ran) = ran {
            return commanded(build, command, ran.as_ref(), store, log, tx);
        }
        match command::outcome(command) {
            CommandOutcome::Done(lines) => output = lines,
            CommandOutcome::Failed(lines) => {
                for line in lines {
                    log.detail(line, LogKind::Error, tx);
                }
                log.raise(LogKind::Error);
                return Err(format!("the deployment command fails: {command}"));
            }
        }
    } else {
        generate(log, tx);
    }
    if let Some(problem) = &build.problem {
        log.detail(problem.clone(), LogKind::Error, tx);
        return Err(problem.clone());
    }
    if build.command.is_none() {
        run_script(log, tx);
    }
    for line in output {
        log.detail(line, LogKind::Message, tx);
    }
    follow(scripted, log, tx)?;
    if build.push.layout == Layout::Nothing {
        store.manifests.put(build.id.clone(), copy::last_manifest(store));
        return Ok("there was nothing to copy".to_owned());
    }
    copy_files(build, store, log, tx)
}

/// What a command that was run for real wrote and changed. What it changed of the files that were deployed from is not
/// kept: that folder goes.
fn commanded(
    build: &Build,
    command: &str,
    ran: Result<&Ran, &String>,
    store: &mut KuduStore,
    log: &mut Log,
    tx: &mut Tx<'_>,
) -> Result<String, String> {
    let ran = match ran {
        Ok(ran) => ran,
        Err(why) => {
            log.detail(why.clone(), LogKind::Error, tx);
            return Err(format!("the deployment command could not be run: {why}"));
        }
    };
    for line in ran.output.lines() {
        log.detail(line.to_owned(), LogKind::Message, tx);
    }
    // Docs: what goes to the error output alone fails nothing; the code does.
    let kind = if ran.code == 0 { LogKind::Message } else { LogKind::Error };
    for line in ran.error.lines() {
        log.detail(line.to_owned(), kind, tx);
    }
    if ran.code != 0 {
        log.raise(LogKind::Error);
        return Err(format!("the deployment command ended with exit code {}: {command}", ran.code));
    }
    let (now, records) = (time::ticks(tx.now()), format!("{}/{}/", record_files::FOLDER, build.id));
    let mut manifest = copy::last_manifest(store);
    let mut count = 0usize;
    for change in &ran.changes {
        let path = change.path();
        if let (Some(name), Change::Put(_, _, content)) = (path.strip_prefix(&records), change) {
            if name == "manifest" {
                let text = String::from_utf8_lossy(content.bytes()).into_owned();
                manifest = Manifest(
                    text.lines()
                        .map(|line| line.trim().replace('\\', "/"))
                        .filter(|l| !l.is_empty())
                        .collect(),
                );
            }
            continue;
        }
        // Nothing else of the records is a file; what was deployed from goes.
        if path.starts_with(record_files::FOLDER) || path.starts_with(STAGING) {
            continue;
        }
        count += 1;
        let stored = match change {
            Change::Gone(path) => {
                store.files.remove(path, now);
                store.files.remove_folder(path, now);
                Ok(())
            }
            Change::Folder(path) => store.files.make_folder(path, now).map(drop),
            Change::Put(path, hash, content) => store.files.put(path, hash.clone(), content.clone(), now),
        };
        if let Err(obstacle) = stored {
            log.detail(in_the_way(&obstacle), LogKind::Warning, tx);
        }
    }
    store.manifests.put(build.id.clone(), manifest);
    Ok(format!("the deployment command changed {count} files"))
}

fn generate(log: &mut Log, tx: &mut Tx<'_>) {
    log.entry("Generating deployment script.", tx);
    log.detail("Generating deployment script for Web Site".to_owned(), LogKind::Message, tx);
}

fn run_script(log: &mut Log, tx: &mut Tx<'_>) {
    log.entry("Running deployment command...", tx);
    log.detail("Command: deploy.cmd".to_owned(), LogKind::Message, tx);
}

/// OneDeploy has a build of its own.
fn one_deploy(
    build: &Build,
    store: &mut KuduStore,
    scripted: Option<&ScriptedBuild>,
    log: &mut Log,
    tx: &mut Tx<'_>,
) -> Result<String, String> {
    log.entry("Running build. Project type: OneDeploy", tx);
    log.entry("Copying the manifest", tx);
    let shown = format!("/home/{}", build.root);
    if build.target().clean {
        log.entry(&format!("Clean deploying to {shown}"), tx);
        generate(log, tx);
        run_script(log, tx);
    } else {
        log.entry(&format!("Incrementally deploying to {shown}"), tx);
    }
    follow(scripted, log, tx)?;
    let done = copy_files(build, store, log, tx)?;
    // OBSERVED: spelled so.
    log.entry("Build completed succesfully.", tx);
    Ok(done)
}

fn copy_files(
    build: &Build,
    store: &mut KuduStore,
    log: &mut Log,
    tx: &mut Tx<'_>,
) -> Result<String, String> {
    let target = build.target();
    // Worked out now: files may have come and gone by vfs while the build took its time.
    let plan = copy::plan(store, &build.files, &target);
    for path in &plan.delete {
        log.detail(format!("Deleting file: '{path}'"), LogKind::Message, tx);
    }
    for path in &plan.write {
        log.detail(format!("Copying file: '{path}'"), LogKind::Message, tx);
    }
    let kept = store.files.clone();
    let now = time::ticks(tx.now());
    if let Err(obstacle) = copy::apply(store, &plan, &build.files, &target, now) {
        store.files = kept;
        let why = in_the_way(&obstacle);
        log.detail(why.clone(), LogKind::Error, tx);
        return Err(why);
    }
    store.manifests.put(build.id.clone(), plan.manifest.clone());
    let (written, deleted, same) = (plan.write.len(), plan.delete.len(), plan.unchanged);
    Ok(format!("{written} files were copied, {deleted} deleted, {same} left as they were"))
}

fn in_the_way(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::IsFolder => "Access to the path is denied: a folder is in the way.".to_owned(),
        Obstacle::IsFile(path) => {
            format!("Cannot create '/home/{path}' because a file of the same name exists.")
        }
        Obstacle::Full => "The site has as many files and folders as it may have.".to_owned(),
    }
}

/// The site is to run from the package: it is put beside the others and named; wwwroot stays as it is.
fn run_from(
    build: &Build,
    store: &mut KuduStore,
    scripted: Option<&ScriptedBuild>,
    log: &mut Log,
    tx: &mut Tx<'_>,
) -> Result<String, String> {
    log.entry("Skipping build. Project type: Run-From-Zip", tx);
    follow(scripted, log, tx)?;
    let Some(zip) = &build.package else { return Err("no package".to_owned()) };
    let (now, name) = (time::ticks(tx.now()), format!("{}.zip", tx.now().format("%Y%m%d%H%M%S")));
    let text = crate::store::Content::new(bytes::Bytes::from(name.clone()));
    let staged: Staged = [(name.clone(), zip.clone()), ("packagename.txt".to_owned(), text)]
        .into_iter()
        .map(|(name, content)| (name, (content.hash(), content)))
        .collect();
    let target = Target { root: format!("{SITE_PACKAGES}/"), clean: false, with_manifest: false };
    let plan = copy::plan(store, &staged, &target);
    let kept = store.files.clone();
    if let Err(obstacle) = copy::apply(store, &plan, &staged, &target, now) {
        store.files = kept;
        return Err(in_the_way(&obstacle));
    }
    store.manifests.put(build.id.clone(), plan.manifest);
    log.entry("Skipping post build. Project type: Run-From-Zip", tx);
    Ok(format!("the site runs from {SITE_PACKAGES}/{name}"))
}
