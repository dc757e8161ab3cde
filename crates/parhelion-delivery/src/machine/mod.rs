//! The delivery machine: which delivery is attempted when, and what follows from an attempt. Pure: time is passed in,
//! nothing is sent. A value of persistent maps, so a checkpoint is a clone (O(1)) and every step is O(log n).
//!
//! Invariants, proved by `tests.rs` over random histories: in one line (owner and order key) at most one attempt is
//! under way and the oldest queued one goes first, its retries included; an attempt settles at most once; no number is
//! given twice, restores included; what is queued comes to its turn.

mod index;
mod record;
#[cfg(test)]
mod tests;

pub use record::{Record, Report};

use crate::attempt::{Attempt, AttemptId, AttemptRecord, Outcome};
use crate::url::Url;
use chrono::TimeDelta;
use imbl::{OrdMap, OrdSet, Vector};
use index::{Index, Records};
use parhelion_core::DeliveryStatus::{Cancelled, Failed, Held, InFlight, Queued, Succeeded};
use parhelion_core::{
    Delivery, DeliveryId, DeliveryStatus, ErrorClass, Owner, Seq, Settled, Timestamp, limits,
};
use std::sync::Arc;

/// Attempts of a world under way at the same time.
pub const IN_FLIGHT: usize = 256;
/// Attempts of a world under way at the same time to one host and port.
pub const IN_FLIGHT_PER_HOST: usize = 64;
/// Deliveries of a world that are not yet final.
pub const UNFINISHED: usize = 5_000;
/// Bytes of the bodies of all deliveries of a world that are not yet final.
pub const UNFINISHED_BODY_BYTES: usize = 256 * 1024 * 1024;

/// The machine's bounds; settings, so no part of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// [`IN_FLIGHT`].
    pub in_flight: usize,
    /// [`IN_FLIGHT_PER_HOST`].
    pub in_flight_per_host: usize,
    /// [`UNFINISHED`]: beyond it a delivery fails at once, with the reason.
    pub unfinished: usize,
    /// [`UNFINISHED_BODY_BYTES`]: the same.
    pub unfinished_body_bytes: usize,
    /// Final records kept ([`limits::DELIVERIES`]): they are dropped in the order in which they became final. What is
    /// unfinished is never dropped.
    pub kept: usize,
    /// Bytes of the bodies of final records ([`limits::KEPT_BODIES_BYTES`]): the oldest lose theirs and stay.
    pub kept_body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            in_flight: IN_FLIGHT,
            in_flight_per_host: IN_FLIGHT_PER_HOST,
            unfinished: UNFINISHED,
            unfinished_body_bytes: UNFINISHED_BODY_BYTES,
            kept: limits::DELIVERIES,
            kept_body_bytes: limits::KEPT_BODIES_BYTES,
        }
    }
}

/// What is to be done next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Make this attempt.
    Send(Box<Attempt>),
    /// Tell the owner.
    Report(Box<Report>),
    /// Nothing before that time, or before something changes.
    Wait(Timestamp),
    /// Nothing before something changes.
    Idle,
}

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

/// The outbox of one world.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    limits: Limits,
    records: Records,
    index: Index,
    unfinished: OrdSet<u64>,
    flying: OrdSet<u64>,
    held: OrdSet<u64>,
    /// Final ones that are kept, in the order in which they became so; and those of them that have their bodies still
    /// (its end).
    finals: Vector<u64>,
    with_bodies: Vector<u64>,
    unfinished_body_bytes: usize,
    kept_body_bytes: usize,
    /// Reports that no store has taken yet, in order; and up to which of them the driver has been given.
    reports: OrdMap<u64, Report>,
    reports_given: u64,
    paused: bool,
    dropped: u64,
    last: u64,
    last_report: u64,
    epoch: u64,
}

impl Machine {
    /// An empty machine with these bounds.
    pub fn new(limits: Limits) -> Self {
        Machine { limits, ..Machine::default() }
    }

    /// Takes a delivery. Beyond the bounds it fails at once, with a record and a report that say so.
    pub fn enqueue(&mut self, owner: Owner, cause: Seq, delivery: Delivery, now: Timestamp) -> DeliveryId {
        self.enqueue_as(owner, cause, delivery, None, now)
    }

