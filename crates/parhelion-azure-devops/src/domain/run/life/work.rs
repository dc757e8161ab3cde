//! A job at work: its steps one after another, each as its condition, its pace and a behaviour say.

use super::{Draw, Moved, Paces, Part, Turn, conditions, conditions::Ready};
use crate::store::{
    Artifact, Build, Complaint, Ending, JobRun, Lines, Play, RecordResult, StageRun, StepRun, Wait,
};
use chrono::TimeDelta;
use parhelion_core::{Scripted, Timestamp};
use serde_json::Value;
use uuid::Uuid;

/// Moves a job; whether it ended.
pub(super) fn job(
    build: &mut Build,
    (s, j): (usize, usize),
    paces: &Paces,
    now: Timestamp,
    draw: &mut dyn Draw,
    moved: &mut Vec<Moved>,
) -> bool {
    let Some(job) = at(build, s, j).filter(|job| job.life.finished.is_none()) else { return false };
    if job.life.started.is_none() {
        // What waits was judged before; of a matrix, others may have begun since.
        match conditions::job(build, s, j) {
            Ready::NotYet => return false,
            Ready::Go => {}
            Ready::Never(why) => return leave_out(build, (s, j), RecordResult::Skipped, why, now, moved),
            Ready::Abandon(why) => return leave_out(build, (s, j), RecordResult::Abandoned, why, now, moved),
        }
        let Some(job) = at_mut(build, s, j) else { return false };
        if !job.wait.get_or_insert_with(|| Wait::begin(paces.job, now)).is_over(now) {
            return false;
        }
        job.wait = None;
        let play = drawn(build, (s, j), None, draw);
        if play.as_ref().is_some_and(|play| play.end == Ending::Skip) {
            let why = "a behaviour leaves it out".to_owned();
            return leave_out(build, (s, j), RecordResult::Skipped, why, now, moved);
        }
        let Some(job) = at_mut(build, s, j) else { return false };
        job.play = play.map(Box::new);
        job.life.started = Some(now);
        moved.push(Moved(Part::Job(s, j), Turn::Began));
    }
    if !steps(build, (s, j), paces, now, draw, moved) {
        return false;
    }
    let Some(job) = at_mut(build, s, j) else { return false };
    let worst = job.steps.iter().filter_map(|t| t.life.result).max().unwrap_or(RecordResult::Succeeded);
    let result = match worst {
        RecordResult::Skipped => RecordResult::Succeeded,
        RecordResult::Failed if job.continue_on_error => RecordResult::SucceededWithIssues,
        other => other,
    };
    job.life.end(result, now);
    moved.push(Moved(Part::Job(s, j), Turn::Ended));
    true
}

fn leave_out(
    build: &mut Build,
    (s, j): (usize, usize),
    result: RecordResult,
    why: String,
    now: Timestamp,
    moved: &mut Vec<Moved>,
) -> bool {
    let Some(job) = at_mut(build, s, j) else { return false };
    job.wait = None;
    job.life.end(result, now);
    job.why = Some(why);
    moved.push(Moved(Part::Job(s, j), Turn::Ended));
    true
}

fn at(build: &Build, s: usize, j: usize) -> Option<&JobRun> {
    build.stages.get(s)?.jobs.get(j)
}

fn at_mut(build: &mut Build, s: usize, j: usize) -> Option<&mut JobRun> {
    build.stages.get_mut(s)?.jobs.get_mut(j)
}

