//! What a pipeline's declaration must be (the API's constraints were checked before), and what is made of one:
//! the rules of CreatePipeline and UpdatePipeline, numbered as in the specification of this surface, each with its
//! message; the form in which a declaration is kept ([`normalised`]); its secrets ([`secrets`]).
//!
//! Texts are OBSERVED unless the line says CHOICE.

mod actions;
mod flow;
mod secrets;
mod stages;
mod whole;

pub use secrets::{MASK, holds_secrets, masked, with_kept_secrets};

use super::{
    catalogue::{self, ActionKind},
    place::Place,
};
use crate::shapes::{
    ActionDeclaration, ActionTypeId, ExecutionMode, PipelineDeclaration, PipelineType, StageDeclaration,
};
use std::borrow::Cow;
use std::fmt;

/// A rule that does not hold: the exception and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    code: &'static str,
    message: String,
}

impl Fault {
    fn structure(message: impl Into<String>) -> Self {
        Fault { code: "InvalidStructureException", message: message.into() }
    }
    fn stage(message: impl Into<String>) -> Self {
        Fault { code: "InvalidStageDeclarationException", message: message.into() }
    }
    fn action(message: impl Into<String>) -> Self {
        Fault { code: "InvalidActionDeclarationException", message: message.into() }
    }
    fn blocker(message: impl Into<String>) -> Self {
        Fault { code: "InvalidBlockerDeclarationException", message: message.into() }
    }
    fn validation(message: impl Into<String>) -> Self {
        Fault { code: "ValidationException", message: message.into() }
    }
    /// The exception's bare name.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// The public message.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for Fault {}

/// The action type of an id.
pub type Types<'a> = dyn Fn(&ActionTypeId) -> Option<Cow<'static, ActionKind>> + 'a;

/// What the rules need to know beside the declaration.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Account and region of the pipeline.
    pub place: &'a Place,
    /// The action type of an id, deleted ones excepted.
    pub types: &'a Types<'a>,
    /// Whether CodePipeline may assume a role.
    pub assumable: &'a dyn Fn(&str) -> bool,
    /// What is replaced, secrets in clear; `None` for a new pipeline.
    pub before: Option<&'a PipelineDeclaration>,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("place", self.place)
            .field("before", &self.before)
            .finish_non_exhaustive()
    }
}

/// Whether a declaration may stand. The first rule that does not hold is the answer; the order is that of the
/// service where it was seen (role before structure, 5 before 4), and the specification's elsewhere.
///
/// # Errors
/// The exception of that rule.
pub fn check(declaration: &PipelineDeclaration, context: &Context<'_>) -> Result<(), Fault> {
    whole::role(declaration, context)?;
    whole::shape(declaration)?;
    whole::artifact_stores(declaration, context)?;
    whole::version_2(declaration)?;
    whole::triggers(declaration)?;
    for (n, stage) in declaration.stages.iter().enumerate() {
        stages::check(declaration, n, stage)?;
        for (m, action) in stage.actions.iter().enumerate() {
            actions::check(declaration, stage, m, action, context)?;
        }
    }
    flow::artifacts(declaration)?;
    flow::namespaces(declaration)?;
    flow::references(declaration)
}

/// Whether the declaration says that it is of type V1. The rules on what only V2 may use bite only then.
fn says_v1(declaration: &PipelineDeclaration) -> bool {
    declaration.pipeline_type == Some(PipelineType::V1)
}

/// The pipeline's type: what it says, else V2 when it uses what only V2 has.
// Docs: giving V2 parameters makes a pipeline V2. CHOICE: which ones count beside triggers.
fn type_of(declaration: &PipelineDeclaration, types: &dyn Fn(&ActionTypeId) -> bool) -> PipelineType {
    let conditions =
        |s: &StageDeclaration| s.before_entry.is_some() || s.on_success.is_some() || s.on_failure.is_some();
    let needs_v2 = declaration.execution_mode.is_some_and(|m| m != ExecutionMode::Superseded)
        || is_given(&declaration.variables)
        || is_given(&declaration.triggers)
        || declaration
            .stages
            .iter()
            .any(|s| conditions(s) || s.actions.iter().any(|a| types(&a.action_type_id)));
    declaration.pipeline_type.unwrap_or(if needs_v2 { PipelineType::V2 } else { PipelineType::V1 })
}

/// The declaration as it is kept and answered: every action with run order, configuration and artifact lists, the
/// pipeline with its version, mode and type. The ids of built-in types are shared.
pub fn normalised(
    mut declaration: PipelineDeclaration,
    version: i32,
    context: &Context<'_>,
) -> PipelineDeclaration {
    let v2_only = |id: &ActionTypeId| (context.types)(id).is_some_and(|kind| kind.v2_only);
    declaration.pipeline_type = Some(type_of(&declaration, &v2_only));
    // Docs: an absent mode is SUPERSEDED.
    declaration.execution_mode.get_or_insert(ExecutionMode::Superseded);
    declaration.version = Some(version);
    for action in declaration.stages.iter_mut().flat_map(|s| &mut s.actions) {
        if let Some(kind) = catalogue::action_kind(&action.action_type_id) {
            action.action_type_id = kind.id.clone();
        }
        action.run_order.get_or_insert(1);
        action.configuration.get_or_insert_default();
        action.input_artifacts.get_or_insert_default();
        action.output_artifacts.get_or_insert_default();
    }
    // Reading a list leaves room for more than it holds; what is kept is kept for long.
    declaration.stages.iter_mut().for_each(|stage| stage.actions.shrink_to_fit());
    declaration.stages.shrink_to_fit();
    declaration
}

/// Whether a list was given and holds something.
fn is_given<T>(list: &Option<impl AsRef<[T]>>) -> bool {
    list.as_ref().is_some_and(|l| !l.as_ref().is_empty())
}

/// The action's place in its stage's order of running.
fn run_order(action: &ActionDeclaration) -> i32 {
    action.run_order.unwrap_or(1)
}

/// The first text that comes twice, if any.
fn repeated<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    texts.into_iter().find(|text| !seen.insert(*text))
}

#[cfg(test)]
mod tests;
