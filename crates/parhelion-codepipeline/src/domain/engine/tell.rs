//! What the engine writes down: for each change one journal event with a fact, and one change as AWS publishes it
//! (section 9 of the specification).

use super::records::{Execution, JobId, Key, Line, LineId, Run};
use super::{Change, Effect, Machine};
use crate::shapes::{PipelineDeclaration, PipelineExecutionStatus, StageDeclaration};
use chrono::SecondsFormat;
use parhelion_core::{Cause, Event, Members, Timestamp, Verdict};

/// What an execution's summary says that ended because its pipeline was updated.
// Docs: the status's meaning; the wording is ours.
pub const OUTDATED: &str = "The pipeline was updated before the execution could be completed";

/// A time as facts show it.
pub(super) fn written(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
pub(super) fn execution_subject(execution: &Execution) -> String {
    format!("execution:{}", execution.id)
}
pub(super) fn stage_subject(execution: &Execution, stage: &str) -> String {
    format!("stage:{}/{stage}", execution.id)
}
pub(super) fn action_subject(run: &Run) -> String {
    format!("action:{}", run.id)
}
pub(super) fn job_subject(job: JobId) -> String {
    format!("job:{job}")
}

/// What a declaration asks for that the engine does not act on: a sentence for each.
pub fn not_acted_on(declaration: &PipelineDeclaration) -> Vec<String> {
    declaration.stages.iter().flat_map(unwatched).collect()
}

fn unwatched(stage: &StageDeclaration) -> impl Iterator<Item = String> {
    // Objects are watched: a put starts the pipelines that poll for it.
    stage.actions.iter().filter(|action| action.action_type_id.provider != "S3").filter_map(|action| {
        let asked =
            action.configuration.iter().flatten().filter(|(_, value)| value.eq_ignore_ascii_case("true"));
        let key = asked.map(|(key, _)| key).find(|key| *key == "PollForSourceChanges")?;
        let (stage, name) = (&stage.name, &action.name);
        Some(format!("{key} of action '{stage}/{name}' is not acted on: nobody watches the source"))
    })
}

/// Docs: what was said about a stop stands in the changes that it leads to.
pub(super) fn stop_comments(execution: &Execution) -> Option<(&'static str, String)> {
    let reason = execution.stop.as_ref()?.reason.clone()?;
    Some(("stop-execution-comments", reason))
}

impl Machine<'_> {
    pub(super) fn tell(&mut self, event: Event) {
        self.effects.push(Effect::Tell(event));
    }

    /// The members that every event of an execution has.
    pub(super) fn about(&self, event: Event, key: Key, execution: &Execution) -> Event {
        let name = self.engine.lines.get(&key.0).map_or(String::new(), |line| line.name.clone());
        event
            .with("pipeline", name)
            .with("version", execution.version)
            .with("execution", execution.id.to_string())
    }

    pub(super) fn publish(
        &mut self,
        key: Key,
        execution: &Execution,
        what: &'static str,
        because: String,
        more: Members,
    ) {
        let Some(line) = self.engine.lines.get(&key.0) else { return };
        let pipeline = line.name.clone();
        let detail = Members::default()
            .with("pipeline", pipeline.clone())
            .with("execution-id", execution.id.to_string())
            .and(more)
            .with("version", execution.version)
            // Docs: the first attempt is 1; each retry of a stage counts.
            .with("pipeline-execution-attempt", execution.attempt());
        self.effects.push(Effect::Publish(Change { pipeline, detail_type: what, detail, because }));
    }

    // ------------------------------------------------------------ pipelines

    pub(super) fn tell_pipeline(&mut self, id: LineId, kind: &'static str, what: &str) {
        let Some(line) = self.line(id) else { return };
        let event = Event::new(kind, format!("pipeline:{}", line.name))
            .fact(format!("pipeline '{}' {what}", line.name))
            .with("version", line.version);
        self.tell(event);
    }

    pub(super) fn tell_deleted(&mut self, line: &Line) {
        let live = line.live.len();
        let fact = match live {
            0 => format!("pipeline '{}' was deleted with its history", line.name),
            _ => format!(
                "pipeline '{}' was deleted with its history and {live} execution(s) under way",
                line.name
            ),
        };
        self.tell(Event::new("pipeline.deleted", format!("pipeline:{}", line.name)).fact(fact));
    }

    // ------------------------------------------------------------ executions

    /// The end of the story of an execution that goes with its pipeline.
    pub(super) fn tell_gone(&mut self, key: Key) {
        let (Some(execution), Some(line)) = (self.execution(key), self.line(key.0)) else { return };
        let event = Event::new("execution.removed", execution_subject(&execution))
            .fact("the pipeline was deleted while the execution was under way: it is gone with all its work")
            .verdict(Verdict::Skipped)
            .because(Cause::Last(format!("pipeline:{}", line.name)));
        let event = self.about(event, key, &execution);
        self.tell(event);
    }

    pub(super) fn tell_started(&mut self, key: Key, cause: Cause) {
        let (Some(execution), Some(plan)) = (self.execution(key), self.plan(key)) else { return };
        let subject = execution_subject(&execution);
        let event = Event::new("execution.started", subject.clone())
            .fact(format!(
                "an execution of version {} was started by {}",
                execution.version, execution.trigger
            ))
            .verdict(Verdict::Ok)
            .with("trigger_type", execution.trigger.as_str())
            .with("trigger_detail", execution.trigger_detail.clone())
            .because(cause);
        let event = self.about(event, key, &execution);
        self.tell(event);
        let trigger = Members::default()
            .with("trigger-type", execution.trigger.as_str())
            .with("trigger-detail", execution.trigger_detail.clone());
        let more = Members::default().with("state", "STARTED").with("execution-trigger", trigger);
        self.publish(key, &execution, PIPELINE, subject.clone(), more);
        for fact in not_acted_on(&plan.declaration) {
            let event = Event::new("execution.changed", subject.clone()).fact(fact).verdict(Verdict::Skipped);
            let event = event.because(Cause::Last(subject.clone()));
            let event = self.about(event, key, &execution);
            self.tell(event);
        }
    }

    pub(super) fn tell_waits(&mut self, key: Key, stage: &str) {
        let Some(execution) = self.execution(key) else { return };
        for event in self.engine.in_front(key, &execution, stage) {
            let event = event.because(self.before(key, &execution));
            let event = self.about(event, key, &execution);
            self.tell(event);
        }
    }

    /// A start that found the pipeline's executions at their limit.
    pub(super) fn tell_no_room(&mut self, id: LineId, cause: Cause) {
        let Some(line) = self.line(id) else { return };
        let fact = "no execution was started: as many are under way as there may be";
        let event = Event::new("execution.refused", format!("pipeline:{}", line.name)).fact(fact);
        self.tell(event.verdict(Verdict::Failed).with("pipeline", line.name.clone()).because(cause));
    }

    pub(super) fn tell_outdated(&mut self, key: Key) {
        let Some(execution) = self.execution(key) else { return };
        let name = self.engine.lines.get(&key.0).map_or("", |line| &line.name);
        let event = Event::new("execution.changed", execution_subject(&execution))
            .fact("the pipeline was updated: running actions may finish, nothing new starts, then it is cancelled")
            .verdict(Verdict::Waiting)
            .because(Cause::Last(format!("pipeline:{name}")));
        let event = self.about(event, key, &execution);
        self.tell(event);
    }

    pub(super) fn tell_ended(&mut self, key: Key, cause: Cause) {
        let Some(execution) = self.execution(key) else { return };
        let subject = execution_subject(&execution);
        let verdict = match execution.status {
            PipelineExecutionStatus::Succeeded => Verdict::Ok,
            PipelineExecutionStatus::Superseded | PipelineExecutionStatus::Cancelled => Verdict::Skipped,
            _ => Verdict::Failed,
        };
        let fact = match &execution.summary {
            Some(summary) => format!("the execution ended as {}: {summary}", execution.status),
            None => {
                format!("the execution ended as {}{}", execution.status, self.failed_where(key, &execution))
            }
        };
        let event = Event::new("execution.finished", subject.clone())
            .fact(fact)
            .verdict(verdict)
            .with("status", execution.status.as_str())
            .because(cause);
        let event = self.about(event, key, &execution);
        self.tell(event);
        let state = match execution.status {
            PipelineExecutionStatus::Succeeded => "SUCCEEDED",
            PipelineExecutionStatus::Superseded => "SUPERSEDED",
            PipelineExecutionStatus::Cancelled => "CANCELED",
            PipelineExecutionStatus::Stopped => "STOPPED",
            PipelineExecutionStatus::Stopping => "STOPPING",
            PipelineExecutionStatus::InProgress => "STARTED",
            PipelineExecutionStatus::Failed => "FAILED",
        };
        let mut more = Members::default().with("state", state);
        if execution.status == PipelineExecutionStatus::Stopped {
            more.extend(stop_comments(&execution));
        }
        self.publish(key, &execution, PIPELINE, subject, more);
    }
}

pub(super) const PIPELINE: &str = "CodePipeline Pipeline Execution State Change";
