use super::*;
use crate::ops::testing::{Bench, declaration, ready, with_approval};
use crate::ops::{DeletePipeline, DeleteWebhook};
use crate::shapes::{
    DeletePipelineInput, DeleteWebhookInput, PipelineExecutionStatus, WebhookAuthConfiguration,
    WebhookAuthenticationType, WebhookDefinition, WebhookFilterRule,
};
use expect_test::expect;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use parhelion_core::text::hex;
use parhelion_http::Body;
use proptest::prelude::*;
use serde_json::Value;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn push() -> Value {
    json!({
        "ref": "refs/heads/main",
        "after": COMMIT,
        "deleted": false,
        "head_commit": {
            "id": COMMIT,
            "message": "Fix it",
            "url": format!("https://github.com/octo/hello/commit/{COMMIT}"),
            "timestamp": "2025-12-31T10:00:00+01:00",
        },
    })
}

fn sha1(body: &[u8], secret: &str) -> String {
    let mac = Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    format!("sha1={}", hex(&mac.chain_update(body).finalize().into_bytes()))
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    pairs.iter().map(pair).collect()
}

struct Answer {
    status: u16,
    body: Value,
}

fn call_with(bench: &Bench, headers: &HeaderMap, body: &[u8]) -> Answer {
    let sender = Sender::plain("10.1.2.3".parse().unwrap());
    let incoming = Incoming { headers, body, sender: &sender };
    let response = receive(&bench.world, &bench.place, "w", &Call::default(), &incoming);
    let status = response.status().as_u16();
    let bytes = ready(read_body(response.into_body(), 10_000)).unwrap();
    Answer { status, body: serde_json::from_slice(&bytes).unwrap() }
}

/// A call as GitHub makes it.
fn call(bench: &Bench, event: &str, body: &Value) -> Answer {
    let body = body.to_string().into_bytes();
    let signature = sha1(&body, "shh");
    call_with(bench, &headers(&[("x-github-event", event), ("x-hub-signature", &signature)]), &body)
}

fn ready_bench() -> Bench {
    let bench = Bench::new();
    bench.pipeline("p");
    bench.webhook("w", "p");
    bench
}

fn webhook(bench: &Bench) -> Webhook {
    bench.look(|store| Webhook::clone(&store.webhooks["w"]))
}

