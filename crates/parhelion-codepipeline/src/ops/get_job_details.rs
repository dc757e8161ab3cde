use crate::{
    domain::{jobs, sessions},
    error::{Error, Result},
    shapes::{GetJobDetailsInput, GetJobDetailsOutput, JobDetails},
    store::CodePipelineStore,
};
use parhelion_state::{Operation, Tx};

/// GetJobDetails: what a job is about, in whatever state it is, with new credentials. It needs no nonce and gives none.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetJobDetails.html>
pub struct GetJobDetails;

impl Operation for GetJobDetails {
    const NAME: &'static str = "GetJobDetails";
    type Store = CodePipelineStore;
    type Input = GetJobDetailsInput;
    type Output = GetJobDetailsOutput;
    type Error = Error;

    fn run(
        store: &mut CodePipelineStore,
        input: GetJobDetailsInput,
        tx: &mut Tx<'_>,
    ) -> Result<GetJobDetailsOutput> {
        let credentials = sessions::credentials(store, tx);
        let (id, job) = jobs::own(store, &input.job_id)?;
        let details = JobDetails {
            id: Some(id.to_string()),
            data: jobs::data::own(&store.engine, job, credentials),
            account_id: Some(store.place.account().to_owned()),
        };
        Ok(GetJobDetailsOutput { job_details: Some(details) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_custom_job, with_job};
    use crate::shapes::{EncryptionKey, EncryptionKeyType};

    fn details(bench: &Bench, job: &str) -> Result<JobDetails> {
        let input = GetJobDetailsInput { job_id: job.into() };
        bench.run::<GetJobDetails>(input).map(|output| output.job_details.unwrap())
    }

    #[test]
    fn they_are_those_of_the_poll_with_new_credentials() {
        let bench = Bench::with_own_job();
        let job = bench.poll_own().remove(0);
        let found = details(&bench, &job.id.clone().unwrap()).unwrap();
        let (mut polled, mut told) = (job.data.unwrap(), found.data.unwrap());
        assert_ne!(polled.artifact_credentials.take(), told.artifact_credentials.take());
        assert!(polled == told && found.account_id == job.account_id);
    }

    #[test]
    fn the_key_of_the_store_is_told_and_a_finished_job_is_too() {
        let bench = Bench::new();
        bench.action_type("Mine", |_| ());
        let mut declaration = with_custom_job("p");
        let key = EncryptionKey { id: "alias/k".into(), r#type: EncryptionKeyType::Kms };
        declaration.artifact_store.as_mut().unwrap().encryption_key = Some(key.clone());
        bench.create(declaration);
        let job = bench.take_own();
        bench.update("p", |_| ());
        assert_eq!(details(&bench, &job).unwrap().data.unwrap().encryption_key, Some(key));
    }

    #[test]
    fn a_partners_job_is_not_found() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        assert_eq!(details(&bench, &bench.poll()).unwrap_err().code(), "JobNotFoundException");
        assert_eq!(details(&bench, "x").unwrap_err().code(), "JobNotFoundException");
    }
}
