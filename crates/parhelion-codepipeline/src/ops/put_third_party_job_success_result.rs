use super::Across;
use crate::named::Named;
use crate::{
    domain::{
        engine::Input,
        jobs::{self, report},
        place::Place,
    },
    error::{Error, Result},
    shapes::PutThirdPartyJobSuccessResultInput,
    store::CodePipelineStore,
};
use parhelion_core::Call;
use parhelion_state::World;

/// PutThirdPartyJobSuccessResult: a partner's worker did its part, for good or until it is asked again.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutThirdPartyJobSuccessResult.html>
pub struct PutThirdPartyJobSuccessResult;

impl Across for PutThirdPartyJobSuccessResult {
    const NAME: &'static str = "PutThirdPartyJobSuccessResult";
    type Input = PutThirdPartyJobSuccessResultInput;
    type Output = ();

    fn run(world: &World, _place: &Place, call: &Call, input: Self::Input) -> Result<()> {
        let (owner, id) = jobs::locate(world, &input.job_id)?;
        world.shelf::<CodePipelineStore>().write(&owner, call, |store, tx| {
            let job = jobs::in_progress(store, id, &input.client_token)?;
            let revision = input.current_revision;
            let details = input.execution_details;
            let outcome = report::success(&store.engine, job, revision, details, Named::new(), tx.now());
            let next = match input.continuation_token {
                Some(token) => Input::Continue(id, token, outcome),
                None => Input::Finish(id, outcome),
            };
            store.step(next, tx);
            Ok::<_, Error>(())
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_job};
    use crate::ops::{GetPipelineState, GetThirdPartyJobDetails};
    use crate::shapes::{
        ActionExecution, ActionExecutionStatus, ExecutionDetails, GetPipelineStateInput,
        GetThirdPartyJobDetailsInput,
    };

    fn put(
        bench: &Bench,
        job: &str,
        change: impl FnOnce(&mut PutThirdPartyJobSuccessResultInput),
    ) -> std::result::Result<(), Error> {
        let mut input = PutThirdPartyJobSuccessResultInput {
            job_id: job.into(),
            client_token: "DEFAULT_CLIENT_TOKEN".into(),
            ..Default::default()
        };
        change(&mut input);
        bench.across::<PutThirdPartyJobSuccessResult>(input)
    }
    fn shown(bench: &Bench) -> ActionExecution {
        let state = bench.ask::<GetPipelineState>(GetPipelineStateInput { name: "p".into() }).unwrap();
        let stages = state.stage_states.unwrap();
        stages[1].action_states.as_ref().unwrap()[0].latest_execution.clone().unwrap()
    }

    #[test]
    fn the_action_succeeds_with_what_the_worker_said() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        bench.acknowledge(&job);
        put(&bench, &job, |input| {
            let (summary, external) = (Some("built".into()), Some("b-7".into()));
            let details =
                ExecutionDetails { summary, external_execution_id: external, percent_complete: Some(90) };
            input.execution_details = Some(details);
        })
        .unwrap();
        let shown = shown(&bench);
        assert_eq!(shown.status, Some(ActionExecutionStatus::Succeeded));
        assert_eq!(
            (shown.summary.as_deref(), shown.external_execution_id.as_deref()),
            (Some("built"), Some("b-7"))
        );
        assert_eq!(shown.percent_complete, Some(100), "a success is complete");
    }

    #[test]
    fn a_continuation_token_comes_back_with_a_new_job() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let first = bench.poll();
        bench.acknowledge(&first);
        put(&bench, &first, |input| {
            input.continuation_token = Some("build-7".into());
            input.execution_details =
                Some(ExecutionDetails { percent_complete: Some(40), ..Default::default() });
        })
        .unwrap();
        let waiting = shown(&bench);
        assert_eq!(
            (waiting.status, waiting.percent_complete),
            (Some(ActionExecutionStatus::InProgress), Some(40))
        );
        let second = bench.poll();
        assert_ne!(first, second);
        let input = GetThirdPartyJobDetailsInput {
            job_id: second.clone(),
            client_token: "DEFAULT_CLIENT_TOKEN".into(),
        };
        let details = bench.across::<GetThirdPartyJobDetails>(input).unwrap().job_details.unwrap();
        assert_eq!(details.data.unwrap().continuation_token.as_deref(), Some("build-7"));
        assert_eq!(put(&bench, &first, |_| ()).unwrap_err().code(), "InvalidJobStateException");
        bench.acknowledge(&second);
        put(&bench, &second, |_| ()).unwrap();
        assert_eq!(shown(&bench).status, Some(ActionExecutionStatus::Succeeded));
    }

    #[test]
    fn only_an_acknowledged_job_can_end() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        let code = |job: &str, token: &str| {
            put(&bench, job, |input| input.client_token = token.into()).unwrap_err().code()
        };
        assert_eq!(code(&job, "DEFAULT_CLIENT_TOKEN"), "InvalidJobStateException");
        assert_eq!(code(&job, "wrong"), "InvalidClientTokenException");
        assert_eq!(code("nope", "wrong"), "JobNotFoundException");
        bench.acknowledge(&job);
        put(&bench, &job, |_| ()).unwrap();
        assert_eq!(code(&job, "DEFAULT_CLIENT_TOKEN"), "InvalidJobStateException");
    }
}
