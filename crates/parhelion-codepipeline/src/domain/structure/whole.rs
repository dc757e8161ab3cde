//! Rules on the pipeline as a whole: 35, 1 to 5, 17 to 19, 21 to 26.

use super::{Context, Fault, is_given, repeated, says_v1};
use crate::shapes::{
    ActionCategory, ActionDeclaration, ExecutionMode, GitPullRequestFilter, GitPushFilter,
    PipelineDeclaration,
};

/// Actions that a pipeline may have. Docs: the quotas page.
const ACTIONS_MAX: usize = 500;

fn is_source(action: &ActionDeclaration) -> bool {
    action.action_type_id.category == ActionCategory::Source
}

/// 35: CodePipeline may assume the role.
pub(super) fn role(declaration: &PipelineDeclaration, context: &Context<'_>) -> Result<(), Fault> {
    let role = &declaration.role_arn;
    if (context.assumable)(role) {
        return Ok(());
    }
    Err(Fault::structure(format!("CodePipeline is not authorized to perform AssumeRole on role {role}")))
}

/// 1, 2, 3, 5, 4: how many stages, and where the sources are.
pub(super) fn shape(declaration: &PipelineDeclaration) -> Result<(), Fault> {
    let stages = &declaration.stages;
    if stages.len() < 2 {
        return Err(Fault::structure(format!(
            "Pipeline has only {} stage(s). There should be a minimum of 2 stages in a pipeline",
            stages.len()
        )));
    }
    if stages.len() > 50 {
        return Err(Fault::structure(
            "Pipeline has too many stages. There can only be up to 50 stages in a pipeline",
        ));
    }
    if stages.iter().map(|s| s.actions.len()).sum::<usize>() > ACTIONS_MAX {
        // CHOICE: the figure is the quota's, place and text are ours.
        return Err(Fault::structure(format!(
            "Pipeline has too many actions. There can only be up to {ACTIONS_MAX} actions in a pipeline"
        )));
    }
    if stages[0].actions.is_empty() || !stages[0].actions.iter().all(is_source) {
        return Err(Fault::structure("Pipeline should start with a stage that only contains source actions"));
    }
    let mut later = stages[1..].iter().flat_map(|s| &s.actions);
    if later.clone().all(is_source) {
        return Err(Fault::structure(
            "Pipeline should contain at least 1 action whose category is not Source",
        ));
    }
    if later.any(is_source) {
        return Err(Fault::structure(
            "Source actions can only be included in the first stage of the pipeline",
        ));
    }
    Ok(())
}

/// 17 to 19: one artifact store, or one for each region in use.
pub(super) fn artifact_stores(declaration: &PipelineDeclaration, context: &Context<'_>) -> Result<(), Fault> {
    let here = context.place.region();
    let actions = declaration.stages.iter().flat_map(|s| &s.actions);
    let mut regions = actions.filter_map(|a| a.region.as_deref());
    match (&declaration.artifact_store, &declaration.artifact_stores) {
        // CHOICE: code and text of 17.
        (None, None) | (Some(_), Some(_)) => Err(Fault::validation(
            "Pipeline must have exactly one of 'pipeline.artifactStore' or 'pipeline.artifactStores'",
        )),
        (Some(_), None) if regions.any(|region| region != here) => Err(Fault::validation(
            "Your pipeline contains actions in more than one region. Use 'pipeline.artifactStores' instead of \
             'pipeline.artifactStore' to declare an artifact store, such as an artifact bucket, for each region where \
             you have an action.",
        )),
        (Some(_), None) => Ok(()),
        (None, Some(stores)) => {
            match std::iter::once(here).chain(regions).find(|region| !stores.contains_key(region)) {
                None => Ok(()),
                Some(missing) => Err(Fault::validation(format!(
                    "Your pipeline must have an artifact store, such as an artifact bucket, for each region where you \
                     have an action. The following region is missing in 'pipeline.artifactStores': {missing}."
                ))),
            }
        }
    }
}

/// 21 to 23: modes and variables.
pub(super) fn version_2(declaration: &PipelineDeclaration) -> Result<(), Fault> {
    let v1 = says_v1(declaration);
    if v1 && declaration.execution_mode.is_some_and(|mode| mode != ExecutionMode::Superseded) {
        return Err(Fault::structure("QUEUED or PARALLEL mode can only be used with V2 pipelines"));
    }
    if v1 && is_given(&declaration.variables) {
        return Err(Fault::structure("Pipeline variable can only be used with V2 pipelines"));
    }
    let names = declaration.variables.iter().flatten().map(|v| v.name.as_str());
    match repeated(names) {
        None => Ok(()),
        Some(name) => Err(Fault::structure(format!(
            "Variable names must be unique. The following variable name is already in use: {name}"
        ))),
    }
}

/// 24 to 26: triggers.
pub(super) fn triggers(declaration: &PipelineDeclaration) -> Result<(), Fault> {
    if says_v1(declaration) && is_given(&declaration.triggers) {
        return Err(Fault::structure("Triggers on tag can only be used with V2 pipelines"));
    }
    let configurations = || declaration.triggers.iter().flatten().map(|t| &t.git_configuration);
    let is_connection = |name: &str| {
        let mut actions = declaration.stages.iter().flat_map(|s| &s.actions);
        actions.any(|a| {
            a.name == name && is_source(a) && a.action_type_id.provider == "CodeStarSourceConnection"
        })
    };
    let twice = repeated(configurations().map(|c| c.source_action_name.as_str())).is_some();
    if twice || !configurations().all(|c| is_connection(&c.source_action_name)) {
        return Err(Fault::structure(
            "Triggers for connections must reference a CodeStarSourceConnection action. Note that when you specify a \
             trigger, you can't specify more than one trigger per source action.",
        ));
    }
    for configuration in configurations() {
        let name = &configuration.source_action_name;
        // CHOICE: both texts.
        if !configuration.push.iter().flatten().all(is_push_filter) {
            return Err(Fault::structure(format!(
                "A push filter of the trigger for source action '{name}' must specify either tags, or branches and file paths"
            )));
        }
        if !configuration.pull_request.iter().flatten().all(is_pull_request_filter) {
            return Err(Fault::structure(format!(
                "A pull request filter of the trigger for source action '{name}' must specify branches, file paths or events"
            )));
        }
    }
    Ok(())
}

fn is_push_filter(filter: &GitPushFilter) -> bool {
    filter.tags.is_some() != (filter.branches.is_some() || filter.file_paths.is_some())
}

fn is_pull_request_filter(filter: &GitPullRequestFilter) -> bool {
    filter.branches.is_some() || filter.file_paths.is_some() || filter.events.is_some()
}
