//! The whole story of CodePipeline with aws-sdk-codepipeline, told once in each protocol: workers with artifacts,
//! approvals, retries, rollbacks, conditions, modes and triggers. `tests/node` and `tests/python` tell it too.

use super::declared::{
    self, CLIENT_TOKEN, approval, artifact, deployment, objects, partner, pipeline, rule, stage, worker,
};
use super::{BOTH, COMMIT, Protocol, client, tester};
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::types::{
    ActionConfigurationProperty, ActionExecutionStatus, ApprovalResult, ApprovalStatus, ArtifactDetails,
    BeforeEntryConditions, Condition, ConditionExecutionStatus, ConditionType, ExecutionDetails,
    ExecutionMode, ExecutionType, FailureDetails, FailureType, PipelineExecutionStatus, PipelineVariable,
    PipelineVariableDeclaration, Result as ConditionResult, RuleExecutionStatus, StageRetryMode, StageState,
    StageTransitionType, TriggerType,
};
use parhelion_testkit::{Api, TestServer};
use serde_json::json;

/// A server, its client in a protocol, and its own API.
struct Stand {
    server: TestServer,
    aws: Client,
    api: Api,
}

impl Stand {
    async fn of(protocol: Protocol) -> Stand {
        Stand::over(TestServer::start().await, protocol)
    }
    fn over(server: TestServer, protocol: Protocol) -> Stand {
        Stand { aws: client(server.url(), protocol), api: server.main(), server }
    }
    /// The ids of a pipeline's executions, the newest first, when nothing goes on.
    async fn executions(&self, name: &str) -> Vec<String> {
        self.api.idle().await;
        let listed = self.aws.list_pipeline_executions().pipeline_name(name).send().await.expect("a list");
        let ids = listed.pipeline_execution_summaries().iter();
        ids.map(|one| one.pipeline_execution_id().expect("an id").to_owned()).collect()
    }
    async fn status(&self, name: &str, id: &str) -> PipelineExecutionStatus {
        self.api.idle().await;
        let got =
            self.aws.get_pipeline_execution().pipeline_name(name).pipeline_execution_id(id).send().await;
        let got = got.expect("an execution").pipeline_execution.expect("an execution");
        got.status().expect("a status").clone()
    }
    async fn stage(&self, name: &str, stage: &str) -> StageState {
        self.api.idle().await;
        let state = self.aws.get_pipeline_state().name(name).send().await.expect("a state");
        let found = state.stage_states().iter().find(|one| one.stage_name() == Some(stage));
        found.expect("the stage").clone()
    }
    async fn start(&self, name: &str) -> String {
        let started = self.aws.start_pipeline_execution().name(name).send().await.expect("started");
        started.pipeline_execution_id().expect("an id").to_owned()
    }
    /// Takes the oldest job of the partner; its id.
    async fn take_partner(&self) -> String {
        self.api.idle().await;
        let polled =
            self.aws.poll_for_third_party_jobs().action_type_id(tester()).send().await.expect("a poll");
        let job = polled.jobs()[0].job_id().expect("an id").to_owned();
        let details = self.aws.get_third_party_job_details().job_id(&job).client_token(CLIENT_TOKEN);
        let details = details.send().await.expect("details");
        let nonce = details.job_details().and_then(|details| details.nonce()).expect("a nonce").to_owned();
        let taken =
            self.aws.acknowledge_third_party_job().job_id(&job).client_token(CLIENT_TOKEN).nonce(nonce);
        taken.send().await.expect("taken");
        job
    }
    /// Answers the approval that a pipeline waits for in its stage `Approve`.
    async fn approve(&self, name: &str) {
        let waits = self.stage(name, "Approve").await;
        let token = waits.action_states()[0].latest_execution().and_then(|one| one.token()).expect("a token");
        let yes = ApprovalResult::builder().summary("fine").status(ApprovalStatus::Approved).build();
        let put = self.aws.put_approval_result().pipeline_name(name).stage_name("Approve").action_name("Ask");
        let done = put.token(token).result(yes.expect("a result")).send().await.expect("approved");
        assert!(done.approved_at().is_some());
    }
}

