//! Worlds: by prefix and by header, apart from each other, made and deleted.

use super::{hook, hooks};
use parhelion_testkit::TestServer;
use serde_json::{Value, json};

async fn names(server: &TestServer) -> Vec<String> {
    let items = server.main().items("/_parhelion/worlds").await;
    items.iter().map(|world| world["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn two_worlds_know_nothing_of_each_other() {
    let server = TestServer::start().await;
    let (main, w1, w2) = (server.main(), server.world("w1"), server.world("w2"));
    hook(&w1, "site", "x", "http://h/1").await;
    assert_eq!((hooks(&w1, "site").await, hooks(&w2, "site").await, hooks(&main, "site").await), (1, 0, 0));
    w1.put("/_parhelion/clock", &json!({"mode": "manual", "now": "2040-01-01T00:00:00Z"})).await.want(200);
    assert_eq!(w2.get("/_parhelion/clock").await.json()["mode"], "system");
    assert_eq!(w2.items("/_parhelion/events?kind=hook.created").await, Vec::<Value>::new());
    w2.post("/_parhelion/reset", &json!({})).await.want(204);
    assert_eq!(hooks(&w1, "site").await, 1);
    let worlds = server.main().items("/_parhelion/worlds").await;
    assert_eq!((&worlds[0]["name"], &worlds[0]["tenants"]), (&json!("main"), &json!(0)));
    assert_eq!((&worlds[1]["name"], &worlds[1]["tenants"]), (&json!("w1"), &json!(1)));
    assert!(worlds[1]["records"].as_u64().is_some_and(|records| records > 0), "{worlds:?}");
    assert!(worlds[1]["last_used"].as_str().is_some_and(|at| at.ends_with('Z')), "{worlds:?}");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids_in_every_world() {
    let server = TestServer::manual().await;
    let secrets = |world: &'static str| {
        let api = server.world(world);
        async move { hook(&api, "site", "x", "http://h/1").await }
    };
    assert_eq!(secrets("w1").await, secrets("another").await);
}

#[tokio::test]
async fn urls_in_answers_keep_the_world() {
    let server = TestServer::start().await;
    let url = |answer: parhelion_testkit::Answer| {
        answer.want(200).json()["url"].as_str().unwrap_or_default().to_owned()
    };
    let by_prefix = url(server.world("W1").put("/_parhelion/sinks/s", &json!({})).await);
    assert_eq!(by_prefix, format!("{}/_w/w1/_parhelion/sink/s", server.url()));
    let by_header =
        url(server.main().put("/_parhelion/sinks/s", &json!({})).header("x-parhelion-world", "W2").await);
    assert_eq!(by_header, format!("{}/_w/w2/_parhelion/sink/s", server.url()));
    // It works without the header.
    server.main().post(&by_header, &json!({"n": 1})).await.want(200);
    assert_eq!(server.world("w2").items("/_parhelion/sinks/s/requests").await.len(), 1);
    // A prefix outranks a header: a link from an answer leads to the world that gave it.
    let both = url(server
        .world("w1")
        .put("/_parhelion/sinks/t", &json!({}))
        .header("x-parhelion-world", "w2")
        .await);
    assert_eq!(both, format!("{}/_w/w1/_parhelion/sink/t", server.url()));

    let record = json!({"status": 4, "message": "m", "author": "a", "deployer": "d"});
    for world in ["", "/_w/w1"] {
        let path = format!("{world}/kudu/site/api/deployments/one");
        let made = server.main().put(&path, &record).await.want(200).json();
        assert_eq!(made["url"], format!("{}{path}", server.url()));
    }
}

#[tokio::test]
async fn a_name_is_compared_ignoring_case() {
    let server = TestServer::start().await;
    hook(&server.world("Some.World-1"), "site", "x", "http://h/1").await;
    assert_eq!(hooks(&server.world("some.WORLD-1"), "site").await, 1);
    let by_header =
        server.main().get("/kudu/site/api/hooks").header("x-parhelion-world", "SOME.world-1").await;
    assert_eq!(by_header.json().as_array().map(Vec::len), Some(1));
    assert_eq!(names(&server).await, ["main", "some.world-1"]);
}

#[tokio::test]
async fn a_bad_name_is_refused() {
    let server = TestServer::start().await;
    let long = "a".repeat(65);
    for name in ["-a", ".a", "_a", "a%2Fb", "a~b", &long, ""] {
        server.main().get(&format!("/_w/{name}/_parhelion/health")).await.problem(400, "world");
        if !name.is_empty() {
            let by_header = server.main().get("/_parhelion/health").header("x-parhelion-world", name);
            by_header.await.problem(400, "world");
        }
    }
    assert_eq!(names(&server).await, ["main"]);
}

#[tokio::test]
async fn only_a_request_that_somebody_answers_makes_a_world() {
    let server = TestServer::start().await;
    for method in ["OPTIONS", "HEAD"] {
        for path in ["/kudu/site/api/hooks", "/_parhelion/health", "/org/_apis"] {
            server.main().call(method, &format!("/_w/new{path}")).await;
        }
    }
    server.world("new").get("/nobody/answers/this").await.want(404);
    assert_eq!(names(&server).await, ["main"]);
    server.world("new").get("/kudu/site/api/hooks").await.want(200);
    assert_eq!(names(&server).await, ["main", "new"]);
    // The public webhook endpoint of Azure DevOps is called by anybody, under any name.
    let nobody = server.world("nobody");
    let public = "/contoso/_apis/public/distributedtask/webhooks/x?api-version=6.0-preview";
    nobody.post(public, &json!({})).await.want(404);
    assert!(!names(&server).await.contains(&"nobody".to_owned()));
}

#[tokio::test]
async fn a_deleted_world_is_gone_and_can_be_made_anew() {
    let server = TestServer::start().await;
    let (main, w1) = (server.main(), server.world("w1"));
    hook(&w1, "site", "x", "http://h/1").await;
    w1.post("/_parhelion/snapshots", &json!({"name": "s"})).await.want(201);
    w1.put("/_parhelion/sinks/s", &json!({})).await.want(200);
    // A world may be deleted through any other; its name in any case.
    server.world("w2").delete("/_parhelion/worlds/W1").await.want(204);
    assert_eq!(names(&server).await, ["main", "w2"]);
    main.delete("/_parhelion/worlds/w1").await.problem(404, "\"w1\"");
    main.delete("/_parhelion/worlds/main").await.problem(409, "main");
    main.delete("/_parhelion/worlds/-x").await.problem(400, "-x");
    assert_eq!(hooks(&w1, "site").await, 0);
    assert_eq!(w1.items("/_parhelion/snapshots").await.len(), 0);
    assert_eq!(w1.items("/_parhelion/sinks").await.len(), 0);
}

#[tokio::test]
async fn a_deleted_world_wakes_who_waits_in_it() {
    let server = TestServer::start().await;
    let w1 = server.world("w1");
    let mut stream = w1.get("/_parhelion/events").header("accept", "text/event-stream").stream().await;
    let waiting = tokio::spawn({
        let w1 = w1.clone();
        async move { w1.get("/_parhelion/sinks/s/requests?count=1&wait=60s").await.status }
    });
    hook(&w1, "site", "x", "http://h/1").await;
    assert_eq!(stream.next().await.map(|event| event.kind), Some("request".into()));
    server.main().delete("/_parhelion/worlds/w1").await.want(204);
    while stream.next().await.is_some() {}
    // Either it had begun to wait, or it came to a new world of the name and waits there in vain.
    server.main().delete("/_parhelion/worlds/w1").await;
    assert!(matches!(waiting.await.expect("no panic"), 408 | 503));
}

#[tokio::test]
async fn worlds_come_in_pages() {
    let server = TestServer::start().await;
    for n in 0..5 {
        server.world(&format!("w{n}")).get("/_parhelion/health").await.want(200);
    }
    let first = server.main().get("/_parhelion/worlds?limit=2").await.want(200).json();
    assert_eq!(first["next"], "w0");
    let mut seen = Vec::new();
    let mut path = "/_parhelion/worlds?limit=2".to_owned();
    loop {
        let page = server.main().get(&path).await.want(200).json();
        seen.extend(page["items"].as_array().expect("a list").iter().map(|w| w["name"].clone()));
        match page["next"].as_str() {
            Some(next) => path = format!("/_parhelion/worlds?limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["main", "w0", "w1", "w2", "w3", "w4"]);
}

#[tokio::test]
async fn there_is_an_end_to_how_many_worlds_there_are() {
    let server = TestServer::start().await;
    let worlds = server.emulator().worlds();
    for n in 1..10_000 {
        worlds.open(&format!("w{n}").parse().expect("a name")).expect("there is room");
    }
    let refused = server.world("one-more").get("/kudu/site/api/hooks").await;
    refused.problem(503, "10000 worlds");
    server.world("one-more").get("/_parhelion/health").await.problem(503, "10000 worlds");
    // What nobody answers is still told so, and the worlds that are there work.
    server.world("one-more").get("/nobody/answers/this").await.problem(404, "/nobody/answers/this");
    hook(&server.world("w7"), "site", "x", "http://h/1").await;
    server.main().delete("/_parhelion/worlds/w1").await.want(204);
    server.world("one-more").get("/kudu/site/api/hooks").await.want(200);
}
