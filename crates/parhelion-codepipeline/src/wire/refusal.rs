//! Why there is no output: a [`Refusal`] before the operation, a [`Fault`] by it. Both become a [`Problem`], the
//! only thing that [`super::answer`] makes error bytes of.

use super::{Protocol, constraints, sigv4::verify::Denied};
use parhelion_http::BodyError;
use std::borrow::Cow;

/// Why a request never reached an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a call in the form of any protocol: the wrong method or content type, no target.
    NotACall(&'static str),
    /// No operation of that name is built here.
    UnknownOperation,
    /// rpc-v2-cbor with a body of another kind.
    UnsupportedMediaType,
    /// The signature is missing or wrong.
    Denied(Denied),
    /// Bytes that cannot be read, or a value of the wrong type; the text says what.
    Serialization(String),
    /// Constraints of the model are broken: the parts of the message.
    Constraints(Vec<String>),
    /// The body is larger than this many bytes.
    TooLarge(u64),
    /// The body stopped coming.
    Stalled,
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Refusal::TooLarge(limit),
            BodyError::Stalled => Refusal::Stalled,
            // Nobody will read the answer; it is for the record.
            broken @ BodyError::Broken(_) => Refusal::Serialization(broken.to_string()),
        }
    }
}

impl std::fmt::Display for Refusal {
    /// One sentence for the journal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::NotACall(why) => write!(f, "no call of this API: {why}"),
            Refusal::UnknownOperation => f.write_str("no operation of that name"),
            Refusal::UnsupportedMediaType => f.write_str("the body is not application/cbor"),
            Refusal::Denied(denied) => denied.fmt(f),
            Refusal::Serialization(why) => write!(f, "the input cannot be read: {why}"),
            Refusal::Constraints(violations) => f.write_str(&constraints::message(violations)),
            Refusal::TooLarge(limit) => write!(f, "the body is larger than {limit} bytes"),
            Refusal::Stalled => f.write_str("the body stopped coming"),
        }
    }
}

/// Why an operation gave no output: an exception of the API, or a failure of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The bare shape name.
    pub code: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What the client reads.
    pub message: String,
}

impl Fault {
    /// An exception of the API.
    pub fn new(code: impl Into<Cow<'static, str>>, status: u16, message: impl Into<String>) -> Self {
        Fault { code: code.into(), status, message: message.into() }
    }
    /// A failure of ours: the client sees AWS's general text, the log the reason.
    pub fn internal() -> Self {
        // Docs: CommonErrors, InternalFailure.
        let text = "The request processing has failed because of an unknown error, exception or failure.";
        Fault::new("InternalFailure", 500, text)
    }
}

/// Why a call has no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unserved {
    /// It reached no operation.
    Refused(Refusal),
    /// The operation gave none.
    Failed(Fault),
}

impl From<Refusal> for Unserved {
    fn from(refusal: Refusal) -> Self {
        Unserved::Refused(refusal)
    }
}
impl From<Fault> for Unserved {
    fn from(fault: Fault) -> Self {
        Unserved::Failed(fault)
    }
}

/// An error as it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// `__type` and perhaps a message, in the protocol's bytes.
    Typed { code: Cow<'static, str>, status: u16, message: Option<String> },
    /// A request that is no call at all: 404 and one XML element.
    Untyped,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Problem::Typed { code: fault.code, status: fault.status, message: Some(fault.message) }
    }
}

impl Problem {
    /// A refusal as each protocol answers it.
    // CHOICE: all statuses and texts here but SerializationException's and ValidationException's 400 and the bare
    // UnknownOperationException of JSON.
    pub(super) fn of(refusal: &Refusal, protocol: Protocol) -> Problem {
        let typed = |code: &'static str, status, message: &dyn std::fmt::Display| Problem::Typed {
            code: code.into(),
            status,
            message: Some(message.to_string()),
        };
        match (refusal, protocol) {
            (Refusal::NotACall(_), Protocol::Json) => Problem::Untyped,
            (Refusal::NotACall(_), Protocol::Cbor) => {
                Problem::Typed { code: "UnknownOperationException".into(), status: 404, message: None }
            }
            (Refusal::UnknownOperation, protocol) => {
                let status = if protocol == Protocol::Json { 400 } else { 404 };
                Problem::Typed { code: "UnknownOperationException".into(), status, message: None }
            }
            (Refusal::UnsupportedMediaType, _) => {
                typed("UnsupportedMediaTypeException", 415, &"The content type must be application/cbor")
            }
            (Refusal::Denied(denied), _) => {
                let (code, message) = denied.exception();
                typed(code, 400, &message)
            }
            (Refusal::Serialization(why), _) => typed("SerializationException", 400, why),
            (Refusal::Constraints(violations), _) => {
                typed("ValidationException", 400, &constraints::message(violations))
            }
            (Refusal::TooLarge(limit), _) => {
                typed("RequestEntityTooLargeException", 413, &format!("Request body exceeds {limit} bytes"))
            }
            (Refusal::Stalled, _) => {
                typed("RequestTimeoutException", 408, &"The request body was not received in time")
            }
        }
    }
}
