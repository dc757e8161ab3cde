//! What only some runs of actions have.

use super::{Failed, Outcome, Run};
use crate::named::Named;
use crate::shapes::ActionDeclaration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What only some runs have: a run without any of it keeps nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunMore {
    /// The configuration with values in place of variables, where it has variables.
    pub resolved: Option<Named<String>>,
    /// Who answered the approval.
    pub answered_by: Option<String>,
    /// What the work comes to when its time has come.
    pub planned: Option<Planned>,
    /// Why the work does not end by itself.
    pub stands: Option<Stands>,
    /// What was deployed to, as scripted: objects of the API's form.
    pub targets: Vec<Map<String, Value>>,
}

/// What work comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Planned {
    /// It could not be begun.
    Not(Failed),
    /// What a behaviour says of it; what it does not say is as without it.
    Scripted(Box<Outcome>),
}

/// Why work does not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stands {
    /// The pace of such work is `manual`.
    Manual,
    /// A behaviour lets it hang.
    Hangs,
}

impl Run {
    /// The rarer part, made where there is none.
    pub fn more_mut(&mut self) -> &mut RunMore {
        self.more.get_or_insert_default()
    }
    /// Why it does not end by itself.
    pub fn stands(&self) -> Option<Stands> {
        self.more.as_ref()?.stands
    }
    /// Who answered its approval.
    pub fn answered_by(&self) -> Option<&str> {
        self.more.as_ref()?.answered_by.as_deref()
    }
    /// The configuration that its work is done with.
    pub fn configuration<'a>(&'a self, action: &'a ActionDeclaration) -> Option<&'a Named<String>> {
        let resolved = self.more.as_ref().and_then(|more| more.resolved.as_ref());
        resolved.or(action.configuration.as_ref())
    }
    /// Its action with that configuration.
    pub fn resolved<'a>(&self, action: &'a ActionDeclaration) -> Cow<'a, ActionDeclaration> {
        match self.more.as_ref().and_then(|more| more.resolved.as_ref()) {
            None => Cow::Borrowed(action),
            Some(resolved) => {
                Cow::Owned(ActionDeclaration { configuration: Some(resolved.clone()), ..action.clone() })
            }
        }
    }
}