/// Moves the steps of a job, one after another; whether all are over.
fn steps(
    build: &mut Build,
    (s, j): (usize, usize),
    paces: &Paces,
    now: Timestamp,
    draw: &mut dyn Draw,
    moved: &mut Vec<Moved>,
) -> bool {
    let count = at(build, s, j).map_or(0, |job| job.steps.len());
    for t in 0..count {
        let Some(step) = at(build, s, j).and_then(|job| job.steps.get(t)) else { break };
        if step.life.finished.is_some() {
            continue;
        }
        if step.life.started.is_none() && !begin(build, (s, j, t), now, draw) {
            moved.push(Moved(Part::Step(s, j, t), Turn::Ended));
            continue;
        }
        let Some(job) = at_mut(build, s, j) else { break };
        let (limit, began) = (job.timeout, job.life.started.unwrap_or(now));
        let end = began.checked_add_signed(TimeDelta::minutes(limit.into())).unwrap_or(Timestamp::MAX_UTC);
        let Some(step) = job.steps.get_mut(t) else { break };
        if step.wait.is_none() {
            step.wait = Some(begun(step, paces, now, end));
        }
        if !step.wait.is_some_and(|wait| wait.is_over(now)) {
            return false;
        }
        step.wait = None;
        let outputs = finish(step, limit, now);
        let published =
            step.publishes.clone().filter(|_| step.life.result.is_some_and(RecordResult::is_good));
        job.outputs.extend(outputs);
        let record = job.record;
        if let Some(name) = published {
            publish(build, name, record);
        }
        moved.push(Moved(Part::Step(s, j, t), Turn::Ended));
    }
    true
}

/// How long a step takes: as its outcome says, but no longer than its job may.
fn begun(step: &mut StepRun, paces: &Paces, now: Timestamp, end: Timestamp) -> Wait {
    let Some(play) = &mut step.play else { return Wait::begin(paces.step, now) };
    let until = match (play.end, play.delay) {
        (Ending::Hang, _) => end,
        (_, None) => return Wait::begin(paces.step, now),
        (_, Some(delay)) => {
            now.checked_add_signed(TimeDelta::milliseconds(delay)).unwrap_or(Timestamp::MAX_UTC)
        }
    };
    if until > end {
        play.end = Ending::Hang;
    }
    Wait { since: now, until: Some(until.min(end).max(now)) }
}

/// Begins a step, or leaves it out; whether it begins.
fn begin(build: &mut Build, (s, j, t): (usize, usize, usize), now: Timestamp, draw: &mut dyn Draw) -> bool {
    let Some((job, step)) = at(build, s, j).and_then(|job| Some((job, job.steps.get(t)?))) else {
        return false;
    };
    let ready = match hook_waits(job, step) {
        Some(why) => Ready::Never(why),
        None => conditions::step(build, (s, j), step, stands(job, step)),
    };
    // What is about the whole job is carried by its first step of the YAML, or by the last of all.
    let carries = job.play.is_some() && (step.position.is_some() || t + 1 == job.steps.len());
    let play = match &ready {
        Ready::Go if carries => None,
        Ready::Go if step.position.is_some() => drawn(build, (s, j), Some(t), draw),
        _ => None,
    };
    let Some(job) = at_mut(build, s, j) else { return false };
    let play = if carries && ready == Ready::Go { job.play.take() } else { play.map(Box::new) };
    let Some(step) = job.steps.get_mut(t) else { return false };
    match ready {
        Ready::Go if play.as_ref().is_some_and(|play| play.end == Ending::Skip) => {
            step.why = Some("a behaviour leaves it out".to_owned());
            step.life.end(RecordResult::Skipped, now);
            false
        }
        Ready::Go => {
            step.life.started = Some(now);
            step.play = play;
            true
        }
        Ready::Never(why) => {
            step.why = Some(why);
            step.life.end(RecordResult::Skipped, now);
            false
        }
        // CHOICE (after the agent, not verified): a step whose condition cannot be told has failed.
        Ready::Abandon(why) => {
            step.life.started = Some(now);
            step.issues.push(Complaint { error: true, message: why.clone() });
            step.why = Some(why);
            step.life.end(RecordResult::Failed, now);
            false
        }
        Ready::NotYet => false,
    }
}

/// How a job stands for a step: of a deployment, its hook stands for itself.
fn stands(job: &JobRun, step: &StepRun) -> RecordResult {
    let counted = job.steps.iter().filter(|other| other.hook == step.hook);
    let worst = counted.filter_map(|other| other.life.result).max();
    worst.map_or(RecordResult::Succeeded, |worst| worst.max(RecordResult::Succeeded))
}

