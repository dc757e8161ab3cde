use super::Across;
use crate::{
    domain::{engine::Input, jobs, place::Place},
    error::{Error, Result},
    shapes::{AcknowledgeThirdPartyJobInput, AcknowledgeThirdPartyJobOutput, JobStatus},
    store::CodePipelineStore,
};
use parhelion_core::Call;
use parhelion_state::World;

/// AcknowledgeThirdPartyJob: a partner's worker takes a job on.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_AcknowledgeThirdPartyJob.html>
pub struct AcknowledgeThirdPartyJob;

impl Across for AcknowledgeThirdPartyJob {
    const NAME: &'static str = "AcknowledgeThirdPartyJob";
    type Input = AcknowledgeThirdPartyJobInput;
    type Output = AcknowledgeThirdPartyJobOutput;

    fn run(world: &World, _place: &Place, call: &Call, input: Self::Input) -> Result<Self::Output> {
        let (owner, id) = jobs::locate(world, &input.job_id)?;
        let done = world.shelf::<CodePipelineStore>().write(&owner, call, |store, tx| {
            let job = jobs::authorized(store, id, &input.client_token)?;
            if job.state.is_over() {
                // CHOICE: a finished job answers its final status, without error.
                return Ok(job.state.status());
            }
            if !job.state.admits(&input.nonce) {
                // Docs: also when a second worker comes with the nonce of the first.
                return Err(Error::InvalidNonce { id: input.job_id.clone() });
            }
            store.step(Input::Acknowledge(id), tx);
            Ok(JobStatus::InProgress)
        })?;
        Ok(AcknowledgeThirdPartyJobOutput { status: Some(done.value) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_job};
    use chrono::TimeDelta;

    fn acknowledge(bench: &Bench, job: &str, nonce: &str, token: &str) -> Result<Option<JobStatus>> {
        let input = AcknowledgeThirdPartyJobInput {
            job_id: job.into(),
            nonce: nonce.into(),
            client_token: token.into(),
        };
        bench.across::<AcknowledgeThirdPartyJob>(input).map(|output| output.status)
    }
    const TOKEN: &str = "DEFAULT_CLIENT_TOKEN";

    #[test]
    fn a_worker_takes_a_job_on_once() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        let nonce = bench.nonce(&job);
        assert_eq!(acknowledge(&bench, &job, &nonce, TOKEN), Ok(Some(JobStatus::InProgress)));
        let second = acknowledge(&bench, &job, &nonce, TOKEN).unwrap_err();
        assert_eq!(second.code(), "InvalidNonceException");
        bench.succeed(&job);
        assert_eq!(acknowledge(&bench, &job, &nonce, TOKEN), Ok(Some(JobStatus::Succeeded)));
    }

    #[test]
    fn a_nonce_is_dead_when_its_dispatch_lapsed() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        let old = bench.nonce(&job);
        bench.advance(TimeDelta::seconds(30));
        assert_eq!(acknowledge(&bench, &job, &old, TOKEN).unwrap_err().code(), "InvalidNonceException");
        assert_eq!(bench.poll(), job);
        assert_eq!(acknowledge(&bench, &job, &old, TOKEN).unwrap_err().code(), "InvalidNonceException");
        let new = bench.nonce(&job);
        assert!(acknowledge(&bench, &job, &new, TOKEN).is_ok());
    }

    #[test]
    fn the_token_is_judged_before_the_nonce() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        assert_eq!(
            acknowledge(&bench, &job, "1", "wrong").unwrap_err().code(),
            "InvalidClientTokenException"
        );
        assert_eq!(acknowledge(&bench, &job, "1", TOKEN).unwrap_err().code(), "InvalidNonceException");
        assert_eq!(acknowledge(&bench, "nope", "1", TOKEN).unwrap_err().code(), "JobNotFoundException");
    }
}
