//! The engine in virtual time, without a store, a world or a server.

mod conditions;
mod modes;
mod property;
mod rig;
mod steering;
mod types;
mod work;

use super::Effect;
use super::records::{Outcome, Position};
use crate::domain::jobs::JobState;
use crate::shapes::{ActionExecutionStatus, PipelineExecutionStatus, StageExecutionStatus, TriggerType};
use chrono::TimeDelta;
use expect_test::expect;
use rig::{APPROVAL, BUILD, JOB, OTHER, Rig, SOURCE, action, plan};

#[test]
fn a_simulated_pipeline_is_over_when_its_start_returns() {
    let mut rig = Rig::new();
    let line =
        rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Build", &[action("B", BUILD, 1)])]));
    let execution = rig.start(line);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    assert_eq!(rig.engine.next_deadline(), None);
    assert_eq!(rig.execution(execution).revisions.len(), 1);
    expect![[r#"
        pipeline.created: pipeline 'p' was created
        execution.started: an execution of version 1 was started by StartPipelineExecution
        stage.started: stage 'Source' was entered
        action.started: action 'Source/S' was started
        action.finished: action 'Source/S' succeeded
        stage.finished: stage 'Source' ended as Succeeded
        stage.started: stage 'Build' was entered
        action.started: action 'Build/B' was started
        action.finished: action 'Build/B' succeeded
        stage.finished: stage 'Build' ended as Succeeded
        execution.finished: the execution ended as Succeeded"#]]
    .assert_eq(&rig.facts());
}

#[test]
fn published_changes_come_in_the_documented_order() {
    let mut rig = Rig::new();
    let line =
        rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Build", &[action("B", BUILD, 1)])]));
    rig.start(line);
    let changes = rig.effects.iter().filter_map(|effect| match effect {
        Effect::Publish(change) => {
            let of = |name| change.detail.get(name).and_then(|v| v.as_str()).unwrap_or("").to_owned();
            Some(format!("{} {}{} {}", &change.detail_type[13..18], of("stage"), of("action"), of("state")))
        }
        _ => None,
    });
    expect![[r#"
        Pipel  STARTED
        Stage Source STARTED
        Actio SourceS STARTED
        Actio SourceS SUCCEEDED
        Stage Source SUCCEEDED
        Stage Build STARTED
        Actio BuildB STARTED
        Actio BuildB SUCCEEDED
        Stage Build SUCCEEDED
        Pipel  SUCCEEDED"#]]
    .assert_eq(&changes.collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_fact_has_a_cause_that_was_told_before() {
    let mut rig = Rig::new();
    let actions = [action("A", APPROVAL, 1), action("J", JOB, 1), action("B", BUILD, 2)];
    let line = rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &actions)]));
    rig.start(line);
    rig.start(line);
    rig.update(line, plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &[action("B", BUILD, 1)])]));
    let mut told = vec![String::new()];
    for effect in &rig.effects {
        if let Effect::Tell(event) = effect {
            if let parhelion_core::Cause::Last(subject) = &event.cause {
                assert!(told.contains(subject), "{}: nothing was told of {subject}", event.fact);
            }
            told.push(event.subject.clone());
        }
    }
}

#[test]
fn a_group_runs_at_once_and_the_next_one_after_it() {
    let mut rig = Rig::new();
    let actions = [action("J1", JOB, 1), action("J2", JOB, 1), action("J3", JOB, 2)];
    let line = rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &actions)]));
    let execution = rig.start(line);
    let jobs = rig.open_jobs();
    assert_eq!(jobs.len(), 2);
    rig.work(jobs[0], Outcome::default());
    assert_eq!(rig.open_jobs(), [jobs[1]]);
    rig.work(jobs[1], Outcome::default());
    let last = rig.open_jobs();
    assert_eq!(last.len(), 1);
    rig.work(last[0], Outcome::default());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
}

