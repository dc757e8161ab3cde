//! `zipdeploy`.

use super::deployments::RETRY_AFTER_SECS;
use super::{Answer, Ask};
use crate::domain::hook_url::HookUrl;
use crate::domain::lifecycle::{Push, Pushed};
use crate::domain::package::Package;
use crate::domain::time;
use crate::error::{Error, Fault, Refusal};
use crate::ops::zip_deploy::{NoteDeliveries, PreparePackage, ReleaseLock, ZipDeploy, ZipPush};
use crate::store::{KuduStore, Lock};
use crate::wire::answer::{empty, with};
use crate::wire::query::Query;
use crate::wire::{body as bodies, spool};
use http::header::{HeaderName, LOCATION, RETRY_AFTER};
use parhelion_http::Body;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;

/// Tells the deployment's id when the client asked for it.
const DEPLOYMENT_ID: HeaderName = HeaderName::from_static("scm-deployment-id");

/// What the query says.
struct Options {
    push: Push,
    is_async: bool,
    tracked: bool,
}

impl Options {
    fn of(query: &Query) -> Result<Options, Refusal> {
        let text = |name: &str| query.get(name).unwrap_or_default().to_owned();
        let or =
            |name: &str, usual: &str| query.get(name).filter(|t| !t.is_empty()).unwrap_or(usual).to_owned();
        let tracked = query.flag("trackDeploymentProgress")?;
        let push = Push {
            receiving: "Deploying from pushed zip file",
            author: text("author"),
            author_email: text("authorEmail"),
            deployer: or("deployer", "ZipDeploy"),
            message: or("message", "Created via a push deployment"),
            clean: query.flag("clean")?,
            dashed_id: tracked,
        };
        Ok(Options { push, is_async: query.flag("isAsync")?, tracked })
    }
}

/// `POST zipdeploy` and `PUT zipdeploy`.
///
/// Synchronous: answers when the hooks have been told. Asynchronous: answers when the deployment stands; the
/// package is unpacked before that, so a corrupt one shows in `latest` at once.
pub async fn zip_deploy(ask: Ask, body: Body) -> Answer {
    let options = Options::of(&ask.query)?;
    ask.release_stale_lock()?;
    if ask.lock_is_held() {
        // Its facts stay in the journal; between the two looks it may have become free.
        if let Err(conflict) = ask.write::<PreparePackage>(()) {
            spool::discard(body).await?;
            return Err(conflict);
        }
    }
    if bodies::media_type(&ask.headers).eq_ignore_ascii_case("application/json") {
        return Err(package_uri(&bodies::whole(body).await?).into());
    }
    let spooled = spool::receive(body).await?;
    let max_bytes = ask.settings.max_unzip_bytes;
    let unpacked = tokio::task::spawn_blocking(move || Package::read(spooled, max_bytes));
    let package = unpacked.await.map_err(|_| Refusal::Internal)?;

    ask.release_stale_lock()?;
    let deployer = options.push.deployer.clone();
    let input = ZipPush { push: options.push, package, settings: Arc::clone(&ask.settings) };
    let done = ask.write::<ZipDeploy>(input)?;
    if let (Pushed::Deployed { id, .. }, false) = (&done.value, done.deliveries.is_empty()) {
        ask.write::<NoteDeliveries>((id.clone(), done.deliveries.clone()))?;
    }
    let answer = if options.is_async {
        let deployer = utf8_percent_encode(&deployer, NON_ALPHANUMERIC);
        let time = time::in_query(ask.world.clock.now());
        let poll = format!("{}/api/deployments/latest?deployer={deployer}&time={time}", ask.place.root);
        with(with(empty(202), LOCATION, &poll), RETRY_AFTER, RETRY_AFTER_SECS)
    } else {
        ask.settled(&done.deliveries).await;
        empty(200)
    };
    match &done.value {
        Pushed::NoPackage(error) if !options.is_async => Err(Error::Package(error.clone()).into()),
        Pushed::Deployed { id, .. } if options.tracked => Ok(with(answer, DEPLOYMENT_ID, id)),
        _ => Ok(answer),
    }
}

/// What is wrong with a body that names a package instead of being one.
fn package_uri(bytes: &bytes::Bytes) -> Error {
    let json: Option<serde_json::Value> =
        bodies::text(bytes).and_then(|text| serde_json::from_str(&text).ok());
    let member = json.as_ref().and_then(|json| json.as_object()).and_then(|members| {
        members.iter().find(|(name, _)| name.eq_ignore_ascii_case("packageUri")).map(|(_, value)| value)
    });
    let given = member.and_then(|value| value.as_str()).unwrap_or_default().trim();
    match HookUrl::parse(given) {
        Some(url) if url.is_http() => Error::FetchPackage,
        _ => Error::PackageUri { given: given.to_owned() },
    }
}

impl Ask {
    fn lock_is_held(&self) -> bool {
        self.world.shelf::<KuduStore>().load(&self.site).store.lock.is_some()
    }
    /// Releases a lock whose deliveries are all over without a report: a restore or rollback took them away.
    /// Whoever looks at the site's deployments asks for it first, or would wait for ever.
    pub(super) fn release_stale_lock(&self) -> Result<(), Fault> {
        let version = self.world.shelf::<KuduStore>().load(&self.site);
        let is_over = |lock: &&Lock| match lock.deliveries.as_slice() {
            // Taken back to the moment before their numbers were noted: they are over when nothing is being sent.
            [] => matches!(self.world.delivery_counts(), (0, 0, _)),
            deliveries => self.all_over(deliveries),
        };
        if let Some(lock) = version.store.lock.as_ref().filter(is_over) {
            self.write::<ReleaseLock>(lock.deliveries.clone())?;
        }
        Ok(())
    }
}
