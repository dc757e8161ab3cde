//! Service hooks: which subscriptions are told of what, in which form, and what a failing receiver leads to.

use crate::{store::AzureDevOpsStore, testing::Bench};
use bytes::Bytes;
use parhelion_core::{DeliveryId, DeliveryStatus, ErrorClass, Owner, Pace, Settled};
use parhelion_state::Store as _;
use serde_json::{Value, json};

const HOOKS: &str = "/contoso/_apis/hooks";

fn bench() -> Bench {
    let bench = Bench::with_project("P");
    bench.commit(
        "/azure-pipelines.yml",
        "stages:\n- stage: A\n  jobs:\n  - job: one\n    steps:\n    - script: echo\n",
    );
    bench.define("ci");
    bench
}

fn body(event: &str, filters: Value, settings: Value) -> Value {
    let publisher = if event.starts_with("ms.") { "pipelines" } else { "tfs" };
    let mut settings = settings;
    settings["url"] = json!("https://user:geheim@example.com/hook?key=geheim");
    json!({
        "publisherId": publisher, "eventType": event, "consumerId": "webHooks",
        "consumerActionId": "httpRequest", "publisherInputs": filters, "consumerInputs": settings,
    })
}

fn subscribe(bench: &Bench, event: &str, filters: Value) -> String {
    let made = bench.ok(&format!("POST {HOOKS}/subscriptions"), body(event, filters, json!({})));
    made["id"].as_str().unwrap().to_owned()
}

fn queue(bench: &Bench) {
    bench.ok("POST /contoso/P/_apis/build/builds", json!({ "definition": { "id": 1 } }));
}

/// The notifications of a subscription, newest first.
fn told(bench: &Bench, id: &str) -> Vec<Value> {
    bench.get(&format!("{HOOKS}/subscriptions/{id}/notifications"))["value"].as_array().unwrap().clone()
}

/// Settles an attempt of a notification: a status, or none; `more` when another attempt follows.
fn settle(bench: &Bench, number: u64, status: Option<u16>, more: bool) {
    let ok = status.is_some_and(|s| (200..300).contains(&s));
    let error = (!ok).then(|| (ErrorClass::Timeout, "no answer came".to_owned()));
    let report = Settled {
        delivery: DeliveryId(number),
        subject: format!("notification:{number}"),
        event: "e".into(),
        status: match (ok, more) {
            (true, _) => DeliveryStatus::Succeeded,
            (false, true) => DeliveryStatus::Queued,
            (false, false) => DeliveryStatus::Failed,
        },
        attempts: 1,
        sent_at: bench.world.clock.now(),
        at: bench.world.clock.now(),
        response_status: status,
        response_reason: None,
        response_body: Bytes::from_static(b"said"),
        error,
        request_body: Bytes::new(),
    };
    bench.world.delivered(&Owner::new(AzureDevOpsStore::NAME, "contoso"), 0, &report);
}

