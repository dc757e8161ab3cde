//! Pipelines and webhooks with aws-sdk-codepipeline, in both protocols.

use super::{BOTH, COMMIT, Protocol, SECRET, client, pipeline, push, webhook};
use aws_sdk_codepipeline::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_codepipeline::types::{PipelineExecutionStatus, Tag, TriggerType};
use parhelion_testkit::TestServer;
use serde_json::json;

#[tokio::test]
async fn a_pipeline_is_made_read_listed_changed_and_deleted() {
    for protocol in BOTH {
        let server = TestServer::start().await;
        let aws = client(server.url(), protocol);
        let tag = Tag::builder().key("team").value("web").build().expect("a tag");
        let made =
            aws.create_pipeline().pipeline(pipeline("site")).tags(tag.clone()).send().await.expect("made");
        assert_eq!(made.tags(), [tag]);
        assert_eq!(made.pipeline().and_then(|p| p.version()), Some(1));

        let got = aws.get_pipeline().name("site").send().await.expect("it is there");
        let metadata = got.metadata().expect("metadata");
        assert_eq!(metadata.pipeline_arn(), Some("arn:aws:codepipeline:eu-west-1:000000000000:site"));
        assert!(metadata.created().is_some() && metadata.created() == metadata.updated());
        let declared = got.pipeline().expect("a pipeline").clone();
        let source = &declared.stages()[0].actions()[0];
        let configured =
            |name: &str| source.configuration().and_then(|all| all.get(name)).map(String::as_str);
        assert_eq!((configured("Branch"), configured("OAuthToken")), (Some("main"), Some("****")));

        let changed = aws.update_pipeline().pipeline(declared).send().await.expect("changed");
        assert_eq!(changed.pipeline().and_then(|p| p.version()), Some(2));
        aws.create_pipeline().pipeline(pipeline("another")).send().await.expect("made");
        let mut pages = aws.list_pipelines().max_results(1).into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            names.push(page.expect("a page").name().unwrap_or_default().to_owned());
        }
        assert_eq!(names, ["another", "site"], "{protocol:?}");
        assert_eq!(
            aws.get_pipeline()
                .name("site")
                .version(1)
                .send()
                .await
                .expect("kept")
                .pipeline()
                .and_then(|p| p.version()),
            Some(1)
        );

        aws.delete_pipeline().name("site").send().await.expect("deleted");
        let gone = aws.get_pipeline().name("site").send().await.expect_err("it is gone").into_service_error();
        assert!(gone.is_pipeline_not_found_exception(), "{gone:?}");
        server.main().idle().await;
    }
}

#[tokio::test]
async fn each_protocol_is_spoken_as_itself() {
    for (protocol, path, content_type) in [
        (Protocol::Json, "/", "application/x-amz-json-1.1"),
        (Protocol::Cbor, "/service/CodePipeline_20150709/operation/ListPipelines", "application/cbor"),
    ] {
        let server = TestServer::start().await;
        client(server.url(), protocol).list_pipelines().send().await.expect("a list");
        let asked = server.main().items("/_parhelion/requests").await;
        assert_eq!((&asked[0]["path"], &asked[0]["operation"]), (&json!(path), &json!("ListPipelines")));
        assert_eq!(asked[0]["tenant"], "000000000000/eu-west-1");
        let id = asked[0]["id"].as_str().expect("an id");
        let whole = server.main().get(&format!("/_parhelion/requests/{id}")).await.want(200);
        let typed = format!("[\"content-type\",\"{content_type}\"]");
        assert_eq!(whole.text().matches(&typed).count(), 2, "request and answer: {whole:?}");
    }
}

#[tokio::test]
async fn errors_arrive_as_their_types_with_their_messages() {
    for protocol in BOTH {
        let server = TestServer::start().await;
        let aws = client(server.url(), protocol);
        aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");

        let twice = aws.create_pipeline().pipeline(pipeline("site")).send().await.expect_err("in use");
        assert!(twice.into_service_error().is_pipeline_name_in_use_exception());
        let missing =
            aws.get_pipeline_state().name("none").send().await.expect_err("none").into_service_error();
        assert!(missing.is_pipeline_not_found_exception());
        assert!(missing.message().is_some_and(|said| said.contains("none")), "{missing:?}");
        let old = aws.get_pipeline().name("site").version(9).send().await.expect_err("never");
        assert!(old.into_service_error().is_pipeline_version_not_found_exception());
        let token = aws.list_pipelines().next_token("none of ours").send().await.expect_err("no token");
        assert!(token.into_service_error().is_invalid_next_token_exception());
        let hook = aws.put_webhook().webhook(webhook("push", "none")).send().await.expect_err("no target");
        assert!(hook.into_service_error().is_pipeline_not_found_exception());
        let job = aws
            .get_third_party_job_details()
            .job_id("none")
            .client_token("x")
            .send()
            .await
            .expect_err("none");
        assert!(job.into_service_error().is_job_not_found_exception());

        // A constraint of the model, in the service's words. (The client does not check it.)
        let broken = aws.get_pipeline().name("no space allowed").send().await.expect_err("no name");
        let SdkError::ServiceError(context) = &broken else { panic!("{broken:?}") };
        assert_eq!(context.raw().status().as_u16(), 400);
        assert!(!context.raw().headers().get("x-amzn-requestid").unwrap_or_default().is_empty());
        let broken = broken.into_service_error();
        assert!(broken.is_validation_exception(), "{protocol:?}: {broken:?}");
        let said = broken.message().unwrap_or_default();
        assert!(
            said.starts_with("1 validation error detected: Value at 'name' failed to satisfy constraint: "),
            "{said}"
        );
        server.main().idle().await;
    }
}

