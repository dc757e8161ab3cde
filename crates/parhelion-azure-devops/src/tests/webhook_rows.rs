//! The public webhook endpoint by its table of conditions (azure-devops.md 4.2): each row is a case, and so is each
//! body that is not what it should be.

use super::webhooks::{BODY, CHECKSUM, URL, YAML, bench};
use crate::testing::Bench;
use serde_json::json;

/// One request and what must come of it.
struct Case {
    what: &'static str,
    method: &'static str,
    url: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: Vec<u8>,
    status: u16,
    /// The error's; empty: there is no body.
    key: &'static str,
    /// The outcome of the one pipeline; `None`: the request leaves no record.
    outcome: Option<&'static str>,
}

const SIGNED: &[(&str, &str)] = &[("X-WH-Checksum", CHECKSUM)];
/// The checksum of no bytes at all under the key `secret`.
const SIGNED_EMPTY: &[(&str, &str)] = &[("X-WH-Checksum", "25af6174a0fcecc4d346680a72b7ce644b9a88e8")];
const LARGE: usize = 2 * 1024 * 1024;

fn case(what: &'static str) -> Case {
    Case {
        what,
        method: "POST",
        url: URL,
        headers: SIGNED,
        body: BODY.into(),
        status: 200,
        key: "",
        outcome: Some("queued"),
    }
}

fn play(bench: &Bench, case: &Case) {
    let what = case.what;
    let (runs, kept) = (bench.store().builds.len(), bench.store().deliveries.len());
    let issues = bench.store().issues.len();
    let answer = bench.send(case.method, case.url, case.headers, case.body.clone());
    assert_eq!(answer.status, case.status, "{what}: {}", answer.body);
    if case.key.is_empty() {
        assert_eq!(answer.body, "", "{what}");
    } else {
        let body = answer.json();
        assert_eq!(body["typeKey"], case.key, "{what}");
        assert!(!body["message"].as_str().unwrap().is_empty(), "{what}");
        assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{what}");
    }
    let store = bench.store();
    let queued = usize::from(case.outcome == Some("queued"));
    assert_eq!(store.builds.len(), runs + queued, "{what}");
    let Some(outcome) = case.outcome else {
        assert_eq!(store.deliveries.len(), kept, "{what}");
        assert_eq!(answer.header("x-parhelion-delivery-id"), None, "{what}");
        return;
    };
    assert_eq!(store.deliveries.len(), kept + 1, "{what}");
    let record = &store.deliveries.get_max().unwrap().1;
    assert_eq!(answer.header("x-parhelion-delivery-id"), Some(&*record.id.to_string()), "{what}");
    assert_eq!(record.status, case.status, "{what}");
    let shown = crate::ops::webhooks::delivery(record);
    assert_eq!(shown["outcomes"][0]["result"], outcome, "{what}");
    assert_eq!(shown["outcomes"][0].get("build_id").is_some(), queued == 1, "{what}");
    let sorry = usize::from(matches!(outcome, "unauthorized" | "validation_failed"));
    assert_eq!(store.issues.len(), issues + sorry, "{what}");
    // Whoever asks why gets an answer that begins with how it came out.
    let told = bench.journal();
    let last = told.iter().rfind(|e| e.kind == "webhook.answered").unwrap();
    assert_eq!(last.subject, format!("webhook-delivery:{}", record.id), "{what}");
    assert!(last.fact.starts_with(&case.status.to_string()), "{what}: {}", last.fact);
}

#[test]
fn every_row_of_the_table() {
    let bench = bench(YAML, "secret", "X-WH-Checksum");
    for case in [
        Case {
            url: "/nobody/_apis/public/distributedtask/webhooks/WebHook",
            status: 404,
            key: "HostDoesNotExistException",
            outcome: None,
            ..case("1: the organization is unknown")
        },
        Case {
            url: "/contoso/_apis/public/distributedtask/webhooks/Nobody?api-version=6.0-preview",
            status: 500,
            key: "WebHookNotFoundException",
            outcome: None,
            ..case("2: nothing is registered under the name")
        },
        Case {
            url: "/contoso/_apis/public/distributedtask/webhooks/Nobody",
            body: vec![b'x'; LARGE + 1],
            status: 500,
            key: "WebHookNotFoundException",
            outcome: None,
            ..case("2 comes before 3")
        },
        Case {
            body: vec![b' '; LARGE + 1],
            status: 413,
            key: "VssRequestContentTooLargeException",
            outcome: Some("unreadable"),
            ..case("3: the body is one byte too large")
        },
        Case {
            headers: &[],
            body: vec![b' '; LARGE + 1],
            status: 413,
            key: "VssRequestContentTooLargeException",
            outcome: Some("unreadable"),
            ..case("3 comes before 4")
        },
        Case {
            headers: &[],
            status: 401,
            key: "WebHookUnauthorizedException",
            outcome: Some("unauthorized"),
            ..case("4: the checksum is missing")
        },
        Case {
            headers: &[("X-WH-Checksum", "850D33212D3AD4932CC390819050734831A0A94F")],
            status: 401,
            key: "WebHookUnauthorizedException",
            outcome: Some("unauthorized"),
            ..case("4: the checksum is wrong")
        },
        Case {
            headers: &[("X-WH-Checksum", "sha256=zz")],
            status: 401,
            key: "WebHookUnauthorizedException",
            outcome: Some("unauthorized"),
            ..case("4: the checksum is none")
        },
        Case {
            headers: &[("Authorization", "Basic OnBhdA==")],
            status: 401,
            key: "WebHookUnauthorizedException",
            outcome: Some("unauthorized"),
            ..case("4: credentials do not help")
        },
        Case {
            body: b"no json".into(),
            status: 401,
            key: "WebHookUnauthorizedException",
            outcome: Some("unauthorized"),
            ..case("4 comes before 5")
        },
        Case {
            headers: &[
                ("X-WH-Checksum", "9f9f00f8e7a5e4bb0ec1e4ed8ae1e7a2b8f5b2f2"),
                ("x-wh-checksum", CHECKSUM),
            ],
            status: 401,
            key: "WebHookUnauthorizedException",
            outcome: Some("unauthorized"),
            ..case("4: of two headers the first counts")
        },
        Case { headers: SIGNED_EMPTY, body: vec![], ..case("6: no body is an empty object") },
        case("7: everything is right"),
        Case {
            headers: &[("x-wh-checksum", "sha1=750d33212d3ad4932cc390819050734831a0a94f")],
            ..case("7: the checksum in another form")
        },
        Case {
            headers: &[
                ("X-WH-Checksum", CHECKSUM),
                ("Authorization", "Bearer nonsense"),
                ("Content-Type", "text/plain"),
            ],
            ..case("7: credentials and content type are not looked at")
        },
        Case {
            headers: &[("X-WH-Checksum", CHECKSUM), ("Content-Type", "application/x-www-form-urlencoded")],
            ..case("7: a form's content type")
        },
        Case {
            url: "/contoso/_apis/public/distributedtask/webhooks/webhook/?api-version=7.2-preview.2",
            ..case("7: another case, a slash at the end, another version")
        },
        Case {
            url: "/CONTOSO/_APIS/Public/DistributedTask/WebHooks/%57eb%48ook",
            ..case("7: an encoded name, other cases, no version")
        },
        Case {
            url: "/contoso/_apis/public/distributedtask/webhooks/WebHook?api-version=none-at-all",
            ..case("7: a version that is none")
        },
    ] {
        play(&bench, &case);
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD"] {
        let answer = bench.send(method, URL, SIGNED, BODY);
        assert_eq!(answer.status, 405, "{method}");
    }
}

