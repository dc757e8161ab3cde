use super::*;
use crate::domain::engine::{Input, records::Outcome};
use crate::ops::testing::{Bench, connected, ready, with_job};
use parhelion_core::WorldName;
use parhelion_http::Body;
use serde_json::json;

fn exchange(worlds: &Worlds, method: &str, uri: &str, body: &str) -> (u16, Value) {
    let head = Head {
        world: WorldName::main(),
        base: "http://here".into(),
        original_uri: uri.parse().unwrap(),
        peer: "127.0.0.1".parse().unwrap(),
        request_id: "r1".into(),
        cause: 0,
    };
    let request = http::Request::builder()
        .method(method)
        .uri(uri)
        .extension(head)
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = ready(serve(request, worlds));
    let status = response.status().as_u16();
    let bytes = ready(read_body(response.into_body(), 1_000_000)).unwrap();
    (status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() })
}

fn worlds() -> std::sync::Arc<Worlds> {
    let worlds = parhelion_state::testing::worlds(1, crate::ops::testing::shelves);
    worlds.open(&WorldName::main()).unwrap();
    worlds
}

#[test]
fn a_client_has_the_reference_workers_token_until_it_is_given_another() {
    let worlds = worlds();
    let (status, client) = exchange(&worlds, "GET", "/clients?provider=TeamCity", "");
    assert_eq!((status, &client["clientToken"]), (200, &json!("DEFAULT_CLIENT_TOKEN")));
    let body = r#"{"provider": "TeamCity", "clientToken": "mine"}"#;
    let (status, put) = exchange(&worlds, "PUT", "/clients", body);
    assert_eq!((status, &put["clientToken"], &put["clientId"]), (200, &json!("mine"), &client["clientId"]));
    assert_eq!(exchange(&worlds, "GET", "/clients?provider=TeamCity", "").1, put);
    let elsewhere = exchange(&worlds, "GET", "/clients?provider=TeamCity&region=eu-west-1", "").1;
    assert_eq!(elsewhere["clientToken"], "DEFAULT_CLIENT_TOKEN");
    let all = exchange(&worlds, "GET", "/clients", "").1;
    assert_eq!(all["items"].as_array().unwrap().len(), 10);
    assert!(all["items"].as_array().unwrap().contains(&put));
}

