//! What deployment jobs leave at their environments, and environments that a pipeline names and nobody made.

use super::needs;
use crate::{
    domain::run::life::{Moved, Part, Turn},
    store::{AzureDevOpsStore, Build, Deployment, Project},
};
use parhelion_azure_pipelines::Pipeline;
use parhelion_state::Tx;

/// Writes down which deployment jobs began and ended.
pub fn deployed(store: &mut AzureDevOpsStore, build: &Build, moved: &[Moved], tx: &mut Tx<'_>) {
    for Moved(part, turn) in moved {
        let Part::Job(s, j) = *part else { continue };
        let Some((stage, job)) = build.stages.get(s).and_then(|stage| Some((stage, stage.jobs.get(j)?)))
        else {
            continue;
        };
        let Some(to) = &job.deploys_to else { continue };
        if !store.environments.contains_key(&to.environment) {
            continue;
        }
        match (turn, job.life.started) {
            (Turn::Began, Some(started)) => {
                let id = tx.number("deployment");
                let definition = store.definitions.get(&build.definition);
                store.keep_deployment(Deployment {
                    id,
                    environment: to.environment,
                    resource: to.resource,
                    project: build.project,
                    run: build.id,
                    run_name: build.number.clone(),
                    definition: build.definition,
                    definition_name: definition.map(|d| d.name.clone()).unwrap_or_default(),
                    plan: build.plan,
                    job: job.record,
                    identifier: format!("{}.{}.__default", stage.name, job.name),
                    stage_name: stage.name.clone(),
                    stage_attempt: stage.earlier.len() + 1,
                    job_name: job.display.clone(),
                    job_attempt: job.earlier.len() + 1,
                    queued: build.queued,
                    started,
                    finished: None,
                    result: None,
                });
            }
            (Turn::Ended, Some(_)) => {
                let of = |d: &Deployment| d.run == build.id && d.job == job.record;
                let found = store.deployments.iter().rev().find(|(_, d)| of(d)).map(|(id, _)| *id);
                if let Some(id) = found {
                    store.deployments.edit(&id, |d| {
                        d.finished = job.life.finished;
                        d.result = job.life.result;
                    });
                }
            }
            _ => {}
        }
    }
}

/// What the service says of the environments that a pipeline names and that are not there; those whose names hold
/// variables are not known yet.
// OBSERVED: the text, of the preview operation.
pub fn known_environments(store: &AzureDevOpsStore, project: &Project, pipeline: &Pipeline) -> Vec<String> {
    let jobs = pipeline.stages.iter().flat_map(|s| &s.jobs);
    let missing = jobs.filter_map(|job| {
        let whole = job.deployment.as_ref()?.environment.as_deref()?.trim();
        let (name, _) = needs::split(whole);
        let there = |name| store.environment_named(project.id, name).is_some();
        if name.contains("$(") || name.is_empty() || there(name) || there(whole) {
            return None;
        }
        Some(format!(
            "Job {}: Environment {name} could not be found. The environment does not exist or has not been authorized for use.",
            job.name
        ))
    });
    missing.collect()
}
