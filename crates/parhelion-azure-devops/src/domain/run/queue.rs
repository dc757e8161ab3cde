//! The write that queues a run. It goes on from there in the same write, as far as the paces let it: without any, to its
//! end.

use super::{Ask, Expansion, Look, drive, expand::known, root, set_by_caller, shown_parameters};
use crate::{
    Settings,
    domain::{build_number, checks, refs, simulation, variable_groups},
    show::Links,
    store::{AzureDevOpsStore, Build, BuildStatus, Extended, Reason},
};
use parhelion_azure_pipelines::{Expanded, Extends, pipeline::Pipeline};
use parhelion_core::{Cause, Event, EventNo, Verdict};
use parhelion_git::ObjectId;
use parhelion_state::Tx;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The variable of a pipeline that asks for its scripts to be executed.
const EXECUTE: &str = "parhelion.exec";

/// Queues a run of what was looked at and expanded. Gives it as it stands at that moment, not yet started: what the
/// queueing call answers. By the end of the write it has gone as far as the paces let it.
// CHOICE: without a pace, every step succeeds at the very instant of queueing.
pub fn queue(
    store: &mut AzureDevOpsStore,
    look: &Look,
    ask: &Ask,
    expansion: &Expansion,
    cause: Cause,
    tx: &mut Tx<'_>,
) -> Build {
    let (queued, started) = made(store, look, ask, expansion, cause, tx);
    drive::go_on(store, queued.clone(), Vec::new(), started.into(), tx);
    queued
}

/// The same for whoever wants no more than its id.
pub fn start(
    store: &mut AzureDevOpsStore,
    look: &Look,
    ask: &Ask,
    expansion: &Expansion,
    cause: Cause,
    tx: &mut Tx<'_>,
) -> u32 {
    let (queued, started) = made(store, look, ask, expansion, cause, tx);
    let id = queued.id;
    drive::go_on(store, queued, Vec::new(), started.into(), tx);
    id
}

