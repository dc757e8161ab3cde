use crate::push;
use crate::receiver::Receiver;
use bytes::Bytes;
use futures_util::FutureExt;
use parhelion_core::ErrorClass::{self, *};
use parhelion_core::limits::RECEIVER_RESPONSE_BYTES;
use parhelion_core::{Credentials, Delivery, Owner, Timestamp};
use parhelion_delivery::{
    Attempt, DeliverTo, HttpTransport, Loopback, Machine, Outcome, Resolver, Step, Transport,
    TransportSettings,
};
use parking_lot::Mutex;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn attempt(delivery: Delivery) -> Attempt {
    let mut machine = Machine::default();
    machine.enqueue(Owner::new("s", "t"), 1, delivery, Timestamp::UNIX_EPOCH);
    match machine.poll(Timestamp::UNIX_EPOCH) {
        Step::Send(mut attempt) => {
            attempt.seq = 77;
            *attempt
        }
        step => panic!("{step:?}"),
    }
}
async fn send_by(settings: TransportSettings, delivery: Delivery) -> Outcome {
    HttpTransport::new(settings).unwrap().send(&attempt(delivery)).await
}
async fn send(delivery: Delivery) -> Outcome {
    send_by(TransportSettings::default(), delivery).await
}
fn class(outcome: &Outcome) -> Option<ErrorClass> {
    outcome.error.as_ref().map(|(class, _)| *class)
}
fn why(outcome: &Outcome) -> &str {
    outcome.error.as_ref().map_or("", |(_, why)| why)
}
/// Listens once, reads a request, answers with these bytes and closes; what it read.
async fn once(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/p?q=1", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = Vec::new();
        while !got.ends_with(b"main\"}") {
            assert!(stream.read_buf(&mut got).await.unwrap() > 0);
        }
        stream.write_all(answer).await.unwrap();
        String::from_utf8(got).unwrap()
    });
    (url, task)
}

#[tokio::test]
async fn the_request_goes_out_byte_for_byte() {
    let (url, server) = once(b"HTTP/1.1 202 Taken In\r\nX-Answer: A\r\nContent-Length: 2\r\n\r\nok").await;
    let outcome = send(push(&url)).await;
    let host = url.split('/').nth(2).unwrap();
    assert_eq!(
        server.await.unwrap(),
        format!(
            "POST /p?q=1 HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             X-SecureSourceManager-Event: push\r\nX-SecureSourceManager-Signature: \r\nx-lower: 1\r\nX-Lower: 2\r\n\
             Content-Length: 25\r\n\r\n{{\"ref\":\"refs/heads/main\"}}"
        )
    );
    assert_eq!(outcome.error, None);
    let exchange = &outcome.exchanges[0];
    assert_eq!((exchange.url.as_str(), exchange.headers.len()), (url.as_str(), 7));
    let answer = outcome.answer().unwrap();
    assert_eq!((answer.status, answer.reason.as_str(), &answer.body[..]), (202, "Taken In", &b"ok"[..]));
    assert_eq!(answer.headers[0], ("X-Answer".to_owned(), "A".to_owned()));
}

#[tokio::test]
async fn a_status_that_is_no_2xx_fails_with_its_answer() {
    let receiver = Receiver::start().await;
    receiver.respond(500, "broken").respond(204, "").respond(404, "");
    let outcome = send(push(&receiver.url())).await;
    assert_eq!(outcome.error, Some((Status, "answered 500 Internal Server Error".to_owned())));
    assert_eq!(outcome.answer().unwrap().body, "broken");
    assert_eq!(send(push(&receiver.url())).await.error, None);
    assert_eq!(class(&send(push(&receiver.url())).await), Some(Status));
    let got = receiver.wait_for(3).await;
    assert_eq!(
        (got[0].header("x-securesourcemanager-event"), got[0].json()["ref"].as_str()),
        (Some("push"), Some("refs/heads/main"))
    );
}

