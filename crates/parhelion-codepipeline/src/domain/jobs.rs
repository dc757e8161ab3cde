//! Jobs: what a worker is given to do, and the rules of handing them out (section 7 of the specification).
//!
//! A partner's job is found from every account and guarded by its client's token; a customer's, and one that a
//! function does, belong to the caller's tenant.

pub mod data;
pub mod report;
pub mod why;

use super::engine::{
    Engine, Input,
    records::{JobId, Key},
};
use super::{catalogue::Run, place::Place};
use crate::error::{Error, Result};
use crate::shapes::{ActionTypeId, JobStatus};
use crate::store::CodePipelineStore;
use chrono::TimeDelta;
use parhelion_core::Timestamp;
use parhelion_state::{Handle, Tx, World};
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// How long a job that was handed out stays hidden from other polls, seconds of the emulator's clock.
// CHOICE: AWS hands an unacknowledged job out again and does not say when.
pub const DISPATCH_SECS: i64 = 30;
/// The most jobs that one poll gets.
// CHOICE: the model bounds the batch size below only; everything has a bound here.
pub const BATCH_MAX: usize = 1000;
/// The token of every client that was not given another.
// OBSERVED: the constant of AWS's reference worker, so that it runs unchanged.
pub const DEFAULT_CLIENT_TOKEN: &str = "DEFAULT_CLIENT_TOKEN";

/// A piece of work for a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The run of the action that it is for.
    pub run: Key,
    /// What type of action that is.
    pub action_type: ActionTypeId,
    /// When it was queued first.
    pub created: Timestamp,
    /// Its place among all jobs of the tenant.
    pub number: u64,
    /// Where it stands.
    pub state: JobState,
    /// What the worker said when it wanted to be asked again.
    pub continuation: Option<String>,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// Polls do not see it yet; from then on they do, or once it is stepped.
    Created {
        /// When it is queued.
        until: Option<Timestamp>,
    },
    /// Polls see it.
    Queued,
    /// A worker was given it and has not taken it on yet.
    Dispatched {
        /// What the worker must show.
        nonce: String,
        /// When it is queued again.
        until: Timestamp,
    },
    /// A worker has taken it on.
    InProgress {
        /// What the worker showed.
        nonce: String,
    },
    /// The worker did its part.
    Succeeded,
    /// The worker could not do it.
    Failed,
    /// The action's time ran out.
    TimedOut,
    /// The action is no longer wanted.
    Abandoned,
}

impl JobState {
    /// The state's name, as shown.
    pub fn name(&self) -> &'static str {
        match self {
            JobState::Created { .. } => "Created",
            JobState::Queued => "Queued",
            JobState::Dispatched { .. } => "Dispatched",
            JobState::InProgress { .. } => "InProgress",
            JobState::Succeeded => "Succeeded",
            JobState::Failed => "Failed",
            JobState::TimedOut => "TimedOut",
            JobState::Abandoned => "Abandoned",
        }
    }
    /// The state in the API's words, which know no abandoned jobs.
    pub fn status(&self) -> JobStatus {
        match self {
            JobState::Created { .. } => JobStatus::Created,
            JobState::Queued => JobStatus::Queued,
            JobState::Dispatched { .. } => JobStatus::Dispatched,
            JobState::InProgress { .. } => JobStatus::InProgress,
            JobState::Succeeded => JobStatus::Succeeded,
            // CHOICE: an abandoned job shows as failed.
            JobState::Failed | JobState::Abandoned => JobStatus::Failed,
            JobState::TimedOut => JobStatus::TimedOut,
        }
    }
    /// Whether nothing further will happen to it.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::TimedOut | Self::Abandoned)
    }
    /// Whether nobody has taken it on yet.
    pub fn is_idle(&self) -> bool {
        matches!(self, Self::Created { .. }) || self.is_open()
    }
    /// Whether it waits for somebody to take it on.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Queued | Self::Dispatched { .. })
    }
    /// Whether a worker has taken it on.
    pub fn is_in_progress(&self) -> bool {
        matches!(self, Self::InProgress { .. })
    }
    /// The nonce that was handed out last, while it means something.
    pub fn nonce(&self) -> Option<&str> {
        match self {
            Self::Dispatched { nonce, .. } | Self::InProgress { nonce } => Some(nonce),
            _ => None,
        }
    }
    /// Whether this nonce takes it on.
    pub fn admits(&self, given: &str) -> bool {
        // Not a secret that one could guess at: a job's id comes with it, and the client's token guards both.
        matches!(self, Self::Dispatched { nonce, .. } if nonce == given)
    }
}

/// An action type as one text: the key of its queue.
pub fn queue_of(action_type: &ActionTypeId) -> String {
    let ActionTypeId { category, owner, provider, version } = action_type;
    format!("{owner}/{category}/{provider}/{version}")
}

impl Engine {
    /// The jobs of a type that a poll may hand out now, the oldest first.
    pub fn open_jobs(
        &self,
        action_type: &ActionTypeId,
        now: Timestamp,
    ) -> impl Iterator<Item = (JobId, &Job)> {
        self.waiting_jobs(action_type).filter(move |(_, job)| match &job.state {
            JobState::Queued => true,
            // A clock that just passed the time may not have brought the job back yet.
            JobState::Dispatched { until, .. } => *until <= now,
            _ => false,
        })
    }

