//! WebJobs over HTTP, and what is told of them.

use crate::store::KuduStore;
use crate::testing::{JSON, Reply, Server, zip_of};
use expect_test::expect;
use parhelion_core::{Call, Pace};
use parhelion_http::Body;
use parhelion_state::ScriptedOutcome;
use serde_json::{Value, json};

const API: &str = "/kudu/site/api";

async fn put(server: &Server, path: &str, file: &str, body: impl Into<Body>) -> Reply {
    let kind = if file.ends_with(".zip") { "application/zip" } else { "application/octet-stream" };
    let disposition = format!("attachment; filename={file}");
    let headers = [("content-type", kind), ("content-disposition", disposition.as_str())];
    server.call_with("PUT", &format!("{API}/{path}"), &headers, body).await
}
async fn call(server: &Server, method: &str, path: &str) -> Reply {
    server.call_with(method, &format!("{API}/{path}"), &[("user-agent", "test/1")], Body::empty()).await
}
async fn get(server: &Server, path: &str) -> Reply {
    call(server, "GET", path).await
}
fn set(server: &Server, name: &str, value: &str) {
    let site = "site".parse().unwrap();
    let done = server.world.shelf::<KuduStore>().write(&site, &Call::default(), |store, _| {
        store.settings.set(name, value);
        Ok::<_, ()>(())
    });
    done.unwrap();
}
async fn advance(server: &Server, millis: i64) {
    let to = server.world.clock.now() + chrono::TimeDelta::milliseconds(millis);
    server.world.advance(to).await;
}
fn behave(server: &Server, outcomes: &[Value]) {
    let outcomes = outcomes.iter().map(|outcome| {
        let mut members = outcome.as_object().unwrap().clone();
        let outcome = members.remove("outcome").unwrap().as_str().unwrap().to_owned();
        ScriptedOutcome { outcome, members }
    });
    let matches = [("kind".to_owned(), "webjob".to_owned()), ("job".to_owned(), "mail".to_owned())];
    server.world.edit_script(|script| script.put_behaviour("b", matches.into(), outcomes.collect()).unwrap());
}

