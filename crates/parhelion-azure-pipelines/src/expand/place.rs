//! The parts of a file that the walk treats differently.

use super::library::Kind;

/// What a part of the file is, as far as the walk treats it differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    /// The root of a template.
    Template(Kind),
    /// The list that templates of a kind are put into; `variables` may also be a mapping. What a `variables` block
    /// defines is known from the next entry on.
    List(Kind),
    Stage,
    Job,
    /// `strategy` of a job.
    Strategy,
    /// Below `runOnce`, `rolling` or `canary`.
    Hooks,
    /// `on` of a deployment.
    On,
    /// One life-cycle hook.
    Hook,
    Resources,
    /// Directives are refused.
    Repositories,
    /// Directives stay as they are.
    Trigger,
    /// Nothing is expanded but a lone string literal: the `parameters` block.
    AsWritten,
    /// A `- template:` and what stands beside it; the value of `extends`.
    Include,
    /// The arguments of a template.
    Arguments,
    Other,
}

impl Place {
    /// The place of a key's value. What [`Place::Arguments`] hold depends on the template: the walk knows.
    pub fn below(self, key: &str) -> Place {
        use Kind::{Extends, Jobs, Stages, Steps, Variables};
        match (self, key) {
            (Place::Root, "parameters") => Place::AsWritten,
            (Place::Root | Place::Template(Extends), "trigger") => Place::Trigger,
            (Place::Root | Place::Template(Extends), "resources") => Place::Resources,
            (Place::Root | Place::Template(Stages | Extends), "stages") => Place::List(Stages),
            (Place::Root | Place::Stage | Place::Template(Jobs | Extends), "jobs") => Place::List(Jobs),
            (Place::Root | Place::Job | Place::Hook | Place::Template(Steps | Extends), "steps") => {
                Place::List(Steps)
            }
            (Place::Root | Place::Stage | Place::Job | Place::Template(Variables | Extends), "variables") => {
                Place::List(Variables)
            }
            (Place::Job, "strategy") => Place::Strategy,
            (Place::Strategy, "runOnce" | "rolling" | "canary") => Place::Hooks,
            (Place::Hooks, "on") => Place::On,
            (Place::Hooks, "preDeploy" | "deploy" | "routeTraffic" | "postRouteTraffic")
            | (Place::On, "success" | "failure") => Place::Hook,
            (Place::Resources, "repositories") => Place::Repositories,
            (Place::Include, "parameters") => Place::Arguments,
            (Place::Repositories | Place::Trigger | Place::AsWritten, _) => self,
            _ => Place::Other,
        }
    }

    pub fn item(self) -> Place {
        match self {
            Place::List(Kind::Stages) => Place::Stage,
            Place::List(Kind::Jobs) => Place::Job,
            Place::Repositories | Place::Trigger | Place::AsWritten => self,
            _ => Place::Other,
        }
    }
}

impl Place {
    /// Whether directives are read here.
    pub fn directives(self) -> bool {
        !matches!(self, Place::Trigger | Place::AsWritten)
    }

    /// The kind of the templates that may be put in here.
    pub fn takes(self) -> Option<Kind> {
        match self {
            Place::List(kind) => Some(kind),
            _ => None,
        }
    }

    /// Whether `variables` of a mapping here belong to it and are known everywhere in it.
    pub fn has_variables(self) -> bool {
        matches!(self, Place::Root | Place::Stage | Place::Job | Place::Template(Kind::Extends))
    }
}
