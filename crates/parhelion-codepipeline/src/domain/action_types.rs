//! Action types that somebody makes: customers' own (CreateCustomActionType), and those of the integration model,
//! which the control API puts. Built-in ones stand in [`catalogue`].

use super::{
    catalogue::{self, ActionKind, Key, Required, Run},
    engine::Engine,
};
use crate::shapes::{
    ActionOwner, ActionType, ActionTypeDeclaration, ActionTypeId, ActionTypeIdentifier, ExecutorType,
};
use parhelion_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Docs: user guide, "Quotas", per account and region.
pub const CUSTOM_TYPES_MAX: usize = 50;

/// How long a worker may take, seconds. Docs: the quotas page, custom actions.
const JOB_SECS: u64 = 24 * 60 * 60;

/// Owner, category, provider, version as texts: the order of ListActionTypes.
pub type TypeKey = (String, String, String, String);

/// The key of a type.
pub fn key_of(id: &ActionTypeId) -> TypeKey {
    let (owner, category, provider, version) = catalogue::order(id);
    (owner.to_owned(), category.to_owned(), provider.to_owned(), version.to_owned())
}

/// An action type that somebody made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// What it is.
    pub definition: Definition,
    /// When it was deleted: what is left keeps the secrets of pipelines that used it masked.
    pub deleted: Option<Timestamp>,
}

/// What an action type is, in the form in which it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Definition {
    /// A customer's own.
    Custom(Box<ActionType>),
    /// One of the integration model.
    Integration(Box<ActionTypeDeclaration>),
}

impl Definition {
    /// Its id.
    pub fn id(&self) -> ActionTypeId {
        match self {
            Definition::Custom(own) => own.id.clone(),
            Definition::Integration(given) => id_of(&given.id),
        }
    }

    /// The templates of its addresses: of what the action works on, of one run, of a revision.
    pub fn templates(&self) -> Templates<'_> {
        match self {
            Definition::Custom(own) => own.settings.as_ref().map_or(Templates::default(), |s| Templates {
                entity: s.entity_url_template.as_deref(),
                execution: s.execution_url_template.as_deref(),
                revision: s.revision_url_template.as_deref(),
            }),
            Definition::Integration(given) => {
                given.urls.as_ref().map_or(Templates::default(), |u| Templates {
                    entity: u.entity_url_template.as_deref(),
                    execution: u.execution_url_template.as_deref(),
                    revision: u.revision_url_template.as_deref(),
                })
            }
        }
    }

    /// What pipelines must know of it.
    pub fn kind(&self) -> ActionKind {
        match self {
            Definition::Custom(own) => custom_kind(own),
            Definition::Integration(given) => integration_kind(given),
        }
    }

    /// Whether actions of an account may be of it. Docs: `permissions.allowedAccounts` of the integration model.
    fn admits(&self, account: &str) -> bool {
        match self {
            Definition::Custom(_) => true,
            Definition::Integration(given) => given.permissions.as_ref().is_none_or(|p| {
                p.allowed_accounts.iter().any(|allowed| allowed == "*" || allowed == account)
            }),
        }
    }

    /// Whether a worker of an account may poll for its jobs. Docs: `pollingAccounts` of a job worker's executor.
    pub fn admits_worker(&self, account: &str) -> bool {
        let Definition::Integration(given) = self else { return true };
        let worker = given.executor.configuration.job_worker_executor_configuration.as_ref();
        worker
            .and_then(|w| w.polling_accounts.as_ref())
            .is_none_or(|all| all.iter().any(|one| one == account))
    }
}

/// An identifier as pipelines write it.
pub fn id_of(id: &ActionTypeIdentifier) -> ActionTypeId {
    ActionTypeId {
        category: id.category,
        // The model's pattern lets these two in.
        owner: if id.owner == ActionOwner::Aws.as_str() { ActionOwner::Aws } else { ActionOwner::ThirdParty },
        provider: id.provider.clone(),
        version: id.version.clone(),
    }
}

fn count(n: i32) -> usize {
    usize::try_from(n).unwrap_or(0)
}

fn custom_kind(own: &ActionType) -> ActionKind {
    let keys = own.action_configuration_properties.iter().flatten().map(|p| Key {
        name: Cow::Owned(p.name.clone()),
        required: if p.required { Required::Yes } else { Required::No },
        secret: p.secret,
        queryable: p.queryable == Some(true),
    });
    let (given, made) = (&own.input_artifact_details, &own.output_artifact_details);
    ActionKind {
        id: own.id.clone(),
        inputs: count(given.minimum_count)..=count(given.maximum_count),
        outputs: count(made.minimum_count)..=count(made.maximum_count),
        keys: keys.collect(),
        open: false,
        v2_only: false,
        run: Run::CustomJob,
        timeout_secs: JOB_SECS,
    }
}

fn integration_kind(given: &ActionTypeDeclaration) -> ActionKind {
    let id = id_of(&given.id);
    let keys = given.properties.iter().flatten().map(|p| Key {
        name: Cow::Owned(p.name.clone()),
        required: if p.optional { Required::No } else { Required::Yes },
        secret: p.no_echo,
        queryable: p.queryable == Some(true),
    });
    let (inputs, outputs) = (&given.input_artifact_details, &given.output_artifact_details);
    let run = match given.executor.r#type {
        ExecutorType::JobWorker => Run::ThirdPartyJob,
        // CHOICE: no function runs here: the work of a Lambda executor is simulated.
        ExecutorType::Lambda if id.category == crate::shapes::ActionCategory::Source => Run::Source,
        ExecutorType::Lambda => Run::Simulated,
    };
    // Docs: `jobTimeout`, seconds. CHOICE: it bounds the action, not each of its jobs.
    let secs = given.executor.job_timeout.and_then(|secs| u64::try_from(secs).ok());
    ActionKind {
        id,
        inputs: count(inputs.minimum_count)..=count(inputs.maximum_count),
        outputs: count(outputs.minimum_count)..=count(outputs.maximum_count),
        keys: keys.collect(),
        // CHOICE: a type that names no properties takes any.
        open: given.properties.is_none(),
        v2_only: false,
        run,
        timeout_secs: secs.unwrap_or(JOB_SECS),
    }
}

