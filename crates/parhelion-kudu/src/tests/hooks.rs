//! Hooks over HTTP.

use crate::testing::{JSON, Server};
use crate::{HookSettings, PayloadForm, Settings};
use expect_test::expect;
use parhelion_http::Body;
use serde_json::{Value, json};

fn hook() -> Value {
    json!({"url": "http://www.callback.com/callback", "event": "PostDeployment", "insecure_ssl": false})
}

#[tokio::test]
async fn subscribe_answers_201_then_the_same_then_409() {
    let server = Server::new();
    let first = server.post("/kudu/site/api/hooks", &hook()).await;
    assert_eq!(first.status, 201);
    expect![[r#"{"id":"639028224000000000","event":"PostDeployment","url":"http://www.callback.com/callback","insecure_ssl":false,"last_status":null,"last_reason":null,"last_datetime":"0001-01-01T00:00:00","last_context":null}"#]]
    .assert_eq(&first.body);
    assert_eq!(first.header("content-type"), "application/json; charset=utf-8");
    assert_eq!((first.named.operation.as_ref(), first.named.tenant.as_str()), ("SubscribeHook", "site"));

    let mut again = hook();
    again["url"] = " HTTP://WWW.callback.com/callback ".into();
    again["event"] = "postDeployment".into();
    again["insecure_ssl"] = true.into();
    let again = server.post("/kudu/site/api/hooks", &again).await;
    assert_eq!(again.pair(), (201, first.body.as_str()));

    let mut other = hook();
    other["event"] = "TriggeredJobFinished".into();
    let other = server.post("/kudu/site/api/hooks", &other).await;
    assert_eq!(other.pair(), (409, ""));
    assert_eq!(server.get("/kudu/site/api/hooks").await.body, format!("[{}]", first.body));
}

#[tokio::test]
async fn hooks_are_listed_got_and_deleted() {
    let server = Server::new();
    assert_eq!(server.get("/kudu/site/api/hooks").await.pair(), (200, "[]"));
    let first = server.post("/kudu/site/api/hooks", &hook()).await;
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let second = server.post("/kudu/site/api/hooks", &json!({"url": "ftp://h/x"})).await;
    assert_eq!((second.status, &second.json()["event"]), (201, &Value::Null));
    let both = format!("[{},{}]", first.body, second.body);
    assert_eq!(server.get("/kudu/site/api/hooks/").await.body, both);
    assert_eq!(server.get(&format!("/kudu/SITE/API/Hooks/{id}")).await.pair(), (200, first.body.as_str()));
    assert_eq!(server.get("/kudu/site/api/hooks/1").await.pair(), (200, "null"));
    assert_eq!(server.get(&format!("/kudu/site/api/hooks/0{id}")).await.pair(), (200, "null"));
    for _ in 0..2 {
        let gone = server.call("DELETE", &format!("/kudu/site/api/hooks/{id}"), "", Body::empty()).await;
        assert_eq!(gone.pair(), (200, ""));
    }
    assert_eq!(server.get("/kudu/site/api/hooks").await.body, format!("[{}]", second.body));
    // Another site knows nothing of it.
    assert_eq!(server.get("/api/hooks").await.body, "[]");
}

#[tokio::test]
async fn an_unknown_hook_may_be_404() {
    let hooks = HookSettings { strict_404: true, ..HookSettings::default() };
    let server = Server::with(Settings { hooks, ..Settings::default() });
    assert_eq!(server.get("/kudu/site/api/hooks/1").await.pair(), (404, ""));
}

#[tokio::test]
async fn publish_waits_for_all_and_passes_the_body_on() {
    for route in ["/kudu/site/api/hooks/publish/My%20Event", "/kudu/site/api/hooks/hooks/publish/my%20event"]
    {
        let server = Server::new();
        for url in ["http://a/", "http://b/"] {
            server.post("/kudu/site/api/hooks", &json!({"url": url, "event": "My Event"})).await;
        }
        let publish = server.call("POST", route, JSON, r#"{"A":null,"big":12345678901234567890123,"e":[]}"#);
        let settle = async {
            let sent = server.sent(2).await;
            let body = "{\r\n  \"A\": null,\r\n  \"big\": 12345678901234567890123,\r\n  \"e\": []\r\n}";
            assert!(sent.iter().all(|s| s.delivery.body == body.as_bytes()));
            // One outcome is known: the call still waits.
            server.settle(0, Ok(200));
            let listed = server.get("/kudu/site/api/hooks").await.json();
            assert_eq!((&listed[0]["last_status"], &listed[1]["last_status"]), (&json!("OK"), &Value::Null));
            assert_eq!(listed[1]["last_context"], body);
            assert_eq!(listed[1]["last_datetime"], "2026-01-01T00:00:00Z");
            server.settle(1, Ok(503));
        };
        let (answer, ()) = tokio::join!(publish, settle);
        assert_eq!(answer.pair(), (200, ""));
        let listed = server.get("/kudu/site/api/hooks").await.json();
        assert_eq!(listed[1]["last_status"], "ServiceUnavailable");
        assert_eq!(listed[1]["last_reason"], "Service Unavailable");
    }
}

#[tokio::test]
async fn publish_to_nobody_answers_at_once() {
    let server = Server::new();
    for (media_type, body) in
        [("", ""), (JSON, "{"), (JSON, "5"), ("text/json; charset=utf-8", "\u{feff}[1]")]
    {
        let answer = server.call("POST", "/kudu/site/api/hooks/publish/x", media_type, body).await;
        assert_eq!(answer.pair(), (200, ""), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_none_is_published_as_null() {
    let server = Server::new();
    server.post("/kudu/site/api/hooks", &json!({"url": "http://a/", "event": "x"})).await;
    for (n, body) in ["", "{\"a\":", "null"].into_iter().enumerate() {
        let publish = server.call("POST", "/kudu/site/api/hooks/publish/x", JSON, body);
        let settle = async {
            assert_eq!(server.sent(n + 1).await[n].delivery.body, "null");
            server.settle(n, Ok(200));
        };
        assert_eq!(tokio::join!(publish, settle).0.status, 200);
    }
}

#[tokio::test]
async fn a_caller_that_leaves_loses_nothing() {
    let server = Server::new();
    server.post("/kudu/site/api/hooks", &json!({"url": "http://a/", "event": "x"})).await;
    {
        let publish = std::pin::pin!(server.call("POST", "/kudu/site/api/hooks/publish/x", JSON, "1"));
        let sent = std::pin::pin!(server.sent(1));
        // Whichever comes first: the publication cannot, its delivery is open.
        tokio::select! { _ = publish => panic!("it waits"), _ = sent => {} }
    }
    server.settle(0, Ok(200));
    assert_eq!(server.get("/kudu/site/api/hooks").await.json()[0]["last_status"], "OK");
}

#[tokio::test]
async fn gone_removes_a_hook_unless_it_is_to_be_kept() {
    for (remove_when_gone, left) in [(true, 0), (false, 1)] {
        let hooks = HookSettings { remove_when_gone, ..HookSettings::default() };
        let server = Server::with(Settings { hooks, ..Settings::default() });
        server.post("/kudu/site/api/hooks", &json!({"url": "http://a/", "event": "x"})).await;
        let publish = server.call("POST", "/kudu/site/api/hooks/publish/x", JSON, "1");
        let settle = async {
            server.sent(1).await;
            server.settle(0, Ok(410));
        };
        tokio::join!(publish, settle);
        assert_eq!(server.get("/kudu/site/api/hooks").await.json().as_array().unwrap().len(), left);
    }
}

#[test]
fn payload_forms_have_names() {
    let of = |text: &str| text.parse::<PayloadForm>();
    assert_eq!(of("wiki"), Ok(PayloadForm::Wiki));
    assert_eq!((of("both"), of("kudu")), (Ok(PayloadForm::Both), Ok(PayloadForm::Kudu)));
    assert!(of("Wiki2").unwrap_err().contains("both, kudu, wiki"));
}