    fn enqueue_as(
        &mut self,
        owner: Owner,
        cause: Seq,
        delivery: Delivery,
        replay_of: Option<DeliveryId>,
        now: Timestamp,
    ) -> DeliveryId {
        self.last += 1;
        let id = DeliveryId(self.last);
        let refused = self.full(delivery.body.len());
        let origin = Url::parse(&delivery.url).map(|u| u.origin()).unwrap_or_default();
        let status = match (&refused, self.paused) {
            (Some(_), _) => Failed,
            (None, true) => Held,
            (None, false) => Queued,
        };
        let mut record = Record {
            id,
            owner,
            cause,
            delivery,
            status,
            created_at: now,
            due_at: now,
            settled_at: None,
            replay_of,
            attempts: Vec::new(),
            sent_at: None,
            attempt_seq: 0,
            refused,
            body_gone: false,
            request_gone: false,
            released: false,
            origin: origin.into(),
        };
        if status == Failed {
            record.settled_at = Some(now);
            self.report(&record, now, now, None);
            record.forget_bodies();
        }
        self.records.insert(id.0, Arc::new(record));
        self.enter(id.0);
        self.tidy();
        id
    }

    /// Why no further delivery is taken.
    fn full(&self, body_bytes: usize) -> Option<String> {
        if self.unfinished.len() >= self.limits.unfinished {
            let n = self.unfinished.len();
            return Some(format!(
                "not queued: {n} deliveries of this world are unfinished, no more are taken"
            ));
        }
        let bytes = self.unfinished_body_bytes.saturating_add(body_bytes);
        (bytes > self.limits.unfinished_body_bytes).then(|| {
            format!("not queued: with it, the bodies of this world's unfinished deliveries would hold {bytes} bytes")
        })
    }

    /// What is to be done next. Attempts are handed out in the order of their due times.
    pub fn poll(&mut self, now: Timestamp) -> Step {
        if let Some(report) = self.next_report() {
            return Step::Report(Box::new(report));
        }
        if self.flying.len() >= self.limits.in_flight {
            return Step::Idle;
        }
        match self.index.first() {
            Some((at, id)) if at <= now => match self.start(id, now) {
                Some(attempt) => Step::Send(Box::new(attempt)),
                None => Step::Idle,
            },
            Some((at, _)) => Step::Wait(at),
            None => Step::Idle,
        }
    }

    /// The next report that the driver has not been given.
    pub fn next_report(&mut self) -> Option<Report> {
        let (number, report) = self.reports.range(self.reports_given + 1..).next()?;
        self.reports_given = *number;
        Some(report.clone())
    }

    fn start(&mut self, id: u64, now: Timestamp) -> Option<Attempt> {
        self.change(id, |record| {
            record.status = InFlight;
            record.sent_at = Some(now);
        });
        let record = self.records.get(&id)?;
        let number = u32::try_from(record.attempts.len() + 1).unwrap_or(u32::MAX);
        Some(Attempt {
            id: AttemptId { epoch: self.epoch, delivery: record.id, number },
            of: record.attempts_allowed(),
            owner: record.owner.clone(),
            cause: record.cause,
            seq: 0,
            delivery: record.delivery.clone(),
        })
    }

    /// Notes the journal entry of an attempt that is under way.
    pub fn note(&mut self, id: AttemptId, seq: Seq) {
        if self.awaits(id)
            && let Some(record) = self.records.get_mut(&id.delivery.0)
        {
            Arc::make_mut(record).attempt_seq = seq;
        }
    }

    /// Whether that attempt is still under way, as far as the machine is concerned.
    pub fn awaits(&self, id: AttemptId) -> bool {
        id.epoch == self.epoch
            && self
                .records
                .get(&id.delivery.0)
                .is_some_and(|r| r.status == InFlight && r.attempts.len() + 1 == id.number as usize)
    }

    /// Takes what came of an attempt. `None`: nobody waits for it any more (a restore, a reset, a cancellation came in
    /// between, or it was told before). The report stays in the machine until [`Machine::take_report`].
    pub fn settle(&mut self, id: AttemptId, outcome: Outcome, now: Timestamp) -> Option<Report> {
        if !self.awaits(id) {
            return None;
        }
        let (paused, mut sent_at, mut next_at) = (self.paused, now, None);
        self.change(id.delivery.0, |record| {
            let wait = retry_after(record, &outcome);
            sent_at = record.sent_at.take().unwrap_or(now);
            record.status = match (&outcome.error, wait) {
                (None, _) => Succeeded,
                (Some(_), None) => Failed,
                (Some(_), Some(_)) if paused && !record.released => Held,
                (Some(_), Some(_)) => Queued,
            };
            match wait {
                Some(wait) => {
                    record.due_at = now.checked_add_signed(wait).unwrap_or(Timestamp::MAX_UTC);
                    next_at = Some(record.due_at);
                }
                None => record.settled_at = Some(now),
            }
            let seq = std::mem::take(&mut record.attempt_seq);
            record.attempts.push(AttemptRecord { number: id.number, seq, sent_at, at: now, outcome });
        });
        let record = self.records.get(&id.delivery.0)?.clone();
        let report = self.report(&record, sent_at, now, next_at);
        self.tidy();
        Some(report)
    }