#[test]
fn a_failure_lets_the_group_end_and_starts_nothing_further() {
    let mut rig = Rig::new();
    let actions = [action("J1", JOB, 1), action("J2", JOB, 1), action("B", BUILD, 2)];
    let stages: [(&str, &[_]); 3] =
        [("Source", &[action("S", SOURCE, 1)]), ("Work", &actions), ("Last", &[action("L", BUILD, 1)])];
    let line = rig.create(plan("p", &stages));
    let execution = rig.start(line);
    let jobs = rig.open_jobs();
    rig.work(jobs[0], Outcome::failure("JobFailed", "no luck"));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::InProgress, "the other action keeps running");
    rig.work(jobs[1], Outcome::default());
    let ended = rig.execution(execution);
    assert_eq!(ended.status, PipelineExecutionStatus::Failed);
    assert_eq!(ended.stages.len(), 2, "no later stage was entered");
    assert_eq!(ended.stages[1].status, StageExecutionStatus::Failed);
    assert_eq!(ended.stages[1].runs.len(), 2, "no later group was started");
    assert!(rig.gate(line, "Work").holders.is_empty(), "the lock is released");
}

#[test]
fn the_newest_waits_and_the_one_before_it_is_superseded() {
    let mut rig = Rig::new();
    let line =
        rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Ok", &[action("A", APPROVAL, 1)])]));
    let [first, second, third] = [rig.start(line), rig.start(line), rig.start(line)];
    assert_eq!(rig.status(first), PipelineExecutionStatus::InProgress);
    assert_eq!(rig.status(second), PipelineExecutionStatus::Superseded);
    assert_eq!(rig.execution(second).summary, Some(format!("Superseded by {}", rig.execution(third).id)));
    assert_eq!(rig.execution(third).position, Position::Before(1));
    rig.advance(TimeDelta::days(7));
    assert_eq!(rig.status(first), PipelineExecutionStatus::Failed, "the approval expired");
    assert_eq!(rig.execution(third).position, Position::In(1), "the lock went to the one that waited");
    rig.advance(TimeDelta::days(7));
    assert_eq!(rig.status(third), PipelineExecutionStatus::Failed);
}

#[test]
fn an_older_execution_behind_a_newer_one_that_waits_is_superseded() {
    let mut rig = Rig::new();
    // The first two run side by side in the middle stages: the second one overtakes.
    let stages: [(&str, &[_]); 3] = [
        ("Source", &[action("S", SOURCE, 1)]),
        ("Work", &[action("J", JOB, 1)]),
        ("Ok", &[action("A", APPROVAL, 1)]),
    ];
    let line = rig.create(plan("p", &stages));
    let first = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    let second = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    assert_eq!(rig.execution(first).position, Position::In(2));
    assert_eq!(rig.execution(second).position, Position::Before(2));
    let third = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    assert_eq!(rig.status(second), PipelineExecutionStatus::Superseded);
    assert_eq!(rig.execution(third).position, Position::Before(2));
}

#[test]
fn the_source_stage_locks_too() {
    let mut rig = Rig::new();
    let slow = |order| action("J", JOB, order);
    let line = rig.create(plan("p", &[("Source", &[slow(1)]), ("Build", &[action("B", BUILD, 1)])]));
    let [first, second] = [rig.start(line), rig.start(line)];
    assert_eq!(rig.execution(first).position, Position::In(0));
    assert_eq!(rig.execution(second).position, Position::Before(0));
}

#[test]
fn an_approval_expires_at_its_own_timeout() {
    let mut rig = Rig::new();
    let mut ok = action("A", APPROVAL, 1);
    ok.timeout_in_minutes = Some(30);
    let line = rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Ok", &[ok])]));
    let execution = rig.start(line);
    let run = rig.run(execution, 1, 0);
    assert!(run.token.is_some());
    rig.advance(TimeDelta::minutes(29));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::InProgress);
    rig.advance(TimeDelta::minutes(1));
    let run = rig.run(execution, 1, 0);
    assert_eq!(run.status, ActionExecutionStatus::Failed);
    assert_eq!(run.error.map(|e| e.code), Some("Timeout".to_owned()));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
}

#[test]
fn a_job_that_nobody_acknowledges_is_handed_out_again() {
    let mut rig = Rig::new();
    let line =
        rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &[action("J", JOB, 1)])]));
    rig.start(line);
    let job = rig.open_jobs()[0];
    rig.dispatch(job, "1");
    assert!(rig.open_jobs().is_empty(), "hidden from other polls");
    rig.advance(TimeDelta::seconds(30));
    assert_eq!(rig.engine.jobs[&job].state, JobState::Queued);
    rig.dispatch(job, "2");
    assert!(rig.engine.jobs[&job].state.admits("2") && !rig.engine.jobs[&job].state.admits("1"));
}

