//! QUEUED and PARALLEL executions, and transitions.

use super::rig::{APPROVAL, BUILD, JOB, OTHER, Rig, SOURCE, action, plan};
use crate::domain::engine::gates::{PARALLEL_MAX, QUEUED_MAX};
use crate::domain::engine::records::{LineId, Outcome, Plan, Position};
use crate::shapes::{ExecutionMode, PipelineExecutionStatus, StageExecutionStatus};
use chrono::TimeDelta;
use expect_test::expect;

fn in_mode(mode: ExecutionMode) -> Plan {
    let stages: [(&str, &[_]); 3] = [
        ("Source", &[action("S", SOURCE, 1)]),
        ("Work", &[action("J", JOB, 1)]),
        ("Last", &[action("B", BUILD, 1)]),
    ];
    let mut plan = plan("p", &stages);
    plan.declaration.execution_mode = Some(mode);
    plan
}

fn create(rig: &mut Rig, mode: ExecutionMode) -> LineId {
    rig.create(in_mode(mode))
}

#[test]
fn queued_executions_take_each_stage_in_order_of_their_start() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Queued);
    let all = [rig.start(line), rig.start(line), rig.start(line)];
    assert_eq!(*rig.gate(line, "Work").waiting, [all[1].1, all[2].1]);
    for execution in all {
        assert_eq!(rig.execution(execution).position, Position::In(1));
        let job = rig.open_jobs()[0];
        rig.work(job, Outcome::default());
        assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    }
}

#[test]
fn a_failure_lets_the_next_in_the_queue_enter() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Queued);
    let [first, second] = [rig.start(line), rig.start(line)];
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::failure("JobFailed", "no"));
    assert_eq!(rig.status(first), PipelineExecutionStatus::Failed);
    assert_eq!(rig.execution(second).position, Position::In(1));
}

#[test]
fn at_most_fifty_wait_in_a_queue() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Queued);
    for _ in 0..=QUEUED_MAX {
        assert!(rig.engine.has_room(line));
        rig.start(line);
    }
    assert!(!rig.engine.has_room(line));
    let before = rig.engine.executions.len();
    rig.effects.clear();
    rig.start(line);
    assert_eq!(rig.engine.executions.len(), before);
    expect!["execution.refused: no execution was started: as many are under way as there may be"]
        .assert_eq(&rig.facts());
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    assert!(rig.engine.has_room(line));
}

#[test]
fn an_action_that_starts_a_full_pipeline_fails() {
    let mut rig = Rig::new();
    let source: (&str, &[_]) = ("Source", &[action("S", SOURCE, 1)]);
    let mut other = plan("other", &[source, ("Work", &[action("J", JOB, 1)])]);
    other.declaration.execution_mode = Some(ExecutionMode::Parallel);
    let other = rig.create(other);
    for _ in 0..PARALLEL_MAX {
        rig.start(other);
    }
    let line = rig.create(plan("p", &[source, ("Call", &[action("O", OTHER, 1)])]));
    let execution = rig.start(line);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
    let error = rig.run(execution, 1, 0).error.unwrap();
    assert_eq!(error.message, "The pipeline 'other' has as many executions as it may have");
}

#[test]
fn parallel_executions_do_not_wait_for_each_other() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Parallel);
    let all: Vec<_> = (0..PARALLEL_MAX).map(|_| rig.start(line)).collect();
    assert!(all.iter().all(|execution| rig.execution(*execution).position == Position::In(1)));
    assert!(!rig.engine.has_room(line));
    for job in rig.open_jobs() {
        rig.work(job, Outcome::default());
    }
    assert!(all.iter().all(|execution| rig.status(*execution) == PipelineExecutionStatus::Succeeded));
}

#[test]
fn a_disabled_transition_holds_parallel_executions_and_lets_all_of_them_in() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Parallel);
    rig.transition(line, "Work", false);
    let all = [rig.start(line), rig.start(line)];
    assert_eq!(*rig.gate(line, "Work").waiting, [1, 2]);
    let held = "it waits in front of stage 'Work': the transition was disabled by somebody at \
                1970-01-01T00:00:00.000Z: frozen";
    assert_eq!(rig.standing(all[1]), [held]);
    rig.transition(line, "Work", true);
    assert!(all.iter().all(|execution| rig.execution(*execution).position == Position::In(1)));
}