fn status(bench: &Bench, id: &str) -> String {
    bench.get(&format!("{HOOKS}/subscriptions/{id}"))["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_build_is_told_in_both_versions() {
    let bench = bench();
    let new =
        subscribe(&bench, "build.complete", json!({ "buildStatus": "succeeded", "definitionName": "CI" }));
    let mut old = body("build.complete", json!({}), json!({}));
    old["resourceVersion"] = json!("1.0-preview.1");
    let old = bench.ok(&format!("POST {HOOKS}/subscriptions"), old);
    assert_eq!(old["resourceVersion"], "1.0");
    queue(&bench);
    let event = told(&bench, &new)[0]["details"]["event"].clone();
    assert_eq!(event["subscriptionId"], new.as_str());
    assert_eq!((&event["eventType"], &event["publisherId"]), (&json!("build.complete"), &json!("tfs")));
    assert_eq!(
        (&event["resourceVersion"], &event["resource"]["result"]),
        (&json!("2.0"), &json!("succeeded"))
    );
    assert_eq!((&event["resource"]["status"], &event["resource"]["id"]), (&json!("completed"), &json!(1)));
    let number = event["resource"]["buildNumber"].as_str().unwrap();
    assert_eq!(event["message"]["text"], format!("Build {number} succeeded"));
    assert!(event["message"]["html"].as_str().unwrap().contains("href=\"http://localhost/contoso/"));
    let project = bench.get("/contoso/_apis/projects/P");
    assert_eq!(event["resourceContainers"]["project"]["id"], project["id"]);
    let event = told(&bench, old["id"].as_str().unwrap())[0]["details"]["event"].clone();
    let resource = &event["resource"];
    assert_eq!((&event["resourceVersion"], &resource["status"]), (&json!("1.0"), &json!("succeeded")));
    assert_eq!(resource["definition"]["definitionType"], "build");
    assert_eq!(resource["requests"][0]["requestedFor"]["displayName"], "Parhelion User");
}

#[test]
fn a_run_its_stages_and_jobs_are_told_as_they_move() {
    let bench = bench();
    let of = |event: &str, filters| subscribe(&bench, event, filters);
    let run = of("ms.vss-pipelines.run-state-changed-event", json!({ "pipelineId": "1" }));
    let stage = of("ms.vss-pipelines.stage-state-changed-event", json!({ "stageNameId": "a" }));
    let job = of("ms.vss-pipelines.job-state-changed-event", json!({ "jobStateId": "Completed" }));
    let other = of("ms.vss-pipelines.job-state-changed-event", json!({ "jobResultId": "Failed" }));
    queue(&bench);
    let states = |id: &str, part: &str| -> Vec<String> {
        let events = told(&bench, id).into_iter().rev();
        let of = |n: Value| {
            let it = &n["details"]["event"]["resource"][part];
            format!("{} {}", it["state"].as_str().unwrap(), it["result"].as_str().unwrap_or("-"))
        };
        events.map(of).collect()
    };
    assert_eq!(states(&run, "run"), ["inProgress -", "completed succeeded"]);
    assert_eq!(states(&stage, "stage"), ["notStarted -", "running -", "completed succeeded"]);
    assert_eq!(states(&job, "job"), ["completed succeeded"]);
    assert_eq!(told(&bench, &other).len(), 0);
    let event = told(&bench, &job)[0]["details"]["event"].clone();
    let number = event["resource"]["run"]["name"].as_str().unwrap();
    assert_eq!(event["message"]["text"], format!("Run {number} stage A job one succeeded."));
    assert_eq!(event["resourceVersion"], "5.1-preview.1");
    assert_eq!(event["resource"]["repositories"][0]["alias"], "self");
    assert_eq!(event["resource"]["run"].get("finishedDate"), None, "the run was under way");
    // Canceled: the run is told to end, then is over.
    bench.pace("step", Pace::Manual);
    queue(&bench);
    bench.ok("PATCH /contoso/P/_apis/build/builds/2", json!({ "status": "cancelling" }));
    let all = states(&run, "run");
    assert_eq!(all[2..], ["inProgress -", "canceling -", "completed canceled"], "{all:?}");
}

#[test]
fn a_push_is_told_to_who_wants_its_branch() {
    let bench = bench();
    let main = subscribe(&bench, "git.push", json!({ "repository": "P", "branch": "main" }));
    let full = subscribe(&bench, "git.push", json!({ "branch": "refs/heads/main" }));
    let other = subscribe(&bench, "git.push", json!({ "branch": "Main" }));
    let commit = bench.commit("/x", "1");
    let event = told(&bench, &main)[0]["details"]["event"].clone();
    assert_eq!(event["resource"]["pushId"], commit["pushId"]);
    assert_eq!(event["message"]["text"], "Parhelion User pushed updates to branch main of repository P.");
    let long = event["detailedMessage"]["text"].as_str().unwrap();
    assert!(
        long.starts_with("Parhelion User pushed 1 commit to branch main of repository P.\n - add /x"),
        "{long}"
    );
    assert_eq!((told(&bench, &full).len(), told(&bench, &other).len()), (1, 0));
    let facts = bench.facts(&["hook.matched"]);
    assert!(
        facts.contains("its filter branch wants 'Main', the event has 'refs/heads/main' or 'main' [Skipped]"),
        "{facts}"
    );
    assert!(facts.contains("wants git.push: https://****@example.com/hook?**** is told [Ok]"), "{facts}");
    assert!(!facts.contains("geheim"), "{facts}");
}

#[test]
fn a_receiver_that_is_gone_ends_it_at_once() {
    let bench = bench();
    let id = subscribe(&bench, "build.complete", json!({}));
    queue(&bench);
    settle(&bench, 1, Some(410), false);
    assert_eq!(status(&bench, &id), "disabledBySystem");
    let notification = &told(&bench, &id)[0];
    assert_eq!((&notification["status"], &notification["result"]), (&json!("completed"), &json!("failed")));
    queue(&bench);
    assert_eq!(told(&bench, &id).len(), 1);
    assert!(bench.facts(&["hook.matched"]).contains("it was disabled when its receiver failed [Skipped]"));
    // Enabled by hand, it is told again.
    let mut again = body("build.complete", json!({}), json!({}));
    again["status"] = json!("enabled");
    bench.ok(&format!("PUT {HOOKS}/subscriptions/{id}"), again);
    queue(&bench);
    assert_eq!((status(&bench, &id).as_str(), told(&bench, &id).len()), ("enabled", 2));
}

#[test]
fn a_receiver_on_probation_gets_the_failed_event_alone() {
    let bench = bench();
    let id = subscribe(&bench, "build.complete", json!({}));
    queue(&bench);
    settle(&bench, 1, None, true);
    let first = told(&bench, &id)[0].clone();
    assert_eq!((&first["status"], &first["result"]), (&json!("processing"), &json!("pending")));
    assert_eq!(status(&bench, &id), "enabled");
    settle(&bench, 1, Some(500), false);
    assert_eq!(status(&bench, &id), "onProbation");
    queue(&bench);
    assert_eq!(told(&bench, &id).len(), 1, "nothing else is sent");
    let sent = || bench.world.delivery_counts().0;
    let before = sent();
    bench.advance(19);
    assert_eq!(sent(), before);
    bench.advance(1);
    assert_eq!(sent(), before + 1);
    // It takes it: the subscription is as it was.
    settle(&bench, 1, Some(200), false);
    assert_eq!(status(&bench, &id), "enabled");
    let done = told(&bench, &id)[0].clone();
    assert_eq!((&done["result"], &done["details"]["requestAttempts"]), (&json!("succeeded"), &json!(3)));
    queue(&bench);
    assert_eq!(told(&bench, &id).len(), 2);
}

#[test]
fn the_seventh_failure_on_probation_disables() {
    let bench = bench();
    let id = subscribe(&bench, "build.complete", json!({}));
    queue(&bench);
    settle(&bench, 1, Some(500), false);
    let mut wait = 20;
    for retry in 1..=7 {
        assert_eq!(status(&bench, &id), "onProbation", "{retry}");
        let sent = bench.world.delivery_counts().0;
        bench.advance(wait - 1);
        assert_eq!(bench.world.delivery_counts().0, sent, "{retry}");
        bench.advance(1);
        assert_eq!(bench.world.delivery_counts().0, sent + 1, "{retry}");
        assert_eq!(bench.get(&format!("{HOOKS}/subscriptions/{id}"))["probationRetries"], retry);
        settle(&bench, 1, Some(503), false);
        wait *= 2;
    }
    assert_eq!(status(&bench, &id), "disabledBySystem");
    bench.advance(100_000);
    assert_eq!(told(&bench, &id)[0]["details"]["requestAttempts"], 8);
}

#[test]
fn passwords_are_never_shown_and_come_back_masked() {
    let bench = bench();
    let settings =
        json!({ "basicAuthUsername": "me", "basicAuthPassword": "s3cret", "httpHeaders": "X-Key:k3y" });
    let given = body("build.complete", json!({}), settings);
    let made = bench.ok(&format!("POST {HOOKS}/subscriptions"), given);
    assert_eq!(made["consumerInputs"]["basicAuthPassword"], "********");
    let id = made["id"].as_str().unwrap();
    bench.ok(&format!("PUT {HOOKS}/subscriptions/{id}"), made.clone());
    let kept = bench.store().subscriptions.values().next().unwrap().clone();
    assert_eq!(kept.consumer_inputs["basicAuthPassword"], "s3cret");
    queue(&bench);
    let shown =
        format!("{:?}{}", told(&bench, id), bench.facts(&["hook.matched", "hook.changed", "hook.created"]));
    assert!(!shown.contains("s3cret") && shown.contains("Authorization: ****"), "{shown}");
    let dump = bench.dump(false).to_string();
    assert!(!dump.contains("s3cret") && !dump.contains("k3y"), "{dump}");
    // Nor can it be found out by asking.
    let filter = json!([{ "conditions": [{ "inputId": "basicAuthPassword", "inputValue": "s3cret" }] }]);
    let asked =
        bench.ok(&format!("POST {HOOKS}/subscriptionsQuery"), json!({ "consumerInputFilters": filter }));
    assert_eq!(asked["results"], json!([]));
}

#[test]
fn what_is_no_subscription_is_refused() {
    let bench = bench();
    let good = || body("build.complete", json!({}), json!({}));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut given = good();
        change(&mut given);
        given
    };
    for (given, status, key) in [
        (with(&|b| b["publisherId"] = json!("rm")), 404, "PublisherNotFoundException"),
        (with(&|b| b["publisherId"] = json!("pipelines")), 404, "EventTypeNotFoundException"),
        (with(&|b| b["eventType"] = json!("workitem.created")), 404, "EventTypeNotFoundException"),
        (with(&|b| b["consumerId"] = json!("slack")), 404, "ConsumerNotFoundException"),
        (with(&|b| b["consumerActionId"] = json!("x")), 404, "ConsumerActionNotFoundException"),
        (with(&|b| b["resourceVersion"] = json!("9.0")), 400, "SubscriptionInputException"),
        (with(&|b| b["consumerInputs"] = json!({})), 400, "SubscriptionInputException"),
        (
            with(&|b| b["consumerInputs"]["url"] = json!("file:///etc/passwd")),
            400,
            "SubscriptionInputException",
        ),
        (with(&|b| b["consumerInputs"]["httpHeaders"] = json!("Host: x")), 400, "SubscriptionInputException"),
        (with(&|b| b["consumerInputs"]["messagesToSend"] = json!("some")), 400, "SubscriptionInputException"),
        (
            with(&|b| b["publisherInputs"] = json!({ "buildStatus": "Nice" })),
            400,
            "SubscriptionInputException",
        ),
        (
            with(&|b| b["publisherInputs"] = json!({ "branch": { "a": 1 } })),
            400,
            "SubscriptionInputException",
        ),
        (
            with(&|b| b["publisherInputs"] = json!({ "projectId": "nope" })),
            404,
            "ProjectDoesNotExistWithNameException",
        ),
        (with(&|b| b["status"] = json!("perhaps")), 400, "VssPropertyValidationException"),
        (json!({ "publisherId": 7 }), 400, "VssPropertyValidationException"),
    ] {
        for line in [format!("POST {HOOKS}/subscriptions"), format!("POST {HOOKS}/testNotifications")] {
            let given =
                if line.ends_with("testNotifications") { json!({ "details": given }) } else { given.clone() };
            let (s, answer) = bench.call(&line, given.clone());
            assert_eq!((s, answer["typeKey"].as_str().unwrap()), (status, key), "{given}");
        }
    }
    assert!(bench.store().subscriptions.is_empty() && bench.store().notifications.is_empty());
}

