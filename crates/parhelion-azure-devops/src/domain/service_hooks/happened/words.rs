//! The words of events: states and results, as filters name them.

use crate::{
    domain::run::life::Turn,
    store::{Build, BuildResult, Life, RecordResult},
};

/// A word with a small first letter, as resources write what filters write with a capital one.
pub fn lower(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|c| c.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// Of a run.
pub fn run_state(turn: Turn) -> String {
    match turn {
        Turn::Began => "InProgress",
        Turn::Cancelling => "Canceling",
        Turn::Ended => "Completed",
    }
    .to_owned()
}
/// Of a stage or job.
pub fn part_state(turn: Turn) -> String {
    if turn == Turn::Ended { "Completed" } else { "Running" }.to_owned()
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
