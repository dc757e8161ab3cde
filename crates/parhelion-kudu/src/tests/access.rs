//! Who is let in, what commands do, and what a log stream tells.

use crate::store::KuduStore;
use crate::testing::{JSON, Reply, Server, zip_of};
use crate::{AuthMode, Settings};
use base64::{Engine, prelude::BASE64_STANDARD};
use http_body_util::BodyExt;
use parhelion_http::{Body, Head};
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;

const API: &str = "/kudu/site/api";

fn strict() -> Server {
    Server::with(Settings { auth: AuthMode::Basic, ..Settings::default() })
}
/// A call of the emulator's own about a site.
async fn control(server: &Server, method: &str, path: &str, body: &str) -> (u16, String) {
    let head = Head {
        world: parhelion_core::WorldName::main(),
        base: "http://127.0.0.1:4600".to_owned(),
        original_uri: path.parse().unwrap(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        request_id: "0192".to_owned(),
        cause: 0,
    };
    let mut request =
        http::Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
    request.extensions_mut().insert(head);
    let answer = server.surface.control.clone().unwrap().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = parhelion_http::read_body(answer.into_body(), 1_000_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}
fn attribute<'a>(xml: &'a str, name: &str) -> &'a str {
    xml.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap()
}
async fn as_user(server: &Server, path: &str, user: &str, password: &str) -> Reply {
    let credentials = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
    server.call_with("GET", path, &[("authorization", &credentials)], Body::empty()).await
}

#[tokio::test]
async fn the_publish_profile_opens_the_site() {
    let server = strict();
    let path = format!("{API}/hooks");
    let refused = server.get(&path).await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Basic realm=\"site\""));
    assert!(!refused.header("x-ms-request-id").is_empty());
    assert_eq!(server.get("/kudu/site/api/nope").await.status, 401);
    let (status, profile) = control(&server, "GET", "/site/publish-profile", "").await;
    assert_eq!(status, 200);
    assert!(
        profile.starts_with("<publishData><publishProfile profileName=\"site - Web Deploy\""),
        "{profile}"
    );
    assert_eq!(attribute(&profile, "publishUrl"), "site.scm.localhost:4600");
    assert!(
        profile.contains("publishMethod=\"MSDeploy\"") && profile.contains("publishMethod=\"ZipDeploy\"")
    );
    let (user, password) = (attribute(&profile, "userName"), attribute(&profile, "userPWD"));
    assert_eq!((user, password.len()), ("$site", 60));
    assert_eq!(control(&server, "GET", "/site/publish-profile", "").await.1, profile);
    assert_eq!(as_user(&server, &path, user, password).await.pair(), (200, "[]"));
    assert_eq!(as_user(&server, &path, user, "wrong").await.status, 401);
    // The same user is nobody at another site.
    assert_eq!(as_user(&server, "/kudu/other/api/hooks", user, password).await.status, 401);
    let bearer = server.call_with("GET", &path, &[("authorization", "Bearer x")], Body::empty()).await;
    assert_eq!(bearer.status, 200);
    let facts: Vec<String> = server
        .world
        .entries(0, usize::MAX, |e| e.kind == "request.refused")
        .iter()
        .map(|e| e.fact.clone())
        .collect();
    assert!(
        facts[0].contains("no Basic credentials") && facts[2].contains("the password is another"),
        "{facts:?}"
    );
    assert!(!facts.iter().any(|fact| fact.contains("wrong") || fact.contains(password)));
    assert!(!server.world.shelf::<KuduStore>().exists(&"other".parse().unwrap()));
}

#[tokio::test]
async fn an_open_site_takes_any_credentials() {
    let server = Server::new();
    assert_eq!(as_user(&server, &format!("{API}/hooks"), "anybody", "x").await.status, 200);
    let odd = server
        .call_with("GET", &format!("{API}/hooks"), &[("authorization", "Nonsense")], Body::empty())
        .await;
    assert_eq!(odd.status, 200);
}

