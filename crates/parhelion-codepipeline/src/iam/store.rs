//! The roles of an account.

use parhelion_core::{TenantKey, Timestamp};
use parhelion_state::{AnyTable, Store, Table, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::{fmt, str::FromStr};

/// Docs: the quotas page of IAM.
pub const ROLES_MAX: usize = 1000;

/// An account: twelve digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Account(String);

/// A text that is no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account is twelve digits")]
pub struct NoAccount;

impl FromStr for Account {
    type Err = NoAccount;
    fn from_str(text: &str) -> Result<Self, NoAccount> {
        let good = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        if good { Ok(Account(text.to_owned())) } else { Err(NoAccount) }
    }
}
impl TryFrom<String> for Account {
    type Error = NoAccount;
    fn try_from(text: String) -> Result<Self, NoAccount> {
        text.parse()
    }
}
impl From<Account> for String {
    fn from(account: Account) -> String {
        account.0
    }
}
impl From<&crate::domain::place::Place> for Account {
    fn from(place: &crate::domain::place::Place) -> Self {
        Account(place.account().to_owned())
    }
}
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl TenantKey for Account {}

/// The data of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IamStore {
    /// Roles by their names in small letters. Docs: names are not told apart by case.
    pub roles: Table<String, Role>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Its name as it was given.
    pub name: String,
    /// `/`, or `/…/`.
    pub path: String,
    /// `AROA…`.
    pub id: String,
    /// Where it is found; holds the partition that it was made in.
    pub arn: String,
    /// When it was made.
    pub created: Timestamp,
    /// Who may assume it: a policy, as it was given.
    pub trust: String,
    /// Words of whoever made it.
    pub description: Option<String>,
    /// Longest session, seconds.
    pub max_session_secs: i32,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

impl IamStore {
    /// The key that a role's name has.
    pub fn key(name: &str) -> String {
        name.to_ascii_lowercase()
    }
    /// The role of that name.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(&Self::key(name)).map(|role| &**role)
    }
}

impl Store for IamStore {
    const SURFACE: &'static str = "codepipeline";
    const NAME: &'static str = "codepipeline.iam";
    const VERSION: u32 = 1;
    type Key = Account;
    type Mail = Infallible;

    fn new(_: &Account) -> Self {
        IamStore { roles: Table::default() }
    }
    fn on_mail(&mut self, mail: Infallible, _tx: &mut Tx<'_>) {
        match mail {}
    }
    fn tables(&self) -> Vec<(&'static str, &dyn AnyTable)> {
        vec![("roles", &self.roles)]
    }
    fn check(&self) {
        assert!(self.roles.len() <= ROLES_MAX, "no more roles than the quota");
        for (key, role) in self.roles.iter() {
            assert_eq!(*key, Self::key(&role.name), "a role stands under its name");
            assert!(role.arn.ends_with(&format!("role{}{}", role.path, role.name)), "{}", role.arn);
        }
    }
}