#[test]
fn a_disabled_transition_holds_in_front_of_a_free_stage() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Superseded);
    rig.transition(line, "Work", false);
    let [first, second] = [rig.start(line), rig.start(line)];
    assert_eq!(rig.status(first), PipelineExecutionStatus::Superseded);
    assert_eq!(rig.execution(second).position, Position::Before(1));
    rig.transition(line, "Work", true);
    assert_eq!(rig.execution(second).position, Position::In(1));
    // Who is within is not concerned.
    rig.transition(line, "Work", false);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    assert_eq!(rig.status(second), PipelineExecutionStatus::Succeeded);
}

#[test]
fn the_first_stage_may_be_held_too() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Queued);
    rig.transition(line, "Source", false);
    let all = [rig.start(line), rig.start(line)];
    assert_eq!(rig.execution(all[0]).position, Position::Before(0));
    assert_eq!(rig.standing(all[1]).len(), 2, "the transition, and who goes first");
    rig.transition(line, "Source", true);
    assert_eq!(rig.execution(all[0]).position, Position::In(1));
    assert_eq!(rig.execution(all[1]).position, Position::Before(1));
}

#[test]
fn a_transition_outlives_an_update() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Superseded);
    rig.transition(line, "Work", false);
    let held = rig.start(line);
    rig.update(line, in_mode(ExecutionMode::Queued));
    assert_eq!(rig.status(held), PipelineExecutionStatus::Cancelled);
    let next = rig.start(line);
    assert_eq!(rig.execution(next).position, Position::Before(1));
}

#[test]
fn who_waits_says_for_what() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Queued);
    let [first, second, third] = [rig.start(line), rig.start(line), rig.start(line)];
    let id = |execution| rig.execution(execution).id;
    assert_eq!(
        rig.standing(second),
        [format!("it waits in front of stage 'Work': execution {} is in it", id(first))]
    );
    assert_eq!(
        rig.standing(third)[1],
        format!("it waits in front of stage 'Work': execution {} goes first", id(second))
    );
    let job = rig.open_jobs()[0];
    let [waits] = rig.standing(first).try_into().unwrap();
    assert!(waits.contains(&job.to_string()) && waits.contains("waits for a worker to poll"), "{waits}");
    rig.take_on(job);
    assert!(rig.standing(first)[0].contains("waits for the worker's result"));
    rig.finish(job, Outcome::default());
    assert!(rig.standing(first).is_empty(), "it is over");
}

#[test]
fn a_mode_that_an_update_changes_waits_for_what_is_within() {
    let mut rig = Rig::new();
    let line = create(&mut rig, ExecutionMode::Parallel);
    let within = [rig.start(line), rig.start(line)];
    let jobs = rig.open_jobs();
    jobs.iter().for_each(|job| rig.take_on(*job));
    rig.update(line, in_mode(ExecutionMode::Queued));
    let next = rig.start(line);
    assert_eq!(rig.execution(next).position, Position::Before(1));
    rig.finish(jobs[0], Outcome::default());
    assert_eq!(rig.stage(within[0], 1).status, StageExecutionStatus::Cancelled);
    assert_eq!(rig.execution(next).position, Position::Before(1), "another one is still within");
    rig.finish(jobs[1], Outcome::default());
    assert_eq!(rig.execution(next).position, Position::In(1));
}

#[test]
fn an_approval_says_that_it_waits() {
    let mut rig = Rig::new();
    let line =
        rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Ok", &[action("A", APPROVAL, 1)])]));
    let execution = rig.start(line);
    let expected =
        "action 'Ok/A' waits to be approved or rejected; its time runs out at 1970-01-08T00:00:00.000Z";
    assert_eq!(rig.standing(execution), [expected]);
    rig.advance(TimeDelta::days(7));
    assert!(rig.standing(execution).is_empty());
}
