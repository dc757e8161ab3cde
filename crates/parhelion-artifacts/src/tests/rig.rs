//! A store that does nothing but keep buckets, and requests to it.

use crate::budget::Budget;
use crate::{Buckets, Caller, Change, Error, Look, Mount, Put, Result, serve};
use http::HeaderMap;
use parhelion_core::{Call, TenantKey};
use parhelion_http::{Body, Head};
use parhelion_state::{AnyTable, Shelf, Store, Tx, World, testing};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct One;
impl std::fmt::Display for One {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("one")
    }
}
impl std::str::FromStr for One {
    type Err = ();
    fn from_str(text: &str) -> std::result::Result<One, ()> {
        if text == "one" { Ok(One) } else { Err(()) }
    }
}
impl TenantKey for One {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alone(pub Buckets);
impl Store for Alone {
    const SURFACE: &'static str = "alone";
    const NAME: &'static str = "alone";
    const VERSION: u32 = 1;
    type Key = One;
    type Mail = Infallible;
    fn new(_: &One) -> Self {
        Alone(Buckets::default())
    }
    fn on_mail(&mut self, mail: Infallible, _: &mut Tx<'_>) {
        match mail {}
    }
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        self.0.tables()
    }
    fn check(&self) {
        self.0.check();
    }
}

pub struct Rig {
    pub world: Arc<World>,
    pub budget: Arc<Budget>,
    pub puts: Mutex<Vec<Put>>,
    pub refusals: Mutex<Vec<(&'static str, &'static str)>>,
    runtime: tokio::runtime::Runtime,
}

impl Mount for Rig {
    fn look(&self, call: &Call, turn: Look<'_>) {
        self.world.shelf::<Alone>().read(&One, call, |store, _| turn(&store.0));
    }
    fn change(&self, call: &Call, turn: Change<'_>) -> Result<()> {
        let done = self.world.shelf::<Alone>().write(&One, call, |store, tx| {
            turn(&mut store.0, tx)?;
            Ok::<_, Error>(store.0.take_news())
        });
        self.puts.lock().extend(done?.value);
        Ok(())
    }
    fn budget(&self) -> Arc<Budget> {
        self.budget.clone()
    }
    fn refused(&self, operation: &'static str, _: &Call, error: &Error) {
        self.refusals.lock().push((operation, error.code()));
    }
    fn tenant(&self) -> String {
        "one".to_owned()
    }
}

/// An answer, read.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub operation: String,
}

impl Answer {
    pub fn want(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
    /// The texts of all elements of a name.
    pub fn all(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let pieces = text.split(&open).skip(1);
        pieces.map(|piece| piece.split(&close).next().unwrap().to_owned()).collect()
    }
    pub fn one(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_default()
    }
    pub fn code(&self) -> String {
        self.one("Code")
    }
}

impl Rig {
    pub fn new() -> Rig {
        let (world, _) = testing::world(1, vec![Arc::new(Shelf::<Alone>::default())]);
        Rig {
            world,
            budget: Budget::limited(64 << 20, None),
            puts: Mutex::default(),
            refusals: Mutex::default(),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
        }
    }
    /// With a bucket `b`.
    pub fn with_bucket() -> Rig {
        let rig = Rig::new();
        rig.ask("PUT", "/b-1", &[], b"").want(200);
        rig
    }
    pub fn ask(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.ask_as("000000000000", method, uri, headers, body)
    }
    pub fn ask_as(
        &self,
        account: &str,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request = http::Request::builder().method(method).uri(uri).header("host", "127.0.0.1:4600");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_vec())).unwrap();
        let head = Head {
            world: parhelion_core::WorldName::main(),
            base: "http://127.0.0.1:4600".into(),
            original_uri: request.uri().clone(),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            request_id: "r-1".into(),
            cause: 0,
        };
        let call = head.call();
        request.extensions_mut().insert(head);
        let caller = Caller { account: account.into(), region: "eu-west-1".into() };
        self.runtime.block_on(async {
            let response = serve(request, &caller, &call, self).await;
            let (parts, body) = response.into_parts();
            let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes().to_vec();
            let named = parts.extensions.get::<parhelion_http::Named>().cloned().unwrap_or_default();
            Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body,
                operation: named.operation.into_owned(),
            }
        })
    }
}
