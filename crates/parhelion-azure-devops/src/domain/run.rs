//! Queueing a run: what to run is looked up, its YAML read and expanded outside the state, and the write that
//! queues it checks that definition and branch are still what they were.

pub mod drive;
mod expand;
pub mod handed;
pub mod life;
#[cfg(test)]
mod life_tests;
mod queue;
mod root;
pub mod scope;
#[cfg(test)]
mod table_tests;

pub use expand::{Expansion, Outcome, expanded, expanded_in};
pub use queue::{queue, start};

use crate::{
    domain::{
        refs,
        source::{self, Place},
    },
    error::{Error, Result},
    store::{AzureDevOpsStore, Definition, Delivered, Project, QueueStatus, Reason, Repository, Variable},
};
use parhelion_git::ObjectId;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// Where a repository is to be read instead of where its resource says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pin {
    /// The branch or tag, a full ref.
    pub branch: Option<String>,
    /// The commit.
    pub version: Option<ObjectId>,
}

/// What a run is asked to be.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Why.
    pub reason: Reason,
    /// The branch or tag; `None`: the definition's own.
    pub branch: Option<String>,
    /// The commit; `None`: the branch's tip.
    pub version: Option<ObjectId>,
    /// Other repositories of the YAML, by alias in lower case.
    pub repositories: BTreeMap<String, Pin>,
    /// YAML in place of the file's.
    pub yaml: Option<String>,
    /// Template parameters.
    pub parameters: BTreeMap<String, Value>,
    /// The payloads of webhooks, by alias.
    pub payloads: BTreeMap<String, Arc<Value>>,
    /// Stages that are left out.
    pub skip: Vec<String>,
    /// Variables set for this run.
    pub variables: BTreeMap<String, Variable>,
    /// `parameters` of the queueing as given: a JSON text.
    pub raw_parameters: Option<String>,
    /// `normal` unless asked otherwise.
    pub priority: String,
    /// The agent queue; `None`: the definition's.
    pub queue: Option<u32>,
    /// What the agent must have, as given.
    pub demands: Vec<Value>,
    /// What the trigger tells.
    pub trigger_info: BTreeMap<String, String>,
    /// The webhook delivery that starts it.
    pub delivery: Option<Delivered>,
}

impl Default for Ask {
    fn default() -> Self {
        Ask {
            reason: Reason::Manual,
            branch: None,
            version: None,
            repositories: BTreeMap::new(),
            yaml: None,
            parameters: BTreeMap::new(),
            payloads: BTreeMap::new(),
            skip: Vec::new(),
            variables: BTreeMap::new(),
            raw_parameters: None,
            priority: "normal".to_owned(),
            queue: None,
            demands: Vec::new(),
            trigger_info: BTreeMap::new(),
            delivery: None,
        }
    }
}

/// What would be run: what has to be the same at the second look.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The project.
    pub project: Arc<Project>,
    /// The definition.
    pub definition: Arc<Definition>,
    /// Its repository, when it is one of ours.
    pub repository: Option<Arc<Repository>>,
    /// Where its YAML is.
    pub place: Place,
}

impl Look {
    /// Looks at what a definition would run.
    pub fn at(
        store: &AzureDevOpsStore,
        project: Arc<Project>,
        definition: &Arc<Definition>,
        ask: &Ask,
    ) -> Look {
        let mut place = source::place(store, definition, ask.branch.as_deref());
        let repository =
            definition.repository.is_ours().then(|| store.source_of(definition).cloned()).flatten();
        if let Some(version) = ask.version {
            place.commit = Some(version);
        }
        Look { project, definition: definition.clone(), repository, place }
    }
    /// Whether another look saw the same.
    pub fn is_still(&self, other: &Look) -> bool {
        let (mine, theirs) = (&self.definition, &other.definition);
        (mine.id, mine.revision, mine.queue_status) == (theirs.id, theirs.revision, theirs.queue_status)
            && self.place == other.place
            && self.project.name == other.project.name
            && self.repository.as_ref().map(|r| &r.name) == other.repository.as_ref().map(|r| &r.name)
    }
}

/// Whether a definition's runs start, and with these variables.
///
/// # Errors
/// The messages that queueing gives.
pub fn may_run(
    project: &Project,
    definition: &Definition,
    ask: &Ask,
) -> std::result::Result<(), Vec<String>> {
    match definition.queue_status {
        QueueStatus::Enabled => {}
        // CHOICE: the texts.
        QueueStatus::Paused => return Err(vec![format!("The pipeline {} is paused.", definition.name)]),
        QueueStatus::Disabled => return Err(vec![format!("The pipeline {} is disabled.", definition.name)]),
    }
    // Docs: the project's setting, without which a run may set any variable.
    let any = project.pipeline_settings.get("enforceSettableVar") == Some(&false);
    let settable = |name: &str| {
        let declared = definition.variables.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        declared.is_some_and(|(_, v)| v.allow_override) || name.eq_ignore_ascii_case("system.debug")
    };
    let refused: Vec<&str> =
        ask.variables.keys().map(String::as_str).filter(|n| !any && !settable(n)).collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(vec![format!(
        "You can't set the following variables ({}). If you want to be able to set these variables, then edit the pipeline and select Settable at queue time on the variables tab of the pipeline editor.",
        refused.join(", ")
    )])
}

/// The variables that a caller sets for a run; one that the definition keeps secret stays secret.
pub fn set_by_caller(definition: &Definition, ask: &Ask) -> BTreeMap<String, Variable> {
    let hidden =
        |name: &str| definition.variables.iter().any(|(n, v)| v.is_secret && n.eq_ignore_ascii_case(name));
    let set = |(name, v): (&String, &Variable)| {
        (name.clone(), Variable { is_secret: v.is_secret || hidden(name), ..v.clone() })
    };
    ask.variables.iter().map(set).collect()
}

/// `parameters` of the queueing as given, without the secrets among them.
// CHOICE: a secret is left out; the service does not show it either.
pub fn shown_parameters(ask: &Ask, set: &BTreeMap<String, Variable>) -> Option<String> {
    let given = ask.raw_parameters.as_ref()?;
    if !set.values().any(|v| v.is_secret) {
        return Some(given.clone());
    }
    let open: serde_json::Map<String, Value> = set
        .iter()
        .filter(|(_, v)| !v.is_secret)
        .map(|(name, v)| (name.clone(), Value::from(v.value.clone())))
        .collect();
    Some(Value::Object(open).to_string())
}

/// A commit given by its id.
///
/// # Errors
/// When it is none.
pub fn commit(text: &str) -> Result<ObjectId> {
    text.trim().parse().map_err(|_| {
        let shown: String = text.chars().take(80).collect();
        Error::invalid(format!("'{shown}' is no commit id: 40 hexadecimal digits."))
    })
}

/// A branch or tag as asked for, as a full ref.
pub fn branch(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|t| !t.is_empty()).map(refs::full)
}
