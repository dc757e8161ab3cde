//! Changing, cancelling, running again, deleting.

use super::Key;
use crate::{
    domain::{
        checks, ci,
        run::{drive, life},
    },
    error::{Error, Result},
    operations::Input,
    show::Links,
    store::{AzureDevOpsStore, Build, BuildStatus},
    wire::{reply::Reply, request::ApiRequest, words},
};
use parhelion_core::{Cause, Event, Verdict};
use parhelion_state::{Operation, Tx};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// What a caller may change of a build; everything else is as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Given {
    id: Option<u32>,
    status: Option<Value>,
    build_number: Option<String>,
    keep_forever: Option<bool>,
    retained_by_release: Option<bool>,
    quality: Option<String>,
}

/// A build and what becomes of it.
pub struct Asked {
    key: Key,
    what: What,
}

enum What {
    Change(Given),
    Retry,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let key = Key::read(request)?;
        if request.query.flag("retry") {
            // OBSERVED: a body is refused. CHOICE: an empty object is as good as none, for the Python client sends one.
            let given: serde_json::Map<String, Value> = request.json()?;
            return if given.is_empty() {
                Ok(Asked { key, what: What::Retry })
            } else {
                Err(Error::RetryWithBody)
            };
        }
        if request.is_bodyless() {
            return Err(Error::BodyMissing);
        }
        Ok(Asked { key, what: What::Change(request.json()?) })
    }
}

/// Builds_UpdateBuild.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "Builds_UpdateBuild";
    type Store = AzureDevOpsStore;
    type Input = Asked;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: Asked, tx: &mut Tx<'_>) -> Result<Reply> {
        let build = input.key.find(store)?.build;
        let shown = match input.what {
            What::Change(given) => change(store, &build, given, tx)?,
            What::Retry => retry(store, &build, None, false, tx)?,
        };
        show(store, &input.key, shown, tx)
    }
}

/// A build as it stood before it went on by itself.
fn show(store: &AzureDevOpsStore, key: &Key, build: Build, tx: &Tx<'_>) -> Result<Reply> {
    let mut found = key.find(store)?;
    found.build = Arc::new(build);
    Ok(Reply::One(found.shown(store, &Links::of(store, tx.call())).as_build()))
}

/// Changes a build; gives it as it is then, before a cancellation has come to its end.
fn change(store: &mut AzureDevOpsStore, before: &Build, given: Given, tx: &mut Tx<'_>) -> Result<Build> {
    let run = format!("run:{}", before.id);
    let mut build = before.clone();
    let mut told = Vec::new();
    if let Some(number) = given.build_number.filter(|n| *n != before.number) {
        told.push(format!("its number was changed from {} to {number}", before.number));
        build.number = valid_number(number)?;
    }
    let mut flag = |name: &str, given: Option<bool>, kept: &mut bool| {
        if let Some(given) = given.filter(|given| given != kept) {
            told.push(format!("its {name} was set to {given}"));
            *kept = given;
        }
    };
    flag("keepForever", given.keep_forever, &mut build.keep_forever);
    flag("retainedByRelease", given.retained_by_release, &mut build.retained_by_release);
    if let Some(quality) = given.quality.filter(|q| Some(q) != before.quality.as_ref()) {
        if quality.chars().count() > 256 {
            return Err(Error::invalid("The quality is longer than 256 characters."));
        }
        told.push(format!("its quality was set to {quality}"));
        build.quality = (!quality.is_empty()).then_some(quality);
    }
    let status = words::BUILD_STATUS.member("status", given.status.as_ref())?;
    if !told.is_empty() {
        build.changed = tx.now();
        tx.emit(Event::new("run.changed", run.clone()).fact(told.join("; ")).verdict(Verdict::Ok));
        store.put_build(build.clone());
    }
    // Clients send whole builds back: a status that they read before asks for nothing.
    if status != Some("cancelling") {
        return Ok(build);
    }
    match build.status {
        BuildStatus::NotStarted | BuildStatus::InProgress => {
            let moved = life::cancel(&mut build, tx.now());
            let asked = build.clone();
            drive::go_on(store, build, moved, Cause::Call, tx);
            return Ok(asked);
        }
        // CHOICE: what is over cannot be cancelled, and that is no error: the wish comes too late.
        BuildStatus::Completed => {
            let fact = "nothing was cancelled: the run is completed already. Without a pace of run, job or step a run is over as soon as it is queued";
            tx.emit(Event::new("run.changed", run).fact(fact).verdict(Verdict::Skipped));
        }
        BuildStatus::Cancelling => {
            let fact = "nothing was cancelled: the run is being cancelled already";
            tx.emit(Event::new("run.changed", run).fact(fact).verdict(Verdict::Skipped));
        }
    }
    Ok(build)
}

