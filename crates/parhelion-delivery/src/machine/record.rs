//! What is kept of a delivery.

use crate::attempt::AttemptRecord;
use parhelion_core::{Delivery, DeliveryId, DeliveryStatus, ErrorClass, Owner, Seq, Settled, Timestamp};

/// A delivery with its standing and all its attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its number.
    pub id: DeliveryId,
    /// Whose it is.
    pub owner: Owner,
    /// The journal entry that led to it.
    pub cause: Seq,
    /// What is sent. Its body is empty when `body_gone`.
    pub delivery: Delivery,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When the next attempt falls due (or, in flight, fell due); of no meaning once final.
    pub due_at: Timestamp,
    /// When it became final by an outcome.
    pub settled_at: Option<Timestamp>,
    /// The delivery that this one repeats.
    pub replay_of: Option<DeliveryId>,
    /// The settled attempts, in order.
    pub attempts: Vec<AttemptRecord>,
    /// When the attempt that is under way began.
    pub sent_at: Option<Timestamp>,
    /// Its journal entry, once it is written.
    pub(crate) attempt_seq: Seq,
    /// Why it was never attempted.
    pub refused: Option<String>,
    /// The bodies were let go, for the sake of newer ones: of the request and of all answers.
    pub body_gone: bool,
    /// The same of the request's alone: it cannot be sent again.
    pub(crate) request_gone: bool,
    /// Let go by hand while deliveries are paused: its further attempts are not held either.
    pub(crate) released: bool,
    /// `scheme://host:port`: what connections are counted by.
    pub(crate) origin: std::sync::Arc<str>,
}

impl Record {
    /// How many attempts the policy allows.
    pub fn attempts_allowed(&self) -> u32 {
        u32::try_from(self.delivery.policy.schedule_secs.len()).unwrap_or(u32::MAX).saturating_add(1)
    }
    /// Why it failed last: class and message.
    pub fn error(&self) -> Option<(ErrorClass, &str)> {
        if let Some(why) = &self.refused {
            return Some((ErrorClass::NotAllowed, why));
        }
        self.attempts.last()?.outcome.error.as_ref().map(|(class, message)| (*class, message.as_str()))
    }
    /// What its line is called: deliveries of one owner with the same key go one after the other.
    pub(super) fn line(&self) -> Option<(Owner, String)> {
        self.delivery.order.clone().map(|key| (self.owner.clone(), key))
    }
    /// Bytes of bodies that it holds.
    pub(super) fn body_bytes(&self) -> usize {
        let answers = |a: &AttemptRecord| {
            a.outcome.exchanges.iter().filter_map(|e| e.answer.as_ref()).map(|a| a.body.len()).sum::<usize>()
        };
        self.delivery.body.len() + self.attempts.iter().map(answers).sum::<usize>()
    }
    /// Lets the bodies go.
    pub(super) fn forget_bodies(&mut self) {
        self.body_gone |= self.body_bytes() > 0;
        self.request_gone |= !self.delivery.body.is_empty();
        self.delivery.body = bytes::Bytes::new();
        for attempt in &mut self.attempts {
            for exchange in &mut attempt.outcome.exchanges {
                exchange.body = bytes::Bytes::new();
                if let Some(answer) = &mut exchange.answer {
                    answer.body = bytes::Bytes::new();
                }
            }
        }
    }
}

/// What the owner is to hear of: one settled attempt, or that no attempt will be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whose delivery.
    pub owner: Owner,
    /// The journal entry of the attempt; of what led to the delivery, where there was no attempt.
    pub cause: Seq,
    /// What the owner's store gets.
    pub settled: Settled,
    /// HTTP method.
    pub method: &'static str,
    /// The URL with its secrets masked.
    pub shown_url: String,
    /// What was asked on the way to the last answer, a sentence each: redirects, a challenge.
    pub detours: Vec<String>,
    /// How many attempts the policy allows.
    pub of: u32,
    /// When the next attempt falls due, if there is one.
    pub next_at: Option<Timestamp>,
    /// Real time of the attempt, milliseconds.
    pub took_ms: u64,
}