#[tokio::test]
async fn a_custom_worker_builds_from_s3_somebody_approves_and_the_result_is_deployed() {
    for protocol in BOTH {
        let stand = Stand::of(protocol).await;
        let (aws, api) = (&stand.aws, &stand.api);
        for bucket in ["sources", "public"] {
            declared::s3(api, "PUT", bucket, "").await.want(200);
        }
        declared::s3(api, "PUT", "sources/app.zip", "the source").await.want(200);
        let details = || ArtifactDetails::builder().minimum_count(0).maximum_count(5).build();
        let property = ActionConfigurationProperty::builder().name("Project").required(true).key(true);
        aws.create_custom_action_type()
            .category(worker().category().clone())
            .provider(worker().provider())
            .version("1")
            .configuration_properties(property.secret(false).queryable(true).build().expect("a property"))
            .input_artifact_details(details())
            .output_artifact_details(details())
            .send()
            .await
            .expect("made");
        let make = declared::action("Make", worker())
            .configuration("Project", "site")
            .input_artifacts(declared::input("Code"))
            .output_artifacts(declared::output("Built"))
            .namespace("built");
        let stages = [
            objects(),
            stage("Build", [make]),
            stage("Approve", [approval().configuration("CustomData", "release #{built.VERSION}?")]),
            stage("Deploy", [declared::copy("Built", "public", "site-#{built.VERSION}.zip")]),
        ];
        aws.create_pipeline().pipeline(pipeline("site", stages)).send().await.expect("made");
        let execution = stand.executions("site").await.remove(0);

        let poll = async |project: &str| {
            let polled = aws.poll_for_jobs().action_type_id(worker()).query_param("Project", project);
            polled.send().await.expect("a poll").jobs.unwrap_or_default()
        };
        assert!(poll("another").await.is_empty());
        let job = poll("site").await.remove(0);
        let data = job.data().expect("data");
        let context = data.pipeline_context().expect("a context");
        assert_eq!(context.pipeline_execution_id(), Some(execution.as_str()));
        let (id, nonce) = (job.id().expect("an id"), job.nonce().expect("a nonce"));
        aws.acknowledge_job().job_id(id).nonce(nonce).send().await.expect("taken");
        let twice = aws.acknowledge_job().job_id(id).nonce(nonce).send().await.expect_err("taken already");
        assert!(twice.into_service_error().is_invalid_nonce_exception());

        // It takes longer than one job: the next one carries the token.
        let half = ExecutionDetails::builder().summary("half way").external_execution_id("run-7");
        let half = half.percent_complete(50).build();
        let going =
            aws.put_job_success_result().job_id(id).continuation_token("step-2").execution_details(half);
        going.send().await.expect("it goes on");
        let making = stand.stage("site", "Build").await;
        let making = making.action_states()[0].latest_execution().expect("an execution");
        assert_eq!(
            (making.status(), making.percent_complete()),
            (Some(&ActionExecutionStatus::InProgress), Some(50))
        );
        let next = poll("site").await.remove(0);
        let next_id = next.id().expect("an id");
        assert_ne!(next_id, id);
        let nonce = next.nonce().expect("a nonce");
        aws.acknowledge_job().job_id(next_id).nonce(nonce).send().await.expect("taken");
        let details = aws.get_job_details().job_id(next_id).send().await.expect("details");
        let data = details.job_details().and_then(|details| details.data()).expect("data");
        assert_eq!(data.continuation_token(), Some("step-2"));

        let keys = data.artifact_credentials().expect("credentials").access_key_id();
        let source = artifact(data.input_artifacts()).expect("a location");
        assert_eq!(declared::s3_as(api, keys, "GET", &source, "").await.want(200).text(), "the source");
        let built = artifact(data.output_artifacts()).expect("a location");
        declared::s3_as(api, keys, "PUT", &built, "the build").await.want(200);
        let report = ExecutionDetails::builder().summary("built").external_execution_id("run-7").build();
        let done = aws.put_job_success_result().job_id(next_id).execution_details(report);
        done.output_variables("VERSION", "7").send().await.expect("done");

        stand.approve("site").await;
        assert_eq!(
            stand.status("site", &execution).await,
            PipelineExecutionStatus::Succeeded,
            "{protocol:?}"
        );
        let deployed = declared::s3(api, "GET", "public/site-7.zip", "").await.want(200);
        assert_eq!(deployed.text(), "the build");
        let listed = aws.list_action_executions().pipeline_name("site").send().await.expect("a list");
        let of = |name: &str| {
            let all = listed.action_execution_details();
            all.iter().find(|one| one.action_name() == Some(name)).expect("an action").clone()
        };
        let variables = of("Make").output.and_then(|output| output.output_variables).expect("variables");
        assert_eq!(variables.get("VERSION").map(String::as_str), Some("7"));
        let asked = of("Ask").input.and_then(|input| input.resolved_configuration).expect("a configuration");
        assert_eq!(asked.get("CustomData").map(String::as_str), Some("release 7?"));
    }
}

