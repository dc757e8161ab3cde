//! What the engine keeps, in the API's shapes.

mod stages;

pub use stages::{rule_detail, stage_state};

use super::action_types::Known;
use super::engine::{
    Engine,
    records::{Execution, Failed, LineId, Plan, Position, Revision, Run},
};
use super::{artifacts, plans, simulation, structure};
use crate::shapes::{
    ActionDeclaration, ActionExecution, ActionExecutionDetail, ActionExecutionInput, ActionExecutionOutput,
    ActionExecutionResult, ActionRevision, Artifact, ArtifactDetail, ArtifactLocation, ArtifactLocationType,
    ArtifactRevision, ErrorDetails, ExecutionMode, ExecutionTrigger, ExecutionType, ListWebhookItem,
    PipelineDeclaration, PipelineRollbackMetadata, ResolvedPipelineVariable, S3ArtifactLocation, S3Location,
    SourceRevision, StageExecutionStatus, StopExecutionTrigger, Tag,
};
use crate::store::Webhook;
use std::collections::BTreeMap;

/// The mode that an execution has. Docs: SUPERSEDED where nothing was said.
pub fn mode(plan: &Plan) -> ExecutionMode {
    plan.mode()
}

/// What kind of execution it is.
pub fn execution_type(execution: &Execution) -> ExecutionType {
    if execution.rollback.is_some() { ExecutionType::Rollback } else { ExecutionType::Standard }
}

/// What it goes back to.
pub fn rollback_metadata(execution: &Execution) -> Option<PipelineRollbackMetadata> {
    let target = execution.rollback.as_ref()?;
    Some(PipelineRollbackMetadata { rollback_target_pipeline_execution_id: Some(target.id.to_string()) })
}

/// Who wanted it to stop.
pub fn stop_trigger(execution: &Execution) -> Option<StopExecutionTrigger> {
    execution.stop.as_ref().map(|stop| StopExecutionTrigger { reason: stop.reason.clone() })
}

/// What started an execution.
pub fn trigger(execution: &Execution) -> ExecutionTrigger {
    ExecutionTrigger {
        trigger_type: Some(execution.trigger),
        trigger_detail: Some(execution.trigger_detail.clone()),
    }
}

/// The variables of an execution.
pub fn variables(execution: &Execution) -> Vec<ResolvedPipelineVariable> {
    let variables = execution.variables.iter();
    variables
        .map(|(name, value)| ResolvedPipelineVariable {
            name: Some(name.clone()),
            resolved_value: Some(value.clone()),
        })
        .collect()
}

/// What the source actions found, one entry for each.
pub fn source_revisions(execution: &Execution) -> Vec<SourceRevision> {
    let revisions = execution.revisions.iter();
    revisions
        .map(|(action, revision)| SourceRevision {
            action_name: action.clone(),
            revision_id: Some(revision.id.clone()),
            revision_summary: revision.summary.clone(),
            revision_url: revision.url.clone(),
        })
        .collect()
}

/// What the source actions found, one entry for each output artifact.
pub fn artifact_revisions(plan: &Plan, execution: &Execution) -> Vec<ArtifactRevision> {
    let of = |name: &str| execution.revisions.iter().find(|(action, _)| action == name).map(|(_, r)| r);
    let found = plan.sources().filter_map(|action| Some((action, of(&action.name)?)));
    found
        .flat_map(|(action, revision)| {
            action.output_artifacts.iter().flatten().map(|out| ArtifactRevision {
                name: Some(out.name.clone()),
                revision_id: Some(revision.id.clone()),
                revision_change_identifier: revision.change.clone(),
                revision_summary: revision.summary.clone(),
                created: revision.created.map(Into::into),
                revision_url: revision.url.clone(),
            })
        })
        .collect()
}

/// Where what an action works on can be looked at: as its type says, or its provider's page.
fn entity_url(engine: &Engine, action: &ActionDeclaration) -> Option<String> {
    let configuration = action.configuration.as_ref()?;
    let known = Known { configuration, execution: None, revision: None };
    let own = engine.url(&action.action_type_id, |templates| templates.entity, &known);
    own.or_else(|| simulation::entity_url(&engine.place, action))
}

fn action_revision(revision: &Revision, created: parhelion_core::Timestamp) -> ActionRevision {
    ActionRevision {
        revision_id: revision.id.clone(),
        // The member is required: where nothing else tells changes apart, the id does.
        revision_change_id: revision.change.clone().unwrap_or_else(|| revision.id.clone()),
        created: revision.created.unwrap_or(created).into(),
    }
}

fn action_execution(run: &Run) -> ActionExecution {
    let in_progress = run.status == crate::shapes::ActionExecutionStatus::InProgress;
    ActionExecution {
        action_execution_id: Some(run.id.to_string()),
        status: Some(run.status),
        summary: run.summary.clone(),
        // News of a job that goes on change no status.
        last_status_change: Some(if in_progress { run.started } else { run.updated }.into()),
        // Docs: only while the approval can be answered.
        token: run.token.filter(|_| in_progress).map(|token| token.to_string()),
        external_execution_id: run.external_id.clone(),
        external_execution_url: run.external_url.clone(),
        percent_complete: run.percent,
        error_details: error_details(run.error.as_ref()),
        last_updated_by: run.answered_by().map(str::to_owned),
        ..ActionExecution::default()
    }
}

