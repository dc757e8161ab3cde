//! The execution engine: a state machine without IO, `(state, input, now) → (state', effects, next deadline)`.
//!
//! [`Engine`] is the state; [`Engine::step`] takes an [`Input`] and gives [`Effect`]s; [`Engine::next_deadline`]
//! says when to come back with [`Input::Time`]. Each step runs on until nothing more can happen at its instant:
//! with nothing that waits for a worker, an approval or a time, an execution is over when its start returns.
//!
//! Read [`records`] (the words), then [`gates`] (who may enter a stage), [`flow`] (groups and ends), [`work`] (what
//! an action does), [`conditions`] (what surrounds the actions of a stage), then what comes from outside:
//! [`pipelines`], [`transitions`], [`stops`], [`retries`], [`rollbacks`].
//!
//! What is not acted on here is named in the execution's journal when it starts ([`tell::not_acted_on`]).

pub mod approvals;
mod calls;
mod check;
pub mod conditions;
mod flow;
mod gates;
pub mod objects;
mod pipelines;
mod queue;
pub mod records;
pub mod retries;
pub mod rollbacks;
mod rule_runs;
mod scope;
pub mod simulated;
mod standing;
pub mod stops;
mod tell;
mod tell_flow;
mod tell_work;
#[cfg(test)]
mod tests;
mod transitions;
mod types;
mod work;

use super::{
    action_types::{Made, TypeKey},
    adapters::Adapters,
    jobs::Job,
    place::Place,
};
use crate::shapes::{ActionTypeId, StageRetryMode, TriggerType};
use approvals::Answer;
use objects::{Deployment, Kept, Sought};
use parhelion_core::{Cause, Event, Members, Pace, Scripted, Timestamp};
use parhelion_state::Table;
use records::{
    Due, Execution, ExecutionId, Gate, JobId, Key, Line, LineId, Outcome, Phase, Plan, Revision, RuleRun,
    Run, RunId, StageRun, Stop, Wanted,
};
use serde::{Deserialize, Serialize};
use simulated::Stood;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The state of all executions of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Engine {
    /// Whose executions these are.
    pub place: Place,
    /// How many lines there ever were.
    last_line: u64,
    /// How many jobs there ever were.
    last_job: u64,
    /// The pipelines by name.
    pub names: Table<String, LineId>,
    /// The pipelines in operation.
    pub lines: Table<LineId, Line>,
    /// All versions of all pipelines.
    pub plans: Table<(LineId, i32), Plan>,
    /// All executions.
    pub executions: Table<Key, Execution>,
    /// Executions by their id.
    pub execution_ids: Table<ExecutionId, Key>,
    /// All runs of actions.
    pub runs: Table<Key, Run>,
    /// All runs of rules.
    pub rules: Table<Key, RuleRun>,
    /// The runs of approvals by their tokens.
    pub approvals: Table<Uuid, Key>,
    /// Who is called for work that is simulated else.
    pub adapters: Adapters,
    /// All jobs.
    pub jobs: Table<JobId, Job>,
    /// The jobs that a worker may be given, by action type, the oldest first.
    pub queue: Table<(String, u64), JobId>,
    /// The action types that somebody made, deleted ones too.
    pub types: Table<TypeKey, Made>,
    /// What falls due when.
    due: Table<(Timestamp, Due), ()>,
}

/// What happens to the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A pipeline is created; its declaration was checked. It is known by its name from then on.
    Create(Box<Plan>),
    /// A pipeline gets its next version.
    Update(LineId, Box<Plan>),
    /// A pipeline goes, with all its history.
    Delete(LineId),
    /// An execution starts.
    Start(Box<Start>),
    /// The way into a stage is opened or closed.
    SetTransition(Box<SetTransition>),
    /// An execution is to stop.
    Stop(Key, Stop),
    /// A stage of an execution is to be tried again.
    Retry(Key, usize, StageRetryMode),
    /// A stage is to go back to what an earlier execution made of it.
    Rollback(Box<Rollback>),
    /// A condition of a stage is to count as met: that of this phase.
    Override(Key, usize, Phase),
    /// A job is handed to a worker, who must come back with this nonce before the time.
    Dispatch(JobId, String, Timestamp),
    /// A worker takes a job on.
    Acknowledge(JobId),
    /// A worker has done its part and wants to be asked again, with this token. Its news are in the outcome.
    Continue(JobId, String, Outcome),
    /// A worker is done.
    Finish(JobId, Outcome),
    /// An action type is made, or replaced.
    Define(Box<Made>),
    /// An action type is deleted.
    Retire(ActionTypeId),
    /// An approval is answered.
    Answer(Key, Answer),
    /// What stands is moved on.
    Step(Stood),
    /// What a source action finds next is said.
    SetRevision(LineId, String, Revision),
    /// A deployment to a bucket is done, or failed.
    Deployed(Key, RunId, Result<String, String>),
    /// Time went on.
    Time,
}

