//! The parts of a file that the walk treats differently.

/// What a part of the file is, as far as the walk treats it differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Stages,
    Stage,
    Jobs,
    Job,
    Resources,
    /// A `variables` block: what it defines is known from the next entry on.
    Variables,
    /// Directives are refused.
    Repositories,
    /// Directives stay as they are.
    Trigger,
    /// Nothing is expanded but a lone string literal: the `parameters` block.
    AsWritten,
    Other,
}

impl Place {
    pub fn below(self, key: &str) -> Place {
        match (self, key) {
            (Place::Root, "parameters") => Place::AsWritten,
            (Place::Root, "trigger") => Place::Trigger,
            (Place::Root, "resources") => Place::Resources,
            (Place::Root, "stages") => Place::Stages,
            (Place::Root | Place::Stage, "jobs") => Place::Jobs,
            (Place::Root | Place::Stage | Place::Job, "variables") => Place::Variables,
            (Place::Resources, "repositories") => Place::Repositories,
            (Place::Repositories | Place::Trigger | Place::AsWritten, _) => self,
            _ => Place::Other,
        }
    }

    pub fn item(self) -> Place {
        match self {
            Place::Stages => Place::Stage,
            Place::Jobs => Place::Job,
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
}
