//! What the engine writes down: for each change one journal event with a fact, and one change as AWS publishes it
//! (section 9 of the specification).

use super::records::{Execution, JobId, Key, Line, LineId, Plan, Run};
use super::{Change, Effect, Machine};
use crate::domain::artifacts;
use crate::shapes::{
    ActionExecutionStatus, ExecutionMode, PipelineDeclaration, PipelineExecutionStatus, StageDeclaration,
    StageExecutionStatus,
};
use parhelion_core::{Cause, Event, Timestamp, Verdict};
use serde_json::{Map, Value, json};

/// What an execution's summary says that ended because its pipeline was updated.
// Docs: the status's meaning; the wording is ours.
pub const OUTDATED: &str = "The pipeline was updated before the execution could be completed";

fn execution_subject(execution: &Execution) -> String {
    format!("execution:{}", execution.id)
}
fn stage_subject(execution: &Execution, stage: &str) -> String {
    format!("stage:{}/{stage}", execution.id)
}
fn action_subject(run: &Run) -> String {
    format!("action:{}", run.id)
}
fn job_subject(job: JobId) -> String {
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
        [variables, other].into_iter().flatten()
    })
}

impl Machine<'_> {
    fn tell(&mut self, event: Event) {
        self.effects.push(Effect::Tell(event));
    }

    /// The members that every event of an execution has.
    fn about(&self, event: Event, key: Key, execution: &Execution) -> Event {
        let name = self.engine.lines.get(&key.0).map_or(String::new(), |line| line.name.clone());
        event
            .with("pipeline", name)
            .with("version", execution.version)
            .with("execution", execution.id.to_string())
    }

    fn publish(
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

    // ------------------------------------------------------------ actions

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

    fn action_detail(
        &self,
        key: Key,
        run: &Run,
        plan: &Plan,
        execution: &Execution,
        state: &str,
    ) -> Map<String, Value> {
        let Some((stage, action)) = plan.stage(run.stage).zip(plan.action(run.stage, run.action)) else {
            return Map::new();
        };
        let id = &action.action_type_id;
        let locations = |artifacts: Vec<artifacts::Located>| -> Value {
            let one = |a: artifacts::Located| json!({"name": a.name, "s3location": {"bucket": a.bucket, "key": a.key}});
            artifacts.into_iter().map(one).collect()
        };
        let mut more = Map::from_iter([
            ("stage".into(), stage.name.clone().into()),
            ("action".into(), action.name.clone().into()),
            ("state".into(), state.into()),
            ("region".into(), action.region.as_deref().unwrap_or(self.engine.place.region()).into()),
            (
                "type".into(),
                json!({
                    "owner": id.owner.as_str(),
                    "provider": id.provider,
                    "category": id.category.as_str(),
                    "version": id.version,
                }),
            ),
            (
                "input-artifacts".into(),
                locations(artifacts::inputs(self.engine, key.0, execution, plan, run)),
            ),
            ("output-artifacts".into(), locations(artifacts::outputs(self.engine, plan, run))),
        ]);
        let result = [
            ("external-execution-id", run.external_id.clone()),
            ("external-execution-url", run.external_url.clone()),
            ("external-execution-summary", run.summary.clone()),
            ("error-code", run.error.as_ref().map(|e| e.code.clone())),
        ];
        let result: Map<String, Value> =
            result.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
        if !result.is_empty() {
            more.insert("execution-result".into(), result.into());
        }
        more
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
            .fact(format!("the action waits to be approved or rejected; it fails at {until}"))
            .verdict(Verdict::Waiting)
            .because(Cause::Last(action_subject(&run)));
        self.tell(event);
    }

    // ------------------------------------------------------------ jobs

    pub(super) fn tell_job_queued(&mut self, id: JobId, after: Option<JobId>) {
        let Some(job) = self.engine.jobs.get(&id).cloned() else { return };
        let Some(run) = self.run(job.run) else { return };
        let because = after.map_or_else(|| action_subject(&run), job_subject);
        let fact = match after {
            None => "a job was queued: it waits for a worker to poll".to_owned(),
            Some(before) => {
                format!("a job that continues job {before} was queued: it waits for a worker to poll")
            }
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
        let verdict = if job.state.is_open() { Verdict::Waiting } else { Verdict::Ok };
        let event = Event::new("job.changed", job_subject(id))
            .fact(fact)
            .verdict(verdict)
            .with("state", job.state.name());
        self.tell(event);
    }

    pub(super) fn tell_job_over(&mut self, id: JobId) {
        let Some(job) = self.engine.jobs.get(&id) else { return };
        let verdict = match job.state {
            crate::domain::jobs::JobState::Succeeded => Verdict::Ok,
            crate::domain::jobs::JobState::Abandoned => Verdict::Skipped,
            _ => Verdict::Failed,
        };
        let event = Event::new("job.finished", job_subject(id))
            .fact(format!("the job ended as {}", job.state.name()))
            .verdict(verdict)
            .with("state", job.state.name());
        self.tell(event);
    }
}

const PIPELINE: &str = "CodePipeline Pipeline Execution State Change";
const STAGE: &str = "CodePipeline Stage Execution State Change";
const ACTION: &str = "CodePipeline Action Execution State Change";
