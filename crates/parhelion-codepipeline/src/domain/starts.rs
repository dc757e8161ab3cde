//! What the start of an execution may say, and what it says by itself.

use super::{
    engine::records::{Plan, Revision, Wanted},
    simulation::{self, SourceKind},
};
use crate::error::Invalid;
use crate::shapes::{
    ActionDeclaration, PipelineType, PipelineVariable, SourceRevisionOverride, SourceRevisionType,
};
use std::collections::{BTreeMap, BTreeSet};

/// Why nothing starts where there is no room ([`super::engine::Engine::has_room`]).
pub const NO_ROOM: &str = "the pipeline has as many executions at once as its execution mode allows";

/// The variables of a start that can give none: their defaults.
// CHOICE: a variable without default is empty then; only StartPipelineExecution could say more, and refuses.
pub fn defaults(plan: &Plan) -> Vec<(String, String)> {
    let declared = plan.declaration.variables.iter().flatten();
    declared.map(|v| (v.name.clone(), v.default_value.clone().unwrap_or_default())).collect()
}

/// The values of all variables: those given, else their defaults.
///
/// # Errors
/// A variable that is not declared, comes twice, or has neither value nor default.
pub fn variables(plan: &Plan, given: &[PipelineVariable]) -> Result<Vec<(String, String)>, Invalid> {
    let declared = || plan.declaration.variables.iter().flatten();
    let mut values = BTreeMap::new();
    for variable in given {
        let name = variable.name.clone();
        if !declared().any(|d| d.name == name) {
            return Err(Invalid::UnknownVariable { name });
        }
        if values.insert(name.clone(), variable.value.clone()).is_some() {
            return Err(Invalid::VariableTwice { name });
        }
    }
    let value = |d: &crate::shapes::PipelineVariableDeclaration| {
        let value = values.get(&d.name).cloned().or_else(|| d.default_value.clone());
        value
            .map(|v| (d.name.clone(), v))
            .ok_or_else(|| Invalid::VariableWithoutValue { name: d.name.clone() })
    };
    declared().map(value).collect()
}

/// What the source actions are to find.
///
/// # Errors
/// An action that is no source action, or a type of revision that does not suit its provider.
pub fn wanted(plan: &Plan, given: &[SourceRevisionOverride]) -> Result<BTreeMap<String, Wanted>, Invalid> {
    let mut all: BTreeMap<String, Wanted> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for one in given {
        let name = one.action_name.clone();
        let Some(action) = plan.sources().find(|action| action.name == name) else {
            return Err(Invalid::UnknownSourceAction {
                pipeline: plan.declaration.name.clone(),
                action: name,
            });
        };
        if !seen.insert((name.clone(), one.revision_type)) {
            return Err(Invalid::SourceActionTwice { action: name });
        }
        if !suits(plan, action, one.revision_type) {
            let provider = action.action_type_id.provider.clone();
            return Err(Invalid::RevisionType {
                action: name,
                provider,
                given: one.revision_type.as_str().to_owned(),
            });
        }
        let wanted = all.entry(name).or_default();
        match one.revision_type {
            SourceRevisionType::S3ObjectKey => wanted.object_key = Some(one.revision_value.clone()),
            _ => wanted.revision = Some(Revision { id: one.revision_value.clone(), ..Revision::default() }),
        }
    }
    Ok(all)
}

/// Docs: which type goes with which provider; an object's key only in V2 pipelines, and where the action allows it.
fn suits(plan: &Plan, action: &ActionDeclaration, given: SourceRevisionType) -> bool {
    match (given, simulation::source_kind(action)) {
        (SourceRevisionType::CommitId, SourceKind::Git) => true,
        (SourceRevisionType::ImageDigest, SourceKind::Ecr) => true,
        (SourceRevisionType::S3ObjectVersionId, SourceKind::S3) => true,
        (SourceRevisionType::S3ObjectKey, SourceKind::S3) => {
            let allowed = simulation::configured(action, "AllowOverrideForS3ObjectKey");
            plan.declaration.pipeline_type == Some(PipelineType::V2) && allowed.eq_ignore_ascii_case("true")
        }
        _ => false,
    }
}
