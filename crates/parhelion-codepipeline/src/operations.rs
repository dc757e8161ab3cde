//! THE table: every operation that is built, its target, its function, the vendor's page, what stands behind it.
//!
//! To add one: its file in `ops/`, one line here, error variants if new, tests in the file.

use crate::{
    domain::place::Place,
    error::Error,
    ops::{Across, Asks},
    store::CodePipelineStore,
    wire::{Input, Refusal, output::write, value::ValueError},
};
use parhelion_core::{Call, DeliveryId, OperationInfo, Standing, limits};
use parhelion_state::{Operation, Query, World};
use serde::{Serialize, de::DeserializeOwned};

/// One operation: what is told of it, and what runs it.
pub struct Row {
    /// Name, target, documentation, standing.
    pub info: OperationInfo,
    /// Runs it: it reads its input, which is checked against the model.
    pub run: Run,
}

/// From an input to the bytes of the output (any where the API has no output).
pub type Run = fn(&World, &Place, &Call, Input<'_>) -> Result<Vec<u8>, Failure>;

/// Why there is no output.
#[derive(Debug)]
pub enum Failure {
    /// There is none yet: somebody outside was asked.
    Asked(Asked),
    /// The input is none of the operation's.
    Unread(Refusal),
    /// The operation refused.
    Refused(Error),
    /// A value did not fit its shape: a mistake of ours.
    Internal(ValueError),
}
/// What an operation waits for that asked somebody outside.
#[derive(Debug)]
pub struct Asked {
    /// Its calls.
    pub calls: Vec<DeliveryId>,
    /// How one of them came out.
    pub outcome: fn(&CodePipelineStore, DeliveryId) -> Result<(), Error>,
    /// The output when all came out well.
    pub output: Vec<u8>,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Unread(refusal)
    }
}
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Refused(error)
    }
}
impl From<ValueError> for Failure {
    fn from(error: ValueError) -> Self {
        Failure::Internal(error)
    }
}

/// The operation of that API name, when it is built.
pub fn find(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.info.name == name)
}

macro_rules! row {
    ($operation:ident, writes, $standing:ident) => {
        row!($operation, Operation, writes, $standing)
    };
    ($operation:ident, reads, $standing:ident) => {
        row!($operation, Query, reads, $standing)
    };
    ($operation:ident, asks, $standing:ident) => {
        row!($operation, Operation, asks, $standing)
    };
    ($operation:ident, across, $standing:ident) => {
        row!($operation, Across, across, $standing)
    };
    ($operation:ident, $trait:ident, $how:ident, $standing:ident) => {
        Row {
            info: OperationInfo {
                name: <crate::ops::$operation as $trait>::NAME,
                route: concat!("CodePipeline_20150709.", stringify!($operation)),
                doc: concat!(
                    "https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_",
                    stringify!($operation),
                    ".html"
                ),
                standing: Standing::$standing,
            },
            run: $how::<crate::ops::$operation>,
        }
    };
}

/// All operations, by name.
pub static TABLE: &[Row] = &[
    row!(AcknowledgeJob, writes, Real),
    row!(AcknowledgeThirdPartyJob, across, Real),
    row!(CreateCustomActionType, writes, Real),
    row!(CreatePipeline, writes, Simulated),
    row!(DeleteCustomActionType, writes, Real),
    row!(DeletePipeline, writes, Real),
    row!(DeleteWebhook, writes, Real),
    row!(DeregisterWebhookWithThirdParty, asks, Real),
    row!(DisableStageTransition, writes, Real),
    row!(EnableStageTransition, writes, Real),
    row!(GetActionType, reads, Real),
    row!(GetJobDetails, writes, Real),
    row!(GetPipeline, reads, Real),
    row!(GetPipelineExecution, reads, Real),
    row!(GetPipelineState, reads, Real),
    row!(GetThirdPartyJobDetails, across, Real),
    row!(ListActionExecutions, reads, Real),
    row!(ListActionTypes, reads, Real),
    row!(ListDeployActionExecutionTargets, reads, Simulated),
    row!(ListPipelineExecutions, reads, Real),
    row!(ListPipelines, reads, Real),
    row!(ListRuleExecutions, reads, Real),
    row!(ListRuleTypes, reads, Real),
    row!(ListTagsForResource, reads, Real),
    row!(ListWebhooks, reads, Real),
    row!(OverrideStageCondition, writes, Real),
    row!(PollForJobs, across, Real),
    row!(PollForThirdPartyJobs, across, Real),
    row!(PutActionRevision, writes, Real),
    row!(PutApprovalResult, writes, Real),
    row!(PutJobFailureResult, writes, Real),
    row!(PutJobSuccessResult, writes, Real),
    row!(PutThirdPartyJobFailureResult, across, Real),
    row!(PutThirdPartyJobSuccessResult, across, Real),
    row!(PutWebhook, writes, Real),
    row!(RegisterWebhookWithThirdParty, asks, Real),
    row!(RetryStageExecution, writes, Real),
    row!(RollbackStage, writes, Real),
    row!(StartPipelineExecution, writes, Simulated),
    row!(StopPipelineExecution, writes, Real),
    row!(TagResource, writes, Real),
    row!(UntagResource, writes, Real),
    row!(UpdateActionType, writes, Real),
    row!(UpdatePipeline, writes, Real),
];