#[test]
fn there_are_only_so_many_subscriptions_and_facts() {
    let bench = bench();
    for _ in 0..crate::store::MAX_SUBSCRIPTIONS {
        subscribe(&bench, "build.complete", json!({ "definitionName": "another" }));
    }
    let (status, answer) =
        bench.call(&format!("POST {HOOKS}/subscriptions"), body("build.complete", json!({}), json!({})));
    assert_eq!((status, answer["typeKey"].as_str()), (400, Some("SubscriptionLimitException")));
    queue(&bench);
    let facts = bench.facts(&["hook.matched"]);
    assert_eq!(facts.lines().count(), 11);
    assert!(facts.contains("990 more subscriptions are not told of build.complete [Skipped]"), "{facts}");
}

#[test]
fn a_receiver_can_be_tried() {
    let bench = bench();
    let given = json!({ "details": body("git.push", json!({}), json!({ "messagesToSend": "none" })) });
    let line = format!("POST {HOOKS}/testNotifications");
    let sample = bench.ok(&line, given.clone());
    assert_eq!((&sample["status"], &sample["result"]), (&json!("queued"), &json!("pending")));
    let event = &sample["details"]["event"];
    assert!(event["resource"]["commits"][0].is_object() && event.get("message").is_none(), "{event}");
    let real = bench.ok(&format!("{line}?useRealData=true"), given);
    assert_eq!(real["details"]["event"]["resource"]["pushId"], 1);
    // Nothing has been built that could be sent.
    let given = json!({ "details": body("build.complete", json!({}), json!({})) });
    assert_eq!(bench.call(&format!("{line}?useRealData=true"), given).0, 400);
    // What comes of a test changes no subscription.
    let id = subscribe(&bench, "build.complete", json!({}));
    let tried = bench.ok(&line, json!({ "subscriptionId": id }));
    settle(&bench, tried["id"].as_u64().unwrap(), Some(410), false);
    assert_eq!(status(&bench, &id), "enabled");
    let shown = bench.get(&format!("{HOOKS}/subscriptions/{id}/notifications/{}", tried["id"]));
    assert_eq!((&shown["result"], &shown["details"]["errorMessage"]), (&json!("failed"), &json!("(410)")));
}

