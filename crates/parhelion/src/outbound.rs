//! The outboxes of all worlds, what drives them, and the short way of deliveries to ourselves.

use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use parhelion_core::{Call, Event, Owner, Seq, Settled, Timestamp, WorldName};
use parhelion_delivery::{
    Attempt, DeliverTo, DriverHost, HttpTransport, Loopback, Outcome, Post, Transport, TransportSettings,
    drive,
};
use parhelion_http::{DropConnection, Origin, Router};
use parhelion_state::World;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

tokio::task_local! {
    /// Goes along with an attempt on its short way to ourselves: the world whose delivery is being sent. A seq means
    /// something in its own world only.
    static SENDER: WorldName;
}

/// An outbox with the task that empties it.
type Driven = (Arc<Post>, JoinHandle<()>);

/// The outboxes of all worlds.
#[derive(Clone, Default)]
pub struct Outboxes(Arc<Mutex<BTreeMap<WorldName, Driven>>>);

impl Outboxes {
    /// A world's outbox.
    pub fn find(&self, name: &WorldName) -> Option<Arc<Post>> {
        self.held().get(name).map(|(post, _)| post.clone())
    }
    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<WorldName, Driven>> {
        // A map of pointers is whole at any moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Starts to empty a new world's outbox; it ends with the world.
    pub fn drive(&self, world: Arc<World>, post: Arc<Post>, transport: Arc<HttpTransport>) {
        let name = world.name().clone();
        let transport = Arc::new(Sending { world: name.clone(), transport });
        let (driven, outboxes) = (post.clone(), self.clone());
        let task = tokio::spawn(async move {
            let host = Arc::new(Host(world.clone()));
            tokio::select! {
                () = drive(driven.clone(), transport, host) => {}
                () = closed(&world) => {}
            }
            // A world of the same name may have been made meanwhile.
            let mut held = outboxes.held();
            if held.get(world.name()).is_some_and(|(post, _)| Arc::ptr_eq(post, &driven)) {
                held.remove(world.name());
            }
        });
        self.held().insert(name, (post, task));
    }
    /// No further attempt begins; waits until those under way are settled.
    pub async fn finish(&self) {
        let tasks: Vec<JoinHandle<()>> = {
            let mut held = self.held();
            std::mem::take(&mut *held)
                .into_values()
                .map(|(post, task)| {
                    post.stop();
                    task
                })
                .collect()
        };
        for task in tasks {
            let _ = task.await;
        }
    }
    /// All outboxes, by world.
    pub fn all(&self) -> Vec<(WorldName, Arc<Post>)> {
        self.held().iter().map(|(name, (post, _))| (name.clone(), post.clone())).collect()
    }
}

async fn closed(world: &World) {
    let mut changes = world.changes();
    while !world.is_closed() && changes.changed().await.is_ok() {}
}

/// A world as its driver sees it.
struct Host(Arc<World>);

impl DriverHost for Host {
    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
    fn attempted(&self, owner: &Owner, cause: Seq, event: Event) -> Seq {
        let call = Call { cause, ..Call::default() };
        self.0.note_for(self.0.surface_of(&owner.store).unwrap_or_default(), owner, &call, event)
    }
    fn delivered(&self, owner: &Owner, cause: Seq, settled: &Settled) {
        self.0.delivered(owner, cause, settled);
    }
    fn wait_until(&self, at: Option<Timestamp>) -> BoxFuture<'_, ()> {
        // Subscribed first: a clock that is moved while we look wakes us.
        let mut stirs = self.0.stirs();
        Box::pin(async move {
            match at.and_then(|at| self.0.clock.real_wait(at)) {
                Some(wait) => {
                    let _ = tokio::time::timeout(wait, stirs.changed()).await;
                }
                None => {
                    let _ = stirs.changed().await;
                }
            }
        })
    }
}

/// The common transport, with the world it sends for.
struct Sending {
    world: WorldName,
    transport: Arc<HttpTransport>,
}

impl Transport for Sending {
    fn send(&self, attempt: &Attempt) -> BoxFuture<'static, Outcome> {
        Box::pin(SENDER.scope(self.world.clone(), self.transport.send(attempt)))
    }
}