/// The start of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Of which pipeline.
    pub line: LineId,
    /// The id that it gets.
    pub id: ExecutionId,
    /// What kind of thing starts it.
    pub trigger: TriggerType,
    /// What starts it.
    pub trigger_detail: String,
    /// The values of the pipeline's variables, in order of declaration.
    pub variables: Vec<(String, String)>,
    /// What source actions are to find.
    pub wanted: BTreeMap<String, Wanted>,
    /// The run that waits for it.
    pub awaited_by: Option<Key>,
    /// What led to it.
    pub cause: Cause,
}

/// A change of the way into a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct SetTransition {
    /// Of which pipeline.
    pub line: LineId,
    /// The stage's name.
    pub stage: String,
    /// Why it is disabled; `None`: it is enabled.
    pub disabled: Option<String>,
    /// Who changes it.
    pub by: String,
}

/// The start of an execution that runs one stage with what an earlier one had.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollback {
    /// Of which pipeline.
    pub line: LineId,
    /// The id that the new execution gets.
    pub id: ExecutionId,
    /// The stage's place in the declaration.
    pub stage: usize,
    /// The number of the execution that it goes back to.
    pub target: u64,
    /// What kind of thing starts it.
    pub trigger: TriggerType,
    /// What starts it.
    pub trigger_detail: String,
    /// What led to it.
    pub cause: Cause,
}

/// What a step does to the outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Something to be written down.
    Tell(Event),
    /// A state change as AWS publishes it.
    Publish(Change),
    /// Whoever is to know of an approval that is wanted is told.
    Notify(Key),
    /// Artifacts were made, by the action of this subject.
    Keep(String, Vec<Kept>),
    /// An artifact is to be deployed to a bucket.
    Deploy(Box<Deployment>),
    /// The receiver of a job is called.
    Call(JobId),
    /// A job's id is to be findable from everywhere.
    Claim(JobId),
    /// A job's id is gone.
    Release(JobId),
}

/// The inside of an event of section 9.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Of which pipeline.
    pub pipeline: String,
    /// `CodePipeline … Execution State Change`.
    pub detail_type: &'static str,
    /// What it says.
    pub detail: Members,
    /// The subject whose newest journal entry led to it.
    pub because: String,
}

/// What comes from outside while a step goes on: new ids, and how simulated work is to come out.
pub trait Draw {
    /// A uuid of a kind.
    fn uuid(&mut self, kind: &str) -> Uuid;
    /// `len` of `A-Za-z0-9`.
    fn token(&mut self, kind: &str, len: usize) -> String;
    /// How a piece of simulated work is to come out, by what is known of it; one outcome is used up.
    fn scripted(&mut self, facets: &[(&'static str, &str)]) -> Option<Scripted>;
    /// How fast work of a kind goes.
    fn pace(&self, kind: &str) -> Pace;
    /// An object of the artifact store; its newest version where none is named.
    fn object(&self, bucket: &str, key: &str, version: Option<&str>) -> Sought;
}

impl Engine {
    /// No pipelines.
    pub fn new(place: Place) -> Self {
        Engine {
            place,
            last_line: 0,
            last_job: 0,
            names: Table::default(),
            lines: Table::default(),
            plans: Table::default(),
            executions: Table::default(),
            execution_ids: Table::default(),
            runs: Table::default(),
            rules: Table::default(),
            approvals: Table::default(),
            adapters: Adapters::default(),
            jobs: Table::default(),
            queue: Table::default(),
            types: Table::default(),
            due: Table::default(),
        }
    }

    /// Takes an input in and everything that follows from it at this instant.
    pub fn step(&mut self, input: Input, now: Timestamp, draw: &mut dyn Draw) -> Vec<Effect> {
        let mut machine = Machine { engine: self, now, draw, effects: Vec::new(), calls: 0 };
        machine.take(input);
        machine.run_due();
        machine.effects
    }

    /// When something changes by time alone.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.due.get_min().map(|((at, _), _)| *at)
    }

    /// A pipeline by its name.
    pub fn line(&self, name: &str) -> Option<(LineId, &Line)> {
        let id = **self.names.get(name)?;
        Some((id, self.lines.get(&id)?))
    }
    /// The present version of a pipeline.
    pub fn plan(&self, line: LineId) -> Option<&Plan> {
        let version = self.lines.get(&line)?.version;
        self.plans.get(&(line, version)).map(|plan| &**plan)
    }
    /// The version that an execution runs.
    pub fn plan_of(&self, line: LineId, execution: &Execution) -> Option<&Plan> {
        self.plans.get(&(line, execution.version)).map(|plan| &**plan)
    }
    /// An execution of a pipeline by its id.
    pub fn execution(&self, line: LineId, id: ExecutionId) -> Option<(u64, &Execution)> {
        let key = **self.execution_ids.get(&id)?;
        (key.0 == line).then_some(())?;
        Some((key.1, self.executions.get(&key)?))
    }
    /// A pipeline's executions, the newest first, those numbered below `before`.
    pub fn executions_of(&self, line: LineId, before: u64) -> impl Iterator<Item = (u64, &Execution)> {
        self.executions.range((line, 0)..(line, before)).rev().map(|((_, number), e)| (*number, &**e))
    }
    /// A pipeline's runs of actions, the newest first, those numbered below `before`.
    pub fn runs_of(&self, line: LineId, before: u64) -> impl Iterator<Item = (u64, &Run)> {
        self.runs.range((line, 0)..(line, before)).rev().map(|((_, number), run)| (*number, &**run))
    }
    /// A pipeline's runs of rules, the newest first, those numbered below `before`.
    pub fn rules_of(&self, line: LineId, before: u64) -> impl Iterator<Item = (u64, &RuleRun)> {
        self.rules.range((line, 0)..(line, before)).rev().map(|((_, number), run)| (*number, &**run))
    }
}

/// One step under way.
struct Machine<'a> {
    engine: &'a mut Engine,
    now: Timestamp,
    draw: &'a mut dyn Draw,
    effects: Vec<Effect>,
    /// How many executions its actions have asked for.
    calls: usize,
}

impl Machine<'_> {
    fn take(&mut self, input: Input) {
        match input {
            Input::Create(plan) => self.create(*plan),
            Input::Update(line, plan) => self.update(line, *plan),
            Input::Delete(line) => self.delete(line),
            Input::Start(start) => self.start(*start),
            Input::SetTransition(change) => self.set_transition(*change),
            Input::Stop(execution, stop) => self.stop(execution, stop),
            Input::Retry(execution, stage, mode) => self.retry(execution, stage, mode),
            Input::Rollback(rollback) => self.roll_back(*rollback),
            Input::Override(execution, stage, phase) => self.override_condition(execution, stage, phase),
            Input::Dispatch(job, nonce, until) => self.dispatch(job, nonce, until),
            Input::Acknowledge(job) => self.acknowledge(job),
            Input::Continue(job, token, news) => self.continue_with(job, token, news),
            Input::Finish(job, outcome) => self.job_done(job, outcome),
            Input::Define(made) => self.define(*made),
            Input::Retire(id) => self.retire(&id),
            Input::Answer(run, answer) => self.answer(run, answer),
            Input::Deployed(run, id, done) => self.deployed(run, id, done),
            Input::Step(stood) => self.step_by_hand(stood),
            Input::SetRevision(line, action, revision) => {
                self.engine.lines.edit(&line, |line| line.next_revisions.insert(action.into(), revision));
            }
            Input::Time => {}
        }
    }

