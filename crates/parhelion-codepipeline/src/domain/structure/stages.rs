//! Rules on a stage: 6, 7, 27 to 30, 34, 37.

use super::{Fault, is_given, repeated, says_v1};
use crate::domain::catalogue::rule_kind;
use crate::shapes::{
    Condition,
    ConditionResult::{self, Fail, Retry, Rollback, Skip},
    ExecutionMode, PipelineDeclaration, RuleDeclaration, StageDeclaration,
};

/// Actions that a stage may have. Docs: the quotas page.
const ACTIONS_MAX: usize = 50;

/// The rules on stage number `n`.
pub(super) fn check(pipeline: &PipelineDeclaration, n: usize, stage: &StageDeclaration) -> Result<(), Fault> {
    let name = &stage.name;
    if pipeline.stages[..n].iter().any(|earlier| earlier.name == *name) {
        return Err(Fault::stage(format!("Stage name '{name}' is used more than once")));
    }
    // CHOICE: both texts of 7.
    if stage.actions.is_empty() {
        return Err(Fault::stage(format!("Stage '{name}' must have at least one action")));
    }
    if stage.actions.len() > ACTIONS_MAX {
        return Err(Fault::stage(format!(
            "Stage '{name}' has too many actions. There can only be up to {ACTIONS_MAX} actions in a stage"
        )));
    }
    let has_gate = stage.before_entry.is_some() || stage.on_success.is_some() || stage.on_failure.is_some();
    if says_v1(pipeline) && has_gate {
        return Err(Fault::stage("Stage level conditions can only be used with V2 pipelines."));
    }
    gates(pipeline, n, stage)?;
    if is_given(&stage.blockers) {
        // CHOICE: the field is reserved, says the reference.
        return Err(Fault::blocker(format!(
            "Blockers are reserved for future use: stage '{name}' must not have any"
        )));
    }
    rules(stage)
}

/// 28 to 30: results of the three gates.
fn gates(pipeline: &PipelineDeclaration, n: usize, stage: &StageDeclaration) -> Result<(), Fault> {
    let name = &stage.name;
    let entry = stage.before_entry.iter().flat_map(|g| &g.conditions);
    let success = stage.on_success.iter().flat_map(|g| &g.conditions);
    let failure = stage.on_failure.iter().flat_map(|g| g.conditions.iter().flatten());
    let own = stage.on_failure.as_ref().and_then(|g| g.result);
    if own.is_some() && stage.on_failure.as_ref().is_some_and(|g| is_given(&g.conditions)) {
        // OBSERVED: without the closing quotation mark.
        return Err(Fault::stage(format!(
            "The following stage cannot have a failure exit gate configured with both top level result and conditions: '{name}"
        )));
    }
    let results = |conditions: &mut dyn Iterator<Item = &Condition>| -> Vec<ConditionResult> {
        conditions.filter_map(|c| c.result).collect()
    };
    let on_entry = results(&mut entry.into_iter());
    let on_success = results(&mut success.into_iter());
    let on_failure: Vec<_> = results(&mut failure.into_iter()).into_iter().chain(own).collect();
    let all = || on_entry.iter().chain(&on_success).chain(&on_failure);
    if pipeline.execution_mode == Some(ExecutionMode::Parallel) && all().any(|r| *r == Rollback) {
        return Err(Fault::stage(
            "Failure conditions with rollback result type cannot be added to a PARALLEL pipeline.",
        ));
    }
    // CHOICE: all texts of 30.
    if n == 0 && all().any(|r| matches!(r, Rollback | Retry)) {
        return Err(Fault::stage(format!(
            "Conditions of the source stage '{name}' cannot have the result ROLLBACK or RETRY"
        )));
    }
    let gates: [(&str, &[ConditionResult], &[ConditionResult]); 3] = [
        ("beforeEntry", &on_entry, &[Fail, Skip]),
        ("onSuccess", &on_success, &[Fail, Rollback]),
        ("onFailure", &on_failure, &[Rollback, Retry, Fail, Skip]),
    ];
    for (gate, results, allowed) in gates {
        if let Some(result) = results.iter().find(|r| !allowed.contains(r)) {
            return Err(Fault::stage(format!(
                "The result {result} is not allowed for the {gate} conditions of stage '{name}'"
            )));
        }
    }
    let mode =
        stage.on_failure.as_ref().and_then(|g| g.retry_configuration.as_ref()).and_then(|r| r.retry_mode);
    if on_failure.contains(&Retry) && mode.is_none() {
        return Err(Fault::stage(format!(
            "The result RETRY of stage '{name}' needs a retry mode in retryConfiguration"
        )));
    }
    Ok(())
}

/// 37: the rules of all gates. CHOICE: all texts.
fn rules(stage: &StageDeclaration) -> Result<(), Fault> {
    let name = &stage.name;
    let all = || all_rules(stage);
    if let Some(rule) = repeated(all().map(|r| r.name.as_str())) {
        return Err(Fault::stage(format!("Rule name '{rule}' is used more than once in stage '{name}'")));
    }
    for rule in all() {
        let id = &rule.rule_type_id;
        let Some(kind) = rule_kind(id) else {
            return Err(Fault::stage(format!(
                "RuleType (Category: '{}', Provider: '{}', Owner: 'AWS', Version: '{}') in rule '{}' is not available",
                id.category,
                id.provider,
                id.version.as_deref().unwrap_or("1"),
                rule.name
            )));
        };
        let given = |key: &&&str| rule.configuration.as_ref().is_some_and(|c| c.contains_key(key));
        if let Some(key) = kind.required.iter().find(|key| !given(key)) {
            return Err(Fault::stage(format!(
                "Rule configuration for rule '{}' is missing required configuration '{key}'",
                rule.name
            )));
        }
        if kind.provider == "Commands" && !is_given(&rule.commands) {
            return Err(Fault::stage(format!("Rule {} must have a non-empty commands field", rule.name)));
        }
    }
    Ok(())
}

/// The rules of all three gates of a stage.
pub(super) fn all_rules(stage: &StageDeclaration) -> impl Iterator<Item = &RuleDeclaration> {
    let entry = stage.before_entry.iter().flat_map(|g| &g.conditions);
    let success = stage.on_success.iter().flat_map(|g| &g.conditions);
    let failure = stage.on_failure.iter().flat_map(|g| g.conditions.iter().flatten());
    entry.chain(success).chain(failure).flat_map(|c| c.rules.iter().flatten())
}
