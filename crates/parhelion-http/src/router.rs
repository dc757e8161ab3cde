//! The way of a request from its head to a surface, and of the answer back.

use crate::{
    Arrival, Begun, Body, Head, HttpService, Named, REQUEST_ID, Recorder, Request, Response, Settings,
    Surface,
    base::{base, is_plain_host},
    capture::{self, OpenRecord},
    changes_or_reads,
    intake::Intake,
    problem,
    unclaimed::unclaimed,
    world_prefix::{addressed, cut},
};
use futures_util::FutureExt;
use http::{HeaderValue, Method, header, request::Parts, uri::PathAndQuery};
use http_body::Body as _;
use parhelion_core::{HeaderLines, RequestRecord, Seq, limits};
use std::{any::Any, net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Instant};
use tower::ServiceExt;

/// Below it, by name, stand the surfaces' own control calls.
const SURFACE_CALLS: &str = "/_parhelion/surfaces";
/// The surface's name that those calls are recorded under.
const CONTROL: &str = "control";

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The connection's other end.
    pub peer: IpAddr,
    /// The journal entry that led here: the attempt, when this is our own delivery to ourselves.
    pub cause: Option<Seq>,
    /// Whether the client speaks TLS.
    pub secure: bool,
}

impl Origin {
    /// A plain connection from outside.
    pub fn plain(peer: IpAddr) -> Self {
        Origin { peer, cause: None, secure: false }
    }
}

/// Finds the surface that a request is for and has it answer. Clones share everything.
#[derive(Clone)]
pub struct Router(Arc<Inner>);

struct Inner {
    surfaces: Vec<Surface>,
    settings: Settings,
    recorder: Arc<dyn Recorder>,
}

/// Who answers a request.
struct Taker {
    surface: &'static str,
    service: HttpService,
    body_limit: u64,
    opens_world: bool,
    panicked: fn(&Head) -> Response,
}

impl Router {
    /// Asks `surfaces` in their order.
    pub fn new(surfaces: Vec<Surface>, settings: Settings, recorder: Arc<dyn Recorder>) -> Self {
        Router(Arc::new(Inner { surfaces, settings, recorder }))
    }
    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
    /// The surfaces it asks.
    pub fn surfaces(&self) -> &[Surface] {
        &self.0.surfaces
    }

    /// Answers a request; it cannot fail. Also for our own deliveries to ourselves, without a socket.
    pub async fn call(&self, request: Request, origin: Origin) -> Response {
        let started = Instant::now();
        let id = self.0.recorder.request_id();
        let head_only = request.method() == Method::HEAD;
        let log = LogLine { started, id, method: request.method().clone(), uri: request.uri().clone() };
        let mut answer = self.0.answer(request, origin, &log).await;
        if let Ok(id) = HeaderValue::from_str(&log.id) {
            answer.response.headers_mut().insert(REQUEST_ID, id);
        }
        if head_only {
            answer.response = without_body(answer.response);
        }
        let named = answer.response.extensions().get::<Named>().cloned().unwrap_or_default();
        let duration_us = log.write(&answer, &named);
        match answer.record {
            Some(record) => record.answered(answer.response, &named, duration_us),
            None => answer.response,
        }
    }
}

/// An answer, and what the log and the record need beside it.
struct Answer {
    response: Response,
    surface: &'static str,
    world: String,
    record: Option<OpenRecord>,
}

impl Answer {
    fn early(response: Response) -> Self {
        Answer { response, surface: "", world: String::new(), record: None }
    }
}

impl Inner {
    async fn answer(&self, request: Request, origin: Origin, log: &LogLine) -> Answer {
        let (mut parts, body) = request.into_parts();
        // h1 is held to this while parsing; h2 knows only the size of the whole.
        if parts.headers.len() > self.settings.limits.headers {
            let detail = format!("more than {} headers", self.settings.limits.headers);
            return Answer::early(problem(431, "Request header fields too large", detail));
        }
        let addressed = match addressed(&parts.uri, &parts.headers) {
            Ok(addressed) => addressed,
            Err(detail) => return Answer::early(problem(400, "Bad world name", detail)),
        };
        let base = base(&self.settings, &parts.uri, &parts.headers, origin.secure) + &addressed.base_suffix;
        name_host(&mut parts);
        let original_uri = std::mem::replace(&mut parts.uri, addressed.target);
        let mut head = Head {
            world: addressed.world,
            base,
            original_uri,
            peer: origin.peer,
            request_id: log.id.clone(),
            cause: 0,
        };
        parts.extensions.insert(head.clone());

        let taker = self.taker(&mut parts);
        let surface = match &taker {
            Ok(Some(taker)) => taker.surface,
            Ok(None) => "",
            Err(_) => CONTROL,
        };
        let path = capture::path(&head.original_uri);
        let arrival = Arrival {
            world: &head.world,
            request_id: &log.id,
            surface,
            opens_world: match &taker {
                Ok(taker) => taker.as_ref().is_some_and(|taker| taker.opens_world),
                Err(_) => changes_or_reads(&parts),
            },
            method: parts.method.as_str(),
            path: &path,
            peer: origin.peer,
            cause: origin.cause,
        };
        let world = head.world.to_string();
        let begun = match self.recorder.begin(&arrival) {
            Ok(begun) => Some(begun),
            // Nobody would have answered anyway: the 404 says more.
            Err(_) if surface.is_empty() => None,
            Err(full) => {
                let response = problem(503, "No room for this world", full.detail);
                return Answer { response, surface, world, record: None };
            }
        };
        head.cause = begun.map_or(0, |b| b.seq);
        if let Some(seen) = parts.extensions.get_mut::<Head>() {
            seen.cause = head.cause;
        }

        let kept = Arc::default();
        let recorded = begun.filter(|b| b.recorded);
        let limit = taker.as_ref().ok().and_then(Option::as_ref).map_or(limits::BODY_BYTES, |t| t.body_limit);
        let intake = Intake::new(
            body,
            limit,
            self.settings.limits.body_idle,
            recorded.is_some().then(|| Arc::clone(&kept)),
        );
        // Made before the surface is called: a client that goes meanwhile leaves a record too.
        let record = recorded.map(|begun| {
            let record = draft(log, surface, path, &parts, begun);
            OpenRecord::new(self.recorder.clone(), head.world.clone(), record, kept)
        });
        let response = match taker {
            Ok(Some(taker)) => taker.call(Request::from_parts(parts, Body::new(intake)), &head).await,
            Ok(None) => unclaimed(&self.surfaces, &parts.method, &head),
            Err(response) => *response,
        };
        Answer { response, surface, world, record }
    }

