//! What actions do: variables, behaviours, pace, approvals, calls of other pipelines and of functions.

use super::rig::{APPROVAL, BUILD, JOB, Kind, OTHER, Rig, SOURCE, action, plan};
use crate::domain::engine::records::{Key, LineId, Outcome, Plan, Revision};
use crate::domain::engine::{Effect, Input};
use crate::domain::jobs::JobState;
use crate::shapes::{
    ActionCategory, ActionDeclaration, ActionExecutionStatus, ActionOwner, ExecutionMode,
    PipelineExecutionStatus, PipelineVariableDeclaration,
};
use chrono::TimeDelta;
use parhelion_core::Pace;
use serde_json::json;

const LAMBDA: Kind = (ActionOwner::Aws, ActionCategory::Invoke, "Lambda", &[("FunctionName", "f")]);

fn with(mut declared: ActionDeclaration, key: &str, value: &str) -> ActionDeclaration {
    declared.configuration.get_or_insert_default().insert(key.into(), value.into());
    declared
}
fn source() -> ActionDeclaration {
    ActionDeclaration { namespace: Some("Src".into()), ..action("S", SOURCE, 1) }
}
fn two(second: ActionDeclaration) -> Plan {
    plan("p", &[("Source", &[source()]), ("Work", &[second])])
}
fn run_key(rig: &Rig, execution: Key) -> Key {
    (execution.0, rig.execution(execution).newest_runs(1)[&0])
}
fn started(rig: &mut Rig, plan: Plan) -> (LineId, Key) {
    let line = rig.create(plan);
    (line, rig.start(line))
}

