//! Taking a job away.

use crate::domain::time;
use crate::domain::webjobs::{Kind, find};
use crate::store::KuduStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::convert::Infallible;

/// Deletes a job with its runs, also when there is none. A run that is going on ends with it and is told to nobody.
/// Docs: wiki "WebJobs API", `DELETE /api/{kind}webjobs/{name}`.
pub struct DeleteJob;

impl Operation for DeleteJob {
    const NAME: &'static str = "DeleteJob";
    type Store = KuduStore;
    type Input = (Kind, String);
    type Output = ();
    type Error = Infallible;

    fn run(store: &mut KuduStore, (kind, name): Self::Input, tx: &mut Tx<'_>) -> Result<(), Infallible> {
        let folder = find::folder(store, kind, &name).filter(|folder| store.files.is_folder(folder));
        let subject = format!("webjob:{name}");
        let Some(folder) = folder else {
            let fact = "there is no such job to delete";
            tx.explain(Event::new("webjob.refused", subject).fact(fact).verdict(Verdict::Skipped));
            return Ok(());
        };
        let now = time::ticks(tx.now());
        store.files.remove_folder(&folder, now);
        let data = store.files.spelled(&kind.data_folder(&name));
        store.files.remove_folder(&data, now);
        store.jobs.forget(&name);
        let fact = format!("the {} job {name} was deleted with its runs", kind.name());
        tx.emit(Event::new("webjob.deleted", subject).fact(fact).verdict(Verdict::Ok));
        Ok(())
    }
}