/// The transport of all worlds. Deliveries to ourselves go to `router`, once it is there.
pub fn transport(
    deliver_to: DeliverTo,
    listen: SocketAddr,
    public: Option<http::Uri>,
    router: Arc<OnceLock<Router>>,
) -> Result<Arc<HttpTransport>, String> {
    let loopback = Loopback {
        is_ours: Arc::new(move |uri| is_ours(uri, listen, public.as_ref())),
        call: Arc::new(move |request, cause| Box::pin(to_ourselves(router.get().cloned(), request, cause))),
    };
    let settings = TransportSettings { deliver_to, loopback: Some(loopback), ..TransportSettings::default() };
    Ok(Arc::new(HttpTransport::new(settings)?))
}

/// How long a package may take to come, real time.
const DOWNLOAD: Duration = Duration::from_secs(300);

/// Fetches by the common transport, which goes where deliveries may go.
pub fn download(transport: Arc<HttpTransport>) -> parhelion_kudu::Download {
    Arc::new(move |url, limit| {
        let transport = transport.clone();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Box::pin(async move { transport.download(&url, limit, DOWNLOAD).await })
    })
}

/// Whether a URL leads back here: our address, a name of this machine with our port, or the public URL.
fn is_ours(uri: &http::Uri, listen: SocketAddr, public: Option<&http::Uri>) -> bool {
    if public.is_some_and(|public| public.authority() == uri.authority() && public.scheme() == uri.scheme()) {
        return true;
    }
    let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else { return false };
    if uri.port_u16().unwrap_or(80) != listen.port() {
        return false;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let this_machine = host == "localhost" || host.ends_with(".localhost");
    match host.parse::<IpAddr>() {
        // Listening on every address includes all of loopback; other addresses of this machine take the long way.
        Ok(ip) => ip == listen.ip() || listen.ip().is_unspecified() && ip.is_loopback(),
        Err(_) => this_machine && (listen.ip().is_loopback() || listen.ip().is_unspecified()),
    }
}

async fn to_ourselves(
    router: Option<Router>,
    request: http::Request<bytes::Bytes>,
    cause: Seq,
) -> Option<http::Response<bytes::Bytes>> {
    let router = router?; // before the server is put together nothing is sent
    let mut segments = request.uri().path().split('/').skip(1);
    let target = match (segments.next(), segments.next()) {
        (Some("_w"), Some(name)) => name.parse().unwrap_or_else(|_| WorldName::main()),
        _ => WorldName::main(),
    };
    let same_world = SENDER.try_with(|sender| *sender == target).unwrap_or(false);
    let origin =
        Origin { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), cause: same_world.then_some(cause), secure: false };
    let answer = router.call(request.map(parhelion_http::Body::from), origin).await;
    if answer.extensions().get::<DropConnection>().is_some() {
        return None;
    }
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Some(http::Response::from_parts(head, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_ours_are_known() {
        let ours = |uri: &str, listen: &str, public: Option<&str>| {
            is_ours(
                &uri.parse().unwrap(),
                listen.parse().unwrap(),
                public.map(|p| p.parse().unwrap()).as_ref(),
            )
        };
        for uri in ["http://127.0.0.1:4600/x", "http://localhost:4600/", "http://site.scm.localhost:4600/api"]
        {
            assert!(ours(uri, "127.0.0.1:4600", None), "{uri}");
            assert!(ours(uri, "0.0.0.0:4600", None), "{uri}");
        }
        for uri in [
            "http://127.0.0.1:4601/",
            "https://localhost:4600/",
            "http://example.com:4600/",
            "http://127.0.0.1/",
        ] {
            assert!(!ours(uri, "127.0.0.1:4600", None), "{uri}");
        }
        assert!(ours("https://emu.example/x", "0.0.0.0:4600", Some("https://emu.example")));
        assert!(ours("http://[::1]:4600/", "[::1]:4600", None));
        assert!(!ours("http://127.0.0.2:4600/", "127.0.0.1:4600", None));
    }
}