/// The facts since the newest `webhook.received`, with their verdicts; each is caused by the one before it.
fn story(bench: &Bench) -> String {
    let entries = bench.world.entries(0, usize::MAX, |entry| entry.kind != "codepipeline.event");
    let first = entries.iter().rposition(|entry| entry.kind == "webhook.received").unwrap();
    let told = entries[first..].iter().take_while(|entry| !entry.kind.starts_with("stage"));
    let told: Vec<_> = told.collect();
    assert!(told.windows(2).all(|pair| pair[1].cause == pair[0].seq), "each fact leads to the next");
    let verdict = |entry: &parhelion_state::Entry| format!("{:?}", entry.verdict.unwrap()).to_lowercase();
    told.iter().map(|e| format!("{} {}: {}", e.kind, verdict(e), e.fact)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_signed_push_starts_an_execution_of_the_pushed_commit() {
    let bench = ready_bench();
    let answer = call(&bench, "push", &push());
    assert_eq!((answer.status, &answer.body["result"]), (200, &json!("started")));
    bench.look(|store| {
        let (line, ..) = store.pipeline("p").unwrap();
        let (_, execution) = store.engine.executions_of(line, u64::MAX).next().unwrap();
        assert_eq!(answer.body["pipelineExecutionId"], execution.id.to_string());
        assert_eq!(execution.trigger, TriggerType::Webhook);
        assert_eq!(execution.trigger_detail, "arn:aws:codepipeline:us-east-1:000000000000:webhook:w");
        assert_eq!(execution.status, PipelineExecutionStatus::Succeeded);
        let (action, revision) = &execution.revisions[0];
        assert_eq!((action.as_str(), revision.id.as_str()), ("Pull", COMMIT));
        assert_eq!(revision.summary.as_deref(), Some("Fix it"));
        assert_eq!(revision.created.unwrap().to_rfc3339(), "2025-12-31T09:00:00+00:00");
        assert!(revision.url.as_ref().unwrap().ends_with(COMMIT));
    });
    let webhook = webhook(&bench);
    assert_eq!((webhook.last_triggered, webhook.error), (Some(bench.world.clock.now()), None));
    let body = push().to_string();
    expect![[r#"
        webhook.received ok: webhook 'w' was called with BYTES bytes
        signature.checked ok: HMAC-SHA1 over BYTES bytes agrees
        payload.read ok: the body is JSON
        filter.evaluated ok: $.ref selects 'refs/heads/main'; wanted is 'refs/heads/main': match
        execution.started ok: an execution of version 1 was started by Webhook"#]]
    .assert_eq(&story(&bench).replace(&body.len().to_string(), "BYTES"));
}

#[test]
fn a_wrong_signature_is_refused_and_remembered() {
    let bench = ready_bench();
    let body = push().to_string();
    let wrong = sha1(body.as_bytes(), "other");
    let answer = call_with(&bench, &headers(&[("x-hub-signature", &wrong)]), body.as_bytes());
    assert_eq!(answer.status, 403);
    assert_eq!(bench.executions("p").len(), 1, "only that of the creation");
    let hook = webhook(&bench);
    assert_eq!(hook.error.unwrap().0, "AuthenticationFailed");
    assert_eq!(hook.last_triggered, None);
    let story = story(&bench);
    assert!(story.contains("signature.checked failed: HMAC-SHA1") && story.contains(&wrong), "{story}");
    assert!(!story.contains("shh"), "{story}");
    // The next good call clears it.
    assert_eq!(call(&bench, "push", &push()).status, 200);
    assert_eq!(webhook(&bench).error, None);
}

#[test]
fn no_signature_is_a_wrong_one_and_both_must_be_right() {
    let bench = ready_bench();
    let body = push().to_string();
    let good = sha1(body.as_bytes(), "shh");
    assert_eq!(call_with(&bench, &headers(&[]), body.as_bytes()).status, 403);
    let mixed = headers(&[("x-hub-signature", &good), ("x-hub-signature-256", "sha256=00")]);
    assert_eq!(call_with(&bench, &mixed, body.as_bytes()).status, 403);
    assert_eq!(call_with(&bench, &headers(&[("x-hub-signature", &good)]), body.as_bytes()).status, 200);
}

#[test]
fn a_filter_that_misses_ignores_the_call() {
    let bench = ready_bench();
    let mut other = push();
    other["ref"] = "refs/heads/other".into();
    let answer = call(&bench, "push", &other);
    assert_eq!((answer.status, &answer.body), (200, &json!({"result": "ignored"})));
    assert_eq!(bench.executions("p").len(), 1);
    assert_eq!((webhook(&bench).error, webhook(&bench).last_triggered), (None, None));
    let story = story(&bench);
    let last =
        "filter.evaluated failed: $.ref selects 'refs/heads/other'; wanted is 'refs/heads/main': no match";
    assert!(story.ends_with(last), "{story}");
}

#[test]
fn all_filters_must_pass_and_each_is_told_of() {
    let bench = Bench::new();
    bench.pipeline("p");
    bench.webhook_with("w", "p", |webhook| {
        let rule = |path: &str, wanted: Option<&str>| WebhookFilterRule {
            json_path: path.into(),
            match_equals: wanted.map(Into::into),
        };
        webhook.filters = vec![rule("$.nope", None), rule("head_commit.message", Some("Fix it"))];
    });
    call(&bench, "push", &push());
    let story = story(&bench);
    assert_eq!(story.matches("filter.evaluated").count(), 2, "{story}");
    assert!(story.contains("filter.evaluated failed: $.nope selects nothing"), "{story}");
    assert_eq!(bench.executions("p").len(), 1);
}

#[test]
fn a_ping_and_a_deleted_branch_start_nothing() {
    let bench = ready_bench();
    assert_eq!(call(&bench, "ping", &json!({"zen": "x"})).status, 200);
    let mut deleted = push();
    deleted["deleted"] = true.into();
    assert_eq!(call(&bench, "push", &deleted).body, json!({"result": "ignored"}));
    let mut zeros = push();
    zeros["after"] = "0".repeat(40).into();
    assert_eq!(call(&bench, "push", &zeros).body, json!({"result": "ignored"}));
    assert_eq!(bench.executions("p").len(), 1);
    assert!(
        story(&bench)
            .ends_with("payload.read skipped: the push deletes its branch: there is no revision to run")
    );
}

#[test]
fn a_form_carries_the_payload_too() {
    let bench = ready_bench();
    let json = push().to_string().replace(' ', "+");
    let encoded =
        percent_encoding::utf8_percent_encode(&json, percent_encoding::NON_ALPHANUMERIC).to_string();
    let body = format!("x=1&payload={}", encoded.replace("%2B", "+"));
    let signature = sha1(body.as_bytes(), "shh");
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    let with = |body: &str, signature: &str| {
        call_with(
            &bench,
            &headers(&[("content-type", kind), ("x-hub-signature", signature)]),
            body.as_bytes(),
        )
    };
    assert_eq!(with(&body, &signature).body["result"], "started");
    assert_eq!(with("x=1", &sha1(b"x=1", "shh")).status, 400, "no field of that name");
}

#[test]
fn what_is_not_json_is_refused_and_remembered() {
    let bench = ready_bench();
    for body in [&b"{"[..], b"", b"\xff\xfe", "[".repeat(100_000).as_bytes()] {
        let answer = call_with(&bench, &headers(&[("x-hub-signature", &sha1(body, "shh"))]), body);
        assert_eq!(answer.status, 400);
        assert_eq!(webhook(&bench).error.unwrap().0, "InvalidPayload");
    }
    assert_eq!(bench.executions("p").len(), 1);
}

#[test]
fn a_target_that_is_gone_is_no_fault_of_the_sender() {
    let bench = ready_bench();
    call(&bench, "push", &push());
    let triggered = webhook(&bench).last_triggered;
    bench.update("p", |declaration| declaration.stages[0].actions[0].name = "Fetch".into());
    let answer = call(&bench, "push", &push());
    assert_eq!((answer.status, webhook(&bench).error.unwrap().0.as_str()), (200, "ActionNotFoundException"));
    bench.run::<DeletePipeline>(DeletePipelineInput { name: "p".into() }).unwrap();
    let answer = call(&bench, "push", &push());
    assert_eq!((answer.status, answer.body), (200, json!({"result": "ignored"})));
    let hook = webhook(&bench);
    assert_eq!(hook.error.unwrap().0, "PipelineNotFoundException");
    assert_eq!(hook.last_triggered, triggered);
}

#[test]
fn a_pipeline_without_room_starts_nothing_and_the_webhook_says_so() {
    let bench = Bench::new();
    let mut parallel = with_approval("p");
    parallel.execution_mode = Some(crate::shapes::ExecutionMode::Parallel);
    bench.create(parallel);
    bench.webhook("w", "p");
    let started = |answer: Answer| answer.body["result"] == "started";
    let n = (0..60).filter(|_| started(call(&bench, "push", &push()))).count();
    assert_eq!(n, 49, "beside that of the creation");
    assert_eq!(call(&bench, "push", &push()).status, 200);
    assert_eq!(webhook(&bench).error.unwrap().0, "ConcurrentPipelineExecutionsLimitExceededException");
    assert!(story(&bench).ends_with("as its execution mode allows"));
}

#[test]
fn the_word_of_a_trusted_proxy_is_taken_for_the_senders_address() {
    let worlds = parhelion_state::testing::worlds(1, crate::ops::testing::shelves);
    let bench = Bench::of(worlds.open(&parhelion_core::WorldName::main()).unwrap());
    bench.pipeline("p");
    let url = bench.webhook_with("w", "p", |webhook| {
        webhook.authentication = WebhookAuthenticationType::Ip;
        webhook.authentication_configuration =
            WebhookAuthConfiguration { allowed_ip_range: Some("2001:db8::/32".into()), secret_token: None };
    });
    let uri = url.strip_prefix("http://here").unwrap();
    let status = |trusted: &[&str], forwarded: &str| {
        let trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let settings = Settings { trusted_proxies, ..Settings::default() };
        let mut request = request("POST", uri, push().to_string().into_bytes());
        request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
        ready(serve(request, &worlds, &settings)).status().as_u16()
    };
    assert_eq!(status(&["10.1.0.0/16"], "10.1.1.1, 2001:db8::7"), 200);
    assert_eq!(status(&["10.1.0.0/16"], "2001:db8::7, 10.1.1.1"), 403);
    assert!(
        story(&bench)
            .contains("10.1.1.1 (by the word of the trusted proxy 10.1.2.3) is not in 2001:db8::/32")
    );
    assert_eq!(status(&["10.2.0.0/16"], "2001:db8::7"), 403);
    assert!(
        story(&bench).contains("10.1.2.3 (X-Forwarded-For is not believed: 10.1.2.3 is no trusted proxy)")
    );
}

#[test]
fn an_address_in_the_range_is_let_in() {
    let bench = Bench::new();
    bench.pipeline("p");
    let with_range = |range: &'static str| {
        move |webhook: &mut WebhookDefinition| {
            webhook.authentication = WebhookAuthenticationType::Ip;
            webhook.authentication_configuration =
                WebhookAuthConfiguration { allowed_ip_range: Some(range.into()), secret_token: None };
        }
    };
    bench.webhook_with("w", "p", with_range("10.0.0.0/8"));
    assert_eq!(call_with(&bench, &headers(&[]), push().to_string().as_bytes()).body["result"], "started");
    bench.webhook_with("w", "p", with_range("192.168.0.0/16"));
    assert_eq!(call_with(&bench, &headers(&[]), push().to_string().as_bytes()).status, 403);
}

#[test]
fn a_payload_without_a_commit_takes_the_sources_own_revision() {
    let bench = Bench::new();
    bench.create(declaration("p"));
    bench.webhook_with("w", "p", |webhook| {
        webhook.authentication = WebhookAuthenticationType::Unauthenticated;
        webhook.authentication_configuration = WebhookAuthConfiguration::default();
        webhook.filters.clear();
    });
    assert_eq!(call_with(&bench, &headers(&[]), br#"{"hello": 1}"#).body["result"], "started");
    let ids: Vec<String> = bench.look(|store| {
        store.engine.executions.values().map(|execution| execution.revisions[0].1.id.clone()).collect()
    });
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

proptest! {
    #[test]
    fn any_delivery_is_answered(
        body in proptest::collection::vec(any::<u8>(), 0..60),
        kind in "(application/x-www-form-urlencoded|application/json|[ -~]{0,20})",
        signed in any::<bool>(),
        form in any::<bool>(),
    ) {
        let bench = ready_bench();
        let body = if form { [b"payload=".as_slice(), &body].concat() } else { body };
        let signature = if signed { sha1(&body, "shh") } else { "sha1=x".to_owned() };
        let headers = headers(&[("content-type", &kind), ("x-hub-signature", &signature)]);
        let status = call_with(&bench, &headers, &body).status;
        prop_assert!(if signed { [200, 400].contains(&status) } else { status == 403 }, "{status}");
        prop_assert_eq!(bench.executions("p").len(), 1, "nothing of that is a push to the branch");
    }
}

// ------------------------------------------------------------ the address

fn request(method: &str, uri: &str, body: impl Into<Body>) -> Request {
    let head = Head {
        world: parhelion_core::WorldName::main(),
        base: "http://here".into(),
        original_uri: uri.parse().unwrap(),
        peer: "10.1.2.3".parse().unwrap(),
        request_id: "r1".into(),
        cause: 0,
    };
    http::Request::builder().method(method).uri(uri).extension(head).body(body.into()).unwrap()
}

#[test]
fn the_address_tells_what_is_wrong_with_a_call() {
    let worlds = parhelion_state::testing::worlds(1, crate::ops::testing::shelves);
    let world = worlds.open(&parhelion_core::WorldName::main()).unwrap();
    let bench = Bench::of(world);
    bench.pipeline("p");
    let url = bench.webhook_with("w", "p", |webhook| {
        webhook.authentication = WebhookAuthenticationType::Unauthenticated;
        webhook.authentication_configuration = WebhookAuthConfiguration::default();
    });
    let uri = url.strip_prefix("http://here").unwrap().to_owned();
    let status = |method: &str, uri: &str, body: Vec<u8>| {
        let response = ready(serve(request(method, uri, body), &worlds, &Settings::default()));
        (response.status().as_u16(), response.extensions().get::<Named>().cloned().unwrap())
    };
    let (code, named) = status("POST", &uri, push().to_string().into_bytes());
    assert_eq!(code, 200);
    assert_eq!(named, Named { operation: "trigger".into(), tenant: "000000000000/us-east-1".into() });
    assert_eq!(status("GET", &uri, vec![]).0, 405);
    for unknown in ["/trigger", "/trigger?t=", "/trigger?t=nope&v=1", "/trigger?t=%ff", &uri[..uri.len() - 6]]
    {
        let (code, named) = status("POST", unknown, vec![]);
        assert_eq!((code, named.tenant.as_str()), (404, ""), "{unknown}");
    }
    assert_eq!(status("POST", &uri, vec![b' '; 25 * 1024 * 1024 + 1]).0, 413);
    bench.run::<DeleteWebhook>(DeleteWebhookInput { name: "w".into() }).unwrap();
    assert_eq!(status("POST", &uri, push().to_string().into_bytes()).0, 404);
    assert_eq!(bench.executions("p").len(), 2);
}
