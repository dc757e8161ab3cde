//! The end of a script that was run.

use crate::domain::time;
use crate::domain::webjobs::run;
use crate::exec::Ran;
use crate::store::{KuduStore, RunKey};
use parhelion_state::{Operation, Tx};
use std::convert::Infallible;

/// Ends a run with what came of its script, takes over what that did to the site's files, and tells the hooks.
pub struct JobEnded;

impl Operation for JobEnded {
    const NAME: &'static str = "JobEnded";
    type Store = KuduStore;
    /// The run, and what came of it, or why it could not be run.
    type Input = (RunKey, Result<Ran, String>);
    type Output = ();
    type Error = Infallible;

    fn run(store: &mut KuduStore, (key, ran): Self::Input, tx: &mut Tx<'_>) -> Result<(), Infallible> {
        // A run that was aborted or deleted meanwhile changes nothing any more.
        if !store.jobs.running.contains_key(&key) {
            return Ok(());
        }
        let (error, output, changes) = match ran {
            Ok(ran) => {
                let error = (ran.code != 0).then(|| format!("Job failed due to exit code {}", ran.code));
                (error, format!("{}{}", ran.output, ran.error), ran.changes)
            }
            Err(why) => (Some(format!("WebJob run failed due to: {why}")), String::new(), Vec::new()),
        };
        crate::exec::apply(&mut store.files, changes, time::ticks(tx.now()));
        let lines = output.lines().map(str::to_owned).collect();
        run::end(store, &key, error, lines, tx);
        Ok(())
    }
}
