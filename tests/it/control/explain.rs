//! Why it came out as it did.

use super::{hook, publish};
use parhelion_testkit::{Answer, TestServer};
use serde_json::{Value, json};

/// All facts of a story, with how deep they stand.
fn facts(story: &Value) -> Vec<(usize, String)> {
    fn walk(node: &Value, depth: usize, into: &mut Vec<(usize, String)>) {
        for child in node["because"].as_array().into_iter().flatten() {
            into.push((depth, child["kind"].as_str().unwrap_or_default().to_owned()));
            walk(child, depth + 1, into);
        }
    }
    let mut all = Vec::new();
    walk(story, 0, &mut all);
    all
}

fn request_id(answer: &Answer) -> String {
    answer.header("x-parhelion-request-id").to_owned()
}

#[tokio::test]
async fn a_delivery_goes_back_to_the_request_that_led_to_it() {
    let server = TestServer::start().await;
    let api = server.main();
    let id = hook(&api, "site", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    let published = request_id(&publish(&api, "site", "x").await);
    let story = api.get("/_parhelion/explain/d1").await.want(200).json();
    assert_eq!((&story["id"], &story["verdict"]), (&json!("d1"), &json!("ok")));
    assert!(story["fact"].as_str().is_some_and(|fact| fact.contains("answered 200")), "{story}");
    let kinds = facts(&story);
    assert_eq!(kinds[0], (0, "request".to_owned()));
    let depth = |kind: &str| {
        kinds.iter().find(|(_, k)| k == kind).unwrap_or_else(|| panic!("no {kind} in {kinds:?}")).0
    };
    // One chain: each step stands below what led to it.
    let chain = [
        "request",
        "event.published",
        "hook.matched",
        "delivery.created",
        "delivery.sending",
        "delivery.attempt",
    ];
    let depths: Vec<usize> = chain.iter().map(|kind| depth(kind)).collect();
    assert!(
        depths.is_sorted() && depths[0] < depths[1] && depths[1] < depths[2] && depths[2] < depths[3],
        "{kinds:?}"
    );

    // The same chain, asked for by the request, the hook (with and without its kind) and a seq.
    let by_request = api.get(&format!("/_parhelion/explain/{published}")).await.want(200).json();
    assert_eq!(facts(&by_request), kinds);
    assert_eq!(
        (&by_request["detail"]["operation"], &by_request["detail"]["status"]),
        (&json!("PublishEvent"), &json!(200))
    );
    for by in [format!("hook:{id}"), id.clone()] {
        let by_hook = api.get(&format!("/_parhelion/explain/{by}")).await.want(200).json();
        assert!(facts(&by_hook).iter().any(|(_, kind)| kind == "hook.created"), "{by_hook}");
    }
    let seq = story["because"][0]["seq"].clone();
    let by_seq = api.get(&format!("/_parhelion/explain/{seq}")).await.want(200).json();
    assert_eq!(facts(&by_seq), kinds);
}

#[tokio::test]
async fn a_failed_delivery_says_why() {
    let server = TestServer::start().await;
    let api = server.main();
    api.put("/_parhelion/sinks/s", &json!({"responses": [{"status": 500}]})).await.want(200);
    hook(&api, "site", "x", &format!("{}/_parhelion/sink/s", api.url())).await;
    publish(&api, "site", "x").await;
    let story = api.get("/_parhelion/explain/d1").await.want(200).json();
    assert_eq!(story["verdict"], "failed");
    let text = api.explain("d1").await;
    assert!(text.starts_with("FAILED d1\n"), "{text}");
    assert!(text.contains("answered 500") && text.contains("error_class: status"), "{text}");
}

#[tokio::test]
async fn a_request_that_led_to_nothing_says_so() {
    let server = TestServer::start().await;
    let api = server.main();
    hook(&api, "site", "other", "http://h/1").await;
    let id = request_id(&publish(&api, "site", "x").await);
    let text = api.explain(&id).await;
    assert!(text.contains("is for \"other\", not for \"x\""), "{text}");
    assert!(text.contains("skipped"), "{text}");
    // Text is indented by cause, and marks what was asked for.
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.iter().any(|line| line.ends_with(" <")), "{text}");
    assert!(lines.iter().any(|line| line.starts_with("skipped     #")), "{text}");
}

#[tokio::test]
async fn a_story_can_be_narrowed_and_an_unknown_one_is_404() {
    let server = TestServer::start().await;
    let api = server.main();
    for site in ["one", "two"] {
        hook(&api, site, "x", "http://127.0.0.1:1/").await;
        publish(&api, site, "x").await;
    }
    let one = api.get("/_parhelion/explain/d1?surface=kudu&tenant=one").await.want(200).json();
    assert_eq!(one["detail"]["tenant"], "one");
    api.get("/_parhelion/explain/d1?tenant=two").await.problem(404, "\"d1\"");
    api.get("/_parhelion/explain/nothing").await.problem(404, "\"nothing\"");
    api.get("/_parhelion/explain/d1?why=x").await.problem(400, "\"why\"");
    api.get("/_parhelion/explain/d1?surface=gitlab").await.problem(400, "unknown surface \"gitlab\"");
}

#[tokio::test]
async fn one_chain_runs_through_two_surfaces() {
    let server = TestServer::start().await;
    let api = server.world("w1");
    let url = crate::bad_input::aws_webhook(&api, "UNAUTHENTICATED", json!({})).await;
    hook(&api, "site", "x", &url).await;
    let push = json!({"ref": "refs/heads/main", "after": "85c7e78e6dfb63bcad4a0bb0953c0b3554ed0e93"});
    let published = api.post("/kudu/site/api/hooks/publish/x", &push).await.want(200);
    api.idle().await;
    let story = api.get(&format!("/_parhelion/explain/{}", request_id(&published))).await.want(200).json();
    let kinds = facts(&story);
    let chain = [
        "request",
        "hook.matched",
        "delivery.created",
        "delivery.sending",
        "webhook.received",
        "execution.started",
    ];
    let mut at = 0;
    for kind in chain {
        let next = kinds[at..].iter().position(|(_, k)| k == kind);
        at += next.unwrap_or_else(|| panic!("no {kind} behind {at} in {kinds:#?}"));
    }
    // It went the short way, and is shown as such.
    let sent = api.get("/_parhelion/deliveries/d1").await.want(200).json();
    assert_eq!(
        (&sent["status"], &sent["attempts"][0]["request"]["loopback"]),
        (&json!("succeeded"), &json!(true))
    );
}

#[tokio::test]
async fn a_chain_ends_where_another_world_begins() {
    let server = TestServer::start().await;
    let (one, two) = (server.world("one"), server.world("two"));
    let url = crate::bad_input::aws_webhook(&two, "UNAUTHENTICATED", json!({})).await;
    hook(&one, "site", "x", &url).await;
    publish(&one, "site", "x").await;
    let received = two.items("/_parhelion/events?kind=webhook.received").await;
    assert_eq!(received.len(), 1);
    let cause = received[0]["cause"].as_u64().expect("a seq");
    let request = two.get(&format!("/_parhelion/events?after={}&limit=1", cause - 1)).await.json();
    assert_eq!((&request["items"][0]["kind"], &request["items"][0]["cause"]), (&json!("request"), &json!(0)));
}
