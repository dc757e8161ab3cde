use crate::{
    domain::{
        engine::Input,
        jobs::{self, report},
    },
    error::{Error, Result},
    shapes::PutJobFailureResultInput,
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// PutJobFailureResult: a customer's worker, or a function, could not do a job.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobFailureResult.html>
pub struct PutJobFailureResult;

impl Operation for PutJobFailureResult {
    const NAME: &'static str = "PutJobFailureResult";
    type Store = CodePipelineStore;
    type Input = PutJobFailureResultInput;
    type Output = ();
    type Error = Error;

    fn run(store: &mut CodePipelineStore, input: PutJobFailureResultInput, tx: &mut Tx<'_>) -> Result<()> {
        let (id, job) = jobs::own_in_progress(store, &input.job_id)?;
        let outcome = report::failure(&store.engine, job, input.failure_details);
        store.step(Input::Finish(id, outcome), tx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::engine::records::Failed;
    use crate::ops::testing::Bench;
    use crate::shapes::{FailureDetails, FailureType, PipelineExecutionStatus};

    fn put(bench: &Bench, job: &str) -> Result<()> {
        let failure_details = FailureDetails {
            r#type: FailureType::ConfigurationError,
            message: "no such project".into(),
            external_execution_id: Some("x1".into()),
        };
        bench.run::<PutJobFailureResult>(PutJobFailureResultInput { job_id: job.into(), failure_details })
    }

    #[test]
    fn the_action_and_its_execution_fail() {
        let bench = Bench::with_own_job();
        let job = bench.take_own();
        put(&bench, &job).unwrap();
        bench.look(|store| {
            let run = store.engine.runs.values().find(|run| run.error.is_some()).unwrap();
            assert_eq!(run.error, Some(Failed::new("ConfigurationError", "no such project")));
            assert_eq!(run.external_id.as_deref(), Some("x1"));
            let execution = store.engine.executions.values().next().unwrap();
            assert_eq!(execution.status, PipelineExecutionStatus::Failed);
        });
        assert_eq!(put(&bench, &job).unwrap_err().code(), "InvalidJobStateException");
    }

    #[test]
    fn each_wrong_call_has_its_error() {
        let bench = Bench::with_own_job();
        let job = bench.poll_own().remove(0).id.unwrap();
        assert_eq!(put(&bench, &job).unwrap_err().code(), "InvalidJobStateException", "not acknowledged yet");
        assert_eq!(put(&bench, "nope").unwrap_err().code(), "JobNotFoundException");
        bench.update("p", |_| ());
        assert_eq!(put(&bench, &job).unwrap_err().code(), "InvalidJobStateException", "abandoned");
    }
}