/// A run that has not been started, and the entry that tells of it.
fn made(
    store: &mut AzureDevOpsStore,
    look: &Look,
    ask: &Ask,
    expansion: &Expansion,
    cause: Cause,
    tx: &mut Tx<'_>,
) -> (Build, EventNo) {
    let (definition, project, expanded) = (&look.definition, &look.project, &expansion.expanded);
    let id = u32::try_from(tx.number("build")).unwrap_or(u32::MAX);
    let gathered = || known(store, look, ask, &Links::of(store, tx.call()));
    let mut variables = expansion.known.clone().unwrap_or_else(gathered);
    variable_groups::add_linked(store, project, definition.settings.get("variableGroups"), &mut variables);
    // Expansion has found them all; one that was deleted since gives nothing.
    let groups = variable_groups::of_pipeline(store, project, &expanded.pipeline).unwrap_or_default();
    variables.set("Build.BuildId", id.to_string(), false);
    let format =
        expanded.pipeline.name.as_deref().or_else(|| definition.settings.get("buildNumberFormat")?.as_str());
    let format = format.filter(|f| !f.trim().is_empty()).unwrap_or(build_number::DEFAULT);
    let before = store.definitions.get(&definition.id).and_then(|d| d.numbering.clone());
    let number = build_number::number(format, tx.now(), before.as_ref(), |name| {
        variables.get(name).map(str::to_owned)
    });
    variables.set("Build.BuildNumber", number.text.clone(), false);
    let counters = store.definitions.get(&definition.id).map(|d| d.counters.clone()).unwrap_or_default();
    let worked_out =
        root::declare(&mut variables, &expanded.pipeline.variables, &groups, look, tx.now(), counters);
    let wished = variables.get(EXECUTE).is_some_and(|v| v.trim().eq_ignore_ascii_case("true"));
    let allowed = tx.settings::<Settings>().is_some_and(|settings| settings.exec);
    let executes = wished && allowed;
    let commit = look.place.commit.unwrap_or(ObjectId::ZERO);
    let set = set_by_caller(definition, ask);
    let by = if ask.reason == Reason::ResourceTrigger { store.service_identity() } else { store.user() };
    let (final_yaml, pipeline) = shared(store, look, expanded);
    let mut queued = Build {
        id,
        number: number.text.clone(),
        number_revision: number.rev,
        project: project.id,
        definition: definition.id,
        definition_revision: definition.revision,
        status: BuildStatus::NotStarted,
        result: None,
        reason: ask.reason,
        queued: tx.now(),
        started: None,
        finished: None,
        branch: look.place.branch.clone(),
        commit,
        requested_by: by,
        priority: ask.priority.clone(),
        queue: ask.queue.unwrap_or(definition.queue),
        plan: tx.uuid("plan"),
        template_parameters: ask.parameters.iter().map(|(k, v)| (k.clone(), as_text(v))).collect(),
        parameters: shown_parameters(ask, &set),
        variables: set,
        trigger_info: ask.trigger_info.clone(),
        delivery: ask.delivery.clone(),
        overridden: ask.yaml.is_some(),
        executes,
        final_yaml,
        extends: extended(expanded.extends.as_ref(), look).map(Into::into),
        pipeline,
        repository: look.repository.as_ref().map_or(&definition.repository.name, |r| &r.name).clone(),
        known: variables.into(),
        groups: Arc::new(groups),
        others: expansion.others.clone(),
        stages: Vec::new(),
        wait: None,
        changed: tx.now(),
        tags: BTreeSet::new(),
        properties: BTreeMap::new(),
        quality: None,
        demands: ask.demands.clone(),
        keep_forever: false,
        retained_by_release: false,
        artifacts: Vec::new(),
    };
    let ignored = simulation::lay_out(&mut queued, &ask.skip);
    store.definitions.edit(&definition.id, |d| {
        d.numbering = Some((number.stem, number.rev));
        d.counters = worked_out.counters;
        d.last_build = Some(id);
        d.activated = true;
    });
    let jobs: usize = queued.stages.iter().map(|s| s.jobs.len()).sum();
    let mut started = Event::new("run.started", format!("run:{id}"))
        .fact(format!(
            "run {} of pipeline {} was started on {} at {commit}: {} stages, {jobs} jobs, {}",
            number.text,
            definition.name,
            if look.place.branch.is_empty() { "no branch" } else { &look.place.branch },
            queued.stages.len(),
            match (executes, wished) {
                (true, _) => "its scripts executed",
                (false, true) => "simulated: nothing is executed without the server's setting azure.exec",
                (false, false) => "simulated",
            },
        ))
        .verdict(Verdict::Ok)
        .with("pipeline_id", definition.id)
        .with("build_number", number.text)
        .with("reason", serde_json::to_value(ask.reason).unwrap_or_default())
        .because(cause);
    // What the YAML asks for and nobody does is said, not passed over.
    if !ignored.is_empty() {
        started = started.with("not_acted_on", ignored);
    }
    if !worked_out.wrong.is_empty() {
        started = started.with("variables_that_could_not_be_told", worked_out.wrong);
    }
    if !expanded.files.is_empty() {
        started = started.with("templates", expanded.files.clone());
    }
    if !expanded.warnings.is_empty() {
        started =
            started.with("warnings", expanded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    let started = tx.emit(started);
    checks::note(store, project, &mut queued, started, tx);
    (queued, started)
}

/// The template that a run's YAML extends, and where it was read.
fn extended(extends: Option<&Extends>, look: &Look) -> Option<Extended> {
    let Extends { path, resource } = extends?.clone();
    let own = look.repository.as_ref().map_or(&look.definition.repository.name, |r| &r.name);
    let (repository, reference) = match resource {
        Some((name, reference)) => (name, reference.map(|r| refs::full(&r)).unwrap_or_default()),
        None => (own.clone(), look.place.branch.clone()),
    };
    Some(Extended { path, repository, reference })
}

/// The expanded pipeline as text and in types: those of the pipeline's run before where they are the same, which most are
/// but for payloads and parameters.
fn shared(store: &AzureDevOpsStore, look: &Look, expanded: &Expanded) -> (Arc<str>, Arc<Pipeline>) {
    let last = store.definitions.get(&look.definition.id).and_then(|d| store.builds.get(&d.last_build?));
    match last {
        Some(last)
            if *last.final_yaml == *expanded.final_yaml
                && (Arc::ptr_eq(&last.pipeline, &expanded.pipeline)
                    || last.pipeline == expanded.pipeline) =>
        {
            (last.final_yaml.clone(), last.pipeline.clone())
        }
        _ => (expanded.final_yaml.as_str().into(), expanded.pipeline.clone()),
    }
}

/// A template parameter as it is shown.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
