//! Webhooks over the wire: every answer of their address, proxies, large bodies, and registration with GitHub.

use super::{BOTH, COMMIT, Protocol, SECRET, client, pipeline, push, webhook};
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::error::ProvideErrorMetadata;
use aws_sdk_codepipeline::types::{
    ListWebhookItem, WebhookAuthConfiguration, WebhookAuthenticationType, WebhookDefinition,
};
use parhelion::settings::Settings;
use parhelion_testkit::{Answer, Api, Receiver, TestServer};
use serde_json::{Value, json};

/// A server with these settings.
async fn server(set: impl FnOnce(&mut Settings)) -> TestServer {
    let mut settings = Settings { listen: ([127, 0, 0, 1], 0).into(), seed: Some(42), ..Settings::default() };
    set(&mut settings);
    TestServer::with(|builder| builder.settings(settings)).await
}

/// A pipeline `site` and a webhook for it; the webhook's URL.
async fn made(aws: &Client, definition: WebhookDefinition) -> String {
    aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");
    let put = aws.put_webhook().webhook(definition).send().await.expect("put");
    put.webhook().expect("a webhook").url().to_owned()
}

fn open(range: Option<&str>) -> WebhookDefinition {
    let (kind, configuration) = match range {
        Some(range) => {
            (WebhookAuthenticationType::Ip, WebhookAuthConfiguration::builder().allowed_ip_range(range))
        }
        None => (WebhookAuthenticationType::Unauthenticated, WebhookAuthConfiguration::builder()),
    };
    let filter = super::WebhookFilterRule::builder().json_path("$.ref");
    WebhookDefinition::builder()
        .name("push")
        .target_pipeline("site")
        .target_action("Push")
        .filters(filter.build().expect("a filter"))
        .authentication(kind)
        .authentication_configuration(configuration.build())
        .build()
        .expect("a webhook")
}

async fn listed(aws: &Client) -> ListWebhookItem {
    aws.list_webhooks().send().await.expect("a list").webhooks()[0].clone()
}

async fn executions(aws: &Client) -> usize {
    let listed = aws.list_pipeline_executions().pipeline_name("site").send().await.expect("a list");
    listed.pipeline_execution_summaries().len()
}

async fn told(api: &Api, answer: &Answer) -> String {
    api.explain(answer.header("x-parhelion-request-id")).await
}

#[tokio::test]
async fn every_way_a_call_can_end_is_answered_remembered_and_explained() {
    let server = server(|_| ()).await;
    let api = server.main();
    let aws = client(api.url(), Protocol::Json);
    let url = made(&aws, webhook("push", "site")).await;

    let unknown = api.call("POST", &format!("{}x", &url[..url.len() - 4])).await.want(404);
    assert!(told(&api, &unknown).await.contains("no webhook has this URL"));
    assert_eq!(api.get(&url).await.want(405).header("allow"), "POST");

    let forged = push(&api, &url, "main", "another secret").await.want(403);
    let story = told(&api, &forged).await;
    assert!(
        story.contains("HMAC-SHA1") && !story.contains("another secret") && !story.contains(SECRET),
        "{story}"
    );
    assert_eq!(listed(&aws).await.error_code(), Some("AuthenticationFailed"));
    assert_eq!(executions(&aws).await, 1, "that of the creation");

    let other = push(&api, &url, "other", SECRET).await.want(200);
    assert_eq!(other.json()["result"], "ignored");
    assert!(
        told(&api, &other)
            .await
            .contains("$.ref selects 'refs/heads/other'; wanted is 'refs/heads/main': no match")
    );

    let good = push(&api, &url, "main", SECRET).await.want(200);
    let story = told(&api, &good).await;
    for step in ["signature.checked", "payload.read", "filter.evaluated", "execution.started"] {
        assert!(story.contains(step), "{step}: {story}");
    }
    assert_eq!(executions(&aws).await, 2);
    let hook = listed(&aws).await;
    assert_eq!((hook.error_code(), hook.last_triggered().is_some()), (None, true));

    aws.delete_pipeline().name("site").send().await.expect("deleted");
    let gone = push(&api, &url, "main", SECRET).await.want(200);
    assert_eq!(gone.json()["result"], "ignored");
    let after = listed(&aws).await;
    assert_eq!(after.error_code(), Some("PipelineNotFoundException"));
    assert_eq!(after.last_triggered(), hook.last_triggered());

    // Made anew, it has another address.
    aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");
    aws.delete_webhook().name("push").send().await.expect("deleted");
    let put = aws.put_webhook().webhook(webhook("push", "site")).send().await.expect("put");
    let other = put.webhook().expect("a webhook").url().to_owned();
    assert_ne!(other, url);
    push(&api, &url, "main", SECRET).await.want(404);
    push(&api, &other, "main", SECRET).await.want(200);
    assert_eq!(
        put.webhook().and_then(|w| w.arn()),
        Some("arn:aws:codepipeline:eu-west-1:000000000000:webhook:push")
    );
}

