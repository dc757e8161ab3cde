//! What the engine draws from outside, out of a turn on the tenant.

use super::objects;
use crate::domain::engine::{Draw, objects::Sought};
use parhelion_core::{Pace, Scripted};
use parhelion_state::Tx;
use uuid::Uuid;

impl Draw for Tx<'_> {
    fn uuid(&mut self, kind: &str) -> Uuid {
        Tx::uuid(self, kind)
    }
    fn token(&mut self, kind: &str, len: usize) -> String {
        Tx::token(self, kind, len)
    }
    fn scripted(&mut self, facets: &[(&'static str, &str)]) -> Option<Scripted> {
        Tx::scripted(self, facets)
    }
    fn pace(&self, kind: &str) -> Pace {
        Tx::pace(self, kind)
    }
    fn object(&self, bucket: &str, key: &str, version: Option<&str>) -> Sought {
        objects::sought(self, bucket, key, version)
    }
}
