//! Timelines and logs, made of what a build keeps of its stages, jobs and steps.

use super::{Links, time, without_nulls};
use crate::store::{Build, BuildStatus, Project, StepRun};
use parhelion_core::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// A record of the timeline, before it is JSON.
struct Record<'a> {
    id: Uuid,
    parent: Option<Uuid>,
    kind: &'static str,
    name: &'a str,
    order: usize,
    identifier: String,
    step: Option<&'a StepRun>,
    skipped: bool,
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
    for (s, stage) in build.stages.iter().enumerate() {
        let of_stage = Record {
            id: stage.record,
            parent: None,
            kind: "Stage",
            name: &stage.display,
            order: s + 1,
            identifier: stage.name.clone(),
            step: None,
            skipped: stage.skipped,
        };
        records.push(show(build, &base, &of_stage));
        let mut phase = None;
        for (j, job) in stage.jobs.iter().enumerate() {
            let of_job = format!("{}.{}", stage.name, job.name);
            // The jobs of a matrix share their phase.
            if phase != Some(job.phase) {
                phase = Some(job.phase);
                let of_phase = Record {
                    id: job.phase,
                    parent: Some(stage.record),
                    kind: "Phase",
                    name: &job.display,
                    order: j + 1,
                    identifier: of_job.clone(),
                    step: None,
                    skipped: false,
                };
                records.push(show(build, &base, &of_phase));
            }
            let identifier = format!("{of_job}.__default");
            let of_job = Record {
                id: job.record,
                parent: Some(job.phase),
                kind: "Job",
                name: &job.display,
                order: 1,
                identifier: identifier.clone(),
                step: None,
                skipped: false,
            };
            records.push(show(build, &base, &of_job));
            for (t, step) in job.steps.iter().enumerate() {
                let name =
                    if step.name.is_empty() { String::new() } else { format!("{identifier}.{}", step.name) };
                let of_step = Record {
                    id: step.record,
                    parent: Some(job.record),
                    kind: "Task",
                    name: &step.display,
                    order: t + 1,
                    identifier: name,
                    step: Some(step),
                    skipped: false,
                };
                records.push(show(build, &base, &of_step));
            }
        }
    }
    json!({
        "records": records,
        "lastChangedBy": "00000002-0000-8888-8000-000000000000",
        "lastChangedOn": time(build.finished.unwrap_or(build.queued)),
        "id": build.plan,
        "changeId": 1,
        "url": format!("{base}/Timeline/{}", build.plan),
    })
}

fn show(build: &Build, base: &str, record: &Record<'_>) -> Value {
    let done = build.status == BuildStatus::Completed;
    let log = record.step.filter(|_| done).map(|s| log_reference(base, s));
    let task = record.step.and_then(|s| s.task.as_ref()).map(|(name, version)| {
        let id = TASKS.iter().find(|(n, _)| n == name).map(|(_, id)| id);
        without_nulls(json!({ "id": id, "name": name, "version": version }))
    });
    let result = match (done, record.skipped) {
        (false, _) => None,
        (true, true) => Some("skipped"),
        (true, false) => Some("succeeded"),
    };
    without_nulls(json!({
        "previousAttempts": [],
        "id": record.id,
        "parentId": record.parent,
        "type": record.kind,
        "name": record.name,
        "startTime": build.started.map(time),
        "finishTime": build.finished.map(time),
        "state": if done { "completed" } else { "pending" },
        "result": result,
        "changeId": 1,
        "lastModified": time(build.finished.unwrap_or(build.queued)),
        "workerName": (record.kind != "Stage" && record.kind != "Phase").then_some("Hosted Agent"),
        "order": record.order,
        "errorCount": 0,
        "warningCount": 0,
        "log": log,
        "task": task,
        "attempt": 1,
        "identifier": (!record.identifier.is_empty()).then_some(&record.identifier),
    }))
}

fn log_reference(base: &str, step: &StepRun) -> Value {
    json!({ "id": step.log, "type": "Container", "url": format!("{base}/logs/{}", step.log) })
}

/// The list of a build's logs, as the build API shows it.
pub fn logs(build: &Build, project: &Project, links: &Links) -> Vec<Value> {
    let base = links.to(format_args!("{}/_apis/build/builds/{}", project.id, build.id));
    let at = time(build.finished.unwrap_or(build.queued));
    build
        .steps()
        .map(|step| {
            json!({
                "lineCount": step.lines.len(),
                "createdOn": at,
                "lastChangedOn": at,
                "id": step.log,
                "type": "Container",
                "url": format!("{base}/logs/{}", step.log),
            })
        })
        .collect()
}

/// One log as the pipelines API shows it.
pub fn run_log(build: &Build, project: &Project, step: &StepRun, links: &Links, signed: bool) -> Value {
    let base =
        links.to(format_args!("{}/_apis/pipelines/{}/runs/{}/logs", project.id, build.definition, build.id));
    let at = build.finished.unwrap_or(build.queued);
    let content = links.to(format_args!("{}/_apis/build/builds/{}/logs/{}", project.id, build.id, step.log));
    without_nulls(json!({
        "createdOn": time(at),
        "id": step.log,
        "lastChangedOn": time(at),
        "lineCount": step.lines.len(),
        "url": format!("{base}/{}", step.log),
        // CHOICE: the content is open to whoever has the URL, so the signed one is the plain one.
        "signedContent": signed.then(|| json!({
            "url": format!("{content}?$format=text"),
            "signatureExpires": time(at + chrono::TimeDelta::hours(1)),
        })),
    }))
}

/// The lines of a log, each with its time in front; `start` and `end` count from 1.
pub fn lines(build: &Build, step: &StepRun, start: Option<usize>, end: Option<usize>) -> Vec<String> {
    let at = stamp(build.finished.unwrap_or(build.queued));
    let skip = start.unwrap_or(1).max(1) - 1;
    let take = end.unwrap_or(usize::MAX).saturating_sub(skip);
    step.lines.iter().skip(skip).take(take).map(|line| format!("{at} {line}")).collect()
}

fn stamp(at: Timestamp) -> String {
    format!("{}.{:07}Z", at.format("%Y-%m-%dT%H:%M:%S"), at.timestamp_subsec_nanos() / 100)
}