    fn report(
        &mut self,
        record: &Record,
        sent_at: Timestamp,
        now: Timestamp,
        next_at: Option<Timestamp>,
    ) -> Report {
        let last = record.attempts.last();
        let outcome = last.map(|a| &a.outcome);
        let answer = outcome.and_then(Outcome::answer);
        let report = Report {
            owner: record.owner.clone(),
            cause: last.map(|a| a.seq).filter(|seq| *seq > 0).unwrap_or(record.cause),
            settled: Settled {
                delivery: record.id,
                subject: record.delivery.subject.clone(),
                event: record.delivery.event.clone(),
                status: record.status,
                attempts: last.map_or(0, |a| a.number),
                sent_at,
                at: now,
                response_status: answer.map(|a| a.status),
                response_reason: answer.map(|a| a.reason.clone()),
                response_body: answer.map(|a| a.body.clone()).unwrap_or_default(),
                error: record.error().map(|(class, message)| (class, message.to_owned())),
                request_body: record.delivery.body.clone(),
            },
            method: record.delivery.method,
            shown_url: record.delivery.shown_url.clone(),
            of: record.attempts_allowed(),
            next_at,
            took_ms: outcome.map_or(0, |o| u64::try_from(o.took.as_millis()).unwrap_or(u64::MAX)),
        };
        self.last_report += 1;
        self.reports.insert(self.last_report, report.clone());
        report
    }

    /// Takes a report out; `false` when it is not there (any more).
    pub fn take_report(&mut self, delivery: DeliveryId, attempts: u32) -> bool {
        let number = self
            .reports
            .iter()
            .find(|(_, r)| r.settled.delivery == delivery && r.settled.attempts == attempts)
            .map(|(number, _)| *number);
        number.is_some_and(|number| self.reports.remove(&number).is_some())
    }

    /// Cancels what is not final: of one owner, or all. Reports that nobody has taken are dropped with it.
    pub fn cancel(&mut self, owner: Option<&Owner>) {
        let theirs = |o: &Owner| owner.is_none_or(|owner| owner == o);
        for id in self.matching(&self.unfinished, |r| theirs(&r.owner)) {
            self.change(id, |record| {
                record.status = Cancelled;
                record.sent_at = None;
            });
        }
        let gone: Vec<u64> = self.reports.iter().filter(|(_, r)| theirs(&r.owner)).map(|(n, _)| *n).collect();
        for number in gone {
            self.reports.remove(&number);
        }
        self.tidy();
    }

    /// Forgets everything; numbers go on.
    pub fn clear(&mut self) {
        *self = Machine { epoch: self.epoch + 1, last: self.last, ..Machine::new(self.limits) };
    }

    /// Takes an earlier state back. Attempts that were under way then are queued again; outcomes of those that are under
    /// way now settle nothing.
    pub fn restore(&mut self, earlier: &Machine) {
        let (limits, epoch, last) =
            (self.limits, self.epoch.max(earlier.epoch) + 1, self.last.max(earlier.last));
        *self = Machine { epoch, last, reports_given: 0, ..earlier.clone() };
        let paused = self.paused;
        for id in self.matching(&self.flying, |_| true) {
            self.change(id, |record| {
                record.status = if paused && !record.released { Held } else { Queued };
                record.sent_at = None;
            });
        }
        self.set_limits(limits);
    }

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

    /// Sends a delivery again, as a new one; to another URL if one is given.
    pub fn replay(
        &mut self,
        id: DeliveryId,
        url: Option<&str>,
        cause: Seq,
        now: Timestamp,
    ) -> Result<DeliveryId, ReplayError> {
        let record = self.get(id).ok_or(ReplayError::Unknown(id))?.clone();
        if record.request_gone {
            return Err(ReplayError::BodyGone(id));
        }
        let mut delivery = record.delivery.clone();
        if let Some(url) = url {
            delivery.shown_url = Url::parse(url).map_err(ReplayError::BadUrl)?.requested();
            delivery.url = url.to_owned();
        }
        Ok(self.enqueue_as(record.owner.clone(), cause, delivery, Some(id), now))
    }

