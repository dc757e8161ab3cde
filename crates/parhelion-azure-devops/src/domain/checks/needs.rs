//! What a stage uses that checks may guard.

use crate::{
    domain::{run::scope::Scope, variables::replace},
    store::{
        AzureDevOpsStore, Build, Definition, DeploysTo, Environment, MAX_ENVIRONMENTS, Project, ResourceId,
        Share,
    },
};
use parhelion_azure_pipelines::pipeline::{Job, Pipeline, Stage, Variable};
use parhelion_core::{Event, EventNo, Verdict};
use parhelion_state::Tx;
use uuid::Uuid;

/// Inputs of tasks that name a service connection, by what their names hold.
// CHOICE: the tasks' own definitions say so on the service; here their usual names do.
const CONNECTIONS: &[&str] = &["connection", "endpoint", "azuresubscription", "connectedservice"];

/// Notes at each stage of a run that is being queued what it uses. An environment that is not there comes into being.
// Docs: an environment that a YAML pipeline names is made when it is first run.
pub fn note(
    store: &mut AzureDevOpsStore,
    project: &Project,
    build: &mut Build,
    cause: EventNo,
    tx: &mut Tx<'_>,
) {
    let pipeline = build.pipeline.clone();
    let root = groups(store, project, &pipeline.variables);
    for (s, stage) in pipeline.stages.iter().enumerate() {
        let mut needs = root.clone();
        needs.extend(groups(store, project, &stage.variables));
        for (of, job) in stage.jobs.iter().enumerate() {
            needs.extend(groups(store, project, &job.variables));
            needs.extend(pool(project, job));
            needs.extend(connections(store, project, job));
            let first = build.stages.get(s).and_then(|run| run.jobs.iter().position(|r| r.of == of));
            let (Some(first), Some(deployment)) = (first, &job.deployment) else { continue };
            let Some(name) = &deployment.environment else { continue };
            let name = replace(name, &Scope::job(build, s, first));
            let resource = deployment.environment_resource.as_deref();
            let Some(to) = target(store, project, &name, resource, cause, tx) else { continue };
            needs.push(ResourceId::new("environment", to.environment));
            let runs = build.stages.get_mut(s).into_iter().flat_map(|run| &mut run.jobs);
            for run in runs.filter(|r| r.of == of) {
                run.deploys_to = Some(Box::new(to.clone()));
            }
        }
        needs.sort();
        needs.dedup();
        if let Some(run) = build.stages.get_mut(s) {
            (run.needs, run.sequential) = (needs, sequential(&pipeline, stage));
        }
    }
}

/// A name of an environment in YAML: perhaps a resource of it stands after a point.
pub(super) fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once('.') {
        Some((environment, resource)) => (environment.trim(), Some(resource.trim())),
        None => (name.trim(), None),
    }
}

fn target(
    store: &mut AzureDevOpsStore,
    project: &Project,
    name: &str,
    resource: Option<&str>,
    cause: EventNo,
    tx: &mut Tx<'_>,
) -> Option<DeploysTo> {
    // A name with a point is that of an environment, if there is one.
    let whole = store.environment_named(project.id, name.trim()).is_some();
    let (name, inside) = if whole { (name.trim(), None) } else { split(name) };
    let resource = resource.or(inside);
    if name.is_empty() {
        return None;
    }
    let found = store.environment_named(project.id, name).cloned();
    let environment = match found {
        Some(found) => found,
        None if store.environments.len() >= MAX_ENVIRONMENTS => return None,
        None => {
            let id = u32::try_from(tx.number("environment")).unwrap_or(u32::MAX);
            let (by, now) = (store.user(), tx.now());
            let made = Environment {
                id,
                project: project.id,
                name: name.chars().take(128).collect(),
                description: String::new(),
                created_by: by.clone(),
                created: now,
                modified_by: by,
                modified: now,
                resources: Vec::new(),
            };
            let fact = format!("environment {} was created: the run is the first to deploy to it", made.name);
            let event = Event::new("environment.created", format!("environment:{id}")).fact(fact);
            tx.emit(event.verdict(Verdict::Ok).because(cause));
            store.environments.put(id, made);
            store.environments.get(&id).cloned()?
        }
    };
    let resource = resource.and_then(|r| environment.resource(r)).map(|r| r.id);
    Some(DeploysTo { environment: environment.id, name: environment.name.clone(), resource })
}

