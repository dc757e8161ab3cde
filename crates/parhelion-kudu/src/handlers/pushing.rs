//! What all ways of pushing share: making a package of a body, deploying it, and answering.

use super::deployments::RETRY_AFTER_SECS;
use super::{Answer, Ask};
use crate::domain::hook_url::HookUrl;
use crate::domain::lifecycle::Pushed;
use crate::domain::package::{Package, PackageError};
use crate::domain::{layout, time};
use crate::error::{Error, Fault, Refusal};
use crate::ops::zip_deploy::{
    FetchPackage, NoteDeliveries, PackageAt, PreparePackage, ReleaseLock, ZipDeploy, ZipPush,
};
use crate::store::{DeployStatus, KuduStore, Lock, Phase, Push};
use crate::wire::answer::{empty, with};
use crate::wire::package::{Shape, package};
use crate::wire::spool::Spooled;
use crate::wire::{body as bodies, spool};
use bytes::Bytes;
use http::header::{HeaderName, LOCATION, RETRY_AFTER};
use parhelion_core::DeliveryId;
use parhelion_http::Body;
use parhelion_state::Committed;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;

/// Tells the deployment's id when the client asked for it.
const DEPLOYMENT_ID: HeaderName = HeaderName::from_static("scm-deployment-id");

/// A push as it was asked for.
pub struct Wanted {
    /// What is deployed, but for its content.
    pub push: Push,
    /// What a body's bytes are.
    pub shape: Shape,
    /// Whether the answer comes before the deployment is over.
    pub is_async: bool,
    /// Whether the deployment's id is told.
    pub tracked: bool,
}

impl Ask {
    /// Deploys what a body holds or names.
    ///
    /// Synchronous: answers when the hooks have been told. Asynchronous: answers when the deployment stands; the
    /// package is unpacked before that, so a corrupt one shows in `latest` at once.
    pub async fn push(&self, wanted: Wanted, body: Body) -> Answer {
        self.release_stale_lock()?;
        if self.lock_number().is_some() {
            // Its facts stay in the journal; between the two looks it may have become free.
            if let Err(conflict) = self.write::<PreparePackage>(()) {
                spool::discard(body).await?;
                return Err(conflict);
            }
        }
        if bodies::media_type(&self.headers).eq_ignore_ascii_case("application/json") {
            let (url, below) = package_uri(&bodies::whole(body).await?)?;
            return self.push_from(wanted, url, below).await;
        }
        let spooled = spool::receive(body).await?;
        let package = self.unpacked(spooled, wanted.shape.clone()).await?;
        self.push_package(wanted, package).await
    }

    async fn unpacked(&self, spooled: Spooled, shape: Shape) -> Result<Result<Package, PackageError>, Fault> {
        let max_bytes = self.settings.max_unzip_bytes;
        let unpacked = tokio::task::spawn_blocking(move || package(spooled, &shape, max_bytes));
        Ok(unpacked.await.map_err(|_| Refusal::Internal)?)
    }

    /// Deploys a package.
    pub async fn push_package(&self, wanted: Wanted, package: Result<Package, PackageError>) -> Answer {
        self.release_stale_lock()?;
        let settings = Arc::clone(&self.settings);
        let done = self.write::<ZipDeploy>(ZipPush { push: wanted.push.clone(), package, settings })?;
        self.pushed(&wanted, done).await
    }

    /// Deploys a package that is fetched by its address.
    async fn push_from(&self, mut wanted: Wanted, url: String, below: Option<String>) -> Answer {
        if let (crate::store::Layout::Sync { below: folder, .. }, Some(path)) =
            (&mut wanted.push.layout, below.filter(|path| layout::under("", path).is_some()))
        {
            *folder = Some(path);
        }
        let Shape { unpack, at, keep_zip } = wanted.shape.clone();
        let push = wanted.push.clone();
        let done = self.write::<FetchPackage>(PackageAt { push, url, unpack, at, keep_zip })?;
        self.pushed(&wanted, done).await
    }

    async fn pushed(&self, wanted: &Wanted, done: Committed<Pushed>) -> Answer {
        let failed = self.outcome(&done, wanted.is_async).await?;
        let answer = match wanted.is_async {
            true => self.accepted(wanted.push.deployer.as_deref().unwrap_or_default()),
            false => empty(200),
        };
        match (failed, &done.value) {
            (Some(error), _) => Err(Error::Package(error).into()),
            (None, Pushed::Deployed { id, .. }) if wanted.tracked => Ok(with(answer, DEPLOYMENT_ID, id)),
            _ => Ok(answer),
        }
    }

