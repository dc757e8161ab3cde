//! What the engine writes down: for each change one journal event with a fact, and one change as AWS publishes it
//! (section 9 of the specification).

use super::records::{Execution, JobId, Key, Line, LineId, Run};
use super::{Change, Effect, Machine};
use crate::shapes::{
    ActionExecutionStatus, ExecutionMode, PipelineDeclaration, PipelineExecutionStatus, StageDeclaration,
    StageExecutionStatus,
};
use chrono::SecondsFormat;
use parhelion_core::{Cause, Event, Timestamp, Verdict};
use serde_json::{Map, Value, json};

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
    let mut facts = Vec::new();
    if let Some(mode @ (ExecutionMode::Queued | ExecutionMode::Parallel)) = declaration.execution_mode {
        facts.push(format!(
            "execution mode {mode} is kept and not acted on: executions go as in SUPERSEDED mode"
        ));
    }
    if let Some(triggers) = declaration.triggers.as_ref().filter(|t| !t.is_empty()) {
        let count = triggers.len();
        facts.push(format!(
            "{count} trigger(s) are kept and not acted on: no repository event starts this pipeline"
        ));
    }
    for stage in &declaration.stages {
        let name = &stage.name;
        let conditions = [
            ("beforeEntry", stage.before_entry.is_some()),
            ("onSuccess", stage.on_success.is_some()),
            ("onFailure", stage.on_failure.is_some()),
        ];
        for (kind, _) in conditions.into_iter().filter(|(_, given)| *given) {
            facts.push(format!(
                "{kind} of stage '{name}' is kept and not acted on: nothing is evaluated or repeated"
            ));
        }
        facts.extend(unresolved(stage));
    }
    facts
}

