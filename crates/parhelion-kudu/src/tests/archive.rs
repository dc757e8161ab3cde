//! Folders as zips, over HTTP.

use crate::Settings;
use crate::store::KuduStore;
use crate::testing::{Reply, Server, zip_of, zip_with};
use parhelion_http::Body;
use serde_json::json;
use std::io::{Cursor, Read};

const API: &str = "/kudu/site/api";

async fn put(server: &Server, path: &str, body: impl Into<Body>) -> Reply {
    server.call("PUT", &format!("{API}/{path}"), "application/zip", body).await
}
async fn get(server: &Server, path: &str) -> Reply {
    server.get(&format!("{API}/{path}")).await
}
fn contents(reply: &Reply) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(reply.bytes.clone())).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut entry = zip.by_index(index).unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.name().unwrap().to_string(), text)
        })
        .collect()
}
fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[tokio::test]
async fn a_zip_there_and_back() {
    let server = Server::new();
    let zip = zip_of(&[("a.txt", "1"), ("sub/b.txt", "2")]);
    assert_eq!(put(&server, "zip/site/wwwroot/new/", zip).await.pair(), (200, ""));
    server.call("PUT", &format!("{API}/vfs/site/wwwroot/new/empty/"), "", Body::empty()).await;
    let answer = get(&server, "zip/site/wwwroot/new/").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/zip"));
    assert_eq!(answer.header("content-disposition"), "attachment; filename=new.zip");
    assert_eq!(contents(&answer), pairs(&[("a.txt", "1"), ("empty/", ""), ("sub/b.txt", "2")]));
    let named = get(&server, "zip/site/wwwroot/new/?FileName=my%20site.zip").await;
    assert_eq!(named.header("content-disposition"), "attachment; filename=\"my site.zip\"");
    // Over what is there, and nothing is taken away. A folder that is there needs no slash.
    assert_eq!(put(&server, "zip/site/wwwroot/new", zip_of(&[("a.txt", "9")])).await.status, 200);
    let again = get(&server, "zip/site/wwwroot/new/").await;
    assert_eq!(contents(&again), pairs(&[("a.txt", "9"), ("empty/", ""), ("sub/b.txt", "2")]));
    let head = server.call("HEAD", &format!("{API}/zip/site/wwwroot/new/"), "", Body::empty()).await;
    assert_eq!((head.pair(), head.header("content-length").is_empty()), ((200, ""), false));
}

