//! Taking over what a command did to the site's files.

use crate::domain::time;
use crate::exec::{self, Change};
use crate::store::KuduStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::convert::Infallible;

/// A command that was run.
pub struct Done {
    /// What was run.
    pub command: String,
    /// How it ended.
    pub code: i32,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// Changes the files that a command changed; others stay as they are now, whatever they were when it began.
pub struct ApplyChanges;

impl Operation for ApplyChanges {
    const NAME: &'static str = "ApplyChanges";
    type Store = KuduStore;
    type Input = Done;
    type Output = ();
    type Error = Infallible;

    fn run(store: &mut KuduStore, done: Done, tx: &mut Tx<'_>) -> Result<(), Infallible> {
        let now = time::ticks(tx.now());
        let count = done.changes.len();
        let blocked = exec::apply(&mut store.files, done.changes, now);
        let command = parhelion_core::text::prefix(&done.command, 500);
        let mut fact = format!("\"{command}\" was run: exit code {}, {count} changes of files", done.code);
        if blocked > 0 {
            fact.push_str(&format!(
                "; {blocked} of them could not be made, as other files have come meanwhile"
            ));
        }
        let verdict = if done.code == 0 { Verdict::Ok } else { Verdict::Failed };
        tx.emit(Event::new("command.finished", format!("site:{}", store.site)).fact(fact).verdict(verdict));
        Ok(())
    }
}
