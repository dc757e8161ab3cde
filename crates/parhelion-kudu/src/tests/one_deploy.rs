//! OneDeploy, war, sites that run from their package, and what settings change.

use crate::store::KuduStore;
use crate::testing::{JSON, Server, zip_of};
use crate::{Settings, testing::Reply};
use parhelion_core::Call;
use parhelion_http::Body;
use serde_json::json;

async fn push(server: &Server, target: &str, bytes: impl Into<Body>) -> Reply {
    server.call("POST", &format!("/kudu/site/api/{target}"), "application/octet-stream", bytes).await
}
fn set(server: &Server, name: &str, value: &str) {
    let shelf = server.world.shelf::<KuduStore>();
    let site = "site".parse().unwrap();
    let done = shelf.write::<_, ()>(&site, &Call::default(), |store, _| {
        store.settings.set(name, value);
        Ok(())
    });
    assert!(done.is_ok());
}
fn files(server: &Server, below: &str) -> Vec<String> {
    let version = server.world.shelf::<KuduStore>().load(&"site".parse().unwrap());
    version.store.files.below(below).map(|(path, _)| path.to_owned()).collect()
}
async fn log(server: &Server) -> Vec<String> {
    let id = server.get("/kudu/site/api/deployments/latest").await.json()["id"].as_str().unwrap().to_owned();
    let log = server.get(&format!("/kudu/site/api/deployments/{id}/log")).await.json();
    log.as_array().unwrap().iter().map(|e| e["message"].as_str().unwrap().replace(&id[..10], "ID")).collect()
}

#[tokio::test]
async fn types_go_to_their_places() {
    let server = Server::new();
    for (query, bytes, at, left) in [
        ("type=static&path=a/b.txt", b"x".to_vec(), "site/wwwroot/a/", vec!["b.txt"]),
        ("type=LIB&path=l.jar", b"x".to_vec(), "site/libs/", vec!["l.jar"]),
        ("type=script&path=/home/site/scripts/s.sh", b"x".to_vec(), "site/scripts/", vec!["s.sh"]),
        ("type=startup", b"x".to_vec(), "site/scripts/", vec!["s.sh", "startup.cmd"]),
        (
            "type=war&path=webapps/shop",
            zip_of(&[("i.jsp", "1")]),
            "site/wwwroot/webapps/shop/",
            vec!["i.jsp"],
        ),
        (
            "type=war&path=webapps/shop",
            zip_of(&[("j.jsp", "1")]),
            "site/wwwroot/webapps/shop/",
            vec!["j.jsp"],
        ),
        ("type=jar", b"x".to_vec(), "site/wwwroot/app", vec![".jar"]),
        ("type=zip&path=sub&clean=false", zip_of(&[("z", "1")]), "site/wwwroot/sub/", vec!["z"]),
        ("type=zip&path=/home&clean=false", zip_of(&[("at-home", "1")]), "at-", vec!["home"]),
        ("type=zip&path=/home/data/x", zip_of(&[("z", "1")]), "data/x/", vec!["z"]),
        ("type=zip", zip_of(&[("only", "1")]), "site/wwwroot/", vec!["only"]),
    ] {
        let answer = push(&server, &format!("publish?{query}"), bytes).await;
        assert_eq!(answer.pair(), (200, ""), "{query}");
        assert_eq!(files(&server, at), left, "{query}");
    }
    let latest = server.get("/kudu/site/api/deployments/latest").await.json();
    assert_eq!((&latest["deployer"], &latest["message"]), (&json!("OneDeploy"), &json!("OneDeploy")));
    assert_eq!(
        log(&server).await,
        [
            "Updating submodules.",
            "Preparing deployment for commit id 'ID'.",
            "Running build. Project type: OneDeploy",
            "Copying the manifest",
            "Clean deploying to /home/site/wwwroot",
            "Generating deployment script.",
            "Running deployment command...",
            "Build completed succesfully.",
            "Running post deployment command(s)...",
            "Deployment successful.",
        ]
    );
    // A later zipdeploy leaves alone what OneDeploy brought.
    assert_eq!(push(&server, "zipdeploy", zip_of(&[("new", "1")])).await.status, 200);
    assert_eq!(files(&server, "site/wwwroot/"), ["new", "only"]);
    assert_eq!(push(&server, "publish?reset=true", "").await.status, 200);
    assert_eq!(files(&server, "site/wwwroot/"), ["hostingstart.html"]);
}

#[tokio::test]
async fn what_onedeploy_refuses_is_400_with_a_json_string() {
    let server = Server::with(Settings { strict_stack: true, ..Settings::default() });
    for (query, text) in [
        ("", "Artifact type '' not supported"),
        ("type=nope", "type='nope' not recognized"),
        ("type=static", "Path must be defined for type=static"),
        ("type=zip&path=../x", "Path '../x' cannot contain '..'"),
        (
            "type=jar",
            "Artifact type = 'Jar' cannot be deployed to stack = ''. Site should be configured to run with stack = JAVA",
        ),
    ] {
        let answer = push(&server, &format!("publish?{query}"), "x").await;
        assert_eq!(answer.pair(), (400, json!(text).to_string().as_str()), "{query}");
    }
    assert_eq!(push(&server, "publish?type=jar&ignoreStack=true", "x").await.status, 200);
    set(&server, "WEBSITE_STACK", "java");
    assert_eq!(push(&server, "publish?type=jar", "x").await.status, 200);
    assert_eq!(push(&server, "publish?type=war", "x").await.status, 400);
    assert_eq!(push(&server, "publish?type=zip&clean=maybe", "x").await.status, 400);
    let answer = push(&server, "publish?type=zip&async=True", "no zip").await;
    assert_eq!(answer.status, 202);
    assert!(answer.header("location").contains("deployments/latest?deployer=OneDeploy"));
}