impl Engine {
    /// The type of an id that actions of this tenant may have now: made and not deleted, or built in.
    pub fn kind(&self, id: &ActionTypeId) -> Option<Cow<'static, ActionKind>> {
        match self.types.get(&key_of(id)) {
            Some(made) => {
                let usable = made.deleted.is_none() && made.definition.admits(self.place.account());
                usable.then(|| Cow::Owned(made.definition.kind()))
            }
            None => catalogue::action_kind(id).map(Cow::Borrowed),
        }
    }

    /// As [`Engine::kind`], deleted ones too: what their secrets are.
    pub fn kind_ever(&self, id: &ActionTypeId) -> Option<Cow<'static, ActionKind>> {
        match self.types.get(&key_of(id)) {
            Some(made) => Some(Cow::Owned(made.definition.kind())),
            None => catalogue::action_kind(id).map(Cow::Borrowed),
        }
    }

    /// What somebody made and did not delete.
    pub fn made(&self, id: &ActionTypeId) -> Option<&Definition> {
        self.types.get(&key_of(id)).filter(|made| made.deleted.is_none()).map(|made| &made.definition)
    }

    /// The address that a type's template makes, if it has one and everything in it is known.
    pub fn url(
        &self,
        id: &ActionTypeId,
        which: impl FnOnce(Templates<'_>) -> Option<&str>,
        known: &Known<'_>,
    ) -> Option<String> {
        let made = self.types.get(&key_of(id))?;
        which(made.definition.templates()).and_then(|template| expand(template, known))
    }
}

/// Templates of addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Templates<'a> {
    /// Of what the action works on: `entityUrl`.
    pub entity: Option<&'a str>,
    /// Of one run: `externalExecutionUrl`.
    pub execution: Option<&'a str>,
    /// Of a revision: `revisionUrl`.
    pub revision: Option<&'a str>,
}

/// What the placeholders of a template stand for.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// `{Config:key}`.
    pub configuration: &'a BTreeMap<String, String>,
    /// `{ExternalExecutionId}`.
    pub execution: Option<&'a str>,
    /// `{RevisionId}`.
    pub revision: Option<&'a str>,
}

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text that stands as it is.
    Text(&'a str),
    /// `{Config:key}`: the key.
    Config(&'a str),
    /// `{ExternalExecutionId}`.
    Execution,
    /// `{RevisionId}`.
    Revision,
}

/// A template in pieces. Braces around anything else are text.
pub fn pieces(mut template: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut text_end = 0;
    while let Some(open) = template.get(text_end..).and_then(|rest| rest.find('{')).map(|at| at + text_end) {
        let inner = template.get(open + 1..).and_then(|rest| rest.split_once('}')).map(|(inner, _)| inner);
        let piece = match inner {
            Some("ExternalExecutionId") => Some(Piece::Execution),
            Some("RevisionId") => Some(Piece::Revision),
            Some(inner) => inner.strip_prefix("Config:").map(Piece::Config),
            None => break,
        };
        let length = inner.map_or(0, str::len) + 2;
        match (piece, template.split_at_checked(open)) {
            (Some(piece), Some((text, rest))) => {
                found.extend((!text.is_empty()).then_some(Piece::Text(text)));
                found.push(piece);
                template = rest.get(length..).unwrap_or("");
                text_end = 0;
            }
            _ => text_end = open + 1,
        }
    }
    found.extend((!template.is_empty()).then_some(Piece::Text(template)));
    found
}

/// The address that a template makes; `None` while something in it is not known.
// CHOICE: values stand in it as they are: `owner/repository` is a path.
fn expand(template: &str, known: &Known<'_>) -> Option<String> {
    let texts = pieces(template).into_iter().map(|piece| match piece {
        Piece::Text(text) => Some(text),
        Piece::Config(key) => known.configuration.get(key).map(String::as_str),
        Piece::Execution => known.execution,
        Piece::Revision => known.revision,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_template_is_filled_in() {
        let configuration = BTreeMap::from([("Project".to_owned(), "a/b".to_owned())]);
        let known = Known { configuration: &configuration, execution: Some("7"), revision: None };
        let url = |template| expand(template, &known);
        assert_eq!(
            url("https://x/{Config:Project}/{ExternalExecutionId}").as_deref(),
            Some("https://x/a/b/7")
        );
        assert_eq!(url("https://x/{Other}/{").as_deref(), Some("https://x/{Other}/{"));
        assert_eq!(url("https://x/{{Config:Project}").as_deref(), Some("https://x/{a/b"));
        assert_eq!(url("{RevisionId}"), None, "not known yet");
        assert_eq!(url("{Config:Nope}"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_template(text in "[{}:a-zA-ZConfigRvsd ü]{0,40}") {
            let back: String = pieces(&text).into_iter().map(|piece| match piece {
                Piece::Text(text) => text.to_owned(),
                Piece::Config(key) => format!("{{Config:{key}}}"),
                Piece::Execution => "{ExternalExecutionId}".to_owned(),
                Piece::Revision => "{RevisionId}".to_owned(),
            }).collect();
            prop_assert_eq!(back, text);
        }
    }
}