    /// Who takes the request: a surface's control calls by path (which is cut), else the first that claims it.
    fn taker(&self, parts: &mut Parts) -> Result<Option<Taker>, Box<Response>> {
        // We are no proxy, so a tunnel is nobody's.
        if parts.method == Method::CONNECT {
            return Ok(None);
        }
        let target = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        if let Some((name, rest)) = cut(target, SURFACE_CALLS)
            && !name.is_empty()
        {
            let named = self.surfaces.iter().find(|s| s.name == name);
            let Some(service) = named.and_then(|s| s.control.clone()) else {
                return Err(Box::new(self.no_such_surface(name)));
            };
            if let Ok(rest) = PathAndQuery::try_from(rest) {
                parts.uri = rest.into();
            }
            let panicked = |head: &Head| {
                let detail = format!("the call failed inside; the log of {} says how", head.request_id);
                problem(500, "Internal error", detail)
            };
            return Ok(Some(Taker {
                surface: CONTROL,
                service,
                body_limit: limits::BODY_BYTES,
                opens_world: changes_or_reads(parts),
                panicked,
            }));
        }
        Ok(self.surfaces.iter().find(|s| (s.claims)(parts)).map(|s| Taker {
            surface: s.name,
            service: s.service.clone(),
            body_limit: (s.body_limit)(parts),
            opens_world: (s.opens_world)(parts),
            panicked: s.panicked,
        }))
    }

    fn no_such_surface(&self, name: &str) -> Response {
        let known: Vec<&str> = self.surfaces.iter().filter(|s| s.control.is_some()).map(|s| s.name).collect();
        let name: String = name.chars().take(80).collect();
        let detail =
            format!("\"{name}\" is no surface with calls of its own; there are: {}", known.join(", "));
        problem(404, "No such surface", detail)
    }
}

impl Taker {
    async fn call(self, request: Request, head: &Head) -> Response {
        match AssertUnwindSafe(self.service.oneshot(request)).catch_unwind().await {
            Ok(Ok(response)) => response,
            Err(panic) => {
                let (surface, request_id) = (self.surface, head.request_id.as_str());
                tracing::error!(
                    surface,
                    request_id,
                    panic = said(&*panic),
                    "the handling of {request_id} panicked"
                );
                (self.panicked)(head)
            }
        }
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("something other than text")
}

/// Puts the host where surfaces look for it, whichever way the client named it: h2 and the absolute form have it
/// in the target, and there it outranks the header (RFC 9112, 3.2.2).
fn name_host(parts: &mut Parts) {
    if let Some(authority) = parts.uri.authority()
        && is_plain_host(authority.as_str())
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(header::HOST, host);
    }
}

/// An answer to HEAD: the same head, the length included, and no body. (h1 would leave the body out by itself,
/// h2 would send it.)
fn without_body(mut response: Response) -> Response {
    if let Some(length) = response.body().size_hint().exact()
        && length > 0
    {
        response.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
    response.map(|_| Body::empty())
}

/// A record before there is an answer.
fn draft(log: &LogLine, surface: &'static str, path: String, parts: &Parts, begun: Begun) -> RequestRecord {
    RequestRecord {
        id: log.id.clone(),
        seq: begun.seq,
        at: begun.now,
        surface,
        operation: String::new(),
        tenant: String::new(),
        method: parts.method.to_string(),
        path,
        status: 0,
        duration_us: 0,
        request_headers: capture::lines(&parts.headers),
        request_body: bytes::Bytes::new(),
        request_truncated: false,
        response_headers: HeaderLines::default(),
        response_body: bytes::Bytes::new(),
        response_truncated: false,
    }
}

/// The one line that the log has of a request.
struct LogLine {
    started: Instant,
    id: String,
    method: Method,
    uri: http::Uri,
}

impl LogLine {
    /// Writes it and says how long the answer's head took, microseconds.
    fn write(&self, answer: &Answer, named: &Named) -> u64 {
        let duration_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(
            surface = answer.surface,
            operation = %named.operation,
            tenant = named.tenant,
            status = answer.response.status().as_u16(),
            duration_us,
            request_id = self.id,
            world = answer.world,
            "{} {}",
            self.method,
            capture::short_path(&self.uri),
        );
        duration_us
    }
}
