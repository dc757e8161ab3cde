//! An engine with a clock and an id source of its own.

use crate::domain::engine::approvals::Answer;
use crate::domain::engine::objects::Sought;
use crate::domain::engine::{
    Draw, Effect, Engine, Input, Rollback, SetTransition, Start,
    records::{Execution, ExecutionId, Gate, JobId, Key, LineId, Outcome, Phase, Plan, Run, StageRun, Stop},
};
use crate::domain::{jobs::DISPATCH_SECS, place::Place};
use crate::shapes::{
    ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, ArtifactStore, ArtifactStoreType,
    Condition, ConditionResult, PipelineDeclaration, PipelineExecutionStatus, StageDeclaration,
    StageRetryMode, TriggerType,
};
use chrono::TimeDelta;
use parhelion_core::{Cause, Pace, Scripted, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

pub type Kind = (ActionOwner, ActionCategory, &'static str, &'static [(&'static str, &'static str)]);
pub const SOURCE: Kind = (
    ActionOwner::Aws,
    ActionCategory::Source,
    "CodeCommit",
    &[("RepositoryName", "repo"), ("BranchName", "main")],
);
pub const BUILD: Kind = (ActionOwner::Aws, ActionCategory::Build, "CodeBuild", &[("ProjectName", "project")]);
pub const APPROVAL: Kind = (ActionOwner::Aws, ActionCategory::Approval, "Manual", &[]);
pub const JOB: Kind = (ActionOwner::ThirdParty, ActionCategory::Build, "TeamCity", &[]);
pub const OTHER: Kind =
    (ActionOwner::Aws, ActionCategory::Invoke, "CodePipeline", &[("PipelineName", "other")]);

pub fn action(
    name: &str,
    (owner, category, provider, configuration): Kind,
    run_order: i32,
) -> ActionDeclaration {
    let configuration = configuration.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    ActionDeclaration {
        name: name.into(),
        action_type_id: ActionTypeId { category, owner, provider: provider.into(), version: "1".into() }
            .into(),
        run_order: Some(run_order),
        configuration: Some(configuration.collect()),
        commands: None,
        output_artifacts: Some(Box::default()),
        input_artifacts: Some(Box::default()),
        output_variables: None,
        role_arn: None,
        region: None,
        namespace: None,
        timeout_in_minutes: None,
        environment_variables: None,
    }
}

pub fn plan(name: &str, stages: &[(&str, &[ActionDeclaration])]) -> Plan {
    let stage = |(name, actions): &(&str, &[ActionDeclaration])| StageDeclaration {
        name: (*name).to_owned(),
        actions: actions.to_vec(),
        ..StageDeclaration::default()
    };
    let declaration = PipelineDeclaration {
        name: name.into(),
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        artifact_store: Some(Box::new(ArtifactStore {
            r#type: ArtifactStoreType::S3,
            location: "bucket".into(),
            encryption_key: None,
        })),
        stages: stages.iter().map(stage).collect(),
        version: Some(1),
        ..PipelineDeclaration::default()
    };
    Plan::new(declaration, Timestamp::UNIX_EPOCH)
}

/// A condition whose one rule holds when the two texts are the same.
pub fn condition(variable: &str, value: &str, result: Option<ConditionResult>) -> Condition {
    Condition { result, rules: Some(vec![crate::ops::testing::check_rule("R", variable, value)]) }
}

/// A condition whose one rule waits for the next hour.
pub fn window(result: Option<ConditionResult>) -> Condition {
    let mut rule = crate::ops::testing::check_rule("W", "", "");
    rule.rule_type_id.provider = "DeploymentWindow".into();
    // At Unix time 0 the window is closed: it opens at noon.
    let configuration = [("Cron", "* * 12 * * ?"), ("TimeZone", "UTC")];
    rule.configuration = Some(configuration.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    Condition { result, rules: Some(vec![rule]) }
}

/// Counts ids, and gives scripted outcomes in order to whatever is named in them.
#[derive(Default)]
pub struct Counter {
    last: u128,
    /// What is to be scripted: one facet, and the outcomes.
    pub script: Vec<((&'static str, String), VecDeque<Scripted>)>,
    /// The paces that are not immediate, by kind.
    pub paces: BTreeMap<String, Pace>,
}
impl Draw for Counter {
    fn uuid(&mut self, _kind: &str) -> Uuid {
        self.last += 1;
        Uuid::from_u128(self.last)
    }
    fn token(&mut self, _kind: &str, len: usize) -> String {
        self.last += 1;
        format!("{:0len$}", self.last)
    }
    fn scripted(&mut self, facets: &[(&'static str, &str)]) -> Option<Scripted> {
        let is_it = |(name, value): &(&str, String)| facets.iter().any(|(n, v)| n == name && v == value);
        let (_, outcomes) = self.script.iter_mut().find(|(facet, _)| is_it(facet))?;
        if outcomes.len() > 1 { outcomes.pop_front() } else { outcomes.front().cloned() }
    }
    fn pace(&self, kind: &str) -> Pace {
        self.paces.get(kind).copied().unwrap_or_default()
    }
    fn object(&self, _bucket: &str, _key: &str, _version: Option<&str>) -> Sought {
        Sought::Nothing
    }
}

pub struct Rig {
    pub engine: Engine,
    pub now: Timestamp,
    pub ids: Counter,
    /// Of all steps so far.
    pub effects: Vec<Effect>,
}

impl Rig {
    pub fn new() -> Self {
        let engine = Engine::new(Place::default());
        Rig { engine, now: Timestamp::UNIX_EPOCH, ids: Counter::default(), effects: Vec::new() }
    }
    pub fn pace(&mut self, kind: &str, pace: Pace) {
        self.ids.paces.insert(kind.into(), pace);
    }
    /// Scripts the work that a facet names.
    pub fn script(&mut self, facet: (&'static str, &str), outcomes: &[(&str, Value)]) {
        let scripted = |(outcome, members): &(&str, Value)| Scripted {
            behaviour: "b".into(),
            outcome: (*outcome).to_owned(),
            members: members.as_object().cloned().unwrap_or_default(),
        };
        self.ids.script.push(((facet.0, facet.1.to_owned()), outcomes.iter().map(scripted).collect()));
    }
    /// Moves on what has stood longest; whether there is any.
    pub fn step_by_hand(&mut self) -> bool {
        let standing = self.engine.standing_still(None);
        standing.into_iter().for_each(|stood| self.step(Input::Step(stood)));
        standing.is_some()
    }
    pub fn answer(&mut self, run: Key, approved: bool) {
        let answer = Answer { approved, summary: "said".into(), by: "somebody".into() };
        self.step(Input::Answer(run, answer));
    }
    pub fn step(&mut self, input: Input) {
        let effects = self.engine.step(input, self.now, &mut self.ids);
        self.effects.extend(effects);
        self.engine.check();
        assert!(self.engine.next_deadline().is_none_or(|at| at > self.now), "nothing is left undone");
    }
    pub fn create(&mut self, plan: Plan) -> LineId {
        let name = plan.declaration.name.clone();
        self.step(Input::Create(Box::new(plan)));
        *self.engine.names[&name]
    }
    pub fn update(&mut self, line: LineId, plan: Plan) {
        self.step(Input::Update(line, Box::new(plan)));
    }
    pub fn delete(&mut self, line: LineId) {
        self.step(Input::Delete(line));
    }
    pub fn start(&mut self, line: LineId) -> Key {
        let start = Start {
            line,
            id: ExecutionId(self.ids.uuid("execution")),
            trigger: TriggerType::StartPipelineExecution,
            trigger_detail: "test".into(),
            variables: Vec::new(),
            wanted: BTreeMap::new(),
            awaited_by: None,
            cause: Cause::Call,
        };
        self.step(Input::Start(Box::new(start)));
        (line, self.engine.lines[&line].executions)
    }
    /// Deadline by deadline, as a world does it.
    pub fn advance(&mut self, by: TimeDelta) {
        let to = self.now + by;
        while let Some(at) = self.engine.next_deadline().filter(|at| *at <= to) {
            self.now = at;
            self.step(Input::Time);
        }
        self.now = to;
    }
    pub fn open_jobs(&self) -> Vec<JobId> {
        let kind = action("", JOB, 1).action_type_id;
        self.engine.open_jobs(&kind, self.now).map(|(id, _)| id).collect()
    }
    pub fn dispatch(&mut self, job: JobId, nonce: &str) {
        self.step(Input::Dispatch(job, nonce.into(), self.now + TimeDelta::seconds(DISPATCH_SECS)));
    }
    pub fn take_on(&mut self, job: JobId) {
        self.dispatch(job, "1");
        self.step(Input::Acknowledge(job));
    }
    pub fn finish(&mut self, job: JobId, outcome: Outcome) {
        self.step(Input::Finish(job, outcome));
    }
    pub fn work(&mut self, job: JobId, outcome: Outcome) {
        self.take_on(job);
        self.finish(job, outcome);
    }
    pub fn go_on_later(&mut self, job: JobId, token: &str, news: Outcome) {
        self.take_on(job);
        self.step(Input::Continue(job, token.into(), news));
    }
    pub fn stop(&mut self, execution: Key, abandon: bool) {
        self.step(Input::Stop(execution, Stop { reason: Some("enough".into()), abandon }));
    }
    pub fn retry(&mut self, execution: Key, stage: usize, mode: StageRetryMode) {
        self.step(Input::Retry(execution, stage, mode));
    }
    pub fn roll_back(&mut self, target: Key, stage: usize) {
        let rollback = Rollback {
            line: target.0,
            id: ExecutionId(self.ids.uuid("execution")),
            stage,
            target: target.1,
            trigger: TriggerType::ManualRollback,
            trigger_detail: "test".into(),
            cause: Cause::Call,
        };
        self.step(Input::Rollback(Box::new(rollback)));
    }
    pub fn override_(&mut self, execution: Key, stage: usize, phase: Phase) {
        self.step(Input::Override(execution, stage, phase));
    }
    /// Opens or closes the way into a stage.
    pub fn transition(&mut self, line: LineId, stage: &str, enabled: bool) {
        let disabled = (!enabled).then(|| "frozen".to_owned());
        let change = SetTransition { line, stage: stage.into(), disabled, by: "somebody".into() };
        self.step(Input::SetTransition(Box::new(change)));
    }
    /// Draws an id that nothing gets.
    pub fn draw(&mut self) {
        self.ids.uuid("nothing");
    }
    /// How many ids were drawn.
    pub fn draws(&self) -> u128 {
        self.ids.last
    }
    /// What an execution waits for, a line each.
    pub fn standing(&self, execution: Key) -> Vec<String> {
        self.engine.standing(execution).into_iter().map(|event| event.fact).collect()
    }
    pub fn stage(&self, execution: Key, stage: usize) -> StageRun {
        self.execution(execution).in_stage(stage).unwrap().clone()
    }
    /// The states that were published of an execution, its stages and actions.
    pub fn published(&self) -> Vec<String> {
        let changes = self.effects.iter().filter_map(|effect| match effect {
            Effect::Publish(change) => {
                let of = |name| change.detail.get(name).and_then(|v| v.as_str()).unwrap_or("").to_owned();
                let what = [of("stage"), of("action"), of("state")];
                Some(what.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
            }
            _ => None,
        });
        changes.collect()
    }
    pub fn execution(&self, key: Key) -> Execution {
        Execution::clone(&self.engine.executions[&key])
    }
    pub fn status(&self, key: Key) -> PipelineExecutionStatus {
        self.engine.executions[&key].status
    }
    pub fn run(&self, execution: Key, stage: usize, action: usize) -> Run {
        let number = self.execution(execution).newest_runs(stage)[&action];
        Run::clone(&self.engine.runs[&(execution.0, number)])
    }
    pub fn gate(&self, line: LineId, stage: &str) -> Gate {
        self.engine.lines[&line].gates[stage].clone()
    }
    /// All that was told, a line each.
    pub fn facts(&self) -> String {
        let told = self.effects.iter().filter_map(|effect| match effect {
            Effect::Tell(event) => Some(format!("{}: {}", event.kind, event.fact)),
            _ => None,
        });
        told.collect::<Vec<_>>().join("\n")
    }
}
