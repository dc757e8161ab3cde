//! How an attempt is made: [`Transport`], and [`HttpTransport`], which does it over HTTP/1.1.
//!
//! One attempt may take several requests (redirects, a Basic challenge); all of them share the policy's time limit, each
//! is recorded, and each target is checked. Every attempt has a connection of its own: what one receiver does to a
//! connection never reaches another delivery.

use crate::attempt::{Answer, Attempt, Exchange, Outcome};
use crate::connect::{self, Resolver, Tls};
use crate::target::DeliverTo;
use crate::url::Url;
use crate::wire::{self, Failure};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use parhelion_core::limits::RECEIVER_RESPONSE_BYTES;
use parhelion_core::{Credentials, ErrorClass, Seq};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Connections to receivers open at the same time, of all worlds together.
pub const CONNECTIONS: usize = 1_024;

/// Makes attempts.
pub trait Transport: Send + Sync + 'static {
    /// Makes one; whatever happens is an outcome. Dropping the future gives the attempt up.
    fn send(&self, attempt: &Attempt) -> BoxFuture<'static, Outcome>;
}

/// Whether a URL (absolute) is one of ours.
pub type IsOurs = Arc<dyn Fn(&http::Uri) -> bool + Send + Sync>;
/// The server's router. The request has an absolute URI, `Host` and `Content-Length`; the number is its cause.
/// `None`: the receiver drops the connection without an answer.
pub type InProcess =
    Arc<dyn Fn(http::Request<Bytes>, Seq) -> BoxFuture<'static, Option<http::Response<Bytes>>> + Send + Sync>;

/// Deliveries to ourselves: taken in the same process, so that the attempt's journal entry is their cause and nothing
/// has to be added to what is delivered.
#[derive(Clone)]
pub struct Loopback {
    /// Which URLs.
    pub is_ours: IsOurs,
    /// Who takes them.
    pub call: InProcess,
}

/// What an [`HttpTransport`] is made of.
#[derive(Clone, Default)]
pub struct TransportSettings {
    /// Where deliveries may go. Ourselves are always allowed: those never leave the process.
    pub deliver_to: DeliverTo,
    /// Certificates to trust beside the public roots, PEM.
    pub extra_roots_pem: Option<Vec<u8>>,
    /// Deliveries to ourselves.
    pub loopback: Option<Loopback>,
    /// In place of the system's resolver.
    pub resolver: Option<Resolver>,
    /// In place of every policy's time limit, for tests.
    pub timeout: Option<Duration>,
}

/// HTTP/1.1 over TCP or TLS.
pub struct HttpTransport(Arc<Inner>);

struct Inner {
    deliver_to: DeliverTo,
    resolver: Resolver,
    tls: Tls,
    loopback: Option<Loopback>,
    timeout: Option<Duration>,
    connections: Semaphore,
}

impl HttpTransport {
    /// A transport; fails when the certificates to trust cannot be read.
    pub fn new(settings: TransportSettings) -> Result<Self, String> {
        Ok(HttpTransport(Arc::new(Inner {
            tls: Tls::new(settings.extra_roots_pem.as_deref())?,
            deliver_to: settings.deliver_to,
            resolver: settings.resolver.unwrap_or_else(connect::system_resolver),
            loopback: settings.loopback,
            timeout: settings.timeout,
            connections: Semaphore::new(CONNECTIONS),
        })))
    }
}

/// Redirects that a download follows.
const REDIRECTS: usize = 10;

impl HttpTransport {
    /// Fetches what stands at an address: `GET`, redirects followed, where the settings let deliveries go. At most
    /// `limit` bytes, within `limit_time`.
    ///
    /// # Errors
    /// A sentence that says what went wrong, without what stands before the address's `@` or in its query.
    pub async fn download(&self, url: &str, limit: usize, limit_time: Duration) -> Result<Bytes, String> {
        match tokio::time::timeout(limit_time, self.0.download(url, limit)).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err((_, why))) => Err(why),
            Err(_) => Err(format!("it did not come within {limit_time:?}")),
        }
    }
}

impl Transport for HttpTransport {
    fn send(&self, attempt: &Attempt) -> BoxFuture<'static, Outcome> {
        let (inner, attempt) = (self.0.clone(), attempt.clone());
        Box::pin(async move { inner.attempt(&attempt).await })
    }
}

/// The request that is to be sent next.
struct Next {
    url: Url,
    method: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    with_credentials: bool,
}