#[tokio::test]
async fn the_owner_sets_app_settings_elsewhere() {
    let server = Server::new();
    assert_eq!(control(&server, "GET", "/site/app-settings", "").await, (200, "{}".to_owned()));
    let set = control(&server, "PUT", "/site/app-settings", r#"{"key":"a","value":"b","N":1}"#).await;
    assert_eq!(set, (200, r#"{"key":"a","N":"1","value":"b"}"#.to_owned()));
    assert_eq!(server.get(&format!("{API}/settings/n")).await.body, "\"1\"");
    let replaced = control(&server, "PUT", "/site/app-settings", r#"{"M":true}"#).await;
    assert_eq!(replaced.1, r#"{"M":"True"}"#);
    for bad in ["", "[]", "{", r#"{"a":[]}"#, r#"{"":"x"}"#] {
        assert_eq!(control(&server, "PUT", "/site/app-settings", bad).await.0, 400, "{bad}");
    }
    assert_eq!(control(&server, "DELETE", "/site/app-settings", "").await.0, 405);
    assert_eq!(control(&server, "GET", "/site/nothing", "").await.0, 404);
}

async fn command(server: &Server, json: Value) -> Value {
    let answer = server.post(&format!("{API}/command"), &json).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[tokio::test]
async fn commands_are_off_and_say_so() {
    let server = Server::new();
    let off = "Command execution is disabled. Start Parhelion with kudu.exec=true to enable it.";
    let marker = std::env::temp_dir().join(format!("parhelion-kudu-{}", std::process::id()));
    let touch = json!({"command": format!("touch {}", marker.display()), "dir": "site"});
    assert_eq!(command(&server, touch).await, json!({"Output": "", "Error": off, "ExitCode": -1}));
    assert!(!marker.exists());
    let path = format!("{API}/command");
    for (media, body, status) in
        [(JSON, "", 400), (JSON, "null", 400), (JSON, "[]", 400), ("text/plain", "x", 415)]
    {
        assert_eq!(server.call("POST", &path, media, body).await.status, status, "{body}");
    }
    let facts = server.world.entries(0, usize::MAX, |e| e.kind == "command.refused");
    assert!(facts[0].fact.ends_with("is not run: kudu.exec is off"));
}

#[tokio::test]
async fn commands_that_are_on_change_the_site() {
    let server = Server::with(Settings { exec: true, max_site_bytes: 10_000, ..Settings::default() });
    server.post(&format!("{API}/settings"), &json!({"GREETING": "hello"})).await;
    let run =
        json!({"command": "echo $GREETING $WEBSITE_SITE_NAME; echo new > made.txt", "dir": "site\\wwwroot"});
    assert_eq!(command(&server, run).await, json!({"Output": "hello site\n", "Error": "", "ExitCode": 0}));
    assert_eq!(server.get(&format!("{API}/vfs/site/wwwroot/made.txt")).await.pair(), (200, "new\n"));
    let failed =
        command(&server, json!({"command": "rm made.txt; exit 7", "dir": "/home/site/wwwroot"})).await;
    assert_eq!(failed["ExitCode"], 7);
    assert_eq!(server.get(&format!("{API}/vfs/site/wwwroot/made.txt")).await.status, 404);
    for dir in ["../..", "/etc", "nothing"] {
        let refused = command(&server, json!({"command": "pwd", "dir": dir})).await;
        assert_eq!((&refused["ExitCode"], &refused["Output"]), (&json!(-1), &json!("")), "{dir}");
    }
    let full = command(&server, json!({"command": "head -c 20000 /dev/zero > big", "dir": "site"})).await;
    assert!(full["Error"].as_str().unwrap().contains("kudu.max_site_bytes"), "{full}");
    assert_eq!(server.get(&format!("{API}/vfs/site/big")).await.status, 404);
    server.post(&format!("{API}/settings"), &json!({"SCM_COMMAND_IDLE_TIMEOUT": "1"})).await;
    let slow = command(&server, json!({"command": "sleep 60", "dir": ""})).await;
    assert_eq!(slow["ExitCode"], -1);
}

#[tokio::test]
async fn a_log_stream_tells_what_comes() {
    let server = Server::new();
    server.call("POST", &format!("{API}/zipdeploy"), "", zip_of(&[("a.txt", "1")])).await;
    let uri = format!("{API}/logstream");
    let head = Head {
        world: parhelion_core::WorldName::main(),
        base: "http://127.0.0.1:4600".to_owned(),
        original_uri: uri.parse().unwrap(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        request_id: "0193".to_owned(),
        cause: 0,
    };
    let mut request = http::Request::get(&uri).header("host", "127.0.0.1:4600").body(Body::empty()).unwrap();
    request.extensions_mut().insert(head);
    let answer = server.surface.service.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain");
    let mut body = answer.into_body();
    let mut next = async || {
        let frame = tokio::time::timeout(Duration::from_secs(30), body.frame()).await.unwrap();
        String::from_utf8(frame.unwrap().unwrap().into_data().unwrap().to_vec()).unwrap()
    };
    let welcome = "2026-01-01T00:00:00  Welcome, you are now connected to log-streaming service.\r\n";
    assert_eq!(next().await, welcome);
    let deployed = next().await;
    assert!(deployed.contains("2026-01-01T00:00:00Z  Deployment successful.\r\n"), "{deployed}");
    let app = async {
        let path = format!("{API}/vfs/LogFiles/Application/app.txt");
        server.call("PUT", &path, "", "one\n").await;
    };
    let (line, ()) = tokio::join!(next(), app);
    assert_eq!(line, "one\n");
    let path = format!("{API}/vfs/LogFiles/Application/app.txt");
    server.call_with("PUT", &path, &[("if-match", "*")], "one\ntwo").await;
    assert_eq!(next().await, "two\r\n");
    assert_eq!(server.get(&format!("{API}/logstream/nothing")).await.status, 404);
}
