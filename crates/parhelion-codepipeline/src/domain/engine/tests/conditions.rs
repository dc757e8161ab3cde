//! Conditions and what they lead to, automatic retries and rollbacks.

use super::rig::{APPROVAL, BUILD, JOB, Rig, SOURCE, action, condition, plan, window};
use crate::domain::engine::Input;
use crate::domain::engine::conditions::NotOverridable;
use crate::domain::engine::records::{Key, LineId, Outcome, Phase, Position};
use crate::domain::engine::simulated::Stood;
use crate::shapes::{
    ActionDeclaration, BeforeEntryConditions, Condition, ConditionExecutionStatus, ConditionResult,
    FailureConditions, PipelineExecutionStatus, RetryConfiguration, RuleExecutionStatus, StageDeclaration,
    StageExecutionStatus, StageRetryMode, SuccessConditions, TriggerType,
};
use chrono::TimeDelta;
use expect_test::expect;
use parhelion_core::Pace;
use serde_json::json;

fn failure() -> Outcome {
    Outcome::failure("JobFailed", "no")
}
/// A pipeline whose middle stage has these actions, and what is done to it.
fn create(
    rig: &mut Rig,
    actions: &[ActionDeclaration],
    change: impl FnOnce(&mut StageDeclaration),
) -> LineId {
    let stages: [(&str, &[_]); 3] =
        [("Source", &[action("S", SOURCE, 1)]), ("Work", actions), ("Last", &[action("B", BUILD, 1)])];
    let mut plan = plan("p", &stages);
    change(&mut plan.declaration.stages[1]);
    rig.create(plan)
}
fn before(condition: Condition) -> Option<Box<BeforeEntryConditions>> {
    Some(Box::new(BeforeEntryConditions { conditions: vec![condition] }))
}
fn success(condition: Condition) -> Option<Box<SuccessConditions>> {
    Some(Box::new(SuccessConditions { conditions: vec![condition] }))
}
fn on_failure(result: ConditionResult) -> Option<Box<FailureConditions>> {
    let retry_configuration = Some(RetryConfiguration { retry_mode: Some(StageRetryMode::AllActions) });
    Some(Box::new(FailureConditions { result: Some(result), retry_configuration, conditions: None }))
}
fn on_failure_if(condition: Condition) -> Option<Box<FailureConditions>> {
    let retry_configuration = Some(RetryConfiguration { retry_mode: Some(StageRetryMode::FailedActions) });
    Some(Box::new(FailureConditions { result: None, retry_configuration, conditions: Some(vec![condition]) }))
}
fn condition_status(rig: &Rig, execution: Key, phase: Phase) -> ConditionExecutionStatus {
    rig.stage(execution, 1).condition(phase).unwrap().status
}

#[test]
fn conditions_that_are_met_let_an_execution_pass() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| {
        stage.before_entry = before(condition("a", "a", None));
        stage.on_success = success(condition("#{codepipeline.PipelineExecutionId}", "x", None));
        stage.on_success.as_mut().unwrap().conditions[0].rules.as_mut().unwrap()[0]
            .configuration
            .as_mut()
            .unwrap()
            .insert("Operator".into(), "NE".into());
    });
    rig.effects.clear();
    let execution = rig.start(line);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    let facts = rig.facts();
    let told: Vec<&str> = facts.lines().filter(|f| f.contains("Work")).collect();
    let id = rig.execution(execution).id.to_string();
    expect![[r#"
        stage.started: stage 'Work' was entered
        condition.changed: condition beforeEntry of stage 'Work' is looked at: 1 rule(s)
        rule.started: rule 'Work/R' is looked at
        rule.finished: rule 'Work/R' succeeded: 'a' is equal to 'a'
        condition.changed: condition beforeEntry of stage 'Work' is met
        action.started: action 'Work/B' was started
        action.finished: action 'Work/B' succeeded
        condition.changed: condition onSuccess of stage 'Work' is looked at: 1 rule(s)
        rule.started: rule 'Work/R' is looked at
        rule.finished: rule 'Work/R' succeeded: 'ID' is not equal to 'x'
        condition.changed: condition onSuccess of stage 'Work' is met
        stage.finished: stage 'Work' ended as Succeeded"#]]
    .assert_eq(&told.join("\n").replace(&id, "ID"));
}

#[test]
fn an_entry_condition_that_is_not_met_fails_the_stage_or_skips_it() {
    for (result, stage, execution) in [
        (None, StageExecutionStatus::Failed, PipelineExecutionStatus::Failed),
        (Some(ConditionResult::Fail), StageExecutionStatus::Failed, PipelineExecutionStatus::Failed),
        (Some(ConditionResult::Skip), StageExecutionStatus::Skipped, PipelineExecutionStatus::Succeeded),
    ] {
        let mut rig = Rig::new();
        let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| {
            stage.before_entry = before(condition("a", "b", result));
            // A stage that a condition failed does not run its onFailure.
            stage.on_failure = on_failure(ConditionResult::Retry);
        });
        let started = rig.start(line);
        let run = rig.stage(started, 1);
        assert_eq!((run.status, rig.status(started)), (stage, execution), "{result:?}");
        assert!(run.runs.is_empty(), "no action runs");
        assert_eq!(run.retries(), 0);
        let skipped = result == Some(ConditionResult::Skip);
        assert_eq!(rig.execution(started).in_stage(2).is_some(), skipped);
    }
}

