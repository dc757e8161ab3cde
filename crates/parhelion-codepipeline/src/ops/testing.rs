//! A world with one tenant for unit tests of operations.

use super::{
    AcknowledgeJob, AcknowledgeThirdPartyJob, CreateCustomActionType, PollForJobs,
    PutThirdPartyJobSuccessResult,
};
use super::{
    Across, CreatePipeline, PollForThirdPartyJobs, PutWebhook, StartPipelineExecution, UpdatePipeline,
};
use crate::domain::{
    action_types::{Definition, Made},
    engine::{
        Input,
        records::{ExecutionId, JobId},
    },
    jobs::JobState,
    place::Place,
};
use crate::error::{Error, Result};
use crate::named::Named;
use crate::shapes::{
    AcknowledgeJobInput, AcknowledgeThirdPartyJobInput, ActionCategory, ActionConfigurationProperty,
    ActionDeclaration, ActionOwner, ActionTypeArtifactDetails, ActionTypeDeclaration, ActionTypeExecutor,
    ActionTypeId, ActionTypeIdentifier, ArtifactDetails, ArtifactStore, ArtifactStoreType,
    CreateCustomActionTypeInput, CreatePipelineInput, DeleteCustomActionTypeInput, ExecutorConfiguration,
    ExecutorType, InputArtifact, Job, JobWorkerExecutorConfiguration, OutputArtifact, PipelineDeclaration,
    PollForJobsInput, PollForThirdPartyJobsInput, PutThirdPartyJobSuccessResultInput, PutWebhookInput,
    StageDeclaration, StartPipelineExecutionInput, Tag, UpdatePipelineInput, WebhookAuthConfiguration,
    WebhookAuthenticationType, WebhookDefinition, WebhookFilterRule,
};
use crate::shapes::{RuleCategory, RuleDeclaration, RuleOwner, RuleTypeId};
use crate::store::CodePipelineStore;
use chrono::TimeDelta;
use parhelion_core::{Call, Timestamp};
use parhelion_state::{AnyShelf, Operation, Query, Tx, World, testing};
use std::convert::Infallible;
use std::sync::Arc;

/// A world, and a caller in it.
pub struct Bench {
    pub world: Arc<World>,
    pub place: Place,
    call: Call,
}

/// Shelves under the settings that a server has when it is told none.
pub fn shelves() -> Vec<Arc<dyn AnyShelf>> {
    crate::shelves(&Arc::default())
}