#[tokio::test]
async fn a_receiver_that_hangs_is_a_timeout() {
    let receiver = Receiver::start().await;
    receiver.hang();
    let settings = || TransportSettings { timeout: Some(Duration::from_millis(400)), ..Default::default() };
    let outcome = send_by(settings(), push(&receiver.url())).await;
    assert_eq!(outcome.error, Some((Timeout, "no answer within 400ms".to_owned())));
    assert_eq!(receiver.wait_for(1).await.len(), 1, "the request did go out");
    assert_eq!(outcome.exchanges.len(), 1);
    assert!(outcome.took >= Duration::from_millis(400));

    // The head comes, the body does not.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await.unwrap();
        std::future::pending::<()>().await
    });
    let outcome = send_by(settings(), push(&url)).await;
    assert_eq!(outcome.error, Some((Timeout, "no whole answer within 400ms".to_owned())));
    assert_eq!(outcome.answer().unwrap().status, 200);
    server.abort();
}

#[tokio::test]
async fn connections_that_break_are_resets() {
    let receiver = Receiver::start().await;
    receiver
        .reset()
        .raw("")
        .raw("HTTP/1.1 200 O")
        .raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    for _ in 0..5 {
        let outcome = send(push(&receiver.url())).await;
        assert_eq!(class(&outcome), Some(Reset), "{outcome:?}");
    }
    assert_eq!(receiver.requests().len(), 5);
}

#[tokio::test]
async fn what_is_not_http_or_too_long_cannot_be_read() {
    let receiver = Receiver::start().await;
    receiver
        .raw("220 smtp.example.com ESMTP\r\n")
        .raw(vec![0xff; 100])
        .respond(200, vec![b'x'; RECEIVER_RESPONSE_BYTES + 1]);
    for answered in [None, None, Some(200)] {
        let outcome = send(push(&receiver.url())).await;
        assert_eq!((class(&outcome), outcome.answer().map(|a| a.status)), (Some(Body), answered));
    }
}

#[tokio::test]
async fn answers_may_be_chunked_interim_or_without_length() {
    let receiver = Receiver::start().await;
    receiver
        .raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        .raw("HTTP/1.0 200 OK\r\n\r\nabc");
    for _ in 0..2 {
        let outcome = send(push(&receiver.url())).await;
        assert_eq!((&outcome.error, &outcome.answer().unwrap().body[..]), (&None, &b"abc"[..]));
    }
}

#[tokio::test]
async fn an_answer_before_the_body_is_read_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 100];
        stream.read_exact(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        // Kept open and unread: the rest of the body never goes out.
        std::future::pending::<()>().await
    });
    let mut delivery = push(&url);
    delivery.body = vec![b'x'; 20 << 20].into();
    assert_eq!(send(delivery).await.error, Some((Status, "answered 413 Too Large".to_owned())));
    server.abort();
}

#[tokio::test]
async fn places_that_cannot_be_reached() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let outcome = send(push(&format!("http://{free}/"))).await;
    assert_eq!(class(&outcome), Some(Refused));
    assert!(why(&outcome).starts_with(&format!("no connection to {free}: ")), "{outcome:?}");
    assert!(outcome.exchanges.is_empty(), "nothing was sent");

    let none: Resolver = Arc::new(|_, _| async { Err(std::io::Error::other("no such name")) }.boxed());
    let settings = TransportSettings { resolver: Some(none), ..Default::default() };
    let outcome = send_by(settings, push("http://nowhere.test/")).await;
    assert_eq!(
        outcome.error,
        Some((Dns, "the name `nowhere.test` could not be resolved: no such name".to_owned()))
    );
    // The system's resolver refuses such a label without asking anybody.
    assert_eq!(class(&send(push(&format!("http://{}.test/", "a".repeat(70)))).await), Some(Dns));
    for bad in ["ftp://127.0.0.1/", "127.0.0.1", "http://"] {
        assert_eq!(class(&send(push(bad)).await), Some(NotAllowed), "{bad}");
    }
}

#[tokio::test]
async fn names_below_localhost_are_this_machine() {
    let receiver = Receiver::start().await;
    let url = format!("http://site.scm.localhost:{}/", receiver.port());
    assert_eq!(send(push(&url)).await.error, None);
    assert_eq!(receiver.requests()[0].header("host"), Some(&url[7..url.len() - 1]));
}

