//! Files over HTTP.

use crate::Settings;
use crate::store::KuduStore;
use crate::testing::{Reply, Server, zip_of};
use expect_test::expect;
use parhelion_http::Body;
use proptest::prelude::*;
use serde_json::{Value, json};

const VFS: &str = "/kudu/site/api/vfs";

async fn put(server: &Server, path: &str, text: &str) -> Reply {
    let headers = [("if-match", "*")];
    server.call_with("PUT", &format!("{VFS}/{path}"), &headers, text.to_owned()).await
}
async fn get(server: &Server, path: &str) -> Reply {
    server.get(&format!("{VFS}/{path}")).await
}
async fn call(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    server.call_with(method, &format!("{VFS}/{path}"), headers, Body::empty()).await
}
fn message(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["Message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_file_is_written_read_and_deleted() {
    let server = Server::new();
    let new = put(&server, "site/wwwroot/sub/a.json", "{}").await;
    assert_eq!(new.pair(), (201, ""));
    let tag = new.header("etag").to_owned();
    assert_eq!((tag.len(), new.header("last-modified")), (18, "Thu, 01 Jan 2026 00:00:00 GMT"));
    let read = get(&server, "site/wwwroot/sub/a.json").await;
    assert_eq!(read.pair(), (200, "{}"));
    assert_eq!((read.header("content-type"), read.header("etag")), ("application/json", tag.as_str()));
    assert_eq!(read.header("last-modified"), new.header("last-modified"));
    let gone = call(&server, "DELETE", "site/wwwroot/sub/a.json", &[("if-match", &tag)]).await;
    assert_eq!(gone.pair(), (200, ""));
    let missing = get(&server, "site/wwwroot/sub/a.json").await;
    assert_eq!(missing.pair(), (404, r#"{"Message":"'/home/site/wwwroot/sub/a.json' not found."}"#));
    assert_eq!(get(&server, "site/wwwroot/sub/").await.body, "[]");
}

#[tokio::test]
async fn an_existing_file_needs_its_tag() {
    let server = Server::new();
    let first = put(&server, "a.txt", "1").await.header("etag").to_owned();
    let plain = call(&server, "PUT", "a.txt", &[]).await;
    let text = "Updating an existing resource requires an If-Match header carrying a single, strong ETag.";
    assert_eq!(message(&plain), (412, text.to_owned()));
    for other in ["\"0\"", &format!("W/{first}")] {
        for method in ["PUT", "DELETE"] {
            let wrong = call(&server, method, "a.txt", &[("if-match", other)]).await;
            let text = "ETag does not represent the latest state of the resource.";
            assert_eq!(message(&wrong), (412, text.to_owned()), "{method} {other}");
            assert_eq!(wrong.header("etag"), first);
        }
    }
    let second = call(&server, "PUT", "a.txt", &[("if-match", &first)]).await;
    // The clock stands still, and yet the tag is another.
    assert_eq!((second.status, second.header("etag") != first), (204, true));
    assert_eq!(call(&server, "DELETE", "a.txt", &[]).await.status, 412);
    assert_eq!(call(&server, "DELETE", "a.txt", &[("if-match", "\"x\", *")]).await.status, 200);
    let facts: Vec<String> = server
        .world
        .entries(0, usize::MAX, |e| e.kind == "file.refused")
        .iter()
        .map(|e| e.fact.clone())
        .collect();
    assert!(
        facts[0].contains("a.txt is not written: it exists, and the request has no If-Match"),
        "{facts:?}"
    );
    assert!(facts[1].contains(&first), "{facts:?}");
}

#[tokio::test]
async fn a_known_state_is_not_sent_again() {
    let server = Server::new();
    let tag = put(&server, "a.md", "text").await.header("etag").to_owned();
    let same = call(&server, "GET", "a.md", &[("if-none-match", &format!("\"x\", {tag}"))]).await;
    assert_eq!((same.pair(), same.header("etag")), ((304, ""), tag.as_str()));
    // OBSERVED: here `*` is no tag.
    assert_eq!(call(&server, "GET", "a.md", &[("if-none-match", "*")]).await.status, 200);
    let head = call(&server, "HEAD", "a.md", &[]).await;
    assert_eq!(
        (head.pair(), head.header("content-length"), head.header("etag")),
        ((200, ""), "4", tag.as_str())
    );
    assert_eq!(head.header("content-type"), "text/plain");
    assert_eq!(call(&server, "HEAD", "nope", &[]).await.pair(), (404, ""));
}

#[tokio::test]
async fn parts_of_a_file() {
    let server = Server::new();
    let tag = put(&server, "a.txt", "0123456789").await.header("etag").to_owned();
    let part = call(&server, "GET", "a.txt", &[("range", "bytes=2-4")]).await;
    assert_eq!((part.pair(), part.header("content-range")), ((206, "234"), "bytes 2-4/10"));
    assert_eq!((part.header("etag"), part.header("content-type")), (tag.as_str(), "text/plain"));
    // A range goes before If-None-Match.
    let both = [("range", "bytes=-1"), ("if-none-match", tag.as_str())];
    assert_eq!(call(&server, "GET", "a.txt", &both).await.pair(), (206, "9"));
    let same = [("range", "bytes=8-"), ("if-range", tag.as_str())];
    assert_eq!(call(&server, "GET", "a.txt", &same).await.pair(), (206, "89"));
    for other in ["\"x\"", "Thu, 01 Jan 2026 00:00:00 GMT"] {
        let whole = call(&server, "GET", "a.txt", &[("range", "bytes=8-"), ("if-range", other)]).await;
        assert_eq!(whole.pair(), (200, "0123456789"), "{other}");
    }
    let several = call(&server, "GET", "a.txt", &[("range", "bytes=0-0,9-9")]).await;
    let boundary = several.header("content-type").split('"').nth(1).unwrap().to_owned();
    let part = |range: &str, text: &str| {
        format!(
            "--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {range}/10\r\n\r\n{text}\r\n"
        )
    };
    let expected = format!("{}{}--{boundary}--\r\n", part("0-0", "0"), part("9-9", "9"));
    assert_eq!(several.pair(), (206, expected.as_str()));
    let outside = call(&server, "GET", "a.txt", &[("range", "bytes=10-")]).await;
    assert_eq!((outside.status, outside.header("content-range")), (416, "bytes */10"));
    assert_eq!(outside.json()["ExceptionType"], "System.Net.Http.InvalidByteRangeException");
    assert_eq!(call(&server, "GET", "a.txt", &[("range", "lines=1-2")]).await.status, 404);
    assert_eq!(call(&server, "GET", "a.txt", &[("range", "bytes=x")]).await.status, 200);
}

#[tokio::test]
async fn folders_are_listed_with_addresses_of_the_form_that_was_asked() {
    let server = Server::new();
    put(&server, "site/wwwroot/a%23b%20c.txt", "12345").await;
    let list = get(&server, "site/wwwroot/?api-version=1").await;
    assert_eq!(list.header("content-type"), "application/json; charset=utf-8");
    expect![[r#"[{"name":"a#b c.txt","size":5,"mtime":"2026-01-01T00:00:00+00:00","crtime":"2026-01-01T00:00:00+00:00","mime":"text/plain","href":"http://127.0.0.1:4600/kudu/site/api/vfs/site/wwwroot/a%23b%20c.txt?api-version=1","path":"/home/site/wwwroot/a#b c.txt"},{"name":"hostingstart.html","size":102,"mtime":"2014-01-01T00:00:00.0000009+00:00","crtime":"2014-01-01T00:00:00.0000009+00:00","mime":"text/html","href":"http://127.0.0.1:4600/kudu/site/api/vfs/site/wwwroot/hostingstart.html?api-version=1","path":"/home/site/wwwroot/hostingstart.html"}]"#]].assert_eq(&list.body);
    let by_host = server.get("site.scm.localhost:4600/vfs/SITE/").await.json();
    let root = "http://site.scm.localhost:4600/vfs/SITE";
    assert_eq!((&by_host[3]["name"], &by_host[3]["mime"]), (&json!("wwwroot"), &json!("inode/directory")));
    assert_eq!((&by_host[3]["href"], &by_host[3]["size"]), (&json!(format!("{root}/wwwroot/")), &json!(0)));
    assert_eq!(by_host[3]["path"], "/home/site/wwwroot");
    // What is listed can be asked for.
    let href = list.json()[0]["href"].as_str().unwrap().replace("http://127.0.0.1:4600", "");
    assert_eq!(server.get(&href).await.pair(), (200, "12345"));
    let top: Vec<Value> =
        get(&server, "").await.json().as_array().unwrap().iter().map(|e| e["name"].clone()).collect();
    assert_eq!(top, ["LogFiles", "data", "site"]);
}

#[tokio::test]
async fn a_slash_at_the_end_tells_folders_from_files() {
    let server = Server::new();
    put(&server, "site/wwwroot/a.txt", "1").await;
    let at = |path: &str| format!("http://127.0.0.1:4600{VFS}{path}");
    for (asked, place) in [
        ("/site/wwwroot?x=1", "/site/wwwroot/?x=1"),
        ("", "/"),
        ("/site/wwwroot/a.txt/?x=1", "/site/wwwroot/a.txt?x=1"),
    ] {
        let answer = server.get(&format!("{VFS}{asked}")).await;
        assert_eq!((answer.status, answer.header("location")), (307, at(place).as_str()), "{asked}");
    }
    let delete = call(&server, "DELETE", "site/wwwroot/a.txt/", &[("if-match", "*")]).await;
    assert_eq!((delete.status, delete.header("location")), (307, at("/site/wwwroot/a.txt").as_str()));
}

#[tokio::test]
async fn folders_are_made_and_deleted() {
    let server = Server::new();
    assert_eq!(call(&server, "PUT", "x/y/", &[]).await.pair(), (201, ""));
    let conflict = "The resource represents a directory which can not be updated.";
    for there in ["x/y/", "x/y", "x"] {
        assert_eq!(message(&call(&server, "PUT", there, &[]).await), (409, conflict.to_owned()), "{there}");
    }
    put(&server, "x/y/f", "1").await;
    assert_eq!(message(&call(&server, "PUT", "x/y/f/", &[]).await).0, 409);
    let below = call(&server, "PUT", "x/y/f/g", &[]).await;
    assert_eq!(
        message(&below).1,
        "Could not write to local resource '/home/x/y/f/g' due to error ''/home/x/y/f' is a file, not a folder.'."
    );
    let full = "Cannot delete directory. It is either not empty or access is not allowed.";
    for path in ["x", "x/", "x/y?recursive=false"] {
        assert_eq!(message(&call(&server, "DELETE", path, &[]).await), (409, full.to_owned()), "{path}");
    }
    assert_eq!(call(&server, "DELETE", "x/y/f", &[("if-match", "*")]).await.status, 200);
    assert_eq!(call(&server, "DELETE", "x/y", &[]).await.pair(), (200, ""));
    put(&server, "x/z/deep/f", "1").await;
    assert_eq!(call(&server, "DELETE", "x?Recursive=True", &[]).await.status, 200);
    assert_eq!(message(&call(&server, "DELETE", "x/", &[]).await), (404, "'/home/x' not found.".to_owned()));
    assert_eq!(call(&server, "DELETE", "?recursive=true", &[]).await.status, 409);
    for method in ["POST", "PATCH"] {
        assert_eq!(call(&server, method, "site", &[]).await.status, 404, "{method}");
    }
}

#[tokio::test]
async fn names_are_decoded_once_and_ignore_case() {
    let server = Server::new();
    put(&server, "a%2520b.txt", "1").await;
    let name = &get(&server, "").await.json()[1]["name"].clone();
    assert_eq!(name, "a%20b.txt");
    assert_eq!(get(&server, "A%2520B.TXT").await.pair(), (200, "1"));
    assert_eq!(put(&server, "A%2520B.TXT", "2").await.status, 204);
    assert_eq!(get(&server, "a%2520b.txt").await.body, "2");
}

#[tokio::test]
async fn nothing_outside_home_is_reached() {
    let server = Server::new();
    for path in [
        "%2e%2e/x",
        "..%2Fx",
        "site/..%5c..%5cx",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "%5C%5C.%5CPhysicalDrive0",
        "C:/windows/win.ini",
        "site/NUL",
        "a%00b",
        "a.txt::$DATA",
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = call(&server, method, path, &[("if-match", "*")]).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert!(answer.json()["Message"].as_str().unwrap().ends_with(" not found."), "{}", answer.body);
        }
    }
    // Up and down again within HOME is no way out.
    assert_eq!(get(&server, "site/%2e%2e/site/wwwroot/").await.status, 200);
    assert_eq!(call(&server, "GET", &"a".repeat(300), &[]).await.status, 500);
    let facts = server.world.entries(0, usize::MAX, |e| e.kind == "file.refused");
    assert!(facts.iter().any(|e| e.fact.contains("it leads out of the site's space")));
    assert!(facts.iter().any(|e| e.fact.contains("names a drive, a device")));
    assert!(!server.world.shelf::<KuduStore>().exists(&"site".parse().unwrap()));
}

#[tokio::test]
async fn a_full_site_says_so_and_stays_as_it_is() {
    let server = Server::with(Settings { max_site_bytes: 200, ..Settings::default() });
    assert_eq!(put(&server, "a", &"x".repeat(70)).await.status, 201);
    let full = put(&server, "b", &"x".repeat(70)).await;
    assert_eq!(full.status, 409);
    let text = full.json()["Message"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("Could not write to local resource '/home/b' due to error 'There is not enough"),
        "{text}"
    );
    assert!(text.contains("kudu.max_site_bytes"), "{text}");
    assert_eq!(get(&server, "b").await.status, 404);
    // In place of the old content there is room.
    assert_eq!(put(&server, "a", &"y".repeat(75)).await.status, 204);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_the_file_as_it_was() {
    let server = Server::new();
    put(&server, "a", "whole").await;
    let chunks = futures_util::stream::iter([
        Ok(bytes::Bytes::from_static(b"half")),
        Err(std::io::Error::other("reset")),
    ]);
    let broken =
        server.call_with("PUT", &format!("{VFS}/a"), &[("if-match", "*")], Body::from_stream(chunks)).await;
    assert_eq!(broken.status, 400);
    assert_eq!(get(&server, "a").await.pair(), (200, "whole"));
}

#[tokio::test]
async fn records_are_shown_as_files_and_not_written() {
    let server = Server::new();
    let hook = json!({"url": "http://a/", "event": "x", "insecure_ssl": true});
    server.post("/kudu/site/api/hooks", &hook).await;
    server.call("POST", "/kudu/site/api/zipdeploy", "", zip_of(&[("a.txt", "1")])).await;
    let id = server.get("/kudu/site/api/deployments").await.json()[0]["id"].as_str().unwrap().to_owned();
    let names = |list: Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect()
    };
    let mut expected = [id.clone(), "active".to_owned(), "hooks".to_owned()];
    expected.sort();
    assert_eq!(names(get(&server, "site/deployments/").await.json()), expected);
    let hooks = get(&server, "site/deployments/hooks").await;
    expect![[r#"
        [
          {
            "id": "639028224000000000",
            "event": "x",
            "url": "http://a/",
            "insecure_ssl": true
          }
        ]"#]]
    .assert_eq(&hooks.body.replace("\r\n", "\n"));
    assert_eq!(get(&server, "site/deployments/active").await.body, id);
    let of = format!("site/deployments/{id}");
    assert_eq!(names(get(&server, &format!("{of}/")).await.json()), ["log.log", "manifest", "status.xml"]);
    assert_eq!(get(&server, &format!("{of}/manifest")).await.body, "a.txt\r\n");
    let status = get(&server, &format!("{of}/Status.xml")).await;
    assert_eq!(status.header("content-type"), "text/xml");
    assert!(status.body.contains("<status>Success</status>") && status.body.contains("<author>N/A</author>"));
    let log = get(&server, &format!("{of}/log.log")).await.body;
    assert!(
        log.contains("Deployment successful.,") && log.contains(",Copying file: 'a.txt',,0\r\n"),
        "{log}"
    );
    for (method, path) in [("PUT", "site/deployments/hooks".to_owned()), ("DELETE", format!("{of}/log.log"))]
    {
        let kept = call(&server, method, &path, &[("if-match", "*")]).await;
        assert!(kept.status == 409 && kept.body.contains("shows a record of the site"), "{}", kept.body);
    }
    assert_eq!(call(&server, "DELETE", "site?recursive=true", &[]).await.status, 409);
    // The tag of a record changes with it.
    server.call("DELETE", "/kudu/site/api/hooks/639028224000000000", "", Body::empty()).await;
    assert_eq!(get(&server, "site/deployments/hooks").await.status, 404);
}

#[tokio::test]
async fn records_bring_their_folder_back() {
    let server = Server::new();
    assert_eq!(call(&server, "DELETE", "site?recursive=true", &[]).await.status, 200);
    assert_eq!(get(&server, "site/").await.status, 404);
    server.post("/kudu/site/api/hooks", &json!({"url": "http://a/", "event": "x"})).await;
    let names = async |path: &str| -> Vec<Value> {
        let list = get(&server, path).await.json();
        list.as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect()
    };
    assert_eq!(names("").await, ["LogFiles", "data", "site"]);
    assert_eq!(
        (names("Site/").await, names("site/deployments/").await),
        (vec![json!("deployments")], vec![json!("hooks")])
    );
    assert_eq!(call(&server, "DELETE", "site?recursive=true", &[]).await.status, 409);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Whatever path is asked for, by whatever method, HOME holds what it held or what was put there, and nothing panics.
    #[test]
    fn any_path_is_answered(path in "([a-c./]|%2[eEfF]|%5[cC]|%00|%c3%28|:|%25){0,16}", method in "GET|PUT|DELETE|HEAD") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let server = Server::new();
            let answer = call(&server, &method, &path, &[("if-match", "*")]).await;
            assert!([200, 201, 204, 307, 404, 409, 412].contains(&answer.status), "{method} {path}: {}", answer.status);
            let store = server.world.shelf::<KuduStore>().load(&"site".parse().unwrap());
            store.store.files.check();
            assert!(store.store.files.get("site/wwwroot/hostingstart.html").is_some());
        });
    }
}
