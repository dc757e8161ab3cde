//! Timelines and logs, made of what a build keeps of its stages, jobs and steps.

use super::{Links, time, without_nulls};
use crate::{
    domain::{run::life::At, simulation},
    store::{
        Build, CheckKind, CheckStatus, Complaint, Life, Project, RecordResult, StageRun, StepRun, derived,
    },
};
use parhelion_core::Timestamp;
use serde_json::{Value, json};
use std::borrow::Cow;
use uuid::Uuid;

/// A record of the timeline, before it is JSON.
struct Record<'a> {
    id: Uuid,
    parent: Option<Uuid>,
    kind: &'static str,
    name: Cow<'a, str>,
    order: usize,
    identifier: String,
    life: Life,
    earlier: &'a [Uuid],
    why: Option<&'a str>,
    step: Option<Step<'a>>,
}

/// What a record of a step tells besides.
struct Step<'a> {
    run: &'a StepRun,
    task: Option<(&'a str, &'a str)>,
}

/// The records of the checks before a stage: one for all of them, and one for each.
// CHOICE: identifiers, and results: what does not hold has failed, what ran out of time was skipped.
fn checkpoint<'a>(stage: &'a StageRun, add: &mut impl FnMut(Record<'a>)) {
    let Some(checkpoint) = &stage.checkpoint else { return };
    let result = |status: CheckStatus| match status {
        CheckStatus::Queued | CheckStatus::Running => None,
        CheckStatus::Approved => Some(RecordResult::Succeeded),
        CheckStatus::Rejected => Some(RecordResult::Failed),
        CheckStatus::Canceled => Some(RecordResult::Canceled),
        CheckStatus::TimedOut => Some(RecordResult::Skipped),
    };
    add(Record {
        id: checkpoint.record,
        parent: Some(stage.record),
        kind: "Checkpoint",
        name: Cow::Borrowed("Checkpoint"),
        order: 1,
        identifier: format!("{}.Checkpoint", stage.name),
        life: Life {
            started: Some(checkpoint.begun),
            finished: checkpoint.finished,
            result: result(checkpoint.status).filter(|_| !checkpoint.is_open()),
        },
        earlier: &[],
        why: None,
        step: None,
    });
    for (n, run) in checkpoint.runs.iter().enumerate() {
        let kind = match run.kind {
            CheckKind::Authorization => "Checkpoint.Authorization",
            CheckKind::Approval => "Checkpoint.Approval",
            CheckKind::ExclusiveLock => "Checkpoint.ExclusiveLock",
            CheckKind::RequiredTemplate => "Checkpoint.ExtendsCheck",
            CheckKind::BranchControl | CheckKind::BusinessHours | CheckKind::Task => "Checkpoint.TaskCheck",
        };
        add(Record {
            id: run.record,
            parent: Some(checkpoint.record),
            kind,
            name: Cow::Borrowed(if run.label.is_empty() { kind } else { &run.label }),
            order: n + 1,
            identifier: run.record.to_string(),
            life: Life { started: run.begun, finished: run.finished, result: result(run.status) },
            earlier: &[],
            why: (!run.message.is_empty() && run.status.is_final()).then_some(&run.message),
            step: None,
        });
    }
}

/// Ids of the service's own tasks; others are shown by name alone.
const TASKS: &[(&str, &str)] = &[
    ("CmdLine", "d9bafed4-0b18-4f58-968d-86655b4d2ce9"),
    ("Bash", "6c731c3c-3c68-459a-a5c9-bde6e6595b5b"),
    ("PowerShell", "e213ff0f-5d5c-4791-802d-52ea3e7be1f1"),
    ("Checkout", "6d15af64-176c-496d-b583-fd2ae21d4df4"),
    ("PublishPipelineArtifact", "ecdc45f6-832d-4ad9-b52b-ee49e94659be"),
    ("DownloadPipelineArtifact", "30f35852-3f7e-4c0c-9a88-e127b4f97211"),
];

