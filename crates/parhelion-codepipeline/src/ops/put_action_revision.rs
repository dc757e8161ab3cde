use crate::{
    domain::{
        engine::{
            Input, Start,
            records::{ExecutionId, LineId, Revision, Wanted},
        },
        starts,
    },
    error::{Error, Flow, Result, Work},
    shapes::{ActionCategory, PutActionRevisionInput, PutActionRevisionOutput, TriggerType},
    store::CodePipelineStore,
};
use parhelion_core::{Cause, Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::collections::BTreeMap;

/// PutActionRevision: tells of a new revision of a source, which starts an execution with it.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutActionRevision.html>
pub struct PutActionRevision;

impl Operation for PutActionRevision {
    const NAME: &'static str = "PutActionRevision";
    type Store = CodePipelineStore;
    type Input = PutActionRevisionInput;
    type Output = PutActionRevisionOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: PutActionRevisionInput,
        tx: &mut Tx<'_>,
    ) -> Result<PutActionRevisionOutput> {
        let PutActionRevisionInput { pipeline_name, stage_name, action_name, action_revision: given } = input;
        let (line, plan, stage) = store.stage(&pipeline_name, &stage_name)?;
        let declared = plan.stage(stage).and_then(|s| s.actions.iter().find(|a| a.name == action_name));
        // CHOICE: an action that is no source is not found.
        if declared.is_none_or(|action| action.action_type_id.category != ActionCategory::Source) {
            return Err(Work::ActionNotFound { stage: stage_name, action: action_name }.into());
        }
        let revision = Revision {
            id: given.revision_id,
            change: Some(given.revision_change_id),
            created: Some(given.created.into()),
            ..Revision::default()
        };
        let answer = |new, id: ExecutionId| {
            Ok(PutActionRevisionOutput {
                new_revision: Some(new),
                pipeline_execution_id: Some(id.to_string()),
            })
        };
        // Docs: the page of the command line tool: only what was not seen before starts something.
        if let Some(known) = used_by(store, line, &action_name, &revision) {
            let fact = "the revision was used before: that execution is answered, nothing starts";
            let event = Event::new("execution.repeated", format!("request:{}", tx.call().request_id));
            tx.emit(event.fact(fact).verdict(Verdict::Skipped).with("execution", known.to_string()));
            return answer(false, known);
        }
        if !store.engine.has_room(line) {
            return Err(Flow::NoRoom { pipeline: pipeline_name }.into());
        }
        let variables = starts::defaults(plan);
        store.step(Input::SetRevision(line, action_name.clone(), revision.clone()), tx);
        let id = ExecutionId(tx.uuid("execution"));
        let start = Start {
            line,
            id,
            trigger: TriggerType::PutActionRevision,
            // Docs: the caller's ARN.
            trigger_detail: store.place.caller_arn(),
            variables,
            wanted: BTreeMap::from([(action_name, Wanted { revision: Some(revision), ..Wanted::default() })]),
            awaited_by: None,
            cause: Cause::Call,
        };
        store.step(Input::Start(Box::new(start)), tx);
        answer(true, id)
    }
}

/// The newest execution that used this revision of the action, or is to use it.
fn used_by(
    store: &CodePipelineStore,
    line: LineId,
    action: &str,
    revision: &Revision,
) -> Option<ExecutionId> {
    let is_it = |other: &Revision| other.id == revision.id && other.change == revision.change;
    let mut executions = store.engine.executions_of(line, u64::MAX);
    let found = executions.find(|(_, execution)| {
        let wanted = execution.wanted.get(action).and_then(|wanted| wanted.revision.as_ref());
        wanted.is_some_and(is_it)
            || execution.revisions.iter().any(|(of, found)| of == action && is_it(found))
    });
    found.map(|(_, execution)| execution.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::Bench;
    use crate::shapes::ActionRevision;
    use chrono::TimeDelta;

    fn put(bench: &Bench, change: impl FnOnce(&mut PutActionRevisionInput)) -> Result<(bool, String)> {
        let mut input = PutActionRevisionInput {
            pipeline_name: "p".into(),
            stage_name: "Source".into(),
            action_name: "Pull".into(),
            action_revision: ActionRevision {
                revision_id: "r1".into(),
                revision_change_id: "c1".into(),
                created: (bench.now() - TimeDelta::hours(1)).into(),
            },
        };
        change(&mut input);
        let output = bench.run::<PutActionRevision>(input)?;
        Ok((output.new_revision.unwrap(), output.pipeline_execution_id.unwrap()))
    }

    #[test]
    fn a_new_revision_starts_an_execution_with_it_and_a_known_one_nothing() {
        let bench = Bench::new();
        bench.pipeline("p");
        let (new, id) = put(&bench, |_| ()).unwrap();
        assert!(new);
        bench.look(|store| {
            let (line, ..) = store.pipeline("p").unwrap();
            let (_, execution) = store.engine.execution(line, id.parse().unwrap()).unwrap();
            assert_eq!(execution.trigger, TriggerType::PutActionRevision);
            let (action, found) = &execution.revisions[0];
            assert_eq!(
                (action.as_str(), found.id.as_str(), found.change.as_deref()),
                ("Pull", "r1", Some("c1"))
            );
        });
        assert_eq!(put(&bench, |_| ()).unwrap(), (false, id.clone()));
        assert_eq!(bench.executions("p").len(), 2, "the creation, and one");
        let other = put(&bench, |input| input.action_revision.revision_change_id = "c2".into()).unwrap();
        assert!(other.0 && other.1 != id);
        // What was told last is what the source finds from then on.
        let next = bench.start("p");
        bench.look(|store| {
            let (line, ..) = store.pipeline("p").unwrap();
            let (_, execution) = store.engine.execution(line, next).unwrap();
            assert_eq!(execution.revisions[0].1.change.as_deref(), Some("c2"));
        });
    }

    #[test]
    fn only_sources_have_revisions() {
        let bench = Bench::new();
        bench.pipeline("p");
        let code = |change: fn(&mut PutActionRevisionInput)| put(&bench, change).unwrap_err().code();
        assert_eq!(code(|i| i.pipeline_name = "q".into()), "PipelineNotFoundException");
        assert_eq!(code(|i| i.stage_name = "Nope".into()), "StageNotFoundException");
        assert_eq!(code(|i| i.action_name = "Nope".into()), "ActionNotFoundException");
        let build = |i: &mut PutActionRevisionInput| {
            i.stage_name = "Build".into();
            i.action_name = "Compile".into();
        };
        assert_eq!(code(build), "ActionNotFoundException");
    }
}