#[test]
fn a_success_condition_that_is_not_met_fails_the_stage() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| {
        stage.on_success = success(condition("a", "b", Some(ConditionResult::Fail)));
    });
    let execution = rig.start(line);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
    assert_eq!(condition_status(&rig, execution, Phase::OnSuccess), ConditionExecutionStatus::Failed);
    let why = "the execution ended as Failed: condition onSuccess of stage 'Work' was not met";
    assert!(rig.facts().contains(why), "{}", rig.facts());
    // Its actions all succeeded: only all of them can be retried, conditions included.
    assert!(rig.engine.retryable(execution, 1, StageRetryMode::FailedActions).is_err());
    rig.retry(execution, 1, StageRetryMode::AllActions);
    let run = rig.stage(execution, 1);
    assert_eq!((run.status, run.runs.len()), (StageExecutionStatus::Failed, 2));
    assert_eq!(run.more.unwrap().conditions.len(), 2);
}

#[test]
fn a_rule_that_cannot_be_evaluated_makes_its_condition_errored() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| {
        stage.before_entry = before(condition("#{variables.NOBODY}", "b", None));
    });
    let execution = rig.start(line);
    assert_eq!(condition_status(&rig, execution, Phase::BeforeEntry), ConditionExecutionStatus::Errored);
    let rule = rig.engine.rules.get(&(line, 1)).unwrap();
    assert_eq!(rule.error.as_ref().unwrap().code, "InvalidVariable");
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
    rig.override_(execution, 1, Phase::BeforeEntry);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
}

#[test]
fn a_rule_waits_for_its_window_and_no_longer_than_its_time() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| stage.before_entry = before(window(None)));
    let execution = rig.start(line);
    assert_eq!(rig.execution(execution).position, Position::In(1));
    assert_eq!(
        rig.standing(execution),
        ["condition beforeEntry: rule 'Work/W' has not come out; it is looked at again at \
          1970-01-01T12:00:00.000Z; its time runs out at 1970-01-08T00:00:00.000Z"]
    );
    rig.advance(TimeDelta::hours(12));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);

    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| {
        let mut condition = window(None);
        condition.rules.as_mut().unwrap()[0].timeout_in_minutes = Some(30);
        stage.before_entry = before(condition);
    });
    let execution = rig.start(line);
    rig.advance(TimeDelta::minutes(30));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
    let rule = rig.engine.rules.get(&(line, 1)).unwrap();
    assert_eq!(rule.error.as_ref().unwrap().code, "Timeout");
}

#[test]
fn a_condition_under_way_can_be_overridden_stopped_or_outdated() {
    let entry = |stage: &mut StageDeclaration| stage.before_entry = before(window(None));
    let actions = [action("B", BUILD, 1)];
    let rule = |rig: &Rig, line| rig.engine.rules.get(&(line, 1)).unwrap().status;

    let mut rig = Rig::new();
    let line = create(&mut rig, &actions, entry);
    let execution = rig.start(line);
    let unlike = rig.engine.overridable(execution, 1, Phase::OnSuccess);
    assert_eq!(unlike, Err(NotOverridable::Condition));
    rig.override_(execution, 1, Phase::BeforeEntry);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    assert_eq!(rule(&rig, line), RuleExecutionStatus::Abandoned);

    let mut rig = Rig::new();
    let line = create(&mut rig, &actions, entry);
    let execution = rig.start(line);
    rig.stop(execution, false);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopping, "its rule runs");
    assert!(rig.engine.overridable(execution, 1, Phase::BeforeEntry).is_err());
    rig.advance(TimeDelta::hours(12));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopped);
    assert!(rig.stage(execution, 1).runs.is_empty());

    let mut rig = Rig::new();
    let line = create(&mut rig, &actions, entry);
    let execution = rig.start(line);
    rig.stop(execution, true);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopped);
    assert_eq!(condition_status(&rig, execution, Phase::BeforeEntry), ConditionExecutionStatus::Abandoned);
    assert_eq!(rule(&rig, line), RuleExecutionStatus::Abandoned);

    let mut rig = Rig::new();
    let line = create(&mut rig, &actions, entry);
    let execution = rig.start(line);
    let update = plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &actions)]);
    rig.update(line, update);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Cancelled);
    assert_eq!(condition_status(&rig, execution, Phase::BeforeEntry), ConditionExecutionStatus::Cancelled);
}

