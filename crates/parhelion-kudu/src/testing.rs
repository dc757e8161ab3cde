//! What this crate's tests share: a site without a server, zips, requests to the service.

use crate::Settings;
use crate::store::{KuduStore, Site};
use parhelion_core::{Call, ErrorClass, Timestamp, WorldName};
use parhelion_http::{Body, Head, Named, Surface};
use parhelion_state::testing::{Recorded, Sent};
use parhelion_state::{Committed, Ids, Operation, Tx, World, Worlds};
use std::io::{Cursor, Write};
use std::sync::Arc;
use tower::ServiceExt;
use zip::write::{SimpleFileOptions, ZipWriter};

/// The writer of test zips.
pub type Writer = ZipWriter<Cursor<Vec<u8>>>;

/// A zip as a test writes it.
pub fn zip_with(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    write(&mut zip);
    zip.finish().unwrap().into_inner()
}

/// A zip of these files; a name that ends with a slash is a folder.
pub fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
    zip_with(|zip| {
        for (name, content) in files {
            if name.ends_with('/') {
                zip.add_directory(*name, SimpleFileOptions::default()).unwrap();
            } else {
                zip.start_file(*name, SimpleFileOptions::default()).unwrap();
                zip.write_all(content.as_bytes()).unwrap();
            }
        }
    })
}

/// One site in a world of its own.
pub struct Fixture {
    world: Arc<World>,
    outbox: Arc<Recorded>,
    site: Site,
}

impl Fixture {
    pub fn new() -> Self {
        let (world, outbox) = parhelion_state::testing::world(1, crate::shelves(&Arc::default()));
        Fixture { world, outbox, site: "site".parse().unwrap() }
    }
    pub fn write<O: Operation<Store = KuduStore>>(
        &self,
        input: O::Input,
    ) -> Result<Committed<O::Output>, O::Error> {
        let shelf = self.world.shelf::<KuduStore>();
        shelf.write(&self.site, &Call::default(), |store, tx| O::run(store, input, tx))
    }
    /// Changes the store by hand.
    pub fn change(&self, change: impl FnOnce(&mut KuduStore)) {
        let shelf = self.world.shelf::<KuduStore>();
        let done = shelf.write(&self.site, &Call::default(), |store, _: &mut Tx<'_>| {
            change(store);
            Ok::<_, ()>(())
        });
        done.unwrap();
    }
    pub fn read<T>(&self, look: impl FnOnce(&KuduStore) -> T) -> T {
        self.world.shelf::<KuduStore>().read(&self.site, &Call::default(), |store, _| look(store))
    }
    pub fn exists(&self) -> bool {
        self.world.shelf::<KuduStore>().exists(&self.site)
    }
    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }
    pub fn sent(&self) -> Vec<Sent> {
        self.outbox.sent()
    }
    /// Settles the n-th delivery.
    pub fn settle(&self, n: usize, outcome: Result<u16, ErrorClass>) {
        let id = self.sent()[n].id;
        self.outbox.settle(&self.world, id, outcome, b"");
    }
    /// The facts in the journal, oldest first.
    pub fn facts(&self) -> Vec<String> {
        self.world
            .entries(0, usize::MAX, |_| true)
            .iter()
            .map(|e| e.fact.to_string())
            .filter(|f| !f.is_empty())
            .collect()
    }
}

/// The surface over one world, without a socket.
pub struct Server {
    pub world: Arc<World>,
    pub outbox: Arc<Recorded>,
    pub surface: Surface,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: String,
    /// The body as it came, also when it is no text.
    pub bytes: bytes::Bytes,
    pub named: Named,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
    /// Status and body, for a comparison at one glance.
    pub fn pair(&self) -> (u16, &str) {
        (self.status, &self.body)
    }
}

/// A media type for bodies.
pub const JSON: &str = "application/json";

impl Server {
    pub fn new() -> Server {
        Server::with(Settings::default())
    }
    pub fn with(settings: Settings) -> Server {
        let settings = Arc::new(settings);
        let (world, outbox) = parhelion_state::testing::world(1, crate::shelves(&settings));
        let git = parhelion_git::GitHost::temporary(parhelion_git::GitSettings::default()).unwrap();
        let only = world.clone();
        let worlds = Worlds::new(Ids::seeded(1), Box::new(move |_| only.clone()));
        Server { world, outbox, surface: crate::surface(worlds, Arc::new(git), settings, download()) }
    }
    /// Sends a request to `http://127.0.0.1:4600{path}`, or with `host/path` to that host.
    pub async fn call(&self, method: &str, target: &str, media_type: &str, body: impl Into<Body>) -> Reply {
        let headers = [("content-type", media_type)];
        self.call_with(method, target, &headers[usize::from(media_type.is_empty())..], body).await
    }
    /// The same with any headers.
    pub async fn call_with(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let (host, path) = match target.split_at(target.find('/').unwrap()) {
            ("", path) => ("127.0.0.1:4600", path),
            named => named,
        };
        let head = Head {
            world: WorldName::main(),
            base: format!("http://{host}"),
            original_uri: path.parse().unwrap(),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            request_id: "0191".to_owned(),
            cause: 0,
        };
        let mut request = http::Request::builder().method(method).uri(path).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, body) = request.body(body.into()).unwrap().into_parts();
        parts.extensions.insert(head);
        assert!((self.surface.claims)(&parts), "{target}");
        let answer =
            self.surface.service.clone().oneshot(http::Request::from_parts(parts, body)).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = parhelion_http::read_body(body, 100_000_000).await.unwrap();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            bytes: body,
            named: parts.extensions.get().cloned().unwrap_or_default(),
        }
    }
    pub async fn get(&self, target: &str) -> Reply {
        self.call("GET", target, "", Body::empty()).await
    }
    pub async fn post(&self, target: &str, json: &serde_json::Value) -> Reply {
        self.call("POST", target, JSON, json.to_string()).await
    }
    /// Waits until that many deliveries were made in all.
    pub async fn sent(&self, count: usize) -> Vec<Sent> {
        let mut changes = self.world.changes();
        loop {
            changes.borrow_and_update();
            let sent = self.outbox.sent();
            if sent.len() >= count {
                return sent;
            }
            changes.changed().await.unwrap();
        }
    }
    /// Settles the n-th delivery.
    pub fn settle(&self, n: usize, outcome: Result<u16, ErrorClass>) {
        let id = self.outbox.sent()[n].id;
        self.outbox.settle(&self.world, id, outcome, b"");
    }
}

/// An address has a zip with one file when it ends with `.zip`, nothing otherwise.
fn download() -> crate::Download {
    Arc::new(|url, _| {
        Box::pin(async move {
            let zip = bytes::Bytes::from(zip_of(&[("fetched.txt", "1")]));
            url.ends_with(".zip").then_some(zip).ok_or_else(|| "it answered 404".to_owned())
        })
    })
}
