//! What behaviours say of jobs and steps, and what it makes them say.

use super::Draw;
use crate::{
    domain::{commands::Hearing, simulation},
    store::{Build, Complaint, Ending, Play, RecordResult, Set, StageRun, What},
};
use parhelion_core::Scripted;
use serde_json::Value;

/// Says what an outcome says, and gives its result.
pub(super) fn played(play: Play, hearing: &mut Hearing<'_>, minutes: u32) -> RecordResult {
    for (name, value) in play.variables {
        hearing.heard.set.push(Set { name, value, is_secret: false, is_read_only: false });
    }
    for (output, value) in play.outputs {
        let name = match (output.contains('.'), hearing.step.is_empty()) {
            (true, _) => output,
            (false, false) => format!("{}.{output}", hearing.step),
            // Outputs need the name of their step.
            (false, true) => continue,
        };
        hearing.heard.set.push(Set {
            name: name.clone(),
            value: value.clone(),
            is_secret: false,
            is_read_only: false,
        });
        hearing.heard.outputs.push((name, value));
    }
    play.log.iter().flat_map(|text| text.split('\n')).for_each(|line| hearing.line(line));
    play.issues.into_iter().for_each(|issue| hearing.complain(issue));
    match play.end {
        Ending::Succeed | Ending::Skip => RecordResult::Succeeded,
        Ending::SucceedWithIssues => RecordResult::SucceededWithIssues,
        Ending::Fail => RecordResult::Failed,
        Ending::Cancel => RecordResult::Canceled,
        ending @ (Ending::Hang | Ending::TimeOut) => too_long(ending, minutes, hearing),
    }
}

/// Says that a step took longer than it may, or its job.
pub fn too_long(ending: Ending, minutes: u32, hearing: &mut Hearing<'_>) -> RecordResult {
    if ending == Ending::TimeOut {
        // OBSERVED: the agent's text.
        hearing.complain(Complaint::error("The task has timed out."));
        return RecordResult::Failed;
    }
    // CHOICE: the service's text as remembered, without its link.
    hearing.complain(Complaint::error(format!(
        "The job running on agent Hosted Agent ran longer than the maximum time of {minutes} minutes."
    )));
    RecordResult::Canceled
}

/// What a behaviour says of a job or a step.
pub(super) fn drawn(
    build: &Build,
    (s, j): (usize, usize),
    t: Option<usize>,
    draw: &mut dyn Draw,
) -> Option<Play> {
    if !draw.listens() {
        return None;
    }
    let stage: &StageRun = build.stages.get(s)?;
    let job = stage.jobs.get(j)?;
    let attempt = (job.earlier.len() + 1).to_string();
    let mut facets = vec![
        ("stage", stage.name.as_str()),
        ("stage", stage.display.as_str()),
        ("job", job.base.as_str()),
        ("job", job.name.as_str()),
        ("job", job.display.as_str()),
        ("attempt", attempt.as_str()),
    ];
    let Some(t) = t else {
        return Some(play(&draw.scripted(&format!("job:{}", job.record), false, &facets)?, true));
    };
    let place = job.steps.get(t)?.what.place()?;
    let (_, plan) = build.step_plan(s, j, What::Step(place))?;
    let (title, position) = (simulation::title(build, (s, j, t)), (place + 1).to_string());
    facets.extend([
        ("step", plan.name.as_deref().unwrap_or_default()),
        ("step", title.as_str()),
        ("step", position.as_str()),
    ]);
    Some(play(&draw.scripted(&format!("step:{}", job.step_record(t)), true, &facets)?, false))
}

/// An outcome; its members have been checked.
fn play(scripted: &Scripted, of_job: bool) -> Play {
    let end = match scripted.outcome.as_str() {
        "succeed_with_issues" => Ending::SucceedWithIssues,
        "fail" => Ending::Fail,
        "cancel" => Ending::Cancel,
        "skip" => Ending::Skip,
        "hang" => Ending::Hang,
        _ => Ending::Succeed,
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let list = |name: &str| scripted.members.get(name).and_then(Value::as_array).into_iter().flatten();
    let outputs = scripted.members.get("outputs").and_then(Value::as_object).into_iter().flatten();
    let variables = scripted.members.get("variables").and_then(Value::as_object).into_iter().flatten();
    let issue = |value: &Value| {
        let message = value["message"].as_str()?.to_owned();
        Some(Complaint { error: value["type"] != "warning", ..Complaint::error(message) })
    };
    Play {
        end,
        delay: scripted.delay().map(|delay| delay.num_milliseconds().max(0)),
        outputs: outputs.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
        variables: variables.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
        log: list("log").filter_map(text).collect(),
        issues: list("issues").filter_map(issue).chain(said_of(scripted)).collect(),
        of_job,
    }
}

/// The error that an outcome's `code` and `message` make.
// CHOICE: a record's issue has no code of its own; it stands before the message.
fn said_of(scripted: &Scripted) -> Option<Complaint> {
    let message = match (scripted.text("code"), scripted.text("message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (code, message) => code.or(message)?.to_owned(),
    };
    Some(Complaint::error(message))
}