#[test]
fn a_continuation_ends_one_job_and_queues_another_for_the_same_run() {
    let mut rig = Rig::new();
    let line =
        rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &[action("J", JOB, 1)])]));
    let execution = rig.start(line);
    let first = rig.open_jobs()[0];
    let news = Outcome { percent: Some(40), external_id: Some("x1".into()), ..Outcome::default() };
    rig.go_on_later(first, "later", news);
    assert_eq!(rig.engine.jobs[&first].state, JobState::Succeeded);
    let second = rig.open_jobs()[0];
    assert_ne!(first, second);
    assert_eq!(rig.engine.jobs[&second].continuation.as_deref(), Some("later"));
    let run = rig.run(execution, 1, 0);
    assert_eq!(
        (run.status, run.percent, run.job),
        (ActionExecutionStatus::InProgress, Some(40), Some(second))
    );
    rig.work(second, Outcome { summary: Some("done".into()), ..Outcome::default() });
    let run = rig.run(execution, 1, 0);
    assert_eq!(
        (run.percent, run.external_id.as_deref(), run.summary.as_deref()),
        (Some(100), Some("x1"), Some("done"))
    );
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
}

#[test]
fn a_job_that_never_ends_times_out_a_day_after_the_action_began() {
    let mut rig = Rig::new();
    let line =
        rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &[action("J", JOB, 1)])]));
    let execution = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.advance(TimeDelta::hours(23));
    rig.take_on(job);
    rig.advance(TimeDelta::hours(1));
    assert_eq!(rig.engine.jobs[&job].state, JobState::TimedOut);
    let run = rig.run(execution, 1, 0);
    assert_eq!(run.error.map(|e| e.code), Some("Timeout".to_owned()));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
}

#[test]
fn an_update_lets_running_actions_finish_and_starts_nothing_new() {
    let mut rig = Rig::new();
    let actions = [action("J", JOB, 1), action("A", APPROVAL, 1), action("K", JOB, 1), action("B", BUILD, 2)];
    let old = plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &actions)]);
    let line = rig.create(old.clone());
    let [running, waiting] = [rig.start(line), rig.start(line)];
    let jobs = rig.open_jobs();
    rig.take_on(jobs[0]);
    rig.update(line, old);
    assert_eq!(rig.status(waiting), PipelineExecutionStatus::Cancelled, "what waits is over at once");
    assert_eq!(rig.status(running), PipelineExecutionStatus::InProgress, "it shows so until its action ends");
    assert_eq!(rig.run(running, 1, 0).status, ActionExecutionStatus::InProgress);
    assert_eq!(rig.run(running, 1, 1).status, ActionExecutionStatus::Abandoned, "an approval is not running");
    assert_eq!(
        rig.run(running, 1, 2).status,
        ActionExecutionStatus::Abandoned,
        "nobody had taken that job on"
    );
    assert_eq!(rig.engine.jobs[&jobs[1]].state, JobState::Abandoned);
    let newer = rig.start(line);
    assert_eq!(rig.execution(newer).position, Position::Before(1), "the stage is held until then");
    rig.finish(jobs[0], Outcome::default());
    let over = rig.execution(running);
    assert_eq!(over.status, PipelineExecutionStatus::Cancelled);
    assert_eq!(over.stages[1].status, StageExecutionStatus::Cancelled);
    assert_eq!(rig.execution(newer).version, 2);
    assert_eq!(rig.execution(newer).position, Position::In(1));
}

#[test]
fn what_waits_does_not_enter_the_stage_that_an_update_empties() {
    let mut rig = Rig::new();
    let stages: [(&str, &[_]); 3] = [
        ("Source", &[action("S", SOURCE, 1)]),
        ("Ok", &[action("A", APPROVAL, 1)]),
        ("Work", &[action("B", BUILD, 1)]),
    ];
    let line = rig.create(plan("p", &stages));
    let [within, waiting] = [rig.start(line), rig.start(line)];
    rig.update(line, plan("p", &stages));
    assert_eq!(rig.status(within), PipelineExecutionStatus::Cancelled, "its approval was not running");
    let over = rig.execution(waiting);
    assert_eq!(over.status, PipelineExecutionStatus::Cancelled);
    assert_eq!(over.stages.len(), 1, "it never entered the stage");
    assert_eq!(rig.gate(line, "Ok").latest.unwrap().get(), within.1);
}