#[tokio::test]
async fn a_partners_worker_fails_and_the_stage_is_tried_again_in_place() {
    for protocol in BOTH {
        let stand = Stand::of(protocol).await;
        let aws = &stand.aws;
        let stages = [objects(), stage("Test", [partner("Load")])];
        aws.create_pipeline().pipeline(pipeline("site", stages)).send().await.expect("made");
        let execution = stand.executions("site").await.remove(0);
        let why = FailureDetails::builder().r#type(FailureType::JobFailed).message("too slow").build();
        let failed = aws.put_third_party_job_failure_result().job_id(stand.take_partner().await);
        let failed = failed.client_token(CLIENT_TOKEN).failure_details(why.expect("a reason"));
        failed.send().await.expect("failed");
        assert_eq!(stand.status("site", &execution).await, PipelineExecutionStatus::Failed);

        let retry = || {
            let retry = aws.retry_stage_execution().pipeline_name("site").stage_name("Test");
            retry.pipeline_execution_id(&execution).retry_mode(StageRetryMode::FailedActions).send()
        };
        let retried = retry().await.expect("retried");
        assert_eq!(retried.pipeline_execution_id(), Some(execution.as_str()));
        assert_eq!(stand.status("site", &execution).await, PipelineExecutionStatus::InProgress);
        let told = stand.stage("site", "Test").await;
        assert_eq!(told.retry_stage_metadata().and_then(|m| m.manual_stage_retry_attempt()), Some(1));
        let done = aws.put_third_party_job_success_result().job_id(stand.take_partner().await);
        done.client_token(CLIENT_TOKEN).send().await.expect("done");
        assert_eq!(
            stand.status("site", &execution).await,
            PipelineExecutionStatus::Succeeded,
            "{protocol:?}"
        );
        let again = retry().await.expect_err("it succeeded").into_service_error();
        assert!(again.is_stage_not_retryable_exception(), "{again:?}");
    }
}

#[tokio::test]
async fn a_stage_is_rolled_back_to_an_earlier_execution() {
    for protocol in BOTH {
        let stand = Stand::of(protocol).await;
        let aws = &stand.aws;
        let stages = [objects(), stage("Deploy", [deployment()])];
        aws.create_pipeline().pipeline(pipeline("site", stages)).send().await.expect("made");
        let first = stand.executions("site").await.remove(0);
        stand.start("site").await;
        stand.api.idle().await;
        let rolled = aws.rollback_stage().pipeline_name("site").stage_name("Deploy");
        let rolled = rolled.target_pipeline_execution_id(&first).send().await.expect("rolled back");
        let all = stand.executions("site").await;
        assert_eq!((all.len(), all[0].as_str()), (3, rolled.pipeline_execution_id()));
        let listed = aws.list_pipeline_executions().pipeline_name("site").send().await.expect("a list");
        let newest = &listed.pipeline_execution_summaries()[0];
        assert_eq!(newest.execution_type(), Some(&ExecutionType::Rollback));
        assert_eq!(newest.status(), Some(&PipelineExecutionStatus::Succeeded));
        let target = newest.rollback_metadata().and_then(|m| m.rollback_target_pipeline_execution_id());
        assert_eq!(target, Some(first.as_str()));
        let kind = newest.trigger().and_then(|trigger| trigger.trigger_type());
        assert_eq!(kind, Some(&TriggerType::ManualRollback));
    }
}

