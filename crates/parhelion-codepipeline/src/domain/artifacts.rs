//! Where artifacts lie (4.8 of the specification).

use super::engine::{
    Engine,
    records::{Execution, LineId, Plan, Run},
};
use crate::shapes::{ActionDeclaration, ArtifactStore, PipelineDeclaration};
use parhelion_core::text::prefix;

/// An artifact and its place in a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// The artifact's name.
    pub name: String,
    /// The bucket.
    pub bucket: String,
    /// The object's key in it.
    pub key: String,
    /// The source revision that it holds, for what a source action made.
    pub revision: Option<String>,
}

/// The key of an artifact that is about to be made; `random` is 7 of `A-Za-z0-9`.
// OBSERVED: `myPipeline/SourceArti/KEYEXAMPLE`: 20 and 10 characters. CHOICE: source artifacts end in `.zip`.
pub fn key(pipeline: &str, artifact: &str, source: bool, random: &str) -> String {
    let end = if source { ".zip" } else { "" };
    format!("{}/{}/{random}{end}", prefix(pipeline, 20), prefix(artifact, 10))
}

/// The store of an action: that of its region.
pub fn store<'a>(declaration: &'a PipelineDeclaration, region: &str) -> Option<&'a ArtifactStore> {
    let by_region = declaration.artifact_stores.as_ref().and_then(|stores| stores.get(region));
    by_region.or(declaration.artifact_store.as_deref())
}

fn bucket(engine: &Engine, plan: &Plan, action: &ActionDeclaration) -> String {
    bucket_in(plan, action.region.as_deref().unwrap_or(engine.place.region()))
}

fn bucket_in(plan: &Plan, region: &str) -> String {
    store(&plan.declaration, region).map_or(String::new(), |store| store.location.clone())
}

/// What a run makes: fixed when it begins.
pub fn outputs(engine: &Engine, plan: &Plan, run: &Run) -> Vec<Located> {
    let Some(action) = plan.action(run.stage, run.action) else { return Vec::new() };
    let bucket = bucket(engine, plan, action);
    let declared = action.output_artifacts.iter().flatten();
    let located = declared.zip(&run.outputs).map(|(artifact, key)| Located {
        name: artifact.name.clone(),
        bucket: bucket.clone(),
        key: key.clone(),
        revision: None,
    });
    located.collect()
}

/// What a run is given: what earlier runs of its execution made.
// CHOICE: in another region the artifact is taken to be copied there under the same key.
pub fn inputs(engine: &Engine, line: LineId, execution: &Execution, plan: &Plan, run: &Run) -> Vec<Located> {
    let Some(action) = plan.action(run.stage, run.action) else { return Vec::new() };
    let region = action.region.as_deref().unwrap_or(engine.place.region());
    let wanted = action.input_artifacts.iter().flatten().map(|artifact| artifact.name.as_str());
    found(engine, line, execution, plan, region, wanted)
}

/// Artifacts by name, as they lie in a region.
pub fn found<'a>(
    engine: &Engine,
    line: LineId,
    execution: &Execution,
    plan: &Plan,
    region: &str,
    wanted: impl Iterator<Item = &'a str>,
) -> Vec<Located> {
    let bucket = bucket_in(plan, region);
    let found = wanted.filter_map(|artifact| {
        let (key, revision) = made_by(engine, line, execution, plan, artifact)?;
        Some(Located { name: artifact.to_owned(), bucket: bucket.clone(), key, revision })
    });
    found.collect()
}

/// The newest key that the execution has for an artifact, and its source revision.
fn made_by(
    engine: &Engine,
    line: LineId,
    execution: &Execution,
    plan: &Plan,
    artifact: &str,
) -> Option<(String, Option<String>)> {
    for entered in &execution.stages {
        for (action, number) in entered.runs.iter().rev() {
            let declared = plan.action(entered.stage, *action)?;
            let place = declared.output_artifacts.iter().flatten().position(|out| out.name == artifact);
            if let Some(place) = place {
                let key = engine.runs.get(&(line, *number))?.outputs.get(place)?.clone();
                let revision = execution.revisions.iter().find(|(of, _)| *of == declared.name);
                return Some((key, revision.map(|(_, r)| r.id.clone())));
            }
        }
    }
    // Docs: a rollback has the artifacts of what it goes back to, which is no rollback itself.
    let target = execution.rollback.as_ref().and_then(|to| engine.executions.get(&(line, to.number)))?;
    if target.rollback.is_some() { None } else { made_by(engine, line, target, plan, artifact) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_the_beginnings_of_the_names() {
        assert_eq!(key("myPipeline", "SourceArtifact", true, "abcdefg"), "myPipeline/SourceArti/abcdefg.zip");
        let long = "a-pipeline-with-a-long-name";
        assert_eq!(key(long, "Out", false, "1234567"), "a-pipeline-with-a-lo/Out/1234567");
    }
}
