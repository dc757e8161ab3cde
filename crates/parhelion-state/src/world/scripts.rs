//! A world's behaviours and paces, steps by hand, and what things wait for.

use super::World;
use crate::Script;
use parhelion_core::{Call, Event};
use parking_lot::MutexGuard;

/// What a step by hand moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// Whose thing it was.
    pub tenant: String,
    /// Which, in the surface's words (`action:…`).
    pub what: String,
}

impl World {
    pub(crate) fn script_lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock()
    }
    /// Behaviours and paces, as they are now.
    pub fn script(&self) -> Script {
        self.script_lock().clone()
    }
    /// Changes behaviours and paces. Waits for operations that draw from them to end.
    pub fn edit_script<R>(&self, change: impl FnOnce(&mut Script) -> R) -> R {
        let changed = change(&mut self.script_lock());
        self.nudge();
        changed
    }

    /// Moves one thing of a surface that stands until it is stepped, the one of this id or any: tenants in their order,
    /// in each the one that has stood longest. `None` when nothing stands.
    pub fn step_by_hand(&self, surface: &str, id: Option<&str>, call: &Call) -> Option<Stepped> {
        self.shelves_of(surface).find_map(|shelf| {
            shelf.tenants().into_iter().find_map(|tenant| {
                let what = self.chain(|chain| shelf.step(self, chain, call, &tenant, id))?;
                Some(Stepped { tenant, what })
            })
        })
    }

    /// What a subject (`execution:…`) of a tenant waits for now.
    pub fn standing(&self, surface: &str, tenant: &str, subject: &str) -> Vec<Event> {
        let now = self.clock.now();
        self.shelves_of(surface).flat_map(|shelf| shelf.standing(tenant, subject, now)).collect()
    }
}
