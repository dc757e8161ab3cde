//! A partner's job worker with aws-sdk-codepipeline: poll, details, acknowledge, result.

use super::{BOTH, Protocol, client, pipeline, tester};
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::types::{
    ExecutionDetails, FailureDetails, FailureType, JobStatus, PipelineExecutionStatus,
};
use parhelion_testkit::TestServer;

const TOKEN: &str = "DEFAULT_CLIENT_TOKEN";

/// A server with a pipeline whose first execution waits for the partner; the job's id.
async fn waiting(protocol: Protocol) -> (TestServer, Client, String) {
    let server = TestServer::start().await;
    let aws = client(server.url(), protocol);
    aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");
    server.main().idle().await;
    let polled = aws.poll_for_third_party_jobs().action_type_id(tester()).max_batch_size(5);
    let polled = polled.send().await.expect("a poll");
    assert_eq!(polled.jobs().len(), 1, "{polled:?}");
    let job = polled.jobs()[0].job_id().expect("an id").to_owned();
    assert!(polled.jobs()[0].client_id().is_some());
    (server, aws, job)
}

async fn status(server: &TestServer, aws: &Client) -> PipelineExecutionStatus {
    server.main().idle().await;
    let listed = aws.list_pipeline_executions().pipeline_name("site").send().await.expect("a list");
    assert_eq!(listed.pipeline_execution_summaries().len(), 1);
    listed.pipeline_execution_summaries()[0].status().expect("a status").clone()
}

#[tokio::test]
async fn a_job_is_polled_detailed_acknowledged_and_done() {
    for protocol in BOTH {
        let (server, aws, job) = waiting(protocol).await;
        let details =
            aws.get_third_party_job_details().job_id(&job).client_token(TOKEN).send().await.expect("details");
        let details = details.job_details().expect("details");
        assert_eq!(details.id(), Some(job.as_str()));
        let data = details.data().expect("data");
        assert_eq!(data.action_type_id(), Some(&tester()));
        let configured =
            data.action_configuration().and_then(|c| c.configuration()).expect("a configuration");
        assert_eq!(configured.get("Scenario").map(String::as_str), Some("home"));
        let context = data.pipeline_context().expect("a context");
        assert_eq!(context.pipeline_name(), Some("site"));
        assert_eq!(context.stage().and_then(|stage| stage.name()), Some("Test"));
        assert!(context.action().and_then(|action| action.action_execution_id()).is_some());
        // Docs: a partner is not told which account it works for.
        assert_eq!((context.pipeline_arn(), context.pipeline_execution_id()), (None, None));
        assert_eq!(data.input_artifacts()[0].name(), Some("Code"));
        assert!(data.artifact_credentials().is_some_and(|keys| !keys.secret_access_key().is_empty()));
        let nonce = details.nonce().expect("a nonce");

        let wrong =
            aws.acknowledge_third_party_job().job_id(&job).client_token(TOKEN).nonce("1").send().await;
        assert!(wrong.expect_err("not that nonce").into_service_error().is_invalid_nonce_exception());
        let taken =
            aws.acknowledge_third_party_job().job_id(&job).client_token(TOKEN).nonce(nonce).send().await;
        assert_eq!(taken.expect("taken").status(), Some(&JobStatus::InProgress));
        assert_eq!(status(&server, &aws).await, PipelineExecutionStatus::InProgress);
        let report = ExecutionDetails::builder()
            .summary("all green")
            .external_execution_id("run-1")
            .percent_complete(100);
        aws.put_third_party_job_success_result()
            .job_id(&job)
            .client_token(TOKEN)
            .execution_details(report.build())
            .send()
            .await
            .expect("done");
        assert_eq!(status(&server, &aws).await, PipelineExecutionStatus::Succeeded, "{protocol:?}");
        let state = aws.get_pipeline_state().name("site").send().await.expect("a state");
        let latest = state.stage_states()[1].action_states()[0].latest_execution().expect("an execution");
        assert_eq!((latest.summary(), latest.external_execution_id()), (Some("all green"), Some("run-1")));
        // Nobody has to do it again.
        let polled = aws.poll_for_third_party_jobs().action_type_id(tester()).send().await.expect("a poll");
        assert!(polled.jobs().is_empty());
    }
}

#[tokio::test]
async fn a_job_that_failed_fails_its_execution() {
    for protocol in BOTH {
        let (server, aws, job) = waiting(protocol).await;
        let details =
            aws.get_third_party_job_details().job_id(&job).client_token(TOKEN).send().await.expect("details");
        let nonce = details.job_details().and_then(|d| d.nonce()).expect("a nonce").to_owned();
        let taken =
            aws.acknowledge_third_party_job().job_id(&job).client_token(TOKEN).nonce(nonce).send().await;
        taken.expect("taken");
        let why = FailureDetails::builder()
            .r#type(FailureType::JobFailed)
            .message("too slow")
            .build()
            .expect("a reason");
        let fail = || {
            aws.put_third_party_job_failure_result()
                .job_id(&job)
                .client_token(TOKEN)
                .failure_details(why.clone())
                .send()
        };
        fail().await.expect("failed");
        assert_eq!(status(&server, &aws).await, PipelineExecutionStatus::Failed);
        let state = aws.get_pipeline_state().name("site").send().await.expect("a state");
        let latest = state.stage_states()[1].action_states()[0].latest_execution().expect("an execution");
        let said = latest.error_details().and_then(|error| error.message()).unwrap_or_default();
        assert!(said.contains("too slow"), "{said}");
        let again = fail().await.expect_err("it is over").into_service_error();
        assert!(again.is_invalid_job_state_exception(), "{again:?}");
    }
}

#[tokio::test]
async fn every_error_of_the_details_can_be_provoked() {
    for protocol in BOTH {
        let (_server, aws, job) = waiting(protocol).await;
        let details = async |job: &str, token: &str| {
            aws.get_third_party_job_details()
                .job_id(job)
                .client_token(token)
                .send()
                .await
                .map_err(|e| e.into_service_error())
        };
        let nobody = "11111111-1111-4111-8111-111111111111";
        assert!(details(nobody, TOKEN).await.expect_err("none").is_job_not_found_exception());
        assert!(details(&job, "wrong").await.expect_err("no").is_invalid_client_token_exception());
        assert!(details(&"x".repeat(513), TOKEN).await.expect_err("no").is_validation_exception());
        let nonce = details(&job, TOKEN).await.expect("details");
        let nonce = nonce.job_details().and_then(|d| d.nonce()).expect("a nonce").to_owned();
        aws.acknowledge_third_party_job()
            .job_id(&job)
            .client_token(TOKEN)
            .nonce(nonce)
            .send()
            .await
            .expect("taken");
        aws.put_third_party_job_success_result().job_id(&job).client_token(TOKEN).send().await.expect("done");
        assert!(details(&job, TOKEN).await.expect_err("over").is_invalid_job_exception());
    }
}
