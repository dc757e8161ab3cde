//! Bytes to inputs, outputs and errors to bytes: two protocols over one table of operations.
//!
//! [`serve`] tells the whole way. What an operation is and does stands behind [`Dispatch`], so nothing here knows a
//! store. Signatures are parsed, and verified where the server was told to ([`sigv4`]).

mod answer;
pub mod cbor;
pub mod constraints;
mod direct;
mod input;
pub mod json11;
pub mod output;
pub mod paging;
pub mod refusal;
pub mod shape;
pub mod sigv2;
pub mod sigv4;
pub mod table;
pub mod value;

pub(crate) use answer::uuid_of;
pub use input::Input;
pub use refusal::{Fault, Refusal, Unserved};

use crate::domain::place::Place;
use crate::s3;
use http::{Method, header::CONTENT_TYPE, request::Parts};
use parhelion_core::{Call, limits, text::prefix};
use parhelion_http::{Head, Named, Request, Response, read_body};
use refusal::Problem;
use shape::{Operation, Output};
use sigv4::{Claim, verify::Denied};

/// The path of webhook deliveries; the operation behind it is no part of the API and has its own form.
pub const TRIGGER_PATH: &str = "/trigger";
/// Largest body of a webhook delivery, bytes (GitHub sends none that is larger).
pub const TRIGGER_BODY_BYTES: u64 = 25 * 1024 * 1024;

/// The protocol of a call; it decides over the form of the answer, errors too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson1_1: `POST /` with `X-Amz-Target`.
    Json,
    /// smithy's rpc-v2-cbor: `POST …/service/…/operation/{Operation}`.
    Cbor,
}

/// What stands behind the wire: the operations that are built, and a place for what is told of refusals.
pub trait Dispatch: Sync {
    /// Whether an operation of the API model is built here.
    fn knows(&self, operation: &str) -> bool;
    /// Runs it. What comes back are the bytes of its output in the input's protocol (any where it has none).
    /// `call.caller` is the caller's ARN.
    ///
    /// # Errors
    /// The exception that the client gets, or what is wrong with the input.
    fn run(
        &self,
        head: &Head,
        operation: &str,
        place: &Place,
        call: &Call,
        input: Input<'_>,
    ) -> Result<Vec<u8>, Unserved>;
    /// Waits for what [`Dispatch::run`] left to be waited for; its output counts only then.
    ///
    /// # Errors
    /// The exception that the client gets instead.
    fn settled(
        &self,
        head: &Head,
        operation: &str,
        place: &Place,
        call: &Call,
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        let _ = (head, operation, place, call);
        std::future::ready(Ok(()))
    }
    /// Whether signatures are verified ([`Dispatch::admit`]).
    fn is_strict(&self) -> bool {
        false
    }
    /// Lets a request in or not.
    ///
    /// # Errors
    /// Why it is turned away.
    fn admit(&self, _parts: &Parts, _body: &[u8]) -> Result<(), Denied> {
        Ok(())
    }
    /// Told of each request that reached no operation: `operation` is empty when none was named.
    fn refused(&self, head: &Head, operation: &str, place: &Place, call: &Call, refusal: &Refusal);
}

/// Whether a request is for this surface: a target, a path or a signature of CodePipeline, or a webhook's delivery.
pub fn claims(parts: &Parts) -> bool {
    // The emulator's own paths stay its own, whoever signed the request.
    let own = ["/_parhelion", "/moto-api/", "/_localstack/"].iter().any(|p| parts.uri.path().starts_with(p));
    !own && (is_call(parts)
        || is_trigger(parts)
        || matches!(Claim::of(parts).service(), Some("codepipeline" | "iam" | "sts"))
        || s3::claims(parts))
}

/// Whether a request names an operation of CodePipeline, whatever service it is signed for.
pub fn is_call(parts: &Parts) -> bool {
    target(parts).is_some() || rpc_operation(parts.uri.path()).is_some()
}

/// Whether a request is a webhook's delivery (whatever its method).
pub fn is_trigger(parts: &Parts) -> bool {
    parts.uri.path() == TRIGGER_PATH && target(parts).is_none()
}

/// The largest body that is read of a request, bytes.
pub fn body_limit(parts: &Parts) -> u64 {
    if !is_call(parts) && s3::claims(parts) {
        parhelion_artifacts::body_limit(parts)
    } else if is_trigger(parts) {
        TRIGGER_BODY_BYTES
    } else {
        limits::BODY_BYTES
    }
}

