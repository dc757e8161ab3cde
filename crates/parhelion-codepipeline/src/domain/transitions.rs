//! Which stage a transition leads into.

use super::engine::{Input, SetTransition};
use crate::error::Result;
use crate::shapes::StageTransitionType;
use crate::store::CodePipelineStore;
use parhelion_core::{Event, Verdict};
use parhelion_state::Tx;

/// Enables a transition of a stage, or disables it for a reason.
///
/// # Errors
/// `PipelineNotFoundException`, `StageNotFoundException`.
pub fn set(
    store: &mut CodePipelineStore,
    pipeline: &str,
    stage: &str,
    transition: StageTransitionType,
    disabled: Option<String>,
    tx: &mut Tx<'_>,
) -> Result<()> {
    let (line, plan, place) = store.stage(pipeline, stage)?;
    let Some(into) = into(transition, place).and_then(|place| plan.stage(place)) else {
        let fact = format!("nothing comes after stage '{stage}': its outbound transition leads nowhere");
        let event = Event::new("transition.changed", format!("pipeline:{pipeline}")).fact(fact);
        tx.emit(event.verdict(Verdict::Skipped).with("stage", stage));
        return Ok(());
    };
    let change = SetTransition { line, stage: into.name.clone(), disabled, by: store.place.caller_arn() };
    store.step(Input::SetTransition(Box::new(change)), tx);
    Ok(())
}

/// The stage that a transition of another one leads into.
// CHOICE: the way out of a stage is the way into the next one; out of the last one there is none.
fn into(transition: StageTransitionType, stage: usize) -> Option<usize> {
    match transition {
        StageTransitionType::Inbound => Some(stage),
        StageTransitionType::Outbound => stage.checked_add(1),
    }
}