/// Whether a stage waits for its locks in turn: as it says, else as the pipeline does.
// Docs: `runLatest` unless said otherwise.
fn sequential(pipeline: &Pipeline, stage: &Stage) -> bool {
    let said = stage.lock_behavior.as_deref().or(pipeline.lock_behavior.as_deref());
    said.is_some_and(|s| s.eq_ignore_ascii_case("sequential"))
}

fn groups(store: &AzureDevOpsStore, project: &Project, variables: &[Variable]) -> Vec<ResourceId> {
    let group = |variable: &Variable| match variable {
        Variable::Group(name) => {
            group_id(store, project.id, name).map(|id| ResourceId::new("variablegroup", id))
        }
        Variable::Value { .. } => None,
    };
    variables.iter().filter_map(group).collect()
}

/// The id of a variable group of a project by its name.
fn group_id(store: &AzureDevOpsStore, project: Uuid, name: &str) -> Option<u32> {
    let named = |s: &Share| s.project == project && s.name.eq_ignore_ascii_case(name);
    store.variable_groups.values().find(|g| g.shares.iter().any(named)).map(|g| g.id)
}

fn pool(project: &Project, job: &Job) -> Option<ResourceId> {
    let name = job.pool.as_ref()?.name.as_deref()?.trim();
    let queue = project.queues.iter().find(|q| q.name.eq_ignore_ascii_case(name))?;
    Some(ResourceId::new("queue", queue.id))
}

fn connections(store: &AzureDevOpsStore, project: &Project, job: &Job) -> Vec<ResourceId> {
    if store.endpoints.is_empty() {
        return Vec::new();
    }
    let named = |(name, value): &(String, String)| {
        let name = name.to_ascii_lowercase();
        if !CONNECTIONS.iter().any(|part| name.contains(part)) {
            return None;
        }
        let value = value.trim();
        let endpoint = store.endpoints.values().find(|e| {
            let share = e.share(project.id);
            share.is_some_and(|s| {
                s.name.eq_ignore_ascii_case(value) || e.id.to_string().eq_ignore_ascii_case(value)
            })
        })?;
        Some(ResourceId::new("endpoint", endpoint.id))
    };
    job.all_steps().flat_map(|(_, step)| &step.inputs).filter_map(named).collect()
}

/// What a stage of a run uses, each with whether it comes with the pipeline rather than by its YAML.
pub(super) fn uses(build: &Build, stage: usize, definition: &Definition) -> Vec<(ResourceId, bool)> {
    let named = build.stages.get(stage).into_iter().flat_map(|s| &s.needs);
    let mut all: Vec<(ResourceId, bool)> = named.map(|r| (r.clone(), false)).collect();
    let own =
        [ResourceId::new("queue", build.queue), ResourceId::new("repository", &definition.repository.id)];
    for resource in own {
        if !all.iter().any(|(r, _)| *r == resource) {
            all.push((resource, true));
        }
    }
    all
}

/// The name of a resource, as far as it is one of ours.
pub fn resource_name(store: &AzureDevOpsStore, project: &Project, resource: &ResourceId) -> Option<String> {
    match resource.kind.as_str() {
        "environment" => {
            let found = store.environments.get(&resource.id.parse::<u32>().ok()?)?;
            (found.project == project.id).then(|| found.name.clone())
        }
        "endpoint" => {
            let found = store.endpoints.get(&Uuid::parse_str(&resource.id).ok()?)?;
            Some(found.share(project.id)?.name.clone())
        }
        "queue" => Some(project.queue(resource.id.parse().ok()?)?.name.clone()),
        "repository" => {
            let found = store.repositories.get(&Uuid::parse_str(&resource.id).ok()?)?;
            Some(found.name.clone())
        }
        "variablegroup" => {
            let found = store.variable_groups.get(&resource.id.parse::<u32>().ok()?)?;
            Some(found.shares.iter().find(|s| s.project == project.id)?.name.clone())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_of_an_environment_stands_after_a_point() {
        assert_eq!(split("prod.web"), ("prod", Some("web")));
        assert_eq!(split(" prod "), ("prod", None));
    }
}