#[tokio::test]
async fn a_condition_holds_a_stage_until_it_is_overridden() {
    for protocol in BOTH {
        let stand = Stand::of(protocol).await;
        let aws = &stand.aws;
        let condition = Condition::builder().result(ConditionResult::Fail);
        let condition = condition.rules(rule("#{variables.Env}", "prod")).build();
        let guarded = stage("Deploy", [deployment()]);
        let guarded = declared::guard(guarded, BeforeEntryConditions::builder().conditions(condition));
        let variable = PipelineVariableDeclaration::builder().name("Env").default_value("test").build();
        let mut declared = pipeline("site", [objects(), guarded]);
        declared.variables = Some(vec![variable.expect("a variable")]);
        aws.create_pipeline().pipeline(declared).send().await.expect("made");
        let execution = stand.executions("site").await.remove(0);
        assert_eq!(stand.status("site", &execution).await, PipelineExecutionStatus::Failed);
        let held = stand.stage("site", "Deploy").await;
        let state = held.before_entry_condition_state().and_then(|state| state.latest_execution());
        assert_eq!(state.and_then(|one| one.status()), Some(&ConditionExecutionStatus::Failed));
        assert!(held.action_states()[0].latest_execution().is_none());
        let rules = aws.list_rule_executions().pipeline_name("site").send().await.expect("a list");
        let ruled = &rules.rule_execution_details()[0];
        assert_eq!((ruled.rule_name(), ruled.status()), (Some("Check"), Some(&RuleExecutionStatus::Failed)));

        let over = aws.override_stage_condition().pipeline_name("site").stage_name("Deploy");
        let over = over.pipeline_execution_id(&execution).condition_type(ConditionType::BeforeEntry);
        over.send().await.expect("overridden");
        assert_eq!(
            stand.status("site", &execution).await,
            PipelineExecutionStatus::Succeeded,
            "{protocol:?}"
        );
        let variable = PipelineVariable::builder().name("Env").value("prod").build().expect("a variable");
        let free =
            aws.start_pipeline_execution().name("site").variables(variable).send().await.expect("started");
        let free = free.pipeline_execution_id().expect("an id");
        assert_eq!(stand.status("site", free).await, PipelineExecutionStatus::Succeeded);
    }
}

#[tokio::test]
async fn queued_goes_one_by_one_and_parallel_all_at_once() {
    for protocol in BOTH {
        let stand = Stand::of(protocol).await;
        let aws = &stand.aws;
        let in_mode = |name: &str, mode: ExecutionMode| {
            let mut declared = pipeline(name, [objects(), stage("Approve", [approval()])]);
            declared.execution_mode = Some(mode);
            aws.create_pipeline().pipeline(declared).send()
        };
        in_mode("queued", ExecutionMode::Queued).await.expect("made");
        let first = stand.executions("queued").await.remove(0);
        let (second, third) = (stand.start("queued").await, stand.start("queued").await);
        for turn in [&first, &second] {
            let holds = stand.stage("queued", "Approve").await;
            let in_it = holds.latest_execution().map(|one| one.pipeline_execution_id());
            assert_eq!(in_it, Some(turn.as_str()));
            stand.approve("queued").await;
            assert_eq!(
                stand.status("queued", turn).await,
                PipelineExecutionStatus::Succeeded,
                "{protocol:?}"
            );
        }
        let stop = || {
            let stop = aws.stop_pipeline_execution().pipeline_name("queued").pipeline_execution_id(&third);
            stop.abandon(true).reason("enough").send()
        };
        stop().await.expect("stopped");
        assert_eq!(stand.status("queued", &third).await, PipelineExecutionStatus::Stopped);
        let again = stop().await.expect_err("it stopped").into_service_error();
        assert!(again.is_pipeline_execution_not_stoppable_exception(), "{again:?}");

        in_mode("parallel", ExecutionMode::Parallel).await.expect("made");
        stand.start("parallel").await;
        assert_eq!(stand.executions("parallel").await.len(), 2);
        let listed = aws.list_action_executions().pipeline_name("parallel").send().await.expect("a list");
        let all = listed.action_execution_details().iter();
        let asking = all.filter(|one| one.action_name() == Some("Ask"));
        let asking: Vec<_> = asking.map(|one| one.status().cloned()).collect();
        assert_eq!(
            asking,
            [Some(ActionExecutionStatus::InProgress), Some(ActionExecutionStatus::InProgress)]
        );
    }
}

