//! Custom action types that come and go while jobs of them are under way.

use super::rig::{Kind, Rig, SOURCE, action, plan};
use crate::domain::action_types::{Definition, Made};
use crate::domain::engine::records::{Failed, JobId, Key, Outcome, Plan};
use crate::domain::engine::{Effect, Input};
use crate::domain::jobs::{JobState, why};
use crate::shapes::{
    ActionCategory, ActionOwner, ActionType, ActionTypeId, ArtifactDetails, PipelineExecutionStatus,
};
use chrono::TimeDelta;
use parhelion_core::Pace;
use proptest::prelude::*;

const OWN: Kind = (ActionOwner::Custom, ActionCategory::Build, "Mine", &[]);

fn id() -> ActionTypeId {
    action("", OWN, 1).action_type_id.as_ref().clone()
}
fn define() -> Input {
    let details = ArtifactDetails { minimum_count: 0, maximum_count: 1 };
    let own = ActionType {
        id: id(),
        settings: None,
        action_configuration_properties: None,
        input_artifact_details: details.clone(),
        output_artifact_details: details,
    };
    Input::Define(Box::new(Made { definition: Definition::Custom(Box::new(own)), deleted: None }))
}
fn own_plan() -> Plan {
    let works = [action("A", OWN, 1), action("B", OWN, 1)];
    plan("p", &[("Source", &[action("S", SOURCE, 1)]), ("Work", &works)])
}
fn started() -> (Rig, Key, Vec<JobId>) {
    let mut rig = Rig::new();
    rig.step(define());
    let line = rig.create(own_plan());
    let execution = rig.start(line);
    let jobs = rig.engine.open_jobs(&id(), rig.now).map(|(job, _)| job).collect();
    (rig, execution, jobs)
}

#[test]
fn what_nobody_took_on_fails_with_its_type_and_the_rest_may_finish() {
    let (mut rig, execution, jobs) = started();
    assert!(
        !rig.effects.iter().any(|effect| matches!(effect, Effect::Claim(_))),
        "its tenant alone knows it"
    );
    rig.take_on(jobs[0]);
    rig.step(Input::Retire(id()));
    assert_eq!(rig.engine.jobs[&jobs[1]].state, JobState::Failed);
    let missing = Failed::new("ConfigurationError", "The action type does not exist or was deleted");
    assert_eq!(rig.run(execution, 1, 1).error, Some(missing));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::InProgress);
    rig.finish(jobs[0], Outcome::default());
    assert_eq!(rig.run(execution, 1, 0).error, None);
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
    assert!(
        rig.facts()
            .contains("action type Custom/Build/Mine/1 was deleted: 1 open job(s) of it cannot be done")
    );
}

#[test]
fn a_job_of_a_deleted_type_cannot_go_on_later() {
    let (mut rig, execution, jobs) = started();
    rig.take_on(jobs[0]);
    rig.step(Input::Retire(id()));
    let more = Outcome { percent: Some(40), ..Outcome::default() };
    rig.step(Input::Continue(jobs[0], "later".into(), more));
    let run = rig.run(execution, 1, 0);
    assert_eq!((run.percent, run.error.unwrap().code.as_str()), (Some(40), "ConfigurationError"));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
}

#[test]
fn a_job_that_a_pace_holds_back_fails_when_its_type_is_gone_by_then() {
    let mut rig = Rig::new();
    rig.step(define());
    let line = rig.create(own_plan());
    rig.pace("job", Pace::After(TimeDelta::seconds(5)));
    let execution = rig.start(line);
    let why = why::not_given(&rig.engine, &id(), None, rig.now);
    assert!(
        why.len() == 2 && why[0].ends_with("is held back by the pace of jobs until 1970-01-01T00:00:05.000Z"),
        "{why:?}"
    );
    rig.step(Input::Retire(id()));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::InProgress);
    rig.advance(TimeDelta::seconds(5));
    assert_eq!(rig.status(execution), PipelineExecutionStatus::Failed);
}

#[derive(Clone, Debug)]
enum Event {
    Start,
    Define,
    Retire,
    Dispatch(usize),
    TakeOn(usize),
    Finish(usize, bool),
    Continue(usize),
    Advance(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Start),
        1 => Just(Event::Define),
        1 => Just(Event::Retire),
        2 => any::<usize>().prop_map(Event::Dispatch),
        4 => any::<usize>().prop_map(Event::TakeOn),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(n, ok)| Event::Finish(n, ok)),
        2 => any::<usize>().prop_map(Event::Continue),
        2 => prop_oneof![0i64..60, 3000i64..90_000].prop_map(Event::Advance),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_order_of_events_leaves_a_job_without_a_type(events in proptest::collection::vec(event(), 1..50)) {
        let (mut rig, (line, _), _) = started();
        for event in events {
            let jobs: Vec<JobId> = rig.engine.jobs.keys().copied().collect();
            let job = |n: usize| jobs[n % jobs.len()];
            match event {
                Event::Start => {
                    rig.start(line);
                }
                Event::Define => rig.step(define()),
                Event::Retire => rig.step(Input::Retire(id())),
                Event::Dispatch(n) => rig.dispatch(job(n), "1"),
                Event::TakeOn(n) => rig.take_on(job(n)),
                Event::Finish(n, true) => rig.finish(job(n), Outcome::default()),
                Event::Finish(n, false) => rig.finish(job(n), Outcome::failure("JobFailed", "no")),
                Event::Continue(n) => rig.go_on_later(job(n), "later", Outcome::default()),
                Event::Advance(seconds) => rig.advance(TimeDelta::seconds(seconds)),
            }
            if rig.engine.kind(&id()).is_none() {
                let open = rig.engine.waiting_jobs(&id()).count();
                prop_assert_eq!(open, 0, "nobody could ever be given them");
            }
        }
        rig.advance(TimeDelta::days(60));
        prop_assert!(rig.engine.lines[&line].live.is_empty(), "every execution ends");
    }
}