#[tokio::test]
async fn only_folders_are_zipped() {
    let server = Server::new();
    put(&server, "zip/site/wwwroot/x/", zip_of(&[("f", "1")])).await;
    let without = get(&server, "zip/site/wwwroot?q=1").await;
    let place = format!("http://127.0.0.1:4600{API}/zip/site/wwwroot/?q=1");
    assert_eq!((without.status, without.header("location")), (307, place.as_str()));
    assert_eq!(get(&server, "zip/site/wwwroot/x/f").await.pair(), (404, ""));
    let none = get(&server, "zip/nothing/").await;
    assert_eq!(none.pair(), (404, r#"{"Message":"'/home/nothing' not found."}"#));
    assert_eq!(put(&server, "zip/site/wwwroot/x/f", zip_of(&[])).await.pair(), (404, ""));
    assert_eq!(put(&server, "zip/nothing", zip_of(&[])).await.pair(), (404, ""));
    assert_eq!(put(&server, "zip/site/wwwroot/x/f/", zip_of(&[])).await.status, 409);
    assert_eq!(get(&server, "zip/..%2F..%2Fetc/").await.status, 404);
    let delete = server.call("DELETE", &format!("{API}/zip/site/"), "", Body::empty()).await;
    assert_eq!(delete.status, 404);
}

#[tokio::test]
async fn bad_zips_change_nothing() {
    let server =
        Server::with(Settings { max_unzip_bytes: 1_000, max_site_bytes: 1_500, ..Settings::default() });
    put(&server, "zip/d/", zip_of(&[("f", "1")])).await;
    let slip = |name: &'static str| {
        zip_with(move |zip| zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap())
    };
    let cases = [
        (b"no zip".to_vec(), "End of Central Directory"),
        (zip_of(&[("f", "2"), ("z", "x")])[..40].to_vec(), "End of Central Directory"),
        (slip("../x"), "is refused"),
        (slip("/etc/x"), "is refused"),
        (slip("C:\\x"), "is refused"),
        (
            zip_with(|zip| {
                zip.add_symlink("l", "/etc/passwd", zip::write::SimpleFileOptions::default()).unwrap()
            }),
            "symbolic link",
        ),
        (zip_of(&[("f", "2"), ("big", &"0".repeat(1_001))]), "kudu.max_unzip_bytes"),
        (zip_of(&[("f/g", "2")]), "IsFile"),
    ];
    for (zip, why) in cases {
        let answer = put(&server, "zip/d/", zip).await;
        let message = answer.json()["ExceptionMessage"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == 400 && message.contains(why), "{why}: {}", answer.body);
        assert_eq!(contents(&get(&server, "zip/d/").await), pairs(&[("f", "1")]), "{why}");
    }
    for n in 0..2 {
        let answer = put(&server, &format!("zip/e{n}/"), zip_of(&[("x", &"0".repeat(900))])).await;
        assert_eq!(answer.status, [200, 400][n], "{}", answer.body);
    }
    assert_eq!(get(&server, "zip/e1/").await.status, 404);
    server.post(&format!("{API}/hooks"), &json!({"url": "http://a/", "event": "x"})).await;
    let record = put(&server, "zip/site/deployments/", zip_of(&[("hooks", "[]")])).await;
    assert_eq!(record.status, 409);
    assert_eq!(get(&server, "hooks").await.json().as_array().unwrap().len(), 1);
    server.world.shelf::<KuduStore>().load(&"site".parse().unwrap()).store.files.check();
}

#[tokio::test]
async fn a_dump_holds_logs_and_deployments() {
    let server = Server::new();
    server
        .call("POST", &format!("{API}/zipdeploy"), "", zip_of(&[("a.txt", "1"), ("npm-debug.log", "npm")]))
        .await;
    server.call_with("PUT", &format!("{API}/vfs/LogFiles/app.log"), &[], "log").await;
    let dump = get(&server, "dump").await;
    assert_eq!(dump.header("content-disposition"), "attachment; filename=dump-01-01-00-00-00.zip");
    let names: Vec<String> = contents(&dump).into_iter().map(|(name, _)| name).collect();
    assert!(
        names.contains(&"LogFiles/app.log".to_owned()) && names.contains(&"npm-debug.log".to_owned()),
        "{names:?}"
    );
    assert!(
        names.iter().any(|name| name.starts_with("deployments/") && name.ends_with("/log.log")),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_zip_is_fetched_by_its_address() {
    let server = Server::new();
    let json = async |body: &str| {
        server.call("PUT", &format!("{API}/zip/site/"), "application/json", body.to_owned()).await
    };
    let fetched = json(r#"{"packageUri":"http://h/a.zip","path":"wwwroot/x"}"#).await;
    assert_eq!(fetched.pair(), (200, ""));
    assert_eq!(get(&server, "vfs/site/wwwroot/x/fetched.txt").await.pair(), (200, "1"));
    for (body, message) in [
        ("", "Payload contains invalid '' packageUri property"),
        (r#"{"packageUri":"a.zip"}"#, "Payload contains invalid 'a.zip' packageUri property"),
        (r#"{"packageUri":"http://h/gone"}"#, "it answered 404"),
    ] {
        let bad = json(body).await;
        assert_eq!((bad.status, &bad.json()["ExceptionMessage"]), (400, &json!(message)), "{body}");
    }
    let zip = zip_of(&[("as-json.txt", "1")]);
    let claimed = server.call("PUT", &format!("{API}/zip/site/"), "application/json", zip).await;
    assert_eq!(claimed.pair(), (200, ""));
    let out = json(r#"{"packageUri":"http://h/a.zip","path":"../../x"}"#).await;
    assert_eq!(out.status, 404);
}
