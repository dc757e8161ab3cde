//! What is looked at of the expressions of run time when a run is queued. OBSERVED: variables of the file and
//! conditions of stages and jobs fully; conditions of steps by their form and the arguments of known functions;
//! variables of stages and jobs not at all.

use super::{Known, inside};
use crate::{
    expr::{self, Fault, Slot},
    pipeline::{Job, Pipeline, Step, Variable},
};

/// How the texts about a file's variables begin.
pub(crate) const LOADING: &str = "An error occurred while loading the YAML build pipeline. ";

/// All that is wrong, in written order. The texts have no place.
pub(crate) fn check(pipeline: &Pipeline) -> Vec<String> {
    let mut out = Vec::new();
    for variable in &pipeline.variables {
        if let Variable::Value { value, .. } = variable
            && let Some(inner) = inside(value)
            && let Some(said) = fault(inner, Slot::RootVariable)
        {
            out.push(format!("{LOADING}{said}"));
        }
    }
    for stage in &pipeline.stages {
        out.extend(stage.condition.as_deref().and_then(|c| fault(c.trim(), Slot::Condition)));
        for job in &stage.jobs {
            out.extend(job.condition.as_deref().and_then(|c| fault(c.trim(), Slot::Condition)));
            let hooks = job.deployment.iter().flat_map(|d| &d.hooks).flat_map(|h| &h.steps);
            out.extend(job.steps.iter().chain(hooks).filter_map(|s| step(job, s)));
        }
    }
    out
}

fn step(job: &Job, step: &Step) -> Option<String> {
    let condition = step.condition.as_deref()?.trim();
    let said = fault(condition, Slot::StepSyntax)?;
    let (job, name) = (&job.name, step.name.as_deref().unwrap_or_default());
    Some(format!("Job {job}: Step {name} specifies condition {condition} which is not valid. Reason: {said}"))
}

/// What is wrong with an expression; an empty one is as if it was not there.
fn fault(inner: &str, slot: Slot) -> Option<String> {
    match expr::parse(inner, &Known(slot), 0) {
        Err(Fault::Name { .. }) if slot == Slot::StepSyntax => None,
        // CHOICE: an empty condition counts as none; the service's text for one is unknown.
        Err(Fault::Empty) if slot != Slot::RootVariable => None,
        Err(fault) => Some(fault.message(inner, 0)),
        Ok(_) => None,
    }
}
