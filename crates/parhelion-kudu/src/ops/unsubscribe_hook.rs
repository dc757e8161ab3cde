//! Unsubscribing.

use crate::store::KuduStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::convert::Infallible;

/// Takes a hook away; one that is not there is none the less gone. A delivery that is under way goes on, and its
/// outcome does not bring the hook back. Docs: wiki "Web hooks", `DELETE /api/hooks/[id]`.
pub struct UnsubscribeHook;

impl Operation for UnsubscribeHook {
    const NAME: &'static str = "UnsubscribeHook";
    type Store = KuduStore;
    type Input = String;
    type Output = ();
    type Error = Infallible;

    fn run(store: &mut KuduStore, id: String, tx: &mut Tx<'_>) -> Result<(), Infallible> {
        let found = id.parse::<u64>().ok().filter(|number| number.to_string() == id);
        let gone = found.and_then(|id| store.hooks.remove(&id));
        // What is no id may be long: it is not repeated.
        let (subject, fact, verdict) = match (found, gone) {
            (Some(id), Some(_)) => (format!("hook:{id}"), "the hook is taken away".to_owned(), Verdict::Ok),
            (Some(id), None) => (format!("hook:{id}"), "there is no such hook".to_owned(), Verdict::Skipped),
            (None, _) => {
                (format!("site:{}", store.site), "no hook has such an id".to_owned(), Verdict::Skipped)
            }
        };
        tx.emit(Event::new("hook.deleted", subject).fact(fact).verdict(verdict));
        Ok(())
    }
}
