//! The delivery machine: which delivery is attempted when, and what follows from an attempt. Pure: time is passed in,
//! nothing is sent. A value of persistent maps, so a checkpoint is a clone (O(1)) and every step is O(log n).
//!
//! Invariants, proved by `tests.rs` over random histories: in one line (owner and order key) at most one attempt is
//! under way and the oldest queued one goes first, its retries included; an attempt settles at most once; no number is
//! given twice, restores included; what is queued comes to its turn.

mod hold;
mod index;
mod keep;
mod limits;
mod record;
#[cfg(test)]
mod tests;

pub use hold::{Release, ReplayError};
pub use limits::{IN_FLIGHT, IN_FLIGHT_PER_HOST, Limits, UNFINISHED, UNFINISHED_BODY_BYTES};
pub use record::{Record, Report};

use crate::attempt::{Attempt, AttemptId, AttemptRecord, Outcome};
use crate::url::Url;
use chrono::TimeDelta;
use imbl::{OrdMap, OrdSet, Vector};
use index::{Index, Records};
use parhelion_core::DeliveryStatus::{Cancelled, Failed, Held, InFlight, Queued, Succeeded};
use parhelion_core::{
    Delivery, DeliveryId, DeliveryStatus, ErrorClass, Hindrance, Owner, Seq, Settled, Timestamp,
};
use std::sync::Arc;

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
        self.enqueue_as(owner, cause, delivery, None, Hindrance::default(), now)
    }

    /// The same of one that a fault rule hit: it waits, or is lost, which is a failure with a report that says so.
    pub fn enqueue_hindered(
        &mut self,
        owner: Owner,
        cause: Seq,
        delivery: Delivery,
        hindrance: Hindrance,
        now: Timestamp,
    ) -> DeliveryId {
        self.enqueue_as(owner, cause, delivery, None, hindrance, now)
    }

    fn enqueue_as(
        &mut self,
        owner: Owner,
        cause: Seq,
        delivery: Delivery,
        replay_of: Option<DeliveryId>,
        hindrance: Hindrance,
        now: Timestamp,
    ) -> DeliveryId {
        self.last += 1;
        let id = DeliveryId(self.last);
        let refused = self.full(delivery.body.len()).or(hindrance.lost);
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
            due_at: now.checked_add_signed(hindrance.wait).unwrap_or(Timestamp::MAX_UTC),
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
                error: record.shown_error(),
                request_body: record.delivery.body.clone(),
            },
            method: record.delivery.method,
            shown_url: record.delivery.shown_url.clone(),
            detours: record.detours(),
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
}

/// How long until the next attempt; `None`: that was the last.
fn retry_after(record: &Record, outcome: &Outcome) -> Option<TimeDelta> {
    let (class, _) = outcome.error.as_ref()?;
    // What the settings do not allow, they will not allow the next time.
    if *class == ErrorClass::NotAllowed {
        return None;
    }
    let policy = &record.delivery.policy;
    let ends = |status: u16| {
        policy.give_up_on.contains(&status)
            || !(policy.retry_on.is_empty() || policy.retry_on.contains(&status))
    };
    if outcome.answer().is_some_and(|a| ends(a.status)) {
        return None;
    }
    let secs = *policy.schedule_secs.get(record.attempts.len())?;
    Some(i64::try_from(secs).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX))
}
