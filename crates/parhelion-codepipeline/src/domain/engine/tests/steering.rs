//! Stops, retries, rollbacks, and what they do with each other and with updates.

use super::rig::{APPROVAL, BUILD, JOB, Rig, SOURCE, action, plan};
use crate::domain::engine::records::{Key, LineId, Outcome, Plan, Position};
use crate::domain::engine::retries::NotRetryable;
use crate::domain::engine::stops::{NotStoppable, stoppable};
use crate::domain::jobs::JobState;
use crate::shapes::{
    ActionDeclaration, ActionExecutionStatus, ExecutionMode, PipelineExecutionStatus, StageExecutionStatus,
    StageRetryMode, TriggerType,
};
use chrono::TimeDelta;

fn failure() -> Outcome {
    Outcome::failure("JobFailed", "no")
}
fn of(actions: &[ActionDeclaration]) -> Plan {
    let stages: [(&str, &[_]); 3] =
        [("Source", &[action("S", SOURCE, 1)]), ("Work", actions), ("Last", &[action("B", BUILD, 1)])];
    plan("p", &stages)
}
fn work(rig: &mut Rig, actions: &[ActionDeclaration]) -> LineId {
    rig.create(of(actions))
}
fn retryable(rig: &Rig, execution: Key, mode: StageRetryMode) -> Result<(), NotRetryable> {
    rig.engine.retryable(execution, 1, mode)
}

// ------------------------------------------------------------ stops

#[test]
fn a_stop_lets_running_actions_end_and_starts_nothing_new() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("J", JOB, 1), action("K", JOB, 2)]);
    let execution = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.effects.clear();
    rig.stop(execution, false);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopping);
    assert_eq!(rig.stage(execution, 1).status, StageExecutionStatus::Stopping);
    assert_eq!(rig.engine.jobs[&job].state, JobState::Queued, "a worker may still take it on");
    rig.work(job, Outcome::default());
    let stopped = rig.execution(execution);
    assert_eq!(stopped.status, PipelineExecutionStatus::Stopped);
    assert_eq!(stopped.summary.as_deref(), Some("enough"));
    let stage = rig.stage(execution, 1);
    assert_eq!((stage.status, stage.runs.len()), (StageExecutionStatus::Stopped, 1));
    let states = ["STOPPING", "Work STOPPING", "Work J SUCCEEDED", "Work STOPPED", "STOPPED"];
    assert_eq!(rig.published(), states);
    assert!(rig.gate(line, "Work").holders.is_empty());
}

#[test]
fn a_stop_that_waits_for_an_approval_waits_for_its_answer() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("A", APPROVAL, 1)]);
    let execution = rig.start(line);
    rig.stop(execution, false);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopping);
    assert_eq!(rig.standing(execution).len(), 2, "the stop, and the approval");
    rig.advance(TimeDelta::days(7));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopped);
}

#[test]
fn abandoned_actions_end_at_once_and_their_jobs_with_them() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("J", JOB, 1), action("A", APPROVAL, 1)]);
    let [execution, next] = [rig.start(line), rig.start(line)];
    let job = rig.open_jobs()[0];
    rig.take_on(job);
    rig.stop(execution, false);
    let second = rig.execution(execution);
    assert_eq!(stoppable(&second, false), Err(NotStoppable::Twice));
    assert_eq!(stoppable(&second, true), Ok(()));
    rig.stop(execution, true);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopped);
    for place in [0, 1] {
        assert_eq!(rig.run(execution, 1, place).status, ActionExecutionStatus::Abandoned);
    }
    assert_eq!(rig.engine.jobs[&job].state, JobState::Abandoned);
    assert_eq!(rig.execution(next).position, Position::In(1), "the lock is released");
    assert_eq!(stoppable(&rig.execution(execution), true), Err(NotStoppable::Over));
}

