//! What is worked out at the moment when a job begins: its variables with `$[ … ]`, and its matrix.

use super::conditions;
use crate::{
    domain::simulation,
    store::{Build, Leg},
};
use parhelion_azure_pipelines::{
    pipeline::{Strategy, Variable},
    runtime,
};
use serde_json::Value;

/// Jobs that a matrix makes at most.
// Docs: 256.
const MAX_LEGS: usize = 256;

/// Works out what a job needs to begin.
///
/// # Errors
/// Why it fails.
pub(super) fn prepare(build: &mut Build, (s, j): (usize, usize)) -> Result<(), String> {
    let pipeline = build.pipeline.clone();
    let Some((of, leg)) = build.job(s, j).map(|job| (job.of, job.leg.clone())) else { return Ok(()) };
    let Some(stage) = pipeline.stages.get(s) else { return Ok(()) };
    let Some(plan) = stage.jobs.get(of) else { return Ok(()) };
    if let (Strategy::MatrixAtRunTime { expression, .. }, Leg::Only) = (&plan.strategy, leg) {
        let text = conditions::work_out(build, (s, j), expression)
            .map_err(|why| format!("its matrix {expression} cannot be told: {why}"))?;
        simulation::multiply(build, s, j, legs(&text)?)?;
    }
    for variable in stage.variables.iter().chain(&plan.variables) {
        let Variable::Value { name, value, .. } = variable else { continue };
        if runtime::inside(value).is_none() {
            continue;
        }
        let value = conditions::work_out(build, (s, j), value)
            .map_err(|why| format!("its variable {name} cannot be told: {why}"))?;
        if let Some(job) = build.job_mut(s, j) {
            job.worked_out.insert(name.to_lowercase(), value);
        }
    }
    // A number that an earlier job gave the run.
    let number = build.number.clone();
    if build.known.get("Build.BuildNumber").is_some_and(|known| known != number)
        && let Some(job) = build.job_mut(s, j)
    {
        job.worked_out.insert("build.buildnumber".to_owned(), number);
    }
    Ok(())
}

/// The name and variables of an entry.
type Entry = (String, Vec<(String, String)>);

/// The entries of a matrix that is a JSON text.
fn legs(text: &str) -> Result<Vec<Entry>, String> {
    // CHOICE: the texts.
    let matrix: Value = serde_json::from_str(text).map_err(|e| format!("its matrix is no JSON: {e}"))?;
    let Value::Object(matrix) = matrix else { return Err("its matrix is no JSON object".to_owned()) };
    if matrix.is_empty() {
        return Err("its matrix has no entry".to_owned());
    }
    if matrix.len() > MAX_LEGS {
        // OBSERVED: the service's text.
        return Err(format!(
            "The matrix expansion resulted in {} jobs which exceeds the maximum allowable job count of {MAX_LEGS}.",
            matrix.len()
        ));
    }
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let entry = |(name, variables): (String, Value)| match variables {
        Value::Object(variables) => Ok((name, variables.into_iter().map(|(n, v)| (n, text(v))).collect())),
        _ => Err(format!("the entry {name} of its matrix is no JSON object")),
    };
    matrix.into_iter().map(entry).collect()
}
