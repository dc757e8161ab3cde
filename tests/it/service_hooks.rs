//! Service hooks of Azure DevOps with a real receiver: what arrives, what a receiver that is gone leads to, and a failing
//! one, tried again on schedule by the emulator's clock.

use parhelion_testkit::{Api, Receiver, TestServer};
use serde_json::{Value, json};

const HOOKS: &str = "/fabrikam/_apis/hooks";

/// A project with a pipeline, and a subscription to its builds.
async fn subscribed(api: &Api, url: &str, settings: Value) -> String {
    api.post("/fabrikam/_apis/projects", &json!({"name": "site"})).await.want(202);
    let push = json!({
        "refUpdates": [{"name": "refs/heads/main", "oldObjectId": "0".repeat(40)}],
        "commits": [{"comment": "first [skip ci]", "changes": [{
            "changeType": "add", "item": {"path": "/azure-pipelines.yml"},
            "newContent": {"content": "steps:\n- script: echo\n", "contentType": "rawtext"},
        }]}],
    });
    api.post("/fabrikam/site/_apis/git/repositories/site/pushes", &push).await.want(201);
    let definition = json!({"name": "ci", "process": {"type": 2, "yamlFilename": "azure-pipelines.yml"}});
    api.post("/fabrikam/site/_apis/build/definitions", &definition).await.want(200);
    let mut settings = settings;
    settings["url"] = json!(url);
    let given = json!({
        "publisherId": "tfs", "eventType": "build.complete", "consumerId": "webHooks",
        "consumerActionId": "httpRequest", "publisherInputs": {"buildStatus": "Succeeded"}, "consumerInputs": settings,
    });
    let made = api.post(&format!("{HOOKS}/subscriptions"), &given).await.want(200).json();
    made["id"].as_str().expect("an id").to_owned()
}

async fn queue(api: &Api) {
    let asked = json!({"definition": {"id": 1}});
    api.post("/fabrikam/site/_apis/build/builds", &asked).await.want(200);
}

async fn advance(api: &Api, by: &str) {
    api.post("/_parhelion/clock/advance", &json!({"by": by})).await.want(200);
    api.idle().await;
}

async fn status(api: &Api, id: &str) -> Value {
    api.get(&format!("{HOOKS}/subscriptions/{id}")).await.want(200).json()["status"].clone()
}

async fn newest(api: &Api, id: &str) -> Value {
    let told = api.get(&format!("{HOOKS}/subscriptions/{id}/notifications")).await.want(200).json();
    told["value"][0].clone()
}

#[tokio::test]
async fn a_build_that_is_over_is_told() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    let settings =
        json!({"basicAuthUsername": "me", "basicAuthPassword": "geheim", "httpHeaders": "X-Team: a\nx-b:c"});
    let id = subscribed(&api, &format!("{}/hook?k=v", receiver.url()), settings).await;
    queue(&api).await;
    let came = receiver.wait_for(1).await[0].clone();
    assert_eq!(
        (came.method.as_str(), came.path.as_str(), came.query.as_deref()),
        ("POST", "/hook", Some("k=v"))
    );
    assert!(came.header("user-agent").is_some_and(|a| a.starts_with("VSServices/")), "{came:?}");
    assert_eq!(came.header("authorization"), Some("Basic bWU6Z2VoZWlt"));
    assert_eq!((came.header("X-Team"), came.header("X-B")), (Some("a"), Some("c")));
    assert_eq!(came.header("content-type"), Some("application/json; charset=utf-8"));
    let event = came.json();
    assert_eq!((&event["subscriptionId"], &event["eventType"]), (&json!(id), &json!("build.complete")));
    let build = event["resource"]["url"].as_str().expect("a link").to_owned();
    let build = api.get(build.strip_prefix(api.url()).expect("a link to this server")).await.want(200).json();
    assert_eq!((&build["id"], &build["status"]), (&json!(1), &json!("completed")));
    api.idle().await;
    let notification = newest(&api, &id).await;
    assert_eq!(notification["result"], "succeeded");
    assert_eq!(notification["details"]["event"], event);
    let story = api.explain(&id).await;
    assert!(story.contains("wants build.complete") && !story.contains("geheim"), "{story}");
}

#[tokio::test]
async fn a_receiver_that_is_gone_disables_its_subscription() {
    let server = TestServer::start().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.respond(410, "gone");
    let id = subscribed(&api, &receiver.url(), json!({})).await;
    queue(&api).await;
    receiver.wait_for(1).await;
    api.idle().await;
    assert_eq!(status(&api, &id).await, "disabledBySystem");
    queue(&api).await;
    api.idle().await;
    assert_eq!(receiver.requests().len(), 1);
    let story = api.explain(&id).await;
    assert!(story.contains("answered 410") && story.contains("disabled when its receiver failed"), "{story}");
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_on_schedule() {
    let server = TestServer::manual().await;
    let api = server.main();
    let receiver = Receiver::start().await;
    receiver.respond(503, "busy");
    let id = subscribed(&api, &receiver.url(), json!({})).await;
    queue(&api).await;
    let mut came = 1;
    receiver.wait_for(came).await;
    api.idle().await;
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(status(&api, &id).await, "enabled", "{came}");
        if wait > 1 {
            advance(&api, &format!("{}s", wait - 1)).await;
            assert_eq!(receiver.requests().len(), came, "not before its time");
        }
        advance(&api, "1s").await;
        came += 1;
        receiver.wait_for(came).await;
        api.idle().await;
    }
    // The schedule is over: only this event is sent again, and the receiver has recovered.
    assert_eq!(status(&api, &id).await, "onProbation");
    queue(&api).await;
    api.idle().await;
    assert_eq!(receiver.requests().len(), came);
    receiver.respond(200, "");
    let story = api.explain(&id).await;
    assert!(story.contains("on probation"), "{story}");
    advance(&api, "20s").await;
    let all = receiver.wait_for(came + 1).await;
    api.idle().await;
    assert_eq!(all.last().map(|r| r.json()), all.first().map(|r| r.json()), "the very same event");
    assert_eq!(status(&api, &id).await, "enabled");
    let notification = newest(&api, &id).await;
    assert_eq!(notification["details"]["requestAttempts"], came + 1, "{notification}");
}