#[test]
fn variables_are_resolved_when_the_action_starts_and_kept_only_where_there_are_any() {
    let mut rig = Rig::new();
    let text = r##"[{"v":"#{Src.BranchName}@#{codepipeline.PipelineExecutionId}"}]"##;
    let (_, execution) = started(&mut rig, two(with(action("B", BUILD, 1), "EnvironmentVariables", text)));
    let id = rig.execution(execution).id;
    let run = rig.run(execution, 1, 0);
    let resolved = run.more.unwrap().resolved.unwrap();
    assert_eq!(resolved["EnvironmentVariables"], format!(r#"[{{"v":"main@{id}"}}]"#));
    assert_eq!(resolved["ProjectName"], "project");
    assert_eq!(rig.run(execution, 0, 0).more, None, "nothing is kept where nothing was resolved");
}

#[test]
fn a_variable_without_a_value_fails_the_action_and_is_named() {
    let mut rig = Rig::new();
    let (_, execution) = started(&mut rig, two(with(action("B", BUILD, 1), "PrimarySource", "#{Src.Nope}")));
    let run = rig.run(execution, 1, 0);
    let error = run.error.unwrap();
    assert_eq!((run.status, error.code.as_str()), (ActionExecutionStatus::Failed, "InvalidVariable"));
    assert!(
        error.message.contains("#{Src.Nope}") && error.message.contains("PrimarySource"),
        "{}",
        error.message
    );
    assert_eq!(run.external_id, None, "it was never begun");
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
}

#[test]
fn a_behaviour_says_how_each_attempt_comes_out_and_the_last_one_repeats() {
    let mut rig = Rig::new();
    let fail = json!({"code": "Broken", "message": "no luck", "summary": "s", "externalExecutionId": "x"});
    let succeed = json!({"outputVariables": {"V": "1"}, "percentComplete": 70, "delay": "5m", "deployTargets": [{"targetId": "t"}]});
    rig.script(("action", "B"), &[("fail", fail), ("succeed", succeed)]);
    let line = rig.create(two(action("B", BUILD, 1)));
    let first = rig.start(line);
    let run = rig.run(first, 1, 0);
    assert_eq!(run.error.map(|e| (e.code, e.message)), Some(("Broken".into(), "no luck".into())));
    assert_eq!((run.external_id.as_deref(), run.summary.as_deref()), (Some("x"), Some("s")));
    for _ in 0..2 {
        let next = rig.start(line);
        assert_eq!(rig.status(next), PipelineExecutionStatus::InProgress);
        assert_eq!(rig.run(next, 1, 0).percent, Some(70), "it shows from the beginning");
        rig.advance(TimeDelta::minutes(5));
        let run = rig.run(next, 1, 0);
        assert_eq!((run.status, run.variables["V"].as_str()), (ActionExecutionStatus::Succeeded, "1"));
        assert_eq!(run.more.unwrap().targets.len(), 1);
    }
    assert!(rig.facts().contains("behaviour.used: behaviour \"b\" says"), "{}", rig.facts());
}

#[test]
fn a_scripted_revision_is_what_the_source_finds() {
    let mut rig = Rig::new();
    rig.script(
        ("category", "Source"),
        &[("succeed", json!({"revision": {"revisionId": "abc", "summary": "told"}}))],
    );
    let (line, execution) = started(&mut rig, two(action("B", BUILD, 1)));
    assert_eq!(rig.execution(execution).revisions[0].1.id, "abc");
    let run = rig.run(execution, 0, 0);
    assert_eq!(
        (run.variables["CommitId"].as_str(), run.variables["CommitMessage"].as_str()),
        ("abc", "told")
    );
    assert_eq!(rig.engine.lines[&line].revisions["S"].id, "abc");
}

#[test]
fn what_somebody_said_is_what_the_source_finds_next() {
    let mut rig = Rig::new();
    let line = rig.create(two(action("B", BUILD, 1)));
    let before = rig.start(line);
    let revision = Revision { id: "next".into(), ..Revision::default() };
    rig.step(Input::SetRevision(line, "S".into(), revision));
    assert_ne!(rig.engine.lines[&line].revisions["S"].id, "next", "nothing was started");
    let after = rig.start(line);
    assert_ne!(rig.execution(before).revisions[0].1.id, "next");
    assert_eq!(rig.execution(after).revisions[0].1.id, "next");
}

#[test]
fn work_that_hangs_ends_by_its_time_limit_or_a_step() {
    let mut rig = Rig::new();
    rig.script(("action", "B"), &[("hang", json!({"externalExecutionId": "x", "percentComplete": 3}))]);
    let line = rig.create(two(action("B", BUILD, 1)));
    let first = rig.start(line);
    rig.advance(TimeDelta::hours(8) - TimeDelta::seconds(1));
    assert_eq!(rig.run(first, 1, 0).external_id.as_deref(), Some("x"));
    assert_eq!(rig.status(first), PipelineExecutionStatus::InProgress);
    rig.advance(TimeDelta::seconds(1));
    let run = rig.run(first, 1, 0);
    assert_eq!((run.status, run.error.unwrap().code.as_str()), (ActionExecutionStatus::Failed, "Timeout"));
    let second = rig.start(line);
    assert!(rig.step_by_hand());
    assert_eq!(rig.status(second), PipelineExecutionStatus::Succeeded);
    assert!(!rig.step_by_hand(), "nothing stands any more");
}

#[test]
fn a_pace_slows_actions_down_or_leaves_them_to_be_stepped() {
    let mut rig = Rig::new();
    let line = rig.create(two(action("B", BUILD, 1)));
    rig.pace("action", Pace::After(TimeDelta::minutes(1)));
    let slow = rig.start(line);
    rig.advance(TimeDelta::seconds(119));
    assert_eq!(rig.status(slow), PipelineExecutionStatus::InProgress);
    rig.advance(TimeDelta::seconds(1));
    assert_eq!(rig.status(slow), PipelineExecutionStatus::Succeeded);
    rig.pace("action", Pace::Manual);
    let by_hand = rig.start(line);
    assert_eq!(
        rig.engine.standing_still(Some(&rig.execution(by_hand).id.to_string())),
        rig.engine.standing_still(None)
    );
    assert_eq!(rig.engine.standing_still(Some("nobody")), None);
    assert!(rig.step_by_hand() && rig.step_by_hand() && !rig.step_by_hand());
    assert_eq!(rig.status(by_hand), PipelineExecutionStatus::Succeeded);
    // Longer than it may take: its time runs out.
    rig.pace("action", Pace::After(TimeDelta::days(2)));
    let late = rig.start(line);
    rig.advance(TimeDelta::days(3));
    assert_eq!(rig.status(late), PipelineExecutionStatus::Failed);
}

#[test]
fn an_approval_is_answered_once() {
    let mut rig = Rig::new();
    let line = rig.create(two(action("A", APPROVAL, 1)));
    for (approved, status) in
        [(true, PipelineExecutionStatus::Succeeded), (false, PipelineExecutionStatus::Failed)]
    {
        let execution = rig.start(line);
        let key = run_key(&rig, execution);
        let token = rig.run(execution, 1, 0).token.unwrap().to_string();
        assert_eq!(rig.engine.answerable(line, "Work", "A", &token), Ok(key));
        rig.answer(key, approved);
        assert_eq!(rig.status(execution), status);
        let run = rig.run(execution, 1, 0);
        assert_eq!((run.summary.as_deref(), run.answered_by()), (Some("said"), Some("somebody")));
        assert_eq!(
            run.error.map(|e| (e.code, e.message)),
            (!approved).then(|| ("JobFailed".into(), "said".into()))
        );
        rig.answer(key, true);
        assert_eq!(rig.status(execution), status, "the first answer counts");
    }
}

#[test]
fn in_parallel_mode_the_token_is_the_external_id() {
    let mut rig = Rig::new();
    let mut parallel = two(action("A", APPROVAL, 1));
    parallel.declaration.execution_mode = Some(ExecutionMode::Parallel);
    let (_, execution) = started(&mut rig, parallel);
    let run = rig.run(execution, 1, 0);
    assert_eq!(run.external_id, run.token.map(|token| token.to_string()));
}

fn other(variables: &[(&str, Option<&str>)], actions: &[ActionDeclaration]) -> Plan {
    let mut other = plan("other", &[("Source", &[action("S", SOURCE, 1)]), ("Work", actions)]);
    let declared = variables.iter().map(|(name, default)| PipelineVariableDeclaration {
        name: (*name).into(),
        default_value: default.map(Into::into),
        description: None,
    });
    other.declaration.variables = Some(declared.collect::<Vec<_>>().into());
    other
}

#[test]
fn a_called_pipeline_gets_variables_and_revisions() {
    let mut rig = Rig::new();
    let callee = rig.create(other(&[("A", Some("a")), ("B", None)], &[action("B", BUILD, 1)]));
    let call = with(action("C", OTHER, 1), "Variables", r##"[{"name":"B","value":"#{Src.BranchName}"}]"##);
    let revisions = r##"[{"actionName":"S","revisionType":"COMMIT_ID","revisionValue":"#{Src.CommitId}"}]"##;
    let (_, execution) = started(&mut rig, two(with(call, "SourceRevisions", revisions)));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    let called = rig.execution((callee, 1));
    assert_eq!(called.variables, [("A", "a"), ("B", "main")].map(|(n, v)| (n.to_owned(), v.to_owned())));
    let commit = &rig.run(execution, 0, 0).variables["CommitId"];
    assert_eq!(&called.revisions[0].1.id, commit);
    let run = rig.run(execution, 1, 0);
    assert_eq!(run.variables["ExecutionId"], called.id.to_string());
}

#[test]
fn what_a_call_cannot_hand_on_fails_it() {
    for (key, value, part) in [
        ("Variables", "{", "'Variables' is not valid"),
        ("Variables", r#"[{"name":"C","value":"c"}]"#, "'C'"),
        ("Variables", "[]", "'B'"),
        ("SourceRevisions", r#"[{"actionName":"X","revisionType":"COMMIT_ID","revisionValue":"c"}]"#, "'B'"),
        ("PipelineName", "nobody", "does not exist"),
    ] {
        let mut rig = Rig::new();
        rig.create(other(&[("B", None)], &[action("B", BUILD, 1)]));
        let (_, execution) = started(&mut rig, two(with(action("C", OTHER, 1), key, value)));
        let message = rig.run(execution, 1, 0).error.unwrap().message;
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn pipelines_that_call_each_other_in_a_circle_come_to_an_end() {
    let mut rig = Rig::new();
    let mut circle = other(&[], &[action("C", OTHER, 1), action("D", OTHER, 1), action("E", OTHER, 2)]);
    circle.declaration.execution_mode = Some(ExecutionMode::Parallel);
    let (line, execution) = started(&mut rig, circle);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
    assert!(rig.engine.lines[&line].live.is_empty());
    assert!(rig.engine.executions.len() <= 1001, "{}", rig.engine.executions.len());
}

#[test]
fn an_action_that_calls_is_stopped_without_the_called_one() {
    let mut rig = Rig::new();
    let callee = rig.create(other(&[], &[action("A", APPROVAL, 1)]));
    let (_, execution) = started(&mut rig, two(action("C", OTHER, 1)));
    assert_eq!(rig.run(execution, 1, 0).external_id, Some(rig.execution((callee, 1)).id.to_string()));
    let stop = crate::domain::engine::records::Stop { reason: None, abandon: true };
    rig.step(Input::Stop(execution, stop));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Stopped);
    assert_eq!(rig.status((callee, 1)), PipelineExecutionStatus::InProgress);
    rig.answer(run_key(&rig, (callee, 1)), true);
    assert_eq!(rig.status((callee, 1)), PipelineExecutionStatus::Succeeded);
}

#[test]
fn a_called_function_reports_by_its_job_and_may_ask_to_be_called_again() {
    let mut rig = Rig::new();
    rig.engine.adapters.lambda = Some("http://127.0.0.1:1/".into());
    let line = rig.create(two(action("F", LAMBDA, 1)));
    let execution = rig.start(line);
    let calls = |rig: &Rig| rig.effects.iter().filter(|e| matches!(e, Effect::Call(_))).count();
    let first = rig.run(execution, 1, 0).job.unwrap();
    assert!(rig.engine.jobs[&first].state.is_in_progress() && rig.open_jobs().is_empty());
    rig.advance(TimeDelta::minutes(19));
    rig.step(Input::Continue(first, "later".into(), Outcome { percent: Some(20), ..Outcome::default() }));
    let second = rig.run(execution, 1, 0).job.unwrap();
    assert_eq!((calls(&rig), rig.engine.jobs[&second].continuation.as_deref()), (2, Some("later")));
    rig.advance(TimeDelta::minutes(19));
    assert_eq!(
        rig.status(execution),
        PipelineExecutionStatus::InProgress,
        "the reply began the silence anew"
    );
    rig.finish(second, Outcome::default());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
    // Docs: 20 minutes without a reply.
    let silent = rig.start(line);
    rig.advance(TimeDelta::minutes(20));
    let run = rig.run(silent, 1, 0);
    assert_eq!(run.error.unwrap().code, "Timeout");
    assert_eq!(rig.engine.jobs[&run.job.unwrap()].state, JobState::TimedOut);
}

#[test]
fn jobs_have_a_pace_of_their_own() {
    let mut rig = Rig::new();
    rig.pace("job", Pace::After(TimeDelta::minutes(1)));
    let line = rig.create(two(action("J", JOB, 1)));
    let execution = rig.start(line);
    assert!(rig.open_jobs().is_empty());
    rig.advance(TimeDelta::minutes(1));
    let job = rig.open_jobs()[0];
    rig.pace("job", Pace::Manual);
    rig.go_on_later(job, "later", Outcome::default());
    assert!(rig.open_jobs().is_empty());
    rig.advance(TimeDelta::hours(1));
    assert!(rig.step_by_hand() && !rig.step_by_hand());
    let next = rig.open_jobs()[0];
    rig.work(next, Outcome::default());
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Succeeded);
}

/// The newest published change of an action.
fn published(rig: &Rig, action: &str) -> serde_json::Value {
    let mut changes = rig.effects.iter().rev().filter_map(|effect| match effect {
        Effect::Publish(change) => Some(serde_json::Value::Object(change.detail.to_object())),
        _ => None,
    });
    changes.find(|detail| detail["action"] == action).unwrap()
}

#[test]
fn published_changes_of_an_action_are_complete() {
    let mut rig = Rig::new();
    let fail = json!({"code": "Broken", "message": "m", "summary": "s", "externalExecutionId": "x", "externalExecutionUrl": "u"});
    rig.script(("action", "B"), &[("fail", fail)]);
    let mut artifacts = two(action("B", BUILD, 1));
    let [source, build] = [0, 1].map(|stage| artifacts.declaration.stages[stage].actions[0].clone());
    let out = crate::shapes::OutputArtifact { name: "Out".into(), files: None };
    artifacts.declaration.stages[0].actions[0] =
        ActionDeclaration { output_artifacts: Some(Box::new([out])), ..source };
    let input = crate::shapes::InputArtifact { name: "Out".into() };
    artifacts.declaration.stages[1].actions[0] =
        ActionDeclaration { input_artifacts: Some(Box::new([input])), ..build };
    let (line, execution) = started(&mut rig, artifacts);
    let detail = published(&rig, "B");
    let id = rig.execution(execution).id.to_string();
    for (member, value) in [
        ("pipeline", json!("p")),
        ("execution-id", json!(id)),
        ("stage", json!("Work")),
        ("state", json!("FAILED")),
        ("region", json!("us-east-1")),
        ("version", json!(1)),
        ("pipeline-execution-attempt", json!(1)),
        ("type", json!({"owner": "AWS", "provider": "CodeBuild", "category": "Build", "version": "1"})),
        ("output-artifacts", json!([])),
        (
            "execution-result",
            json!({"external-execution-id": "x", "external-execution-url": "u", "external-execution-summary": "s", "error-code": "Broken"}),
        ),
    ] {
        assert_eq!(detail[member], value, "{member} of {detail}");
    }
    let location = &detail["input-artifacts"][0];
    assert_eq!((&location["name"], &location["s3location"]["bucket"]), (&json!("Out"), &json!("bucket")));

    rig.update(line, two(action("A", APPROVAL, 1)));
    let waiting = rig.start(line);
    rig.update(line, two(action("A", APPROVAL, 1)));
    assert_eq!(rig.status(waiting), PipelineExecutionStatus::Cancelled);
    assert_eq!(published(&rig, "A")["state"], "CANCELED");
    let stopped = rig.start(line);
    rig.step(Input::Stop(stopped, crate::domain::engine::records::Stop { reason: None, abandon: true }));
    assert_eq!(published(&rig, "A")["state"], "ABANDONED");
}
