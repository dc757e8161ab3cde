//! The way of a request: address → operation → body → run → bytes.
//!
//! [`serve`] tells it. Who asks, and where the value is kept, the surface says that mounts this ([`Caller`], [`Mount`]).

pub mod address;
pub mod answer;
pub mod checksum;
pub mod chunked;
pub mod conditions;
pub mod meta;
pub mod range;
pub mod receive;
pub mod time;
pub mod xml;

use crate::buckets::Buckets;
use crate::budget::Budget;
use crate::error::{Error, Result};
use crate::limits;
use crate::operations::{self, Takes};
use address::Address;
use http::{header::HOST, request::Parts};
use parhelion_core::Call;
use parhelion_http::{Head, Named, Request, Response};
use parhelion_state::Tx;
use receive::Received;
use std::sync::Arc;
use xml::Element;

/// Who asks, as the signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// The region signed for.
    pub region: String,
}

/// A turn that reads.
pub type Look<'a> = &'a mut dyn FnMut(&Buckets);
/// A turn that changes.
pub type Change<'a> = &'a mut dyn FnMut(&mut Buckets, &mut Tx<'_>) -> Result<()>;

/// Where the value is kept: what the surface brings that mounts this.
pub trait Mount: Send + Sync {
    /// Reads one consistent instant.
    fn look(&self, call: &Call, turn: Look<'_>);
    /// Runs a turn on a copy and publishes it, or leaves all as it was.
    ///
    /// # Errors
    /// The turn's own.
    fn change(&self, call: &Call, turn: Change<'_>) -> Result<()>;
    /// Lets a request in or not, before anything is read of it.
    ///
    /// # Errors
    /// [`Error::Denied`].
    fn admit(&self, _parts: &Parts) -> Result<()> {
        Ok(())
    }
    /// Where contents are counted.
    fn budget(&self) -> Arc<Budget>;
    /// Told of each refusal: `operation` is empty when none was recognised.
    fn refused(&self, operation: &'static str, call: &Call, error: &Error);
    /// The tenant's name, for logs and records.
    fn tenant(&self) -> String;
}

/// A request, read as far as its head goes.
pub struct Ask<'a> {
    /// The head.
    pub parts: &'a Parts,
    /// The server's URL as the client wrote it, with the world's prefix.
    pub base: &'a str,
    /// What operations know of the call.
    pub call: &'a Call,
    /// Who asks.
    pub caller: &'a Caller,
    /// What it is about.
    pub address: &'a Address,
    /// The members of the query.
    pub query: Vec<(String, String)>,
    /// Where the value is.
    pub mount: &'a dyn Mount,
}

/// What came behind the head.
pub enum Given {
    /// Nothing that matters.
    Nothing,
    /// A document; `None`: no body.
    Xml(Option<Element>),
    /// Bytes to be kept.
    Upload(Received),
}

impl Ask<'_> {
    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.address.bucket
    }
    /// The object's key.
    pub fn key(&self) -> &str {
        &self.address.key
    }
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }
    /// A member of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
    /// A member of the query that says something.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.query(name).filter(|value| !value.is_empty())
    }
    /// A member of the query that is a number.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub fn number(&self, name: &'static str) -> Result<Option<u64>> {
        let Some(text) = self.given(name) else { return Ok(None) };
        let number =
            Some(text).filter(|t| t.bytes().all(|b| b.is_ascii_digit())).and_then(|t| t.parse().ok());
        let why = format!("Argument {name} must be an integer between 0 and 2147483647");
        let number = number.filter(|n| *n <= i32::MAX as u64);
        number.map(Some).ok_or_else(|| Error::InvalidArgument { name, value: text.to_owned(), why })
    }
    /// Reads one consistent instant.
    ///
    /// # Errors
    /// The turn's own, and that another account owns the bucket than expected.
    pub fn look<T>(&self, turn: impl FnOnce(&Buckets) -> Result<T>) -> Result<T> {
        let mut turn = Some(turn);
        let mut done = Err(Error::Internal);
        self.mount.look(self.call, &mut |buckets| {
            if let Some(turn) = turn.take() {
                done = self.expected_owner(buckets).and_then(|()| turn(buckets));
            }
        });
        done
    }
    /// Changes the value, or leaves all as it was.
    ///
    /// # Errors
    /// The turn's own, and that another account owns the bucket than expected.
    pub fn change<T>(&self, turn: impl FnOnce(&mut Buckets, &mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut turn = Some(turn);
        let mut done = Err(Error::Internal);
        self.mount.change(self.call, &mut |buckets, tx| {
            self.expected_owner(buckets)?;
            let turn = turn.take().ok_or(Error::Internal)?;
            done = Ok(turn(buckets, tx)?);
            Ok(())
        })?;
        done
    }
    /// Docs: "Verifying bucket ownership with bucket owner condition".
    fn expected_owner(&self, buckets: &Buckets) -> Result<()> {
        let expected = self.header("x-amz-expected-bucket-owner");
        let owner = buckets.bucket(self.bucket()).map(|bucket| bucket.owner.as_str());
        match (expected, owner) {
            (Some(expected), Ok(owner)) if expected != owner => Err(Error::NotTheExpectedOwner),
            _ => Ok(()),
        }
    }
    /// The address of the object asked for, for answers.
    pub fn location(&self) -> String {
        format!("{}/{}/{}", self.base, self.bucket(), address::encoded(self.key()))
    }
}