    /// A record.
    pub fn get(&self, id: DeliveryId) -> Option<&Arc<Record>> {
        self.records.get(&id.0)
    }
    /// Where a delivery stands; `None`: it is not kept (any more).
    pub fn status(&self, id: DeliveryId) -> Option<DeliveryStatus> {
        self.get(id).map(|r| r.status)
    }
    /// The records after that number, oldest first.
    pub fn after(&self, id: DeliveryId) -> impl Iterator<Item = &Arc<Record>> {
        self.records.range(id.0.saturating_add(1)..).map(|(_, record)| record)
    }
    /// The records that are not final, oldest first.
    pub fn unfinished(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.unfinished.iter().filter_map(|id| self.records.get(id))
    }
    /// Whether deliveries are held.
    pub fn paused(&self) -> bool {
        self.paused
    }
    /// How many records are no longer kept.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
    /// How many attempts are under way.
    pub fn in_flight(&self) -> usize {
        self.flying.len()
    }
    /// (queued or held, in flight, kept in all).
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.unfinished.len() - self.flying.len(), self.flying.len(), self.records.len())
    }
    /// When the next delivery that may go falls due.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        (self.flying.len() < self.limits.in_flight).then(|| self.index.first().map(|(at, _)| at)).flatten()
    }
    /// Whether an attempt is under way or could begin now, or somebody is still to be told of one.
    pub fn busy(&self, now: Timestamp) -> bool {
        !self.flying.is_empty()
            || !self.reports.is_empty()
            || self.index.first().is_some_and(|(at, _)| at <= now)
    }
    /// The bounds.
    pub fn limits(&self) -> Limits {
        self.limits
    }
    /// Sets the bounds; what is too much for them goes at once.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.index.bound_changed(limits.in_flight_per_host);
        self.tidy();
    }

    fn matching(&self, ids: &OrdSet<u64>, keep: impl Fn(&Record) -> bool) -> Vec<u64> {
        ids.iter().filter(|id| self.records.get(*id).is_some_and(|r| keep(r))).copied().collect()
    }

    /// The only place where a record changes: it leaves the indexes as what it was and enters them as what it is.
    fn change(&mut self, id: u64, edit: impl FnOnce(&mut Record)) {
        self.leave(id);
        if let Some(record) = self.records.get_mut(&id) {
            edit(Arc::make_mut(record));
        }
        self.enter(id);
    }

    fn leave(&mut self, id: u64) {
        let Some(record) = self.records.get(&id).cloned() else { return };
        let per_host = self.limits.in_flight_per_host;
        match record.status {
            Queued => self.index.unqueue(&record, &self.records, per_host),
            InFlight => {
                self.flying.remove(&id);
                self.index.fly(&record, false, &self.records, per_host);
            }
            Held => drop(self.held.remove(&id)),
            Succeeded | Failed | Cancelled => return,
        }
        self.unfinished.remove(&id);
        self.unfinished_body_bytes -= record.body_bytes();
    }

    fn enter(&mut self, id: u64) {
        let Some(record) = self.records.get(&id).cloned() else { return };
        let per_host = self.limits.in_flight_per_host;
        match record.status {
            Queued => self.index.queue(&record, &self.records, per_host),
            InFlight => {
                self.flying.insert(id);
                self.index.fly(&record, true, &self.records, per_host);
            }
            Held => drop(self.held.insert(id)),
            Succeeded | Failed | Cancelled => {
                self.finals.push_back(id);
                self.with_bodies.push_back(id);
                self.kept_body_bytes += record.body_bytes();
                return;
            }
        }
        self.unfinished.insert(id);
        self.unfinished_body_bytes += record.body_bytes();
    }

    /// Drops the oldest final records, and the bodies of the oldest, as far as the bounds demand.
    fn tidy(&mut self) {
        while self.finals.len() > self.limits.kept
            && let Some(id) = self.finals.pop_front()
        {
            if self.with_bodies.front() == Some(&id) {
                self.with_bodies.pop_front();
            }
            if let Some(record) = self.records.remove(&id) {
                self.kept_body_bytes -= record.body_bytes();
                self.dropped += 1;
            }
        }
        while self.kept_body_bytes > self.limits.kept_body_bytes
            && let Some(id) = self.with_bodies.pop_front()
        {
            if let Some(record) = self.records.get_mut(&id) {
                self.kept_body_bytes -= record.body_bytes();
                Arc::make_mut(record).forget_bodies();
            }
        }
    }
}

/// How long until the next attempt; `None`: that was the last.
fn retry_after(record: &Record, outcome: &Outcome) -> Option<TimeDelta> {
    let (class, _) = outcome.error.as_ref()?;
    // What the settings do not allow, they will not allow the next time.
    if *class == ErrorClass::NotAllowed {
        return None;
    }
    let policy = &record.delivery.policy;
    if outcome.answer().is_some_and(|a| policy.give_up_on.contains(&a.status)) {
        return None;
    }
    let secs = *policy.schedule_secs.get(record.attempts.len())?;
    Some(i64::try_from(secs).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX))
}
