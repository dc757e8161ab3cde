//! A world's behaviours and paces, steps by hand, how things stand and what they wait for.

use super::World;
use crate::{Faults, Script};
use parhelion_core::{Call, Delivery, Event, OutboundFault, Owner};
use parking_lot::MutexGuard;
use serde_json::Value;

/// What a step by hand moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// Whose thing it was.
    pub tenant: String,
    /// Which, in the surface's words (`action:…`).
    pub what: String,
}

/// How a thing stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Thing {
    /// Of which surface.
    pub surface: &'static str,
    /// Whose.
    pub tenant: String,
    /// Its `id`, and what may be waited for.
    pub state: Value,
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

    /// The rules of what goes wrong with deliveries, as they are now.
    pub fn faults(&self) -> Faults {
        self.faults.lock().clone()
    }
    /// Changes those rules.
    pub fn edit_faults<R>(&self, change: impl FnOnce(&mut Faults) -> R) -> R {
        let changed = change(&mut self.faults.lock());
        self.nudge();
        changed
    }
    /// What is to go wrong with a delivery.
    pub(crate) fn hinder(
        &self,
        surface: &str,
        owner: &Owner,
        delivery: &Delivery,
    ) -> Option<(String, OutboundFault)> {
        self.faults.lock().draw(surface, owner, delivery, &self.ids)
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

    /// The things of a kind that some tenant has, or this one: the one of this id, or those that are meant without one.
    pub fn things(&self, kind: &str, tenant: Option<&str>, id: Option<&str>) -> Vec<Thing> {
        let mut found = Vec::new();
        for shelf in self.shelves.values() {
            let tenants = match tenant {
                Some(tenant) => shelf.tenant_named(tenant).into_iter().collect(),
                None => shelf.tenants(),
            };
            for tenant in tenants {
                let things = shelf.things(&tenant, kind, id).into_iter();
                found.extend(things.map(|state| Thing {
                    surface: shelf.surface(),
                    tenant: tenant.clone(),
                    state,
                }));
            }
        }
        found
    }

    /// What a subject (`execution:…`) of a tenant waits for now.
    pub fn standing(&self, surface: &str, tenant: &str, subject: &str) -> Vec<Event> {
        let now = self.clock.now();
        self.shelves_of(surface).flat_map(|shelf| shelf.standing(tenant, subject, now)).collect()
    }
}