#[test]
fn what_waits_stops_at_once_and_cannot_be_retried() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("J", JOB, 1)]);
    let [_, waiting] = [rig.start(line), rig.start(line)];
    rig.stop(waiting, false);
    assert_eq!(rig.status(waiting), PipelineExecutionStatus::Stopped);
    assert_eq!(retryable(&rig, waiting, StageRetryMode::AllActions), Err(NotRetryable::NotLatest));
    assert!(rig.gate(line, "Work").waiting.is_empty());
}

#[test]
fn a_stop_after_an_update_ends_as_stopped() {
    let mut rig = Rig::new();
    let actions = [action("J", JOB, 1)];
    let line = work(&mut rig, &actions);
    let execution = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.take_on(job);
    rig.update(line, of(&actions));
    rig.stop(execution, false);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopping);
    rig.finish(job, Outcome::default());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopped);
    assert!(retryable(&rig, execution, StageRetryMode::AllActions).is_err());
}

#[test]
fn an_update_during_a_stop_ends_what_nobody_works_at() {
    let mut rig = Rig::new();
    let actions = [action("A", APPROVAL, 1)];
    let line = work(&mut rig, &actions);
    let execution = rig.start(line);
    rig.stop(execution, false);
    rig.update(line, of(&actions));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopped);
}

// ------------------------------------------------------------ retries

#[test]
fn failed_actions_may_be_retried_while_others_run() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("J", JOB, 1), action("K", JOB, 1)]);
    let execution = rig.start(line);
    assert!(retryable(&rig, execution, StageRetryMode::FailedActions).is_err());
    assert!(matches!(retryable(&rig, execution, StageRetryMode::AllActions), Err(NotRetryable::State(_))));
    let jobs = rig.open_jobs();
    rig.work(jobs[0], failure());
    assert_eq!(retryable(&rig, execution, StageRetryMode::AllActions), Err(NotRetryable::Busy));
    rig.retry(execution, 1, StageRetryMode::FailedActions);
    assert_eq!(rig.stage(execution, 1).runs.len(), 3);
    for job in rig.open_jobs() {
        rig.work(job, Outcome::default());
    }
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
}

#[test]
fn a_retry_of_failed_actions_runs_those_and_what_had_not_run() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("J", JOB, 1), action("K", JOB, 1), action("B", BUILD, 2)]);
    let execution = rig.start(line);
    let jobs = rig.open_jobs();
    rig.work(jobs[0], failure());
    rig.work(jobs[1], Outcome::default());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
    let why = "the execution ended as Failed: action(s) 'J' of stage 'Work' failed";
    assert!(rig.facts().contains(why), "{}", rig.facts());
    rig.effects.clear();
    rig.retry(execution, 1, StageRetryMode::FailedActions);
    assert_eq!(rig.published(), ["RESUMED", "Work RESUMED", "Work J STARTED"]);
    let attempts: Vec<_> = rig
        .effects
        .iter()
        .filter_map(|e| match e {
            super::Effect::Publish(change) => change.detail["pipeline-execution-attempt"].to_value().as_i64(),
            _ => None,
        })
        .collect();
    assert_eq!(attempts, [2, 2, 2]);
    let [job] = rig.open_jobs()[..] else { panic!("only the failed one runs again") };
    rig.work(job, Outcome::default());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    let runs: Vec<usize> = rig.stage(execution, 1).runs.iter().map(|(action, _)| *action).collect();
    assert_eq!(runs, [0, 1, 0, 2]);
}

#[test]
fn a_retry_of_all_actions_runs_all_of_them() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("B", BUILD, 1), action("J", JOB, 2)]);
    let execution = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    rig.retry(execution, 1, StageRetryMode::AllActions);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    let runs: Vec<usize> = rig.stage(execution, 1).runs.iter().map(|(action, _)| *action).collect();
    assert_eq!(runs, [0, 1, 0, 1]);
}

