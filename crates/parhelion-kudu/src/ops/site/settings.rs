//! A site's settings.

use crate::domain::busy::refuse_while_busy;
use crate::error::SiteError;
use crate::store::{KuduStore, MAX_SETTING_BYTES, MAX_SETTINGS};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// The setting that every site has: its name.
const SITE_NAME: &str = "WEBSITE_SITE_NAME";

/// All settings with their defaults, by name.
/// Docs: wiki "REST API", `GET /api/settings`.
pub struct ListSettings;

impl Query for ListSettings {
    const NAME: &'static str = "ListSettings";
    type Store = KuduStore;
    type Input = ();
    type Output = BTreeMap<String, String>;
    type Error = Infallible;

    fn run(store: &KuduStore, (): (), _: &View<'_>) -> Result<Self::Output, Infallible> {
        let mut all = store.settings.all();
        if !store.settings.is_set(SITE_NAME) {
            all.insert(SITE_NAME.to_owned(), store.site.to_string());
        }
        Ok(all)
    }
}

/// One setting; names ignore case, and a default shows through.
/// Docs: wiki "REST API", `GET /api/settings/{key}`.
pub struct GetSetting;

impl Query for GetSetting {
    const NAME: &'static str = "GetSetting";
    type Store = KuduStore;
    type Input = String;
    type Output = String;
    type Error = SiteError;

    fn run(store: &KuduStore, key: String, _: &View<'_>) -> Result<String, SiteError> {
        let set = store.settings.get(&key).map(str::to_owned);
        let own = || key.eq_ignore_ascii_case(SITE_NAME).then(|| store.site.to_string());
        set.or_else(own).ok_or(SiteError::NoSetting { key })
    }
}

/// Sets settings. None of them when one cannot be.
/// Docs: wiki "REST API", `POST /api/settings`.
pub struct SetSettings;

impl Operation for SetSettings {
    const NAME: &'static str = "SetSettings";
    type Store = KuduStore;
    type Input = Vec<(String, String)>;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, settings: Self::Input, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        refuse_while_busy(store, "Updating deployment setting", tx)?;
        for (name, value) in &settings {
            let is_long = name.len().saturating_add(value.len()) > MAX_SETTING_BYTES;
            let is_new = !store.settings.is_set(name);
            if is_long || (is_new && store.settings.count() >= MAX_SETTINGS) {
                return Err(SiteError::TooManySettings);
            }
            store.settings.set(name, value);
        }
        // Values may be secrets: only names are told.
        let names: Vec<&str> = settings.iter().map(|(name, _)| name.as_str()).collect();
        let fact = format!("settings were set: {}", names.join(", "));
        let fact = parhelion_core::text::prefix(&fact, 1_000);
        tx.emit(
            Event::new("settings.changed", format!("site:{}", store.site)).fact(fact).verdict(Verdict::Ok),
        );
        Ok(())
    }
}

/// Takes a setting away, also one that nobody set.
/// Docs: wiki "REST API", `DELETE /api/settings/{key}`.
pub struct DeleteSetting;

impl Operation for DeleteSetting {
    const NAME: &'static str = "DeleteSetting";
    type Store = KuduStore;
    type Input = String;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, name: String, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        refuse_while_busy(store, "Deleting deployment setting", tx)?;
        let name = parhelion_core::text::prefix(&name, 1_000);
        let (fact, verdict) = match store.settings.remove(name) {
            true => (format!("the setting {name} was deleted"), Verdict::Ok),
            false => (format!("nobody had set {name}"), Verdict::Skipped),
        };
        tx.emit(Event::new("settings.changed", format!("site:{}", store.site)).fact(fact).verdict(verdict));
        Ok(())
    }
}

/// Puts settings in the place of all that were set: what an owner of the site does elsewhere, at any time.
pub struct ReplaceSettings;

impl Operation for ReplaceSettings {
    const NAME: &'static str = "ReplaceSettings";
    type Store = KuduStore;
    type Input = Vec<(String, String)>;
    type Output = ();
    type Error = SiteError;

    fn run(store: &mut KuduStore, settings: Self::Input, tx: &mut Tx<'_>) -> Result<(), SiteError> {
        let is_long =
            |(name, value): &(String, String)| name.len().saturating_add(value.len()) > MAX_SETTING_BYTES;
        if settings.len() > MAX_SETTINGS || settings.iter().any(is_long) {
            return Err(SiteError::TooManySettings);
        }
        store.settings = settings.iter().collect();
        let fact = format!("the site now has {} settings", store.settings.count());
        tx.emit(
            Event::new("settings.changed", format!("site:{}", store.site)).fact(fact).verdict(Verdict::Ok),
        );
        Ok(())
    }
}
