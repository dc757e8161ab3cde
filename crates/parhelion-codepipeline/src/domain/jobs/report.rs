//! What a worker's report says of its action.

use super::{Job, data};
use crate::domain::{
    action_types::Known,
    engine::{
        Engine,
        records::{Failed, Outcome, Revision},
    },
};
use crate::named::Named;
use crate::shapes::{ActionCategory, CurrentRevision, ExecutionDetails, FailureDetails};
use parhelion_core::Timestamp;

/// What a success says. The addresses are those that the type's templates make.
pub fn success(
    engine: &Engine,
    job: &Job,
    revision: Option<CurrentRevision>,
    details: Option<ExecutionDetails>,
    variables: Named<String>,
    now: Timestamp,
) -> Outcome {
    let details = details.unwrap_or_default();
    // Docs: the revision is that of a source; other actions have none to tell.
    let revision = revision.filter(|_| job.action_type.category == ActionCategory::Source);
    let revision = revision.map(|r| Revision {
        url: url(engine, job, None, Some(&r.revision)),
        id: r.revision,
        change: Some(r.change_identifier),
        summary: r.revision_summary,
        created: Some(r.created.map_or(now, Into::into)),
    });
    Outcome {
        external_url: url(engine, job, details.external_execution_id.as_deref(), None),
        summary: details.summary,
        external_id: details.external_execution_id,
        percent: details.percent_complete,
        variables,
        revision,
        ..Outcome::default()
    }
}

/// What a failure says.
pub fn failure(engine: &Engine, job: &Job, details: FailureDetails) -> Outcome {
    Outcome {
        external_url: url(engine, job, details.external_execution_id.as_deref(), None),
        failed: Some(Failed::new(details.r#type.as_str(), details.message)),
        external_id: details.external_execution_id,
        ..Outcome::default()
    }
}

/// The address of a run, or of a revision, by what is given; none where neither is.
fn url(engine: &Engine, job: &Job, execution: Option<&str>, revision: Option<&str>) -> Option<String> {
    execution.or(revision)?;
    let of = data::of(engine, job.run)?;
    let known = Known { configuration: of.configuration()?, execution, revision };
    let is_run = execution.is_some();
    engine.url(&job.action_type, |t| if is_run { t.execution } else { t.revision }, &known)
}