impl Bench {
    pub fn new() -> Self {
        Bench::of(testing::world(1, shelves()).0)
    }
    /// A caller in a world that is there.
    pub fn of(world: Arc<World>) -> Self {
        let call = Call { base: "http://here".into(), ..Call::default() };
        Bench { world, place: Place::default(), call }
    }
    /// The same world, another caller.
    pub fn at(&self, place: &Place) -> Bench {
        Bench { world: self.world.clone(), place: place.clone(), call: self.call.clone() }
    }
    pub fn run<O: Operation<Store = CodePipelineStore, Error = Error>>(
        &self,
        input: O::Input,
    ) -> Result<O::Output> {
        let shelf = self.world.shelf::<CodePipelineStore>();
        shelf.write(&self.place, &self.call, |store, tx| O::run(store, input, tx)).map(|done| done.value)
    }
    pub fn ask<Q: Query<Store = CodePipelineStore, Error = Error>>(
        &self,
        input: Q::Input,
    ) -> Result<Q::Output> {
        let shelf = self.world.shelf::<CodePipelineStore>();
        shelf.read(&self.place, &self.call, |store, view| Q::run(store, input, view))
    }
    pub fn across<A: Across>(&self, input: A::Input) -> Result<A::Output> {
        A::run(&self.world, &self.place, &self.call, input)
    }
    pub fn look<T>(&self, with: impl FnOnce(&CodePipelineStore) -> T) -> T {
        self.world.shelf::<CodePipelineStore>().read(&self.place, &self.call, |store, _| with(store))
    }
    pub fn change(&self, with: impl FnOnce(&mut CodePipelineStore, &mut Tx<'_>)) {
        let shelf = self.world.shelf::<CodePipelineStore>();
        let done = shelf.write(&self.place, &self.call, |store, tx| {
            with(store, tx);
            Ok::<_, Infallible>(())
        });
        done.unwrap();
    }
    /// Moves the world's time, deadline by deadline.
    pub fn advance(&self, by: TimeDelta) {
        let to = self.world.clock.now() + by;
        while self.world.step(to).is_some() {}
        self.world.clock.reach(to);
    }
    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }
    /// A custom type of [`custom_type`].
    pub fn action_type(&self, provider: &str, change: impl FnOnce(&mut CreateCustomActionTypeInput)) {
        let mut input = custom_type(provider);
        change(&mut input);
        self.run::<CreateCustomActionType>(input).unwrap();
    }
    /// A type of [`integration`], as the control API puts it.
    pub fn integration(&self, provider: &str, change: impl FnOnce(&mut ActionTypeDeclaration)) {
        let mut given = integration(provider);
        change(&mut given);
        let definition = Definition::Integration(Box::new(given));
        self.change(|store, tx| store.step(Input::Define(Box::new(Made { definition, deleted: None })), tx));
    }
    pub fn create(&self, pipeline: PipelineDeclaration) {
        self.run::<CreatePipeline>(CreatePipelineInput { pipeline, tags: None }).unwrap();
    }
    /// A pipeline of [`declaration`].
    pub fn pipeline(&self, name: &str) {
        self.create(declaration(name));
    }
    pub fn update(&self, name: &str, change: impl FnOnce(&mut PipelineDeclaration)) {
        let mut pipeline = self.look(|store| store.pipeline(name).unwrap().2.declaration.clone());
        change(&mut pipeline);
        self.run::<UpdatePipeline>(UpdatePipelineInput { pipeline }).unwrap();
    }
    pub fn start(&self, name: &str) -> ExecutionId {
        let input = StartPipelineExecutionInput { name: name.into(), ..Default::default() };
        self.run::<StartPipelineExecution>(input).unwrap().pipeline_execution_id.unwrap().parse().unwrap()
    }
    pub fn start_with_token(&self, name: &str, token: &str) {
        let client_request_token = Some(token.into());
        let input =
            StartPipelineExecutionInput { name: name.into(), client_request_token, ..Default::default() };
        self.run::<StartPipelineExecution>(input).unwrap();
    }
    /// The executions of a pipeline, the oldest first.
    pub fn executions(&self, name: &str) -> Vec<ExecutionId> {
        self.look(|store| {
            let (line, ..) = store.pipeline(name).unwrap();
            let mut ids: Vec<_> = store.engine.executions_of(line, u64::MAX).map(|(_, e)| e.id).collect();
            ids.reverse();
            ids
        })
    }
    /// A webhook of [`definition`]; its URL.
    pub fn webhook(&self, name: &str, pipeline: &str) -> String {
        self.webhook_with(name, pipeline, |_| ())
    }
    pub fn webhook_with(
        &self,
        name: &str,
        pipeline: &str,
        change: impl FnOnce(&mut WebhookDefinition),
    ) -> String {
        let mut webhook = definition(name, pipeline);
        change(&mut webhook);
        self.run::<PutWebhook>(PutWebhookInput { webhook, tags: None }).unwrap().webhook.unwrap().url
    }
    /// Takes the oldest job of [`team_city`].
    pub fn poll(&self) -> String {
        let input = PollForThirdPartyJobsInput { action_type_id: team_city(), max_batch_size: None };
        self.across::<PollForThirdPartyJobs>(input).unwrap().jobs.unwrap()[0].job_id.clone().unwrap()
    }
    /// Takes the jobs of the [`custom_type`] `Mine` for project `demo`.
    pub fn poll_own(&self) -> Vec<Job> {
        let query_param = Some(Named::from([("Project", "demo".to_owned())]));
        let input =
            PollForJobsInput { action_type_id: own_type("Mine"), max_batch_size: Some(100), query_param };
        self.across::<PollForJobs>(input).unwrap().jobs.unwrap()
    }
    /// Takes the one job of `Mine` and acknowledges it; its id.
    pub fn take_own(&self) -> String {
        let mut jobs = self.poll_own();
        let Job { id, nonce, .. } = jobs.pop().unwrap();
        assert!(jobs.is_empty());
        let (job_id, nonce) = (id.unwrap(), nonce.unwrap());
        self.run::<AcknowledgeJob>(AcknowledgeJobInput { job_id: job_id.clone(), nonce }).unwrap();
        job_id
    }
    /// A tenant with the type `Mine` and a pipeline `p` of [`with_custom_job`].
    pub fn with_own_job() -> Self {
        let bench = Bench::new();
        bench.action_type("Mine", |_| ());
        bench.create(with_custom_job("p"));
        bench
    }
    /// Scripts what a match is about.
    pub fn behaviour(&self, name: &str, matches: &[(&str, &str)], outcome: &str, members: serde_json::Value) {
        let matches = matches.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let members = members.as_object().cloned().unwrap_or_default();
        (crate::scripting::SCRIPTING.check)(outcome, &members).unwrap();
        let outcomes = vec![parhelion_state::ScriptedOutcome { outcome: outcome.into(), members }];
        self.world.edit_script(|script| script.put_behaviour(name, matches, outcomes)).unwrap();
    }
    /// What the journal says about why something is so.
    pub fn facts(&self, kind: &str) -> Vec<String> {
        let entries = self.world.entries(0, usize::MAX, |entry| entry.kind == kind);
        entries.iter().map(|entry| entry.fact.clone()).collect()
    }
    pub fn nonce(&self, job: &str) -> String {
        self.look(|store| match &store.engine.jobs[&job.parse::<JobId>().unwrap()].state {
            JobState::Dispatched { nonce, .. } => nonce.clone(),
            other => panic!("no job that was handed out: {other:?}"),
        })
    }
    pub fn acknowledge(&self, job: &str) {
        let (nonce, client_token) = (self.nonce(job), "DEFAULT_CLIENT_TOKEN".into());
        let input = AcknowledgeThirdPartyJobInput { job_id: job.into(), nonce, client_token };
        self.across::<AcknowledgeThirdPartyJob>(input).unwrap();
    }
    pub fn succeed(&self, job: &str) {
        self.report(job, None);
    }
    /// Its worker wants to be asked again.
    pub fn go_on_later(&self, job: &str) {
        self.report(job, Some("later".into()));
    }
    fn report(&self, job: &str, continuation_token: Option<String>) {
        let input = PutThirdPartyJobSuccessResultInput {
            job_id: job.into(),
            client_token: "DEFAULT_CLIENT_TOKEN".into(),
            continuation_token,
            ..Default::default()
        };
        self.across::<PutThirdPartyJobSuccessResult>(input).unwrap();
    }
}

