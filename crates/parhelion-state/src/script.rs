//! [`Script`]: how simulated work in a world is to come out, and how fast it goes (control.md 5, 9).

use crate::Table;
use imbl::OrdMap;
use parhelion_core::{Pace, Scripted, limits};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A world's behaviours and paces: a value like a tenant's, copied in O(1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    behaviours: Table<String, Behaviour>,
    /// By surface and kind; `None` stands for all.
    paces: OrdMap<(Option<String>, Option<String>), Pace>,
    /// How many behaviours were ever put: tells which is the newest.
    puts: u64,
    /// Of all behaviours, bytes of text.
    bytes: usize,
}

/// A behaviour: what it is about, and what comes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Behaviour {
    /// What it is about: all members must hold.
    pub matches: Arc<BTreeMap<String, String>>,
    /// One for each attempt; the last one repeats. Never empty.
    pub outcomes: Arc<[ScriptedOutcome]>,
    /// How many attempts it has decided.
    pub used: u64,
    /// The later it was put, the higher.
    order: u64,
    bytes: usize,
}

/// One outcome of a behaviour.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptedOutcome {
    /// Its name.
    pub outcome: String,
    /// Its members.
    pub members: Map<String, Value>,
}

/// Why a behaviour was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overfull {
    /// It says nothing.
    NoOutcome,
    /// It has more than [`limits::OUTCOMES`].
    Outcomes,
    /// There are [`limits::BEHAVIOURS`] already.
    Behaviours,
    /// All together would be longer than [`limits::BEHAVIOURS_BYTES`].
    Bytes,
}

impl std::fmt::Display for Overfull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Overfull::NoOutcome => f.write_str("a behaviour has at least one outcome"),
            Overfull::Outcomes => write!(f, "a behaviour has at most {} outcomes", limits::OUTCOMES),
            Overfull::Behaviours => {
                write!(f, "there are {} behaviours already; delete one", limits::BEHAVIOURS)
            }
            Overfull::Bytes => {
                write!(f, "a world's behaviours are at most {} bytes long in all", limits::BEHAVIOURS_BYTES)
            }
        }
    }
}
impl std::error::Error for Overfull {}

/// A piece of simulated work, as behaviours see it.
pub(crate) struct Work<'a> {
    pub surface: &'a str,
    pub tenant: &'a str,
    /// What it is, member name → value. A name may stand several times: any of its values will do.
    pub facets: &'a [(&'static str, &'a str)],
    /// A member that a behaviour must name to be meant.
    pub needs: Option<&'static str>,
}

impl Work<'_> {
    fn is_meant_by(&self, behaviour: &Behaviour) -> bool {
        let named = self.needs.is_none_or(|member| behaviour.matches.contains_key(member));
        named
            && behaviour.matches.iter().all(|(member, wanted)| match member.as_str() {
                "surface" => self.surface == wanted,
                // Clouds that let a tenant be written in any case keep it in one.
                "tenant" => self.tenant.eq_ignore_ascii_case(wanted),
                member => self.facets.iter().any(|(name, value)| *name == member && *value == wanted),
            })
    }
}

impl Script {
    /// The behaviours by name.
    pub fn behaviours(&self) -> &Table<String, Behaviour> {
        &self.behaviours
    }
    /// The paces that were set: surface and kind (`None` for all), and how fast.
    pub fn paces(&self) -> impl Iterator<Item = (Option<&str>, Option<&str>, Pace)> {
        self.paces.iter().map(|((surface, kind), pace)| (surface.as_deref(), kind.as_deref(), *pace))
    }