/// The table without its functions: for coverage, documentation and logs.
pub fn infos() -> &'static [OperationInfo] {
    static INFOS: std::sync::LazyLock<Vec<OperationInfo>> = std::sync::LazyLock::new(|| {
        TABLE
            .iter()
            .map(|row| row.info)
            .chain(crate::iam::infos())
            .chain(parhelion_artifacts::infos())
            .collect()
    });
    &INFOS
}

/// Runs an operation that may change the tenant.
fn writes<O>(world: &World, place: &Place, call: &Call, input: Input<'_>) -> Result<Vec<u8>, Failure>
where
    O: Operation<Store = CodePipelineStore, Error = Error>,
    O::Input: DeserializeOwned,
    O::Output: Serialize,
{
    let (protocol, input) = (input.protocol, input.read()??);
    let shelf = world.shelf::<CodePipelineStore>();
    if !shelf.admits(place) {
        return Err(Error::LimitExceeded { what: "tenants of this emulator", limit: limits::TENANTS }.into());
    }
    let done = shelf.write(place, call, |store, tx| O::run(store, input, tx))?;
    Ok(write(protocol, &done.value)?)
}

/// Runs an operation that asks somebody outside.
fn asks<O>(world: &World, place: &Place, call: &Call, input: Input<'_>) -> Result<Vec<u8>, Failure>
where
    O: Asks + Operation<Store = CodePipelineStore, Error = Error>,
    O::Input: DeserializeOwned,
    O::Output: Serialize,
{
    let (protocol, input) = (input.protocol, input.read()??);
    let shelf = world.shelf::<CodePipelineStore>();
    if !shelf.admits(place) {
        return Err(Error::LimitExceeded { what: "tenants of this emulator", limit: limits::TENANTS }.into());
    }
    let done = shelf.write(place, call, |store, tx| O::run(store, input, tx))?;
    let output = write(protocol, &done.value)?;
    if done.deliveries.is_empty() {
        return Ok(output);
    }
    Err(Failure::Asked(Asked { calls: done.deliveries, outcome: O::outcome, output }))
}

/// Runs an operation that only reads the tenant.
fn reads<Q>(world: &World, place: &Place, call: &Call, input: Input<'_>) -> Result<Vec<u8>, Failure>
where
    Q: Query<Store = CodePipelineStore, Error = Error>,
    Q::Input: DeserializeOwned,
    Q::Output: Serialize,
{
    let (protocol, input) = (input.protocol, input.read()??);
    let output =
        world.shelf::<CodePipelineStore>().read(place, call, |store, view| Q::run(store, input, view))?;
    Ok(write(protocol, &output)?)
}

/// Runs an operation that looks beyond the caller's tenant.
fn across<A>(world: &World, place: &Place, call: &Call, input: Input<'_>) -> Result<Vec<u8>, Failure>
where
    A: Across,
    A::Input: DeserializeOwned,
    A::Output: Serialize,
{
    let (protocol, input) = (input.protocol, input.read()??);
    Ok(write(protocol, &A::run(world, place, call, input)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::table::OPERATIONS;

    #[test]
    fn the_table_is_sorted_and_every_row_is_in_the_model() {
        let names: Vec<&str> = TABLE.iter().map(|row| row.info.name).collect();
        assert!(names.is_sorted());
        for name in names {
            assert!(OPERATIONS.iter().any(|o| o.name == name), "{name}");
            assert!(find(name).is_some());
        }
        assert!(find("StopEverything").is_none());
        assert_eq!(
            infos().len(),
            TABLE.len() + crate::iam::infos().count() + parhelion_artifacts::infos().count()
        );
    }
}
