//! Action types come and go while actions of them are under way.

use super::Machine;
use super::records::{JobId, Outcome};
use crate::domain::action_types::{Made, key_of};
use crate::domain::jobs::queue_of;
use crate::shapes::ActionTypeId;
use parhelion_core::{Event, Verdict};

/// The subject of an action type in the journal.
pub fn type_subject(id: &ActionTypeId) -> String {
    format!("action_type:{}", queue_of(id))
}

impl Machine<'_> {
    pub(super) fn define(&mut self, made: Made) {
        let id = made.definition.id();
        let before = self.engine.types.put(key_of(&id), made);
        let (kind, what) = match before.map(|before| before.deleted.is_some()) {
            None => ("action_type.created", "was created"),
            Some(true) => ("action_type.created", "was deleted, and is restored"),
            Some(false) => ("action_type.changed", "has another definition"),
        };
        let fact = format!("action type {} {what}", queue_of(&id));
        self.tell(Event::new(kind, type_subject(&id)).fact(fact));
    }

    /// Docs: polls for its jobs fail from then on. CHOICE: so a job that nobody has taken on will never be: its
    /// action fails at once. What a worker has taken on may finish.
    pub(super) fn retire(&mut self, id: &ActionTypeId) {
        let (key, now) = (key_of(id), self.now);
        if self.engine.types.get(&key).is_none_or(|made| made.deleted.is_some()) {
            return;
        }
        self.engine.types.edit(&key, |made| made.deleted = Some(now));
        let queue = queue_of(id);
        let open: Vec<JobId> =
            self.engine.queue.range((queue.clone(), 0)..=(queue, u64::MAX)).map(|(_, job)| **job).collect();
        let fact = match open.len() {
            0 => format!("action type {} was deleted", queue_of(id)),
            n => format!("action type {} was deleted: {n} open job(s) of it cannot be done", queue_of(id)),
        };
        let event = Event::new("action_type.deleted", type_subject(id)).fact(fact);
        self.tell(event.verdict(if open.is_empty() { Verdict::Ok } else { Verdict::Failed }));
        for job in open {
            self.lose_job(job, missing_type());
        }
    }
}

/// How an action ends whose type is not there.
// CHOICE: AWS documents the code's meaning, not this use of it.
pub fn missing_type() -> Outcome {
    Outcome::failure("ConfigurationError", "The action type does not exist or was deleted")
}
