//! Parhelion, put together: the binary's parts, and the same as a library for tests in one process.
//!
//! ```no_run
//! # async fn example() -> Result<(), parhelion::StartError> {
//! let emulator = parhelion::Parhelion::builder().seed(42).start().await?;
//! println!("{}", emulator.url()); // http://127.0.0.1:{a free port}
//! emulator.stop().await;
//! # Ok(()) }
//! ```
//!
//! It wires and knows no rule of any API. Start reading at `wiring.rs`.

pub mod azure;
mod clock;
pub mod config;
pub mod demo;
mod drivers;
mod outbound;
mod recorder;
pub mod settings;
mod wiring;

use parhelion_core::{Clock, DeliveryStatus, WorldName};
use parhelion_http::PublicUrl;
use parhelion_state::{ClockMode, World, Worlds};
use settings::Settings;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use clock::SystemClock;
pub use parhelion_delivery::DeliverTo;
pub use wiring::surfaces_for_tests;

/// How long requests in flight, and after them deliveries in flight, may take when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// Why an emulator did not start; one line.
#[derive(Debug)]
pub enum StartError {
    /// The address could not be taken.
    Bind(parhelion_http::BindError),
    /// The folder for git objects could not be made.
    Git(parhelion_git::GitError),
    /// A part could not be set up.
    Other(String),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Bind(e) => e.fmt(f),
            StartError::Git(e) => write!(f, "the folder for git objects could not be made: {e}"),
            StartError::Other(why) => f.write_str(why),
        }
    }
}
impl std::error::Error for StartError {}

/// Where an emulator begins.
pub struct Parhelion;

impl Parhelion {
    /// An emulator on a free port of 127.0.0.1, unless told otherwise.
    pub fn builder() -> Builder {
        let settings = Settings { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Settings::default() };
        Builder { settings, real: Arc::new(SystemClock) }
    }
}

/// What an emulator is to be like.
pub struct Builder {
    settings: Settings,
    real: Arc<dyn Clock>,
}

impl Builder {
    /// All settings at once, as the command line gives them.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }
    /// The address to listen on.
    #[must_use]
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.settings.listen = addr;
        self
    }
    /// The seed of all ids and secrets.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }
    /// How the clocks of new worlds run.
    #[must_use]
    pub fn clock(mut self, mode: ClockMode) -> Self {
        self.settings.clock = mode;
        self
    }
    /// The base of URLs in answers.
    #[must_use]
    pub fn public_url(mut self, url: PublicUrl) -> Self {
        self.settings.public_url = Some(url);
        self
    }
    /// Where webhooks may be delivered to.
    #[must_use]
    pub fn deliver_to(mut self, targets: DeliverTo) -> Self {
        self.settings.deliver_to = targets;
        self
    }
    /// Another real clock.
    #[must_use]
    pub fn real_clock(mut self, real: Arc<dyn Clock>) -> Self {
        self.real = real;
        self
    }

    /// Starts it; it answers as soon as this returns.
    ///
    /// # Errors
    /// When the address cannot be taken or a part cannot be set up.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let server = parhelion_http::Server::bind(self.settings.listen).await.map_err(StartError::Bind)?;
        let listen = server.local_addr();
        let stopping = Arc::new(AtomicBool::new(false));
        let wired = wiring::wire(&self.settings, listen, self.real, stopping.clone())?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.serve(
            wired.router.clone(),
            async move {
                let _ = stopped.await;
            },
            GRACE,
        ));
        Ok(Emulator {
            url: self
                .settings
                .public_url
                .as_ref()
                .map_or_else(|| format!("http://{listen}"), |u| u.as_str().to_owned()),
            listen,
            wired,
            stopping,
            stop: Some(stop),
            serving: Some(serving),
        })
    }
}

/// A running emulator. Dropping it stops it at once; [`Emulator::stop`] lets what is under way finish.
pub struct Emulator {
    url: String,
    listen: SocketAddr,
    wired: wiring::Wired,
    stopping: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<parhelion_http::Stopped>>,
}

/// What was left when an emulator stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Connections cut in the middle of a request.
    pub connections: usize,
    /// Deliveries in flight that were cut, each in a sentence.
    pub deliveries: Vec<String>,
}

impl Emulator {
    /// Its URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }
    /// Where it listens.
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }
    /// The seed of its ids.
    pub fn seed(&self) -> u64 {
        self.wired.seed
    }
    /// Its worlds.
    pub fn worlds(&self) -> &Arc<Worlds> {
        &self.wired.worlds
    }
    /// The world of plain requests.
    pub fn main(&self) -> Option<Arc<World>> {
        self.wired.worlds.find(&WorldName::main())
    }
    /// One line for each surface: where it answers.
    pub fn banner(&self) -> Vec<String> {
        self.wired
            .router
            .surfaces()
            .iter()
            .map(|s| format!("{:<24}{}", s.name, (s.banner)(&self.url)))
            .collect()
    }
    /// Stops: no new connections, requests in flight finish, then deliveries in flight finish; what does not within
    /// ten seconds each is cut and named.
    pub async fn stop(mut self) -> Left {
        self.stopping.store(true, Ordering::Release);
        // Streams and long waits of the control API end now.
        for world in self.wired.worlds.all() {
            world.nudge();
        }
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let mut left = Left::default();
        if let Some(serving) = self.serving.take()
            && let Ok(stopped) = serving.await
        {
            left.connections = stopped.cut;
        }
        let posts = self.wired.outboxes.all();
        if tokio::time::timeout(GRACE, self.wired.outboxes.finish()).await.is_err() {
            for (world, post) in posts {
                let cut = post.unfinished().into_iter().filter(|r| r.status == DeliveryStatus::InFlight);
                left.deliveries.extend(cut.map(|record| {
                    format!("{} of world {world} to {}", record.id, record.delivery.shown_url)
                }));
            }
        }
        left
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        for world in self.wired.worlds.all() {
            world.close();
        }
        if let Some(serving) = &self.serving {
            serving.abort();
        }
        // The router and its transport hold each other, so that the folder of git objects would outlive this.
        self.wired.git.close();
    }
}
