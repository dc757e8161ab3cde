//! Stages as GetPipelineState shows them, and the runs of their rules.

use super::{action_execution, action_revision, entity_url, error_details, execution_type};
use crate::domain::artifacts;
use crate::domain::engine::{
    Engine,
    records::{ConditionRun, Execution, Gate, LineId, Phase, Plan, RuleRun, StageRun},
};
use crate::shapes::{
    ActionState, ArtifactDetail, ConditionExecution, ConditionState, ExecutionMode, RetryStageMetadata,
    RuleDeclaration, RuleExecution, RuleExecutionDetail, RuleExecutionInput, RuleExecutionOutput,
    RuleExecutionResult, RuleState, S3Location, StageConditionState, StageConditionsExecution,
    StageDeclaration, StageExecution, StageExecutionStatus, StageState, TransitionState,
};
use std::num::NonZeroU64;

/// A stage as GetPipelineState shows it: what entered it last, and what waits in front of it.
pub fn stage_state(engine: &Engine, line: LineId, plan: &Plan, stage: usize) -> Option<StageState> {
    let declared = plan.stage(stage)?;
    let record = engine.lines.get(&line)?;
    let gate = record.gates.get(&declared.name)?;
    let parallel = plan.mode() == ExecutionMode::Parallel;
    let execution = |number: u64| engine.executions.get(&(line, number));
    let shown = |execution: &Execution, status| StageExecution {
        pipeline_execution_id: execution.id.to_string(),
        status,
        r#type: Some(execution_type(execution)),
    };
    let latest = gate.latest.map(NonZeroU64::get).and_then(execution);
    // Of an older version, the stage may have stood at another place: it is found by its name.
    let place = latest.and_then(|e| engine.plan_of(line, e)).and_then(|of| of.place_of(&declared.name));
    let entered = latest.zip(place).and_then(|(e, place)| Some((e, e.in_stage(place)?)));
    let waiting = gate.waiting.iter().filter_map(|number| execution(*number));
    let waiting: Vec<_> = waiting.map(|e| shown(e, StageExecutionStatus::InProgress)).collect();
    let actions = declared.actions.iter().map(|action| {
        let run = gate.actions.get(&action.name).and_then(|number| engine.runs.get(&(line, *number)));
        let revision = record.revisions.get(&action.name).filter(|_| stage == 0);
        let mut latest = run.map(|run| action_execution(run));
        if let Some(latest) = latest.as_mut().filter(|_| parallel) {
            // Docs: in PARALLEL mode the state shows no token of an approval: it would be one of many.
            latest.token = None;
        }
        ActionState {
            action_name: Some(action.name.clone()),
            current_revision: revision.map(|r| action_revision(r, record.created)),
            latest_execution: latest,
            entity_url: entity_url(engine, action),
            revision_url: revision.and_then(|r| r.url.clone()),
        }
    });
    let run = entered.map(|(_, run)| run);
    let ran = entered.and_then(|(e, run)| Some((engine.plan_of(line, e)?.stage(run.stage)?, run)));
    let condition = |phase| condition_state(engine, line, declared, ran, phase);
    Some(StageState {
        stage_name: Some(declared.name.clone()),
        // Docs: in PARALLEL mode there may be many, and only the list shows them.
        inbound_execution: waiting.first().filter(|_| !parallel).cloned(),
        inbound_executions: Some(waiting),
        inbound_transition_state: Some(transition(gate)),
        action_states: Some(actions.collect()),
        latest_execution: entered.map(|(e, run)| shown(e, run.status)),
        before_entry_condition_state: condition(Phase::BeforeEntry),
        on_success_condition_state: condition(Phase::OnSuccess),
        on_failure_condition_state: condition(Phase::OnFailure),
        retry_stage_metadata: run.and_then(retries),
    })
}

fn transition(gate: &Gate) -> TransitionState {
    let Some(changed) = &gate.transition else {
        return TransitionState { enabled: Some(true), ..TransitionState::default() };
    };
    TransitionState {
        enabled: Some(changed.disabled.is_none()),
        last_changed_by: Some(changed.by.clone()),
        last_changed_at: Some(changed.at.into()),
        disabled_reason: changed.disabled.clone(),
    }
}

fn retries(run: &StageRun) -> Option<RetryStageMetadata> {
    let more = run.more.as_ref()?;
    let count = |n: u32| i32::try_from(n).ok().filter(|n| *n > 0);
    Some(RetryStageMetadata {
        auto_stage_retry_attempt: count(more.automatic_retries),
        manual_stage_retry_attempt: count(more.manual_retries),
        latest_retry_trigger: Some(more.latest_retry?),
    })
}

