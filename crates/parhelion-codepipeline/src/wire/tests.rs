//! Whole exchanges in both protocols, from head and bytes to head and bytes.

use super::*;
use crate::shapes::{
    DeletePipelineInput, DeleteWebhookInput, GetPipelineInput, GetPipelineOutput, PipelineMetadata,
};
use expect_test::{Expect, expect};
use parhelion_core::WorldName;
use parhelion_core::text::{hex, unhex};
use parhelion_http::Body;
use std::sync::Mutex;

const REQUEST_ID: &str = "5f0c8a3e-0000-4000-8000-000000000001";

/// Three operations, one for each form of output; it keeps what it was told.
#[derive(Default)]
struct Fake {
    seen: Mutex<Vec<String>>,
}

impl Dispatch for Fake {
    fn knows(&self, operation: &str) -> bool {
        ["GetPipeline", "DeletePipeline", "DeleteWebhook"].contains(&operation)
    }
    fn run(
        &self,
        _: &Head,
        operation: &str,
        place: &Place,
        call: &Call,
        input: Input<'_>,
    ) -> Result<Vec<u8>, Unserved> {
        let named = match operation {
            "GetPipeline" => input.read::<GetPipelineInput>()?.unwrap().name,
            "DeletePipeline" => input.read::<DeletePipelineInput>()?.unwrap().name,
            _ => input.read::<DeleteWebhookInput>()?.unwrap().name,
        };
        self.seen.lock().unwrap().push(format!("{operation} at {place} by {}", call.caller));
        if operation != "GetPipeline" {
            return Ok(Vec::new());
        }
        match named.as_str() {
            "panics" => Err(Fault::internal().into()),
            "busy" => Err(Fault::new("ConflictException", 409, "Busy.").into()),
            "known" => {
                let created = chrono::DateTime::from_timestamp_millis(1_598_902_400_123).unwrap();
                Ok(output::write(
                    input.protocol,
                    &GetPipelineOutput {
                        pipeline: None,
                        metadata: Some(PipelineMetadata {
                            created: Some(created.into()),
                            ..Default::default()
                        }),
                    },
                )
                .unwrap())
            }
            name => Err(Fault::new("PipelineNotFoundException", 400, format!("No '{name}'.")).into()),
        }
    }
    fn refused(&self, _: &Head, operation: &str, place: &Place, _: &Call, refusal: &Refusal) {
        self.seen.lock().unwrap().push(format!("refused {operation:?} at {place}: {refusal}"));
    }
}

fn head(uri: &str) -> Head {
    Head {
        world: WorldName::main(),
        base: "http://localhost:4600".into(),
        original_uri: uri.parse().unwrap(),
        peer: "127.0.0.1".parse().unwrap(),
        request_id: REQUEST_ID.into(),
        cause: 7,
    }
}

/// Runs one exchange. `headers`: `name: value` lines. The body of a CBOR exchange is written in hexadecimal.
fn exchange(method: &str, path: &str, headers: &str, body: impl Into<Vec<u8>>) -> (String, Vec<String>) {
    let mut request = http::Request::builder().method(method).uri(path);
    for line in headers.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let request = request.extension(head(path)).body(Body::from(body.into())).unwrap();
    let fake = Fake::default();
    let (parts, body) = run(async {
        let (parts, body) = serve(request, &fake).await.into_parts();
        (parts, read_body(body, limits::BODY_BYTES).await.unwrap())
    });
    let mut out = format!("{}\n", parts.status.as_u16());
    for (name, value) in &parts.headers {
        out += &format!("{name}: {}\n", value.to_str().unwrap());
    }
    let cbor = parts.headers.get("content-type").is_some_and(|v| v == "application/cbor");
    out += &if cbor { hex(&body) } else { String::from_utf8(body.to_vec()).unwrap() };
    (out, fake.seen.into_inner().unwrap())
}

/// A body in memory is never waited for: one poll is enough, without a runtime.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(out) => out,
        std::task::Poll::Pending => panic!("a body in memory was waited for"),
    }
}

fn json(operation: &str, body: &str, expected: Expect) {
    let headers =
        format!("x-amz-target: CodePipeline_20150709.{operation}\ncontent-type: application/x-amz-json-1.1");
    expected.assert_eq(&exchange("POST", "/", &headers, body).0);
}

fn cbor(operation: &str, body: &str, expected: Expect) {
    let path = format!("/service/CodePipeline_20150709/operation/{operation}");
    let headers = "smithy-protocol: rpc-v2-cbor\ncontent-type: application/cbor\naccept: application/cbor";
    expected.assert_eq(&exchange("POST", &path, headers, unhex(&body.replace(' ', "")).unwrap()).0);
}