#[test]
fn a_stage_that_an_update_took_away_keeps_its_gate_while_it_is_held() {
    let mut rig = Rig::new();
    let source: (&str, &[_]) = ("Source", &[action("S", SOURCE, 1)]);
    let line = rig.create(plan("p", &[source, ("Old", &[action("J", JOB, 1)])]));
    rig.start(line);
    let job = rig.open_jobs()[0];
    rig.take_on(job);
    rig.update(line, plan("p", &[source, ("New", &[action("B", BUILD, 1)])]));
    assert!(!rig.gate(line, "Old").holders.is_empty());
    rig.finish(job, Outcome::default());
    assert!(!rig.engine.lines[&line].gates.contains_key("Old"));
    let next = rig.start(line);
    assert_eq!(rig.status(next), PipelineExecutionStatus::Succeeded);
}

#[test]
fn a_deletion_leaves_nothing_behind() {
    let mut rig = Rig::new();
    let actions = [action("J", JOB, 1), action("A", APPROVAL, 1)];
    let line = rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &actions)]));
    rig.start(line);
    rig.start(line);
    let job = rig.open_jobs()[0];
    rig.dispatch(job, "1");
    rig.delete(line);
    let engine = &rig.engine;
    let left = [
        engine.names.len(),
        engine.lines.len(),
        engine.plans.len(),
        engine.executions.len(),
        engine.runs.len(),
    ];
    assert_eq!(left, [0; 5]);
    assert_eq!([engine.execution_ids.len(), engine.jobs.len(), engine.queue.len()], [0; 3]);
    assert_eq!(engine.next_deadline(), None);
    assert!(rig.effects.contains(&Effect::Release(job)));
    let facts = rig.facts();
    assert_eq!(
        facts.matches("the pipeline was deleted while the execution was under way").count(),
        2,
        "{facts}"
    );
}

#[test]
fn an_action_can_start_another_pipeline_and_waits_for_its_end() {
    let mut rig = Rig::new();
    let source: (&str, &[_]) = ("Source", &[action("S", SOURCE, 1)]);
    let other = rig.create(plan("other", &[source, ("Work", &[action("J", JOB, 1)])]));
    let line = rig.create(plan("p", &[source, ("Call", &[action("O", OTHER, 1)])]));
    let execution = rig.start(line);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::InProgress);
    let called = rig.execution((other, 1));
    assert_eq!(called.trigger, TriggerType::StartPipelineExecution);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::default());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    assert_eq!(rig.run(execution, 1, 0).variables["ExecutionId"], called.id.to_string());

    let failing = rig.start(line);
    let job = rig.open_jobs()[0];
    rig.work(job, Outcome::failure("JobFailed", "no"));
    assert_eq!(rig.status(failing), PipelineExecutionStatus::Failed);

    let orphan = rig.start(line);
    rig.delete(other);
    assert_eq!(rig.status(orphan), PipelineExecutionStatus::Failed, "the other pipeline is gone");
    let nobody = rig.start(line);
    assert_eq!(rig.status(nobody), PipelineExecutionStatus::Failed, "there is no such pipeline");
}

#[test]
fn what_is_not_acted_on_is_named() {
    let mut rig = Rig::new();
    let mut asked = plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Build", &[action("B", BUILD, 1)])]);
    let source = asked.declaration.stages[0].actions[0].configuration.as_mut().unwrap();
    source.insert("PollForSourceChanges".into(), "true".into());
    let line = rig.create(asked);
    rig.effects.clear();
    let execution = rig.start(line);
    let facts = rig.facts();
    let named: Vec<&str> = facts.lines().filter(|fact| fact.starts_with("execution.changed")).collect();
    expect![[r#"
        execution.changed: PollForSourceChanges of action 'Source/S' is not acted on: nobody watches the source"#]]
    .assert_eq(&named.join("\n"));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
}

#[test]
fn a_synthetic_revision_is_the_same_each_time() {
    let mut rig = Rig::new();
    let line =
        rig.create(plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Build", &[action("B", BUILD, 1)])]));
    let [first, second] = [rig.start(line), rig.start(line)];
    let id = |execution| rig.execution(execution).revisions[0].1.id.clone();
    assert_eq!(id(first), id(second));
    assert_eq!(id(first).len(), 40);
}
