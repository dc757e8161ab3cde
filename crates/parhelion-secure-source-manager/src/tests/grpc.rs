//! gRPC to the byte: what the official clients never send.

use super::harness::{Emulator, PLACE, through};
use crate::proto::{longrunning, rpc, v1};
use bytes::Bytes;
use http_body_util::BodyExt;
use parhelion_http::Body;
use prost::Message;

const SERVICE: &str = "/google.cloud.securesourcemanager.v1.SecureSourceManager/";

/// A frame: whether it is compressed, how long it says it is, and its bytes.
fn frame(compressed: u8, length: u32, message: &[u8]) -> Vec<u8> {
    let mut frame = vec![compressed];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

fn whole(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    frame(0, bytes.len() as u32, &bytes)
}

/// What came of a call: HTTP status, gRPC status, text, details, and the message.
struct Came {
    http: u16,
    code: i32,
    text: String,
    details: rpc::Status,
    message: Bytes,
}

async fn call(emulator: &Emulator, path: &str, body: Vec<u8>) -> Came {
    let request = http::Request::builder().method("POST").uri(path).header("host", "127.0.0.1:4600");
    let request = request.header("content-type", "application/grpc").header("te", "trailers");
    let request = request.body(Body::from(body)).unwrap();
    let response = through(emulator.surface.service.clone(), &emulator.base, request).await;
    let http = response.status().as_u16();
    let mut headers = response.headers().clone();
    let body = response.into_body().collect().await.unwrap();
    headers.extend(body.trailers().cloned().unwrap_or_default());
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let details = tonic::Status::from_header_map(&headers).unwrap();
    let bytes = body.to_bytes();
    Came {
        http,
        code: text("grpc-status").parse().unwrap(),
        text: details.message().to_owned(),
        details: rpc::Status::decode(details.details()).unwrap(),
        message: bytes.slice(5.min(bytes.len())..),
    }
}

#[tokio::test]
async fn a_call_is_answered_and_a_refusal_has_its_details() {
    let emulator = Emulator::new();
    let create = v1::CreateInstanceRequest {
        parent: PLACE.to_owned(),
        instance_id: "one".to_owned(),
        instance: Some(Default::default()),
        ..Default::default()
    };
    let made = call(&emulator, &format!("{SERVICE}CreateInstance"), whole(&create)).await;
    assert_eq!((made.http, made.code), (200, 0));
    assert!(longrunning::Operation::decode(made.message).unwrap().done);
    let again = call(&emulator, &format!("{SERVICE}CreateInstance"), whole(&create)).await;
    assert_eq!((again.http, again.code, again.details.code), (200, 6, 6));
    assert_eq!(again.text, format!("Resource '{PLACE}/instances/one' already exists"));
    assert_eq!(again.details.details[0].type_url, "type.googleapis.com/google.rpc.ResourceInfo");
    // An empty message is a message.
    let empty = call(&emulator, &format!("{SERVICE}GetInstance"), frame(0, 0, b"")).await;
    assert_eq!((empty.code, empty.details.code), (3, 3));
    assert!(empty.text.starts_with("Invalid value for field 'name'"), "{}", empty.text);
}

#[tokio::test]
async fn what_is_no_call_is_refused_and_told() {
    let emulator = Emulator::new();
    let get = format!("{SERVICE}GetInstance");
    for (path, body, expected) in [
        (format!("{SERVICE}GetMoon"), frame(0, 0, b""), 12),
        ("/some.other.Service/Method".to_owned(), frame(0, 0, b""), 12),
        // No frame at all, half a head, less than it says.
        (get.clone(), Vec::new(), 13),
        (get.clone(), vec![0, 0], 13),
        (get.clone(), frame(0, 100, b"ab"), 13),
        // Compressed without saying how; a flag that does not exist; longer than any request.
        (get.clone(), frame(1, 2, b"ab"), 13),
        (get.clone(), frame(7, 2, b"ab"), 13),
        (get.clone(), frame(0, u32::MAX, b"ab"), 11),
        // No message, and one with a text that is no text.
        (get.clone(), frame(0, 2, b"\xff\xff"), 3),
        (get.clone(), frame(0, 3, b"\x0a\x01\xff"), 3),
    ] {
        let came = call(&emulator, &path, body.clone()).await;
        assert_eq!(came.http, 200, "{path} {body:?}");
        assert_eq!(came.code, expected, "{path} {body:?}: {}", came.text);
    }
    let facts = emulator.facts("request.refused");
    assert_eq!(facts.len(), 10, "{facts:?}");
    assert!(facts[0].starts_with("there is no gRPC method google.cloud"), "{facts:?}");
}