/// The outcome of a future that waits for nothing.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(out) => out,
        std::task::Poll::Pending => panic!("something was waited for"),
    }
}

pub fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into() }
}

pub fn action_type(category: ActionCategory, owner: ActionOwner, provider: &str) -> ActionTypeId {
    ActionTypeId { category, owner, provider: provider.into(), version: "1".into() }
}

/// A partner's type, whose actions are done by jobs.
pub fn team_city() -> ActionTypeId {
    action_type(ActionCategory::Build, ActionOwner::ThirdParty, "TeamCity")
}

/// A customer's type of category Build, whose actions are done by jobs.
pub fn own_type(provider: &str) -> ActionTypeId {
    action_type(ActionCategory::Build, ActionOwner::Custom, provider)
}

pub fn property(name: &str, required: bool, secret: bool, queryable: bool) -> ActionConfigurationProperty {
    ActionConfigurationProperty {
        name: name.into(),
        required,
        key: required,
        secret,
        queryable: queryable.then_some(true),
        ..Default::default()
    }
}

/// [`own_type`] with a queryable `Project` and a secret `Password`.
pub fn custom_type(provider: &str) -> CreateCustomActionTypeInput {
    let details = ArtifactDetails { minimum_count: 0, maximum_count: 1 };
    CreateCustomActionTypeInput {
        category: ActionCategory::Build,
        provider: provider.into(),
        version: "1".into(),
        settings: None,
        configuration_properties: Some(vec![
            property("Project", true, false, true),
            property("Password", false, true, false),
        ]),
        input_artifact_details: details.clone(),
        output_artifact_details: details,
        tags: None,
    }
}