#[tokio::test]
async fn the_rule_is_put_to_the_resolved_address() {
    let receiver = Receiver::start().await;
    let asked = Arc::new(Mutex::new(0));
    let counter = asked.clone();
    // The first time it is harmless, then it is the metadata service: rebinding.
    let rebinding: Resolver = Arc::new(move |_, port| {
        let mut asked = counter.lock();
        *asked += 1;
        let ip = if *asked == 1 { [127, 0, 0, 1] } else { [169, 254, 169, 254] };
        async move { Ok(vec![(ip, port).into()]) }.boxed()
    });
    let transport =
        HttpTransport::new(TransportSettings { resolver: Some(rebinding), ..Default::default() }).unwrap();
    let delivery = attempt(push(&format!("http://friendly.test:{}/", receiver.port())));
    assert_eq!(transport.send(&delivery).await.error, None);
    let outcome = transport.send(&delivery).await;
    assert_eq!(
        outcome.error,
        Some((
            NotAllowed,
            "friendly.test is 169.254.169.254, a link-local address: deliveries do not go there".to_owned()
        ))
    );
    let settings = TransportSettings { deliver_to: "10.0.0.1".parse().unwrap(), ..Default::default() };
    assert_eq!(class(&send_by(settings, push(&receiver.url())).await), Some(NotAllowed));
    let loopback = TransportSettings { deliver_to: DeliverTo::Loopback, ..Default::default() };
    assert_eq!(send_by(loopback, push(&receiver.url())).await.error, None);
    assert_eq!(*asked.lock(), 2);
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_the_policy_says() {
    let receiver = Receiver::start().await;
    receiver.respond_with(302, &[("Location", "/again")], "");
    let mut delivery = push(&receiver.url());
    assert_eq!(send(delivery.clone()).await.error, Some((Status, "answered 302 Found".to_owned())));
    delivery.policy.follow_redirects = 2;
    let outcome = send(delivery).await;
    assert_eq!(
        outcome.error,
        Some((Status, "answered 302 after 2 redirects, and no more are followed".to_owned()))
    );
    assert_eq!(outcome.exchanges.len(), 3);
    assert_eq!(receiver.requests().len(), 4);
}

#[tokio::test]
async fn a_redirect_keeps_or_drops_method_body_and_secrets() {
    let (near, far) = (Receiver::start().await, Receiver::start().await);
    let to_far = format!("{}/far", far.url());
    near.respond_with(307, &[("Location", "b/../c?d")], "").respond_with(303, &[("Location", &to_far)], "");
    let mut delivery = push(&near.url().replace("http://", "http://user:p%40ss@"));
    delivery.headers.push(("Cookie".into(), "a=b".into()));
    delivery.policy.follow_redirects = 5;
    let outcome = send(delivery).await;
    assert_eq!(outcome.error, None);
    let [first, second] = &near.requests()[..] else { panic!("{outcome:?}") };
    assert_eq!((first.header("authorization"), first.path.as_str()), (Some("Basic dXNlcjpwQHNz"), "/"));
    assert_eq!(
        (second.method.as_str(), second.path.as_str(), second.query.as_deref()),
        ("POST", "/c", Some("d"))
    );
    assert_eq!((second.body.len(), second.header("authorization")), (25, first.header("authorization")));
    let third = &far.requests()[0];
    assert_eq!((third.method.as_str(), third.body.len()), ("GET", 0));
    let names: Vec<&str> = third.headers.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(
        names,
        ["Host", "X-SecureSourceManager-Event", "X-SecureSourceManager-Signature", "x-lower", "X-Lower"]
    );
    assert!(outcome.exchanges.iter().all(|e| !e.url.contains("user")), "no credentials in a recorded URL");
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_place_is_not_followed() {
    let receiver = Receiver::start().await;
    for (location, class) in [("http://169.254.169.254/latest", NotAllowed), ("ftp://x/", Status)] {
        receiver.respond_with(302, &[("Location", location)], "");
        let mut delivery = push(&receiver.url());
        delivery.policy.follow_redirects = 1;
        let outcome = send(delivery).await;
        assert_eq!(outcome.error.as_ref().unwrap().0, class, "{outcome:?}");
    }
}

#[tokio::test]
async fn credentials_wait_for_a_challenge_where_the_policy_says_so() {
    let receiver = Receiver::start().await;
    receiver.respond_with(401, &[("WWW-Authenticate", "Bearer x, basic realm=\"r\"")], "").respond(200, "");
    let mut delivery = push(&receiver.url().replace("http://", "http://u:p@"));
    delivery.policy.credentials = Credentials::WhenChallenged;
    let outcome = send(delivery.clone()).await;
    assert_eq!((&outcome.error, outcome.exchanges.len()), (&None, 2));
    let got = receiver.requests();
    assert_eq!((got[0].header("authorization"), got[1].header("authorization")), (None, Some("Basic dTpw")));
    // Refused again, or not asked for Basic: that is the answer.
    receiver.respond_with(401, &[("WWW-Authenticate", "Basic")], "");
    assert_eq!(send(delivery.clone()).await.exchanges.len(), 2);
    receiver.respond_with(401, &[("WWW-Authenticate", "Negotiate")], "");
    assert_eq!(send(delivery).await.exchanges.len(), 1);
}

#[tokio::test]
async fn a_broken_header_is_refused_before_anything_is_sent() {
    let receiver = Receiver::start().await;
    let mut delivery = push(&receiver.url());
    delivery.headers.push(("X-A".into(), "b\r\nX-Injected: c".into()));
    assert_eq!(class(&send(delivery).await), Some(NotAllowed));
    assert!(receiver.requests().is_empty());
}

#[tokio::test]
async fn tls_is_verified_or_not_as_the_policy_says() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let pem = key.cert.pem().into_bytes();
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], der)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that refuses the certificate ends the handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut got = Vec::new();
            while !got.ends_with(b"main\"}") {
                stream.read_buf(&mut got).await.unwrap();
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    for host in ["localhost", "127.0.0.1"] {
        let mut delivery = push(&format!("https://{host}:{port}/"));
        let outcome = send(delivery.clone()).await;
        assert_eq!(class(&outcome), Some(Tls));
        assert!(
            why(&outcome).starts_with(&format!("no TLS with {host}:{port}: invalid peer certificate")),
            "{outcome:?}"
        );
        let trusting = TransportSettings { extra_roots_pem: Some(pem.clone()), ..Default::default() };
        assert_eq!(send_by(trusting, delivery.clone()).await.error, None);
        delivery.policy.verify_tls = false;
        assert_eq!(send(delivery).await.error, None);
    }
    // Something that speaks no TLS at all.
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", plain.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok()
    });
    assert_eq!(class(&send(push(&url)).await), Some(Tls));
    server.abort();
    let bad = |pem: &str| {
        HttpTransport::new(TransportSettings { extra_roots_pem: Some(pem.into()), ..Default::default() })
    };
    assert!(
        bad("nothing").is_err()
            && bad("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err()
    );
}

