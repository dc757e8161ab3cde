//! Action types that somebody makes: customers' own (CreateCustomActionType), and those of the integration model,
//! which the control API puts. Built-in ones stand in [`catalogue`].

pub mod rules;
pub mod shown;
mod templates;

pub use templates::{Known, Templates};

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
            Definition::Custom(own) => Templates::of_settings(own.settings.as_ref()),
            Definition::Integration(given) => Templates::of_urls(given.urls.as_ref()),
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
        id: own.id.clone().into(),
        inputs: count(given.minimum_count)..=count(given.maximum_count),
        outputs: count(made.minimum_count)..=count(made.maximum_count),
        keys: keys.collect(),
        open: false,
        v2_only: false,
        run: Run::CustomJob,
        timeout_secs: JOB_SECS,
        timeout_of_job: false,
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
    // Docs: `jobTimeout`, seconds: of a single job, not of the action. CHOICE: it begins when the job is made.
    let secs = given.executor.job_timeout.and_then(|secs| u64::try_from(secs).ok());
    ActionKind {
        id: id.into(),
        inputs: count(inputs.minimum_count)..=count(inputs.maximum_count),
        outputs: count(outputs.minimum_count)..=count(outputs.maximum_count),
        keys: keys.collect(),
        // CHOICE: a type that names no properties takes any.
        open: given.properties.is_none(),
        v2_only: false,
        run,
        timeout_secs: secs.unwrap_or(JOB_SECS),
        timeout_of_job: secs.is_some(),
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
        // Most tenants have no types of their own: then no key is made.
        let made = if self.types.is_empty() { None } else { self.types.get(&key_of(id)) };
        match made {
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
        which(made.definition.templates()).and_then(|template| templates::expand(template, known))
    }
}
