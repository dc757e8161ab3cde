//! What a site tells of itself, and its settings.

use crate::store::KuduStore;
use crate::testing::{JSON, Reply, Server, zip_of};
use expect_test::expect;
use parhelion_core::Call;
use parhelion_http::Body;
use serde_json::{Value, json};

const API: &str = "/kudu/site/api";

async fn get(server: &Server, path: &str) -> Reply {
    server.get(&format!("{API}/{path}")).await
}
async fn call(server: &Server, method: &str, path: &str) -> Reply {
    server.call(method, &format!("{API}/{path}"), "", Body::empty()).await
}
async fn put_file(server: &Server, path: &str, text: &str) {
    let target = format!("{API}/vfs/{path}");
    let done = server.call_with("PUT", &target, &[("if-match", "*")], text.to_owned()).await;
    assert!(done.status < 300, "{done:?}");
}
fn hold_lock(server: &Server) {
    let site = "site".parse().unwrap();
    let done = server.world.shelf::<KuduStore>().write(&site, &Call::default(), |store, tx| {
        use parhelion_state::Operation;
        crate::ops::hold_lock::TakeLock::run(store, "Deploying by hand".to_owned(), tx)
    });
    done.unwrap();
}

#[tokio::test]
async fn settings_are_set_shown_and_taken_away() {
    let server = Server::new();
    let usual = get(&server, "settings").await;
    expect![[r#"{"SCM_BUILD_ARGS":"","SCM_COMMAND_IDLE_TIMEOUT":"60","SCM_LOGSTREAM_TIMEOUT":"7200","SCM_TRACE_LEVEL":"1","WEBSITE_SITE_NAME":"site","deployment_branch":"master"}"#]].assert_eq(&usual.body);
    let set =
        server.post(&format!("{API}/settings"), &json!({"Foo": "bar", "n": 5, "b": true, "nil": null})).await;
    assert_eq!(set.pair(), (204, ""));
    assert_eq!(get(&server, "settings/FOO").await.pair(), (200, "\"bar\""));
    assert_eq!(get(&server, "settings/n").await.body, "\"5\"");
    assert_eq!(get(&server, "settings/b").await.body, "\"True\"");
    assert_eq!(get(&server, "settings/nil").await.body, "\"\"");
    assert_eq!(get(&server, "settings/website_site_name").await.body, "\"site\"");
    let old =
        server.post("/kudu/site/settings/", &json!({"key": "Deployment_Branch", "value": "main"})).await;
    assert_eq!(old.status, 204);
    assert_eq!(get(&server, "settings/deployment_branch").await.body, "\"main\"");
    for _ in 0..2 {
        assert_eq!(call(&server, "DELETE", "settings/deployment_branch").await.pair(), (204, ""));
    }
    assert_eq!(get(&server, "settings/deployment_branch").await.body, "\"master\"");
    let missing = get(&server, "settings/nope").await;
    assert_eq!(missing.pair(), (404, r#"{"Message":"The setting 'nope' does not exist."}"#));
    for (media, body, status) in [
        (JSON, "", 400),
        (JSON, "null", 400),
        (JSON, "[]", 400),
        (JSON, "{", 400),
        (JSON, r#"{"key":"","value":"x"}"#, 400),
        (JSON, r#"{"key":null,"value":"x"}"#, 400),
        (JSON, r#"{"a":{}}"#, 500),
        ("text/plain", "{}", 415),
    ] {
        let answer = server.call("POST", &format!("{API}/settings"), media, body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }
    let long = server.post(&format!("{API}/settings"), &json!({"a": "x".repeat(70_000)})).await;
    assert_eq!(long.status, 500);
    // What a setting is worth is no matter of the journal.
    let facts = server.world.entries(0, usize::MAX, |e| e.kind == "settings.changed");
    assert!(facts[0].fact.contains("Foo") && !facts.iter().any(|e| e.fact.contains("bar")), "{facts:?}");
}

#[tokio::test]
async fn settings_wait_for_a_deployment_and_then_give_up() {
    let server = Server::new();
    hold_lock(&server);
    let busy = server.post(&format!("{API}/settings"), &json!({"a": "b"})).await;
    let text = |operation: &str| {
        format!(
            "The '{operation}' operation conflicts with the pending 'Deploying by hand' operation started at \
             2026-01-01T00:00:00.0000000Z.  Please retry operation later."
        )
    };
    assert_eq!((busy.status, &busy.json()["Message"]), (409, &json!(text("Updating deployment setting"))));
    let delete = call(&server, "DELETE", "settings/a").await;
    assert_eq!(
        (delete.status, &delete.json()["Message"]),
        (409, &json!(text("Deleting deployment setting")))
    );
    let scm = call(&server, "DELETE", "scm").await;
    assert_eq!((scm.status, &scm.json()["Message"]), (409, &json!(text("Deleting repository"))));
    assert_eq!(get(&server, "isdeploying").await.pair(), (200, r#"{"value":"True","msg":""}"#));
    assert_eq!(get(&server, "settings").await.status, 200);
    let facts = server.world.entries(0, usize::MAX, |e| e.kind == "settings.refused");
    assert!(facts[0].fact.contains("\"Deploying by hand\" holds the deployment lock"), "{facts:?}");
}

#[tokio::test]
async fn diagnostics_have_six_settings_and_any_others() {
    let server = Server::new();
    let path = format!("{API}/diagnostics/settings");
    let usual = server.get(&path).await;
    expect![[r#"{"AzureDriveEnabled":false,"AzureDriveTraceLevel":"Error","AzureTableEnabled":false,"AzureTableTraceLevel":"Error","AzureBlobEnabled":false,"AzureBlobTraceLevel":"Error"}"#]].assert_eq(&usual.body);
    let set = json!({"AzureDriveEnabled": true, "AzureTableTraceLevel": "verbose", "mine": [1, {"a": null}]});
    assert_eq!(server.post(&path, &set).await.pair(), (204, ""));
    assert_eq!(server.get(&format!("{path}/AzureDriveEnabled")).await.pair(), (200, "true"));
    assert_eq!(server.get(&format!("{path}/AzureTableTraceLevel")).await.body, "\"Verbose\"");
    assert_eq!(server.get(&format!("{path}/mine")).await.body, r#"[1,{"a":null}]"#);
    for bad in [json!({"AzureDriveEnabled": "yes"}), json!({"AzureBlobTraceLevel": "Loud"}), json!([])] {
        assert_eq!(server.post(&path, &bad).await.pair(), (400, ""), "{bad}");
    }
    for key in ["mine", "mine", "AzureDriveEnabled"] {
        assert_eq!(server.call("DELETE", &format!("{path}/{key}"), "", Body::empty()).await.status, 204);
    }
    assert_eq!(server.get(&format!("{path}/mine")).await.status, 404);
    assert_eq!(server.get(&format!("{path}/AzureDriveEnabled")).await.body, "true");
    assert_eq!(get(&server, "vfs/site/diagnostics/settings.json").await.status, 200);
    put_file(&server, "site/diagnostics/settings.json", "damaged").await;
    assert_eq!(server.get(&path).await.body, usual.body);
}

#[tokio::test]
async fn a_site_tells_its_version_and_repository() {
    let server = Server::new();
    assert_eq!(get(&server, "environment").await.pair(), (200, r#"{"version":"104.40904.7084.0"}"#));
    assert_eq!(server.get("site.scm.localhost/info").await.json()["Version"], "104.40904.7084.0");
    assert_eq!(get(&server, "isdeploying").await.body, r#"{"value":"False","msg":""}"#);
    let info = get(&server, "scm/info").await;
    assert_eq!(info.pair(), (200, r#"{"Type":0,"GitUrl":"http://127.0.0.1:4600/kudu/site/site.git"}"#));
    assert_eq!(call(&server, "POST", "scm/clean").await.pair(), (204, ""));
    for (method, path) in [("GET", "scm/clean"), ("POST", "scm/info"), ("POST", "dump")] {
        let text =
            format!(r#"{{"Message":"The requested resource does not support http method '{method}'."}}"#);
        assert_eq!(call(&server, method, path).await.pair(), (405, text.as_str()), "{method} {path}");
    }
    let runtime = get(&server, "diagnostics/runtime").await.json();
    assert_eq!(runtime["nodejs"][1], json!({"version": "20.11.1", "npm": "10.2.4"}));
    assert!(runtime["system"]["cores"].is_number() && runtime["dotnetcore64"]["shared"].is_object());
}

#[tokio::test]
async fn deleting_the_repository_takes_deployments_and_hooks() {
    let server = Server::new();
    server.post(&format!("{API}/hooks"), &json!({"url": "http://a/", "event": "x"})).await;
    let deploy = async |files: &[(&str, &str)]| {
        server.call("POST", &format!("{API}/zipdeploy"), "", zip_of(files)).await.status
    };
    deploy(&[("a.txt", "1"), ("b.txt", "1")]).await;
    put_file(&server, "site/wwwroot/mine.txt", "1").await;
    assert_eq!(call(&server, "DELETE", "scm").await.pair(), (204, ""));
    for path in ["hooks", "deployments"] {
        assert_eq!(get(&server, path).await.body, "[]", "{path}");
    }
    // What was deployed is still there, and the next deployment knows that it was.
    assert_eq!(get(&server, "vfs/site/wwwroot/a.txt").await.status, 200);
    deploy(&[("c.txt", "1")]).await;
    assert_eq!(get(&server, "vfs/site/wwwroot/a.txt").await.status, 404);
    assert_eq!(get(&server, "vfs/site/wwwroot/mine.txt").await.status, 200);
    assert_eq!(call(&server, "DELETE", "scm?deleteWebRoot=1").await.status, 204);
    assert_eq!(get(&server, "vfs/site/wwwroot/").await.body, "[]");
    assert_eq!(call(&server, "DELETE", "scm?deleteWebRoot=x").await.status, 400);
}

#[tokio::test]
async fn the_applications_log() {
    let server = Server::new();
    assert_eq!(get(&server, "logs/recent").await.pair(), (200, "[]"));
    let log = "2026-01-01T00:00:01  PID[7] Information  one\n2026-01-01T00:00:02  PID[7] Error  two\nmore\n";
    put_file(&server, "LogFiles/Application/a-7.txt", log).await;
    let all = get(&server, "logs/recent").await;
    expect![[r#"[{"timestamp":"2026-01-01T00:00:02Z","level":"Error","pid":7,"message":"two\r\nmore"},{"timestamp":"2026-01-01T00:00:01Z","level":"Information","pid":7,"message":"one"}]"#]].assert_eq(&all.body);
    assert_eq!(get(&server, "logs/recent?Top=1").await.json().as_array().unwrap().len(), 1);
    assert_eq!(get(&server, "logs/recent?top=x").await.status, 400);
    assert_eq!(server.get("/kudu/site/logs/recent").await.status, 404);
}

#[tokio::test]
async fn a_key_is_made_when_one_is_asked_for() {
    let server = Server::new();
    assert_eq!(get(&server, "sshkey").await.pair(), (200, "\"\""));
    let key = get(&server, "sshkey?ensurePublicKey=1").await.json();
    assert!(key.as_str().unwrap().starts_with("ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB"), "{key}");
    assert_eq!(get(&server, "sshkey").await.json(), key);
    let put = server.call("PUT", &format!("{API}/sshkey"), JSON, r#"{"key":"-----BEGIN"}"#).await;
    assert_eq!(put.pair(), (204, ""));
    assert_eq!(get(&server, "sshkey").await.body, "\"\"");
    assert_eq!(call(&server, "DELETE", "sshkey").await.pair(), (204, ""));
    let none = server.call("PUT", &format!("{API}/sshkey"), JSON, "[]").await;
    assert_eq!((none.status, &none.json()["ExceptionType"]), (400, &json!("System.ArgumentNullException")));
    assert_eq!(server.call("PUT", &format!("{API}/sshkey"), "text/plain", "key").await.status, 204);
}

#[tokio::test]
async fn one_process_with_the_id_1() {
    let server = Server::new();
    for path in ["processes", "diagnostics/processes"] {
        let list = get(&server, path).await.json();
        let href = format!("http://127.0.0.1:4600{API}/{path}/1");
        assert_eq!((&list[0]["id"], &list[0]["href"]), (&json!(1), &json!(href)));
        assert_eq!(get(&server, &format!("{path}/1")).await.json()["name"], "w3wp");
        assert_eq!(get(&server, &format!("{path}/1/threads")).await.body, "[]");
        let other = get(&server, &format!("{path}/2")).await;
        assert_eq!(other.pair(), (404, r#"{"Message":"Process with an Id of 2 is not running."}"#));
    }
    let environment = get(&server, "processes/1/environments/site_name").await;
    assert_eq!(environment.body, r#"{"WEBSITE_SITE_NAME":"site"}"#);
    assert_eq!(server.get("/kudu/site/processes").await.status, 404);
    // Its end takes the runs of jobs with it.
    let headers = [("content-disposition", "attachment; filename=run.cmd")];
    server.call_with("PUT", &format!("{API}/triggeredwebjobs/j"), &headers, "x").await;
    call(&server, "POST", "triggeredwebjobs/j/run").await;
    assert_eq!(call(&server, "DELETE", "processes/1").await.pair(), (204, ""));
    assert_eq!(get(&server, "triggeredwebjobs/j").await.json()["latest_run"]["status"], "Aborted");
    assert_eq!(call(&server, "POST", "processes/7/stop").await.status, 404);
}

#[tokio::test]
async fn there_are_no_extensions() {
    let server = Server::new();
    for path in ["siteextensions", "extensionfeed"] {
        assert_eq!(get(&server, path).await.pair(), (200, "[]"));
        assert_eq!(get(&server, &format!("{path}/x")).await.pair(), (404, r#"{"Message":"x"}"#));
    }
    for method in ["PUT", "DELETE"] {
        assert_eq!(call(&server, method, "siteextensions/x").await.status, 404);
    }
}

#[tokio::test]
async fn functions_are_folders_with_their_configuration() {
    let server = Server::new();
    assert_eq!(get(&server, "functions").await.pair(), (200, "[]"));
    let path = format!("{API}/functions/Hello");
    let body = json!({"config": {"bindings": []}, "files": {"run.csx": "code"}});
    let put = server.call("PUT", &path, JSON, body.to_string()).await;
    assert_eq!(put.status, 201);
    let function = get(&server, "functions/hello").await.json();
    assert_eq!((&function["name"], &function["config"]), (&json!("Hello"), &json!({"bindings": []})));
    let script = "http://127.0.0.1:4600/kudu/site/api/vfs/site/wwwroot/Hello/run.csx";
    assert_eq!(function["script_href"], script);
    assert_eq!(server.get(script.split_at(21).1).await.body, "code");
    assert_eq!(get(&server, "functions").await.json()[0]["name"], "Hello");
    let key = get(&server, "functions/admin/masterkey").await.json()["masterKey"].clone();
    assert_eq!(key.as_str().unwrap().len(), 64);
    assert_eq!(get(&server, "functions/admin/masterkey").await.json()["masterKey"], key);
    assert_eq!(
        call(&server, "POST", "functions/synctriggers").await.pair(),
        (200, r#"{"status":"success"}"#)
    );
    assert_eq!(get(&server, "functions/config").await.body, "{}");
    let host = server.call("PUT", &format!("{API}/functions/config"), JSON, r#"{"version":"2.0"}"#).await;
    assert_eq!(host.status, 201);
    assert_eq!(get(&server, "functions/config").await.body, r#"{"version":"2.0"}"#);
    assert_eq!(call(&server, "DELETE", "functions/Hello").await.pair(), (204, ""));
    let gone = get(&server, "functions/Hello").await;
    assert_eq!(
        (gone.status, &gone.json()["ExceptionType"]),
        (404, &json!("System.IO.FileNotFoundException"))
    );
    for name in ["1a", "a.b", "a%2Fb", "%2e%2e"] {
        let bad = server.call("PUT", &format!("{API}/functions/{name}"), JSON, "{}").await;
        assert_eq!(bad.status, 400, "{name}");
    }
    let escape = json!({"config": {}, "files": {"../../x": "1"}});
    assert_eq!(server.call("PUT", &path, JSON, escape.to_string()).await.status, 500);
    assert_eq!(get(&server, "vfs/site/wwwroot/Hello/").await.status, 404);
    let state: Value = get(&server, "functions").await.json();
    assert_eq!(state, json!([]));
}
