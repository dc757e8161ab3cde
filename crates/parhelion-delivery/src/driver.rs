//! The loop that makes what the machine asks for happen: one for each world.

use crate::attempt::{Attempt, AttemptId, Outcome};
use crate::facts::{attempt_event, sending_event};
use crate::machine::{Report, Step};
use crate::outbox::Post;
use crate::transport::Transport;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parhelion_core::{ErrorClass, Event, Outbox, Owner, Seq, Settled, Timestamp};
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::task::{AbortHandle, JoinSet};

/// What the driver needs of the world whose outbox it empties. All calls but `wait_until` are short.
pub trait DriverHost: Send + Sync + 'static {
    /// The world's present time.
    fn now(&self) -> Timestamp;
    /// Writes a journal entry of that tenant with that cause; its seq.
    fn attempted(&self, owner: &Owner, cause: Seq, event: Event) -> Seq;
    /// Tells the tenant. The host takes the report out of the outbox ([`Outbox::take_report`]) within the same commit;
    /// if it does not, the driver does so afterwards.
    fn delivered(&self, owner: &Owner, cause: Seq, settled: &Settled);
    /// Ends when the world's clock has reached that time, or when it was changed in a way that the driver must look
    /// again (moved, set, another mode). `None`: there is no such time. May be dropped and asked anew at any moment.
    fn wait_until(&self, at: Option<Timestamp>) -> BoxFuture<'_, ()>;
}

/// Empties a world's outbox until [`Post::stop`] is called and all attempts are settled. Dropping it gives up the
/// attempts that are under way.
pub async fn drive(post: Arc<Post>, transport: Arc<dyn Transport>, host: Arc<dyn DriverHost>) {
    let mut flights = Flights::default();
    let mut changes = post.changes();
    loop {
        // Noted before looking: what changes while we look wakes us at once.
        changes.borrow_and_update();
        flights.give_up_what_nobody_awaits(&post);
        let wake_at = loop {
            match post.poll(host.now()) {
                Step::Send(attempt) => flights.start(*attempt, &post, &transport, &*host),
                Step::Report(report) => hand_over(&post, &*host, &report),
                Step::Wait(at) => break Some(at),
                Step::Idle => break None,
            }
        };
        if post.stopping() && flights.tasks.is_empty() {
            return;
        }
        tokio::select! {
            Some(ended) = flights.tasks.join_next() => {
                // A cancelled task is one that we gave up: its attempt is settled or forgotten.
                if let Ok((id, outcome)) = ended {
                    flights.handles.remove(&id);
                    post.settle(id, outcome, host.now());
                }
            }
            _ = changes.changed() => {}
            () = host.wait_until(wake_at) => {}
        }
    }
}

/// The attempts that are under way.
#[derive(Default)]
struct Flights {
    tasks: JoinSet<(AttemptId, Outcome)>,
    handles: BTreeMap<AttemptId, AbortHandle>,
    /// The cuts of the outbox that were looked at.
    cuts: u64,
}

impl Flights {
    fn start(
        &mut self,
        mut attempt: Attempt,
        post: &Post,
        transport: &Arc<dyn Transport>,
        host: &dyn DriverHost,
    ) {
        let id = attempt.id;
        let noted = guarded("writing the journal", || {
            host.attempted(&attempt.owner, attempt.cause, sending_event(&attempt))
        });
        attempt.seq = noted.unwrap_or(attempt.cause);
        post.note(id, attempt.seq);
        let transport = transport.clone();
        let send = async move { transport.send(&attempt).await };
        let task = AssertUnwindSafe(send).catch_unwind().map(move |sent| {
            // A panic settles the attempt like any other failure: nothing may stay in flight for ever.
            let outcome = sent.unwrap_or_else(|panic| {
                let what = message(&*panic);
                tracing::error!(delivery = %id.delivery, "an attempt panicked: {what}");
                Outcome::failed(
                    ErrorClass::Reset,
                    format!("the attempt broke off inside the emulator: {what}"),
                )
            });
            (id, outcome)
        });
        self.handles.insert(id, self.tasks.spawn(task));
    }

    /// After a restore, a reset or a cancellation: sockets of attempts whose outcome would settle nothing are closed.
    fn give_up_what_nobody_awaits(&mut self, post: &Post) {
        let cuts = post.cuts();
        if std::mem::replace(&mut self.cuts, cuts) != cuts {
            self.handles.retain(|id, handle| {
                let awaited = post.awaits(*id);
                if !awaited {
                    handle.abort();
                }
                awaited
            });
        }
    }
}

fn hand_over(post: &Post, host: &dyn DriverHost, report: &Report) {
    let settled = &report.settled;
    guarded("telling of a delivery", || {
        let seq = host.attempted(&report.owner, report.cause, attempt_event(report));
        host.delivered(&report.owner, seq, settled);
    });
    post.take_report(settled.delivery, settled.attempts);
}

/// The driver outlives a panic of what it calls: other deliveries have nothing to do with it.
fn guarded<T>(what: &str, run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run))
        .map_err(|panic| tracing::error!("{what} panicked: {}", message(&*panic)))
        .ok()
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