impl Inner {
    async fn attempt(&self, attempt: &Attempt) -> Outcome {
        let delivery = &attempt.delivery;
        let url = match Url::parse(&delivery.url) {
            Ok(url) => url,
            Err(why) => return Outcome::failed(ErrorClass::NotAllowed, why),
        };
        // Waiting for a free connection is not the receiver's fault: its time begins afterwards.
        let _connection = match self.ours(&url) {
            Some(_) => None,
            None => self.connections.acquire().await.ok(),
        };
        let limit = self.timeout.unwrap_or(Duration::from_secs(delivery.policy.timeout_secs.max(1)));
        let began = Instant::now();
        let mut exchanges = Vec::new();
        let error = match tokio::time::timeout(limit, self.follow(attempt, url, &mut exchanges)).await {
            Ok(result) => result.err(),
            Err(_) => {
                let what = match exchanges.last() {
                    None => "no connection",
                    Some(e) if e.answer.is_none() => "no answer",
                    Some(_) => "no whole answer",
                };
                Some((ErrorClass::Timeout, format!("{what} within {limit:?}")))
            }
        };
        Outcome { exchanges, error, took: began.elapsed() }
    }

    async fn follow(
        &self,
        attempt: &Attempt,
        url: Url,
        exchanges: &mut Vec<Exchange>,
    ) -> Result<(), Failure> {
        let delivery = &attempt.delivery;
        let policy = &delivery.policy;
        let mut next = Next {
            url,
            method: delivery.method.to_owned(),
            headers: delivery.headers.clone(),
            body: delivery.body.clone(),
            with_credentials: policy.credentials == Credentials::AtOnce,
        };
        let mut redirects = 0;
        loop {
            self.exchange(attempt, &next, exchanges).await?;
            let Some(answer) = exchanges.last().and_then(|e| e.answer.as_ref()) else { return Ok(()) };
            if answer.status == 401
                && !next.with_credentials
                && challenges(answer)
                && next.url.basic(true).is_some()
            {
                next.with_credentials = true;
                continue;
            }
            let to = if policy.follow_redirects == 0 { None } else { redirect(answer, &next)? };
            match to {
                Some(to) if redirects < policy.follow_redirects => {
                    redirects += 1;
                    next = Next { with_credentials: policy.credentials == Credentials::AtOnce, ..to };
                }
                Some(_) => {
                    let why = format!(
                        "answered {} after {redirects} redirects, and no more are followed",
                        answer.status
                    );
                    return Err((ErrorClass::Status, why));
                }
                _ if (200..300).contains(&answer.status) => return Ok(()),
                _ => {
                    let text = format!("answered {} {}", answer.status, answer.reason);
                    return Err((ErrorClass::Status, text.trim_end().to_owned()));
                }
            }
        }
    }

    /// One request and its answer, recorded from the moment on at which there is somebody to send it to.
    async fn exchange(
        &self,
        attempt: &Attempt,
        next: &Next,
        exchanges: &mut Vec<Exchange>,
    ) -> Result<(), Failure> {
        let given = next.headers.iter().cloned();
        let strict = attempt.delivery.policy.credentials == Credentials::WhenChallenged;
        let authorized = next.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let basic =
            Some(()).filter(|()| next.with_credentials && !authorized).and_then(|()| next.url.basic(strict));
        let given = given.chain(basic.map(|value| ("Authorization".to_owned(), value)));
        let mut exchange = Exchange {
            method: next.method.clone(),
            url: next.url.requested(),
            headers: wire::headers(next.url.host_header(), given, &next.method, &next.body)?,
            body: next.body.clone(),
            loopback: false,
            answer: None,
        };
        if let Some((loopback, uri)) = self.ours(&next.url) {
            exchange.loopback = true;
            let request = as_request(&exchange, uri)?;
            exchanges.push(exchange);
            let answer = (loopback.call)(request, attempt.seq).await;
            let dropped =
                || (ErrorClass::Reset, "the receiver dropped the connection without an answer".to_owned());
            let answer = answer.ok_or_else(dropped)?;
            return exchanges.last_mut().map_or(Ok(()), |e| keep(answer, e));
        }
        let stream = connect::tcp(&next.url, &self.deliver_to, &self.resolver).await?;
        let stream = self.tls.wrap(stream, &next.url, attempt.delivery.policy.verify_tls).await?;
        exchanges.push(exchange);
        match exchanges.last_mut() {
            Some(exchange) => wire::exchange(stream, &next.url.path_and_query, exchange).await,
            None => Ok(()),
        }
    }