#[test]
fn bodies_that_are_no_json_and_strange_ones_that_are() {
    let bench = bench(YAML, "", "");
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    let padded = |size: usize| format!("{{{}}}", " ".repeat(size - 2)).into_bytes();
    for (what, body, status) in [
        ("5: an open brace", b"{".to_vec(), 400),
        ("5: something after it", b"{} x".to_vec(), 400),
        ("5: two values", b"{}{}".to_vec(), 400),
        ("5: single quotes", b"{'a':1}".to_vec(), 400),
        ("5: a comment", b"/**/{}".to_vec(), 400),
        ("5: a comma too many", b"[1,]".to_vec(), 400),
        ("5: a control character", b"\x01".to_vec(), 400),
        ("5: NUL", b"{}\0".to_vec(), 400),
        ("5: no UTF-8", vec![0xff, 0xfe], 400),
        ("5: no UTF-8 within a text", b"{\"a\":\"\xe4\"}".to_vec(), 400),
        ("5: half a surrogate pair", br#"{"a":"\ud800"}"#.to_vec(), 400),
        ("5: a number out of range", b"[1e999]".to_vec(), 400),
        ("5: NaN", b"[NaN]".to_vec(), 400),
        ("5: 200 levels", nested(200), 400),
        ("5: a million levels", nested(1_000_000), 400),
        ("5: a form", b"payload=%7B%7D".to_vec(), 400),
        ("6: blanks only", b" \r\n\t".to_vec(), 200),
        ("7: 100 levels", nested(100), 200),
        ("7: null", b"null".to_vec(), 200),
        ("7: a number", b"7".to_vec(), 200),
        ("7: a list", b"[]".to_vec(), 200),
        ("7: a text", b"\"x\"".to_vec(), 200),
        ("7: blanks around it", b"\n {} \n".to_vec(), 200),
        ("7: exactly 2 MiB", padded(LARGE), 200),
        ("7: an integer of 40 digits", format!("{{\"n\":{}}}", "9".repeat(40)).into_bytes(), 200),
    ] {
        let refused = Case {
            body: body.clone(),
            status,
            key: "VssPropertyValidationException",
            outcome: Some("unreadable"),
            ..case(what)
        };
        play(&bench, &if status == 200 { Case { body, ..case(what) } } else { refused });
    }
}

/// Row 7 holds whatever comes of it.
#[test]
fn a_miss_a_bad_yaml_and_a_paused_pipeline_are_answered_200() {
    let filters = "connection: IncomingWH\n      filters:\n      - path: kind\n        value: push";
    let bench_of = |yaml: &str| bench(yaml, "secret", "X-WH-Checksum");
    let filtered = bench_of(&YAML.replace("connection: IncomingWH", filters));
    play(&filtered, &Case { outcome: Some("filter_miss"), ..case("7: a filter miss") });
    let empty = Case { headers: SIGNED_EMPTY, body: vec![], ..case("6: with filters none match") };
    play(&filtered, &Case { outcome: Some("filter_miss"), ..empty });
    let invalid = bench_of(&YAML.replace(".title", ""));
    play(
        &invalid,
        &Case { outcome: Some("validation_failed"), ..case("7: YAML that is invalid with the payload") },
    );
    let paused = bench_of(YAML);
    for status in ["paused", "disabled"] {
        let mut definition = paused.get("/contoso/P/_apis/build/definitions/1");
        definition["queueStatus"] = json!(status);
        paused.ok("PUT /contoso/P/_apis/build/definitions/1", definition);
        play(&paused, &Case { outcome: Some("paused"), ..case("7: a pipeline that does not run") });
    }
}
