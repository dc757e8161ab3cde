//! From a request to operations and back: the only place that knows both.

pub mod archive;
pub mod command;
pub mod commit;
pub mod deployments;
pub mod fetch;
pub mod functions;
pub mod git;
pub mod hooks;
pub mod logstream;
pub mod pushing;
pub mod settings;
pub mod site;
pub mod vfs;
pub mod webjobs;
pub mod zip_deploy;

use crate::error::{Fault, Refusal};
use crate::jobs::Download;
use crate::place::Place;
use crate::settings::Settings;
use crate::store::{KuduStore, Site};
use crate::wire::query::Query as QueryString;
use http::HeaderMap;
use parhelion_core::{Call, DeliveryId, Event, Verdict};
use parhelion_git::GitHost;
use parhelion_http::{Body, Response};
use parhelion_state::{Committed, Operation, Query, World};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

/// A request on its way to a handler, but for its body.
pub struct Ask {
    /// The world it is for.
    pub world: Arc<World>,
    /// Who asks.
    pub call: Call,
    /// The site it is for.
    pub site: Site,
    /// How the site was addressed.
    pub place: Place,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its query.
    pub query: QueryString,
    /// What stands in the `{…}` of its route, decoded.
    pub params: Vec<String>,
    /// The surface's settings.
    pub settings: Arc<Settings>,
    /// Where git objects are.
    pub git: Arc<GitHost>,
    /// Fetches what stands at an address.
    pub download: Download,
}

/// What a handler gives.
pub type Answer = Result<Response, Fault>;
/// A handler as the table holds it; the body comes unread.
pub type Handler = fn(Ask, Body) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

impl From<Infallible> for Fault {
    fn from(never: Infallible) -> Fault {
        match never {}
    }
}

impl Ask {
    /// What stands in the n-th `{…}`; empty when the route has none there.
    pub fn param(&self, n: usize) -> String {
        self.params.get(n).cloned().unwrap_or_default()
    }
    pub fn read<Q>(&self, input: Q::Input) -> Result<Q::Output, Fault>
    where
        Q: Query<Store = KuduStore>,
        Fault: From<Q::Error>,
    {
        let shelf = self.world.shelf::<KuduStore>();
        Ok(shelf.read(&self.site, &self.call, |store, view| Q::run(store, input, view))?)
    }
    pub fn write<O>(&self, input: O::Input) -> Result<Committed<O::Output>, Fault>
    where
        O: Operation<Store = KuduStore>,
        Fault: From<O::Error>,
    {
        let shelf = self.world.shelf::<KuduStore>();
        if !shelf.admits(&self.site) {
            return Err(Refusal::TooManySites.into());
        }
        Ok(shelf.write(&self.site, &self.call, |store, tx| O::run(store, input, tx))?)
    }
    /// Leaves a fact about a request that does not get as far as an operation. A site that does not exist stays so.
    pub fn note(&self, kind: &'static str, subject: &str, fact: &str) {
        let noted = Event::new(kind, subject).fact(fact).verdict(Verdict::Failed);
        let shelf = self.world.shelf::<KuduStore>();
        if shelf.admits(&self.site) {
            let _ = shelf.write(&self.site, &self.call, |_, tx| {
                tx.explain(noted);
                Err::<(), ()>(())
            });
        }
    }
    /// Waits until deliveries have come to their ends, whatever these are.
    pub async fn settled(&self, deliveries: &[DeliveryId]) {
        for id in deliveries {
            self.world.settled(*id).await;
        }
    }
    /// Whether all these deliveries are over.
    fn all_over(&self, deliveries: &[DeliveryId]) -> bool {
        let is_over = |id: &DeliveryId| {
            let mut wait = std::pin::pin!(self.world.settled(*id));
            wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        deliveries.iter().all(is_over)
    }
}
