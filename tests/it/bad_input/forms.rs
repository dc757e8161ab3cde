//! Unknown operations, malformed bodies, missing members, wrong types, what is not there, no UTF-8, too deep.

use super::{
    AZURE_WEBHOOK, JSON_CALLS, all_is_well, aws, aws_cbor, aws_json, aws_webhook, azure_webhook, executions,
    is_aws, is_aws_cbor, is_azure, is_google, is_kudu, is_unreadable, with_json,
};
use parhelion_testkit::TestServer;
use serde_json::json;

#[tokio::test]
async fn an_unknown_operation() {
    let server = TestServer::start().await;
    let api = server.main();
    is_aws(&aws_json(&api, "NoSuchThing", "{}").await, 400, "UnknownOperationException");
    is_aws_cbor(&aws_cbor(&api, "NoSuchThing", vec![0xa0]).await, 404, "UnknownOperationException");
    is_azure(&api.get("/org/_apis/nothing?api-version=7.1").await, 404, "HttpException");
    is_azure(&api.get("/org/site/_apis/build/nothing?api-version=7.1").await, 404, "HttpException");
    is_google(&api.get("/v1/projects/p/locations/us-central1/nothing").await, 404, "NOT_FOUND");
    is_google(
        &api.post("/v1/projects/p/locations/us-central1/instances/i:nothing", &json!({})).await,
        404,
        "NOT_FOUND",
    );
    let kudu = api.get("/kudu/site/api/nothing?x=1").await.want(404);
    assert_eq!(kudu.json(), "No route registered for '/api/nothing?x=1'");
    api.get("/_parhelion/nothing").await.problem(404, "/_parhelion/nothing");
    api.get("/nothing/at/all").await.problem(404, "GET /nothing/at/all");
    // The right path by the wrong method.
    is_azure(
        &api.delete("/org/_apis/projects?api-version=7.1").await,
        405,
        "VssRequestMethodNotAllowedException",
    );
    api.delete("/_parhelion/health").await.problem(405, "GET");
    all_is_well(&api).await;
}

#[tokio::test]
async fn malformed_json() {
    let server = TestServer::start().await;
    let api = server.main();
    for (surface, path) in JSON_CALLS {
        for body in
            ["{", "{\"name\":}", "nonsense", "{\"name\":\"a\"} {}", "{'name': 'a'}", "\u{feff}{", "\0"]
        {
            let answer = with_json(&api, surface, path, body).await;
            is_unreadable(&answer, surface);
        }
    }
    all_is_well(&api).await;
}

#[tokio::test]
async fn malformed_cbor() {
    let server = TestServer::start().await;
    let api = server.main();
    for body in [
        &b"\xa1\x61"[..],                                    // a map that ends early
        b"\xbf\x64name\x64site",                             // a map without its end
        b"\xff",                                             // a break of nothing
        b"\x1c",                                             // a reserved length
        b"\xa1\x64name\x7b\xff\xff\xff\xff\xff\xff\xff\xff", // a text of 2^64 bytes
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",             // a list of 2^64 items
        b"{\"name\":\"site\"}",                              // JSON
        b"\xa1\x64name\x61\xff",                             // a text that is no UTF-8
        b"\xa1\x64name\x64site\x00",                         // something behind it
        b"\x83\x01\x02\x03",                                 // no map
    ] {
        let answer = aws_cbor(&api, "GetPipeline", body).await;
        is_aws_cbor(&answer, 400, "SerializationException");
    }
    // CBOR where JSON is due, and another type altogether.
    let crossed =
        aws(&api, "GetPipeline").body("application/x-amz-json-1.1", &b"\xa1\x64name\x64site"[..]).await;
    is_aws(&crossed, 400, "SerializationException");
    let path = "/service/CodePipeline_20150709/operation/GetPipeline";
    let typed = api.call("POST", path).header("smithy-protocol", "rpc-v2-cbor").body("text/plain", "x").await;
    is_aws_cbor(&typed, 415, "UnsupportedMediaTypeException");
    all_is_well(&api).await;
}