    /// Runs what is due, in order of time. It ends: a run ends once, and what a start makes due is bounded by the
    /// stages that are free.
    fn run_due(&mut self) {
        loop {
            let Some((at, due)) = self.engine.due.get_min().map(|(key, _)| *key) else { return };
            if at > self.now {
                return;
            }
            self.engine.due.remove(&(at, due));
            match due {
                Due::Done(run) => self.work_done(run),
                Due::Expires(run) => self.expire(run),
                Due::Lapses(job) => self.lapse(job),
                Due::Queues(job) => self.show_job(job, "polls see the job from now on"),
                Due::Rule(run) => self.rule_due(run),
            }
        }
    }

    fn line(&self, line: LineId) -> Option<std::sync::Arc<Line>> {
        self.engine.lines.get(&line).cloned()
    }
    fn execution(&self, key: Key) -> Option<std::sync::Arc<Execution>> {
        self.engine.executions.get(&key).cloned()
    }
    fn run(&self, key: Key) -> Option<std::sync::Arc<Run>> {
        self.engine.runs.get(&key).cloned()
    }
    fn plan(&self, key: Key) -> Option<std::sync::Arc<Plan>> {
        let version = self.engine.executions.get(&key)?.version;
        self.engine.plans.get(&(key.0, version)).cloned()
    }
    /// Changes an execution and notes when.
    fn edit_execution(&mut self, key: Key, change: impl FnOnce(&mut Execution)) {
        let now = self.now;
        self.engine.executions.edit(&key, |execution| {
            change(execution);
            execution.updated = now;
        });
    }
    /// Changes what an execution left of a stage.
    fn edit_stage(&mut self, key: Key, stage: usize, change: impl FnOnce(&mut StageRun)) {
        self.edit_execution(key, |execution| {
            if let Some(entered) = execution.in_stage_mut(stage) {
                change(entered);
            }
        });
    }
    /// Changes a run and notes when.
    fn edit_run(&mut self, key: Key, change: impl FnOnce(&mut Run)) {
        let now = self.now;
        self.engine.runs.edit(&key, |run| {
            change(run);
            run.updated = now;
        });
    }
    /// Changes a stage's gate, which is made where there is none.
    fn edit_gate(&mut self, line: LineId, stage: &str, change: impl FnOnce(&mut Gate)) {
        self.engine.lines.edit(&line, |line| change(line.gates.or_default(stage)));
    }
    fn set_due(&mut self, at: Timestamp, due: Due) {
        self.engine.due.put((at, due), ());
    }
}
