//! Action and rule types in the API's shapes.

use super::{Definition, Made, id_of};
use crate::domain::catalogue;
use crate::domain::catalogue::{ActionKind, Key, Required, RuleKind};
use crate::domain::engine::Engine;
use crate::shapes::{
    ActionConfigurationProperty, ActionType, ActionTypeArtifactDetails, ActionTypeDeclaration,
    ActionTypeExecutor, ActionTypeIdentifier, ActionTypeProperty, ActionTypeSettings, ArtifactDetails,
    ExecutorConfiguration, ExecutorType, JobWorkerExecutorConfiguration, RuleCategory,
    RuleConfigurationProperty, RuleOwner, RuleType, RuleTypeId,
};
use std::ops::RangeInclusive;

/// All types that pipelines of a tenant may use, in the order of ListActionTypes.
pub fn all(engine: &Engine) -> Vec<ActionType> {
    let here = engine.place.account();
    let is_listed = |made: &&Made| made.deleted.is_none() && made.definition.admits(here);
    let made =
        engine.types.values().map(|made| &**made).filter(is_listed).map(|made| shown(&made.definition));
    let built_in =
        catalogue::action_kinds().iter().filter(|kind| !engine.types.contains_key(&super::key_of(&kind.id)));
    let mut all: Vec<ActionType> = built_in.map(of_kind).chain(made).collect();
    all.sort_by(|a, b| catalogue::order(&a.id).cmp(&catalogue::order(&b.id)));
    all
}

/// A made type, in the form of ListActionTypes.
pub fn shown(definition: &Definition) -> ActionType {
    match definition {
        Definition::Custom(own) => ActionType::clone(own),
        Definition::Integration(given) => {
            let properties = given.properties.iter().flatten().map(|p| ActionConfigurationProperty {
                name: p.name.clone(),
                required: !p.optional,
                key: p.key,
                secret: p.no_echo,
                queryable: p.queryable,
                description: p.description.clone(),
                r#type: None,
            });
            let settings = given.urls.as_ref().map(|urls| ActionTypeSettings {
                third_party_configuration_url: urls.configuration_url.clone(),
                entity_url_template: urls.entity_url_template.clone(),
                execution_url_template: urls.execution_url_template.clone(),
                revision_url_template: urls.revision_url_template.clone(),
            });
            let details = |d: &ActionTypeArtifactDetails| ArtifactDetails {
                minimum_count: d.minimum_count,
                maximum_count: d.maximum_count,
            };
            ActionType {
                id: id_of(&given.id),
                settings,
                action_configuration_properties: Some(properties.collect()),
                input_artifact_details: details(&given.input_artifact_details),
                output_artifact_details: details(&given.output_artifact_details),
            }
        }
    }
}

fn n(count: &usize) -> i32 {
    i32::try_from(*count).unwrap_or(i32::MAX)
}
fn details(counts: &RangeInclusive<usize>) -> ArtifactDetails {
    ArtifactDetails { minimum_count: n(counts.start()), maximum_count: n(counts.end()) }
}
fn is_required(key: &Key) -> bool {
    key.required == Required::Yes
}

/// A built-in type. CHOICE: the keys that tell two actions apart are the required ones.
fn of_kind(kind: &ActionKind) -> ActionType {
    let properties = kind.keys.iter().map(|key| ActionConfigurationProperty {
        name: key.name.clone().into_owned(),
        required: is_required(key),
        key: is_required(key),
        secret: key.secret,
        queryable: Some(key.queryable),
        ..ActionConfigurationProperty::default()
    });
    ActionType {
        id: (*kind.id).clone(),
        settings: None,
        action_configuration_properties: Some(properties.collect()),
        input_artifact_details: details(&kind.inputs),
        output_artifact_details: details(&kind.outputs),
    }
}

/// A built-in type in the words of the integration model.
// CHOICE: AWS tells nobody who runs its own actions: they are shown as done by a job worker that names no account.
pub fn declared(kind: &ActionKind) -> ActionTypeDeclaration {
    let properties = kind.keys.iter().map(|key| ActionTypeProperty {
        name: key.name.clone().into_owned(),
        optional: !is_required(key),
        key: is_required(key),
        no_echo: key.secret,
        queryable: Some(key.queryable),
        description: None,
    });
    let details = |counts: &RangeInclusive<usize>| ActionTypeArtifactDetails {
        minimum_count: n(counts.start()),
        maximum_count: n(counts.end()),
    };
    ActionTypeDeclaration {
        description: None,
        executor: ActionTypeExecutor {
            configuration: ExecutorConfiguration {
                lambda_executor_configuration: None,
                job_worker_executor_configuration: Some(JobWorkerExecutorConfiguration::default()),
            },
            r#type: ExecutorType::JobWorker,
            policy_statements_template: None,
            job_timeout: None,
        },
        id: ActionTypeIdentifier {
            category: kind.id.category,
            owner: kind.id.owner.as_str().to_owned(),
            provider: kind.id.provider.clone(),
            version: kind.id.version.clone(),
        },
        input_artifact_details: details(&kind.inputs),
        output_artifact_details: details(&kind.outputs),
        permissions: None,
        properties: (!kind.open).then(|| properties.collect()),
        urls: None,
    }
}

/// A rule type.
pub fn rule(kind: &RuleKind) -> RuleType {
    let property = |name: &&str, required| RuleConfigurationProperty {
        name: (*name).to_owned(),
        required,
        key: required,
        ..RuleConfigurationProperty::default()
    };
    let properties = kind.required.iter().map(|name| property(name, true));
    let properties = properties.chain(kind.optional.iter().map(|name| property(name, false)));
    RuleType {
        id: RuleTypeId {
            category: RuleCategory::Rule,
            owner: Some(RuleOwner::Aws),
            provider: kind.provider.to_owned(),
            version: Some("1".to_owned()),
        },
        settings: None,
        rule_configuration_properties: Some(properties.collect()),
        input_artifact_details: details(&kind.inputs),
    }
}