#[test]
fn a_stopped_stage_goes_on_with_what_was_abandoned_or_had_not_run() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("J", JOB, 1), action("B", BUILD, 2)]);
    let [abandoned, waited] = [rig.start(line), rig.start(line)];
    rig.stop(abandoned, true);
    assert_eq!(retryable(&rig, abandoned, StageRetryMode::FailedActions), Err(NotRetryable::NotLatest));
    let job = rig.open_jobs()[0];
    rig.stop(waited, false);
    rig.work(job, Outcome::default());
    assert_eq!(rig.status(waited), PipelineExecutionStatus::Stopped);
    rig.retry(waited, 1, StageRetryMode::FailedActions);
    let over = rig.execution(waited);
    assert_eq!((over.status, &over.stop), (PipelineExecutionStatus::Succeeded, &None));
    assert_eq!(over.in_stage(1).unwrap().runs.len(), 2, "what had succeeded did not run again");
}

#[test]
fn a_retry_takes_the_lock_again() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("J", JOB, 1)]);
    let first = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    rig.retry(first, 1, StageRetryMode::FailedActions);
    let second = rig.start(line);
    assert_eq!(rig.execution(second).position, Position::Before(1));
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    assert_eq!(rig.execution(second).position, Position::In(1));
    assert_eq!(retryable(&rig, first, StageRetryMode::FailedActions), Err(NotRetryable::NotLatest));
}

#[test]
fn parallel_executions_are_retried_each_for_itself_while_there_is_room() {
    let mut rig = Rig::new();
    let mut parallel = of(&[action("J", JOB, 1)]);
    parallel.declaration.execution_mode = Some(ExecutionMode::Parallel);
    let line = rig.create(parallel);
    let first = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    while rig.engine.has_room(line) {
        rig.start(line);
    }
    assert_eq!(retryable(&rig, first, StageRetryMode::FailedActions), Err(NotRetryable::NoRoom));
    rig.stop((line, 2), true);
    rig.retry(first, 1, StageRetryMode::FailedActions);
    assert_eq!(rig.status(first), PipelineExecutionStatus::InProgress);
}

#[test]
fn an_update_ends_retries() {
    let mut rig = Rig::new();
    let actions = [action("J", JOB, 1)];
    let line = work(&mut rig, &actions);
    let execution = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    rig.update(line, of(&actions));
    assert!(matches!(retryable(&rig, execution, StageRetryMode::AllActions), Err(NotRetryable::State(_))));
}

// ------------------------------------------------------------ rollbacks

#[test]
fn a_rollback_runs_one_stage_and_ends() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("J", JOB, 1)]);
    let target = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    rig.transition(line, "Work", false);
    let held = rig.start(line);
    rig.roll_back(target, 1);
    let rolled = (line, 3);
    assert_eq!(rig.execution(rolled).position, Position::In(1), "it does not come through the transition");
    assert_eq!(rig.execution(held).position, Position::Before(1));
    let execution = rig.execution(rolled);
    assert_eq!(execution.revisions, rig.execution(target).revisions);
    assert_eq!(execution.rollback.unwrap().number, target.1);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    let execution = rig.execution(rolled);
    assert_eq!(execution.status, PipelineExecutionStatus::Succeeded);
    assert_eq!(execution.stages.len(), 1, "no later stage");
    assert_eq!(execution.trigger, TriggerType::ManualRollback);
    assert_eq!(
        rig.gate(line, "Work").succeeded.unwrap().get(),
        target.1,
        "a rollback is nothing to go back to"
    );
}

#[test]
fn a_rollback_that_failed_can_be_retried_and_still_ends_after_its_stage() {
    let mut rig = Rig::new();
    let line = work(&mut rig, &[action("J", JOB, 1)]);
    let target = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    rig.roll_back(target, 1);
    let job = rig.open_jobs()[0];
    rig.work(job, failure());
    let rolled = (line, 2);
    assert_eq!(rig.status(rolled), PipelineExecutionStatus::Failed);
    rig.retry(rolled, 1, StageRetryMode::FailedActions);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    assert_eq!(rig.status(rolled), PipelineExecutionStatus::Succeeded);
    assert_eq!(rig.execution(rolled).stages.len(), 1);
}