fn error_details(error: Option<&Failed>) -> Option<ErrorDetails> {
    let error = error?;
    Some(ErrorDetails { code: Some(error.code.clone()), message: Some(error.message.clone()) })
}

/// A run as ListActionExecutions shows it; `masked` is the declaration of its version without secrets.
pub fn action_detail(
    engine: &Engine,
    line: LineId,
    plan: &Plan,
    masked: &PipelineDeclaration,
    execution: &Execution,
    run: &Run,
) -> ActionExecutionDetail {
    let stage = masked.stages.get(run.stage);
    let action = stage.and_then(|stage| stage.actions.get(run.action));
    let configuration = action.and_then(|a| a.configuration.clone()).unwrap_or_default();
    // Where nothing was resolved, the declared texts are what was used; secrets are masked in both.
    let resolved = run.more.as_ref().and_then(|more| more.resolved.as_ref()).map(|resolved| {
        let shown = |(key, value): (&str, &String)| {
            let masked = configuration.get(key).filter(|text| *text == structure::MASK);
            (key.to_owned(), masked.unwrap_or(value).clone())
        };
        resolved.iter().map(shown).collect()
    });
    let located = |all: Vec<artifacts::Located>| -> Vec<ArtifactDetail> {
        let one = |a: artifacts::Located| ArtifactDetail {
            name: Some(a.name),
            s3location: Some(S3Location { bucket: Some(a.bucket), key: Some(a.key) }),
        };
        all.into_iter().map(one).collect()
    };
    let region = action.and_then(|a| a.region.as_deref()).unwrap_or(engine.place.region());
    let succeeded = run.status == crate::shapes::ActionExecutionStatus::Succeeded;
    ActionExecutionDetail {
        pipeline_execution_id: Some(execution.id.to_string()),
        action_execution_id: Some(run.id.to_string()),
        pipeline_version: Some(execution.version),
        stage_name: stage.map(|s| s.name.clone()),
        action_name: action.map(|a| a.name.clone()),
        start_time: Some(run.started.into()),
        last_update_time: Some(run.updated.into()),
        updated_by: run.answered_by().map(str::to_owned),
        status: Some(run.status),
        input: Some(ActionExecutionInput {
            action_type_id: action.map(|a| (*a.action_type_id).clone()),
            resolved_configuration: Some(resolved.unwrap_or_else(|| configuration.clone())),
            configuration: Some(configuration),
            role_arn: action.and_then(|a| a.role_arn.as_deref()).map(str::to_owned),
            region: Some(region.to_owned()),
            input_artifacts: Some(located(artifacts::inputs(engine, line, execution, plan, run))),
            namespace: action.and_then(|a| a.namespace.as_deref()).map(str::to_owned),
        }),
        output: Some(ActionExecutionOutput {
            output_artifacts: Some(if succeeded {
                located(artifacts::outputs(engine, plan, run))
            } else {
                Vec::new()
            }),
            execution_result: Some(ActionExecutionResult {
                external_execution_id: run.external_id.clone(),
                external_execution_summary: run.summary.clone(),
                external_execution_url: run.external_url.clone(),
                error_details: error_details(run.error.as_ref()),
                log_stream_arn: None,
            }),
            output_variables: Some(run.variables.clone()),
        }),
    }
}

/// A webhook as answers show it: without its secret.
pub fn webhook(webhook: &Webhook, arn: String, tags: Vec<Tag>) -> ListWebhookItem {
    let mut definition = webhook.definition.clone();
    // OBSERVED: both PutWebhook and ListWebhooks answer so.
    if let Some(secret) = &mut definition.authentication_configuration.secret_token {
        *secret = structure::MASK.to_owned();
    }
    let (code, message) = webhook.error.clone().unzip();
    ListWebhookItem {
        definition,
        url: webhook.url.clone(),
        error_message: message,
        error_code: code,
        last_triggered: webhook.last_triggered.map(Into::into),
        arn: Some(arn),
        tags: Some(tags),
    }
}

/// An artifact as a worker is told of it.
pub fn artifact(located: artifacts::Located) -> Artifact {
    Artifact {
        name: Some(located.name),
        revision: located.revision,
        location: Some(ArtifactLocation {
            r#type: Some(ArtifactLocationType::S3),
            s3_location: Some(S3ArtifactLocation { bucket_name: located.bucket, object_key: located.key }),
        }),
    }
}

/// The declarations of a pipeline's versions without their secrets, each made once.
pub struct MaskedPlans<'a> {
    engine: &'a Engine,
    line: LineId,
    made: BTreeMap<i32, PipelineDeclaration>,
}

impl<'a> MaskedPlans<'a> {
    /// Of a pipeline.
    pub fn new(engine: &'a Engine, line: LineId) -> Self {
        MaskedPlans { engine, line, made: BTreeMap::new() }
    }
    /// The version that an execution runs: as it is kept, and without secrets.
    pub fn of(&mut self, execution: &Execution) -> Option<(&'a Plan, &PipelineDeclaration)> {
        let plan = self.engine.plan_of(self.line, execution)?;
        let masked = self
            .made
            .entry(execution.version)
            .or_insert_with(|| plans::masked(&plan.declaration, self.engine));
        Some((plan, masked))
    }
}

/// Whether an execution succeeded in a stage.
pub fn succeeded_in(execution: &Execution, stage: usize) -> bool {
    let over = !matches!(execution.position, Position::In(at) if at == stage);
    over && execution.in_stage(stage).is_some_and(|run| run.status == StageExecutionStatus::Succeeded)
}