#[tokio::test]
async fn a_war_is_unpacked_into_its_folder_alone() {
    let server = Server::new();
    let war = zip_of(&[("WEB-INF/web.xml", "x")]);
    assert_eq!(push(&server, "wardeploy?name=shop", war.clone()).await.status, 200);
    assert_eq!(push(&server, "wardeploy", war.clone()).await.status, 200);
    let all = ["hostingstart.html", "webapps/ROOT/WEB-INF/web.xml", "webapps/shop/WEB-INF/web.xml"];
    assert_eq!(files(&server, "site/wwwroot/"), all);
    for name in ["..", "../../x", "%2e%2e", "a/../../.."] {
        assert_eq!(push(&server, &format!("wardeploy?name={name}"), war.clone()).await.status, 400, "{name}");
    }
    assert_eq!(server.get("/kudu/site/api/deployments/latest").await.json()["deployer"], "WarDeploy");
    assert_eq!(server.call("POST", "/kudu/site/wardeploy", "", war).await.status, 404, "below api/ alone");
}

#[tokio::test]
async fn a_site_that_runs_from_its_package_keeps_it() {
    let server = Server::new();
    set(&server, "website_run_from_package", "1");
    let zip = zip_of(&[("a.txt", "one")]);
    assert_eq!(push(&server, "zipdeploy", zip.clone()).await.status, 200);
    assert_eq!(files(&server, "data/SitePackages/"), ["20260101000000.zip", "packagename.txt"]);
    assert_eq!(files(&server, "site/wwwroot/"), ["hostingstart.html"]);
    assert!(log(&server).await.contains(&"Skipping build. Project type: Run-From-Zip".to_owned()));
    assert_eq!(push(&server, "zipdeploy", "no zip").await.status, 500);
    set(&server, "WEBSITE_RUN_FROM_PACKAGE", "https://h/p.zip");
    let refused = push(&server, "zipdeploy", zip).await;
    assert_eq!((refused.status, refused.header("content-type")), (409, "text/plain; charset=utf-8"));
    assert!(refused.body.starts_with("Run-From-Zip is set to a remote URL"), "{}", refused.body);
}

#[tokio::test]
async fn validation_warns_and_names_bad_addresses() {
    let server = Server::new();
    let validate = async |body: &str| {
        server.call("POST", "/kudu/site/api/zipdeploy/validate", JSON, body.to_owned()).await
    };
    let warned = validate("").await;
    assert!(
        warned.status == 200 && warned.body.contains("ZipDeploy Validation WARNING: It is recommended"),
        "{}",
        warned.body
    );
    for body in ["{}", r#"{"packageUri":"/x"}"#] {
        let bad = validate(body).await;
        assert!(
            bad.status == 400 && bad.body.contains("ZipDeploy Validation ERROR: Package URI is"),
            "{}",
            bad.body
        );
    }
    set(&server, "WEBSITE_RUN_FROM_PACKAGE", "1");
    assert_eq!(validate(r#"{"packageUri":"https://h/p.zip"}"#).await.pair(), (200, r#"{"result":""}"#));
}

#[tokio::test]
async fn settings_go_before_the_packages_own_file() {
    let server = Server::new();
    let package = || {
        zip_of(&[
            (".deployment", "[config]\nproject=web\ncommand=exit 1\n"),
            ("web/a", "1"),
            ("other/b", "2"),
        ])
    };
    push(&server, "zipdeploy", package()).await;
    let latest = async || server.get("/kudu/site/api/deployments/latest").await.json()["status"].clone();
    assert_eq!(latest().await, 3);
    set(&server, "COMMAND", "echo fine");
    set(&server, "PROJECT", "other");
    set(&server, "SCM_TARGET_PATH", "sub/dir");
    push(&server, "zipdeploy", package()).await;
    assert_eq!(latest().await, 4);
    assert_eq!(files(&server, "site/wwwroot/"), ["hostingstart.html", "sub/dir/b"]);
    set(&server, "SCM_TARGET_PATH", "../../../x");
    push(&server, "zipdeploy", package()).await;
    assert_eq!(latest().await, 3);
}

#[tokio::test]
async fn the_script_is_there_once_something_was_deployed() {
    let server = Server::new();
    let target = "/kudu/site/api/deploymentscript";
    let none = server.get(target).await;
    assert_eq!(none.pair(), (404, r#"{"Message":"Need to deploy website to get deployment script."}"#));
    push(&server, "zipdeploy", zip_of(&[("a", "1")])).await;
    let mut request = http::Request::get(target).body(Body::empty()).unwrap();
    request.extensions_mut().insert(parhelion_http::Head {
        world: parhelion_core::WorldName::main(),
        base: String::new(),
        original_uri: "/".parse().unwrap(),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        request_id: "r".to_owned(),
        cause: 0,
    });
    let answer = tower::ServiceExt::oneshot(server.surface.service.clone(), request).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"application/zip".parse().unwrap())
    );
    let bytes = parhelion_http::read_body(answer.into_body(), 100_000).await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(zip.by_index(0).unwrap().name().unwrap(), "deploy.cmd");
    assert_eq!(zip.len(), 2);
}