#[tokio::test]
async fn bodies_are_taken_up_to_25_mebibytes() {
    let server = server(|_| ()).await;
    let api = server.main();
    let aws = client(api.url(), Protocol::Json);
    let url = made(&aws, open(None)).await;
    let body = |bytes: usize| {
        let frame = r#"{"ref": "x", "more": ""}"#;
        format!(r#"{{"ref": "x", "more": "{}"}}"#, "m".repeat(bytes - frame.len()))
    };
    let largest = 25 * 1024 * 1024;
    let answer = api.call("POST", &url).body("application/json", body(largest)).await.want(200);
    assert_eq!(answer.json()["result"], "started");
    api.call("POST", &url).body("application/json", body(largest + 1)).await.want(413);
    let broken = api.call("POST", &url).body("application/json", "{\"ref\": ").await.want(400);
    assert!(told(&api, &broken).await.contains("the body is not JSON"));
    assert_eq!(listed(&aws).await.error_code(), Some("InvalidPayload"));
}

#[tokio::test]
async fn the_last_hop_counts_when_the_proxy_is_trusted() {
    let trusting =
        server(|settings| settings.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a range")]).await;
    let plain = server(|_| ()).await;
    for (server, forwarded, status, fact) in [
        (
            &trusting,
            "192.0.2.1, 203.0.113.7",
            200,
            "203.0.113.7 (by the word of the trusted proxy 127.0.0.1) is in",
        ),
        (
            &trusting,
            "203.0.113.7, 192.0.2.1",
            403,
            "192.0.2.1 (by the word of the trusted proxy 127.0.0.1) is not in",
        ),
        (
            &plain,
            "203.0.113.7",
            403,
            "127.0.0.1 (X-Forwarded-For is not believed: 127.0.0.1 is no trusted proxy)",
        ),
    ] {
        let api = server.world(&format!("w{status}"));
        let aws = client(api.url(), Protocol::Json);
        let url = made(&aws, open(Some("203.0.113.0/24"))).await;
        let call = api.call("POST", &url).header("x-forwarded-for", forwarded);
        let answer = call.json(&json!({"ref": "refs/heads/main"})).await.want(status);
        let story = told(&api, &answer).await;
        assert!(story.contains(fact), "{story}");
    }
}

#[tokio::test]
async fn a_registered_webhook_is_a_hook_at_github_until_it_is_deregistered() {
    for protocol in BOTH {
        let github = Receiver::start().await;
        github.respond(201, r#"{"id": 7, "active": true}"#).respond(204, "");
        let base = format!("{}/api/v3", github.url());
        let server = server(|settings| settings.github_api = Some(base.parse().expect("a URL"))).await;
        let api = server.main();
        let aws = client(api.url(), protocol);
        made(&aws, webhook("push", "site")).await;

        aws.register_webhook_with_third_party().webhook_name("push").send().await.expect("registered");
        let asked = github.requests();
        assert_eq!(
            (asked[0].method.as_str(), asked[0].path.as_str()),
            ("POST", "/api/v3/repos/octo/site/hooks")
        );
        assert_eq!(asked[0].header("authorization"), Some("Bearer t0ken"));
        let hook = asked[0].json();
        assert_eq!((&hook["name"], &hook["events"]), (&json!("web"), &json!(["push"])));
        // What GitHub was given is what it takes to start the pipeline.
        let text = |name: &str| hook["config"][name].as_str().expect("a text").to_owned();
        assert_eq!(text("content_type"), "json");
        push(&api, &text("url"), "main", &text("secret")).await.want(200);
        let ours = aws.list_pipeline_executions().pipeline_name("site").send().await.expect("a list");
        let newest = &ours.pipeline_execution_summaries()[0];
        assert_eq!(newest.source_revisions()[0].revision_id(), Some(COMMIT));

        // The call is a delivery like any other; its token is shown to nobody who does not ask.
        let deliveries = api.items("/_parhelion/deliveries?surface=codepipeline").await;
        assert_eq!(
            (&deliveries[0]["event"], &deliveries[0]["status"]),
            (&json!("create_hook /repos/octo/site"), &json!("succeeded"))
        );
        assert!(!api.get("/_parhelion/deliveries/d1").await.want(200).text().contains("t0ken"));

        aws.deregister_webhook_with_third_party().webhook_name("push").send().await.expect("deregistered");
        let asked = github.requests();
        assert_eq!(
            (asked[1].method.as_str(), asked[1].path.as_str()),
            ("DELETE", "/api/v3/repos/octo/site/hooks/7")
        );
    }
}

#[tokio::test]
async fn what_github_refuses_comes_back_as_the_service_says_it() {
    for protocol in BOTH {
        let github = Receiver::start().await;
        github.respond(404, r#"{"message":"Not Found"}"#).reset();
        let base = github.url();
        let server = server(|settings| settings.github_api = Some(base.parse().expect("a URL"))).await;
        let aws = client(server.url(), protocol);
        made(&aws, webhook("push", "site")).await;
        let register = async || {
            let answer = aws.register_webhook_with_third_party().webhook_name("push").send().await;
            answer.expect_err("refused").into_service_error()
        };
        let refused = register().await;
        assert!(refused.is_validation_exception(), "{refused:?}");
        assert_eq!(
            refused.message(),
            Some(
                r#"Webhook could not be registered with GitHub. Error cause: Not found [StatusCode: 404, Body: {"message":"Not Found"}]"#
            )
        );
        let broken = register().await;
        let said = broken.message().unwrap_or_default();
        assert!(said.starts_with("Webhook could not be registered with GitHub. Error cause: "), "{said}");
        // The request that was refused says what was sent and how it came out.
        let asked = server.main().items("/_parhelion/requests?operation=RegisterWebhookWithThirdParty").await;
        let id = asked.iter().filter_map(|request: &Value| request["id"].as_str()).next().expect("an id");
        let story = server.main().explain(id).await;
        assert!(
            story.contains("GitHub is asked: POST") && story.contains("could not be registered"),
            "{story}"
        );
    }
}
