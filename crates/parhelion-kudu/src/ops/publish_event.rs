//! Publishing an event by hand.

use crate::domain::publish;
use crate::error::MAX_EVENT_BYTES;
use crate::store::KuduStore;
use parhelion_core::{Event, Verdict, text};
use parhelion_state::{Operation, Tx};
use std::convert::Infallible;
use std::sync::Arc;

/// What is published.
pub struct Publication {
    /// The event's name.
    pub event: String,
    /// The body that hooks get.
    pub body: Arc<str>,
    /// Whether an answer 410 takes a hook away.
    pub remove_when_gone: bool,
}

/// Tells all hooks of an event. The caller waits for the deliveries, whatever comes of them.
/// Docs: wiki "Web hooks", `POST /api/hooks/hooks/publish/[hook type]`; the code's route has `hooks` once.
pub struct PublishEvent;

impl Operation for PublishEvent {
    const NAME: &'static str = "PublishEvent";
    type Store = KuduStore;
    type Input = Publication;
    type Output = ();
    type Error = Infallible;

    fn run(store: &mut KuduStore, input: Publication, tx: &mut Tx<'_>) -> Result<(), Infallible> {
        let site = format!("site:{}", store.site);
        let name = text::prefix(&input.event, MAX_EVENT_BYTES);
        let fact = format!("the event \"{name}\" was published with {} bytes", input.body.len());
        let published = tx.emit(Event::new("event.published", site).fact(fact).verdict(Verdict::Ok));
        store.remove_hooks_when_gone = input.remove_when_gone;
        publish::publish(store, &input.event, &input.body, published.into(), tx);
        Ok(())
    }
}

#[cfg(test)]
#[path = "publish_event_tests.rs"]
mod tests;
