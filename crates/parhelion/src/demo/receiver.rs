//! A webhook receiver of the demo's own: a real HTTP server on a free port that keeps what it gets.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};

/// What came.
#[derive(Debug)]
pub struct Received {
    /// Path and query.
    pub path: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// The receiver; it ends with the runtime.
pub struct Receiver {
    url: String,
    inbox: Mutex<mpsc::Receiver<Received>>,
}

impl Receiver {
    /// Starts one.
    pub async fn start() -> Result<Receiver, String> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
        let addr = listener.local_addr().map_err(|e| e.to_string())?;
        let (sender, inbox) = mpsc::channel(100);
        let app = axum::Router::new().fallback(keep).with_state(Arc::new(sender));
        tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Receiver { url: format!("http://{addr}"), inbox: Mutex::new(inbox) })
    }
    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }
    /// The next request, waited for up to ten seconds.
    pub async fn next(&self) -> Result<Received, String> {
        let mut inbox = self.inbox.lock().await;
        match tokio::time::timeout(Duration::from_secs(10), inbox.recv()).await {
            Ok(Some(received)) => Ok(received),
            _ => Err(format!("nothing was delivered to {} within 10 s", self.url)),
        }
    }
}

async fn keep(State(sender): State<Arc<mpsc::Sender<Received>>>, request: Request) -> &'static str {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let body = axum::body::to_bytes(body, 32 << 20).await.unwrap_or_default();
    let _ = sender.try_send(Received { path, headers: head.headers, body });
    "received"
}