#[test]
fn a_stage_that_was_stopped_before_its_condition_came_out_is_not_let_in_by_a_retry() {
    let mut rig = Rig::new();
    let entry = |stage: &mut StageDeclaration| stage.before_entry = before(window(None));
    let line = create(&mut rig, &[action("B", BUILD, 1)], entry);
    let execution = rig.start(line);
    rig.stop(execution, true);
    rig.retry(execution, 1, StageRetryMode::FailedActions);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::InProgress);
    assert_eq!(condition_status(&rig, execution, Phase::BeforeEntry), ConditionExecutionStatus::InProgress);
    rig.override_(execution, 1, Phase::BeforeEntry);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
}

#[test]
fn a_stage_retries_itself_once() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("J", JOB, 1)], |stage| {
        stage.on_failure = on_failure(ConditionResult::Retry);
    });
    let execution = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.effects.clear();
    rig.work(job, failure());
    assert_eq!(rig.published(), ["Work J FAILED", "Work RESUMED", "Work J STARTED"]);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::InProgress);
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed, "one attempt, no more");
    assert_eq!(rig.stage(execution, 1).more.unwrap().automatic_retries, 1);
    rig.retry(execution, 1, StageRetryMode::FailedActions);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    assert_eq!(rig.execution(execution).attempt(), 3);
}

#[test]
fn a_stage_may_be_skipped_when_it_fails() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("J", JOB, 1)], |stage| {
        stage.on_failure = on_failure(ConditionResult::Skip);
    });
    let execution = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    assert_eq!(rig.stage(execution, 1).status, StageExecutionStatus::Skipped);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    assert_eq!(rig.gate(line, "Work").succeeded, None, "it did not succeed there");
}

#[test]
fn what_failed_is_rolled_back_to_the_last_that_succeeded() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("J", JOB, 1)], |stage| {
        stage.on_failure = on_failure(ConditionResult::Rollback);
    });
    let first = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    assert_eq!(rig.engine.executions.len(), 1, "there is nothing to go back to");
    assert_eq!(rig.status(first), PipelineExecutionStatus::Failed);

    let good = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    let bad = rig.start(line);
    let waiting = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    assert_eq!(rig.status(bad), PipelineExecutionStatus::Failed);
    let rolled = (line, 5);
    let execution = rig.execution(rolled);
    assert_eq!(execution.trigger, TriggerType::AutomatedRollback);
    let detail = format!(r#"{{"FailedPipelineExecutionId":"{}"}}"#, rig.execution(bad).id);
    assert_eq!(execution.trigger_detail, detail);
    assert_eq!(execution.rollback.unwrap().number, good.1);
    assert_eq!(execution.position, Position::In(1), "before the one that waits");
    assert_eq!(rig.execution(waiting).position, Position::Before(1));
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    assert_eq!(rig.status(rolled), PipelineExecutionStatus::Failed);
    assert_eq!(rig.engine.executions.len(), 5, "a rollback that fails leads to no further one");
    assert_eq!(rig.execution(waiting).position, Position::In(1));
}

#[test]
fn a_success_condition_may_roll_back() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| {
        let result = Some(ConditionResult::Rollback);
        stage.on_success = success(condition("#{codepipeline.PipelineExecutionId}", "", result));
        let rule = &mut stage.on_success.as_mut().unwrap().conditions[0].rules.as_mut().unwrap()[0];
        let configuration = rule.configuration.as_mut().unwrap();
        // Ids are counted here: the first execution's is met, later ones' are not.
        configuration.insert("Operator".into(), "MATCHES".into());
        configuration.insert("Value".into(), "0{8}-0{4}-0{4}-0{4}-0{11}[0-9]".into());
    });
    let good = rig.start(line);
    assert_eq!(rig.status(good), PipelineExecutionStatus::Succeeded);
    while rig.draws() < 16 {
        rig.draw();
    }
    let bad = rig.start(line);
    assert_eq!(rig.status(bad), PipelineExecutionStatus::Failed);
    assert_eq!(rig.execution((line, 3)).rollback.unwrap().number, good.1);
    assert_eq!(rig.engine.executions.len(), 3);
}

