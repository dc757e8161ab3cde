//! The hooks of a deployment: which of its steps are taken.

use crate::store::{Build, RecordResult, StepRun, What};

/// The hook of a deployment that a step belongs to, and which of the increments.
fn hook(build: &Build, (s, j): (usize, usize), what: What) -> Option<(&str, Option<u32>)> {
    let (hook, _) = build.step_plan(s, j, what)?;
    let increment = if let What::Increment(_, n) = what { Some(n) } else { None };
    Some((hook?, increment))
}

/// How a job stands for a step: of a deployment, its hook stands for itself.
pub(super) fn stands(build: &Build, (s, j, t): (usize, usize, usize)) -> RecordResult {
    let Some(job) = build.job(s, j) else { return RecordResult::Succeeded };
    let is_deployment = build.job_plan(s, j).is_some_and(|plan| plan.deployment.is_some());
    let of = |step: &StepRun| if is_deployment { hook(build, (s, j), step.what) } else { None };
    let own = job.steps.get(t).and_then(of);
    let counted = job.steps.iter().filter(|other| of(other) == own);
    let worst = counted.filter_map(|other| other.life.result).max();
    worst.map_or(RecordResult::Succeeded, |worst| worst.max(RecordResult::Succeeded))
}

/// Why the hook of a step is not taken.
pub(super) fn hook_waits(build: &Build, (s, j, t): (usize, usize, usize)) -> Option<String> {
    let job = build.job(s, j)?;
    build.job_plan(s, j)?.deployment.as_ref()?;
    let own = hook(build, (s, j), job.steps.get(t)?.what)?;
    let before = job.steps.iter().take(t).map(|other| (hook(build, (s, j), other.what), other));
    let others = before.filter(|(hook, _)| *hook != Some(own));
    // `on.failure` comes after `on.success` and looks at what was before that.
    let others = others.filter(|(hook, _)| !matches!(hook, Some(("on.success", _))));
    let worst = others.filter_map(|(_, other)| other.life.result).max().unwrap_or(RecordResult::Succeeded);
    let well = worst <= RecordResult::SucceededWithIssues;
    match own.0 {
        "on.failure" if well => Some("the deployment did not fail".to_owned()),
        "on.failure" => None,
        _ if well => None,
        hook => Some(format!("a hook before {hook} did not go well")),
    }
}