#[test]
fn json_exchanges() {
    json(
        "GetPipeline",
        r#"{"name":"known"}"#,
        expect![[r#"
        200
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/x-amz-json-1.1
        {"metadata":{"created":1598902400.123}}"#]],
    );
    json(
        "GetPipeline",
        r#"{"name":"gone"}"#,
        expect![[r#"
        400
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/x-amz-json-1.1
        {"__type":"PipelineNotFoundException","message":"No 'gone'."}"#]],
    );
    json(
        "GetPipeline",
        r#"{"name":"busy"}"#,
        expect![[r#"
        409
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/x-amz-json-1.1
        {"__type":"ConflictException","message":"Busy."}"#]],
    );
    json(
        "DeletePipeline",
        r#"{"name":"x"}"#,
        expect![[r#"
        200
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/x-amz-json-1.1
    "#]],
    );
    json(
        "DeleteWebhook",
        r#"{"name":"x"}"#,
        expect![[r#"
        200
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/x-amz-json-1.1
        {}"#]],
    );
    json(
        "GetPipeline",
        "",
        expect![[r#"
        400
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/x-amz-json-1.1
        {"__type":"ValidationException","message":"1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null"}"#]],
    );
    json(
        "GetPipeline",
        r#"{"name":"#,
        expect![[r#"
        400
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/x-amz-json-1.1
        {"__type":"SerializationException","message":"EOF while parsing a value at line 1 column 8"}"#]],
    );
    json(
        "GetPipelines",
        "{}",
        expect![[r#"
        400
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/x-amz-json-1.1
        {"__type":"UnknownOperationException"}"#]],
    );
}

#[test]
fn cbor_exchanges() {
    // {"name": "known"} → {"metadata": {"created": 1(1598902400.123)}}
    cbor(
        "GetPipeline",
        "a1 646e616d65 656b6e6f776e",
        expect![[r#"
        200
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/cbor
        smithy-protocol: rpc-v2-cbor
        a1686d65746164617461a16763726561746564c1fb41d7d3542007df3b"#]],
    );
    // {_ "name": "gone"} → PipelineNotFoundException
    cbor(
        "GetPipeline",
        "bf 646e616d65 64676f6e65 ff",
        expect![[r#"
        400
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/cbor
        smithy-protocol: rpc-v2-cbor
        a2665f5f747970657834636f6d2e616d617a6f6e6177732e636f6465706970656c696e6523506970656c696e654e6f74466f756e64457863657074696f6e676d6573736167656a4e6f2027676f6e65272e"#]],
    );
    cbor(
        "DeletePipeline",
        "a1 646e616d65 6178",
        expect![[r#"
        200
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        smithy-protocol: rpc-v2-cbor
    "#]],
    );
    cbor(
        "DeleteWebhook",
        "a1 646e616d65 6178",
        expect![[r#"
        200
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/cbor
        smithy-protocol: rpc-v2-cbor
        a0"#]],
    );
    cbor(
        "GetPipeline",
        "a1 646e616d65",
        expect![[r#"
        400
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/cbor
        smithy-protocol: rpc-v2-cbor
        a2665f5f747970657831636f6d2e616d617a6f6e6177732e636f6465706970656c696e652353657269616c697a6174696f6e457863657074696f6e676d6573736167657820696e76616c69642043424f523a20656e64206f6620696e707574206279746573"#]],
    );
    cbor(
        "GetPipeline",
        "80",
        expect![[r#"
        400
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/cbor
        smithy-protocol: rpc-v2-cbor
        a2665f5f747970657831636f6d2e616d617a6f6e6177732e636f6465706970656c696e652353657269616c697a6174696f6e457863657074696f6e676d6573736167657824546865207265717565737420626f6479206d757374206265206120737472756374757265"#]],
    );
    cbor(
        "GetPipelines",
        "a0",
        expect![[r#"
        404
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/cbor
        smithy-protocol: rpc-v2-cbor
        a1665f5f747970657834636f6d2e616d617a6f6e6177732e636f6465706970656c696e6523556e6b6e6f776e4f7065726174696f6e457863657074696f6e"#]],
    );
}

#[test]
fn what_is_no_call_is_refused_in_the_form_of_its_protocol() {
    let line = |(text, seen): (String, Vec<String>)| {
        let lines: Vec<&str> = text.lines().collect();
        format!("{} {}\n  {}\n", lines[0], lines.last().unwrap(), seen.join(" | "))
    };
    let target = "x-amz-target: CodePipeline_20150709.GetPipeline\n";
    let path = "/service/CodePipeline_20150709/operation/GetPipeline";
    let mut all = String::new();
    for (method, path, headers) in [
        ("GET", "/", format!("{target}content-type: application/x-amz-json-1.1")),
        ("POST", "/", target.to_owned()),
        ("POST", "/", format!("{target}content-type: text/plain")),
        ("POST", "/", format!("{target}content-type: Application/JSON; charset=utf-8")),
        ("POST", "/", "content-type: application/x-amz-json-1.1".to_owned()),
        ("POST", path, "content-type: application/cbor".to_owned()),
        ("POST", path, "smithy-protocol: rpc-v2-json\ncontent-type: application/cbor".to_owned()),
        ("POST", path, format!("{target}smithy-protocol: rpc-v2-cbor\ncontent-type: application/cbor")),
        ("POST", path, "smithy-protocol: rpc-v2-cbor\ncontent-type: application/json".to_owned()),
        ("GET", path, "smithy-protocol: rpc-v2-cbor".to_owned()),
    ] {
        all += &line(exchange(method, path, &headers, "{}"));
    }
    expect![[r#"
        404 <UnknownOperationException/>
          refused "GetPipeline" at 000000000000/us-east-1: no call of this API: the method is not POST
        404 <UnknownOperationException/>
          refused "GetPipeline" at 000000000000/us-east-1: no call of this API: the content type is not application/x-amz-json-1.1
        404 <UnknownOperationException/>
          refused "GetPipeline" at 000000000000/us-east-1: no call of this API: the content type is not application/x-amz-json-1.1
        400 {"__type":"ValidationException","message":"1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null"}
          refused "GetPipeline" at 000000000000/us-east-1: 1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null
        404 <UnknownOperationException/>
          refused "" at 000000000000/us-east-1: no call of this API: no X-Amz-Target names an operation
        400 a2665f5f747970657831636f6d2e616d617a6f6e6177732e636f6465706970656c696e652353657269616c697a6174696f6e457863657074696f6e676d657373616765782e5468652068656164657220736d697468792d70726f746f636f6c206d757374206265207270632d76322d63626f72
          refused "GetPipeline" at 000000000000/us-east-1: the input cannot be read: The header smithy-protocol must be rpc-v2-cbor
        400 a2665f5f747970657831636f6d2e616d617a6f6e6177732e636f6465706970656c696e652353657269616c697a6174696f6e457863657074696f6e676d657373616765782e5468652068656164657220736d697468792d70726f746f636f6c206d757374206265207270632d76322d63626f72
          refused "GetPipeline" at 000000000000/us-east-1: the input cannot be read: The header smithy-protocol must be rpc-v2-cbor
        400 a2665f5f747970657831636f6d2e616d617a6f6e6177732e636f6465706970656c696e652353657269616c697a6174696f6e457863657074696f6e676d657373616765783e582d416d7a2d546172676574206d757374206e6f742062652073656e74207769746820736d697468792d70726f746f636f6c207270632d76322d63626f72
          refused "GetPipeline" at 000000000000/us-east-1: the input cannot be read: X-Amz-Target must not be sent with smithy-protocol rpc-v2-cbor
        415 a2665f5f747970657838636f6d2e616d617a6f6e6177732e636f6465706970656c696e6523556e737570706f727465644d6564696154797065457863657074696f6e676d657373616765782954686520636f6e74656e742074797065206d757374206265206170706c69636174696f6e2f63626f72
          refused "GetPipeline" at 000000000000/us-east-1: the body is not application/cbor
        404 a1665f5f747970657834636f6d2e616d617a6f6e6177732e636f6465706970656c696e6523556e6b6e6f776e4f7065726174696f6e457863657074696f6e
          refused "GetPipeline" at 000000000000/us-east-1: no call of this API: the method is not POST
    "#]].assert_eq(&all);
}

#[test]
fn a_body_over_the_limit_is_refused_and_one_below_is_judged() {
    let headers = "x-amz-target: CodePipeline_20150709.GetPipeline\ncontent-type: application/x-amz-json-1.1";
    let body = |n: usize| format!(r#"{{"name":"{}"}}"#, "x".repeat(n));
    let (text, _) = exchange("POST", "/", headers, body(30_000_000));
    assert!(
        text.starts_with("400") && text.contains("Member must have length less than or equal to 100"),
        "{text}"
    );
    let (text, seen) = exchange("POST", "/", headers, body(40_000_000));
    expect![[r#"
        413
        x-amzn-requestid: 5f0c8a3e-0000-4000-8000-000000000001
        content-type: application/x-amz-json-1.1
        {"__type":"RequestEntityTooLargeException","message":"Request body exceeds 33554432 bytes"}"#]]
    .assert_eq(&text);
    assert_eq!(
        seen,
        ["refused \"GetPipeline\" at 000000000000/us-east-1: the body is larger than 33554432 bytes"]
    );
}

#[test]
fn invalid_utf8_deep_nesting_and_wrong_types_are_serialization_errors() {
    let headers = "x-amz-target: CodePipeline_20150709.GetPipeline\ncontent-type: application/x-amz-json-1.1";
    let deep = format!(r#"{{"name":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
    for body in [b"{\"name\":\"\xff\"}".to_vec(), deep.into_bytes(), b"[]".to_vec(), b"{\"name\":1}".to_vec()]
    {
        let (text, _) = exchange("POST", "/", headers, body);
        assert!(text.starts_with("400") && text.contains("\"SerializationException\""), "{text}");
    }
}

#[test]
fn the_caller_is_the_account_of_the_signature() {
    let headers = "x-amz-target: CodePipeline_20150709.DeletePipeline\ncontent-type: application/x-amz-json-1.1
        authorization: AWS4-HMAC-SHA256 Credential=123456789012/20261101/eu-west-1/codepipeline/aws4_request, SignedHeaders=host, Signature=00";
    let (_, seen) = exchange("POST", "/", headers, r#"{"name":"x"}"#);
    assert_eq!(seen, ["DeletePipeline at 123456789012/eu-west-1 by arn:aws:iam::123456789012:root"]);
}

#[test]
fn claims_are_targets_paths_triggers_and_signatures() {
    let claimed = |uri: &str, header: Option<(&str, &str)>| {
        let mut request = http::Request::builder().uri(uri);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        claims(&request.body(()).unwrap().into_parts().0)
    };
    let auth = |service: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=a/d/us-east-1/{service}/aws4_request, SignedHeaders=h, Signature=s"
        )
    };
    assert!(claimed("/", Some(("X-Amz-Target", "CodePipeline_20150709.Nope"))));
    assert!(claimed("/service/CodePipeline_20150709/operation/GetPipeline", None));
    assert!(claimed(
        "/a/b/service/com.amazonaws.codepipeline.CodePipeline_20150709/operation/GetPipeline",
        None
    ));
    assert!(claimed("/trigger?t=x&v=1", None));
    assert!(claimed("/", Some(("authorization", &auth("codepipeline")))));
    assert!(!claimed("/", None));
    assert!(!claimed("/", Some(("X-Amz-Target", "CodePipeline_20150709Nope"))));
    assert!(!claimed("/", Some(("X-Amz-Target", "CodeBuild_20161006.ListBuilds"))));
    assert!(claimed("/", Some(("authorization", &auth("s3")))));
    for path in [
        "/service/CodePipeline_20150709/operation/",
        "/service/CodePipeline_20150709/operation/GetPipeline/",
        "service/CodePipeline_20150709/operation/GetPipeline",
        "/service/Other/operation/GetPipeline",
        "/services/CodePipeline_20150709/operation/GetPipeline",
        "/triggers",
        "/org/trigger",
    ] {
        assert!(!path.starts_with('/') || !claimed(path, None), "{path}");
    }
}

#[test]
fn limits_are_those_of_the_path() {
    let limit = |uri: &str| body_limit(&http::Request::builder().uri(uri).body(()).unwrap().into_parts().0);
    assert_eq!(limit("/trigger?t=x"), 25 * 1024 * 1024);
    assert_eq!(limit("/"), 32 * 1024 * 1024);
}

#[test]
fn a_panic_is_answered_in_the_form_of_the_path() {
    let response = panicked(&head("/_w/w1/service/CodePipeline_20150709/operation/GetPipeline"));
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (500, &"application/cbor".parse().unwrap())
    );
    let response = panicked(&Head { request_id: "r7".into(), ..head("/") });
    assert_eq!(&response.headers()["content-type"], "application/x-amz-json-1.1");
    let id = response.headers()["x-amzn-requestid"].to_str().unwrap();
    assert_eq!(uuid::Uuid::try_parse(id).unwrap().get_version_num(), 4);
}
