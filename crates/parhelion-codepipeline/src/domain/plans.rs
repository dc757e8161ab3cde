//! From a declaration that somebody sends to a version that is kept, and from there to one that may be shown.

use super::{
    engine::{Engine, records::Plan},
    structure::{self, Context, Fault},
};
use crate::shapes::PipelineDeclaration;
use parhelion_core::Timestamp;
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// The version that a declaration makes, its defaults filled in and `****` replaced by what was kept.
///
/// `assumable` says whether CodePipeline may assume a role.
///
/// # Errors
/// The first rule that does not hold.
pub fn admit(
    declaration: PipelineDeclaration,
    engine: &Engine,
    assumable: &dyn Fn(&str) -> bool,
    before: Option<&PipelineDeclaration>,
    now: Timestamp,
) -> Result<Plan, Fault> {
    let types = |id: &_| engine.kind(id);
    let context = Context { place: &engine.place, types: &types, assumable, before };
    structure::check(&declaration, &context)?;
    let version = before.and_then(|b| b.version).unwrap_or(0) + 1;
    let kept = structure::with_kept_secrets(declaration, &context);
    Ok(Plan { declaration: structure::normalised(kept, version, &context), created: now })
}

/// A declaration as answers show it: as it is kept, where it holds no secret.
#[derive(Debug)]
pub enum Shown {
    /// As it is kept.
    Kept(Arc<Plan>),
    /// With its secrets masked.
    Masked(Box<PipelineDeclaration>),
}

impl std::ops::Deref for Shown {
    type Target = PipelineDeclaration;
    fn deref(&self) -> &PipelineDeclaration {
        match self {
            Shown::Kept(plan) => &plan.declaration,
            Shown::Masked(declaration) => declaration,
        }
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// As [`masked`], without a copy where there is nothing to mask.
pub fn shown(plan: &Arc<Plan>, engine: &Engine) -> Shown {
    let types = |id: &_| engine.kind_ever(id);
    let context = Context { place: &engine.place, types: &types, assumable: &|_| true, before: None };
    if structure::holds_secrets(&plan.declaration, &context) {
        Shown::Masked(Box::new(structure::masked(plan.declaration.clone(), &context)))
    } else {
        Shown::Kept(plan.clone())
    }
}

/// A declaration as answers show it. A type that was deleted keeps its secrets.
pub fn masked(declaration: &PipelineDeclaration, engine: &Engine) -> PipelineDeclaration {
    let types = |id: &_| engine.kind_ever(id);
    let context = Context { place: &engine.place, types: &types, assumable: &|_| true, before: None };
    structure::masked(declaration.clone(), &context)
}
