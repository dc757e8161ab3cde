//! Ending the site's one process.

use crate::domain::webjobs::run;
use crate::error::SiteError;
use crate::store::KuduStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// The id of the one process that a site has.
pub const ID: &str = "1";

/// Ends the process that serves the site, with its children: runs of jobs that are going on are aborted. It begins again
/// at once.
/// Docs: wiki "REST API", `DELETE /api/processes/{id}`.
pub struct KillProcess;

impl Operation for KillProcess {
    const NAME: &'static str = "KillProcess";
    type Store = KuduStore;
    type Input = String;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, id: String, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        if id != ID {
            return Err(SiteError::NoProcess { id });
        }
        let count = run::abort(store, tx);
        let fact =
            format!("the site's process was ended and begins again; {count} runs of jobs were aborted");
        tx.emit(
            Event::new("process.changed", format!("site:{}", store.site)).fact(fact).verdict(Verdict::Ok),
        );
        Ok(())
    }
}
