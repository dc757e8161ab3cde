//! A site's settings: names that ignore case, each with a text; some have a default that shows through.

use parhelion_state::{AnyTable, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most settings of a site.
pub const MAX_SETTINGS: usize = 10_000;
/// Longest setting, name and value together, bytes.
pub const MAX_SETTING_BYTES: usize = 64 * 1024;

/// What a setting is as long as nobody sets it. OBSERVED: the defaults of the deployment settings.
const DEFAULTS: [(&str, &str); 5] = [
    ("deployment_branch", "master"),
    ("SCM_BUILD_ARGS", ""),
    ("SCM_COMMAND_IDLE_TIMEOUT", "60"),
    ("SCM_LOGSTREAM_TIMEOUT", "7200"),
    ("SCM_TRACE_LEVEL", "1"),
];

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Setting {
    /// As it was first written.
    name: String,
    value: String,
}

/// The settings of a site: what its app settings are to the real service, and the deployment settings besides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SiteSettings(Table<String, Setting>);

impl SiteSettings {
    /// What a setting is, its default when nobody set it; names ignore case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let set = self.0.get(&folded(name)).map(|setting| setting.value.as_str());
        set.or_else(|| {
            DEFAULTS.iter().find(|(default, _)| default.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
        })
    }
    /// The same, unless it is empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }
    /// Whether a setting says `1` or `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.filled(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }
    /// All of them with their defaults, by name.
    pub fn all(&self) -> BTreeMap<String, String> {
        let defaults = DEFAULTS.iter().filter(|(name, _)| !self.0.contains_key(&folded(name)));
        let defaults = defaults.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let set = self.0.values().map(|setting| (setting.name.clone(), setting.value.clone()));
        defaults.chain(set).collect()
    }
    /// Those that somebody set, by name ignoring case.
    pub fn set_ones(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.values().map(|setting| (setting.name.as_str(), setting.value.as_str()))
    }
    /// How many were set.
    pub fn count(&self) -> usize {
        self.0.len()
    }
    /// Whether somebody set it.
    pub fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(&folded(name))
    }
    /// Sets one; it keeps the spelling that its name had first.
    pub fn set(&mut self, name: &str, value: &str) {
        let key = folded(name);
        let name = self.0.get(&key).map_or(name, |old| old.name.as_str()).to_owned();
        self.0.put(key, Setting { name, value: value.to_owned() });
    }
    /// Takes one away; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(&folded(name)).is_some()
    }
    /// For counts.
    pub fn table(&self) -> &dyn AnyTable {
        &self.0
    }
}

impl<'a> FromIterator<&'a (String, String)> for SiteSettings {
    fn from_iter<I: IntoIterator<Item = &'a (String, String)>>(pairs: I) -> Self {
        let mut settings = SiteSettings::default();
        for (name, value) in pairs {
            settings.set(name, value);
        }
        settings
    }
}

fn folded(name: &str) -> String {
    name.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_defaults_show_through() {
        let mut settings = SiteSettings::default();
        assert_eq!(settings.get("Deployment_Branch"), Some("master"));
        settings.set("DEPLOYMENT_BRANCH", "main");
        settings.set("Command", " ");
        settings.set("COMMAND", "exit 0");
        assert_eq!(
            (settings.get("deployment_branch"), settings.filled("command")),
            (Some("main"), Some("exit 0"))
        );
        let all = settings.all();
        assert_eq!((all["DEPLOYMENT_BRANCH"].as_str(), all["Command"].as_str()), ("main", "exit 0"));
        assert_eq!(all.len(), 6);
        assert!(settings.remove("deployment_BRANCH") && !settings.remove("deployment_BRANCH"));
        assert_eq!(settings.get("deployment_branch"), Some("master"));
        assert_eq!((settings.get("nope"), settings.filled("scm_build_args")), (None, None));
        settings.set("x", "True");
        assert!(settings.flag("X") && !settings.flag("y"));
    }
}
