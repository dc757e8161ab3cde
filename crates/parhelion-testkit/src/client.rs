//! A small HTTP client that fails a test with what was answered.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

/// Longest that an answer, or the next piece of a stream, may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// A server, or a world of it, with a client.
#[derive(Clone)]
pub struct Api {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Api {
    /// Of a base URL without a slash at the end.
    pub fn new(base: &str) -> Api {
        Api { base: base.to_owned(), client: Client::builder(TokioExecutor::new()).build_http() }
    }
    /// The same client below a path.
    #[must_use]
    pub fn below(&self, path: &str) -> Api {
        Api { base: format!("{}{path}", self.base), client: self.client.clone() }
    }
    /// The base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// A call of any method. `path` begins with a slash, or is an absolute URL.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let url = if path.starts_with("http://") { path.to_owned() } else { format!("{}{path}", self.base) };
        Call {
            client: self.client.clone(),
            method: method.to_owned(),
            url,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }
    /// GET.
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }
    /// POST of JSON.
    pub fn post(&self, path: &str, json: &Value) -> Call {
        self.call("POST", path).json(json)
    }
    /// PUT of JSON.
    pub fn put(&self, path: &str, json: &Value) -> Call {
        self.call("PUT", path).json(json)
    }
    /// DELETE.
    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path)
    }

    /// The items of a list that is answered with 200.
    pub async fn items(&self, path: &str) -> Vec<Value> {
        let answer = self.get(path).await.want(200);
        answer.json()["items"].as_array().unwrap_or_else(|| panic!("no list: {answer:?}")).clone()
    }
    /// Waits until nothing goes on at the present time.
    pub async fn idle(&self) {
        self.post("/_parhelion/idle", &serde_json::json!({"timeout": "20s"})).await.want(200);
    }
    /// Why it came out as it did, as text.
    pub async fn explain(&self, id: &str) -> String {
        self.get(&format!("/_parhelion/explain/{id}")).header("accept", "text/plain").await.want(200).text()
    }
}

/// A call that is not sent yet; awaiting it sends it.
#[must_use]
pub struct Call {
    client: Client<HttpConnector, Full<Bytes>>,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Call {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
    /// Puts a header in the place of those of its name; an empty value takes them away.
    pub fn instead(mut self, name: &str, value: &str) -> Call {
        self.headers.retain(|(of, _)| !of.eq_ignore_ascii_case(name));
        if value.is_empty() { self } else { self.header(name, value) }
    }
    /// The body, as JSON.
    pub fn json(self, json: &Value) -> Call {
        self.body("application/json", json.to_string())
    }
    /// The body, as it stands.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Call {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    fn request(self) -> (Client<HttpConnector, Full<Bytes>>, Request<Full<Bytes>>, String) {
        let shown = format!("{} {}", self.method, self.url);
        let mut request = Request::builder().method(self.method.as_str()).uri(&self.url);
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name.as_str()).expect("a header's name");
            request = request.header(name, HeaderValue::try_from(value.as_str()).expect("a header's value"));
        }
        let request =
            request.body(Full::new(self.body)).unwrap_or_else(|e| panic!("no request: {shown}: {e}"));
        (self.client, request, shown)
    }
    /// Sends it; an answer that does not come is the error.
    ///
    /// # Errors
    /// A sentence.
    pub async fn attempt(self) -> Result<Answer, String> {
        let (client, request, asked) = self.request();
        let exchange = async {
            let answer = client.request(request).await.map_err(|e| format!("{asked}: {e}: {e:?}"))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|e| format!("{asked}: {e}"))?.to_bytes();
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body, asked: asked.clone() })
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(done) => done,
            Err(_) => Err(format!("{asked}: no answer within {PATIENCE:?}")),
        }
    }
    /// Sends it and gives the answer piece by piece.
    pub async fn stream(self) -> Streamed {
        let (client, request, asked) = self.request();
        match tokio::time::timeout(PATIENCE, client.request(request)).await {
            Ok(Ok(answer)) => {
                let (head, body) = answer.into_parts();
                Streamed {
                    status: head.status.as_u16(),
                    headers: head.headers,
                    body,
                    read: String::new(),
                    asked,
                }
            }
            other => panic!("{asked}: no answer: {other:?}"),
        }
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.attempt().await.unwrap_or_else(|e| panic!("{e}")) })
    }
}

/// A whole answer.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    asked: String,
}

impl Answer {
    /// Fails the test when the status is another.
    #[track_caller]
    pub fn want(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
    /// The body as JSON; fails the test when it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    /// The first value of a header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
    /// A problem document of a status whose detail holds this; fails the test when it is none.
    #[track_caller]
    pub fn problem(&self, status: u16, detail: &str) {
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, "application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], status, "{self:?}");
        assert!(problem["title"].is_string() && problem["type"].is_string(), "{self:?}");
        assert!(problem["detail"].as_str().is_some_and(|said| said.contains(detail)), "{detail}: {self:?}");
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut: String = self.text().chars().take(4_000).collect();
        write!(f, "{}\n{} {:#?}\n{cut}", self.asked, self.status, self.headers)
    }
}

/// An answer that comes piece by piece.
pub struct Streamed {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    body: Incoming,
    read: String,
    asked: String,
}

/// A server-sent event.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamedEvent {
    /// Its `id`.
    pub id: String,
    /// Its `event`.
    pub kind: String,
    /// Its `data`, as JSON.
    pub data: Value,
}

impl Streamed {
    /// The next server-sent event, comments left out; `None` at the end. Fails the test when none comes.
    pub async fn next(&mut self) -> Option<StreamedEvent> {
        loop {
            while let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                let line = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                if block.lines().any(|line| !line.starts_with(':')) {
                    let data = line("data");
                    let data = serde_json::from_str(&data)
                        .unwrap_or_else(|e| panic!("{e}: {block}: {}", self.asked));
                    return Some(StreamedEvent { id: line("id"), kind: line("event"), data });
                }
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame());
            match frame.await.unwrap_or_else(|_| panic!("{}: nothing more came", self.asked)) {
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    self.read.push_str(&String::from_utf8_lossy(&data));
                }
                Some(Err(e)) => panic!("{}: the stream broke: {e}", self.asked),
                None => return None,
            }
        }
    }
}
