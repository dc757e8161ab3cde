//! How a server begins and ends.

use crate::kit::{Running, parse};
use parhelion_http::{BindError, Server, Stopped};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const WAIT: &[u8] = b"GET /alpha/wait HTTP/1.1\r\nhost: h\r\n\r\n";

#[tokio::test]
async fn requests_in_flight_end_and_idle_connections_are_closed() {
    let mut s = Running::start().await;
    let addr = s.addr;
    let mut silent = s.connect().await;
    let mut idle = s.connect().await;
    idle.write_all(b"GET /alpha/none HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    let mut one = [0; 12];
    idle.read_exact(&mut one).await.unwrap();
    let mut busy = s.connect().await;
    busy.write_all(WAIT).await.unwrap();
    s.kit.strings.entered.recv().await.unwrap();

    let (kit, stopped) = s.stop();
    for stream in [&mut silent, &mut idle] {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
    }
    // The socket was given up before the connections were told.
    assert!(TcpStream::connect(addr).await.is_err());
    kit.strings.release.add_permits(1);
    let mut said = String::new();
    busy.read_to_string(&mut said).await.unwrap();
    assert_eq!(parse(&said), (200, "waited".into()));
    assert!(said.contains("connection: close"), "{said}");
    drop(busy);
    assert_eq!(stopped.await.unwrap(), Stopped { cut: 0 });
}

#[tokio::test]
async fn an_h2_request_in_flight_ends_too() {
    use hyper_util::{client::legacy::Client, rt::TokioExecutor};
    let mut s = Running::start().await;
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http::<http_body_util::Empty<bytes::Bytes>>();
    let asked = tokio::spawn(client.get(format!("http://{}/alpha/wait", s.addr).parse().unwrap()));
    s.kit.strings.entered.recv().await.unwrap();
    let (kit, stopped) = s.stop();
    kit.strings.release.add_permits(1);
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    assert_eq!(stopped.await.unwrap(), Stopped { cut: 0 });
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_and_recorded() {
    let mut s = Running::with(parhelion_http::Limits::default(), Duration::ZERO).await;
    let mut busy = s.connect().await;
    busy.write_all(WAIT).await.unwrap();
    s.kit.strings.entered.recv().await.unwrap();
    let (mut kit, stopped) = s.stop();
    assert_eq!(stopped.await.unwrap(), Stopped { cut: 1 });
    assert_eq!(kit.ended().await.1.status, 499);
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let first = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let refused = Server::bind(first.local_addr()).await.unwrap_err();
    assert!(matches!(refused, BindError::InUse(addr) if addr == first.local_addr()));
    let said = refused.to_string();
    assert!(said.contains(&first.local_addr().to_string()) && said.contains("already in use"), "{said}");
    // 192.0.2.0/24 is nobody's (RFC 5737).
    let refused = Server::bind("192.0.2.1:0".parse().unwrap()).await.unwrap_err().to_string();
    assert!(refused.starts_with("cannot listen on 192.0.2.1:0: "), "{refused}");
}