#[test]
fn notifications_are_found_and_counted() {
    let bench = bench();
    let id = subscribe(&bench, "build.complete", json!({}));
    let path = format!("{HOOKS}/subscriptions/{id}/diagnostics");
    let on = json!({ "evaluationTracing": { "enabled": true }, "deliveryTracing": { "enabled": true } });
    bench.ok(&format!("PUT {path}"), on);
    (0..3).for_each(|_| queue(&bench));
    settle(&bench, 1, Some(200), false);
    settle(&bench, 2, Some(503), true);
    let counted = bench.get(&path);
    assert_eq!(counted["evaluationTracing"]["tracedEntries"], 3);
    assert_eq!(counted["deliveryTracing"]["tracedEntries"], 2);
    assert_eq!(counted["deliveryResults"]["enabled"], false);
    let list = |query: &str| -> Vec<u64> {
        let found = bench.get(&format!("{HOOKS}/subscriptions/{id}/notifications{query}"));
        found["value"].as_array().unwrap().iter().map(|n| n["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(list(""), [3, 2, 1]);
    assert_eq!(list("?status=queued"), [3]);
    assert_eq!(list("?result=Succeeded&maxResults=5"), [1]);
    let found = bench.ok(
        &format!("POST {HOOKS}/notificationsQuery"),
        json!({ "subscriptionIds": [id], "maxResultsPerSubscription": 2, "includeDetails": true }),
    );
    assert_eq!(found["results"].as_array().unwrap().len(), 2);
    assert_eq!(found["associatedSubscriptions"][0]["id"], id.as_str());
    let counts = found["summary"][0]["results"].clone();
    assert_eq!(
        counts,
        json!([{ "result": "pending", "notificationCount": 2 }, { "result": "succeeded", "notificationCount": 1 }])
    );
    // With its subscription everything of it goes; with its project, a subscription.
    bench.ok(&format!("DELETE {HOOKS}/subscriptions/{id}"), Value::Null);
    assert!(bench.store().notifications.is_empty());
    let project = bench.get("/contoso/_apis/projects/P")["id"].clone();
    subscribe(&bench, "git.push", json!({ "projectId": project }));
    subscribe(&bench, "git.push", json!({}));
    bench.ok(&format!("DELETE /contoso/_apis/projects/{}", project.as_str().unwrap()), Value::Null);
    assert_eq!(bench.store().subscriptions.len(), 1);
}
