//! CodePipeline by its official client, over real sockets.

mod declared;
mod events;
mod jobs;
mod sdk;
mod source_events;
mod story;
mod webhooks;

use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::config::retry::RetryConfig;
use aws_sdk_codepipeline::config::timeout::TimeoutConfig;
use aws_sdk_codepipeline::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, ArtifactStore, ArtifactStoreType,
    InputArtifact, OutputArtifact, PipelineDeclaration, StageDeclaration, WebhookAuthConfiguration,
    WebhookAuthenticationType, WebhookDefinition, WebhookFilterRule,
};
use hmac::{Hmac, KeyInit, Mac};
use parhelion_testkit::{Answer, Api};
use serde_json::json;
use sha1::Sha1;
use std::time::Duration;

const SECRET: &str = "a secret of the test's";
const COMMIT: &str = "85c7e78e6dfb63bcad4a0bb0953c0b3554ed0e93";

/// Both protocols of the service.
#[derive(Clone, Copy, Debug)]
enum Protocol {
    Json,
    Cbor,
}
const BOTH: [Protocol; 2] = [Protocol::Json, Protocol::Cbor];

/// The official client; it retries nothing.
fn client(url: &str, protocol: Protocol) -> Client {
    let patience = Duration::from_secs(30);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(patience).build());
    Client::from_conf(match protocol {
        Protocol::Json => config.build(),
        Protocol::Cbor => config.protocol(aws_smithy_cbor::protocol::RpcV2CborProtocol::new()).build(),
    })
}

fn action_type(category: ActionCategory, provider: &str) -> ActionTypeId {
    ActionTypeId::builder()
        .category(category)
        .owner(ActionOwner::ThirdParty)
        .provider(provider)
        .version("1")
        .build()
        .expect("an action type")
}

/// What a partner's worker polls for.
fn tester() -> ActionTypeId {
    action_type(ActionCategory::Test, "BlazeMeter")
}

/// A GitHub source, then a partner's test.
fn pipeline(name: &str) -> PipelineDeclaration {
    let push = ActionDeclaration::builder()
        .name("Push")
        .action_type_id(action_type(ActionCategory::Source, "GitHub"))
        .configuration("Owner", "octo")
        .configuration("Repo", "site")
        .configuration("Branch", "main")
        .configuration("OAuthToken", "t0ken")
        .configuration("PollForSourceChanges", "false")
        .output_artifacts(OutputArtifact::builder().name("Code").build().expect("an artifact"));
    let load = ActionDeclaration::builder()
        .name("Load")
        .action_type_id(tester())
        .configuration("Scenario", "home")
        .input_artifacts(InputArtifact::builder().name("Code").build().expect("an artifact"));
    let stage = |name: &str, action: aws_sdk_codepipeline::types::builders::ActionDeclarationBuilder| {
        StageDeclaration::builder()
            .name(name)
            .actions(action.build().expect("an action"))
            .build()
            .expect("a stage")
    };
    PipelineDeclaration::builder()
        .name(name)
        .role_arn("arn:aws:iam::000000000000:role/pipeline")
        .artifact_store(
            ArtifactStore::builder()
                .r#type(ArtifactStoreType::S3)
                .location("artifacts")
                .build()
                .expect("a store"),
        )
        .stages(stage("Source", push))
        .stages(stage("Test", load))
        .build()
        .expect("a pipeline")
}

fn webhook(name: &str, target: &str) -> WebhookDefinition {
    let filter = WebhookFilterRule::builder().json_path("$.ref").match_equals("refs/heads/{Branch}");
    WebhookDefinition::builder()
        .name(name)
        .target_pipeline(target)
        .target_action("Push")
        .filters(filter.build().expect("a filter"))
        .authentication(WebhookAuthenticationType::GithubHmac)
        .authentication_configuration(WebhookAuthConfiguration::builder().secret_token(SECRET).build())
        .build()
        .expect("a webhook")
}

/// A GitHub push of a branch, signed with a secret.
async fn push(api: &Api, url: &str, branch: &str, secret: &str) -> Answer {
    let body = json!({
        "ref": format!("refs/heads/{branch}"),
        "after": COMMIT,
        "head_commit": {
            "id": COMMIT, "message": "Greet", "timestamp": "2026-01-01T12:00:00Z",
            "url": format!("https://github.example/octo/site/commit/{COMMIT}"),
        },
    })
    .to_string();
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(body.as_bytes());
    let digest = parhelion_core::text::hex(&mac.finalize().into_bytes());
    api.call("POST", url)
        .header("x-hub-signature", &format!("sha1={digest}"))
        .header("x-github-event", "push")
        .body("application/json", body)
        .await
}