    /// The jobs of a type that nobody has taken on yet, those that were handed out too, the oldest first.
    pub fn waiting_jobs(&self, action_type: &ActionTypeId) -> impl Iterator<Item = (JobId, &Job)> {
        let queue = queue_of(action_type);
        let queued = self.queue.range((queue.clone(), 0)..=(queue, u64::MAX));
        queued.filter_map(|(_, id)| Some((**id, &**self.jobs.get(&**id)?)))
    }
}

impl Engine {
    /// Whether the jobs of a type are done by a partner's worker: found from every account, guarded by a token.
    pub fn is_partners(&self, id: &ActionTypeId) -> bool {
        self.kind_ever(id).is_some_and(|kind| kind.run == Run::ThirdPartyJob)
    }
}

/// A job by its id as a worker writes it. A uuid can be written in several ways; an id is one text.
fn parse(id: &str) -> Option<JobId> {
    id.parse::<JobId>().ok().filter(|job| job.to_string() == id)
}

/// A job of this tenant that is no partner's: a customer's worker or a function does it.
///
/// # Errors
/// `JobNotFoundException`, also for a partner's job.
pub fn own<'a>(store: &'a CodePipelineStore, id: &str) -> Result<(JobId, &'a Job)> {
    let found = parse(id).and_then(|job| Some((job, &**store.engine.jobs.get(&job)?)));
    // CHOICE: a partner's job is not found here.
    let found = found.filter(|(_, job)| !store.engine.is_partners(&job.action_type));
    found.ok_or_else(|| Error::JobNotFound { id: id.to_owned() })
}

/// As [`own`], of a job that is in progress.
///
/// # Errors
/// Also `InvalidJobStateException`.
pub fn own_in_progress<'a>(store: &'a CodePipelineStore, id: &str) -> Result<(JobId, &'a Job)> {
    let (id, job) = own(store, id)?;
    if job.state.is_in_progress() {
        Ok((id, job))
    } else {
        Err(Error::InvalidJobState { id: id.to_string(), state: job.state.name() })
    }
}

/// Where a third-party job is, by its id as a worker writes it.
///
/// # Errors
/// `JobNotFoundException`.
pub fn locate(world: &World, id: &str) -> Result<(Place, JobId)> {
    let found = parse(id).and_then(|job| {
        let (owner, _) = world.find(&handle(job))?;
        Some((owner.tenant.parse().ok()?, job))
    });
    found.ok_or_else(|| Error::JobNotFound { id: id.to_owned() })
}

/// A third-party job of this tenant, asked for with a client's token.
///
/// # Errors
/// `JobNotFoundException`, `InvalidClientTokenException`.
pub fn authorized<'a>(store: &'a CodePipelineStore, id: JobId, token: &str) -> Result<&'a Job> {
    let job = store.engine.jobs.get(&id).ok_or_else(|| Error::JobNotFound { id: id.to_string() })?;
    let expected = store.client_token(&job.action_type.provider);
    if bool::from(expected.as_bytes().ct_eq(token.as_bytes())) {
        Ok(job)
    } else {
        Err(Error::InvalidClientToken { id: id.to_string() })
    }
}

/// As [`authorized`], of a job that is in progress.
///
/// # Errors
/// Also `InvalidJobStateException`.
pub fn in_progress<'a>(store: &'a CodePipelineStore, id: JobId, token: &str) -> Result<&'a Job> {
    let job = authorized(store, id, token)?;
    if job.state.is_in_progress() {
        Ok(job)
    } else {
        Err(Error::InvalidJobState { id: id.to_string(), state: job.state.name() })
    }
}

/// A nonce: 20 decimal digits that nobody can foresee.
pub fn nonce(tx: &mut Tx<'_>) -> String {
    let digits = tx.secret("nonce").into_iter().take(20).enumerate();
    // The first is no 0, so that the text keeps its length as a number too.
    digits.map(|(n, b)| char::from(b'0' + if n == 0 { b % 9 + 1 } else { b % 10 })).collect()
}

/// Hands a job to a worker and gives its nonce.
pub fn dispatch(store: &mut CodePipelineStore, id: JobId, tx: &mut Tx<'_>) -> String {
    let nonce = nonce(tx);
    let until = tx.now() + TimeDelta::seconds(DISPATCH_SECS);
    store.step(Input::Dispatch(id, nonce.clone(), until), tx);
    nonce
}

/// The name by which a third-party job is found, whatever account asks.
pub fn handle(job: JobId) -> Handle {
    Handle::new("codepipeline.job", job.to_string())
}

/// The id of a partner's client in an account: the same in every run and region.
// CHOICE: AWS does not say how a client id comes about.
pub fn client_id(account: &str, provider: &str) -> String {
    let digest = Sha1::digest(format!("third-party client\0{account}\0{provider}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_sha1_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_nonce_of_the_last_dispatch_admits() {
        let state = JobState::Dispatched { nonce: "12".into(), until: Timestamp::UNIX_EPOCH };
        assert!(state.admits("12") && !state.admits("13") && state.is_open());
        let taken = JobState::InProgress { nonce: "12".into() };
        for state in [JobState::Queued, taken, JobState::Succeeded] {
            assert!(!state.admits("12"));
        }
    }

    #[test]
    fn a_client_id_is_stable_and_one_for_each_account_and_provider() {
        let id = client_id("000000000000", "TeamCity");
        assert_eq!(id, client_id("000000000000", "TeamCity"));
        assert_ne!(id, client_id("000000000001", "TeamCity"));
        assert_ne!(id, client_id("000000000000", "Snyk"));
        assert!(id.parse::<uuid::Uuid>().is_ok());
    }
}
