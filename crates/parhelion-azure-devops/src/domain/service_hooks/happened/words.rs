//! The words of events: states and results, as filters name them.

use crate::{
    domain::run::life::Turn,
    store::{Build, BuildResult, CheckStatus, Life, RecordResult, StageRun},
};

/// A word with a small first letter, as resources write what filters write with a capital one.
pub fn lower(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|c| c.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// Of a run.
pub fn run_state(turn: Turn) -> String {
    match turn {
        Turn::NotStarted | Turn::Waiting | Turn::Began => "InProgress",
        Turn::Cancelling => "Canceling",
        Turn::Ended => "Completed",
    }
    .to_owned()
}
/// Of a stage or job.
pub fn part_state(turn: Turn) -> String {
    match turn {
        Turn::NotStarted => "NotStarted",
        Turn::Waiting => "Waiting",
        Turn::Began | Turn::Cancelling => "Running",
        Turn::Ended => "Completed",
    }
    .to_owned()
}
/// How a stage or job ended; `None` before its end.
pub fn part_result(life: &Life, turn: Turn) -> Option<String> {
    let result = life.result.filter(|_| turn == Turn::Ended)?;
    // CHOICE: the events know neither issues nor an abandoned one.
    let word = match result {
        RecordResult::Succeeded | RecordResult::SucceededWithIssues => "Succeeded",
        RecordResult::Failed | RecordResult::Abandoned => "Failed",
        RecordResult::Skipped => "Skipped",
        RecordResult::Canceled => "Canceled",
    };
    Some(word.to_owned())
}
/// How a stage ended; `None` before its end.
// Docs: a stage of which an approval said no is rejected.
pub fn stage_result(stage: &StageRun, turn: Turn) -> Option<String> {
    let checks = stage.checkpoint.as_ref().filter(|_| turn == Turn::Ended);
    if checks.is_some_and(|c| c.status == CheckStatus::Rejected) {
        return Some("Rejected".to_owned());
    }
    part_result(&stage.life, turn)
}
/// How a run ended; `None` before its end.
pub fn run_result(build: &Build, turn: Turn) -> Option<String> {
    let result = build.run_result().filter(|_| turn == Turn::Ended)?;
    let word = match result {
        BuildResult::Succeeded | BuildResult::PartiallySucceeded => "Succeeded",
        BuildResult::Failed => "Failed",
        BuildResult::Canceled => "Canceled",
    };
    Some(word.to_owned())
}
/// How a build ended.
pub fn build_status(build: &Build) -> String {
    match build.result {
        Some(BuildResult::Succeeded) => "Succeeded",
        Some(BuildResult::PartiallySucceeded) => "PartiallySucceeded",
        Some(BuildResult::Failed) => "Failed",
        // Docs: the filter's word for a canceled build.
        Some(BuildResult::Canceled) | None => "Stopped",
    }
    .to_owned()
}