    /// Waits for the end of a deployment, unless nobody does; why nothing could be deployed, if so and if somebody
    /// waited.
    pub async fn outcome(
        &self,
        done: &Committed<Pushed>,
        is_async: bool,
    ) -> Result<Option<PackageError>, Fault> {
        if let Pushed::Deployed { lock, status, .. } = &done.value
            && *status != DeployStatus::Building
            && !done.deliveries.is_empty()
        {
            self.write::<NoteDeliveries>((*lock, done.deliveries.clone()))?;
        }
        if is_async {
            return Ok(None);
        }
        Ok(match &done.value {
            Pushed::NoPackage(error) => Some(error.clone()),
            Pushed::Nothing => None,
            Pushed::Deployed { lock, .. } => {
                self.until_released(*lock).await?;
                None
            }
            Pushed::Fetching { temporary, lock } => {
                self.until_released(*lock).await?;
                self.why_not_fetched(temporary)
            }
        })
    }

    /// The answer to who does not wait.
    pub fn accepted(&self, deployer: &str) -> parhelion_http::Response {
        let deployer = utf8_percent_encode(deployer, NON_ALPHANUMERIC);
        let time = time::in_query(self.world.clock.now());
        let poll = format!("{}/api/deployments/latest?deployer={deployer}&time={time}", self.place.root);
        with(with(empty(202), LOCATION, &poll), RETRY_AFTER, RETRY_AFTER_SECS)
    }

    /// Why something could not be fetched: the record that stood for it stayed.
    fn why_not_fetched(&self, temporary: &str) -> Option<PackageError> {
        let version = self.world.shelf::<KuduStore>().load(&self.site);
        let (id, record) = version.store.deployment(temporary)?;
        if record.status != DeployStatus::Failed {
            return None;
        }
        let why = version.store.logs.get(id)?.first()?.details.last()?.message.clone();
        Some(PackageError::of_text(why))
    }

    /// The number of the lock that is held.
    pub fn lock_number(&self) -> Option<u64> {
        self.world.shelf::<KuduStore>().load(&self.site).store.lock.as_ref().map(|lock| lock.number)
    }

    /// Waits until a lock has been released, or the world ends.
    pub async fn until_released(&self, lock: u64) -> Result<(), Fault> {
        let mut changes = self.world.changes();
        loop {
            changes.borrow_and_update();
            self.release_stale_lock()?;
            let held = self.lock_number() == Some(lock);
            if !held || self.world.is_closed() || changes.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Releases a lock whose deliveries are all over without a report: a restore or rollback took them away.
    /// Whoever looks at the site's deployments asks for it first, or would wait for ever.
    pub fn release_stale_lock(&self) -> Result<(), Fault> {
        let version = self.world.shelf::<KuduStore>().load(&self.site);
        let Some(Lock { phase: Phase::Telling(telling), .. }) = &version.store.lock else { return Ok(()) };
        let over = match telling.deliveries.as_slice() {
            // Their numbers were never noted: they are over when nothing is being sent.
            [] => matches!(self.world.delivery_counts(), (0, 0, _)),
            deliveries => self.all_over(deliveries),
        };
        if over {
            self.write::<ReleaseLock>(telling.deliveries.clone())?;
        }
        Ok(())
    }

    /// Notes the deliveries of a deployment that another way than a push began.
    pub fn note_deliveries(&self, lock: u64, deliveries: &[DeliveryId]) -> Result<(), Fault> {
        if !deliveries.is_empty() {
            self.write::<NoteDeliveries>((lock, deliveries.to_vec()))?;
        }
        Ok(())
    }
}

/// The address in a body that names a package instead of being one, and the folder it is for.
pub fn package_uri(bytes: &Bytes) -> Result<(String, Option<String>), Error> {
    let json: Option<serde_json::Value> =
        bodies::text(bytes).and_then(|text| serde_json::from_str(&text).ok());
    let member = |name: &str| {
        let members = json.as_ref()?.as_object()?;
        let (_, value) = members.iter().find(|(member, _)| member.eq_ignore_ascii_case(name))?;
        value.as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let given = member("packageUri").unwrap_or_default();
    match HookUrl::parse(&given) {
        Some(url) if url.is_http() => Ok((given, member("targetPath"))),
        _ => Err(Error::PackageUri { given }),
    }
}