    /// Puts a behaviour in the place of the one of that name; it begins with its first outcome and is the newest.
    ///
    /// # Errors
    /// When a bound is passed; then nothing was changed.
    pub fn put_behaviour(
        &mut self,
        name: &str,
        matches: BTreeMap<String, String>,
        outcomes: Vec<ScriptedOutcome>,
    ) -> Result<(), Overfull> {
        let old = self.behaviours.get(name).map(|old| old.bytes);
        let own = name.len()
            + matches.iter().map(|(member, value)| member.len() + value.len()).sum::<usize>()
            + outcomes.iter().map(ScriptedOutcome::bytes).sum::<usize>();
        let bytes = (self.bytes - old.unwrap_or(0)).saturating_add(own);
        match () {
            () if outcomes.is_empty() => return Err(Overfull::NoOutcome),
            () if outcomes.len() > limits::OUTCOMES => return Err(Overfull::Outcomes),
            () if old.is_none() && self.behaviours.len() >= limits::BEHAVIOURS => {
                return Err(Overfull::Behaviours);
            }
            () if bytes > limits::BEHAVIOURS_BYTES => return Err(Overfull::Bytes),
            () => {}
        }
        self.bytes = bytes;
        self.puts += 1;
        let behaviour = Behaviour {
            matches: Arc::new(matches),
            outcomes: outcomes.into(),
            used: 0,
            order: self.puts,
            bytes: own,
        };
        self.behaviours.put(name.to_owned(), behaviour);
        Ok(())
    }
    /// Takes a behaviour away; whether it was there.
    pub fn remove_behaviour(&mut self, name: &str) -> bool {
        let gone = self.behaviours.remove(&name.to_owned());
        self.bytes -= gone.as_ref().map_or(0, |behaviour| behaviour.bytes);
        gone.is_some()
    }
    /// Takes all behaviours away; how many there were.
    pub fn clear_behaviours(&mut self) -> usize {
        let gone = self.behaviours.len();
        self.behaviours = Table::default();
        self.bytes = 0;
        gone
    }
    /// Sets how fast a kind of work goes at a surface; `None` for all.
    pub fn set_pace(&mut self, surface: Option<&str>, kind: Option<&str>, pace: Pace) {
        self.paces.insert((surface.map(str::to_owned), kind.map(str::to_owned)), pace);
    }

    /// How fast a kind of work goes at a surface: the most specific setting, of surface and kind, of the surface, of
    /// the kind, of all.
    pub fn pace(&self, surface: &str, kind: &str) -> Pace {
        self.pace_set(surface, kind).unwrap_or_default()
    }
    /// The same; `None` when nobody set it.
    pub fn pace_set(&self, surface: &str, kind: &str) -> Option<Pace> {
        if self.paces.is_empty() {
            return None;
        }
        let (surface, kind) = (Some(surface.to_owned()), Some(kind.to_owned()));
        let keys = [(surface.clone(), kind.clone()), (surface, None), (None, kind), (None, None)];
        keys.iter().find_map(|key| self.paces.get(key)).copied()
    }

    /// The behaviour that decides a piece of work: most members, then the newest.
    pub(crate) fn decides(&self, work: &Work<'_>) -> Option<String> {
        let meant = self.behaviours.iter().filter(|(_, behaviour)| work.is_meant_by(behaviour));
        meant.max_by_key(|(_, b)| (b.matches.len(), b.order)).map(|(name, _)| name.clone())
    }
    /// A behaviour's next outcome, which is then used.
    pub(crate) fn take(&mut self, name: String) -> Option<Scripted> {
        let outcome = self.behaviours.edit(&name, |behaviour| {
            let turn = usize::try_from(behaviour.used).unwrap_or(usize::MAX);
            behaviour.used += 1;
            behaviour.outcomes.get(turn).or(behaviour.outcomes.last()).cloned()
        });
        let ScriptedOutcome { outcome, members } = outcome.flatten()?;
        Some(Scripted { behaviour: name, outcome, members })
    }
}

impl ScriptedOutcome {
    fn bytes(&self) -> usize {
        self.outcome.len()
            + self.members.iter().map(|(name, value)| name.len() + bytes_of(value)).sum::<usize>()
    }
}

/// About how much room a value takes.
fn bytes_of(value: &Value) -> usize {
    16 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + bytes_of(value)).sum(),
        _ => 0,
    }
}
