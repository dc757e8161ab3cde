//! The operations, one in a file. None imports another: what two need stands in `store.rs` or `domain/`.

mod acknowledge_job;
mod acknowledge_third_party_job;
mod create_custom_action_type;
mod create_pipeline;
mod delete_custom_action_type;
mod delete_pipeline;
mod delete_webhook;
mod deregister_webhook_with_third_party;
mod disable_stage_transition;
mod enable_stage_transition;
mod get_action_type;
mod get_job_details;
mod get_pipeline;
mod get_pipeline_execution;
mod get_pipeline_state;
mod get_third_party_job_details;
mod list_action_executions;
mod list_action_types;
mod list_deploy_action_execution_targets;
mod list_pipeline_executions;
mod list_pipelines;
mod list_rule_executions;
mod list_rule_types;
mod list_tags_for_resource;
mod list_webhooks;
mod override_stage_condition;
mod poll_for_jobs;
mod poll_for_third_party_jobs;
mod put_action_revision;
mod put_approval_result;
mod put_job_failure_result;
mod put_job_success_result;
mod put_third_party_job_failure_result;
mod put_third_party_job_success_result;
mod put_webhook;
mod register_webhook_with_third_party;
mod retry_stage_execution;
mod rollback_stage;
mod start_pipeline_execution;
mod stop_pipeline_execution;
mod tag_resource;
#[cfg(test)]
pub mod testing;
mod untag_resource;
mod update_action_type;
mod update_pipeline;

pub use acknowledge_job::AcknowledgeJob;
pub use acknowledge_third_party_job::AcknowledgeThirdPartyJob;
pub use create_custom_action_type::CreateCustomActionType;
pub use create_pipeline::CreatePipeline;
pub use delete_custom_action_type::DeleteCustomActionType;
pub use delete_pipeline::DeletePipeline;
pub use delete_webhook::DeleteWebhook;
pub use deregister_webhook_with_third_party::DeregisterWebhookWithThirdParty;
pub use disable_stage_transition::DisableStageTransition;
pub use enable_stage_transition::EnableStageTransition;
pub use get_action_type::GetActionType;
pub use get_job_details::GetJobDetails;
pub use get_pipeline::GetPipeline;
pub use get_pipeline_execution::GetPipelineExecution;
pub use get_pipeline_state::GetPipelineState;
pub use get_third_party_job_details::GetThirdPartyJobDetails;
pub use list_action_executions::ListActionExecutions;
pub use list_action_types::ListActionTypes;
pub use list_deploy_action_execution_targets::ListDeployActionExecutionTargets;
pub use list_pipeline_executions::ListPipelineExecutions;
pub use list_pipelines::ListPipelines;
pub use list_rule_executions::ListRuleExecutions;
pub use list_rule_types::ListRuleTypes;
pub use list_tags_for_resource::ListTagsForResource;
pub use list_webhooks::ListWebhooks;
pub use override_stage_condition::OverrideStageCondition;
pub use poll_for_jobs::PollForJobs;
pub use poll_for_third_party_jobs::PollForThirdPartyJobs;
pub use put_action_revision::PutActionRevision;
pub use put_approval_result::PutApprovalResult;
pub use put_job_failure_result::PutJobFailureResult;
pub use put_job_success_result::PutJobSuccessResult;
pub use put_third_party_job_failure_result::PutThirdPartyJobFailureResult;
pub use put_third_party_job_success_result::PutThirdPartyJobSuccessResult;
pub use put_webhook::PutWebhook;
pub use register_webhook_with_third_party::RegisterWebhookWithThirdParty;
pub use retry_stage_execution::RetryStageExecution;
pub use rollback_stage::RollbackStage;
pub use start_pipeline_execution::StartPipelineExecution;
pub use stop_pipeline_execution::StopPipelineExecution;
pub use tag_resource::TagResource;
pub use untag_resource::UntagResource;
pub use update_action_type::UpdateActionType;
pub use update_pipeline::UpdatePipeline;

use crate::domain::place::Place;
use crate::error::{Error, Invalid, Result};
use crate::shapes::{LatestInPipelineExecutionFilter, StartTimeRange};
use crate::store::CodePipelineStore;
use crate::wire::paging::Question;
use parhelion_core::{Call, DeliveryId};
use parhelion_state::{Operation, World};

/// An operation that looks beyond the caller's tenant: it reads where it must, and writes tenant by tenant.
pub trait Across {
    /// The API's name for it.
    const NAME: &'static str;
    /// What it takes, already decoded and checked against the API's model.
    type Input;
    /// What it gives.
    type Output;
    /// Runs it.
    ///
    /// # Errors
    /// What the operation's page lists.
    fn run(world: &World, place: &Place, call: &Call, input: Self::Input) -> Result<Self::Output>;
}

/// An operation that asks somebody outside, and answers when it knows what they said.
pub trait Asks: Operation {
    /// How a call that it made came out.
    ///
    /// # Errors
    /// What the operation's page lists.
    fn outcome(store: &CodePipelineStore, call: DeliveryId) -> Result<()>;
}

/// The size of a page: what was asked for, at most what the operation allows.
fn page_size(asked: Option<i32>, most: usize) -> usize {
    asked.and_then(|n| usize::try_from(n).ok()).map_or(most, |n| n.clamp(1, most))
}

/// Which runs a list of runs is about: of which execution, and which attempts.
struct Runs {
    /// Of this execution; `None`: of all.
    execution: Option<String>,
    /// All attempts, or the newest of each.
    range: StartTimeRange,
}

impl Runs {
    /// As a filter says it.
    fn of(execution: Option<String>, latest: Option<LatestInPipelineExecutionFilter>) -> Result<Runs> {
        match (execution, latest) {
            // CHOICE: both at once is a mistake.
            (Some(_), Some(_)) => {
                let members = "'filter.pipelineExecutionId' and 'filter.latestInPipelineExecution'";
                Err(Invalid::ExactlyOneOf { members }.into())
            }
            (execution, None) => Ok(Runs { execution, range: StartTimeRange::All }),
            (None, Some(latest)) => {
                Ok(Runs { execution: Some(latest.pipeline_execution_id), range: latest.start_time_range })
            }
        }
    }
}

/// Where a list that goes from the newest to the oldest number continues: below this one.
fn before(question: &Question<'_>, token: Option<&str>) -> Result<u64> {
    let Some(token) = token else { return Ok(u64::MAX) };
    question.position(token)?.parse().map_err(|_| Error::InvalidNextToken)
}
