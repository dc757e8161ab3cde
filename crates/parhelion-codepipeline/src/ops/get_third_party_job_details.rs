use super::Across;
use crate::{
    domain::{
        engine::records::JobId,
        jobs::{self, JobState},
        place::Place,
        sessions,
    },
    error::{Error, Result},
    shapes::{GetThirdPartyJobDetailsInput, GetThirdPartyJobDetailsOutput, ThirdPartyJobDetails},
    store::CodePipelineStore,
};
use parhelion_core::Call;
use parhelion_state::World;

/// GetThirdPartyJobDetails: what a partner's worker needs to do a job, its nonce included.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetThirdPartyJobDetails.html>
pub struct GetThirdPartyJobDetails;

impl Across for GetThirdPartyJobDetails {
    const NAME: &'static str = "GetThirdPartyJobDetails";
    type Input = GetThirdPartyJobDetailsInput;
    type Output = GetThirdPartyJobDetailsOutput;

    fn run(world: &World, place: &Place, call: &Call, input: Self::Input) -> Result<Self::Output> {
        let (owner, id) = located(world, place, call, &input.job_id)?;
        let done = world.shelf::<CodePipelineStore>().write(&owner, call, |store, tx| {
            let job = jobs::authorized(store, id, &input.client_token)?;
            // CHOICE: the token is judged before the state.
            if job.state.is_over() {
                let why =
                    if job.state == JobState::Abandoned { "was abandoned" } else { "is already finished" };
                return Err(Error::InvalidJob { id: input.job_id.clone(), why });
            }
            let job = job.clone();
            let nonce = match job.state.nonce() {
                Some(nonce) => nonce.to_owned(),
                // CHOICE: the dispatch lapsed (or never was): asking is taking it up anew.
                None => jobs::dispatch(store, id, tx),
            };
            let credentials = sessions::credentials(store, tx);
            let data = jobs::data::third_party(&store.engine, &job, credentials);
            let details = ThirdPartyJobDetails { id: Some(id.to_string()), data, nonce: Some(nonce) };
            Ok(GetThirdPartyJobDetailsOutput { job_details: Some(details) })
        })?;
        Ok(done.value)
    }
}

/// Where a partner's job is. Docs: a job that is there and is no partner's is invalid; of those, only the caller's
/// own can be known.
fn located(world: &World, place: &Place, call: &Call, id: &str) -> Result<(Place, JobId)> {
    jobs::locate(world, id).map_err(|missing| {
        let own = |store: &CodePipelineStore| jobs::own(store, id).is_ok();
        if world.shelf::<CodePipelineStore>().read(place, call, |store, _| own(store)) {
            Error::InvalidJob { id: id.to_owned(), why: "is not a third-party job" }
        } else {
            missing
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, with_custom_job, with_job};
    use chrono::TimeDelta;

    fn details(bench: &Bench, job: &str, token: &str) -> Result<ThirdPartyJobDetails> {
        let input = GetThirdPartyJobDetailsInput { job_id: job.into(), client_token: token.into() };
        bench.across::<GetThirdPartyJobDetails>(input).map(|output| output.job_details.unwrap())
    }

    #[test]
    fn it_tells_all_but_the_pipelines_arn_and_execution() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        // Whatever account asks.
        let elsewhere = bench.at(&"222222222222/us-east-1".parse().unwrap());
        let details = details(&elsewhere, &job, "DEFAULT_CLIENT_TOKEN").unwrap();
        assert_eq!(details.id.as_deref(), Some(job.as_str()));
        assert!(details.nonce.unwrap().bytes().all(|b| b.is_ascii_digit()));
        let data = details.data.unwrap();
        assert_eq!(data.action_type_id.unwrap().provider, "TeamCity");
        assert_eq!(data.action_configuration.unwrap().configuration.unwrap()["ProjectId"], "demo");
        let context = data.pipeline_context.unwrap();
        assert_eq!((context.pipeline_arn, context.pipeline_execution_id), (None, None));
        assert_eq!(context.pipeline_name.as_deref(), Some("p"));
        assert_eq!(context.stage.unwrap().name.as_deref(), Some("Build"));
        assert_eq!(context.action.unwrap().name.as_deref(), Some("Work"));
        let given = &data.input_artifacts.unwrap()[0];
        assert_eq!(given.name.as_deref(), Some("SourceOut"));
        assert_eq!(given.revision.as_ref().unwrap().len(), 40);
        let made = data.output_artifacts.unwrap()[0].location.clone().unwrap().s3_location.unwrap();
        assert_eq!(made.bucket_name, "artifacts");
        assert!(made.object_key.starts_with("p/BuildOut/"));
        let credentials = data.artifact_credentials.unwrap();
        assert!(credentials.access_key_id.starts_with("ASIA") && credentials.access_key_id.len() == 20);
        assert_eq!(credentials.secret_access_key.len(), 40);
        assert_eq!(data.continuation_token, None);
    }

    #[test]
    fn the_nonce_stays_until_the_dispatch_lapses() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        let nonce = || details(&bench, &job, "DEFAULT_CLIENT_TOKEN").unwrap().nonce.unwrap();
        let first = nonce();
        assert_eq!(nonce(), first);
        bench.advance(TimeDelta::seconds(31));
        assert_ne!(nonce(), first);
    }

    #[test]
    fn credentials_are_new_each_time() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        let key =
            || details(&bench, &job, "DEFAULT_CLIENT_TOKEN").unwrap().data.unwrap().artifact_credentials;
        assert_ne!(key(), key());
    }

    #[test]
    fn each_error_can_be_provoked() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        let code = |job: &str, token: &str| details(&bench, job, token).unwrap_err().code();
        assert_eq!(code("nope", "DEFAULT_CLIENT_TOKEN"), "JobNotFoundException");
        assert_eq!(code("00000000-0000-4000-8000-000000000000", "x"), "JobNotFoundException");
        assert_eq!(code(&job, "wrong"), "InvalidClientTokenException");
        bench.acknowledge(&job);
        bench.succeed(&job);
        assert_eq!(code(&job, "wrong"), "InvalidClientTokenException");
        assert_eq!(code(&job, "DEFAULT_CLIENT_TOKEN"), "InvalidJobException");
    }

    #[test]
    fn a_customers_job_is_invalid_for_its_owner_and_unknown_elsewhere() {
        let bench = Bench::new();
        bench.action_type("Mine", |_| ());
        bench.create(with_custom_job("p"));
        let job = bench.poll_own()[0].id.clone().unwrap();
        assert_eq!(details(&bench, &job, "DEFAULT_CLIENT_TOKEN").unwrap_err().code(), "InvalidJobException");
        let elsewhere = bench.at(&"222222222222/us-east-1".parse().unwrap());
        assert_eq!(details(&elsewhere, &job, "x").unwrap_err().code(), "JobNotFoundException");
    }

    #[test]
    fn an_abandoned_job_is_invalid() {
        let bench = Bench::new();
        bench.create(with_job("p"));
        let job = bench.poll();
        bench.update("p", |_| ());
        let refused = details(&bench, &job, "DEFAULT_CLIENT_TOKEN").unwrap_err();
        assert_eq!(
            (refused.code(), refused.to_string().ends_with("was abandoned")),
            ("InvalidJobException", true)
        );
    }
}