/// A build's timeline.
pub fn timeline(build: &Build, project: &Project, links: &Links) -> Value {
    let base = links.to(format_args!("{}/_apis/build/builds/{}", project.id, build.id));
    let mut records = Vec::new();
    let mut add = |record: Record<'_>| records.push(show(build, &base, &record));
    for (s, stage) in build.stages.iter().enumerate() {
        add(Record {
            id: stage.record,
            parent: None,
            kind: "Stage",
            name: stage.display.as_str().into(),
            order: s + 1,
            identifier: stage.name.clone(),
            life: stage.life,
            earlier: &stage.earlier,
            why: stage.why.as_deref(),
            step: None,
        });
        checkpoint(stage, &mut add);
        // CHOICE: a stage that was left out has no children, unless it was since each of them was.
        let refused = stage.life.started.is_none() && stage.life.finished.is_some();
        let left_out = refused || stage.life.result == Some(RecordResult::Skipped);
        let jobs = stage.jobs.iter().enumerate().filter(|(_, job)| !left_out || job.why.is_some());
        let mut jobs: Vec<_> = jobs.collect();
        // Those that a matrix made in the run stand with the first of them.
        jobs.sort_by_key(|(_, job)| job.of);
        let mut phase = None;
        for (n, (j, job)) in jobs.into_iter().enumerate() {
            let of_job = format!("{}.{}", stage.name, job.name);
            // The jobs of a matrix share their phase.
            if phase != Some(job.phase) {
                phase = Some(job.phase);
                add(Record {
                    id: job.phase,
                    parent: Some(stage.record),
                    kind: "Phase",
                    name: job.display.as_str().into(),
                    order: n + 1,
                    identifier: of_job.clone(),
                    life: of_all(stage.jobs.iter().filter(|other| other.phase == job.phase).map(|o| o.life)),
                    earlier: &[],
                    why: None,
                    step: None,
                });
            }
            let identifier = format!("{of_job}.__default");
            add(Record {
                id: job.record,
                parent: Some(job.phase),
                kind: "Job",
                name: job.display.as_str().into(),
                order: 1,
                identifier: identifier.clone(),
                life: job.life,
                earlier: &job.earlier,
                why: job.why.as_deref(),
                step: None,
            });
            // CHOICE: nor has a job.
            if job.life.result == Some(RecordResult::Skipped) {
                continue;
            }
            for (t, step) in job.steps.iter().enumerate() {
                let plan = build.step_plan(s, j, step.what).map(|(_, plan)| plan);
                let name = plan.and_then(|plan| plan.name.as_deref()).filter(|name| !name.is_empty());
                add(Record {
                    id: job.step_record(t),
                    parent: Some(job.record),
                    kind: "Task",
                    name: simulation::title(build, (s, j, t)).into(),
                    order: t + 1,
                    identifier: name.map_or_else(String::new, |name| format!("{identifier}.{name}")),
                    life: step.life,
                    earlier: &[],
                    why: step.why(),
                    step: Some(Step { run: step, task: simulation::task(build, s, j, step.what) }),
                });
            }
        }
    }
    json!({
        "records": records,
        "lastChangedBy": "00000002-0000-8888-8000-000000000000",
        "lastChangedOn": time(build.changed),
        "id": build.plan,
        "changeId": 1,
        "url": format!("{base}/Timeline/{}", build.plan),
    })
}

/// What several lives come to: begun with the first, over with the last, as the worst.
fn of_all(lives: impl Iterator<Item = Life>) -> Life {
    let lives: Vec<Life> = lives.collect();
    let over = lives.iter().all(|l| l.finished.is_some());
    Life {
        started: lives.iter().filter_map(|l| l.started).min(),
        finished: lives.iter().filter_map(|l| l.finished).max().filter(|_| over),
        result: lives.iter().filter_map(|l| l.result).max().filter(|_| over),
    }
}