#[tokio::test]
async fn a_disabled_transition_holds_what_comes() {
    for protocol in BOTH {
        let stand = Stand::of(protocol).await;
        let aws = &stand.aws;
        let stages = [objects(), stage("Deploy", [deployment()])];
        aws.create_pipeline().pipeline(pipeline("site", stages)).send().await.expect("made");
        stand.api.idle().await;
        let gate = aws.disable_stage_transition().pipeline_name("site").stage_name("Deploy");
        let gate = gate.transition_type(StageTransitionType::Inbound).reason("holiday");
        gate.send().await.expect("disabled");
        let execution = stand.start("site").await;
        let held = stand.stage("site", "Deploy").await;
        let why = held.inbound_transition_state().and_then(|state| state.disabled_reason());
        assert_eq!(why, Some("holiday"));
        let inbound = held.inbound_execution().map(|one| one.pipeline_execution_id());
        assert_eq!(inbound, Some(execution.as_str()));
        let gate = aws.enable_stage_transition().pipeline_name("site").stage_name("Deploy");
        gate.transition_type(StageTransitionType::Inbound).send().await.expect("enabled");
        assert_eq!(
            stand.status("site", &execution).await,
            PipelineExecutionStatus::Succeeded,
            "{protocol:?}"
        );
    }
}

#[tokio::test]
async fn a_push_starts_what_its_triggers_let_through() {
    for protocol in BOTH {
        let stand = Stand::of(protocol).await;
        let (aws, api) = (&stand.aws, &stand.api);
        aws.create_pipeline().pipeline(declared::connected("site")).send().await.expect("made");
        let push = async |branch: &str, file: &str| {
            let event = json!({"region": "eu-west-1", "fullRepositoryId": "octo/site", "kind": "push",
                "branch": branch, "commitId": COMMIT, "message": "Greet", "files": [file]});
            api.post("/_parhelion/surfaces/codepipeline/source-events", &event).await.want(202).json()
        };
        assert_eq!(push("main", "src/a.rs").await["started"], json!([]));
        assert_eq!(push("release/1", "docs/a.md").await["started"], json!([]));
        let started = push("release/1", "src/a.rs").await;
        let id = started["started"][0]["pipelineExecutionId"].as_str().expect("an id").to_owned();
        assert_eq!(stand.executions("site").await[0], id);
        let listed = aws.list_pipeline_executions().pipeline_name("site").send().await.expect("a list");
        let newest = &listed.pipeline_execution_summaries()[0];
        let kind = newest.trigger().and_then(|trigger| trigger.trigger_type());
        assert_eq!(kind, Some(&TriggerType::WebhookV2));
        assert_eq!(newest.source_revisions()[0].revision_id(), Some(COMMIT));
    }
}

#[tokio::test]
async fn an_approval_that_nobody_answers_fails_after_its_seven_days() {
    for protocol in BOTH {
        let stand = Stand::over(TestServer::manual().await, protocol);
        let stages = [objects(), stage("Approve", [approval()])];
        stand.aws.create_pipeline().pipeline(pipeline("site", stages)).send().await.expect("made");
        let execution = stand.executions("site").await.remove(0);
        let advance = async |by: &str| {
            stand.api.post("/_parhelion/clock/advance", &json!({"by": by})).await.want(200);
        };
        advance("6d").await;
        assert_eq!(stand.status("site", &execution).await, PipelineExecutionStatus::InProgress);
        advance("2d").await;
        assert_eq!(stand.status("site", &execution).await, PipelineExecutionStatus::Failed, "{protocol:?}");
        let failed = stand.stage("site", "Approve").await;
        let latest = failed.action_states()[0].latest_execution().expect("an execution");
        assert_eq!(latest.status(), Some(&ActionExecutionStatus::Failed));
        stand.server.main().idle().await;
    }
}
