//! Rules on what actions hand to each other: artifacts (11, 12), namespaces (16), references to variables (36).

use super::{Fault, run_order, stages::all_rules};
use crate::domain::variables::{self, references as referenced};
use crate::shapes::{ActionDeclaration, PipelineDeclaration, StageDeclaration};
use std::collections::{BTreeMap, BTreeSet};

/// Every action with its stage.
fn actions(
    declaration: &PipelineDeclaration,
) -> impl Iterator<Item = (&StageDeclaration, &ActionDeclaration)> {
    declaration.stages.iter().flat_map(|stage| stage.actions.iter().map(move |action| (stage, action)))
}

/// 11, 12: each output has its own name, each input was an output before.
pub(super) fn artifacts(declaration: &PipelineDeclaration) -> Result<(), Fault> {
    // Name → the stage and run order that makes it.
    let mut made: BTreeMap<&str, (usize, i32)> = BTreeMap::new();
    for (n, stage) in declaration.stages.iter().enumerate() {
        for action in &stage.actions {
            for output in action.output_artifacts.iter().flatten() {
                if made.insert(&output.name, (n, run_order(action))).is_some() {
                    return Err(Fault::action(format!(
                        "Output Artifact Bundle name must be unique within the pipeline. {} has been used more than once.",
                        output.name
                    )));
                }
            }
        }
    }
    for (n, stage) in declaration.stages.iter().enumerate() {
        for action in &stage.actions {
            let before = (n, run_order(action));
            let mut inputs = action.input_artifacts.iter().flatten();
            if let Some(input) = inputs.find(|i| made.get(i.name.as_str()).is_none_or(|at| *at >= before)) {
                // CHOICE: text of 12.
                return Err(Fault::action(format!(
                    "Input Artifact Bundle {} in action {} is not declared as an Output Artifact Bundle of any preceding action",
                    input.name, action.name
                )));
            }
        }
    }
    Ok(())
}

/// Namespaces that no action may take. CHOICE: that they are refused here.
const RESERVED: [&str; 2] = [variables::OF_EXECUTION, variables::OF_PIPELINE];

/// 16: each namespace once.
pub(super) fn namespaces(declaration: &PipelineDeclaration) -> Result<(), Fault> {
    let mut seen: BTreeSet<&str> = RESERVED.into();
    let repeated: Vec<String> = actions(declaration)
        .filter_map(|(stage, action)| Some((stage, action, action.namespace.as_deref()?)))
        .filter(|(_, _, namespace)| !seen.insert(namespace))
        .map(|(stage, action, namespace)| {
            format!("StageName=[{}], ActionName=[{}], Namespace=[{namespace}]", stage.name, action.name)
        })
        .collect();
    if repeated.is_empty() {
        return Ok(());
    }
    // CHOICE: how more than one is listed.
    Err(Fault::action(format!(
        "Namespaces must be unique across the pipeline definition. The following occur more than once in the pipeline. {}",
        repeated.join("; ")
    )))
}

/// 36: a reference names a namespace that a preceding action declares. CHOICE: text, and that rules are looked at:
/// those of `beforeEntry` see what comes before the stage, the others the stage's own actions too.
pub(super) fn references(declaration: &PipelineDeclaration) -> Result<(), Fault> {
    let mut declared: BTreeMap<&str, (usize, i32)> = BTreeMap::new();
    for (n, stage) in declaration.stages.iter().enumerate() {
        declared
            .extend(stage.actions.iter().filter_map(|a| Some((a.namespace.as_deref()?, (n, run_order(a))))));
    }
    let unknown = |text: &str, before: (usize, i32)| -> Option<String> {
        let mut namespaces = referenced(text).map(|reference| reference.namespace);
        let known = |namespace: &str| {
            RESERVED.contains(&namespace) || declared.get(namespace).is_some_and(|at| *at < before)
        };
        namespaces.find(|namespace| !known(namespace)).map(str::to_owned)
    };
    let fault = |what: &str, name: &str, namespace: String| {
        Err(Fault::action(format!(
            "Configuration of {what} '{name}' references the namespace '{namespace}' that no preceding action declares"
        )))
    };
    for (n, stage) in declaration.stages.iter().enumerate() {
        for action in &stage.actions {
            let mut texts = action.configuration.iter().flatten().map(|(_, value)| value);
            if let Some(namespace) = texts.find_map(|text| unknown(text, (n, run_order(action)))) {
                return fault("action", &action.name, namespace);
            }
        }
        let on_entry: usize = stage
            .before_entry
            .iter()
            .flat_map(|g| &g.conditions)
            .map(|c| c.rules.iter().flatten().count())
            .sum();
        for (i, rule) in all_rules(stage).enumerate() {
            let before = if i < on_entry { (n, i32::MIN) } else { (n, i32::MAX) };
            let mut texts = rule.configuration.iter().flatten().map(|(_, value)| value);
            if let Some(namespace) = texts.find_map(|text| unknown(text, before)) {
                return fault("rule", &rule.name, namespace);
            }
        }
    }
    Ok(())
}