/// The largest body that is read of a request, bytes.
pub fn body_limit(parts: &Parts) -> u64 {
    // Only objects and parts are large, and both are put.
    if parts.method == http::Method::PUT {
        limits::OBJECT_BYTES + limits::FRAMING_BYTES
    } else {
        limits::XML_BYTES
    }
}

/// Answers a request.
pub async fn serve(request: Request, caller: &Caller, call: &Call, mount: &dyn Mount) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head::of(&parts);
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let query = address::query(parts.uri.query().unwrap_or(""));
    let (name, done) = match Address::of(host, parts.uri.path()) {
        None => {
            let value = parts.uri.path().to_owned();
            let why = "Couldn't parse the specified URI.".to_owned();
            ("", Err(Error::InvalidArgument { name: "uri", value, why }))
        }
        Some(address) => match operations::route(&parts, &address, &query) {
            Err(error) => ("", mount.admit(&parts).and(Err(error))),
            Ok(row) => {
                let given = match row.takes {
                    _ if let Err(denied) = mount.admit(&parts) => Err(denied),
                    Takes::Nothing => Ok(Given::Nothing),
                    Takes::Bytes => {
                        receive::receive(&parts.headers, body, &mount.budget()).await.map(Given::Upload)
                    }
                    Takes::Xml => match receive::receive(&parts.headers, body, &mount.budget()).await {
                        Ok(received) => document(&received).map(Given::Xml),
                        Err(error) => Err(error),
                    },
                };
                let (base, address) = (head.base.as_str(), &address);
                let ask = Ask { parts: &parts, base, call, caller, address, query, mount };
                (row.info.name, given.and_then(|given| (row.run)(&ask, given)))
            }
        },
    };
    let mut response = match done {
        Ok(response) => response,
        Err(error) => {
            mount.refused(name, call, &error);
            answer::refusal(&error, parts.uri.path(), &head.request_id)
        }
    };
    answer::finish(&mut response, &head.request_id);
    response.extensions_mut().insert(Named { operation: name.into(), tenant: mount.tenant() });
    response
}

fn document(received: &Received) -> Result<Option<Element>> {
    let bytes = received.content.whole();
    if bytes.len() as u64 > limits::XML_BYTES {
        return Err(Error::MalformedXml);
    }
    if bytes.is_empty() { Ok(None) } else { xml::read(&bytes).map(Some) }
}

/// The answer to a request whose handling panicked.
pub fn panicked(head: &Head) -> Response {
    let mut response = answer::refusal(&Error::Internal, head.original_uri.path(), &head.request_id);
    answer::finish(&mut response, &head.request_id);
    response
}
