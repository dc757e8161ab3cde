//! From a declaration that somebody sends to a version that is kept, and from there to one that may be shown.

use super::{
    catalogue::{self, ActionKind},
    engine::records::Plan,
    place::Place,
    structure::{self, Context, Fault},
};
use crate::shapes::{ActionTypeId, PipelineDeclaration};
use parhelion_core::Timestamp;
use std::borrow::Cow;

/// What the rules for declarations know here: the built-in action types, and that every role can be assumed.
// CHOICE: without the IAM stub no role is known, and then any is accepted.
fn context<'a>(place: &'a Place, before: Option<&'a PipelineDeclaration>) -> Context<'a> {
    fn known(id: &ActionTypeId) -> Option<Cow<'static, ActionKind>> {
        catalogue::action_kind(id).map(Cow::Borrowed)
    }
    fn assumable(_role: &str) -> bool {
        true
    }
    Context { place, types: &known, assumable: &assumable, before }
}

/// The version that a declaration makes, its defaults filled in and `****` replaced by what was kept.
///
/// # Errors
/// The first rule that does not hold.
pub fn admit(
    declaration: PipelineDeclaration,
    place: &Place,
    before: Option<&PipelineDeclaration>,
    now: Timestamp,
) -> Result<Plan, Fault> {
    let context = context(place, before);
    structure::check(&declaration, &context)?;
    let version = before.and_then(|b| b.version).unwrap_or(0) + 1;
    let kept = structure::with_kept_secrets(declaration, &context);
    Ok(Plan { declaration: structure::normalised(kept, version, &context), created: now })
}

/// A declaration as answers show it.
pub fn masked(declaration: &PipelineDeclaration, place: &Place) -> PipelineDeclaration {
    structure::masked(declaration.clone(), &context(place, None))
}