/// Why the hook of a step is not taken.
fn hook_waits(job: &JobRun, step: &StepRun) -> Option<String> {
    let hook = step.hook.as_deref()?;
    let before = job.steps.iter().take_while(|other| other.position != step.position);
    let others = before.filter(|other| other.hook.as_deref() != Some(hook));
    // `on.failure` comes after `on.success` and looks at what was before that.
    let results = others.filter(|o| o.hook.as_deref() != Some("on.success")).filter_map(|o| o.life.result);
    let worst = results.max().unwrap_or(RecordResult::Succeeded);
    let well = worst <= RecordResult::SucceededWithIssues;
    match hook {
        "on.failure" if well => Some("the deployment did not fail".to_owned()),
        "on.failure" => None,
        _ if well => None,
        _ => Some(format!("a hook before {hook} did not go well")),
    }
}

/// Ends a step as its outcome says; the outputs that it sets.
fn finish(step: &mut StepRun, limit: u32, now: Timestamp) -> Vec<(String, String)> {
    let Some(play) = step.play.take().map(|play| *play) else {
        step.life.end(RecordResult::Succeeded, now);
        return Vec::new();
    };
    let mut issues = play.issues;
    let result = match play.end {
        Ending::Succeed | Ending::Skip => RecordResult::Succeeded,
        Ending::SucceedWithIssues => RecordResult::SucceededWithIssues,
        Ending::Fail if step.continue_on_error && !play.of_job => RecordResult::SucceededWithIssues,
        Ending::Fail => RecordResult::Failed,
        Ending::Cancel => RecordResult::Canceled,
        Ending::Hang => {
            // CHOICE: the service's text as remembered, without its link.
            let message = format!(
                "The job running on agent Hosted Agent ran longer than the maximum time of {limit} minutes."
            );
            issues.push(Complaint { error: true, message });
            RecordResult::Canceled
        }
    };
    let mut said = play.log;
    said.extend(
        issues
            .iter()
            .map(|issue| format!("##[{}]{}", if issue.error { "error" } else { "warning" }, issue.message)),
    );
    step.said = Lines::from(said);
    step.issues = issues;
    step.life.end(result, now);
    let name = step.name.clone();
    play.outputs
        .into_iter()
        .filter_map(|(output, value)| match (output.contains('.'), name.is_empty()) {
            (true, _) => Some((output, value)),
            (false, false) => Some((format!("{name}.{output}"), value)),
            // Outputs need the name of their step.
            (false, true) => None,
        })
        .collect()
}

/// What a behaviour says of a job or a step.
fn drawn(build: &Build, (s, j): (usize, usize), t: Option<usize>, draw: &mut dyn Draw) -> Option<Play> {
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
    let scripted = match t {
        None => draw.scripted(&format!("job:{}", job.record), false, &facets)?,
        Some(t) => {
            let step = job.steps.get(t)?;
            let position = step.position.map(|n| n.to_string()).unwrap_or_default();
            facets.extend([
                ("step", step.name.as_str()),
                ("step", step.display.as_str()),
                ("step", position.as_str()),
            ]);
            draw.scripted(&format!("step:{}", step.record), true, &facets)?
        }
    };
    Some(play(&scripted, t.is_none()))
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
    let issue = |value: &Value| {
        let message = value["message"].as_str()?.to_owned();
        Some(Complaint { error: value["type"] != "warning", message })
    };
    Play {
        end,
        delay: scripted.delay().map(|delay| delay.num_milliseconds().max(0)),
        outputs: outputs.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
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
    Some(Complaint { error: true, message })
}

/// Adds a step's artifact; a second one of that name changes nothing.
fn publish(build: &mut Build, name: String, job: Uuid) {
    if build.artifacts.iter().any(|a| a.name.eq_ignore_ascii_case(&name)) {
        return;
    }
    let id = u32::try_from(build.artifacts.len() + 1).unwrap_or(u32::MAX);
    let source = Some(job.to_string());
    let kind = "PipelineArtifact".to_owned();
    build.artifacts.push(Artifact {
        id,
        name,
        source,
        kind,
        data: String::new(),
        properties: Default::default(),
    });
}
