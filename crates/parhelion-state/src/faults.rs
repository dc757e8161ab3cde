//! [`Faults`]: a world's rules of what goes wrong with deliveries (control.md 8).

use crate::{Ids, Table};
use parhelion_core::{Delivery, OutboundFault, Owner, limits};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A world's fault rules: a value like a tenant's, copied in O(1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    rules: Table<String, Fault>,
    /// How many were ever put: tells which is the newest.
    puts: u64,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What it is about: all members must hold (`surface`, `tenant`, `event`, `target`).
    pub matches: Arc<BTreeMap<String, String>>,
    /// What it does.
    pub effect: OutboundFault,
    /// How often it hits; `None`: always.
    pub times: Option<u64>,
    /// How many matches pass before it hits.
    pub after: u64,
    /// How likely it hits after that, 0 to 1.
    pub probability: f64,
    /// Matches so far.
    pub seen: u64,
    /// Hits so far.
    pub hits: u64,
    order: u64,
}

impl Fault {
    /// A rule that has hit nothing yet.
    pub fn new(matches: BTreeMap<String, String>, effect: OutboundFault) -> Self {
        let matches = Arc::new(matches);
        Fault { matches, effect, times: None, after: 0, probability: 1.0, seen: 0, hits: 0, order: 0 }
    }
    fn is_about(&self, surface: &str, owner: &Owner, delivery: &Delivery) -> bool {
        self.times.is_none_or(|times| self.hits < times)
            && self.effect.fits(delivery)
            && self.matches.iter().all(|(member, wanted)| match member.as_str() {
                "surface" => surface == wanted,
                // Clouds that let a tenant be written in any case keep it in one.
                "tenant" => owner.tenant.eq_ignore_ascii_case(wanted),
                "event" => delivery.event.eq_ignore_ascii_case(wanted),
                "target" => delivery.url == *wanted || delivery.shown_url == *wanted,
                _ => false,
            })
    }
}

impl Faults {
    /// The rules by name.
    pub fn rules(&self) -> &Table<String, Fault> {
        &self.rules
    }
    /// Puts a rule in the place of the one of that name; it has hit nothing and is the newest.
    ///
    /// # Errors
    /// A sentence, when there are as many as there may be.
    pub fn put(&mut self, name: &str, fault: Fault) -> Result<(), String> {
        if !self.rules.contains_key(name) && self.rules.len() >= limits::FAULTS {
            return Err(format!("there are {} fault rules already; delete one", limits::FAULTS));
        }
        self.puts += 1;
        self.rules.put(name.to_owned(), Fault { order: self.puts, ..fault });
        Ok(())
    }
    /// Takes a rule away; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.rules.remove(&name.to_owned()).is_some()
    }
    /// Takes all rules away; how many there were.
    pub fn clear(&mut self) -> usize {
        std::mem::take(&mut self.rules).len()
    }
    /// What happens to a delivery: the rule with most members, then the newest, decides, if it hits.
    pub(crate) fn draw(
        &mut self,
        surface: &str,
        owner: &Owner,
        delivery: &Delivery,
        ids: &Ids,
    ) -> Option<(String, OutboundFault)> {
        if self.rules.is_empty() {
            return None;
        }
        let about = self.rules.iter().filter(|(_, rule)| rule.is_about(surface, owner, delivery));
        let name =
            about.max_by_key(|(_, rule)| (rule.matches.len(), rule.order)).map(|(name, _)| name.clone())?;
        let hit = self.rules.edit(&name, |rule| {
            rule.seen += 1;
            // From the seed: the same run comes out the same.
            let drawn =
                u32::from_be_bytes(ids.bytes::<4>(&Owner::new("faults", name.clone()), "draw", rule.seen));
            let hits = rule.seen > rule.after && f64::from(drawn) < rule.probability * 4_294_967_296.0;
            rule.hits += u64::from(hits);
            hits.then_some(rule.effect)
        });
        hit.flatten().map(|effect| (name, effect))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use parhelion_core::Policy;

    fn delivery(event: &str) -> Delivery {
        Delivery {
            subject: "hook:1".into(),
            event: event.into(),
            method: "POST",
            url: "http://h/".into(),
            shown_url: "http://h/".into(),
            headers: Vec::new(),
            body: bytes::Bytes::new(),
            policy: Policy::default(),
            order: None,
        }
    }
    fn rule(members: &[(&str, &str)], effect: OutboundFault) -> Fault {
        Fault::new(members.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(), effect)
    }
    fn draw(faults: &mut Faults, event: &str) -> Option<String> {
        let owner = Owner::new("kudu", "site");
        faults.draw("kudu", &owner, &delivery(event), &Ids::seeded(1)).map(|(name, _)| name)
    }

    #[test]
    fn most_members_win_then_the_newest_and_used_up_ones_make_way() {
        let mut faults = Faults::default();
        faults.put("all", rule(&[], OutboundFault::Drop)).unwrap();
        faults.put("kudu", rule(&[("surface", "kudu")], OutboundFault::Drop)).unwrap();
        let once = Fault {
            times: Some(1),
            ..rule(&[("event", "PUSH"), ("tenant", "SITE")], OutboundFault::Duplicate)
        };
        faults.put("push", once).unwrap();
        assert_eq!(draw(&mut faults, "push").as_deref(), Some("push"));
        assert_eq!(draw(&mut faults, "push").as_deref(), Some("kudu"));
        faults.put("other", rule(&[("surface", "other"), ("event", "push")], OutboundFault::Drop)).unwrap();
        assert_eq!(draw(&mut faults, "push").as_deref(), Some("kudu"));
        assert!(faults.remove("kudu") && !faults.remove("kudu"));
        assert_eq!(draw(&mut faults, "x").as_deref(), Some("all"));
        // None is signed.
        faults.put("spoil", rule(&[("event", "x")], OutboundFault::CorruptSignature)).unwrap();
        assert_eq!(draw(&mut faults, "x").as_deref(), Some("all"));
        assert_eq!((faults.rules()["all"].hits, faults.clear()), (2, 4));
        assert_eq!(draw(&mut faults, "x"), None);
    }

    #[test]
    fn the_first_pass_and_odds_are_repeatable() {
        let mut faults = Faults::default();
        let late = Fault { after: 2, ..rule(&[], OutboundFault::Delay(TimeDelta::seconds(1))) };
        faults.put("late", late).unwrap();
        let drawn: Vec<bool> = (0..4).map(|_| draw(&mut faults, "x").is_some()).collect();
        assert_eq!(drawn, [false, false, true, true]);
        let half = Fault { probability: 0.5, ..rule(&[], OutboundFault::Drop) };
        let run = || {
            let mut faults = Faults::default();
            faults.put("half", half.clone()).unwrap();
            (0..100).filter(|_| draw(&mut faults, "x").is_some()).count()
        };
        assert_eq!(run(), run());
        assert!((25..75).contains(&run()), "{}", run());
    }
}
