//! For each operation an input, or several, that must be answered with 200.

use super::declared::{
    custom_type, integration_type, partner_type, two_regions, webhook, wide, with, worker_type,
};
use super::{Living, TOKEN};
use serde_json::{Value, json};

impl Living {
    /// Inputs that must be answered with 200, by operation.
    pub fn inputs(&self) -> Vec<(&'static str, Value)> {
        let hooks = webhook("second");
        let arn = "arn:aws:codepipeline:us-east-1:000000000000:broad";
        let tags = json!([{"key": "team", "value": "web"}]);
        let current = json!({"revision": "r1", "changeIdentifier": "c1", "created": 1767322800.5,
            "revisionSummary": "Greet"});
        let details = json!({"summary": "green", "externalExecutionId": "run-1", "percentComplete": 50});
        let failure = json!({"type": "JobFailed", "message": "red", "externalExecutionId": "run-1"});
        let at = |pipeline: &str, stage: &str| json!({"pipelineName": pipeline, "stageName": stage});
        vec![
            ("AcknowledgeJob", json!({"jobId": self.id("job"), "nonce": self.id("job nonce")})),
            (
                "AcknowledgeThirdPartyJob",
                json!({"jobId": self.id("partner"), "nonce": self.id("partner nonce"), "clientToken": TOKEN}),
            ),
            ("CreateCustomActionType", custom_type("Painter")),
            ("CreatePipeline", json!({"pipeline": wide("wide"), "tags": tags})),
            ("CreatePipeline", json!({"pipeline": two_regions("far")})),
            ("DeleteCustomActionType", json!({"category": "Build", "provider": "Worker", "version": "1"})),
            ("DeletePipeline", json!({"name": "twice"})),
            ("DeleteWebhook", json!({"name": "hook"})),
            ("DeregisterWebhookWithThirdParty", json!({"webhookName": "hook"})),
            (
                "DisableStageTransition",
                with(at("twice", "Deploy"), json!({"transitionType": "Inbound", "reason": "holiday"})),
            ),
            ("EnableStageTransition", with(at("twice", "Deploy"), json!({"transitionType": "Inbound"}))),
            (
                "GetActionType",
                json!({"category": "Test", "owner": "ThirdParty", "provider": "Prober", "version": "1"}),
            ),
            ("GetJobDetails", json!({"jobId": self.id("job")})),
            ("GetPipeline", json!({"name": "broad", "version": 1})),
            ("GetPipeline", json!({"name": "far-away"})),
            (
                "GetPipelineExecution",
                json!({"pipelineName": "guarded", "pipelineExecutionId": self.id("guarded")}),
            ),
            (
                "GetPipelineExecution",
                json!({"pipelineName": "twice", "pipelineExecutionId": self.id("first")}),
            ),
            ("GetPipelineState", json!({"name": "approve"})),
            ("GetPipelineState", json!({"name": "guarded"})),
            ("GetPipelineState", json!({"name": "failed"})),
            ("GetThirdPartyJobDetails", json!({"jobId": self.id("partner"), "clientToken": TOKEN})),
            ("ListActionExecutions", json!({"pipelineName": "failed"})),
            (
                "ListActionExecutions",
                json!({"pipelineName": "twice", "maxResults": 1, "nextToken": self.id("actions page")}),
            ),
            (
                "ListActionExecutions",
                json!({"pipelineName": "approve", "filter": {"latestInPipelineExecution":
                    {"pipelineExecutionId": self.id("approve"), "startTimeRange": "Latest"}}}),
            ),
            ("ListActionTypes", json!({"actionOwnerFilter": "Custom", "regionFilter": "us-east-1"})),
            ("ListActionTypes", json!({})),
            (
                "ListDeployActionExecutionTargets",
                json!({"pipelineName": "targets", "actionExecutionId": self.id("deployed"), "maxResults": 5,
                    "filters": [{"name": "TARGET_STATUS", "values": ["Succeeded"]}]}),
            ),
            (
                "ListDeployActionExecutionTargets",
                json!({"pipelineName": "targets", "actionExecutionId": self.id("deployed")}),
            ),
            (
                "ListPipelineExecutions",
                json!({"pipelineName": "twice", "maxResults": 1, "nextToken": self.id("executions page")}),
            ),
            (
                "ListPipelineExecutions",
                json!({"pipelineName": "twice", "filter": {"succeededInStage": {"stageName": "Deploy"}}}),
            ),
            ("ListPipelines", json!({"maxResults": 1, "nextToken": self.id("pipelines page")})),
            ("ListRuleExecutions", json!({"pipelineName": "guarded", "maxResults": 10})),
            (
                "ListRuleExecutions",
                json!({"pipelineName": "guarded", "filter": {"latestInPipelineExecution":
                    {"pipelineExecutionId": self.id("guarded"), "startTimeRange": "All"}}}),
            ),
            ("ListRuleTypes", json!({"ruleOwnerFilter": "AWS", "regionFilter": "us-east-1"})),
            ("ListTagsForResource", json!({"resourceArn": arn, "maxResults": 10})),
            ("ListWebhooks", json!({"MaxResults": 10})),
            (
                "OverrideStageCondition",
                with(
                    at("guarded", "Deploy"),
                    json!({"pipelineExecutionId": self.id("guarded"), "conditionType": "BEFORE_ENTRY"}),
                ),
            ),
            (
                "PollForJobs",
                json!({"actionTypeId": worker_type(), "maxBatchSize": 2, "queryParam": {"Target": "t4"}}),
            ),
            ("PollForThirdPartyJobs", json!({"actionTypeId": partner_type(), "maxBatchSize": 2})),
            (
                "PutActionRevision",
                with(
                    at("twice", "Source"),
                    json!({"actionName": "Fetch", "actionRevision":
                        {"revisionId": "v7", "revisionChangeId": "change-7", "created": 1767322800.5}}),
                ),
            ),
            (
                "PutApprovalResult",
                with(
                    at("approve", "Approve"),
                    json!({"actionName": "Ask", "token": self.id("approval"),
                        "result": {"summary": "fine", "status": "Approved"}}),
                ),
            ),
            ("PutJobFailureResult", json!({"jobId": self.id("job failed"), "failureDetails": failure})),
            (
                "PutJobSuccessResult",
                json!({"jobId": self.id("job done"), "currentRevision": current, "executionDetails": details,
                    "outputVariables": {"VERSION": "7"}}),
            ),
            (
                "PutJobSuccessResult",
                json!({"jobId": self.id("job done"), "continuationToken": "go on", "executionDetails": details}),
            ),
            (
                "PutThirdPartyJobFailureResult",
                json!({"jobId": self.id("partner failed"), "clientToken": TOKEN, "failureDetails": failure}),
            ),
            (
                "PutThirdPartyJobSuccessResult",
                json!({"jobId": self.id("partner done"), "clientToken": TOKEN, "currentRevision": current,
                    "continuationToken": "go on", "executionDetails": details}),
            ),
            ("PutWebhook", json!({"webhook": hooks, "tags": tags})),
            ("RegisterWebhookWithThirdParty", json!({"webhookName": "hook"})),
            (
                "RetryStageExecution",
                with(
                    at("failed", "Test"),
                    json!({"pipelineExecutionId": self.id("failed"), "retryMode": "FAILED_ACTIONS"}),
                ),
            ),
            (
                "RollbackStage",
                with(at("twice", "Deploy"), json!({"targetPipelineExecutionId": self.id("first")})),
            ),
            (
                "StartPipelineExecution",
                json!({"name": "guarded", "clientRequestToken": "once", "variables": [{"name": "Env", "value": "prod"}],
                    "sourceRevisions": [{"actionName": "Fetch", "revisionType": "S3_OBJECT_VERSION_ID",
                        "revisionValue": "v8"}]}),
            ),
            (
                "StopPipelineExecution",
                json!({"pipelineName": "approve", "pipelineExecutionId": self.id("approve"), "abandon": true,
                    "reason": "enough"}),
            ),
            ("TagResource", json!({"resourceArn": arn, "tags": tags})),
            ("UntagResource", json!({"resourceArn": arn, "tagKeys": ["team"]})),
            ("UpdateActionType", json!({"actionType": integration_type()})),
            ("UpdatePipeline", json!({"pipeline": wide("broad")})),
        ]
    }
}