fn unresolved(stage: &StageDeclaration) -> impl Iterator<Item = String> {
    stage.actions.iter().flat_map(|action| {
        let configuration = action.configuration.iter().flatten();
        let raw: Vec<&str> = configuration.filter(|(_, v)| v.contains("#{")).map(|(k, _)| k.as_str()).collect();
        let (stage, name) = (&stage.name, &action.name);
        let variables = (!raw.is_empty()).then(|| {
            let keys = raw.join(", ");
            format!("variables in {keys} of action '{stage}/{name}' are not resolved: the text is used as it stands")
        });
        let id = &action.action_type_id;
        let handed = action.configuration.iter().flatten().map(|(k, _)| k.as_str());
        let handed: Vec<&str> = handed.filter(|k| ["Variables", "SourceRevisions"].contains(k)).collect();
        let other = (id.provider == "CodePipeline" && !handed.is_empty()).then(|| {
            format!("{} of action '{stage}/{name}' are not handed to the pipeline that it starts", handed.join(" and "))
        });
        let asked = action.configuration.iter().flatten().filter(|(_, value)| value.eq_ignore_ascii_case("true"));
        let asked = asked.map(|(key, _)| key.as_str()).find(|k| ["PollForSourceChanges", "DetectChanges"].contains(k));
        let watch = asked.map(|key| format!("{key} of action '{stage}/{name}' is not acted on: nobody watches the source"));
        [variables, other, watch].into_iter().flatten()
    })
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
        more: Map<String, Value>,
    ) {
        let Some(line) = self.engine.lines.get(&key.0) else { return };
        let pipeline = line.name.clone();
        let mut detail = Map::new();
        detail.insert("pipeline".into(), pipeline.clone().into());
        detail.insert("execution-id".into(), execution.id.to_string().into());
        detail.extend(more);
        detail.insert("version".into(), execution.version.into());
        detail.insert("pipeline-execution-attempt".into(), 1.into());
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
        let trigger = json!({
            "trigger-type": execution.trigger.as_str(),
            "trigger-detail": execution.trigger_detail,
        });
        let more =
            Map::from_iter([("state".into(), "STARTED".into()), ("execution-trigger".into(), trigger)]);
        self.publish(key, &execution, PIPELINE, subject.clone(), more);
        for fact in not_acted_on(&plan.declaration) {
            let event = Event::new("execution.changed", subject.clone()).fact(fact).verdict(Verdict::Skipped);
            let event = event.because(Cause::Last(subject.clone()));
            let event = self.about(event, key, &execution);
            self.tell(event);
        }
    }

    pub(super) fn tell_waits(&mut self, key: Key, stage: &str, holder: Option<u64>) {
        let Some(execution) = self.execution(key) else { return };
        let holder =
            holder.and_then(|h| self.execution((key.0, h))).map_or(String::new(), |h| h.id.to_string());
        let event = Event::new("execution.changed", execution_subject(&execution))
            .fact(format!("it waits in front of stage '{stage}': execution {holder} is in it"))
            .verdict(Verdict::Waiting)
            .with("stage", stage)
            .with("locked_by", holder)
            .because(self.before(key, &execution));
        let event = self.about(event, key, &execution);
        self.tell(event);
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
            None => format!("the execution ended as {}", execution.status),
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
        self.publish(key, &execution, PIPELINE, subject, Map::from_iter([("state".into(), state.into())]));
    }

    // ------------------------------------------------------------ stages

    /// What led an execution to where it stands: the stage before, or its own start.
    fn before(&self, key: Key, execution: &Execution) -> Cause {
        let stage = execution.stages.len().checked_sub(1).and_then(|stage| self.stage_name(key, stage));
        Cause::Last(
            stage.map_or_else(|| execution_subject(execution), |name| stage_subject(execution, &name)),
        )
    }

    pub(super) fn tell_entered(&mut self, key: Key, stage: usize, waited: bool) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        let earlier = match stage {
            1.. if !waited => self.stage_name(key, stage - 1).map(|name| stage_subject(&execution, &name)),
            _ => None,
        };
        let subject = stage_subject(&execution, &name);
        let event = Event::new("stage.started", subject.clone())
            .fact(format!("stage '{name}' was entered"))
            .verdict(Verdict::Ok)
            .with("stage", name.clone())
            .because(Cause::Last(earlier.unwrap_or_else(|| execution_subject(&execution))));
        let event = self.about(event, key, &execution);
        self.tell(event);
        let more = Map::from_iter([("stage".into(), name.into()), ("state".into(), "STARTED".into())]);
        self.publish(key, &execution, STAGE, subject, more);
    }

    pub(super) fn tell_left(&mut self, key: Key, stage: usize, status: StageExecutionStatus) {
        let (Some(execution), Some(name)) = (self.execution(key), self.stage_name(key, stage)) else {
            return;
        };
        let runs =
            execution.newest_runs(stage).into_values().filter_map(|n| Some((n, self.run((key.0, n))?)));
        // Of a failed stage, the action that failed tells why; else the one that ended last.
        let last = runs.max_by_key(|(n, run)| (run.status == ActionExecutionStatus::Failed, run.updated, *n));
        let because = last.map_or_else(|| stage_subject(&execution, &name), |(_, run)| action_subject(&run));
        let (state, verdict) = match status {
            StageExecutionStatus::Succeeded => ("SUCCEEDED", Verdict::Ok),
            StageExecutionStatus::Cancelled => ("CANCELED", Verdict::Skipped),
            StageExecutionStatus::Stopped => ("STOPPED", Verdict::Skipped),
            _ => ("FAILED", Verdict::Failed),
        };
        let subject = stage_subject(&execution, &name);
        let event = Event::new("stage.finished", subject.clone())
            .fact(format!("stage '{name}' ended as {status}"))
            .verdict(verdict)
            .with("stage", name.clone())
            .with("status", status.as_str())
            .because(Cause::Last(because));
        let event = self.about(event, key, &execution);
        self.tell(event);
        let more = Map::from_iter([("stage".into(), name.into()), ("state".into(), state.into())]);
        self.publish(key, &execution, STAGE, subject, more);
    }
}

const PIPELINE: &str = "CodePipeline Pipeline Execution State Change";
const STAGE: &str = "CodePipeline Stage Execution State Change";