#[tokio::test]
async fn a_signed_push_starts_an_execution_in_a_world_below_a_path_too() {
    for protocol in BOTH {
        let server = TestServer::start().await;
        for (api, path) in [(server.main(), ""), (server.world("w1"), "/_w/w1")] {
            let aws = client(api.url(), protocol);
            aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");
            let put = aws.put_webhook().webhook(webhook("push", "site")).send().await.expect("put");
            let hook = put.webhook().expect("a webhook");
            let url = hook.url();
            assert!(url.starts_with(&format!("{}{path}/trigger?t=", server.url())), "{url}");
            let shown = hook
                .definition()
                .and_then(|d| d.authentication_configuration())
                .and_then(|c| c.secret_token());
            assert_eq!(shown, Some("****"));

            push(&api, url, "main", SECRET).await.want(200);
            api.idle().await;
            let listed = aws.list_pipeline_executions().pipeline_name("site").send().await.expect("a list");
            let of_hook = |trigger: &TriggerType| *trigger == TriggerType::Webhook;
            let ours: Vec<_> = listed
                .pipeline_execution_summaries()
                .iter()
                .filter(|e| e.trigger().and_then(|t| t.trigger_type()).is_some_and(of_hook))
                .collect();
            assert_eq!(ours.len(), 1, "{listed:?}");
            assert_eq!(ours[0].source_revisions()[0].revision_id(), Some(COMMIT));
            assert_eq!(ours[0].status(), Some(&PipelineExecutionStatus::InProgress));
        }
        // What was made in one world is not in another.
        let elsewhere = client(server.world("w2").url(), protocol);
        assert!(elsewhere.list_pipelines().send().await.expect("a list").pipelines().is_empty());
    }
}

#[tokio::test]
async fn a_push_that_is_not_wanted_starts_nothing_and_the_journal_says_why() {
    let server = TestServer::start().await;
    let api = server.main();
    let aws = client(server.url(), Protocol::Json);
    aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");
    let put = aws.put_webhook().webhook(webhook("push", "site")).send().await.expect("put");
    let url = put.webhook().expect("a webhook").url();
    let executions = async || {
        api.idle().await;
        let listed = aws.list_pipeline_executions().pipeline_name("site").send().await.expect("a list");
        listed.pipeline_execution_summaries().len()
    };
    let before = executions().await;

    let forged = push(&api, url, "main", "another secret").await.want(403);
    let story = api.explain(forged.header("x-parhelion-request-id")).await;
    assert!(
        story.starts_with("FAILED") && story.contains("signature.checked") && !story.contains(SECRET),
        "{story}"
    );
    let missed = push(&api, url, "other", SECRET).await.want(200);
    let story = api.explain(missed.header("x-parhelion-request-id")).await;
    assert!(story.contains("filter.evaluated") && story.contains("refs/heads/other"), "{story}");
    assert_eq!(executions().await, before);

    aws.delete_webhook().name("push").send().await.expect("deleted");
    push(&api, url, "main", SECRET).await.want(404);
    assert_eq!(executions().await, before);
}

#[tokio::test]
async fn tags_come_back_as_they_were_given() {
    for protocol in BOTH {
        let server = TestServer::start().await;
        let aws = client(server.url(), protocol);
        aws.create_pipeline().pipeline(pipeline("site")).send().await.expect("made");
        let arn = "arn:aws:codepipeline:eu-west-1:000000000000:site";
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().expect("a tag");
        aws.tag_resource()
            .resource_arn(arn)
            .tags(tag("a", "1"))
            .tags(tag("b", ""))
            .send()
            .await
            .expect("tagged");
        aws.untag_resource().resource_arn(arn).tag_keys("a").send().await.expect("untagged");
        let listed = aws.list_tags_for_resource().resource_arn(arn).send().await.expect("a list");
        assert_eq!(listed.tags(), [tag("b", "")]);
        let other = "arn:aws:codepipeline:eu-west-1:000000000000:none";
        let missing = aws.list_tags_for_resource().resource_arn(other).send().await.expect_err("none");
        assert!(missing.into_service_error().is_resource_not_found_exception());
        server.main().idle().await;
    }
}
