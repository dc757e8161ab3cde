//! The memory of a server's objects, and each world's part of it.

use parhelion_artifacts::budget::Budget;
use parhelion_core::WorldName;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many worlds are remembered before those that hold nothing are forgotten.
const WORLDS_MIN: usize = 64;

/// Counts the bytes of all objects of a server.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    server: Arc<Budget>,
    worlds: Mutex<BTreeMap<WorldName, Arc<Budget>>>,
}

impl Default for Memory {
    fn default() -> Self {
        Memory(Arc::new(Inner { server: Budget::of_server(), worlds: Mutex::default() }))
    }
}

impl Memory {
    /// A world's part.
    pub fn of(&self, world: &WorldName) -> Arc<Budget> {
        let mut worlds = self.0.worlds.lock();
        if let Some(found) = worlds.get(world) {
            return found.clone();
        }
        if worlds.len() >= WORLDS_MIN {
            // Worlds come and go; one that holds nothing and serves nobody can begin anew.
            worlds.retain(|_, budget| budget.used() > 0 || Arc::strong_count(budget) > 1);
        }
        let made = Budget::of_world(&self.0.server);
        worlds.insert(world.clone(), made.clone());
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worlds_that_hold_nothing_are_forgotten() {
        let memory = Memory::default();
        let main = memory.of(&WorldName::main());
        let mut held = main.open();
        assert!(held.grow(10));
        drop(main);
        for n in 0..1000 {
            memory.of(&format!("w{n}").parse().unwrap());
        }
        assert!(memory.0.worlds.lock().len() <= WORLDS_MIN + 1);
        assert_eq!(memory.of(&WorldName::main()).used(), 10);
        assert_eq!(memory.0.server.used(), 10);
    }
}
