use super::Across;
use crate::{
    domain::{
        engine::Input,
        jobs::{self, report},
        place::Place,
    },
    error::{Error, Result},
    shapes::PutThirdPartyJobFailureResultInput,
    store::CodePipelineStore,
};
use parhelion_core::Call;
use parhelion_state::World;

/// PutThirdPartyJobFailureResult: a partner's worker could not do a job.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutThirdPartyJobFailureResult.html>
pub struct PutThirdPartyJobFailureResult;

impl Across for PutThirdPartyJobFailureResult {
    const NAME: &'static str = "PutThirdPartyJobFailureResult";
    type Input = PutThirdPartyJobFailureResultInput;
    type Output = ();

    fn run(world: &World, _place: &Place, call: &Call, input: Self::Input) -> Result<()> {
        let (owner, id) = jobs::locate(world, &input.job_id)?;
        world.shelf::<CodePipelineStore>().write(&owner, call, |store, tx| {
            let job = jobs::in_progress(store, id, &input.client_token)?;
            let outcome = report::failure(&store.engine, job, input.failure_details);
            store.step(Input::Finish(id, outcome), tx);
            Ok::<_, Error>(())
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::engine::records::Failed;
    use crate::ops::testing::{Bench, with_job};
    use crate::shapes::{FailureDetails, FailureType, PipelineExecutionStatus};

    fn put(bench: &Bench, job: &str, token: &str) -> Result<()> {
        let failure_details = FailureDetails {
            r#type: FailureType::PermissionError,
            message: "no access".into(),
            external_execution_id: Some("x1".into()),
        };
        let input = PutThirdPartyJobFailureResultInput {
            job_id: job.into(),
            client_token: token.into(),
            failure_details,
        };
        bench.across::<PutThirdPartyJobFailureResult>(input)
    }

    #[test]
    fn the_action_and_its_execution_fail() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        bench.acknowledge(&job);
        put(&bench, &job, "DEFAULT_CLIENT_TOKEN").unwrap();
        bench.look(|store| {
            let run = store.engine.runs.values().find(|run| run.error.is_some()).unwrap();
            assert_eq!(run.error, Some(Failed::new("PermissionError", "no access")));
            assert_eq!(run.external_id.as_deref(), Some("x1"));
            assert_eq!(
                store.engine.executions.values().next().unwrap().status,
                PipelineExecutionStatus::Failed
            );
        });
        let again = put(&bench, &job, "DEFAULT_CLIENT_TOKEN").unwrap_err();
        assert_eq!(again.code(), "InvalidJobStateException");
    }

    #[test]
    fn each_wrong_call_has_its_error() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        assert_eq!(put(&bench, "nope", "x").unwrap_err().code(), "JobNotFoundException");
        assert_eq!(put(&bench, &job, "x").unwrap_err().code(), "InvalidClientTokenException");
        assert_eq!(put(&bench, &job, "DEFAULT_CLIENT_TOKEN").unwrap_err().code(), "InvalidJobStateException");
    }
}