fn show(build: &Build, base: &str, record: &Record<'_>) -> Value {
    let Life { started, finished, result } = record.life;
    let step = record.step.as_ref();
    let log = step.filter(|s| s.run.has_log()).map(|s| log_reference(base, s.run));
    let task = step.and_then(|s| s.task).map(|(name, version)| {
        let id = TASKS.iter().find(|(n, _)| *n == name).map(|(_, id)| id);
        without_nulls(json!({ "id": id, "name": name, "version": version }))
    });
    let trail = step.and_then(|s| s.run.trail.as_deref());
    let state = match (started, finished) {
        (_, Some(_)) => "completed",
        (Some(_), None) => "inProgress",
        (None, None) => "pending",
    };
    let earlier = record
        .earlier
        .iter()
        .enumerate()
        .map(|(n, id)| json!({ "attempt": n + 1, "timelineId": build.plan, "recordId": id }));
    let issues = trail.map_or(&[][..], |trail| &trail.issues);
    let details = trail.map_or(&[][..], |trail| &trail.details);
    let progress = trail.and_then(|trail| trail.progress);
    let shown: Vec<Value> = issues.iter().map(issue).collect();
    let agent = matches!(record.kind, "Job" | "Task") && started.is_some();
    without_nulls(json!({
        "previousAttempts": earlier.collect::<Vec<_>>(),
        "id": record.id,
        "parentId": record.parent,
        "type": record.kind,
        "name": record.name,
        "startTime": started.map(time),
        "finishTime": finished.map(time),
        "percentComplete": (record.kind == "Task" && state == "inProgress").then_some(progress.unwrap_or(0)),
        "currentOperation": trail.and_then(|trail| trail.operation.as_deref()).filter(|_| state == "inProgress"),
        "details": (!details.is_empty()).then(|| details_reference(base, record.id)),
        "state": state,
        "result": result,
        "changeId": 1,
        "lastModified": time(finished.or(started).unwrap_or(build.queued)),
        "workerName": agent.then_some("Hosted Agent"),
        "order": record.order,
        "resultCode": record.why,
        "errorCount": trail.map_or(0, |trail| trail.errors),
        "warningCount": trail.map_or(0, |trail| trail.warnings),
        "issues": (!issues.is_empty()).then_some(shown),
        "log": log,
        "task": task,
        "attempt": record.earlier.len() + 1,
        "identifier": (!record.identifier.is_empty()).then_some(&record.identifier),
    }))
}

fn issue(complaint: &Complaint) -> Value {
    without_nulls(json!({
        "type": if complaint.error { "error" } else { "warning" },
        "category": complaint.data.get("category").map_or("General", String::as_str),
        "message": complaint.message,
        "data": (!complaint.data.is_empty()).then_some(&complaint.data),
    }))
}

/// The id of the timeline of a step's own records.
fn details_id(step: Uuid) -> Uuid {
    derived(step, 0)
}

fn details_reference(base: &str, step: Uuid) -> Value {
    let id = details_id(step);
    json!({ "id": id, "changeId": 1, "url": format!("{base}/Timeline/{id}") })
}

/// The timeline of this id of a step's own records.
pub fn details(build: &Build, id: Uuid, project: &Project, links: &Links) -> Option<Value> {
    let steps = build
        .stages
        .iter()
        .flat_map(|stage| &stage.jobs)
        .flat_map(|job| job.steps.iter().enumerate().map(move |(t, step)| (job, t, step)));
    let told =
        steps.filter(|(_, _, step)| step.trail.as_ref().is_some_and(|trail| !trail.details.is_empty()));
    let (_, _, step) = told.into_iter().find(|(job, t, _)| details_id(job.step_record(*t)) == id)?;
    let lower = |text: &str| {
        let mut text = text.to_owned();
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        text
    };
    let (begun, ended) = written(build, step);
    let shown = step.trail.iter().flat_map(|trail| &trail.details).map(|detail| {
        let over = detail.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("completed"));
        without_nulls(json!({
            "previousAttempts": [],
            "id": detail.id,
            "parentId": detail.parent,
            "type": detail.kind,
            "name": detail.name,
            "startTime": detail.started.clone().unwrap_or_else(|| time(begun)),
            "finishTime": over.then(|| detail.finished.clone().unwrap_or_else(|| time(ended))),
            "currentOperation": detail.operation,
            "percentComplete": detail.progress.or(over.then_some(100)),
            "state": detail.state.as_deref().map(lower),
            "result": detail.result.as_deref().map(lower),
            "changeId": 1,
            "lastModified": time(ended),
            "order": detail.order,
            "errorCount": 0,
            "warningCount": 0,
            "attempt": 1,
        }))
    });
    let base = links.to(format_args!("{}/_apis/build/builds/{}", project.id, build.id));
    Some(json!({
        "records": shown.collect::<Vec<_>>(),
        "lastChangedBy": "00000002-0000-8888-8000-000000000000",
        "lastChangedOn": time(ended),
        "id": id,
        "changeId": 1,
        "url": format!("{base}/Timeline/{id}"),
    }))
}

