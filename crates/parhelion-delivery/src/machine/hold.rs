//! What a test's author does to deliveries: hold them back, let them go, send them again.

use super::Machine;
use crate::url::Url;
use parhelion_core::DeliveryStatus::{Held, Queued};
use parhelion_core::{Delivery, DeliveryId, Hindrance, Owner, Seq, Timestamp};

/// Why a delivery is not sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// No such delivery.
    #[error("there is no delivery {0}, or it is no longer kept")]
    Unknown(DeliveryId),
    /// It is kept without its body.
    #[error("the body of delivery {0} is no longer kept, so it cannot be sent again")]
    BodyGone(DeliveryId),
    /// The other URL is none.
    #[error("{0}")]
    BadUrl(String),
}

/// Which of the held deliveries are let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The oldest ones.
    Count(usize),
    /// This one, also past older ones of its line that stay held: to bring about what arrives out of order.
    One(DeliveryId),
}

impl Machine {
    /// From now on new deliveries are held, and so is what is queued. What is under way ends.
    pub fn pause(&mut self) {
        self.paused = true;
        for id in self.matching(&self.unfinished, |_| true) {
            self.change(id, |record| {
                record.released = false;
                if record.status == Queued {
                    record.status = Held;
                }
            });
        }
    }

    /// Ends the pause; the number of deliveries that were held.
    pub fn resume(&mut self) -> usize {
        self.paused = false;
        self.let_go(self.matching(&self.held, |_| true))
    }

    /// Lets held deliveries go while the pause goes on; how many there were. Their retries are not held.
    pub fn release(&mut self, which: Release) -> usize {
        self.let_go(match which {
            Release::Count(n) => self.held.iter().take(n).copied().collect(),
            Release::One(id) => self.held.get(&id.0).copied().into_iter().collect(),
        })
    }

    fn let_go(&mut self, ids: Vec<u64>) -> usize {
        let paused = self.paused;
        for id in &ids {
            self.change(*id, |record| {
                record.released = paused;
                record.status = Queued;
            });
        }
        ids.len()
    }

    /// Whether a delivery can be sent again, to that URL if one is given.
    pub fn can_replay(&self, id: DeliveryId, url: Option<&str>) -> Result<(), ReplayError> {
        self.repeated(id, url).map(drop)
    }

    fn repeated(&self, id: DeliveryId, url: Option<&str>) -> Result<(Owner, Delivery), ReplayError> {
        let record = self.get(id).ok_or(ReplayError::Unknown(id))?;
        if record.request_gone {
            return Err(ReplayError::BodyGone(id));
        }
        let mut delivery = record.delivery.clone();
        if let Some(url) = url {
            delivery.shown_url = Url::parse(url).map_err(ReplayError::BadUrl)?.requested();
            delivery.url = url.to_owned();
        }
        Ok((record.owner.clone(), delivery))
    }

    /// Sends a delivery again, as a new one; to another URL if one is given.
    pub fn replay(
        &mut self,
        id: DeliveryId,
        url: Option<&str>,
        cause: Seq,
        now: Timestamp,
    ) -> Result<DeliveryId, ReplayError> {
        let (owner, delivery) = self.repeated(id, url)?;
        Ok(self.enqueue_as(owner, cause, delivery, Some(id), Hindrance::default(), now))
    }
}
