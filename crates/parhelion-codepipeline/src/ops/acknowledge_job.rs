use crate::{
    domain::{engine::Input, jobs},
    error::{Error, Result},
    shapes::{AcknowledgeJobInput, AcknowledgeJobOutput, JobStatus},
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// AcknowledgeJob: a customer's worker takes a job on.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_AcknowledgeJob.html>
pub struct AcknowledgeJob;

impl Operation for AcknowledgeJob {
    const NAME: &'static str = "AcknowledgeJob";
    type Store = CodePipelineStore;
    type Input = AcknowledgeJobInput;
    type Output = AcknowledgeJobOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: AcknowledgeJobInput,
        tx: &mut Tx<'_>,
    ) -> Result<AcknowledgeJobOutput> {
        let (id, job) = jobs::own(store, &input.job_id)?;
        let status = if job.state.is_over() {
            // CHOICE: a finished job answers its final status, without error.
            job.state.status()
        } else if job.state.admits(&input.nonce) {
            store.step(Input::Acknowledge(id), tx);
            JobStatus::InProgress
        } else {
            // Docs: also when a second worker comes with the nonce of the first.
            return Err(Error::InvalidNonce { id: input.job_id });
        };
        Ok(AcknowledgeJobOutput { status: Some(status) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_job};
    use crate::ops::{PutJobFailureResult, PutJobSuccessResult};
    use crate::shapes::{FailureDetails, FailureType, PutJobFailureResultInput, PutJobSuccessResultInput};
    use chrono::TimeDelta;

    fn acknowledge(bench: &Bench, job: &str, nonce: &str) -> Result<Option<JobStatus>> {
        let input = AcknowledgeJobInput { job_id: job.into(), nonce: nonce.into() };
        bench.run::<AcknowledgeJob>(input).map(|output| output.status)
    }
    fn polled(bench: &Bench) -> (String, String) {
        let job = bench.poll_own().remove(0);
        (job.id.unwrap(), job.nonce.unwrap())
    }

    #[test]
    fn a_second_worker_has_no_valid_nonce() {
        let bench = Bench::with_own_job();
        let (job, nonce) = polled(&bench);
        assert_eq!(acknowledge(&bench, &job, &nonce), Ok(Some(JobStatus::InProgress)));
        assert_eq!(acknowledge(&bench, &job, &nonce).unwrap_err().code(), "InvalidNonceException");
    }

    #[test]
    fn of_workers_that_race_with_one_nonce_one_wins() {
        let bench = Bench::with_own_job();
        let (job, nonce) = polled(&bench);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let worker = || acknowledge(&bench, &job, &nonce).map_err(|error| error.code());
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(won, 1, "{outcomes:?}");
        assert!(
            outcomes
                .iter()
                .all(|o| matches!(o, Ok(Some(JobStatus::InProgress)) | Err("InvalidNonceException")))
        );
    }

    #[test]
    fn a_nonce_is_dead_when_its_dispatch_lapsed() {
        let bench = Bench::with_own_job();
        let (job, old) = polled(&bench);
        bench.advance(TimeDelta::seconds(30));
        assert_eq!(acknowledge(&bench, &job, &old).unwrap_err().code(), "InvalidNonceException");
        let (again, new) = polled(&bench);
        assert_eq!(again, job);
        assert_eq!(acknowledge(&bench, &job, &old).unwrap_err().code(), "InvalidNonceException");
        assert!(acknowledge(&bench, &job, &new).is_ok());
    }

    #[test]
    fn a_finished_job_answers_its_final_status() {
        let bench = Bench::with_own_job();
        let job = bench.take_own();
        bench
            .run::<PutJobSuccessResult>(PutJobSuccessResultInput {
                job_id: job.clone(),
                ..Default::default()
            })
            .unwrap();
        assert_eq!(acknowledge(&bench, &job, "1"), Ok(Some(JobStatus::Succeeded)));
        bench.start("p");
        let job = bench.take_own();
        let failure_details = FailureDetails {
            r#type: FailureType::JobFailed,
            message: "no".into(),
            external_execution_id: None,
        };
        let input = PutJobFailureResultInput { job_id: job.clone(), failure_details };
        bench.run::<PutJobFailureResult>(input).unwrap();
        assert_eq!(acknowledge(&bench, &job, "1"), Ok(Some(JobStatus::Failed)));
    }

    #[test]
    fn jobs_that_are_not_there_or_not_ours_are_not_found() {
        let bench = Bench::with_own_job();
        let (job, nonce) = polled(&bench);
        let code = |bench: &Bench, job: &str| acknowledge(bench, job, &nonce).unwrap_err().code();
        assert_eq!(code(&bench, "00000000-0000-4000-8000-000000000000"), "JobNotFoundException");
        assert_eq!(code(&bench, &job.to_uppercase()), "JobNotFoundException");
        assert_eq!(code(&bench.at(&"111111111111/us-east-1".parse().unwrap()), &job), "JobNotFoundException");
        bench.create(with_job("partner"));
        assert_eq!(code(&bench, &bench.poll()), "JobNotFoundException");
    }
}
