//! From what a step says to what becomes of it: its lines are listened to, and what they ask for is done.

use crate::{
    domain::{
        commands::{Attached, Heard, Hearing, Masker, echoed},
        run::scope::Scope,
        variables::{Lookup, replace_revealing},
    },
    store::{Artifact, Build, Lines, Set},
};
use parhelion_azure_pipelines::pipeline::Variable;
use std::collections::BTreeSet;

/// Tags of a build that its steps add at most.
const MAX_TAGS: usize = 1_000;
/// Artifacts of a build at most.
const MAX_ARTIFACTS: usize = 10_000;
/// Longest text of a build's number, characters.
// Docs: 255.
const MAX_NUMBER: usize = 255;
/// Logs of a build that are kept, bytes; what its steps say after that is dropped and counted.
// CHOICE: one run may not take what all others have.
const MAX_LOGS_BYTES: usize = 256 * 1024 * 1024;

/// A variable of the pipeline that makes simulated scripts' `echo` lines count.
const INTERPRET_ECHO: &str = "parhelion.interpretEcho";

/// The place of a step in a build: its stage, its job, and itself.
pub type At = (usize, usize, usize);

/// All secrets that a step's lines may hold: of variables, and what steps of the job before it declared secret.
pub fn masker(build: &Build, (s, j, t): At) -> Masker {
    let mut masker = Masker::default();
    let known = build.known.all().chain(build.groups.values().flat_map(|group| group.all()));
    known.filter(|known| known.2).for_each(|known| masker.add(&known.1));
    let before = build.job(s, j).map_or(&[][..], |job| job.steps.get(..t).unwrap_or_default());
    for trail in before.iter().filter_map(|step| step.trail.as_ref()) {
        trail.set.iter().filter(|set| set.is_secret).for_each(|set| masker.add(&set.value));
        trail.secrets.iter().for_each(|secret| masker.add(secret));
    }
    masker
}

/// Begins to listen to a step.
pub fn hearing<'a>(build: &Build, (s, j, t): At, attached: Attached<'a>) -> Hearing<'a> {
    let what = build.step(s, j, t).map(|step| step.what);
    let plan = what.and_then(|what| build.step_plan(s, j, what)).map(|(_, plan)| plan);
    let name = plan.and_then(|plan| plan.name.as_deref()).unwrap_or_default();
    let scope = Scope::step(build, s, j, t);
    let is = |name: &str| scope.look(name).is_some_and(|v| v.value.trim().eq_ignore_ascii_case("true"));
    let mut hearing = Hearing::new(name, masker(build, (s, j, t)), attached);
    hearing.percents = is("DECODE_PERCENTS");
    hearing.debug = is("system.debug");
    hearing.read_only = read_only(build, (s, j, t));
    hearing
}

/// The variables that nobody may set, in lower case.
fn read_only(build: &Build, (s, j, t): At) -> BTreeSet<String> {
    let stage = build.stage_plan(s).map_or(&[][..], |stage| &stage.variables);
    let job = build.job_plan(s, j).map_or(&[][..], |job| &job.variables);
    let declared =
        build.pipeline.variables.iter().chain(stage).chain(job).filter_map(|variable| match variable {
            Variable::Value { name, readonly: true, .. } => Some(name.to_lowercase()),
            _ => None,
        });
    let before = build.job(s, j).map_or(&[][..], |job| job.steps.get(..t).unwrap_or_default());
    let set = before.iter().flat_map(|step| step.set()).filter(|set| set.is_read_only);
    declared.chain(set.map(|set| set.name.to_lowercase())).collect()
}

/// What a simulated script says by itself: nothing, unless the pipeline asks for its plain `echo` lines.
pub fn said_by_script(build: &Build, (s, j, t): At) -> Vec<String> {
    let Some(what) = build.step(s, j, t).map(|step| step.what) else { return Vec::new() };
    let plan = build.step_plan(s, j, what).map(|(_, plan)| plan);
    let Some((plan, script)) = plan.and_then(|plan| Some((plan, plan.script()?))) else { return Vec::new() };
    if !script.to_ascii_lowercase().contains("echo") && !script.to_ascii_lowercase().contains("write-") {
        return Vec::new();
    }
    let scope = Scope::step(build, s, j, t);
    let asked = scope.look(INTERPRET_ECHO).is_some_and(|v| v.value.trim().eq_ignore_ascii_case("true"));
    if !asked {
        return Vec::new();
    }
    echoed(&replace_revealing(script, &scope), plan.task_name() == "CmdLine")
}

/// Does what a step asked for, and keeps what it said.
pub fn apply(build: &mut Build, (s, j, t): At, heard: Heard) {
    let Heard { log, complaints, set, outputs, secrets, tags, number, artifacts, paths, .. } = heard;
    let kept: usize = build.steps().map(|step| step.weight()).sum();
    let record = build.job(s, j).map(|job| job.record.to_string());
    for tag in tags {
        // Docs: a build's tags are compared ignoring case.
        let there = build.tags.iter().any(|other| other.eq_ignore_ascii_case(&tag));
        if !there && build.tags.len() < MAX_TAGS {
            build.tags.insert(tag);
        }
    }
    for named in artifacts {
        if build.artifacts.len() < MAX_ARTIFACTS {
            publish(
                build,
                Artifact {
                    id: 0,
                    name: named.name,
                    source: record.clone(),
                    kind: named.kind,
                    data: named.data,
                    properties: named.properties,
                },
            );
        }
    }
    let mut set = set;
    if let Some(number) = number {
        build.number = number.chars().take(MAX_NUMBER).collect();
        let value = build.number.clone();
        set.push(Set { name: "Build.BuildNumber".into(), value, is_secret: false, is_read_only: false });
    }
    let Some(job) = build.job_mut(s, j) else { return };
    job.outputs.extend(outputs);
    let Some(step) = job.steps.get_mut(t) else { return };
    let room = MAX_LOGS_BYTES.saturating_sub(kept);
    let log = if log.len() <= room {
        log
    } else {
        "##[warning]The log was dropped: the run's logs are too long already.\n".to_owned()
    };
    let nothing = log.is_empty() && complaints.is_empty() && set.is_empty() && secrets.is_empty();
    if nothing && paths.is_empty() && heard.details.is_empty() && heard.progress.is_none() {
        return;
    }
    let trail = step.trail_mut();
    if !log.is_empty() {
        let before = trail.said.text();
        trail.said = Lines::of(&if before.is_empty() { log } else { before + &log });
    }
    complaints.into_iter().for_each(|complaint| trail.complain(complaint));
    trail.set.extend(set);
    trail.secrets.extend(secrets);
    trail.paths.extend(paths);
    trail.details = heard.details;
    trail.progress = heard.progress.or(trail.progress);
    trail.operation = heard.operation.or(trail.operation.take());
}

/// Adds an artifact; a second one of that name changes nothing.
pub fn publish(build: &mut Build, artifact: Artifact) {
    if build.artifacts.iter().any(|a| a.name.eq_ignore_ascii_case(&artifact.name)) {
        return;
    }
    let id = u32::try_from(build.artifacts.len() + 1).unwrap_or(u32::MAX);
    build.artifacts.push(Artifact { id, ..artifact });
}
