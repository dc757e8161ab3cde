//! Cancelling and running again a stage.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/build/stages/update

use super::{Key, update::retry};
use crate::{
    domain::run::{drive, life},
    error::{Error, Result},
    operations::Input,
    store::{AzureDevOpsStore, BuildStatus},
    wire::{reply::Reply, request::ApiRequest, words},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use serde::Deserialize;
use serde_json::Value;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    state: Option<Value>,
    force_retry_all_jobs: Option<bool>,
}

/// A stage and what becomes of it.
pub struct Asked {
    key: Key,
    stage: String,
    cancel: bool,
    all: bool,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Given = request.json()?;
        let state = words::STAGE_UPDATE.member("state", given.state.as_ref())?;
        let state = state.ok_or_else(|| Error::invalid("The state is missing: cancel or retry."))?;
        Ok(Asked {
            key: Key::read(request)?,
            stage: request.value("stageRefName").to_owned(),
            cancel: state == "cancel",
            all: given.force_retry_all_jobs.unwrap_or(false),
        })
    }
}

/// Stages_Update.
pub struct UpdateStage;

impl Operation for UpdateStage {
    const NAME: &'static str = "Stages_Update";
    type Store = AzureDevOpsStore;
    type Input = Asked;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: Asked, tx: &mut Tx<'_>) -> Result<Reply> {
        let build = input.key.find(store)?.build;
        let found = build.stages.iter().position(|s| s.name.eq_ignore_ascii_case(&input.stage));
        let unknown =
            || Error::StageUnknown { build: build.id, stage: input.stage.chars().take(80).collect() };
        let s = found.ok_or_else(unknown)?;
        if !input.cancel {
            retry(store, &build, Some(s), input.all, tx)?;
            return Ok(Reply::Nothing);
        }
        let run = format!("run:{}", build.id);
        let mut build = (*build).clone();
        let stage = build.stages.get_mut(s).ok_or_else(unknown)?;
        let name = stage.name.clone();
        let moved = life::cancel_only(s, stage, tx.now());
        if moved.is_empty() {
            // CHOICE: as for a whole run: the wish comes too late.
            let fact = format!("nothing was cancelled: stage {name} is completed already");
            tx.emit(Event::new("run.changed", run).fact(fact).verdict(Verdict::Skipped));
            return Ok(Reply::Nothing);
        }
        let fact = format!("stage {name} was told to end: what it was at is canceled");
        let told = tx.emit(Event::new("run.changed", run).fact(fact).verdict(Verdict::Ok));
        // A run whose stage is cancelled before it began begins with the others.
        debug_assert!(build.status != BuildStatus::Completed);
        drive::go_on(store, build, moved, told.into(), tx);
        Ok(Reply::Nothing)
    }
}
