//! Secret properties of actions: kept in clear, shown as `****`, and kept over an update that says `****`.

use super::{Context, Types};
use crate::shapes::{ActionDeclaration, PipelineDeclaration};

/// What stands for a secret in answers.
pub const MASK: &str = "****";

/// The declaration as answers show it.
pub fn masked(mut declaration: PipelineDeclaration, context: &Context<'_>) -> PipelineDeclaration {
    for action in declaration.stages.iter_mut().flat_map(|s| &mut s.actions) {
        for_each_secret(action, context, |_, value| *value = MASK.to_owned());
    }
    declaration
}

/// The declaration with what `****` stands for: the value that the action of the same stage and name had.
// CHOICE: also when other values of the action change; AWS promises it only when nothing else does.
pub fn with_kept_secrets(mut declaration: PipelineDeclaration, context: &Context<'_>) -> PipelineDeclaration {
    for stage in &mut declaration.stages {
        let stage_name = stage.name.clone();
        for action in &mut stage.actions {
            let action_name = action.name.clone();
            for_each_secret(action, context, |key, value| {
                if value == MASK
                    && let Some(kept) = stored_secret(context.before, &stage_name, &action_name, key)
                {
                    *value = kept.to_owned();
                }
            });
        }
    }
    declaration
}

/// Whether some action of the declaration has a secret.
pub fn holds_secrets(declaration: &PipelineDeclaration, types: &Types<'_>) -> bool {
    declaration.stages.iter().flat_map(|stage| &stage.actions).any(|action| {
        let given = action.configuration.as_ref().filter(|given| !given.is_empty());
        let Some((given, kind)) = given.zip(types(&action.action_type_id)) else { return false };
        given.keys().any(|key| kind.key(key).is_some_and(|key| key.secret))
    })
}

fn for_each_secret(
    action: &mut ActionDeclaration,
    context: &Context<'_>,
    mut with: impl FnMut(&str, &mut String),
) {
    let Some(kind) = (context.types)(&action.action_type_id) else { return };
    for (key, value) in action.configuration.iter_mut().flatten() {
        if kind.key(key).is_some_and(|k| k.secret) {
            with(key, value);
        }
    }
}

/// What the replaced declaration had for a key of the action of that stage and name.
pub(super) fn stored_secret<'a>(
    before: Option<&'a PipelineDeclaration>,
    stage: &str,
    action: &str,
    key: &str,
) -> Option<&'a str> {
    let stage = before?.stages.iter().find(|s| s.name == stage)?;
    let action = stage.actions.iter().find(|a| a.name == action)?;
    action.configuration.as_ref()?.get(key).map(String::as_str)
}