/// The end of an [`own_type`].
pub fn retire(provider: &str) -> DeleteCustomActionTypeInput {
    let ActionTypeId { category, provider, version, .. } = own_type(provider);
    DeleteCustomActionTypeInput { category, provider, version }
}

/// A partner's type of category Build, whose jobs are done by a worker.
pub fn integration(provider: &str) -> ActionTypeDeclaration {
    let details = ActionTypeArtifactDetails { minimum_count: 0, maximum_count: 1 };
    ActionTypeDeclaration {
        description: None,
        executor: ActionTypeExecutor {
            configuration: ExecutorConfiguration {
                lambda_executor_configuration: None,
                job_worker_executor_configuration: Some(JobWorkerExecutorConfiguration::default()),
            },
            r#type: ExecutorType::JobWorker,
            policy_statements_template: None,
            job_timeout: None,
        },
        id: ActionTypeIdentifier {
            category: ActionCategory::Build,
            owner: "ThirdParty".into(),
            provider: provider.into(),
            version: "1".into(),
        },
        input_artifact_details: details.clone(),
        output_artifact_details: details,
        permissions: None,
        properties: None,
        urls: None,
    }
}

fn action(name: &str, action_type_id: ActionTypeId, configuration: &[(&str, &str)]) -> ActionDeclaration {
    let configuration = configuration.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    ActionDeclaration {
        name: name.into(),
        action_type_id: action_type_id.into(),
        run_order: None,
        configuration: Some(configuration.collect()),
        commands: None,
        output_artifacts: None,
        input_artifacts: None,
        output_variables: None,
        role_arn: None,
        region: None,
        namespace: None,
        timeout_in_minutes: None,
        environment_variables: None,
    }
}

fn pipeline(
    name: &str,
    stage: &str,
    mut second: ActionDeclaration,
    out: Option<&str>,
) -> PipelineDeclaration {
    let github = action_type(ActionCategory::Source, ActionOwner::ThirdParty, "GitHub");
    let configuration = [("Owner", "octo"), ("Repo", "hello"), ("Branch", "main"), ("OAuthToken", "geheim")];
    let mut pull = action("Pull", github, &configuration);
    pull.output_artifacts = Some(Box::new([OutputArtifact { name: "SourceOut".into(), files: None }]));
    if second.action_type_id.category != ActionCategory::Approval {
        second.input_artifacts = Some(Box::new([InputArtifact { name: "SourceOut".into() }]));
    }
    second.output_artifacts = out.map(|name| [OutputArtifact { name: name.into(), files: None }].into());
    let stage_of = |name: &str, action| StageDeclaration {
        name: name.into(),
        actions: vec![action],
        ..Default::default()
    };
    PipelineDeclaration {
        name: name.into(),
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        artifact_store: Some(Box::new(ArtifactStore {
            r#type: ArtifactStoreType::S3,
            location: "artifacts".into(),
            encryption_key: None,
        })),
        stages: vec![stage_of("Source", pull), stage_of(stage, second)],
        ..Default::default()
    }
}