#[tokio::test]
async fn missing_members() {
    let server = TestServer::start().await;
    let api = server.main();
    let answer = aws_json(&api, "PutWebhook", "{\"webhook\":{\"name\":\"push\"}}").await;
    is_aws(&answer, 400, "ValidationException");
    let said = answer.json()["message"].as_str().unwrap_or_default().to_owned();
    assert!(said.starts_with("5 validation errors detected: "), "{said}");
    for member in
        ["targetPipeline", "targetAction", "filters", "authentication", "authenticationConfiguration"]
    {
        assert!(
            said.contains(&format!(
                "Value at 'webhook.{member}' failed to satisfy constraint: Member must not be null"
            )),
            "{said}"
        );
    }
    is_aws(
        &aws(&api, "GetPipeline").body("application/x-amz-json-1.1", "").await,
        400,
        "ValidationException",
    );
    is_aws_cbor(&aws_cbor(&api, "GetPipeline", vec![0xa0]).await, 400, "ValidationException");
    is_azure(
        &api.post("/org/_apis/projects?api-version=7.1", &json!({})).await,
        400,
        "InvalidProjectNameException",
    );
    is_azure(
        &api.get("/org/_apis/projects?api-version=never").await,
        400,
        "VssInvalidApiResourceVersionException",
    );
    let instances = "/v1/projects/p/locations/us-central1/instances";
    is_google(&api.post(instances, &json!({})).await, 400, "INVALID_ARGUMENT");
    is_kudu(&api.post("/kudu/site/api/hooks", &json!({"event": "x"})).await, 500, "System.FormatException");
    api.post("/_parhelion/rollback", &json!({})).await.problem(400, "to_seq");
    all_is_well(&api).await;
}

#[tokio::test]
async fn wrong_types() {
    let server = TestServer::start().await;
    let api = server.main();
    for name in [json!(7), json!([]), json!({}), json!(true)] {
        let body = json!({"name": name}).to_string();
        is_aws(&aws_json(&api, "GetPipeline", body).await, 400, "SerializationException");
    }
    is_aws_cbor(
        &aws_cbor(&api, "GetPipeline", &b"\xa1\x64name\x07"[..]).await,
        400,
        "SerializationException",
    );
    is_azure(
        &api.post("/org/_apis/projects?api-version=7.1", &json!({"name": 7})).await,
        400,
        "VssPropertyValidationException",
    );
    let instances = "/v1/projects/p/locations/us-central1/instances?instanceId=i";
    is_google(&api.post(instances, &json!({"labels": 7})).await, 400, "INVALID_ARGUMENT");
    is_google(&api.post(instances, &json!({"labels": {"a": 7}})).await, 400, "INVALID_ARGUMENT");
    is_google(&api.post(instances, &json!({"nothing": 7})).await, 400, "INVALID_ARGUMENT");
    for bad in [json!({"url": []}), json!({"url": "http://h/", "insecure_ssl": "perhaps"})] {
        assert_eq!(api.post("/kudu/site/api/hooks", &bad).await.want(400).text(), "");
    }
    api.post("/_parhelion/rollback", &json!({"to_seq": "1"})).await.problem(400, "expected u64");
    for (surface, path) in JSON_CALLS {
        for body in ["[]", "7", "\"text\"", "true"] {
            is_unreadable(&with_json(&api, surface, path, body).await, surface);
        }
    }
    all_is_well(&api).await;
}

