//! Subscribing.

use crate::domain::{hook_url::HookUrl, text::same, time};
use crate::error::{Error, MAX_EVENT_BYTES, MAX_HOOKS};
use crate::store::{Hook, KuduStore, Last};
use crate::wire::hook::Subscription;
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};

/// Adds a hook, or finds the one that is there.
///
/// One address has at most one hook, whatever the event. The same address for the same event gives the hook that
/// is there, unchanged; for another event it is a conflict. Addresses and events are compared without case.
/// Docs: wiki "Web hooks", `POST /api/hooks`.
pub struct SubscribeHook;

impl Operation for SubscribeHook {
    const NAME: &'static str = "SubscribeHook";
    type Store = KuduStore;
    type Input = Subscription;
    type Output = (u64, Hook);
    type Error = Error;

    fn run(store: &mut KuduStore, wanted: Subscription, tx: &mut Tx<'_>) -> Result<(u64, Hook), Error> {
        let site = format!("site:{}", store.site);
        let Some(url) = HookUrl::parse(&wanted.url) else {
            let fact = "the address is no well-formed absolute URI: no hook is made";
            tx.explain(Event::new("hook.refused", site).fact(fact).verdict(Verdict::Failed));
            return Err(Error::HookAddress { address: wanted.url });
        };
        if wanted.event.as_ref().is_some_and(|event| event.len() > MAX_EVENT_BYTES) {
            let fact = format!("the event's name is longer than {MAX_EVENT_BYTES} bytes: no hook is made");
            tx.explain(Event::new("hook.refused", site).fact(fact).verdict(Verdict::Failed));
            return Err(Error::LongEvent);
        }
        let named =
            |event: &Option<String>| event.as_deref().map_or("no event".to_owned(), |e| format!("\"{e}\""));
        if let Some((id, hook)) = store.hooks.iter().find(|(_, hook)| same(&hook.url, &wanted.url)) {
            let subject = format!("hook:{id}");
            let same_event = match (&hook.event, &wanted.event) {
                (Some(a), Some(b)) => same(a, b),
                (None, None) => true,
                _ => false,
            };
            if !same_event {
                let (there, asked) = (named(&hook.event), named(&wanted.event));
                let fact =
                    format!("hook {id} has this address for {there}; it cannot be had for {asked} too");
                tx.explain(Event::new("hook.refused", subject).fact(fact).verdict(Verdict::Failed));
                return Err(Error::HookConflict);
            }
            let fact = format!("hook {id} is this subscription already: it is given back unchanged");
            tx.emit(Event::new("hook.found", subject).fact(fact).verdict(Verdict::Ok));
            return Ok((*id, (**hook).clone()));
        }
        if store.hooks.len() >= MAX_HOOKS {
            let fact = format!("the site has {MAX_HOOKS} hooks, the most it may have");
            tx.explain(Event::new("hook.refused", site).fact(fact).verdict(Verdict::Failed));
            return Err(Error::TooManyHooks);
        }
        // Two within one tick still get different ids, the later one the greater.
        let id = u64::try_from(time::ticks(tx.now())).unwrap_or_default().max(store.last_hook + 1);
        store.last_hook = id;
        let fact = format!("hook {id} tells {} of {}", url.shown(), named(&wanted.event));
        let created = Event::new("hook.created", format!("hook:{id}")).fact(fact).verdict(Verdict::Ok);
        tx.emit(created.with("url", url.shown()).with("event", wanted.event.clone()));
        let hook = Hook {
            event: wanted.event,
            url: wanted.url,
            insecure_ssl: wanted.insecure_ssl,
            last: Last::default(),
        };
        store.hooks.put(id, hook.clone());
        Ok((id, hook))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fixture;

    fn hook(url: &str, event: &str) -> Subscription {
        Subscription { event: Some(event.into()), url: url.into(), insecure_ssl: false }
    }

    #[test]
    fn ids_are_ticks_and_rise_within_one_tick() {
        let site = Fixture::new();
        let first = site.write::<SubscribeHook>(hook("http://a/", "x")).unwrap().value.0;
        let second = site.write::<SubscribeHook>(hook("http://b/", "x")).unwrap().value.0;
        // 2026-01-01T00:00:00Z
        assert_eq!((first, second), (639_028_224_000_000_000, 639_028_224_000_000_001));
    }

    #[test]
    fn the_same_subscription_is_given_back_unchanged() {
        let site = Fixture::new();
        let first = site.write::<SubscribeHook>(hook("http://a/Path", "PostDeployment")).unwrap().value;
        let mut other = hook("HTTP://A/path", "postdeployment");
        other.insecure_ssl = true;
        assert_eq!(site.write::<SubscribeHook>(other).unwrap().value, first);
        assert_eq!(site.read(|store| store.hooks.len()), 1);
    }

    #[test]
    fn an_address_has_one_event() {
        let site = Fixture::new();
        site.write::<SubscribeHook>(hook("http://a/", "x")).unwrap();
        let conflict = site.write::<SubscribeHook>(hook("http://a/", "y")).unwrap_err();
        assert_eq!(conflict, Error::HookConflict);
        assert!(site.facts().last().unwrap().contains("cannot be had for \"y\" too"));
        let mut none = hook("http://b/", "");
        none.event = None;
        site.write::<SubscribeHook>(none.clone()).unwrap();
        site.write::<SubscribeHook>(none).unwrap();
        assert_eq!(site.write::<SubscribeHook>(hook("http://b/", "x")).unwrap_err(), Error::HookConflict);
    }

    #[test]
    fn a_refused_address_leaves_no_site() {
        let site = Fixture::new();
        let error = site.write::<SubscribeHook>(hook("/relative", "x")).unwrap_err();
        assert_eq!(error, Error::HookAddress { address: "/relative".into() });
        assert!(!site.exists());
    }

    #[test]
    fn an_events_name_has_a_bound() {
        let site = Fixture::new();
        let longest = "e".repeat(MAX_EVENT_BYTES);
        site.write::<SubscribeHook>(hook("http://a/", &longest)).unwrap();
        let longer = hook("http://b/", &format!("{longest}e"));
        assert_eq!(site.write::<SubscribeHook>(longer).unwrap_err(), Error::LongEvent);
        assert!(site.facts().last().unwrap().contains("longer than 1024 bytes"));
    }

    #[test]
    fn a_new_hook_is_newer_than_a_deleted_one() {
        let site = Fixture::new();
        let first = site.write::<SubscribeHook>(hook("http://a/", "x")).unwrap().value.0;
        site.change(|store| {
            store.hooks.remove(&first);
        });
        assert!(site.write::<SubscribeHook>(hook("http://a/", "x")).unwrap().value.0 > first);
    }
}