/// GitHub source `Pull` in stage `Source`, simulated build `Compile` in stage `Build`.
pub fn declaration(name: &str) -> PipelineDeclaration {
    let build = action_type(ActionCategory::Build, ActionOwner::Aws, "CodeBuild");
    pipeline(name, "Build", action("Compile", build, &[("ProjectName", "hello")]), None)
}

/// As [`declaration`], the build by a partner's worker (`Work`), then a stage `Ship`.
pub fn with_job(name: &str) -> PipelineDeclaration {
    let work = action("Work", team_city(), &[("ProjectId", "demo")]);
    let mut declaration = pipeline(name, "Build", work, Some("BuildOut"));
    let deploy = action_type(ActionCategory::Deploy, ActionOwner::Aws, "CodeDeploy");
    let mut ship = action("Ship", deploy, &[("ApplicationName", "a"), ("DeploymentGroupName", "g")]);
    ship.input_artifacts = Some(Box::new([InputArtifact { name: "BuildOut".into() }]));
    declaration.stages.push(StageDeclaration {
        name: "Ship".into(),
        actions: vec![ship],
        ..Default::default()
    });
    declaration
}

/// As [`with_job`], the build by a customer's worker of the [`custom_type`] `Mine`.
pub fn with_custom_job(name: &str) -> PipelineDeclaration {
    let mut declaration = with_job(name);
    let configuration = [("Project", "demo"), ("Password", "pssst")];
    let mut work = action("Work", own_type("Mine"), &configuration);
    let before = &declaration.stages[1].actions[0];
    work.input_artifacts.clone_from(&before.input_artifacts);
    work.output_artifacts.clone_from(&before.output_artifacts);
    declaration.stages[1].actions = vec![work];
    declaration
}

/// A rule that holds when the two texts are the same, once their variables are replaced.
pub fn check_rule(name: &str, variable: &str, value: &str) -> RuleDeclaration {
    let configuration = [("Variable", variable), ("Value", value), ("Operator", "EQ")];
    RuleDeclaration {
        name: name.into(),
        rule_type_id: RuleTypeId {
            category: RuleCategory::Rule,
            owner: Some(RuleOwner::Aws),
            provider: "VariableCheck".into(),
            version: Some("1".into()),
        },
        configuration: Some(configuration.map(|(k, v)| (k.to_owned(), v.to_owned())).into()),
        commands: None,
        input_artifacts: None,
        role_arn: None,
        region: None,
        timeout_in_minutes: None,
    }
}

/// A GitHub source, then an approval in stage `Approve`.
pub fn with_approval(name: &str) -> PipelineDeclaration {
    let manual = action_type(ActionCategory::Approval, ActionOwner::Aws, "Manual");
    pipeline(name, "Approve", action("Ask", manual, &[]), None)
}

/// A webhook of `Pull`: HMAC with the secret `shh`, pushes to the configured branch only.
pub fn definition(name: &str, pipeline: &str) -> WebhookDefinition {
    WebhookDefinition {
        name: name.into(),
        target_pipeline: pipeline.into(),
        target_action: "Pull".into(),
        filters: vec![WebhookFilterRule {
            json_path: "$.ref".into(),
            match_equals: Some("refs/heads/{Branch}".into()),
        }],
        authentication: WebhookAuthenticationType::GithubHmac,
        authentication_configuration: WebhookAuthConfiguration {
            allowed_ip_range: None,
            secret_token: Some("shh".into()),
        },
    }
}

/// As [`declaration`], its source of a connection (`arn:c`) to the repository `octo/site`, branch `main`.
pub fn connected(name: &str) -> PipelineDeclaration {
    let mut declaration = declaration(name);
    let pull = &mut declaration.stages[0].actions[0];
    pull.action_type_id =
        action_type(ActionCategory::Source, ActionOwner::Aws, "CodeStarSourceConnection").into();
    let configuration =
        [("ConnectionArn", "arn:c"), ("FullRepositoryId", "octo/site"), ("BranchName", "main")];
    pull.configuration = Some(configuration.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    declaration
}