// Docs: the characters, and the length.
fn valid_number(number: String) -> Result<String> {
    let bad = |why| {
        let number = number.chars().take(80).collect();
        Err(Error::BuildNumberBad { number, why })
    };
    if number.trim().is_empty() || number.chars().count() > 255 {
        bad("it has 1 to 255 characters.")
    } else if number.contains(|c: char| "\"/:<>'|?@*".contains(c) || c.is_control()) {
        bad("it must not hold \" / : < > ' | ? @ or *.")
    } else if number.ends_with('.') {
        bad("it must not end with a period.")
    } else {
        Ok(number)
    }
}

/// Runs again what did not go well, of all or of one stage; gives the build as it is then, before it goes on.
pub fn retry(
    store: &mut AzureDevOpsStore,
    before: &Build,
    stage: Option<usize>,
    all: bool,
    tx: &mut Tx<'_>,
) -> Result<Build> {
    let refuse = |why: &str| Err(Error::NotRetryable { id: before.id, why: why.to_owned() });
    let over = match stage.and_then(|s| before.stages.get(s)) {
        Some(stage) => stage.life.finished.is_some() && before.status != BuildStatus::Cancelling,
        None => before.status == BuildStatus::Completed,
    };
    if !over {
        return refuse("it is not over yet.");
    }
    let mut build = before.clone();
    let now = tx.now();
    if !life::retry(&mut build, stage, all, now, &mut || tx.uuid("record")) {
        return refuse("everything of it went well.");
    }
    let fact = match stage.and_then(|s| before.stages.get(s)) {
        Some(stage) => format!("stage {} is run again", stage.name),
        None => "what did not go well is run again".to_owned(),
    };
    let event = Event::new("run.changed", format!("run:{}", build.id)).fact(fact).verdict(Verdict::Ok);
    let again = tx.emit(event);
    let asked = build.clone();
    drive::go_on(store, build, Vec::new(), again.into(), tx);
    Ok(asked)
}

/// Several builds, each with its id.
pub struct Many {
    project: String,
    given: Vec<Given>,
}

impl Input for Many {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Many { project: request.project()?.to_owned(), given: request.json_list()? })
    }
}

/// Builds_UpdateBuilds: all or none.
pub struct UpdateMany;

impl Operation for UpdateMany {
    const NAME: &'static str = "Builds_UpdateBuilds";
    type Store = AzureDevOpsStore;
    type Input = Many;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: Many, tx: &mut Tx<'_>) -> Result<Reply> {
        let mut items = Vec::new();
        for given in input.given {
            let id = given.id.ok_or_else(|| Error::invalid("A build of the list has no id."))?;
            let key = Key { project: Some(input.project.clone()), build: id.to_string() };
            let build = key.find(store)?.build;
            let changed = change(store, &build, given, tx)?;
            if let Reply::One(shown) = show(store, &key, changed, tx)? {
                items.push(shown);
            }
        }
        Ok(Reply::list(items))
    }
}

/// Builds_Delete: it leaves the lists; what is at work is ended.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Builds_Delete";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, key: Key, tx: &mut Tx<'_>) -> Result<Reply> {
        let build = key.find(store)?.build;
        if build.keep_forever || build.retained_by_release {
            return Err(Error::BuildRetained { number: build.number.clone() });
        }
        let fact = match build.status {
            BuildStatus::Completed => "the run was deleted",
            // OBSERVED: deletion stops it.
            _ => "the run was deleted while it was at work, and does nothing further",
        };
        store.edit_build(build.id, |b| {
            if b.status != BuildStatus::Completed {
                let now = tx.now();
                life::cancel(b, now);
                b.status = BuildStatus::Completed;
                b.result = Some(crate::store::BuildResult::Canceled);
                b.finished = Some(now);
            }
        });
        let held = checks::Locks::of(&build).changed(&checks::Locks::default());
        store.delete_build(build.id, tx.now());
        let deleted = Event::new("run.deleted", format!("run:{}", build.id)).fact(fact).verdict(Verdict::Ok);
        let deleted = tx.emit(deleted);
        ci::batch::release(store, build.definition, &build.branch, deleted.into(), tx);
        // Whoever waits for what it had to itself goes on.
        drive::let_in(store, held, tx);
        Ok(Reply::Nothing)
    }
}
