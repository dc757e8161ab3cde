//! What incoming webhooks leave: records, the control calls that show them, and the journal of names nobody has.

use super::webhooks::{BODY, CHECKSUM, URL, YAML, bench, post, runs};
use serde_json::{Value, json};

#[test]
fn an_unregistered_name_is_answered_500_and_explained() {
    let bench = bench(YAML, "", "");
    let url = URL.replace("WebHook?", "Nobody?");
    let answer = bench.send("POST", &url, &[], BODY);
    assert_eq!(answer.status, 500);
    let body = answer.json();
    assert_eq!(
        body["message"],
        "Cannot find webhook for the given webHookId Nobody. Try enabling CD trigger for this artifact."
    );
    assert_eq!(body["typeKey"], "WebHookNotFoundException");
    assert!(
        bench.control("GET", "/contoso/webhook-deliveries").json()["items"].as_array().unwrap().is_empty()
    );
    let told = bench.journal();
    let refused = told.iter().find(|e| e.kind == "webhook.refused").unwrap();
    assert_eq!(
        refused.data["near_misses"],
        json!(["pipeline hooked (1) of project P: webhook WebHook is reached under the name WebHook"])
    );
}

#[test]
fn what_might_have_been_meant_is_told_the_likeliest_first() {
    let bench = bench(YAML, "", "");
    bench.define("fine too");
    bench.connect("Idle", "Nobody", "", "");
    bench.commit("/azure-pipelines.yml", &YAML.replace("IncomingWH", "Gone"));
    bench.ok(
        "POST /contoso/P/_apis/build/definitions",
        json!({ "name": "no file", "process": { "type": 2, "yamlFilename": "none.yml" } }),
    );
    bench.send("POST", &URL.replace("WebHook?", "nobody?"), &[], BODY);
    let told = bench.journal();
    let refused = told.iter().find(|e| e.kind == "webhook.refused").unwrap();
    let lines: Vec<&str> =
        refused.data["near_misses"].as_list().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
    assert_eq!(
        lines[..2],
        [
            "connection Idle of project P has that name, but no pipeline of its project that can start names the connection in resources.webhooks",
            "pipeline hooked (1) of project P: webhook WebHook names the connection Gone, and no incoming webhook connection of that name is in its project",
        ]
    );
    assert!(
        lines[3]
            .starts_with("pipeline no file (3) of project P: its YAML could not be read: /none.yml is not")
    );
}

#[test]
fn a_delivery_can_be_sent_again() {
    let bench = bench(YAML, "secret", "X-WH-Checksum");
    let answer = bench.send("POST", URL, &[("X-WH-Checksum", CHECKSUM)], BODY);
    let id = answer.header("x-parhelion-delivery-id").unwrap();
    let again = bench.control("POST", &format!("/contoso/webhook-deliveries/{id}/redeliver"));
    assert_eq!(again.status, 201, "{}", again.body);
    assert_eq!(again.json()["redelivery_of"], id);
    assert_eq!(again.json()["outcomes"][0]["build_id"], 2);
    assert_eq!(runs(&bench), 2);
    assert_eq!(bench.control("POST", "/contoso/webhook-deliveries/nope/redeliver").status, 404);
}

#[test]
fn a_delivery_sent_again_is_judged_anew() {
    let bench = bench(&YAML.replace(".title", ""), "secret", "X-WH-Checksum");
    let send = |headers: &[(&str, &str)], body: &str| {
        let answer = bench.send("POST", URL, headers, body.to_owned());
        answer.header("x-parhelion-delivery-id").unwrap().to_owned()
    };
    let again = |id: &str| bench.control("POST", &format!("/contoso/webhook-deliveries/{id}/redeliver"));
    let failed = send(&[("X-WH-Checksum", CHECKSUM)], BODY);
    let unsigned = send(&[], BODY);
    let large = send(&[], &"x".repeat(2 * 1024 * 1024 + 1));
    bench.commit("/azure-pipelines.yml", YAML);
    // The pipeline is repaired: the same bytes now start it.
    assert_eq!(again(&failed).json()["outcomes"][0]["result"], "queued");
    assert_eq!(again(&unsigned).json()["status"], 401);
    assert_eq!((again(&large).status, runs(&bench)), (409, 1));
    let issues = bench.control("GET", "/contoso/trigger-issues?pipeline_id=1").json();
    let issues: Vec<_> =
        issues["items"].as_array().unwrap().iter().map(|i| i["message"].as_str().unwrap()).collect();
    let unsigned_message =
        "The header X-WH-Checksum does not hold the checksum of the body: the header is missing.";
    assert!(
        issues[0].ends_with("(Line: 7, Col: 11): Unable to convert from Object to String. Value: Object")
    );
    assert_eq!(issues[1..], [unsigned_message, unsigned_message]);
    bench.ok("DELETE /contoso/P/_apis/build/definitions/1", Value::Null);
    let gone = again(&failed);
    assert_eq!(gone.status, 409);
    assert!(gone.json()["detail"].as_str().unwrap().starts_with("Cannot find webhook"), "{}", gone.body);
}

#[test]
fn no_credential_is_shown() {
    let bench = bench(YAML, "top-secret", "Authorization");
    let headers = [("Authorization", "Basic c2VjcmV0OnBhdA=="), ("Cookie", "a=b"), ("X-Other", "shown")];
    assert_eq!(bench.send("POST", URL, &headers, BODY).status, 401);
    let list = bench.control("GET", "/contoso/webhook-deliveries").body;
    let journal: String = bench.journal().iter().map(|e| serde_json::to_string(&e.data).unwrap()).collect();
    for told in [list, journal, bench.dump(false).to_string()] {
        for hidden in ["c2VjcmV0", "a=b", "top-secret"] {
            assert!(!told.contains(hidden), "{hidden}: {told}");
        }
    }
    assert!(bench.dump(true).to_string().contains("top-secret"));
}

#[test]
fn control_lists_are_filtered_and_paged() {
    let bench = bench(YAML, "", "");
    for _ in 0..3 {
        post(&bench, &[], BODY);
    }
    let list = |query: &str| bench.control("GET", &format!("/contoso/webhook-deliveries{query}")).json();
    assert_eq!(list("?name=webhook&pipeline_id=1")["items"].as_array().unwrap().len(), 3);
    assert_eq!(list("?name=other")["items"].as_array().unwrap().len(), 0);
    assert_eq!(list("?pipeline_id=9")["items"].as_array().unwrap().len(), 0);
    let first = list("?limit=2");
    assert_eq!((first["items"].as_array().unwrap().len(), first["next"].as_str().unwrap()), (2, "2"));
    let rest = list("?limit=2&after=2");
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert!(rest.get("next").is_none());
    for (method, path, status) in [
        ("GET", "/contoso/webhook-deliveries?nmae=x", 400),
        ("GET", "/contoso/webhook-deliveries?limit=x", 400),
        ("GET", "/nobody/webhook-deliveries", 404),
        ("GET", "/contoso/nope", 404),
        ("POST", "/contoso/trigger-issues", 405),
        ("GET", "/", 404),
    ] {
        let answer = bench.control(method, path);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
}
