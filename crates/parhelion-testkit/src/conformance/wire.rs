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

/// Sends what is made, a second time where the first met a connection that the server had just let go as idle.
///
/// # Errors
/// A sentence, when no answer comes.
pub async fn exchange(made: impl Fn() -> crate::Call) -> Result<Answer, String> {
    match made().attempt().await {
        Ok(answer) => Ok(answer),
        Err(_) => made().attempt().await,
    }
}

/// Sends a request as a client does. Fails the run when no answer comes.
pub async fn send(api: &Api, operation: &str, protocol: Protocol, body: Vec<u8>) -> Answer {
    let answer = exchange(|| request(api, operation, protocol, body.clone())).await;
    answer.unwrap_or_else(|why| panic!("{why}"))
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
