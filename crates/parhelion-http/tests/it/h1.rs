//! HTTP/1.1 on a real socket.

use crate::kit::{Running, json, parse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn an_exchange_is_answered_with_its_id_and_recorded_whole() {
    let mut s = Running::start().await;
    let answer = s
        .raw("POST /alpha/echo?q=1 HTTP/1.1\r\nhost: h\r\nx-a: 1\r\nX-A: 2\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nx-parhelion-request-id: req-1\r\n"), "{answer}");
    assert!(answer.contains("\r\ncontent-length: 5\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");

    let (world, record) = s.kit.ended().await;
    assert_eq!(world, "main");
    assert_eq!((record.id.as_str(), record.seq, record.status), ("req-1", 101, 200));
    assert_eq!(record.at, chrono::DateTime::UNIX_EPOCH);
    assert_eq!((record.surface, record.operation.as_str(), record.tenant.as_str()), ("alpha", "Echo", "t1"));
    assert_eq!((record.method.as_str(), record.path.as_str()), ("POST", "/alpha/echo?q=1"));
    assert!(record.request_headers.has("x-a", "1"));
    assert!(record.request_headers.has("x-a", "2"));
    assert!(record.response_headers.has("x-parhelion-request-id", "req-1"));
    assert_eq!((&record.request_body[..], record.request_truncated), (&b"hello"[..], false));
    assert_eq!((&record.response_body[..], record.response_truncated), (&b"hello"[..], false));
}

#[tokio::test]
async fn two_requests_share_a_connection() {
    let s = Running::start().await;
    let one = "GET /alpha/unknown HTTP/1.1\r\nhost: h\r\n";
    let answer = s.raw(format!("{one}\r\n{one}connection: close\r\n\r\n")).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert!(answer.contains("req-1") && answer.contains("req-2"));
}

#[tokio::test]
async fn a_world_is_reached_by_prefix_or_header() {
    let s = Running::start().await;
    for (target, header, world, uri, base) in [
        ("/alpha/x?a=b", "", "main", "/alpha/x?a=b", "http://h:1"),
        ("/_w/W1/alpha/x?a=b", "", "w1", "/alpha/x?a=b", "http://h:1/_w/w1"),
        ("/alpha/x", "x-parhelion-world: w2\r\n", "w2", "/alpha/x", "http://h:1/_w/w2"),
        ("/_w/w1/alpha/x", "x-parhelion-world: w2\r\n", "w1", "/alpha/x", "http://h:1/_w/w1"),
    ] {
        let (status, body) = s.get(target, &format!("host: h:1\r\n{header}")).await;
        let said = json(&body);
        assert_eq!((status, said["world"].as_str()), (200, Some(world)), "{body}");
        assert_eq!((said["uri"].as_str(), said["base"].as_str()), (Some(uri), Some(base)), "{body}");
        assert_eq!(said["original"], target);
    }
}

#[tokio::test]
async fn what_names_no_world_is_refused_and_so_is_a_world_too_many() {
    let s = Running::start().await;
    for (target, header) in [("/_w/.x/alpha", ""), ("/_w", ""), ("/alpha", "x-parhelion-world: a b\r\n")] {
        let answer = s.raw(format!("GET {target} HTTP/1.1\r\n{header}connection: close\r\n\r\n")).await;
        let (status, body) = parse(&answer);
        assert_eq!((status, json(&body)["title"].as_str()), (400, Some("Bad world name")), "{body}");
        assert!(answer.contains("application/problem+json") && answer.contains("x-parhelion-request-id"));
    }
    let (status, body) = s.get("/_w/full/alpha", "").await;
    assert_eq!((status, json(&body)["detail"].as_str()), (503, Some("all 10000 worlds are taken")));
}

#[tokio::test]
async fn the_base_is_the_host_as_the_client_named_it() {
    let s = Running::start().await;
    let listen = format!("http://{}", s.addr);
    for (target, header, base, host) in [
        ("/alpha/x", "host: Emu.example:80\r\n", "http://Emu.example:80", Some("Emu.example:80")),
        ("/alpha/x", "host: evil\"><x\r\n", listen.as_str(), Some("evil\"><x")),
        ("/alpha/x", "", &listen, None),
        ("http://abs.example/alpha/x", "host: other\r\n", "http://abs.example", Some("abs.example")),
    ] {
        let said = json(&s.get(target, header).await.1);
        assert_eq!((said["base"].as_str(), said["host"].as_str()), (Some(base), host), "{said}");
        assert_eq!((said["uri"].as_str(), said["peer"].as_str()), (Some("/alpha/x"), Some("127.0.0.1")));
    }
}

#[tokio::test]
async fn a_client_that_expects_100_gets_it_only_when_the_body_is_wanted() {
    let s = Running::start().await;
    let mut stream = s.connect().await;
    let head = "POST /alpha/echo HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\nconnection: close\r\n";
    stream.write_all(format!("{head}content-length: 3\r\n\r\n").as_bytes()).await.unwrap();
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut said = vec![0; go_on.len()];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(said, go_on);
    stream.write_all(b"abc").await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 200") && rest.ends_with("abc"), "{rest}");

    // Too large by its own word: refused, and none of it has to be sent.
    let answer = s.raw(format!("{head}content-length: 999999999\r\n\r\n")).await;
    assert_eq!(parse(&answer), (413, "alpha: more than 33554432".into()));
}

#[tokio::test]
async fn a_chunked_body_with_trailers_is_read() {
    let mut s = Running::start().await;
    let answer = s
        .raw("POST /alpha/echo HTTP/1.1\r\nhost: h\r\nte: trailers\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 9\r\n\r\n")
        .await;
    assert_eq!(parse(&answer), (200, "abcde".into()));
    let (_, record) = s.kit.ended().await;
    assert_eq!((&record.request_body[..], record.request_truncated), (&b"abcde"[..], false));
}

#[tokio::test]
async fn head_gets_the_head_alone() {
    let s = Running::start().await;
    let answer = s.raw("HEAD /nowhere HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.ends_with("\r\n\r\n"), "{answer}");
    let length = answer.split("content-length: ").nth(1).and_then(|l| l.split('\r').next()).unwrap();
    assert!(length.parse::<usize>().unwrap() > 100, "{answer}");
}

#[tokio::test]
async fn bad_request_lines_and_paths_harm_nobody_else() {
    let s = Running::start().await;
    let mut bystander = s.connect().await;
    bystander
        .write_all(b"POST /alpha/echo HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\nconnection: close\r\n\r\na")
        .await
        .unwrap();
    for bad in [
        &b"GET /alpha/\xff\xfe HTTP/1.1\r\nhost: h\r\n\r\n"[..],
        b"GET /alpha/a b HTTP/1.1\r\nhost: h\r\n\r\n",
        b"no http at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ] {
        let answer = s.raw(bad).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{bad:?}: {answer}");
    }
    // Percent-encoded bytes that are no UTF-8 are a valid URI: the surface judges them.
    assert_eq!(json(&s.get("/alpha/%FF", "").await.1)["uri"], "/alpha/%FF");
    bystander.write_all(b"b").await.unwrap();
    let mut rest = String::new();
    bystander.read_to_string(&mut rest).await.unwrap();
    assert_eq!(parse(&rest), (200, "ab".into()));
}

#[tokio::test]
async fn nobody_s_request_gets_the_list_of_what_is_answered() {
    let mut s = Running::start().await;
    let (status, body) = s.get("/_w/w1/nowhere?secret=1", "host: h:1\r\n").await;
    let said = json(&body);
    assert_eq!(
        (status, said["status"].as_u64(), said["type"].as_str()),
        (404, Some(404), Some("about:blank"))
    );
    assert_eq!(said["recognised"][0]["where"], "http://h:1/_w/w1/alpha/…");
    assert_eq!(said["recognised"][1]["surface"], "beta");
    let detail = said["detail"].as_str().unwrap();
    assert!(
        detail.contains("GET /_w/w1/nowhere") && detail.contains("beta: http") && !detail.contains("secret"),
        "{detail}"
    );
    let (world, record) = s.kit.ended().await;
    assert_eq!((world.as_str(), record.surface, record.status), ("w1", "", 404));
    // Even a world that cannot be had is answered so: nothing was to happen in it.
    assert_eq!(s.get("/_w/full/nowhere", "").await.0, 404);
    assert_eq!(s.get("/nowhere", "host: beta.example\r\n").await, (200, "beta".into()));
}

#[tokio::test]
async fn a_surface_s_own_calls_stand_below_its_name() {
    let s = Running::start().await;
    assert_eq!(
        s.get("/_w/w1/_parhelion/surfaces/alpha/a/b?c", "").await,
        (200, "alpha's own GET /a/b?c".into())
    );
    assert_eq!(s.get("/_parhelion/surfaces/alpha", "").await, (200, "alpha's own GET /".into()));
    let arrivals = s.kit.notes.arrivals.lock().clone();
    assert_eq!(
        arrivals[0],
        ("w1".into(), "control", "GET".into(), "/_w/w1/_parhelion/surfaces/alpha/a/b?c".into(), None)
    );
    for name in ["beta", "gamma"] {
        let (status, body) = s.get(&format!("/_parhelion/surfaces/{name}/x"), "").await;
        let detail = json(&body)["detail"].to_string();
        assert_eq!(status, 404);
        assert!(detail.contains(name) && detail.contains("there are: alpha"), "{detail}");
    }
    let (status, body) = s.get("/_parhelion/surfaces/alpha/panic", "").await;
    assert_eq!((status, json(&body)["title"].as_str()), (500, Some("Internal error")));
}

#[tokio::test]
async fn a_panic_is_answered_in_the_surface_s_form_and_the_connection_lives() {
    let mut s = Running::start().await;
    let answer = s
        .raw("GET /alpha/panic HTTP/1.1\r\nhost: h\r\n\r\nGET /alpha/none HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("alpha broke at req-1"), "{answer}");
    assert!(answer.contains("HTTP/1.1 204"), "{answer}");
    let (_, record) = s.kit.ended().await;
    assert_eq!((record.status, &record.response_body[..]), (500, &b"alpha broke at req-1"[..]));
}

#[tokio::test]
async fn a_connection_can_be_dropped_in_place_of_an_answer() {
    let mut s = Running::start().await;
    assert_eq!(s.raw("GET /alpha/drop HTTP/1.1\r\nhost: h\r\n\r\n").await, "");
    assert_eq!(s.kit.ended().await.1.path, "/alpha/drop");
    assert_eq!(s.get("/alpha/none", "").await.0, 204);
}