#[tokio::test]
async fn deliveries_to_ourselves_stay_in_the_process() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let loopback = Loopback {
        is_ours: Arc::new(|uri| uri.port_u16() == Some(4600)),
        call: Arc::new(move |request, cause| {
            let hang = request.uri().path() == "/hang";
            let host = request.headers()["host"].to_str().unwrap().to_owned();
            log.lock().push((request.uri().to_string(), host, request.body().len(), cause));
            let drops = request.uri().path() == "/drop";
            async move {
                if hang {
                    std::future::pending::<()>().await;
                }
                let made = http::Response::builder().status(201).header("X-A", "b");
                (!drops).then(|| made.body(Bytes::from_static(b"made")).unwrap())
            }
            .boxed()
        }),
    };
    let settings = || TransportSettings {
        loopback: Some(loopback.clone()),
        // Nothing outside: what never leaves is no matter of it.
        deliver_to: "nowhere.test".parse().unwrap(),
        timeout: Some(Duration::from_millis(400)),
        ..Default::default()
    };
    let outcome = send_by(settings(), push("http://site.scm.localhost:4600/a?t={x}")).await;
    assert_eq!((&outcome.error, outcome.exchanges[0].loopback), (&None, true));
    let answer = outcome.answer().unwrap();
    assert_eq!((answer.status, answer.reason.as_str(), &answer.body[..]), (201, "Created", &b"made"[..]));
    let request = seen.lock().pop().unwrap();
    assert_eq!(request.0.replace("%7B", "{").replace("%7D", "}"), "http://site.scm.localhost:4600/a?t={x}");
    assert_eq!((request.1.as_str(), request.2, request.3), ("site.scm.localhost:4600", 25, 77));
    assert_eq!(class(&send_by(settings(), push("http://h:4600/hang")).await), Some(Timeout));
    assert_eq!(class(&send_by(settings(), push("http://h:4600/drop")).await), Some(Reset));
    assert_eq!(class(&send_by(settings(), push("http://127.0.0.1:1/")).await), Some(NotAllowed));
}