/// Answers a call of the API: authenticate → protocol and operation → body → run (input → constraints) → bytes.
pub async fn serve(request: Request, dispatch: &impl Dispatch) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head::of(&parts);
    let place = Claim::of(&parts).place();
    let call = Call { caller: place.caller_arn(), ..head.call() };
    let (protocol, name) = addressed(&parts);

    let served = match operation(&parts, protocol, name, dispatch) {
        // What cannot be a call needs no body to be refused; a signature covers the body.
        Err(refusal) if !dispatch.is_strict() => Err(refusal.into()),
        operation => match read_body(body, limits::BODY_BYTES).await {
            Err(error) => Err(Refusal::from(error).into()),
            Ok(bytes) => {
                let admitted = dispatch.admit(&parts, &bytes).map_err(Refusal::Denied);
                let input = admitted.and_then(|()| input(&parts, protocol, operation?, &bytes));
                match input {
                    Ok(input) => ran(dispatch, head, (&place, &call), input).await,
                    Err(refusal) => Err(refusal.into()),
                }
            }
        },
    };
    let mut response = match served {
        Ok((form, output)) => answer::success(protocol, form, output, &head.request_id),
        Err(Unserved::Failed(fault)) => answer::problem(protocol, fault.into(), &head.request_id),
        Err(Unserved::Refused(refusal)) => {
            dispatch.refused(head, prefix(name, 100), &place, &call, &refusal);
            answer::problem(protocol, Problem::of(&refusal, protocol), &head.request_id)
        }
    };
    let operation = prefix(name, 100).to_owned().into();
    response.extensions_mut().insert(Named { operation, tenant: place.to_string() });
    response
}

/// Runs an operation and waits for what it waits for: its output and the output's form.
async fn ran(
    dispatch: &impl Dispatch,
    head: &Head,
    (place, call): (&Place, &Call),
    input: Input<'_>,
) -> Result<(Output, Vec<u8>), Unserved> {
    let operation = input.operation;
    let output = dispatch.run(head, operation.name, place, call, input)?;
    dispatch.settled(head, operation.name, place, call).await?;
    Ok((operation.output, output))
}

/// The answer to a call whose handling panicked, in the form of its protocol.
pub fn panicked(head: &Head) -> Response {
    let cbor = rpc_operation(head.original_uri.path()).is_some();
    let protocol = if cbor { Protocol::Cbor } else { Protocol::Json };
    answer::problem(protocol, Fault::internal().into(), &head.request_id)
}

/// The value of `X-Amz-Target` when it is one of CodePipeline's: the operation's name.
fn target(parts: &Parts) -> Option<&str> {
    const TARGET: http::HeaderName = http::HeaderName::from_static("x-amz-target");
    let target = parts.headers.get(TARGET)?.to_str().ok()?;
    target.strip_prefix(table::TARGET_PREFIX)?.strip_prefix('.')
}

/// The operation named by the last four segments of a path.
fn rpc_operation(path: &str) -> Option<&str> {
    let mut segments = path.rsplit('/');
    let (operation, word, service) = (segments.next()?, segments.next()?, segments.next()?);
    // The service may carry its namespace.
    let service = service.rsplit('.').next().unwrap_or(service);
    let ours = word == "operation" && service == table::TARGET_PREFIX && segments.next()? == "service";
    (ours && !operation.is_empty() && segments.next().is_some()).then_some(operation)
}

/// The protocol that a request speaks, and the name of the operation it asks for (empty: none).
fn addressed(parts: &Parts) -> (Protocol, &str) {
    match rpc_operation(parts.uri.path()) {
        Some(operation) => (Protocol::Cbor, operation),
        None => (Protocol::Json, target(parts).unwrap_or("")),
    }
}

/// The operation of a call, when the request's head is one of its protocol.
fn operation(
    parts: &Parts,
    protocol: Protocol,
    name: &str,
    dispatch: &impl Dispatch,
) -> Result<&'static Operation, Refusal> {
    if parts.method != Method::POST {
        return Err(Refusal::NotACall("the method is not POST"));
    }
    match protocol {
        Protocol::Json => {
            if name.is_empty() {
                return Err(Refusal::NotACall("no X-Amz-Target names an operation"));
            }
            let types = ["application/x-amz-json-1.1", "application/x-amz-json-1.0", "application/json"];
            if !content_type(parts).is_some_and(|t| types.contains(&t.as_str())) {
                return Err(Refusal::NotACall("the content type is not application/x-amz-json-1.1"));
            }
        }
        Protocol::Cbor => {
            // Docs (smithy): such a request is malformed and must be refused. CHOICE: as what.
            if parts.headers.contains_key("x-amz-target") {
                let text = "X-Amz-Target must not be sent with smithy-protocol rpc-v2-cbor";
                return Err(Refusal::Serialization(text.to_owned()));
            }
            if parts.headers.get(answer::SMITHY_PROTOCOL).is_none_or(|v| v != answer::RPC_V2_CBOR) {
                return Err(Refusal::Serialization(
                    "The header smithy-protocol must be rpc-v2-cbor".to_owned(),
                ));
            }
        }
    }
    // Known is what has a row in the table of operations.
    let known = table::OPERATIONS.iter().find(|o| o.name == name && dispatch.knows(name));
    known.ok_or(Refusal::UnknownOperation)
}

/// What an operation is given, when the body is of the protocol's kind.
fn input<'a>(
    parts: &Parts,
    protocol: Protocol,
    operation: &'static Operation,
    bytes: &'a [u8],
) -> Result<Input<'a>, Refusal> {
    // Without a body there need be no content type.
    let cbor = || content_type(parts).map_or(bytes.is_empty(), |t| t == "application/cbor");
    if protocol == Protocol::Cbor && !cbor() {
        return Err(Refusal::UnsupportedMediaType);
    }
    Ok(Input { protocol, operation, bytes })
}

/// The media type of the body, in lower case and without parameters.
fn content_type(parts: &Parts) -> Option<String> {
    let text = parts.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or(text).trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
