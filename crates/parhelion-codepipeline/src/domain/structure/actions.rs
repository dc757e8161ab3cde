//! Rules on an action: 8, 9, 31 to 33, 10, 13 to 15, 20.

use super::secrets::{MASK, stored_secret};
use super::{Context, Fault, is_given, says_v1};
use crate::domain::catalogue::{ActionKind, Required};
use crate::domain::variables::references;
use crate::shapes::{ActionCategory, ActionDeclaration, ActionOwner, PipelineDeclaration, StageDeclaration};
use std::ops::RangeInclusive;

/// The rules on action number `m` of a stage.
pub(super) fn check(
    pipeline: &PipelineDeclaration,
    stage: &StageDeclaration,
    m: usize,
    action: &ActionDeclaration,
    context: &Context<'_>,
) -> Result<(), Fault> {
    let name = &action.name;
    if stage.actions[..m].iter().any(|earlier| earlier.name == *name) {
        // CHOICE: text of 8.
        return Err(Fault::action(format!(
            "Action name '{name}' is used more than once in stage '{}'",
            stage.name
        )));
    }
    let id = &action.action_type_id;
    let Some(kind) = (context.types)(id) else {
        let region = context.place.region().to_ascii_uppercase().replace('-', "_");
        return Err(Fault::action(format!(
            "ActionType (Category: '{}', Provider: '{}', Owner: '{}', Version: '{}') in action '{name}' is not available in region '{region}'",
            id.category, id.provider, id.owner, id.version
        )));
    };
    if kind.v2_only && says_v1(pipeline) {
        return Err(Fault::action(format!("{} Action can only be used with V2 pipelines.", id.provider)));
    }
    members(action)?;
    counts(
        "input",
        name,
        action.input_artifacts.as_ref().map_or(0, |artifacts| artifacts.len()),
        &kind.inputs,
    )?;
    counts(
        "output",
        name,
        action.output_artifacts.as_ref().map_or(0, |artifacts| artifacts.len()),
        &kind.outputs,
    )?;
    configuration(stage, action, &kind, context)?;
    let elsewhere = action.region.as_deref().is_some_and(|region| region != context.place.region());
    if elsewhere && (id.category == ActionCategory::Source || id.owner != ActionOwner::Aws) {
        // CHOICE: text of 20.
        let what = if id.category == ActionCategory::Source { "Source" } else { id.owner.as_str() };
        return Err(Fault::action(format!("{what} actions cannot be cross-region actions: action '{name}'")));
    }
    Ok(())
}

/// 32, 33: members that only some providers take.
fn members(action: &ActionDeclaration) -> Result<(), Fault> {
    let (name, provider) = (&action.name, action.action_type_id.provider.as_str());
    let commands = provider == "Commands" && action.action_type_id.owner == ActionOwner::Aws;
    if commands && !is_given(&action.commands) {
        return Err(Fault::action(format!("Action {name} must have a non-empty commands field")));
    }
    let given = [
        ("commands", action.commands.is_some(), commands),
        ("outputVariables", action.output_variables.is_some(), commands),
        ("environmentVariables", action.environment_variables.is_some(), commands),
        ("timeoutInMinutes", action.timeout_in_minutes.is_some(), provider == "Manual"),
    ];
    match given.iter().find(|(_, given, allowed)| *given && !allowed) {
        None => Ok(()),
        // CHOICE: text of 33.
        Some((member, ..)) => Err(Fault::action(format!(
            "Action {name} with provider {provider} cannot have the field {member}"
        ))),
    }
}

/// 10: how many artifacts.
fn counts(which: &str, name: &str, n: usize, allowed: &RangeInclusive<usize>) -> Result<(), Fault> {
    let (fewest, most) = (allowed.start(), allowed.end());
    let bound = match n {
        n if n < *fewest => format!("less than the minimum count ({fewest})"),
        n if n > *most => format!("more than the maximum count ({most})"),
        _ => return Ok(()),
    };
    Err(Fault::action(format!("Action {name} declares {n} {which} artifacts which is {bound}")))
}

/// 13 to 15: configuration.
fn configuration(
    stage: &StageDeclaration,
    action: &ActionDeclaration,
    kind: &ActionKind,
    context: &Context<'_>,
) -> Result<(), Fault> {
    let name = &action.name;
    let value = |key: &str| action.configuration.as_ref().and_then(|c| c.get(key));
    let inputs = action.input_artifacts.as_ref().map_or(0, |artifacts| artifacts.len());
    let missing = kind.keys.iter().find(|key| {
        let required = match key.required {
            Required::No => false,
            Required::Yes => true,
            Required::WithManyInputs => inputs > 1,
            Required::When(other, is) => value(other).is_some_and(|v| v == is),
        };
        required && value(&key.name).is_none()
    });
    if let Some(key) = missing {
        return Err(Fault::action(format!(
            "Action configuration for action '{name}' is missing required configuration '{}'",
            key.name
        )));
    }
    let given = || action.configuration.iter().flatten();
    if let Some((key, _)) = given().find(|(key, _)| !kind.open && kind.key(key).is_none()) {
        return Err(Fault::action(format!(
            "Action configuration for action '{name}' contains unknown configuration '{key}'"
        )));
    }
    // Docs: the bounds of a queryable value. CHOICE: text, and that a value with a variable in it stands: polls are
    // compared with what it resolves to.
    let is_queryable = |v: &str| {
        let plain = v.len() <= 20 && v.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        plain || references(v).next().is_some()
    };
    if let Some((key, _)) =
        given().find(|(k, v)| kind.key(k).is_some_and(|k| k.queryable) && !is_queryable(v))
    {
        return Err(Fault::action(format!(
            "Action configuration for action '{name}' contains an invalid value for the queryable configuration '{key}': \
             it must be at most 20 characters of a-z, A-Z, 0-9, _ and -"
        )));
    }
    let unknown_secret = given().find(|(key, value)| {
        *value == MASK
            && kind.key(key).is_some_and(|k| k.secret)
            && stored_secret(context.before, &stage.name, name, key).is_none()
    });
    match unknown_secret {
        None => Ok(()),
        Some((key, _)) => Err(Fault::action(format!(
            "Action configuration for the new action \"{name}\" contains an invalid configuration for the secret property \
             \"{key}\". \"{MASK}\" may be used in secret properties only when updating an existing action."
        ))),
    }
}
