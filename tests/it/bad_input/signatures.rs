//! Signatures that do not hold, or are none.

use super::{AZURE_WEBHOOK, all_is_well, aws, aws_webhook, azure_webhook, executions, runs};
use parhelion_testkit::TestServer;
use serde_json::json;

#[tokio::test]
async fn a_webhook_of_codepipeline_refuses_a_wrong_signature_in_any_form() {
    let server = TestServer::start().await;
    let api = server.main();
    let url = aws_webhook(&api, "GITHUB_HMAC", json!({"SecretToken": "secret"})).await;
    let before = executions(&api).await;
    let zeros = "0".repeat(40);
    let long = "0".repeat(10_000);
    for signature in [
        format!("sha1={zeros}"),
        zeros.clone(),
        format!("sha256={zeros}"),
        "sha1=".into(),
        "sha1=xyz".into(),
        "".into(),
        long,
    ] {
        let call = api.post(&url, &json!({"ref": "refs/heads/main"})).header("x-hub-signature", &signature);
        let answer = call.await.want(403);
        assert!(answer.json()["message"].is_string(), "{answer:?}");
        let story = api.explain(answer.header("x-parhelion-request-id")).await;
        assert!(story.starts_with("FAILED") && story.contains("signature.checked"), "{story}");
    }
    api.post(&url, &json!({"ref": "refs/heads/main"})).await.want(403);
    assert_eq!(executions(&api).await, before);
    all_is_well(&api).await;
}

#[tokio::test]
async fn a_webhook_of_azure_refuses_a_wrong_checksum_in_any_form() {
    let server = TestServer::start().await;
    let api = server.main();
    azure_webhook(&api).await;
    let before = runs(&api).await;
    let zeros = "0".repeat(40);
    for checksum in [zeros.as_str(), "", "xyz", &"0".repeat(10_000)] {
        let answer = api.post(AZURE_WEBHOOK, &json!({})).header("x-wh-checksum", checksum).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        let story = api.explain(answer.header("x-parhelion-request-id")).await;
        assert!(story.starts_with("FAILED"), "{story}");
        assert!(!story.contains("s3cr3t"), "{story}");
    }
    let answer = api.post(AZURE_WEBHOOK, &json!({})).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.json()["typeKey"].is_string(), "{answer:?}");
    assert_eq!(runs(&api).await, before);
    all_is_well(&api).await;
}

/// Signatures of calls are read for account and region; none is a reason to fail.
#[tokio::test]
async fn an_authorization_of_any_kind_is_read_or_passed_over() {
    let server = TestServer::start().await;
    let api = server.main();
    for given in [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=",
        "AWS4-HMAC-SHA256 Credential=////, SignedHeaders=, Signature=",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f/g/h, SignedHeaders=host, Signature=zz",
        "AWS4-HMAC-SHA256 Credential=AKID/20260101/../codepipeline/aws4_request, SignedHeaders=host, Signature=0",
        "Basic ####",
        "Bearer",
        ",,,===",
    ] {
        let call = aws(&api, "ListPipelines").header("authorization", given);
        let answer = call.body("application/x-amz-json-1.1", "{}").await;
        assert!(answer.status == 200 || answer.json()["__type"].is_string(), "{given}: {answer:?}");
        assert!(answer.status < 500, "{given}: {answer:?}");
    }
    all_is_well(&api).await;
}