#[tokio::test]
async fn what_is_not_there() {
    let server = TestServer::start().await;
    let api = server.main();
    // An organization comes into being by being asked; what is in it does not.
    is_azure(
        &api.get("/org/_apis/projects/none?api-version=7.1").await,
        404,
        "ProjectDoesNotExistWithNameException",
    );
    is_azure(
        &api.get("/org/none/_apis/build/builds?api-version=7.1").await,
        404,
        "ProjectDoesNotExistWithNameException",
    );
    is_azure(&api.post(AZURE_WEBHOOK, &json!({})).await, 500, "WebHookNotFoundException");
    let missing = "/v1/projects/none/locations/us-central1/repositories/none";
    is_google(&api.get(missing).await, 404, "NOT_FOUND");
    is_google(&api.delete(missing).await, 404, "NOT_FOUND");
    let git = api.get("/_ssm/git/us-central1/none/p/r.git/info/refs?service=git-upload-pack").await.want(404);
    assert_eq!(git.text(), "repository 'p/r' not found\n");
    is_aws(&aws_json(&api, "GetPipeline", r#"{"name":"none"}"#).await, 400, "PipelineNotFoundException");
    let trigger = api.post("/trigger?t=none", &json!({})).await.want(404);
    assert!(trigger.json()["message"].is_string(), "{trigger:?}");
    // A site exists as soon as it is addressed; a name that can be none does not.
    for name in ["-site", "a.b", "a%2Fb", "%ff", &"a".repeat(60)] {
        let answer = api.get(&format!("/kudu/{name}/api/hooks")).await.want(404);
        assert!(answer.json()["Message"].is_string(), "{answer:?}");
    }
    is_azure(&api.get("/-org-/_apis/projects?api-version=7.1").await, 400, "InvalidHostNameException");
    let state = api.get("/_parhelion/state").await.json();
    assert_eq!(
        (&state["kudu"], &state["codepipeline"], &state["secure-source-manager"]),
        (&json!({}), &json!({}), &json!({}))
    );
    all_is_well(&api).await;
}

#[tokio::test]
async fn bytes_that_are_no_utf8() {
    let server = TestServer::start().await;
    let api = server.main();
    for (surface, path) in JSON_CALLS {
        for body in [
            &b"{\"name\":\"\xff\"}"[..],
            b"{\"na\xc3\":1}",
            b"\xff\xfe{\x00}\x00",
            b"{\"name\":\"\xed\xa0\x80\"}",
        ] {
            is_unreadable(&with_json(&api, surface, path, body).await, surface);
        }
    }
    // Half a surrogate pair, which JSON can write and UTF-8 cannot.
    is_aws(&aws_json(&api, "GetPipeline", r#"{"name":"\ud800"}"#).await, 400, "SerializationException");
    for path in [
        "/org/_apis/projects/%ff?api-version=7.1",
        "/%ff/_apis/projects?api-version=7.1",
        "/v1/projects/%ff/locations/us-central1/instances",
        "/kudu/site/api/hooks/%ff",
        "/kudu/site/api/deployments/%ff",
        "/trigger?t=%ff",
        "/_parhelion/state/kudu/%ff",
        "/_parhelion/explain/%ff",
        "/_parhelion/events?kind=%ff",
        "/_ssm/git/%ff/i/p/r.git/info/refs?service=git-upload-pack",
    ] {
        let answer = api.get(path).await;
        assert!((200..500).contains(&answer.status), "{answer:?}");
    }
    let mut raw = server.raw().await;
    raw.send(
        b"GET /kudu/\xff/api/hooks HTTP/1.1\r\nhost: h\r\nx-bytes: \xff\xfe\r\nconnection: close\r\n\r\n",
    )
    .await;
    let answer = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    let mut raw = server.raw().await;
    raw.send(
        b"GET /kudu/site/api/hooks HTTP/1.1\r\nhost: h\r\nx-bytes: \xff\xfe\r\nconnection: close\r\n\r\n",
    )
    .await;
    let answer = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "a header's bytes are nobody's affair: {answer}");
    all_is_well(&api).await;
}

#[tokio::test]
async fn a_hundred_thousand_levels() {
    let server = TestServer::start().await;
    let api = server.main();
    let lists = "[".repeat(100_000);
    let closed = format!("{lists}{}", "]".repeat(100_000));
    let objects = "{\"a\":".repeat(100_000);
    let inside = format!("{{\"name\":{closed}}}");
    for (surface, path) in JSON_CALLS {
        for body in [&lists, &closed, &objects, &inside] {
            is_unreadable(&with_json(&api, surface, path, body.clone()).await, surface);
        }
    }
    let cbor_lists = vec![0x81; 100_000];
    let cbor_maps: Vec<u8> = b"\xa1\x61a".repeat(100_000);
    let cbor_tags = vec![0xc1; 100_000];
    let cbor_open = vec![0x9f; 100_000];
    for body in [cbor_lists, cbor_maps, cbor_tags, cbor_open] {
        is_aws_cbor(&aws_cbor(&api, "GetPipeline", body).await, 400, "SerializationException");
    }

    // Webhooks: the sender is told nothing of its body, and nothing starts.
    let url = aws_webhook(&api, "UNAUTHENTICATED", json!({})).await;
    let before = executions(&api).await;
    for body in [&lists, &closed, &objects, &inside] {
        let answer = api.call("POST", &url).body("application/json", body.clone()).await;
        assert!(answer.status == 200 || answer.status == 400, "{answer:?}");
    }
    assert_eq!(executions(&api).await, before);
    azure_webhook(&api).await;
    for body in [&lists, &closed] {
        let answer = api.call("POST", AZURE_WEBHOOK).body("application/json", body.clone()).await;
        assert!((400..500).contains(&answer.status) && answer.json()["typeKey"].is_string(), "{answer:?}");
    }
    let published =
        api.call("POST", "/kudu/site/api/hooks/publish/x").body("application/json", closed.clone());
    published.await.want(200);
    all_is_well(&api).await;
}
