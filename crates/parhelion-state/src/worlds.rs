//! The worlds of a server, by name.

use crate::{Ids, World};
use parhelion_core::{Owner, WorldName, limits};
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes a world of a name: all shelves, a fresh outbox, a clock; and starts what drives it.
pub type Found = Box<dyn Fn(&WorldName) -> Arc<World> + Send + Sync>;

/// All worlds. `main` is always there.
pub struct Worlds {
    found: Found,
    worlds: RwLock<BTreeMap<WorldName, Arc<World>>>,
    ids: Ids,
    requests: AtomicU64,
}

/// Why a world was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyWorlds;

impl std::fmt::Display for TooManyWorlds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "there are {} worlds already, and no more are made; DELETE /_parhelion/worlds/{{name}} frees one",
            limits::WORLDS
        )
    }
}
impl std::error::Error for TooManyWorlds {}

impl Worlds {
    /// With `main` made.
    pub fn new(ids: Ids, found: Found) -> Arc<Worlds> {
        let main = found(&WorldName::main());
        Arc::new(Worlds {
            found,
            worlds: RwLock::new(BTreeMap::from([(WorldName::main(), main)])),
            ids,
            requests: AtomicU64::new(0),
        })
    }
    /// A world that exists.
    pub fn find(&self, name: &WorldName) -> Option<Arc<World>> {
        self.worlds.read().get(name).cloned()
    }
    /// A world, made if need be.
    ///
    /// # Errors
    /// When there are [`limits::WORLDS`] already.
    pub fn open(&self, name: &WorldName) -> Result<Arc<World>, TooManyWorlds> {
        if let Some(world) = self.find(name) {
            return Ok(world);
        }
        let mut worlds = self.worlds.write();
        if let Some(world) = worlds.get(name) {
            return Ok(world.clone());
        }
        if worlds.len() >= limits::WORLDS {
            return Err(TooManyWorlds);
        }
        let world = (self.found)(name);
        worlds.insert(name.clone(), world.clone());
        Ok(world)
    }
    /// Ends a world; `main` stays. Whether it was there.
    pub fn delete(&self, name: &WorldName) -> bool {
        if name.is_main() {
            return false;
        }
        let gone = self.worlds.write().remove(name);
        gone.inspect(|world| world.close()).is_some()
    }
    /// All of them, sorted by name.
    pub fn all(&self) -> Vec<Arc<World>> {
        self.worlds.read().values().cloned().collect()
    }
    /// The next request's id: a UUID that follows the order of arrival, since the tenant is not yet known.
    pub fn request_id(&self) -> String {
        let n = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        uuid::Builder::from_random_bytes(self.ids.bytes::<16>(&Owner::default(), "request", n))
            .into_uuid()
            .to_string()
    }
}