/// A condition that the stage declares, as the execution that entered last left it; `entered` is the stage as that
/// execution's version declares it, and what it left of it. Rules are found by their names, as actions are.
// CHOICE: one that was not looked at shows the names of its rules and nothing else.
fn condition_state(
    engine: &Engine,
    line: LineId,
    declared: &StageDeclaration,
    entered: Option<(&StageDeclaration, &StageRun)>,
    phase: Phase,
) -> Option<StageConditionState> {
    let rules = phase.condition(declared)?.rules.as_deref().unwrap_or_default();
    let run = entered.and_then(|(_, entered)| entered.condition(phase));
    let ran = entered.and_then(|(stage, _)| phase.condition(stage)?.rules.as_deref()).unwrap_or_default();
    let of_rule = |rule: &RuleDeclaration| {
        let place = ran.iter().position(|known| known.name == rule.name);
        let number = place.and_then(|place| run?.rules.get(place));
        let latest = number.and_then(|number| engine.rules.get(&(line, *number)));
        RuleState {
            rule_name: Some(rule.name.clone()),
            latest_execution: latest.map(|run| rule_execution(run)),
            ..RuleState::default()
        }
    };
    let latest = |run: &ConditionRun| ConditionExecution {
        status: Some(run.status),
        summary: run.summary.clone(),
        last_status_change: Some(run.changed.into()),
    };
    Some(StageConditionState {
        latest_execution: run
            .map(|run| StageConditionsExecution { status: Some(run.status), summary: run.summary.clone() }),
        condition_states: Some(vec![ConditionState {
            latest_execution: run.map(latest),
            rule_states: Some(rules.iter().map(of_rule).collect()),
        }]),
    })
}

fn rule_execution(run: &RuleRun) -> RuleExecution {
    RuleExecution {
        rule_execution_id: Some(run.id.to_string()),
        status: Some(run.status),
        summary: run.summary.clone(),
        last_status_change: Some(run.updated.into()),
        external_execution_id: run.external_id.clone(),
        external_execution_url: run.external_url.clone(),
        error_details: error_details(run.error.as_ref()),
        ..RuleExecution::default()
    }
}

/// The run of a rule as ListRuleExecutions shows it.
pub fn rule_detail(
    engine: &Engine,
    line: LineId,
    plan: &Plan,
    execution: &Execution,
    run: &RuleRun,
) -> Option<RuleExecutionDetail> {
    let stage = plan.stage(run.stage)?;
    let rule = run.phase.rule(stage, run.rule)?;
    let configuration = rule.configuration.clone().unwrap_or_default();
    let resolved = run.resolved.as_ref().map_or_else(|| configuration.clone(), Clone::clone);
    let region = rule.region.clone().unwrap_or_else(|| engine.place.region().to_owned());
    let wanted = rule.input_artifacts.iter().flatten().map(|artifact| artifact.name.as_str());
    let located = artifacts::found(engine, line, execution, plan, &region, wanted).into_iter();
    let inputs = located.map(|a| ArtifactDetail {
        name: Some(a.name),
        s3location: Some(S3Location { bucket: Some(a.bucket), key: Some(a.key) }),
    });
    Some(RuleExecutionDetail {
        pipeline_execution_id: Some(execution.id.to_string()),
        rule_execution_id: Some(run.id.to_string()),
        pipeline_version: Some(execution.version),
        stage_name: Some(stage.name.clone()),
        rule_name: Some(rule.name.clone()),
        start_time: Some(run.started.into()),
        last_update_time: Some(run.updated.into()),
        updated_by: None,
        status: Some(run.status),
        input: Some(RuleExecutionInput {
            rule_type_id: Some(rule.rule_type_id.clone()),
            configuration: Some(configuration),
            resolved_configuration: Some(resolved),
            role_arn: rule.role_arn.clone(),
            region: Some(region),
            input_artifacts: Some(inputs.collect()),
        }),
        output: Some(RuleExecutionOutput {
            execution_result: Some(RuleExecutionResult {
                external_execution_id: run.external_id.clone(),
                external_execution_summary: run.summary.clone(),
                external_execution_url: run.external_url.clone(),
                error_details: error_details(run.error.as_ref()),
            }),
        }),
    })
}
