use crate::{
    domain::{
        engine::Input,
        jobs::{self, report},
        variables::{OUTPUT_BYTES_MAX, output_bytes},
    },
    error::{Error, Invalid, Result},
    shapes::PutJobSuccessResultInput,
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// PutJobSuccessResult: a customer's worker, or a function, did its part, for good or until it is asked again.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html>
pub struct PutJobSuccessResult;

impl Operation for PutJobSuccessResult {
    const NAME: &'static str = "PutJobSuccessResult";
    type Store = CodePipelineStore;
    type Input = PutJobSuccessResultInput;
    type Output = ();
    type Error = Error;

    fn run(store: &mut CodePipelineStore, input: PutJobSuccessResultInput, tx: &mut Tx<'_>) -> Result<()> {
        let (id, job) = jobs::own_in_progress(store, &input.job_id)?;
        let variables = input.output_variables.unwrap_or_default();
        // Docs: a job that goes on has no output yet.
        if input.continuation_token.is_some() && !variables.is_empty() {
            return Err(Invalid::VariablesWithContinuation.into());
        }
        let bytes = output_bytes(&variables);
        if bytes > OUTPUT_BYTES_MAX {
            return Err(Error::OutputVariablesSize { bytes, most: OUTPUT_BYTES_MAX });
        }
        let (revision, details) = (input.current_revision, input.execution_details);
        let outcome = report::success(&store.engine, job, revision, details, variables, tx.now());
        let next = match input.continuation_token {
            Some(token) => Input::Continue(id, token, outcome),
            None => Input::Finish(id, outcome),
        };
        store.step(next, tx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::engine::records::Failed;
    use crate::named::Named;
    use crate::ops::testing::{Bench, own_type, with_custom_job};
    use crate::ops::{GetPipelineState, PollForJobs};
    use crate::shapes::{
        ActionCategory, ActionExecutionStatus, ActionState, ActionTypeSettings, CurrentRevision,
        ExecutionDetails, GetPipelineStateInput, Job, PollForJobsInput,
    };
    use chrono::TimeDelta;
    use std::sync::Arc;

    fn put(bench: &Bench, job: &str, change: impl FnOnce(&mut PutJobSuccessResultInput)) -> Result<()> {
        let mut input = PutJobSuccessResultInput { job_id: job.into(), ..Default::default() };
        change(&mut input);
        bench.run::<PutJobSuccessResult>(input)
    }
    fn variables(pairs: &[(&str, &str)]) -> Option<Named<String>> {
        Some(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }
    fn details(id: &str, percent: i32) -> Option<ExecutionDetails> {
        Some(ExecutionDetails {
            summary: Some(format!("at {percent}")),
            external_execution_id: Some(id.into()),
            percent_complete: Some(percent),
        })
    }
    fn shown(bench: &Bench, stage: usize) -> ActionState {
        let state = bench.ask::<GetPipelineState>(GetPipelineStateInput { name: "p".into() }).unwrap();
        state.stage_states.unwrap()[stage].action_states.as_ref().unwrap()[0].clone()
    }

    #[test]
    fn the_action_succeeds_with_its_variables_and_addresses() {
        let bench = Bench::new();
        bench.action_type("Mine", |input| {
            input.settings = Some(ActionTypeSettings {
                entity_url_template: Some("https://ci/{Config:Project}".into()),
                execution_url_template: Some("https://ci/{Config:Project}/{ExternalExecutionId}".into()),
                ..Default::default()
            });
        });
        bench.create(with_custom_job("p"));
        assert_eq!(shown(&bench, 1).entity_url.as_deref(), Some("https://ci/demo"));
        let job = bench.take_own();
        put(&bench, &job, |input| {
            input.execution_details = details("b-7", 90);
            input.output_variables = variables(&[("Version", "1.2")]);
        })
        .unwrap();
        let latest = shown(&bench, 1).latest_execution.unwrap();
        assert_eq!(latest.status, Some(ActionExecutionStatus::Succeeded));
        assert_eq!(latest.external_execution_url.as_deref(), Some("https://ci/demo/b-7"));
        assert_eq!((latest.summary.as_deref(), latest.percent_complete), (Some("at 90"), Some(100)));
        bench.look(|store| {
            let run = store.engine.runs.values().find(|run| run.job.is_some()).unwrap();
            assert_eq!(Some(run.variables.clone()), variables(&[("Version", "1.2")]));
        });
        assert_eq!(put(&bench, &job, |_| ()).unwrap_err().code(), "InvalidJobStateException");
    }

    #[test]
    fn a_continuation_token_comes_back_with_a_new_job() {
        let bench = Bench::with_own_job();
        let first = bench.take_own();
        put(&bench, &first, |input| {
            input.continuation_token = Some("build-7".into());
            input.execution_details = details("b-7", 40);
        })
        .unwrap();
        let latest = shown(&bench, 1).latest_execution.unwrap();
        assert_eq!(
            (latest.status, latest.percent_complete, latest.external_execution_id.as_deref()),
            (Some(ActionExecutionStatus::InProgress), Some(40), Some("b-7"))
        );
        let next = bench.poll_own();
        assert_eq!(next[0].data.clone().unwrap().continuation_token.as_deref(), Some("build-7"));
        assert_ne!(next[0].id, Some(first.clone()));
        assert_eq!(put(&bench, &first, |_| ()).unwrap_err().code(), "InvalidJobStateException");
    }

    #[test]
    fn variables_are_bounded_and_come_at_the_end_only() {
        let bench = Bench::with_own_job();
        let job = bench.take_own();
        let refused = put(&bench, &job, |input| {
            input.continuation_token = Some("t".into());
            input.output_variables = variables(&[("A", "1")]);
        });
        assert_eq!(refused.unwrap_err().code(), "ValidationException");
        let of = |bytes: usize| variables(&[("A", &"x".repeat(bytes - 1))]);
        let refused = put(&bench, &job, |input| input.output_variables = of(122_881)).unwrap_err();
        assert_eq!(refused.code(), "OutputVariablesSizeExceededException");
        put(&bench, &job, |input| input.output_variables = of(122_880)).unwrap();
    }

    #[test]
    fn a_customers_source_says_its_revision() {
        let bench = Bench::new();
        bench.action_type("Mine", |input| {
            input.category = ActionCategory::Source;
            input.input_artifact_details.maximum_count = 0;
            input.settings = Some(ActionTypeSettings {
                revision_url_template: Some("https://scm/{Config:Project}/{RevisionId}".into()),
                ..Default::default()
            });
        });
        let mut declaration = with_custom_job("p");
        let mut source = declaration.stages[1].actions.remove(0);
        Arc::make_mut(&mut source.action_type_id).category = ActionCategory::Source;
        source.input_artifacts = None;
        source.output_artifacts.clone_from(&declaration.stages[0].actions[0].output_artifacts);
        declaration.stages[0].actions = vec![source];
        declaration.stages.remove(1);
        declaration.stages[1].actions[0].input_artifacts.as_mut().unwrap()[0].name = "SourceOut".into();
        bench.create(declaration);
        let query_param = variables(&[("Project", "demo")]);
        let mut action_type_id = own_type("Mine");
        action_type_id.category = ActionCategory::Source;
        let input = PollForJobsInput { action_type_id, max_batch_size: None, query_param };
        let Job { id, nonce, .. } = bench.across::<PollForJobs>(input).unwrap().jobs.unwrap().remove(0);
        let (job, nonce) = (id.unwrap(), nonce.unwrap());
        let input = crate::shapes::AcknowledgeJobInput { job_id: job.clone(), nonce };
        bench.run::<crate::ops::AcknowledgeJob>(input).unwrap();
        put(&bench, &job, |input| {
            input.current_revision = Some(CurrentRevision {
                revision: "r7".into(),
                change_identifier: "c7".into(),
                created: None,
                revision_summary: Some("seventh".into()),
            });
        })
        .unwrap();
        let source = shown(&bench, 0);
        let revision = source.current_revision.unwrap();
        assert_eq!((revision.revision_id.as_str(), revision.revision_change_id.as_str()), ("r7", "c7"));
        assert_eq!(source.revision_url.as_deref(), Some("https://scm/demo/r7"));
        bench.look(|store| {
            let execution = store.engine.executions.values().next().unwrap();
            assert_eq!(execution.revisions[0].1.summary.as_deref(), Some("seventh"));
        });
    }

    #[test]
    fn a_job_has_24_hours_from_the_start_of_its_action() {
        let bench = Bench::with_own_job();
        let first = bench.take_own();
        bench.advance(TimeDelta::hours(20));
        put(&bench, &first, |input| input.continuation_token = Some("more".into())).unwrap();
        let second = bench.take_own();
        bench.advance(TimeDelta::hours(4));
        let refused = put(&bench, &second, |_| ()).unwrap_err();
        assert_eq!(
            (refused.code(), refused.to_string().ends_with("TimedOut")),
            ("InvalidJobStateException", true)
        );
        bench.look(|store| {
            let run = store.engine.runs.values().find(|run| run.error.is_some()).unwrap();
            assert_eq!(run.error, Some(Failed::new("Timeout", "The action did not finish in time")));
        });
    }

    #[test]
    fn only_an_acknowledged_job_can_end() {
        let bench = Bench::with_own_job();
        let job = bench.poll_own().remove(0).id.unwrap();
        assert_eq!(put(&bench, &job, |_| ()).unwrap_err().code(), "InvalidJobStateException");
        assert_eq!(put(&bench, "nope", |_| ()).unwrap_err().code(), "JobNotFoundException");
    }
}