#[test]
fn failure_conditions_engage_their_result_when_they_are_not_met() {
    for (met, retries) in [(true, 0), (false, 1)] {
        let mut rig = Rig::new();
        let line = create(&mut rig, &[action("J", JOB, 1)], |stage| {
            let value = if met { "a" } else { "b" };
            stage.on_failure = on_failure_if(condition("a", value, Some(ConditionResult::Retry)));
        });
        let execution = rig.start(line);
        let job = rig.open_jobs()[0];
        rig.work(job, failure());
        assert_eq!(rig.stage(execution, 1).retries(), retries);
        let expected =
            if met { PipelineExecutionStatus::Failed } else { PipelineExecutionStatus::InProgress };
        assert_eq!(rig.status(execution), expected);
    }
}

#[test]
fn a_rule_sees_what_the_stages_actions_told() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("A", APPROVAL, 1)], |stage| {
        stage.before_entry = before(condition("#{Src.BranchName}", "main", None));
    });
    rig.update(line, {
        let mut plan = rig.engine.plan(line).unwrap().clone();
        plan.declaration.stages[0].actions[0].namespace = Some("Src".into());
        plan
    });
    let execution = rig.start(line);
    assert_eq!(condition_status(&rig, execution, Phase::BeforeEntry), ConditionExecutionStatus::Succeeded);
    let rule = rig.engine.rules.values().next_back().unwrap();
    assert_eq!(rule.resolved.as_ref().unwrap()["Variable"], "main");
}

// ------------------------------------------------------------ behaviours and pace

fn alarm() -> Condition {
    let mut condition = condition("", "", None);
    condition.rules.as_mut().unwrap()[0].rule_type_id.provider = "CloudWatchAlarm".into();
    condition
}

#[test]
fn a_simulated_rule_succeeds_unless_a_behaviour_says_otherwise() {
    for (scripted, says, status) in [
        (None, None, PipelineExecutionStatus::Succeeded),
        (Some(("succeed", json!({"summary": "quiet"}))), Some("quiet"), PipelineExecutionStatus::Succeeded),
        (
            Some(("fail", json!({"code": "Alarm", "message": "loud"}))),
            Some("loud"),
            PipelineExecutionStatus::Failed,
        ),
    ] {
        let mut rig = Rig::new();
        let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| stage.before_entry = before(alarm()));
        scripted.into_iter().for_each(|outcome| rig.script(("rule", "R"), &[outcome]));
        let execution = rig.start(line);
        assert_eq!(rig.status(execution), status);
        let rule = rig.engine.rules.get(&(line, 1)).unwrap();
        let said = rule.summary.clone().or(rule.error.as_ref().map(|e| e.message.clone()));
        assert_eq!(said.as_deref(), says);
    }
}

#[test]
fn a_behaviour_may_script_a_rule_that_would_be_evaluated() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| {
        stage.before_entry = before(condition("a", "b", None));
    });
    rig.script(("rule", "R"), &[("succeed", json!({"delay": "30m"}))]);
    let execution = rig.start(line);
    rig.advance(TimeDelta::minutes(29));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::InProgress);
    rig.advance(TimeDelta::minutes(1));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
}

#[test]
fn a_rule_that_hangs_is_stepped_or_runs_out_of_time() {
    let started = || {
        let mut rig = Rig::new();
        let line = create(&mut rig, &[action("B", BUILD, 1)], |stage| stage.before_entry = before(alarm()));
        rig.script(("rule", "R"), &[("hang", json!({}))]);
        let execution = rig.start(line);
        (rig, line, execution)
    };
    let (mut rig, line, execution) = started();
    assert!(
        rig.standing(execution)[0].contains("hangs, as a behaviour says"),
        "{:?}",
        rig.standing(execution)
    );
    assert_eq!(rig.engine.standing_still(Some("nobody")), None);
    let id = rig.execution(execution).id.to_string();
    assert_eq!(rig.engine.standing_still(Some(&id)), Some(Stood::Rule((line, 1))));
    rig.step(Input::Step(Stood::Rule((line, 1))));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);

    let (mut rig, line, execution) = started();
    rig.advance(TimeDelta::days(7));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
    assert_eq!(rig.engine.rules.get(&(line, 1)).unwrap().error.as_ref().unwrap().code, "Timeout");
}

#[test]
fn the_pace_holds_for_rules_whose_work_is_simulated() {
    let mut rig = Rig::new();
    let line = create(&mut rig, &[action("A", APPROVAL, 1)], |stage| {
        stage.before_entry = before(alarm());
        stage.on_success = success(condition("a", "a", None));
    });
    rig.pace("action", Pace::After(TimeDelta::minutes(1)));
    let execution = rig.start(line);
    rig.advance(TimeDelta::minutes(1));
    assert_eq!(rig.stage(execution, 1).phase, Phase::BeforeEntry, "the source took that long");
    rig.advance(TimeDelta::minutes(1));
    assert_eq!(rig.stage(execution, 1).phase, Phase::Actions);
}