fn log_reference(base: &str, step: &StepRun) -> Value {
    json!({ "id": step.log, "type": "Container", "url": format!("{base}/logs/{}", step.log) })
}

/// The list of a build's logs, as the build API shows it.
pub fn logs(build: &Build, project: &Project, links: &Links) -> Vec<Value> {
    let base = links.to(format_args!("{}/_apis/build/builds/{}", project.id, build.id));
    build
        .logged()
        .map(|(at, step)| {
            let (created, changed) = written(build, step);
            json!({
                "lineCount": simulation::lines(build, at).len(),
                "createdOn": time(created),
                "lastChangedOn": time(changed),
                "id": step.log,
                "type": "Container",
                "url": format!("{base}/logs/{}", step.log),
            })
        })
        .collect()
}

/// When a log was begun and ended.
fn written(build: &Build, step: &StepRun) -> (Timestamp, Timestamp) {
    let begun = step.life.started.unwrap_or(build.queued);
    (begun, step.life.finished.unwrap_or(begun))
}

/// One log as the pipelines API shows it.
pub fn run_log(build: &Build, project: &Project, at: At, links: &Links, signed: bool) -> Value {
    let base =
        links.to(format_args!("{}/_apis/pipelines/{}/runs/{}/logs", project.id, build.definition, build.id));
    let Some(step) = build.step(at.0, at.1, at.2) else { return Value::Null };
    let (created, changed) = written(build, step);
    let content = links.to(format_args!("{}/_apis/build/builds/{}/logs/{}", project.id, build.id, step.log));
    without_nulls(json!({
        "createdOn": time(created),
        "id": step.log,
        "lastChangedOn": time(changed),
        "lineCount": simulation::lines(build, at).len(),
        "url": format!("{base}/{}", step.log),
        "signedContent": signed.then(|| signed_url(format!("{content}?$format=text"), changed)),
    }))
}

/// Where content can be had without credentials.
// CHOICE: the content is open to whoever may ask, so the signed URL is the plain one.
pub fn signed_url(url: String, since: Timestamp) -> Value {
    let expires = since.checked_add_signed(chrono::TimeDelta::hours(1)).unwrap_or(since);
    json!({ "url": url, "signatureExpires": time(expires) })
}

/// The lines of a log, each with its time in front; `start` and `end` count from 1.
pub fn lines(build: &Build, at: At, start: Option<usize>, end: Option<usize>) -> Vec<String> {
    let Some(step) = build.step(at.0, at.1, at.2) else { return Vec::new() };
    let all = simulation::lines(build, at);
    let (begun, ended) = written(build, step);
    let last = all.len().saturating_sub(1);
    let (begun, ended) = (stamp(begun), stamp(ended));
    let skip = start.unwrap_or(1).max(1) - 1;
    let take = end.unwrap_or(usize::MAX).saturating_sub(skip);
    let lines = all.iter().enumerate().skip(skip).take(take);
    lines.map(|(n, line)| format!("{} {line}", if n == last { &ended } else { &begun })).collect()
}

/// A log as a text.
pub fn text(build: &Build, at: At, start: Option<usize>, end: Option<usize>) -> String {
    lines(build, at, start, end).iter().map(|l| format!("{l}\n")).collect()
}

/// The logs of a build as files: a folder for each job, as the service's archive has them.
// CHOICE: the names of the files.
pub fn files(build: &Build) -> Vec<(String, String)> {
    let plain = |t: &str| t.replace(['/', '\\', ':', '*', '?', '"', '<', '>', '|'], "_");
    let file = |(at, _): (At, &StepRun)| {
        let job = plain(&build.job(at.0, at.1)?.display);
        let name = format!("{job}/{}_{}.txt", at.2 + 1, plain(&simulation::title(build, at)));
        Some((name, text(build, at, None, None)))
    };
    build.logged().filter_map(file).collect()
}

fn stamp(at: Timestamp) -> String {
    format!("{}.{:07}Z", at.format("%Y-%m-%dT%H:%M:%S"), at.timestamp_subsec_nanos() / 100)
}
