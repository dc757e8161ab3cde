//! Requests in either protocol.

use super::Protocol;
use crate::{Answer, Api};
use serde_json::Value;

/// A request for an operation, as a client sends it.
pub fn request(api: &Api, operation: &str, protocol: Protocol, body: Vec<u8>) -> crate::Call {
    match protocol {
        Protocol::Json => api
            .call("POST", "/")
            .header("x-amz-target", &format!("CodePipeline_20150709.{operation}"))
            .body("application/x-amz-json-1.1", body),
        Protocol::Cbor => api
            .call("POST", &format!("/service/CodePipeline_20150709/operation/{operation}"))
            .header("smithy-protocol", "rpc-v2-cbor")
            .header("accept", "application/cbor")
            .body("application/cbor", body),
    }
}

/// Sends it. Fails the run when no answer comes.
pub async fn send(api: &Api, operation: &str, protocol: Protocol, body: Vec<u8>) -> Answer {
    request(api, operation, protocol, body).await
}

/// A call that must work: its output; nothing for an operation without one.
///
/// # Errors
/// What was answered instead.
pub async fn call(api: &Api, operation: &str, input: &Value) -> Result<Value, String> {
    let answer = send(api, operation, Protocol::Json, input.to_string().into_bytes()).await;
    if answer.status != 200 {
        return Err(format!("{operation}: {} {}", answer.status, answer.text()));
    }
    if answer.body.is_empty() { Ok(Value::Null) } else { Ok(answer.json()) }
}
