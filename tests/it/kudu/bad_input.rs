//! What must not go wrong over a socket: an upload that breaks off, two deployments at once, sizes and names that lie.

use super::{deploy, zip_of};
use parhelion_testkit::TestServer;
use serde_json::json;
use std::io::Write;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use zip::write::{SimpleFileOptions, ZipWriter};

const SITE: &str = "/kudu/site/api";

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = TestServer::start().await;
    let api = server.main();
    let zip = zip_of(&[("a.txt", "one")]);
    for half in [0, zip.len() / 2, zip.len() - 1] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head =
            format!("POST {SITE}/zipdeploy HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", zip.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&zip[..half]).await.unwrap();
        drop(stream);
    }
    assert_eq!(api.get(&format!("{SITE}/deployments")).await.want(200).text(), "[]");
    deploy(&api, "", &[("a.txt", "one")]).await.want(200);
}

#[tokio::test]
async fn of_deployments_at_once_each_is_done_or_refused_and_one_wins() {
    let server = TestServer::start().await;
    let api = server.main();
    // A receiver that answers only when all have come to their ends: the first one holds the lock.
    let receiver = parhelion_testkit::Receiver::start().await;
    api.post(&format!("{SITE}/hooks"), &json!({"url": receiver.url(), "event": "PostDeployment"}))
        .await
        .want(201);
    api.post("/_parhelion/deliveries/pause", &json!({})).await.want(200);
    let mut all = tokio::task::JoinSet::new();
    for n in 0..8 {
        let api = api.clone();
        all.spawn(async move { deploy(&api, "", &[("n.txt", &n.to_string())]).await.status });
    }
    let mut answers = Vec::new();
    while answers.len() < 7 {
        answers.push(all.join_next().await.unwrap().unwrap());
    }
    assert_eq!(answers, [409; 7]);
    let released = api.post("/_parhelion/deliveries/resume", &json!({})).await.want(200).json();
    assert_eq!(released["released"], 1);
    assert_eq!(all.join_next().await.unwrap().unwrap(), 200);
    assert_eq!(api.get(&format!("{SITE}/deployments")).await.want(200).json().as_array().unwrap().len(), 1);
    assert_eq!(receiver.requests().len(), 1);
    let refused = api.get("/_parhelion/events?kind=deployment.refused&limit=100").await.want(200).json();
    assert_eq!(refused["items"].as_array().unwrap().len(), 7);
    let seq = refused["items"][0]["request_id"].as_str().unwrap().to_owned();
    assert!(api.explain(&seq).await.contains("holds the lock until 1 more of its hooks have been told"));
}

#[tokio::test]
async fn packages_that_lead_out_or_swell_are_refused_whole() {
    let mut settings = parhelion::settings::Settings { seed: Some(42), ..Default::default() };
    settings.kudu.kudu_max_unzip_bytes = 1_000_000;
    settings.kudu.kudu_max_site_bytes = 1_500_000;
    settings.listen.set_port(0);
    let server = TestServer::with(|b| b.settings(settings)).await;
    let api = server.main();
    deploy(&api, "", &[("good.txt", &"x".repeat(900_000))]).await.want(200);
    type Zip = ZipWriter<std::io::Cursor<Vec<u8>>>;
    let made = |write: &dyn Fn(&mut Zip)| {
        let mut zip = Zip::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("first.txt", SimpleFileOptions::default()).unwrap();
        zip.write_all(b"first").unwrap();
        write(&mut zip);
        zip.finish().unwrap().into_inner()
    };
    let named =
        |name: &'static str| made(&move |zip| zip.start_file(name, SimpleFileOptions::default()).unwrap());
    let link = made(&|zip| zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap());
    let bomb = made(&|zip| {
        zip.start_file("zeros", SimpleFileOptions::default()).unwrap();
        zip.write_all(&vec![b'0'; 2_000_000]).unwrap();
    });
    let large = made(&|zip| {
        zip.start_file("more", SimpleFileOptions::default()).unwrap();
        zip.write_all(&vec![b'0'; 700_000]).unwrap();
    });
    for (zip, says) in [
        (named("../up.txt"), "leads out"),
        (named(r"a\..\..\up.txt"), "leads out"),
        (named("/etc/up.txt"), "absolute"),
        (named(r"\\server\share\up.txt"), "absolute"),
        (named("C:up.txt"), "drive"),
        (named("con\u{1}.txt"), "control characters"),
        (link, "symbolic link"),
        (bomb, "kudu.max_unzip_bytes"),
        (large, "kudu.max_site_bytes"),
    ] {
        // The first takes away what the last one brought, so that there is room.
        let skipped = usize::from(says.contains("site_bytes"));
        for path in ["zipdeploy", "publish?type=zip&clean=false", "wardeploy"].iter().skip(skipped) {
            let path = format!("{SITE}/{path}");
            let answer = api.call("POST", &path).body("application/zip", zip.clone()).await.want(500);
            let why = answer.json()["ExceptionMessage"].as_str().unwrap().to_owned();
            assert!(why.contains(says), "{path}: {why}");
        }
    }
    let listed = api.get(&format!("{SITE}/vfs/site/wwwroot/")).await.want(200).json();
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["good.txt"]);
    let active = api.get(&format!("{SITE}/deployments")).await.want(200).json();
    assert!(active.as_array().unwrap().iter().any(|d| d["active"] == true && d["status"] == 4), "{active}");
}
