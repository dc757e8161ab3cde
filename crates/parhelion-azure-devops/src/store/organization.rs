//! An organization as a tenant: its name, and who is in it.

use super::{
    AzureDevOpsStore,
    pool::{DEFAULT_POOL, HOSTED_POOL, Pool},
};
use crate::{
    error::{Error, Result},
    settings::Settings,
};
use parhelion_core::{TenantKey, Timestamp};
use parhelion_state::Tx;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The name of an organization, in lower case: names are compared ignoring case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Organization(String);

impl Organization {
    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Organization {
    type Err = Error;
    fn from_str(s: &str) -> Result<Self> {
        // CHOICE: letters, digits, hyphens, as the sign-up form takes them; also dots and underscores, which
        // Azure DevOps Server's collections may hold, but not in front.
        let good = (1..=50).contains(&s.len())
            && s.starts_with(|c: char| c.is_ascii_alphanumeric())
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if good {
            Ok(Organization(s.to_ascii_lowercase()))
        } else {
            Err(Error::OrganizationNameBad { name: s.chars().take(80).collect() })
        }
    }
}
impl TryFrom<String> for Organization {
    type Error = Error;
    fn try_from(s: String) -> Result<Self> {
        s.parse()
    }
}
impl From<Organization> for String {
    fn from(o: Organization) -> String {
        o.0
    }
}
impl fmt::Display for Organization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl TenantKey for Organization {}

/// Somebody, as answers show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The id.
    pub id: Uuid,
    /// The name shown.
    pub name: String,
    /// The name used for signing in.
    pub unique_name: String,
}

/// What is drawn when an organization comes into being.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name as first written.
    pub name: String,
    /// The organization's own id.
    pub instance: Uuid,
    /// Everybody who calls: credentials are accepted, not looked into.
    pub user: Identity,
    /// Who starts runs for webhooks.
    pub service: Identity,
    /// When it came into being.
    pub created: Timestamp,
    /// Whether pipelines need a permission for what their YAML names (`azure.permissions=strict`).
    #[serde(default)]
    pub strict_permissions: bool,
}

impl AzureDevOpsStore {
    /// Makes the organization, if it is not there yet.
    pub fn come_into_being(&mut self, name: &str, tx: &mut Tx<'_>) {
        if self.profile.is_some() {
            return;
        }
        let instance = tx.uuid("organization");
        let mut identity = |name: &str, unique_name: &str| Identity {
            id: tx.uuid("identity"),
            name: name.to_owned(),
            unique_name: unique_name.to_owned(),
        };
        let user = identity("Parhelion User", "user@example.com");
        // CHOICE: the identity that starts runs for a webhook (azure-devops.md 4.5).
        let service = identity("Microsoft.VisualStudio.Services.TFS", "");
        let strict_permissions = tx.settings::<Settings>().is_some_and(|s| s.strict_permissions);
        let (name, created) = (name.to_owned(), tx.now());
        self.profile = Some(Profile { name, instance, user, service, created, strict_permissions });
        // OBSERVED: an organization has these two from its beginning.
        for (name, hosted) in [(DEFAULT_POOL, false), (HOSTED_POOL, true)] {
            let pool = Pool {
                id: u32::try_from(tx.number("pool")).unwrap_or(u32::MAX),
                name: name.to_owned(),
                hosted,
                kind: "automation".to_owned(),
                auto_provision: true,
                auto_update: true,
                created: tx.now(),
            };
            self.pools.put(pool.id, pool);
        }
    }
    /// Everybody who calls.
    pub fn user(&self) -> Identity {
        let nobody = || Identity { id: Uuid::nil(), name: String::new(), unique_name: String::new() };
        self.profile.as_ref().map_or_else(nobody, |p| p.user.clone())
    }
    /// Who starts runs for webhooks.
    pub fn service_identity(&self) -> Identity {
        self.profile.as_ref().map_or_else(|| self.user(), |p| p.service.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organizations_are_the_same_in_any_case() {
        assert_eq!("Contoso".parse::<Organization>().unwrap(), "contoso".parse().unwrap());
        for bad in ["", "-a", "a b", "a/b", "ä", "_git", &"a".repeat(51)] {
            assert!(bad.parse::<Organization>().is_err(), "{bad}");
        }
    }
}
