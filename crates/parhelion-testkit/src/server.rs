//! [`TestServer`]: an emulator in this process.

use crate::{Api, Raw, panics};
use parhelion::{Builder, Emulator, Left, Parhelion, StartError};
use parhelion_core::{Clock, Timestamp};
use parhelion_state::ClockMode;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::runtime::Runtime;

/// Where the clock of [`TestServer::manual`] begins.
pub const START: &str = "2026-01-01T00:00:00Z";

/// A real clock that stands still.
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// An emulator on a free port, with the seed 42, on threads of its own.
///
/// Dropped, it fails the test when something panicked on those threads, or when something is left in an outbox
/// (unless [`TestServer::may_leave_deliveries`] was called).
pub struct TestServer {
    emulator: Option<Emulator>,
    runtime: Option<Runtime>,
    address: SocketAddr,
    threads: String,
    api: Api,
    may_leave: AtomicBool,
}

impl TestServer {
    /// With the system's clock.
    pub async fn start() -> TestServer {
        Self::with(|builder| builder).await
    }
    /// With clocks that stand at [`START`] until they are moved.
    pub async fn manual() -> TestServer {
        let start = START.parse().expect("a time");
        Self::with(|builder| builder.clock(ClockMode::Manual).real_clock(Arc::new(FixedClock(start)))).await
    }
    /// With settings of its own. Fails the test when it does not start.
    pub async fn with(set: impl FnOnce(Builder) -> Builder) -> TestServer {
        Self::try_with(set).await.unwrap_or_else(|e| panic!("the server does not start: {e}"))
    }
    /// With settings of its own.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn try_with(set: impl FnOnce(Builder) -> Builder) -> Result<TestServer, StartError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let threads = format!("parhelion-test-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        panics::watch(&threads);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name(&threads)
            .enable_all()
            .build()
            .expect("a runtime for the server");
        let started = runtime.spawn(set(Parhelion::builder().seed(42)).start()).await;
        let emulator = match started.expect("the start does not panic") {
            Ok(emulator) => emulator,
            Err(e) => {
                runtime.shutdown_background();
                panics::unwatch(&threads);
                return Err(e);
            }
        };
        let address = emulator.listen();
        let api = Api::new(&format!("http://{address}"));
        let may_leave = AtomicBool::new(false);
        Ok(TestServer { emulator: Some(emulator), runtime: Some(runtime), address, threads, api, may_leave })
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn url(&self) -> &str {
        self.api.url()
    }
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// A client of the world `main`.
    pub fn main(&self) -> Api {
        self.api.clone()
    }
    /// A client of another world, by path prefix.
    pub fn world(&self, name: &str) -> Api {
        self.api.below(&format!("/_w/{name}"))
    }
    /// A connection for bytes that no client would send.
    pub async fn raw(&self) -> Raw {
        Raw::connect(self.address).await
    }
    /// The emulator itself.
    pub fn emulator(&self) -> &Emulator {
        self.emulator.as_ref().expect("a server that was not stopped")
    }
    /// Deliveries may be left when it is dropped.
    pub fn may_leave_deliveries(&self) {
        self.may_leave.store(true, Ordering::Relaxed);
    }
    /// Stops it in order, and checks what dropping it checks.
    pub async fn stop(mut self) -> Left {
        let left = self.left();
        assert!(left.is_empty(), "left in the outboxes: {left:#?}");
        let emulator = self.emulator.take().expect("a server that was not stopped");
        let runtime = self.runtime.as_ref().expect("a runtime");
        runtime.spawn(emulator.stop()).await.expect("stopping does not panic")
    }

    /// What is left in the outboxes, in sentences.
    fn left(&self) -> Vec<String> {
        if self.may_leave.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let worlds = self.emulator.iter().flat_map(|emulator| emulator.worlds().all());
        let left = worlds.filter_map(|world| {
            let (queued, in_flight, _) = world.delivery_counts();
            let of = world.name();
            (queued + in_flight > 0)
                .then(|| format!("world {of}: {queued} deliveries queued or held, {in_flight} in flight"))
        });
        left.collect()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let left = self.left();
        drop(self.emulator.take());
        // All is taken down before anything can fail: a runtime must not be dropped where something waits.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let panicked = panics::unwatch(&self.threads);
        if !std::thread::panicking() {
            assert!(panicked.is_empty(), "the server panicked: {panicked:#?}");
            assert!(left.is_empty(), "left in the outboxes: {left:#?}");
        }
    }
}