    async fn download(&self, url: &str, limit: usize) -> Result<Bytes, Failure> {
        let mut next = Next {
            url: Url::parse(url).map_err(|why| (ErrorClass::NotAllowed, why))?,
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            with_credentials: true,
        };
        for _ in 0..=REDIRECTS {
            let given = next.url.basic(false).map(|value| ("Authorization".to_owned(), value));
            let mut exchange = Exchange {
                method: next.method.clone(),
                url: next.url.requested(),
                headers: wire::headers(next.url.host_header(), given.into_iter(), "GET", &next.body)?,
                body: Bytes::new(),
                loopback: false,
                answer: None,
            };
            let content = match self.ours(&next.url) {
                Some((loopback, uri)) => {
                    let request = as_request(&exchange, uri)?;
                    let dropped =
                        || (ErrorClass::Reset, "the connection was dropped without an answer".to_owned());
                    let answer = (loopback.call)(request, 0).await.ok_or_else(dropped)?;
                    let content = answer.body().clone();
                    if content.len() > limit {
                        return Err(wire::too_long(limit));
                    }
                    // What is kept of it does not matter here, how long it is does not either.
                    let _ = keep(answer, &mut exchange);
                    content
                }
                None => {
                    let _connection = self.connections.acquire().await.ok();
                    let stream = connect::tcp(&next.url, &self.deliver_to, &self.resolver).await?;
                    let stream = self.tls.wrap(stream, &next.url, true).await?;
                    let target = next.url.path_and_query.clone();
                    wire::exchange_whole(stream, &target, &mut exchange, limit).await?.into()
                }
            };
            let Some(answer) = &exchange.answer else {
                return Err((ErrorClass::Reset, "there was no answer".to_owned()));
            };
            match redirect(answer, &next)? {
                Some(to) => next = to,
                None if (200..300).contains(&answer.status) => return Ok(content),
                None => {
                    let text = format!("answered {} {}", answer.status, answer.reason);
                    return Err((ErrorClass::Status, text.trim_end().to_owned()));
                }
            }
        }
        Err((ErrorClass::Status, format!("more than {REDIRECTS} redirects")))
    }

    fn ours(&self, url: &Url) -> Option<(&Loopback, http::Uri)> {
        let loopback = self.loopback.as_ref()?;
        let text = url.requested();
        // `http::Uri` is stricter about some characters than receivers are.
        let uri = text.parse().or_else(|_| escaped(&text).parse::<http::Uri>()).ok()?;
        (loopback.is_ours)(&uri).then_some((loopback, uri))
    }
}

fn escaped(url: &str) -> String {
    url.bytes().fold(String::new(), |mut out, b| {
        match b {
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                out.push_str(&format!("%{b:02X}"))
            }
            _ => out.push(char::from(b)),
        }
        out
    })
}

fn as_request(exchange: &Exchange, uri: http::Uri) -> Result<http::Request<Bytes>, Failure> {
    let mut request = http::Request::builder().method(exchange.method.as_str()).uri(uri);
    for (name, value) in &exchange.headers {
        request = request.header(name.as_str(), value.as_bytes());
    }
    request
        .body(exchange.body.clone())
        .map_err(|e| (ErrorClass::NotAllowed, format!("the request is malformed: {e}")))
}

fn keep(response: http::Response<Bytes>, exchange: &mut Exchange) -> Result<(), Failure> {
    let (head, body) = response.into_parts();
    let latin1 = |value: &http::HeaderValue| value.as_bytes().iter().map(|b| char::from(*b)).collect();
    let answer = exchange.answer.insert(Answer {
        status: head.status.as_u16(),
        reason: head.status.canonical_reason().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(|(n, v)| (n.as_str().to_owned(), latin1(v))).collect(),
        ..Answer::default()
    });
    answer.keep_body(&body[..body.len().min(RECEIVER_RESPONSE_BYTES)]);
    if body.len() > RECEIVER_RESPONSE_BYTES { Err(wire::too_long(RECEIVER_RESPONSE_BYTES)) } else { Ok(()) }
}

/// Whether an answer asks for Basic credentials.
fn challenges(answer: &Answer) -> bool {
    answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
        .flat_map(|(_, value)| value.split(','))
        .filter_map(|challenge| challenge.split_whitespace().next())
        .any(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// Where an answer sends the request, if it does.
fn redirect(answer: &Answer, sent: &Next) -> Result<Option<Next>, Failure> {
    // As HTTP clients do: 303 makes everything a GET, 301 and 302 a POST; 307 and 308 change nothing.
    let as_get = match answer.status {
        301 | 302 => sent.method == "POST",
        303 => sent.method != "HEAD",
        307 | 308 => false,
        _ => return Ok(None),
    };
    let Some(location) = answer.header("location") else { return Ok(None) };
    // Headers are kept as Latin-1; a Location beyond ASCII is UTF-8 in practice.
    let bytes: Vec<u8> = location.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
    let url = sent.url.join(&String::from_utf8_lossy(&bytes)).map_err(|why| {
        (
            ErrorClass::Status,
            format!("answered {} with a Location that cannot be followed: {why}", answer.status),
        )
    })?;
    let elsewhere = url.origin() != sent.url.origin();
    let stays = |name: &str| {
        let lower = name.to_ascii_lowercase();
        // Secrets do not travel to another origin, nor a body's description without the body.
        let secret = ["authorization", "cookie", "proxy-authorization"].contains(&lower.as_str());
        !(elsewhere && secret || as_get && lower.starts_with("content-"))
    };
    Ok(Some(Next {
        method: if as_get { "GET".to_owned() } else { sent.method.clone() },
        headers: sent.headers.iter().filter(|(name, _)| stays(name)).cloned().collect(),
        body: if as_get { Bytes::new() } else { sent.body.clone() },
        with_credentials: false,
        url,
    }))
}
