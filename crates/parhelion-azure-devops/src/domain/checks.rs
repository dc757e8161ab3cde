//! What stands before a stage: permissions, checks on the resources that it uses, approvals.
//!
//! `needs` says what a stage uses, `permit` which pipelines may use it, `configure` reads a check, `gate` holds a stage
//! until its checks are over, `turn` begins and ends one of them, `judge` looks at it, `told` says what came of it, `approve` is who agrees, `hours` when it is business,
//! `lock` who has a resource to himself.
//! https://learn.microsoft.com/en-us/azure/devops/pipelines/process/approvals

mod approve;
mod configure;
mod deploy;
mod gate;
mod hours;
mod judge;
mod lock;
mod needs;
mod permit;
mod suite;
mod told;
mod turn;
mod zones;

pub use approve::{Answer, answer, identity};
pub use configure::{Given, GivenResource, configure, type_of};
pub use deploy::{deployed, known_environments};
pub use gate::{enter, is_guarded};

/// The word of an approval's status, as answers write it.
pub fn status_word(status: crate::store::ApprovalStatus) -> String {
    gate::word(status)
}
pub use lock::{Locks, waiting_for};
pub use needs::{note, resource_name};
pub use permit::is_strict;
pub use suite::{answered, evaluate, next, on_time};
pub use told::{settle, standing, waits_for_permission};
