//! What a surface is to the server: a value, not a trait.

use crate::{Body, Head, Request, Response};
use parhelion_core::{OperationInfo, Scripting, limits};
use std::{borrow::Cow, convert::Infallible, future::Future};
use tower::util::BoxCloneSyncService;

/// A surface's (or the control API's) way from request to answer. It cannot fail: whatever happens, it answers
/// in its own dialect.
pub type HttpService = BoxCloneSyncService<Request, Response, Infallible>;

/// One of the emulated services, as the server sees it.
#[derive(Clone)]
pub struct Surface {
    /// `codepipeline`, `azure-devops`, `kudu`, `secure-source-manager`, `control`.
    pub name: &'static str,
    /// "Is this yours?": pure, without body or state. At most one surface says yes to any request
    /// (`tests/golden/classify.tsv`). The URI is without the world's prefix; [`Head`] is in the extensions.
    pub claims: fn(&http::request::Parts) -> bool,
    /// The largest body of a request in bytes; beyond it reading the body fails with
    /// [`crate::BodyError::TooLarge`].
    pub body_limit: fn(&http::request::Parts) -> u64,
    /// Whether a request may bring the world that it names into being; mostly [`changes_or_reads`].
    pub opens_world: fn(&http::request::Parts) -> bool,
    /// The table of operations.
    pub operations: &'static [OperationInfo],
    /// What it understands of behaviours and pace.
    pub scripting: Scripting,
    /// Answers what it claims.
    pub service: HttpService,
    /// Its own calls below `/_parhelion/surfaces/{name}/`; it sees the path from there on (`/clients`).
    pub control: Option<HttpService>,
    /// The answer to a request whose handling panicked, in the surface's own error form.
    pub panicked: fn(&Head) -> Response,
    /// Where it answers, in one line and without its name, given the base URL: for the start-up banner and for the 404
    /// of requests that nobody claims.
    pub banner: fn(&str) -> String,
}

/// What a surface recognised in a request; put into the *answer's* extensions, for the log and
/// `/_parhelion/requests`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The operation's API name; empty when none was recognised.
    pub operation: Cow<'static, str>,
    /// The tenant as text; empty when none was named.
    pub tenant: String,
}

/// Put into an *answer's* extensions: the connection is dropped without a byte of it. For receivers that play a
/// broken one.
#[derive(Clone, Copy, Debug)]
pub struct DropConnection;

/// A service from an async function.
pub fn service<F, Fut>(f: F) -> HttpService
where
    F: Fn(Request) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
        // Boxed where it is made: the layers around it would copy its kilobytes from one to the next.
        let answer = Box::pin(f(request));
        async move { Ok::<_, Infallible>(answer.await) }
    }))
}

/// [`Surface::opens_world`] of a surface without exceptions.
// CHOICE: every claimed request makes its world but OPTIONS and HEAD, which only ask what there is.
pub fn changes_or_reads(parts: &http::request::Parts) -> bool {
    !matches!(parts.method, http::Method::OPTIONS | http::Method::HEAD)
}

/// [`Surface::body_limit`] of a surface without exceptions.
pub fn general_body_limit(_: &http::request::Parts) -> u64 {
    limits::BODY_BYTES
}

/// An answer of a status, a content type and bytes.
pub fn answer(status: u16, content_type: &str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = http::HeaderValue::from_str(content_type) {
        response.headers_mut().insert(http::header::CONTENT_TYPE, value);
    }
    response
}
