//! From a declaration that somebody sends to a version that is kept, and from there to one that may be shown.

use super::{
    engine::{
        Engine,
        records::{LineId, Plan},
    },
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
    Ok(Plan::new(structure::normalised(kept, version, &context), now))
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
    // Whoever has no types of their own has only built-in ones.
    let own = || {
        !engine.types.is_empty() && structure::holds_secrets(&plan.declaration, &|id| engine.kind_ever(id))
    };
    if plan.holds_secrets || own() {
        Shown::Masked(Box::new(masked(&plan.declaration, engine)))
    } else {
        Shown::Kept(plan.clone())
    }
}

/// A pipeline's present declaration as answers show it.
pub fn present(engine: &Engine, line: LineId) -> Option<Shown> {
    let version = engine.lines.get(&line)?.version;
    Some(shown(engine.plans.get(&(line, version))?, engine))
}

/// A declaration as answers show it. A type that was deleted keeps its secrets.
pub fn masked(declaration: &PipelineDeclaration, engine: &Engine) -> PipelineDeclaration {
    let types = |id: &_| engine.kind_ever(id);
    let context = Context { place: &engine.place, types: &types, assumable: &|_| true, before: None };
    structure::masked(declaration.clone(), &context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action_types::{Definition, key_of};
    use crate::ops::GetPipeline;
    use crate::ops::testing::{Bench, action_type, own_type, with_custom_job};
    use crate::shapes::{ActionCategory, ActionOwner, GetPipelineInput};

    fn password(bench: &Bench) -> (bool, String) {
        let known = bench.look(|store| store.pipeline("p").unwrap().2.holds_secrets);
        let input = GetPipelineInput { name: "p".into(), version: None };
        let pipeline = bench.ask::<GetPipeline>(input).unwrap().pipeline.unwrap();
        let shown = pipeline.stages[1].actions[0].configuration.as_ref().unwrap()["Password"].clone();
        (known, shown)
    }

    /// What the plan knows of built-in types says nothing of others.
    #[test]
    fn secrets_of_own_types_are_hidden_whenever_they_became_such() {
        let bench = Bench::new();
        bench.action_type("Mine", |input| {
            input.configuration_properties.as_mut().unwrap()[1].secret = false;
        });
        let mut declaration = with_custom_job("p");
        let source = &mut declaration.stages[0].actions[0];
        source.action_type_id = action_type(ActionCategory::Source, ActionOwner::Aws, "S3").into();
        source.configuration =
            Some([("S3Bucket", "in".to_owned()), ("S3ObjectKey", "a.zip".to_owned())].into());
        bench.create(declaration);
        assert_eq!(password(&bench), (false, "pssst".into()));
        bench.change(|store, _| {
            store.engine.types.edit(&key_of(&own_type("Mine")), |made| {
                let Definition::Custom(own) = &mut made.definition else { panic!("a type of its own") };
                own.action_configuration_properties.as_mut().unwrap()[1].secret = true;
            });
        });
        assert_eq!(password(&bench), (false, "****".into()));
    }

    #[test]
    fn a_plan_that_was_kept_without_saying_it_is_looked_at() {
        let bench = Bench::new();
        bench.pipeline("p");
        bench.look(|store| {
            let plan = store.pipeline("p").unwrap().2;
            let mut kept = serde_json::to_value(plan).unwrap();
            assert_eq!(kept.as_object_mut().unwrap().remove("holds_secrets"), Some(true.into()));
            assert_eq!(&serde_json::from_value::<Plan>(kept).unwrap(), plan);
        });
    }
}
