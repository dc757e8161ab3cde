//! What the engine writes down of actions and jobs.

use super::Machine;
use super::records::{Execution, JobId, Key, Plan, Run};
use super::tell::{action_subject, execution_subject, job_subject, stage_subject, written};
use crate::domain::{artifacts, jobs::JobState};
use crate::shapes::ActionExecutionStatus;
use parhelion_core::{Cause, Datum, Event, Members, Timestamp, Verdict};

const ACTION: &str = "CodePipeline Action Execution State Change";

impl Machine<'_> {
    /// Tells where a run stands, after any change of its status.
    pub(super) fn tell_action(&mut self, key: Key, because: String) {
        let Some(run) = self.run(key) else { return };
        let of = (key.0, run.execution);
        let (Some(execution), Some(plan)) = (self.execution(of), self.plan(of)) else { return };
        let Some((stage, action)) = plan.stage(run.stage).zip(plan.action(run.stage, run.action)) else {
            return;
        };
        let name = format!("{}/{}", stage.name, action.name);
        let (kind, state, verdict, fact) = match (run.status, &run.error) {
            (ActionExecutionStatus::InProgress, _) => {
                ("action.started", "STARTED", Verdict::Ok, format!("action '{name}' was started"))
            }
            (ActionExecutionStatus::Succeeded, _) => {
                ("action.finished", "SUCCEEDED", Verdict::Ok, format!("action '{name}' succeeded"))
            }
            (ActionExecutionStatus::Failed, Some(error)) => (
                "action.finished",
                "FAILED",
                Verdict::Failed,
                format!("action '{name}' failed: {}: {}", error.code, error.message),
            ),
            (ActionExecutionStatus::Failed, None) => {
                ("action.finished", "FAILED", Verdict::Failed, format!("action '{name}' failed"))
            }
            // Docs: the event's state says that the pipeline's update canceled it; the run itself is abandoned.
            (ActionExecutionStatus::Abandoned, _)
                if execution.outdated.is_some() && execution.stop.is_none() =>
            {
                let fact = format!("action '{name}' was canceled: the pipeline was updated");
                ("action.finished", "CANCELED", Verdict::Skipped, fact)
            }
            (ActionExecutionStatus::Abandoned, _) => {
                ("action.finished", "ABANDONED", Verdict::Skipped, format!("action '{name}' was abandoned"))
            }
        };
        let event = Event::new(kind, action_subject(&run))
            .fact(fact)
            .verdict(verdict)
            .with("stage", stage.name.clone())
            .with("action", action.name.clone())
            .with("provider", action.action_type_id.provider.clone())
            .because(Cause::Last(because));
        let event = self.about(event, of, &execution);
        self.tell(event);
        let more = self.action_detail(key, &run, &plan, &execution, state);
        self.publish(of, &execution, ACTION, action_subject(&run), more);
    }

    fn action_detail(&self, key: Key, run: &Run, plan: &Plan, execution: &Execution, state: &str) -> Members {
        let Some((stage, action)) = plan.stage(run.stage).zip(plan.action(run.stage, run.action)) else {
            return Members::default();
        };
        let id = &action.action_type_id;
        let locations = |artifacts: Vec<artifacts::Located>| -> Datum {
            let place = |a: artifacts::Located| {
                let location = Members::default().with("bucket", a.bucket).with("key", a.key);
                Members::default().with("name", a.name).with("s3location", location)
            };
            artifacts.into_iter().map(place).collect()
        };
        let kind = Members::default()
            .with("owner", id.owner.as_str())
            .with("provider", id.provider.clone())
            .with("category", id.category.as_str())
            .with("version", id.version.clone());
        let more = Members::default()
            .with("stage", stage.name.clone())
            .with("action", action.name.clone())
            .with("state", state)
            .with("region", action.region.as_deref().unwrap_or(self.engine.place.region()))
            .with("type", kind)
            .with("input-artifacts", locations(artifacts::inputs(self.engine, key.0, execution, plan, run)))
            .with("output-artifacts", locations(artifacts::outputs(self.engine, plan, run)));
        let result = [
            ("external-execution-id", run.external_id.clone()),
            ("external-execution-url", run.external_url.clone()),
            ("external-execution-summary", run.summary.clone()),
            ("error-code", run.error.as_ref().map(|e| e.code.clone())),
        ];
        let result: Members = result.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        if result.is_empty() { more } else { more.with("execution-result", result) }
    }

    /// What led to the start of a run: the group before it, or its stage's entry.
    pub(super) fn group_before(&self, execution: Key, stage: usize) -> String {
        let Some(e) = self.execution(execution) else { return String::new() };
        let ended = e.newest_runs(stage).into_values().filter_map(|n| self.run((execution.0, n)));
        let ended =
            ended.filter(|run| run.status != ActionExecutionStatus::InProgress).max_by_key(|run| run.updated);
        let entered = || self.stage_name(execution, stage).map(|name| stage_subject(&e, &name));
        ended.map(|run| action_subject(&run)).or_else(entered).unwrap_or_default()
    }

    /// What led to the end of a run: its job, the execution it waited for, or nothing but itself.
    pub(super) fn end_of(&self, run: &Run) -> String {
        let other = run.awaits.and_then(|key| self.execution(key)).filter(|e| e.is_over());
        match (run.job, other) {
            (Some(job), _) => job_subject(job),
            (None, Some(other)) => execution_subject(&other),
            (None, None) => action_subject(run),
        }
    }

    pub(super) fn tell_approval(&mut self, key: Key, until: Timestamp) {
        let Some(run) = self.run(key) else { return };
        let event = Event::new("action.changed", action_subject(&run))
            .fact(format!("the action waits to be approved or rejected; it fails at {}", written(until)))
            .verdict(Verdict::Waiting)
            .because(Cause::Last(action_subject(&run)));
        self.tell(event);
    }

    // ------------------------------------------------------------ jobs

    pub(super) fn tell_job_queued(&mut self, id: JobId, after: Option<JobId>) {
        let Some(job) = self.engine.jobs.get(&id).cloned() else { return };
        let Some(run) = self.run(job.run) else { return };
        let because = after.map_or_else(|| action_subject(&run), job_subject);
        let what = after.map_or("a job".to_owned(), |before| format!("a job that continues job {before}"));
        let fact = match &job.state {
            JobState::Created { until: Some(at) } => {
                format!("{what} was made: polls see it at {}", written(*at))
            }
            JobState::Created { until: None } => format!("{what} was made: polls see it when it is stepped"),
            _ => format!("{what} was queued: it waits for a worker to poll"),
        };
        let event = Event::new("job.started", job_subject(id))
            .fact(fact)
            .verdict(Verdict::Waiting)
            .with("action_execution", run.id.to_string())
            .with("owner", job.action_type.owner.as_str())
            .with("category", job.action_type.category.as_str())
            .with("provider", job.action_type.provider.clone())
            .with("version", job.action_type.version.clone())
            .because(Cause::Last(because));
        self.tell(event);
    }

    /// A change that a worker's call, or time, made: the call is its cause.
    pub(super) fn tell_job_changed(&mut self, id: JobId, fact: String) {
        let Some(job) = self.engine.jobs.get(&id) else { return };
        let verdict = if job.state.is_idle() { Verdict::Waiting } else { Verdict::Ok };
        let event = Event::new("job.changed", job_subject(id))
            .fact(fact)
            .verdict(verdict)
            .with("state", job.state.name());
        self.tell(event);
    }

    pub(super) fn tell_job_over(&mut self, id: JobId) {
        let Some(job) = self.engine.jobs.get(&id) else { return };
        let verdict = match job.state {
            JobState::Succeeded => Verdict::Ok,
            JobState::Abandoned => Verdict::Skipped,
            _ => Verdict::Failed,
        };
        let event = Event::new("job.finished", job_subject(id))
            .fact(format!("the job ended as {}", job.state.name()))
            .verdict(verdict)
            .with("state", job.state.name());
        self.tell(event);
    }
}
