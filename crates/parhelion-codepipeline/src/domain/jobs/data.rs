//! What a worker is told of a job.

use super::Job;
use crate::domain::{
    artifacts,
    engine::{
        Engine,
        records::{Execution, Key, Plan, Run},
    },
    views,
};
use crate::named::Named;
use crate::shapes::{
    AWSSessionCredentials, ActionConfiguration, ActionContext, ActionDeclaration, JobData, PipelineContext,
    StageContext, ThirdPartyJobData,
};

/// The run that a job is for, with what it belongs to.
pub struct Of<'a> {
    /// The run itself.
    pub run: &'a Run,
    /// Its execution.
    pub execution: &'a Execution,
    /// The version that the execution runs.
    pub plan: &'a Plan,
    /// The action.
    pub action: &'a ActionDeclaration,
}

/// What a run belongs to.
pub fn of(engine: &Engine, key: Key) -> Option<Of<'_>> {
    let run = &**engine.runs.get(&key)?;
    let execution = &**engine.executions.get(&(key.0, run.execution))?;
    let plan = engine.plan_of(key.0, execution)?;
    Some(Of { run, execution, plan, action: plan.action(run.stage, run.action)? })
}

impl Of<'_> {
    /// The configuration that its work is done with: variables resolved, secrets in clear.
    pub fn configuration(&self) -> Option<&Named<String>> {
        self.run.configuration(self.action)
    }
    /// A value of it.
    pub fn configured(&self, key: &str) -> Option<&str> {
        self.configuration()?.get(key).map(String::as_str)
    }
}

/// What a customer's worker, or a function, is told of a job.
pub fn own(engine: &Engine, job: &Job, credentials: AWSSessionCredentials) -> Option<JobData> {
    let all = third_party(engine, job, credentials)?;
    let execution = of(engine, job.run)?.execution.id.to_string();
    let context = all.pipeline_context.map(|context| PipelineContext {
        pipeline_arn: context.pipeline_name.as_deref().map(|name| engine.place.arn(name)),
        pipeline_execution_id: Some(execution),
        ..context
    });
    Some(JobData {
        action_type_id: all.action_type_id,
        action_configuration: all.action_configuration,
        pipeline_context: context,
        input_artifacts: all.input_artifacts,
        output_artifacts: all.output_artifacts,
        artifact_credentials: all.artifact_credentials,
        continuation_token: all.continuation_token,
        encryption_key: all.encryption_key,
    })
}

/// What a partner's worker is told of a job. Docs: without pipelineArn and pipelineExecutionId.
pub fn third_party(
    engine: &Engine,
    job: &Job,
    credentials: AWSSessionCredentials,
) -> Option<ThirdPartyJobData> {
    let line = job.run.0;
    let of = of(engine, job.run)?;
    let stage = of.plan.stage(of.run.stage)?;
    let region = of.action.region.as_deref().unwrap_or(engine.place.region());
    let shown = |all: Vec<artifacts::Located>| Some(all.into_iter().map(views::artifact).collect());
    Some(ThirdPartyJobData {
        action_type_id: Some(job.action_type.clone()),
        action_configuration: Some(ActionConfiguration { configuration: of.configuration().cloned() }),
        pipeline_context: Some(PipelineContext {
            pipeline_name: Some(engine.lines.get(&line)?.name.clone()),
            stage: Some(StageContext { name: Some(stage.name.clone()) }),
            action: Some(ActionContext {
                name: Some(of.action.name.clone()),
                action_execution_id: Some(of.run.id.to_string()),
            }),
            pipeline_arn: None,
            pipeline_execution_id: None,
        }),
        input_artifacts: shown(artifacts::inputs(engine, line, of.execution, of.plan, of.run)),
        output_artifacts: shown(artifacts::outputs(engine, of.plan, of.run)),
        artifact_credentials: Some(credentials),
        continuation_token: job.continuation.clone(),
        encryption_key: artifacts::store(&of.plan.declaration, region)
            .and_then(|store| store.encryption_key.clone()),
    })
}