#[test]
fn the_token_counts_from_then_on() {
    let worlds = worlds();
    let bench = Bench::of(worlds.find(&WorldName::main()).unwrap());
    bench.create(with_job("p"));
    let job = bench.poll();
    exchange(&worlds, "PUT", "/clients", r#"{"provider": "TeamCity", "clientToken": "mine"}"#);
    let ask = |token: &str| {
        let input =
            crate::shapes::GetThirdPartyJobDetailsInput { job_id: job.clone(), client_token: token.into() };
        bench.across::<crate::ops::GetThirdPartyJobDetails>(input)
    };
    assert_eq!(ask("DEFAULT_CLIENT_TOKEN").unwrap_err().code(), "InvalidClientTokenException");
    assert!(ask("mine").is_ok());
}

#[test]
fn what_is_wrong_is_named() {
    let worlds = worlds();
    let detail = |method: &str, uri: &str, body: &str| {
        let (status, problem) = exchange(&worlds, method, uri, body);
        assert_eq!(problem["status"], status);
        (status, problem["detail"].as_str().unwrap().to_owned())
    };
    let long = format!(r#"{{"provider": "Snyk", "clientToken": "{}"}}"#, "x".repeat(257));
    for (method, uri, body, status, part) in [
        ("GET", "/nope", "", 404, "/nope"),
        ("POST", "/clients", "", 405, "GET and PUT"),
        ("GET", "/clients?provder=x", "", 400, "'provder'"),
        ("GET", "/clients?provider=GitHub", "", 404, "'GitHub'"),
        ("GET", "/clients?account=1", "", 400, "twelve digits"),
        ("PUT", "/clients", "[]", 400, "JSON object"),
        ("PUT", "/clients", r#"{"provider": 1}"#, 400, "'provider' must be a string"),
        ("PUT", "/clients", r#"{"provider": "Snyk"}"#, 400, "'clientToken'"),
        ("PUT", "/clients", r#"{"provider": "Snyk", "token": "x"}"#, 400, "'token'"),
        ("PUT", "/clients", &long, 400, "256"),
    ] {
        let (got, text) = detail(method, uri, body);
        assert_eq!(got, status, "{method} {uri} {body}");
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn event_targets_are_put_listed_and_deleted() {
    let worlds = worlds();
    let all = || exchange(&worlds, "GET", "/event-targets", "").1;
    assert_eq!(all(), json!({"items": []}));
    let body = r#"{"url": "http://h/b", "pattern": {"detail": {"state": ["FAILED"]}}}"#;
    let (status, put) = exchange(&worlds, "PUT", "/event-targets/b", body);
    let shown = json!({"name": "b", "url": "http://h/b", "pattern": {"detail": {"state": ["FAILED"]}}});
    assert_eq!((status, &put), (200, &shown));
    exchange(&worlds, "PUT", "/event-targets/a.1-x_", r#"{"url": "http://h/a"}"#);
    assert_eq!(exchange(&worlds, "GET", "/event-targets/b", ""), (200, shown));
    assert_eq!(all()["items"][0], json!({"name": "a.1-x_", "url": "http://h/a"}));
    let page = exchange(&worlds, "GET", "/event-targets?limit=1", "").1;
    assert_eq!(page["next"], "a.1-x_");
    let page = exchange(&worlds, "GET", "/event-targets?limit=1&after=a.1-x_", "").1;
    assert_eq!((&page["items"][0]["name"], page.get("next")), (&json!("b"), None));
    // Another region has its own.
    let body = r#"{"url": "http://h/c", "region": "eu-west-1"}"#;
    assert_eq!(exchange(&worlds, "PUT", "/event-targets/c", body).0, 200);
    assert_eq!(exchange(&worlds, "GET", "/event-targets/c", "").0, 404);
    assert_eq!(exchange(&worlds, "GET", "/event-targets/c?region=eu-west-1", "").0, 200);
    assert_eq!(exchange(&worlds, "DELETE", "/event-targets/b", "").0, 204);
    assert_eq!(exchange(&worlds, "DELETE", "/event-targets/b", "").0, 404);
    assert_eq!(all()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_wrong_with_an_event_target_is_named() {
    let worlds = worlds();
    let deep =
        format!(r#"{{"url": "http://h/", "pattern": {}1{}}}"#, r#"{"a":"#.repeat(100), "}".repeat(100));
    for (method, uri, body, status, part) in [
        ("PUT", "/event-targets", r#"{"url": "http://h/"}"#, 400, "/event-targets/{name}"),
        ("POST", "/event-targets/a", "{}", 405, "DELETE and GET and PUT"),
        ("PUT", "/event-targets/a%20b", r#"{"url": "http://h/"}"#, 400, "A-Z a-z 0-9"),
        ("PUT", "/event-targets/a/b", r#"{"url": "http://h/"}"#, 400, "A-Z a-z 0-9"),
        ("PUT", "/event-targets/%ff", "{}", 400, "UTF-8"),
        ("PUT", "/event-targets/a", "{}", 400, "'url' is wanted"),
        ("PUT", "/event-targets/a", r#"{"url": "ftp://h/"}"#, 400, "'url': an absolute http or https URL"),
        ("PUT", "/event-targets/a", r#"{"url": "http://h/", "patern": {}}"#, 400, "'patern'"),
        ("PUT", "/event-targets/a", r#"{"url": "http://h/", "pattern": 1}"#, 400, "pattern: an object"),
        ("PUT", "/event-targets/a?region=x", r#"{"url": "http://h/"}"#, 400, "'region'"),
        ("PUT", "/event-targets/a", &deep, 400, "nested deeper"),
        (
            "PUT",
            "/event-targets/a",
            r#"{"url": "http://h/", "pattern": {"source": [{"cidr": "x"}]}}"#,
            400,
            "pattern.source: there is no matcher 'cidr'",
        ),
        ("GET", "/event-targets?limit=0", "", 400, "'limit'"),
        ("GET", "/event-targets/nope", "", 404, "'nope'"),
    ] {
        let (got, problem) = exchange(&worlds, method, uri, body);
        assert_eq!(got, status, "{method} {uri} {body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{problem}");
    }
    for n in 0..100 {
        let uri = format!("/event-targets/t{n}");
        assert_eq!(exchange(&worlds, "PUT", &uri, r#"{"url": "http://h/"}"#).0, 200);
    }
    assert_eq!(exchange(&worlds, "PUT", "/event-targets/t7", r#"{"url": "http://h/7"}"#).0, 200);
    assert_eq!(exchange(&worlds, "PUT", "/event-targets/more", r#"{"url": "http://h/"}"#).0, 409);
}

#[test]
fn a_source_event_starts_what_waits_for_it_with_its_commit() {
    let worlds = worlds();
    let bench = Bench::of(worlds.find(&WorldName::main()).unwrap());
    bench.create(connected("a"));
    bench.create(connected("b"));
    bench.update("b", |b| {
        b.stages[0].actions[0]
            .configuration
            .get_or_insert_default()
            .insert("BranchName".into(), "dev".into());
    });
    bench.pipeline("c");
    let body = r#"{"fullRepositoryId": "octo/site", "kind": "push", "branch": "main", "commitId": "c0ffee",
        "message": "Fix it", "files": ["a.rs"]}"#;
    let (status, answer) = exchange(&worlds, "POST", "/source-events", body);
    assert_eq!(status, 202, "{answer}");
    let started = answer["started"].as_array().unwrap();
    assert_eq!((started.len(), &started[0]["pipeline"]), (1, &json!("a")));
    bench.look(|store| {
        let (line, ..) = store.pipeline("a").unwrap();
        let (_, execution) = store.engine.executions_of(line, u64::MAX).next().unwrap();
        assert_eq!(started[0]["pipelineExecutionId"], execution.id.to_string());
        assert_eq!(execution.trigger, crate::shapes::TriggerType::WebhookV2);
        let detail: Value = serde_json::from_str(&execution.trigger_detail).unwrap();
        assert_eq!((&detail["branch"], &detail["commitId"]), (&json!("main"), &json!("c0ffee")));
        let revision = &execution.revisions[0].1;
        assert_eq!((revision.id.as_str(), revision.summary.as_deref()), ("c0ffee", Some("Fix it")));
    });
    let told = bench.world.entries(0, usize::MAX, |e| e.kind == "filter.evaluated");
    let told: Vec<&str> = told.iter().map(|e| e.fact.as_str()).collect();
    assert_eq!(
        told,
        [
            "pipeline 'a', change detection of action 'Pull': 'main' is its BranchName",
            "pipeline 'b', change detection of action 'Pull': its BranchName is 'dev', pushed was 'main'",
        ]
    );
    let other = body.replace("octo/site", "octo/none");
    assert_eq!(exchange(&worlds, "POST", "/source-events", &other).1, json!({"started": []}));
    let last = bench.world.entries(0, usize::MAX, |e| e.kind == "filter.evaluated").pop().unwrap();
    assert_eq!(last.fact, "no pipeline has a source action for repository 'octo/none'");
}

#[test]
fn what_is_wrong_with_a_source_event_is_named() {
    let worlds = worlds();
    let push = json!({"fullRepositoryId": "o/r", "kind": "push", "branch": "main", "commitId": "c"});
    for (change, part) in [
        (json!({"kind": "pushed"}), "'kind' is push, tag or pullRequest"),
        (json!({"kind": null}), "'kind' is push, tag or pullRequest"),
        (json!({"branch": null}), "'branch' is wanted"),
        (json!({"branch": 1}), "'branch' must be a string"),
        (json!({"branch": ""}), "'branch' has 1 to 256 characters"),
        (json!({"branch": "a\nb"}), "'branch' has 1 to 256 characters"),
        (json!({"commitId": "c".repeat(101)}), "'commitId' has 1 to 100 characters"),
        (json!({"tag": "v1"}), "'tag' is no member"),
        (json!({"kind": "tag", "tag": "v1"}), "'branch' is no member"),
        (json!({"kind": "pullRequest"}), "'targetBranch' is wanted"),
        (json!({"kind": "pullRequest", "targetBranch": "m", "prEvent": "opened"}), "OPEN, UPDATED or CLOSED"),
        (json!({"files": "a"}), "'files' is a list of paths"),
        (json!({"files": [1]}), "'files' is a list of paths"),
        (json!({"files": vec!["a"; 3001]}), "at most 3000 paths"),
        (json!({"message": "x".repeat(65_537)}), "'message' has at most"),
        (json!({"fullRepositoryID": "x"}), "'fullRepositoryID' is no member"),
        (json!({"account": "1"}), "twelve digits"),
    ] {
        let mut body = push.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, problem) = exchange(&worlds, "POST", "/source-events", &body.to_string());
        assert_eq!(status, 400, "{change}");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{change}: {problem}");
    }
    let large = format!("{{\"x\": \"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(exchange(&worlds, "POST", "/source-events", &large).0, 413);
}

fn partner(provider: &str, executor: &str) -> Value {
    let configuration = match executor {
        "Lambda" => {
            json!({"lambdaExecutorConfiguration": {"lambdaFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}})
        }
        _ => json!({"jobWorkerExecutorConfiguration": {"pollingAccounts": ["333333333333"]}}),
    };
    json!({
        "id": {"category": "Build", "owner": "ThirdParty", "provider": provider, "version": "1"},
        "executor": {"type": executor, "configuration": configuration, "jobTimeout": 600},
        "inputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
        "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
        "properties": [{"name": "ProjectId", "optional": true, "key": true, "noEcho": true}],
        "permissions": {"allowedAccounts": ["000000000000"]},
    })
}

#[test]
fn a_partners_type_is_put_used_and_polled_by_the_partner() {
    use crate::ops::{GetThirdPartyJobDetails, PollForThirdPartyJobs};
    let worlds = worlds();
    let body = json!({"actionType": partner("Acme", "JobWorker")}).to_string();
    let (status, put) = exchange(&worlds, "PUT", "/action-types", &body);
    assert_eq!((status, &put["actionType"]["id"]["provider"]), (200, &json!("Acme")));
    let bench = Bench::of(worlds.find(&WorldName::main()).unwrap());
    let mut declaration = with_job("p");
    std::sync::Arc::make_mut(&mut declaration.stages[1].actions[0].action_type_id).provider = "Acme".into();
    let id = declaration.stages[1].actions[0].action_type_id.as_ref().clone();
    bench.create(declaration);
    let kept = bench.look(|store| {
        crate::domain::plans::masked(&store.pipeline("p").unwrap().2.declaration, &store.engine)
    });
    assert_eq!(kept.stages[1].actions[0].configuration.as_ref().unwrap()["ProjectId"], "****");
    let poll = |account: &str| {
        let place = format!("{account}/us-east-1").parse().unwrap();
        let input =
            crate::shapes::PollForThirdPartyJobsInput { action_type_id: id.clone(), max_batch_size: None };
        bench.at(&place).across::<PollForThirdPartyJobs>(input).unwrap().jobs.unwrap()
    };
    assert!(poll("000000000000").is_empty(), "only the partner's account may poll");
    let why = bench.facts("poll.answered").pop().unwrap();
    assert!(why.contains("pollingAccounts"), "{why}");
    let job = poll("333333333333")[0].job_id.clone().unwrap();
    let token = exchange(&worlds, "PUT", "/clients", r#"{"provider": "Acme", "clientToken": "mine"}"#).0;
    assert_eq!(token, 200);
    let input = crate::shapes::GetThirdPartyJobDetailsInput { job_id: job, client_token: "mine".into() };
    assert!(bench.across::<GetThirdPartyJobDetails>(input).is_ok());
    // Each job has the type's 600 seconds.
    let advance = |secs| bench.advance(chrono::TimeDelta::seconds(secs));
    let first = bench.look(|store| *store.engine.jobs.keys().next().unwrap());
    bench.change(|store, tx| store.step(Input::Acknowledge(first), tx));
    advance(500);
    bench.change(|store, tx| store.step(Input::Continue(first, "more".into(), Outcome::default()), tx));
    advance(599);
    let open = || bench.look(|store| store.engine.jobs.values().filter(|job| !job.state.is_over()).count());
    assert_eq!(open(), 1);
    advance(1);
    assert_eq!(open(), 0);
}

#[test]
fn what_is_wrong_with_a_partners_type_is_named() {
    let worlds = worlds();
    let mut approval = partner("Acme", "JobWorker");
    approval["id"]["category"] = json!("Approval");
    let mut mixed = partner("Acme", "JobWorker");
    mixed["executor"]["type"] = json!("Lambda");
    let mut owned = partner("Acme", "JobWorker");
    owned["id"]["owner"] = json!("Custom");
    for (given, status, part) in [
        (partner("TeamCity", "JobWorker"), 409, "is built in"),
        (approval, 400, "Approval"),
        (mixed, 400, "does not match the executor configuration"),
        (owned, 400, "actionType.id.owner"),
        (json!("x"), 400, "actionType"),
    ] {
        let body = json!({"actionType": given}).to_string();
        let (got, problem) = exchange(&worlds, "PUT", "/action-types", &body);
        let text = problem["detail"].as_str().unwrap();
        assert!(got == status && text.contains(part), "{got} {text}");
    }
    assert_eq!(exchange(&worlds, "PUT", "/action-types", "{}").0, 400);
    let lambda = json!({"account": "111111111111", "actionType": partner("Fn", "Lambda")}).to_string();
    assert_eq!(exchange(&worlds, "PUT", "/action-types", &lambda).0, 200);
}

#[test]
fn a_source_finds_next_what_was_put_and_nothing_starts() {
    let worlds = worlds();
    let bench = Bench::of(worlds.find(&WorldName::main()).unwrap());
    bench.create(crate::ops::testing::declaration("p"));
    let put = |body: Value| exchange(&worlds, "PUT", "/revisions", &body.to_string());
    let revision = json!({"revisionId": "abc", "summary": "said", "created": "2026-01-31T12:00:00Z"});
    let body = json!({"pipeline": "p", "stage": "Source", "action": "Pull", "revision": revision});
    assert_eq!(put(body.clone()), (200, body.clone()));
    assert_eq!(bench.executions("p").len(), 1);
    let id = bench.start("p");
    bench.look(|store| {
        let (line, ..) = store.pipeline("p").unwrap();
        let found = &store.engine.execution(line, id).unwrap().1.revisions[0].1;
        assert_eq!((found.id.as_str(), found.summary.as_deref()), ("abc", Some("said")));
    });
    for (member, value, status, part) in [
        ("pipeline", json!("q"), 404, "'q'"),
        ("stage", json!("Nope"), 404, "'Nope'"),
        ("action", json!("Compile"), 404, "'Compile'"),
        ("revision", json!({}), 400, "'revision.revisionId'"),
        ("revision", json!({"id": "x"}), 400, "'id'"),
        ("revision", json!({"revisionId": "x", "created": "now"}), 400, "'revision.created'"),
    ] {
        let mut bad = body.clone();
        bad[member] = value;
        let (got, problem) = put(bad);
        assert_eq!(got, status, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{problem}");
    }
}

#[test]
fn adapters_are_put_whole_and_their_addresses_are_checked() {
    let worlds = worlds();
    let put = |body: &str| exchange(&worlds, "PUT", "/adapters", body);
    assert_eq!(exchange(&worlds, "GET", "/adapters", ""), (200, json!({})));
    let all =
        json!({"approvals": "http://h/a", "codebuild": "http://h/b", "lambda": "http://h/l?key=geheim"});
    assert_eq!(put(&all.to_string()), (200, all.clone()));
    assert_eq!(exchange(&worlds, "GET", "/adapters", "").1, all);
    assert_eq!(put(r#"{"lambda": "/x"}"#).0, 400);
    assert_eq!(put(r#"{"lamda": "http://h/"}"#).0, 400);
    let bench = Bench::of(worlds.find(&WorldName::main()).unwrap());
    bench.look(|store| {
        let mut dump = serde_json::to_value(store).unwrap();
        assert!(dump.to_string().contains("geheim"));
        <CodePipelineStore as parhelion_state::Store>::mask(&mut dump);
        assert!(!dump.to_string().contains("geheim"));
    });
    assert_eq!(put("{}"), (200, json!({})));
}