#[tokio::test]
async fn a_job_is_uploaded_run_and_told_of() {
    let server = Server::new();
    server.post(&format!("{API}/hooks"), &json!({"url": "http://a/", "event": "TriggeredJobFinished"})).await;
    let job = put(&server, "triggeredwebjobs/mail", "run.cmd", "echo hi\r\n").await;
    assert_eq!(job.status, 200);
    expect![[r#"{"latest_run":null,"history_url":"http://127.0.0.1:4600/kudu/site/api/triggeredwebjobs/mail/history","scheduler_logs_url":null,"name":"mail","run_command":"run.cmd","url":"http://127.0.0.1:4600/kudu/site/api/triggeredwebjobs/mail","extra_info_url":"http://127.0.0.1:4600/kudu/site/azurejobs/#/jobs/triggered/mail","type":"triggered","error":null,"using_sdk":false,"settings":{}}"#]].assert_eq(&job.body);
    assert_eq!(get(&server, "triggeredwebjobs/mail/history").await.pair(), (404, ""));

    let run = call(&server, "POST", "triggeredwebjobs/MAIL/run?arguments=a%20b").await;
    assert_eq!(run.pair(), (202, ""));
    let place = "http://127.0.0.1:4600/kudu/site/api/triggeredwebjobs/mail/history/202601010000000000";
    assert_eq!(run.header("location"), place);
    let going_on = get(&server, "triggeredwebjobs/mail/history/202601010000000000").await.json();
    assert_eq!(
        (&going_on["status"], &going_on["end_time"]),
        (&json!("Running"), &json!("0001-01-01T00:00:00"))
    );
    let again = call(&server, "POST", "triggeredwebjobs/mail/run").await;
    assert_eq!(again.pair(), (409, "Cannot start a new run since job is already running."));
    assert_eq!(again.header("content-type"), "text/plain; charset=utf-8");
    assert!(server.outbox.sent().is_empty());

    advance(&server, 49).await;
    assert_eq!(get(&server, "triggeredwebjobs/mail").await.json()["latest_run"]["status"], "Running");
    advance(&server, 1).await;
    let ended = get(&server, "triggeredwebjobs/mail/history/202601010000000000").await;
    expect![[r#"{"id":"202601010000000000","name":"202601010000000000","status":"Success","start_time":"2026-01-01T00:00:00Z","end_time":"2026-01-01T00:00:00.05Z","duration":"00:00:00.0500000","output_url":"http://127.0.0.1:4600/kudu/site/vfs/data/jobs/triggered/mail/202601010000000000/output_log.txt","error_url":null,"url":"http://127.0.0.1:4600/kudu/site/api/triggeredwebjobs/mail/history/202601010000000000","job_name":"mail","trigger":"External - test/1"}"#]].assert_eq(&ended.body);
    let log = server.get("/kudu/site/vfs/data/jobs/triggered/mail/202601010000000000/output_log.txt").await;
    assert!(log.body.contains("SYS INFO] Status changed to Success\r\n"), "{}", log.body);
    assert!(log.body.contains("Run script 'run.cmd' with script host - 'WindowsScriptHost'"), "{}", log.body);
    let sent = server.outbox.sent();
    assert_eq!(sent.len(), 1);
    let told: Value = serde_json::from_slice(&sent[0].delivery.body).unwrap();
    assert_eq!((&told["status"], &told["job_name"]), (&json!("Success"), &json!("mail")));
    assert_eq!((&told["url"], told.get("error_url")), (&json!(place), None));
    let facts = server.world.entries(0, usize::MAX, |e| e.kind.starts_with("webjob."));
    let kinds: Vec<&str> = facts.iter().map(|e| e.kind).collect();
    assert_eq!(
        kinds,
        ["webjob.changed", "webjob.started", "webjob.changed", "webjob.refused", "webjob.finished"]
    );
    assert!(facts[3].fact.contains("its run 202601010000000000 is going on"));
}

#[tokio::test]
async fn what_a_script_says_decides() {
    let server = Server::new();
    put(&server, "triggeredwebjobs/mail", "my.sh", "#!/bin/sh\nexit 3\n").await;
    call(&server, "POST", "triggeredwebjobs/mail/run").await;
    advance(&server, 50).await;
    let history = get(&server, "triggeredwebjobs/mail/history").await;
    assert_eq!(history.json()["runs"][0]["status"], "Failed");
    let log = get(&server, "vfs/data/jobs/triggered/mail/202601010000000000/output_log.txt").await.body;
    assert!(log.contains("SYS ERR ] Job failed due to exit code 3\r\n"), "{log}");
    // The same instant: the next run's id is a later one.
    let to = server.world.clock.now();
    call(&server, "POST", "triggeredwebjobs/mail/run").await;
    let tag = get(&server, "triggeredwebjobs/mail/history").await.header("etag").to_owned();
    let known = [("if-none-match", tag.as_str())];
    let path = format!("{API}/triggeredwebjobs/mail/history");
    assert_eq!(server.call_with("GET", &path, &known, Body::empty()).await.pair(), (304, ""));
    server.world.advance(to + chrono::TimeDelta::seconds(1)).await;
    assert_eq!(server.call_with("GET", &path, &known, Body::empty()).await.status, 200);
}

#[tokio::test]
async fn a_behaviour_decides_before_the_script() {
    let server = Server::new();
    put(&server, "triggeredwebjobs/mail", "run.cmd", "exit 1").await;
    behave(
        &server,
        &[
            json!({"outcome": "succeed", "delay": "5s", "log": ["one", "two"]}),
            json!({"outcome": "fail", "message": "no mail today"}),
            json!({"outcome": "hang"}),
        ],
    );
    let run = async || call(&server, "POST", "triggeredwebjobs/mail/run").await.status;
    let newest = async || get(&server, "triggeredwebjobs/mail").await.json()["latest_run"].clone();
    run().await;
    advance(&server, 4_999).await;
    assert_eq!(newest().await["status"], "Running");
    advance(&server, 1).await;
    assert_eq!(newest().await["status"], "Success");
    let log = server.get(newest().await["output_url"].as_str().unwrap().split_at(21).1).await.body;
    assert!(log.contains(": INFO] one\r\n") && log.contains(": INFO] two\r\n"), "{log}");
    run().await;
    advance(&server, 50).await;
    assert_eq!(newest().await["status"], "Failed");
    run().await;
    advance(&server, 1_000_000).await;
    assert_eq!((&newest().await["status"], run().await), (&json!("Running"), 409));
    let id = newest().await["id"].as_str().unwrap().to_owned();
    let waits = server.world.standing("kudu", "site", &format!("webjob:mail@{id}"));
    assert!(waits[0].fact.contains("until it is stepped"), "{waits:?}");
    let stepped = server.world.step_by_hand("kudu", None, &Call::default()).unwrap();
    assert_eq!(stepped.what, format!("webjob:mail@{id}"));
    assert_eq!(newest().await["status"], "Success");
    assert_eq!(server.world.step_by_hand("kudu", None, &Call::default()), None);
}

#[tokio::test]
async fn a_pace_says_how_long_runs_take() {
    let server = Server::new();
    put(&server, "triggeredwebjobs/mail", "run.py", "").await;
    server.world.edit_script(|script| script.set_pace(Some("kudu"), Some("webjob"), Pace::Immediate));
    call(&server, "POST", "triggeredwebjobs/mail/run").await;
    assert_eq!(get(&server, "triggeredwebjobs/mail").await.json()["latest_run"]["status"], "Success");
    server.world.edit_script(|script| script.set_pace(Some("kudu"), Some("webjob"), Pace::Manual));
    call(&server, "POST", "triggeredwebjobs/mail/run").await;
    advance(&server, 1_000_000).await;
    assert!(server.world.step_by_hand("kudu", Some("mail"), &Call::default()).is_some());
}

#[tokio::test]
async fn uploads_that_cannot_be_run_leave_no_job() {
    let server = Server::new();
    let path = format!("{API}/triggeredwebjobs/mail");
    let nameless = server.call("PUT", &path, "", "x").await;
    assert_eq!(nameless.pair(), (400, "Missing Content-Disposition header."));
    assert_eq!(put(&server, "triggeredwebjobs/mail", "run.cmd", "").await.status, 200);
    for (file, body, status, text) in [
        ("readme.txt", b"x".to_vec(), 400, "No runnable script file was found."),
        ("a.zip", zip_of(&[("readme.txt", "x")]), 400, "No runnable script file was found."),
        ("a.zip", b"x".to_vec(), 500, "End of Central Directory record could not be found."),
    ] {
        put(&server, "triggeredwebjobs/mail", "run.cmd", "").await;
        let bad = put(&server, "triggeredwebjobs/mail", file, body).await;
        assert_eq!(bad.pair(), (status, text), "{file}");
        assert_eq!(get(&server, "triggeredwebjobs/mail").await.pair(), (404, ""));
    }
    let slip = crate::testing::zip_with(|zip| {
        zip.start_file("../../run.cmd", zip::write::SimpleFileOptions::default()).unwrap();
    });
    assert_eq!(put(&server, "triggeredwebjobs/mail", "a.zip", slip).await.status, 500);
    for name in ["a%2Fb", "..", "%2e%2e", "NUL", "C:"] {
        let answer = put(&server, &format!("triggeredwebjobs/{name}"), "run.cmd", "x").await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.body);
    }
    assert_eq!(get(&server, "triggeredwebjobs").await.body, "[]");
}

#[tokio::test]
async fn a_zip_of_one_folder_is_looked_through_and_replaces_the_job() {
    let server = Server::new();
    put(&server, "triggeredwebjobs/mail", "run.cmd", "old").await;
    let zip =
        zip_of(&[("inner/deep/run.js", "1"), ("inner/deep/settings.job", "{\"schedule\":\"0 0 * * * *\"}")]);
    let job = put(&server, "triggeredwebjobs/mail", "job.zip", zip).await.json();
    assert_eq!(
        (&job["run_command"], &job["settings"]["schedule"]),
        (&json!("inner/deep/run.js"), &json!("0 0 * * * *"))
    );
    assert_eq!(get(&server, "vfs/site/wwwroot/App_Data/jobs/triggered/mail/run.cmd").await.status, 404);
    // A job that a deployment brings is a job as well.
    let zip = zip_of(&[("App_Data/jobs/continuous/Watch/run.ps1", "1")]);
    server.call("POST", &format!("{API}/zipdeploy"), "", zip).await;
    assert_eq!(get(&server, "continuouswebjobs/watch").await.json()["status"], "Running");
}

#[tokio::test]
async fn lists_have_tags_and_older_paths() {
    let server = Server::new();
    put(&server, "triggeredwebjobs/b", "run.cmd", "").await;
    put(&server, "continuouswebjobs/a", "run.cmd", "").await;
    let names = |list: Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap().to_owned()).collect()
    };
    for (path, expected) in [
        ("/api/webjobs", vec!["b", "a"]),
        ("/api/jobs", vec!["b", "a"]),
        ("/jobs", vec!["b", "a"]),
        ("/api/triggeredwebjobs/", vec!["b"]),
        ("/api/TriggeredJobs", vec!["b"]),
        ("/jobs/triggered", vec!["b"]),
        ("/api/jobs/continuous", vec!["a"]),
    ] {
        assert_eq!(names(server.get(&format!("/kudu/site{path}")).await.json()), expected, "{path}");
    }
    for path in ["/triggeredwebjobs", "/webjobs", "/triggeredjobs"] {
        assert_eq!(server.get(&format!("/kudu/site{path}")).await.status, 404, "{path}");
    }
    assert_eq!(server.get("/kudu/site/jobs/triggered/b/settings").await.pair(), (200, "{}"));
    let tag = get(&server, "webjobs").await.header("etag").to_owned();
    let known = [("if-none-match", tag.as_str())];
    let same = server.call_with("GET", &format!("{API}/webjobs"), &known, Body::empty()).await;
    assert_eq!(same.pair(), (304, ""));
    let swagger = get(&server, "triggeredwebjobsswagger").await.json();
    assert_eq!(swagger["paths"]["/api/triggeredjobs/b/run"]["post"]["operationId"], "b");
    // By host, the addresses are the host's.
    let by_host = server.get("site.scm.localhost:4600/api/triggeredwebjobs/b").await.json();
    assert_eq!(by_host["url"], "http://site.scm.localhost:4600/api/triggeredwebjobs/b");
}

#[tokio::test]
async fn a_deleted_job_is_gone_with_its_runs() {
    let server = Server::new();
    server.post(&format!("{API}/hooks"), &json!({"url": "http://a/", "event": "TriggeredJobFinished"})).await;
    put(&server, "triggeredwebjobs/mail", "run.cmd", "").await;
    call(&server, "POST", "triggeredwebjobs/mail/run").await;
    for _ in 0..2 {
        assert_eq!(call(&server, "DELETE", "triggeredwebjobs/mail").await.pair(), (200, ""));
    }
    advance(&server, 1_000).await;
    assert!(server.outbox.sent().is_empty());
    for path in ["", "/history", "/history/202601010000000000", "/settings"] {
        assert_eq!(get(&server, &format!("triggeredwebjobs/mail{path}")).await.pair(), (404, ""), "{path}");
    }
    assert_eq!(call(&server, "POST", "triggeredwebjobs/mail/run").await.pair(), (404, ""));
    assert_eq!(get(&server, "vfs/data/jobs/triggered/mail/").await.status, 404);
}

#[tokio::test]
async fn settings_stop_jobs_and_bound_their_history() {
    let server = Server::new();
    put(&server, "triggeredwebjobs/mail", "run.cmd", "").await;
    set(&server, "WEBJOBS_STOPPED", "1");
    let stopped = call(&server, "POST", "triggeredwebjobs/mail/run").await;
    assert_eq!(stopped.pair(), (409, "WebJobs are currently in \"stopped\" state."));
    set(&server, "WEBJOBS_STOPPED", "0");
    set(&server, "WEBJOBS_HISTORY_SIZE", "2");
    for _ in 0..4 {
        call(&server, "POST", "triggeredwebjobs/mail/run").await;
        advance(&server, 1_000).await;
    }
    let runs = get(&server, "triggeredwebjobs/mail/history").await.json();
    let starts: Vec<&Value> = runs["runs"].as_array().unwrap().iter().map(|run| &run["start_time"]).collect();
    assert_eq!(starts, ["2026-01-01T00:00:03Z", "2026-01-01T00:00:02Z"]);
    assert_eq!(get(&server, "vfs/data/jobs/triggered/mail/").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_jobs_own_settings() {
    let server = Server::new();
    put(&server, "continuouswebjobs/w", "run.cmd", "").await;
    let path = format!("{API}/continuouswebjobs/w/settings");
    let set = server.call("PUT", &path, JSON, r#"{"is_singleton":true}"#).await;
    assert_eq!(set.pair(), (200, ""));
    assert_eq!(server.get(&path).await.pair(), (200, r#"{"is_singleton":true}"#));
    assert_eq!(get(&server, "continuouswebjobs/w").await.json()["settings"]["is_singleton"], true);
    assert_eq!(server.call("PUT", &path, "text/plain", "{}").await.status, 415);
    for body in ["", "null", "[1]", "{"] {
        assert_eq!(server.call("PUT", &path, JSON, body).await.status, 200, "{body}");
        assert_eq!(server.get(&path).await.pair(), (200, "{}"), "{body}");
    }
    let none = server.call("PUT", &format!("{API}/continuouswebjobs/x/settings"), JSON, "{}").await;
    assert_eq!(none.pair(), (404, ""));
}

#[tokio::test]
async fn continuous_jobs_are_switched_and_come_back() {
    let server = Server::new();
    put(&server, "continuouswebjobs/mail", "run.cmd", "").await;
    let status = async || get(&server, "continuouswebjobs/mail").await.json()["status"].clone();
    let job = get(&server, "continuouswebjobs/mail").await;
    let instance = job.json()["detailed_status"].as_str().unwrap()[..6].to_owned();
    assert_eq!(job.json()["detailed_status"], format!("{instance} - Running\r\n"));
    let log = "http://127.0.0.1:4600/kudu/site/vfs/data/jobs/continuous/mail/job_log.txt";
    assert_eq!(job.json()["log_url"], log);
    assert_eq!(call(&server, "POST", "continuouswebjobs/mail/stop").await.pair(), (200, ""));
    assert_eq!(status().await, "Stopped");
    behave(
        &server,
        &[json!({"outcome": "fail", "delay": "5s", "message": "out of memory"}), json!({"outcome": "hang"})],
    );
    assert_eq!(call(&server, "POST", "continuouswebjobs/mail/start").await.pair(), (200, ""));
    assert_eq!(status().await, "Running");
    advance(&server, 5_000).await;
    assert_eq!(status().await, "PendingRestart");
    advance(&server, 60_000).await;
    assert_eq!(status().await, "Running");
    let text = server.get(log.split_at(21).1).await.body;
    assert!(
        text.contains("SYS ERR ] out of memory") && text.contains("Status changed to PendingRestart"),
        "{text}"
    );
    set(&server, "WEBJOBS_STOPPED", "1");
    assert_eq!(status().await, "Stopped");
    for path in ["start", "stop"] {
        assert_eq!(call(&server, "POST", &format!("continuouswebjobs/none/{path}")).await.pair(), (404, ""));
    }
}

#[tokio::test]
async fn a_rollback_takes_runs_back() {
    let server = Server::new();
    put(&server, "triggeredwebjobs/mail", "run.cmd", "").await;
    let checkpoint = server.world.checkpoint();
    call(&server, "POST", "triggeredwebjobs/mail/run").await;
    server.world.restore(&checkpoint, parhelion_state::Scope::Tenant("kudu", "site"));
    assert_eq!(get(&server, "triggeredwebjobs/mail/history").await.status, 404);
    advance(&server, 1_000).await;
    assert_eq!(get(&server, "triggeredwebjobs/mail").await.json()["latest_run"], Value::Null);
}

#[tokio::test]
async fn a_schedule_starts_runs() {
    let server = Server::new();
    server.post(&format!("{API}/hooks"), &json!({"url": "http://a/", "event": "TriggeredJobFinished"})).await;
    let zip = zip_of(&[("run.sh", ""), ("settings.job", r#"{"schedule":"0 */5 * * * *"}"#)]);
    put(&server, "triggeredwebjobs/mail", "job.zip", zip).await;
    advance(&server, 299_000).await;
    assert_eq!(get(&server, "triggeredwebjobs/mail/history").await.status, 404);
    advance(&server, 601_100).await;
    let runs = get(&server, "triggeredwebjobs/mail/history").await.json();
    let seen: Vec<(&str, &str)> = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (run["start_time"].as_str().unwrap(), run["trigger"].as_str().unwrap()))
        .collect();
    let trigger = "Schedule - 0 */5 * * * *";
    let times = ["2026-01-01T00:15:00Z", "2026-01-01T00:10:00Z", "2026-01-01T00:05:00Z"];
    assert_eq!(seen, times.map(|time| (time, trigger)));
    assert_eq!(server.outbox.sent().len(), 3);
    let job = get(&server, "triggeredwebjobs/mail").await.json();
    let log = "http://127.0.0.1:4600/kudu/site/vfs/data/jobs/triggered/mail/job_scheduler.log";
    assert_eq!(job["scheduler_logs_url"], log);
    // A run that goes on is not doubled; without a schedule there is none.
    behave(&server, &[json!({"outcome": "hang"})]);
    advance(&server, 700_000).await;
    assert_eq!(
        get(&server, "triggeredwebjobs/mail/history").await.json()["runs"].as_array().unwrap().len(),
        4
    );
    assert_eq!(server.world.entries(0, usize::MAX, |e| e.kind == "webjob.skipped").len(), 1);
    let path = format!("{API}/triggeredwebjobs/mail/settings");
    server.call("PUT", &path, JSON, r#"{"schedule":"never"}"#).await;
    advance(&server, 7_000_000).await;
    assert_eq!(server.world.entries(0, usize::MAX, |e| e.kind == "webjob.skipped").len(), 1);
}
