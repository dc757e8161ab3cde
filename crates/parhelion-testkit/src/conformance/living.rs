//! A world in which every operation has something to do, and for each an input that must be answered with 200.

use super::Protocol;
use super::wire::{call, send};
use crate::Api;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What of the world is needed to speak of it: ids, nonces, tokens.
#[derive(Clone, Debug, Default)]
pub struct Living {
    found: BTreeMap<&'static str, String>,
    /// What could not be set up, in sentences.
    pub failed: Vec<String>,
}

const ROLE: &str = "arn:aws:iam::000000000000:role/pipeline";
const TOKEN: &str = "DEFAULT_CLIENT_TOKEN";
const NOBODY: &str = "11111111-1111-4111-8111-111111111111";

impl Living {
    /// Sets a world up. What does not work is told in [`Living::failed`]; the rest is done all the same.
    pub async fn set_up(api: &Api) -> Living {
        let mut living = Living::default();
        let clock = api.put("/_parhelion/clock", &json!({"mode": "manual"})).await;
        living.note("the clock", if clock.status < 300 { Ok(()) } else { Err(clock.text()) });
        for (operation, input) in makes() {
            let made = call(api, operation, &input).await;
            living.note(operation, made.map(drop));
            living.idle(api).await;
        }
        let declared = json!({"actionType": integration_type()});
        let put = api.put("/_parhelion/surfaces/codepipeline/action-types", &declared).await;
        living.note("the integration type", if put.status < 300 { Ok(()) } else { Err(put.text()) });
        for (what, done) in [
            ("the failed execution", living.fail(api).await),
            ("partners' jobs", living.partners(api).await),
            ("custom jobs", living.jobs(api).await),
            ("executions", living.executions(api).await),
            ("the approval", living.approval(api).await),
            ("a page", living.pages(api).await),
        ] {
            living.note(what, done);
        }
        let taken = api.post("/_parhelion/snapshots", &json!({"name": "conformance"})).await;
        living.note("the snapshot", if taken.status == 201 { Ok(()) } else { Err(taken.text()) });
        living
    }

    fn note(&mut self, what: &str, done: Result<(), String>) {
        if let Err(why) = done {
            self.failed.push(format!("{what}: {why}"));
        }
    }
    async fn idle(&mut self, api: &Api) {
        let idle = api.post("/_parhelion/idle", &json!({"timeout": "20s"})).await;
        self.note("idle", if idle.status == 200 { Ok(()) } else { Err(idle.text()) });
    }
    fn keep(&mut self, name: &'static str, value: &Value) -> Result<(), String> {
        let text = value.as_str().ok_or_else(|| format!("no {name}: {value}"))?;
        self.found.insert(name, text.to_owned());
        Ok(())
    }
    /// What was found under a name; a well-formed id of nobody's when it was not.
    fn id(&self, name: &str) -> &str {
        self.found.get(name).map_or(NOBODY, String::as_str)
    }

    /// The only partner's job so far, failed: a stage to retry.
    async fn fail(&mut self, api: &Api) -> Result<(), String> {
        create(api, "failed", json!({}), vec![source(), stage("Test", json!([partner("Load", 1)]))]).await?;
        self.idle(api).await;
        let polled = call(api, "PollForThirdPartyJobs", &json!({"actionTypeId": partner_type()})).await?;
        let job = polled["jobs"][0]["jobId"].clone();
        self.take_partner(api, &job).await?;
        let failed = json!({"jobId": job, "clientToken": TOKEN,
            "failureDetails": {"type": "JobFailed", "message": "too slow", "externalExecutionId": "run-1"}});
        call(api, "PutThirdPartyJobFailureResult", &failed).await?;
        self.idle(api).await;
        Ok(())
    }
    async fn take_partner(&self, api: &Api, job: &Value) -> Result<Value, String> {
        let who = json!({"jobId": job, "clientToken": TOKEN});
        let details = call(api, "GetThirdPartyJobDetails", &who).await?;
        let nonce = details["jobDetails"]["nonce"].clone();
        let taken = json!({"jobId": job, "clientToken": TOKEN, "nonce": nonce});
        call(api, "AcknowledgeThirdPartyJob", &taken).await?;
        Ok(nonce)
    }
    async fn partners(&mut self, api: &Api) -> Result<(), String> {
        let actions = json!([partner("L1", 1), partner("L2", 1), partner("L3", 1), partner("L4", 1)]);
        create(api, "partners", json!({}), vec![source(), stage("Test", actions)]).await?;
        self.idle(api).await;
        let poll = json!({"actionTypeId": partner_type(), "maxBatchSize": 3});
        let polled = call(api, "PollForThirdPartyJobs", &poll).await?;
        for (i, name) in ["partner", "partner done", "partner failed"].into_iter().enumerate() {
            self.keep(name, &polled["jobs"][i]["jobId"])?;
        }
        let who = json!({"jobId": self.id("partner"), "clientToken": TOKEN});
        let details = call(api, "GetThirdPartyJobDetails", &who).await?;
        self.keep("partner nonce", &details["jobDetails"]["nonce"])?;
        for name in ["partner done", "partner failed"] {
            self.take_partner(api, &json!(self.id(name))).await?;
        }
        Ok(())
    }
    async fn jobs(&mut self, api: &Api) -> Result<(), String> {
        let actions: Vec<Value> = (1..=4).map(worker).collect();
        create(api, "jobs", json!({}), vec![source(), stage("Build", json!(actions))]).await?;
        self.idle(api).await;
        for (i, [job, nonce]) in
            [["job", "job nonce"], ["job done", "done nonce"], ["job failed", "failed nonce"]]
                .into_iter()
                .enumerate()
        {
            let poll =
                json!({"actionTypeId": worker_type(), "queryParam": {"Target": format!("t{}", i + 1)}});
            let polled = call(api, "PollForJobs", &poll).await?;
            self.keep(job, &polled["jobs"][0]["id"])?;
            self.keep(nonce, &polled["jobs"][0]["nonce"])?;
        }
        for [job, nonce] in [["job done", "done nonce"], ["job failed", "failed nonce"]] {
            let taken = json!({"jobId": self.id(job), "nonce": self.id(nonce)});
            call(api, "AcknowledgeJob", &taken).await?;
        }
        Ok(())
    }
    async fn executions(&mut self, api: &Api) -> Result<(), String> {
        for (name, kept) in
            [("twice", "first"), ("failed", "failed"), ("guarded", "guarded"), ("approve", "approve")]
        {
            let listed = call(api, "ListPipelineExecutions", &json!({"pipelineName": name})).await?;
            self.keep(kept, &listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"])?;
        }
        call(api, "StartPipelineExecution", &json!({"name": "twice"})).await?;
        self.idle(api).await;
        let listed = call(api, "ListActionExecutions", &json!({"pipelineName": "targets"})).await?;
        let all = listed["actionExecutionDetails"].as_array().cloned().unwrap_or_default();
        let deployed = all.iter().find(|a| a["actionName"] == "Roll").ok_or("nothing was deployed")?;
        self.keep("deployed", &deployed["actionExecutionId"])
    }
    async fn approval(&mut self, api: &Api) -> Result<(), String> {
        let state = call(api, "GetPipelineState", &json!({"name": "approve"})).await?;
        let latest = &state["stageStates"][1]["actionStates"][0]["latestExecution"];
        self.keep("approval", &latest["token"])
    }
    async fn pages(&mut self, api: &Api) -> Result<(), String> {
        let one = json!({"pipelineName": "twice", "maxResults": 1});
        self.keep("executions page", &call(api, "ListPipelineExecutions", &one).await?["nextToken"])?;
        self.keep("actions page", &call(api, "ListActionExecutions", &one).await?["nextToken"])?;
        let pipelines = call(api, "ListPipelines", &json!({"maxResults": 1})).await?;
        self.keep("pipelines page", &pipelines["nextToken"])
    }

    /// Back to how it was set up.
    pub async fn restore(&self, api: &Api) {
        api.post("/_parhelion/snapshots/conformance/restore", &json!({})).await.want(204);
    }

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

/// Whether a success may have changed the world.
pub fn changes(operation: &str) -> bool {
    !(operation.starts_with("List") || operation.starts_with("Get") && operation != "GetThirdPartyJobDetails")
}

/// Whether the server has an operation at all: what is not there answers as an operation that does not exist.
pub async fn is_there(api: &Api, operation: &str) -> bool {
    let answer = send(api, operation, Protocol::Json, b"[".to_vec()).await;
    !answer.text().contains("UnknownOperationException")
}

/// What is made by plain calls before anything else, in order.
fn makes() -> Vec<(&'static str, Value)> {
    let role = |name: &str, more: Value, stages: Value| {
        (
            "CreatePipeline",
            json!({"pipeline": declared(name, more, stages.as_array().cloned().unwrap_or_default())}),
        )
    };
    let deploy = json!({"name": "Roll", "actionTypeId": id("Deploy", "AWS", "EC2"),
        "configuration": {"InstanceTagKey": "app", "InstanceTagValue": "web", "InstanceType": "EC2",
            "TargetDirectory": "/srv"},
        "inputArtifacts": [{"name": "Code"}]});
    let ask = json!({"name": "Ask", "actionTypeId": id("Approval", "AWS", "Manual"),
        "configuration": {"CustomData": "look", "ExternalEntityLink": "https://example.com/review"}});
    let guard = json!({"conditions": [{"result": "FAIL", "rules": [check("#{variables.Env}", "never")]}]});
    let env = json!({"pipelineType": "V2", "variables": [{"name": "Env", "defaultValue": "test"}]});
    let guarded = with(stage("Deploy", json!([code_deploy("Code")])), json!({"beforeEntry": guard}));
    vec![
        ("CreateCustomActionType", custom_type("Worker")),
        role("twice", json!({}), json!([source(), stage("Deploy", json!([code_deploy("Code")]))])),
        role("approve", json!({}), json!([source(), stage("Approve", json!([ask]))])),
        role("guarded", env, json!([source(), guarded])),
        role("targets", json!({"pipelineType": "V2"}), json!([source(), stage("Deploy", json!([deploy]))])),
        role("hooked", json!({}), json!([pushed(), stage("Deploy", json!([code_deploy("Code")]))])),
        ("CreatePipeline", json!({"pipeline": wide("broad"), "tags": [{"key": "team", "value": "web"}]})),
        ("CreatePipeline", json!({"pipeline": two_regions("far-away")})),
        ("PutWebhook", json!({"webhook": webhook("hook"), "tags": [{"key": "team", "value": "web"}]})),
    ]
}

async fn create(api: &Api, name: &str, more: Value, stages: Vec<Value>) -> Result<(), String> {
    call(api, "CreatePipeline", &json!({"pipeline": declared(name, more, stages)})).await.map(drop)
}

/// An object with the members of another too.
fn with(mut value: Value, more: Value) -> Value {
    if let (Some(all), Value::Object(more)) = (value.as_object_mut(), more) {
        all.extend(more);
    }
    value
}

fn declared(name: &str, more: Value, stages: Vec<Value>) -> Value {
    let store = json!({"type": "S3", "location": "artifacts"});
    with(json!({"name": name, "roleArn": ROLE, "artifactStore": store, "stages": stages}), more)
}

fn id(category: &str, owner: &str, provider: &str) -> Value {
    json!({"category": category, "owner": owner, "provider": provider, "version": "1"})
}

fn partner_type() -> Value {
    id("Test", "ThirdParty", "BlazeMeter")
}

fn worker_type() -> Value {
    id("Build", "Custom", "Worker")
}

fn stage(name: &str, actions: Value) -> Value {
    json!({"name": name, "actions": actions})
}

fn source() -> Value {
    stage(
        "Source",
        json!([{"name": "Fetch", "actionTypeId": id("Source", "AWS", "S3"),
        "configuration": {"S3Bucket": "sources", "S3ObjectKey": "app.zip", "PollForSourceChanges": "false"},
        "outputArtifacts": [{"name": "Code"}]}]),
    )
}

fn pushed() -> Value {
    stage(
        "Source",
        json!([{"name": "Push", "actionTypeId": id("Source", "ThirdParty", "GitHub"),
        "configuration": {"Owner": "octo", "Repo": "site", "Branch": "main", "OAuthToken": "t0ken",
            "PollForSourceChanges": "false"},
        "outputArtifacts": [{"name": "Code"}]}]),
    )
}

fn partner(name: &str, order: u32) -> Value {
    json!({"name": name, "actionTypeId": partner_type(), "runOrder": order,
        "configuration": {"Scenario": "home"}, "inputArtifacts": [{"name": "Code"}]})
}

fn worker(n: u32) -> Value {
    json!({"name": format!("Build{n}"), "actionTypeId": worker_type(),
        "configuration": {"Target": format!("t{n}")}, "inputArtifacts": [{"name": "Code"}],
        "outputArtifacts": [{"name": format!("Built{n}")}]})
}

fn code_deploy(input: &str) -> Value {
    json!({"name": "Go", "actionTypeId": id("Deploy", "AWS", "CodeDeploy"),
        "configuration": {"ApplicationName": "site", "DeploymentGroupName": "all"},
        "inputArtifacts": [{"name": input}]})
}

fn check(variable: &str, value: &str) -> Value {
    let rule = json!({"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"});
    json!({"name": "Check", "ruleTypeId": rule,
        "configuration": {"Variable": variable, "Value": value, "Operator": "EQ"}})
}

/// A declaration that uses whatever a pipeline can have.
fn wide(name: &str) -> Value {
    let globs = |include: &str, exclude: &str| json!({"includes": [include], "excludes": [exclude]});
    let trigger = json!({"providerType": "CodeStarSourceConnection", "gitConfiguration": {
        "sourceActionName": "Clone",
        "push": [
            {"branches": globs("main", "wip/**"), "filePaths": globs("src/**", "docs/**")},
            {"tags": globs("v*", "v0*")},
        ],
        "pullRequest": [{"events": ["OPEN"], "branches": globs("main", "wip/**"),
            "filePaths": globs("src/**", "docs/**")}],
    }});
    let clone = json!({"name": "Clone", "actionTypeId": id("Source", "AWS", "CodeStarSourceConnection"),
        "namespace": "from", "runOrder": 1,
        "configuration": {"ConnectionArn": "arn:aws:codeconnections:us-east-1:000000000000:connection/c",
            "FullRepositoryId": "octo/site", "BranchName": "main"},
        "outputArtifacts": [{"name": "Code"}]});
    let make = json!({"name": "Make", "actionTypeId": id("Build", "AWS", "Commands"), "namespace": "built",
        "commands": ["make"], "inputArtifacts": [{"name": "Code"}], "outputVariables": ["VERSION"],
        "outputArtifacts": [{"name": "Built", "files": ["out/**"]}], "roleArn": ROLE, "region": "us-east-1",
        "environmentVariables": [{"name": "ENV", "value": "#{variables.Env}", "type": "PLAINTEXT"}]});
    let ask = json!({"name": "Ask", "actionTypeId": id("Approval", "AWS", "Manual"), "timeoutInMinutes": 60,
        "configuration": {"CustomData": "#{from.CommitId}"}});
    let named = |name: &str| {
        let more = json!({"name": name, "timeoutInMinutes": 10, "region": "us-east-1", "roleArn": ROLE});
        json!({"conditions": [{"result": "FAIL", "rules": [with(check("#{variables.Env}", "prod"), more)]}]})
    };
    let conditions = named("Check");
    let build = with(
        stage("Build", json!([make])),
        json!({"beforeEntry": conditions, "onSuccess": named("After"),
            "onFailure": {"result": "RETRY", "retryConfiguration": {"retryMode": "FAILED_ACTIONS"}}}),
    );
    let deploy = with(stage("Deploy", json!([code_deploy("Built")])), json!({"onFailure": conditions}));
    let stages = vec![stage("Source", json!([clone])), build, stage("Approve", json!([ask])), deploy];
    let key = json!({"id": "arn:aws:kms:us-east-1:000000000000:key/k", "type": "KMS"});
    with(
        declared(
            name,
            json!({"pipelineType": "V2", "executionMode": "QUEUED", "triggers": [trigger],
            "variables": [{"name": "Env", "defaultValue": "prod", "description": "where to"}]}),
            stages,
        ),
        json!({"artifactStore": {"type": "S3", "location": "artifacts", "encryptionKey": key}}),
    )
}

/// A declaration with a store for each region.
fn two_regions(name: &str) -> Value {
    let far = with(code_deploy("Code"), json!({"region": "eu-west-1"}));
    let mut all = declared(name, json!({}), vec![source(), stage("Deploy", json!([far]))]);
    let store = |location: &str| json!({"type": "S3", "location": location});
    if let Some(all) = all.as_object_mut() {
        all.remove("artifactStore");
        all.insert("artifactStores".into(), json!({"us-east-1": store("near"), "eu-west-1": store("far")}));
    }
    all
}

fn custom_type(provider: &str) -> Value {
    json!({"category": "Build", "provider": provider, "version": "1",
        "settings": {"entityUrlTemplate": "https://example.com/{Config:Target}",
            "executionUrlTemplate": "https://example.com/{ExternalExecutionId}"},
        "configurationProperties": [{"name": "Target", "required": true, "key": true, "secret": false,
            "queryable": true, "description": "what to build", "type": "String"}],
        "inputArtifactDetails": {"minimumCount": 0, "maximumCount": 5},
        "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 5},
        "tags": [{"key": "team", "value": "web"}]})
}

fn integration_type() -> Value {
    json!({"description": "probes", "id": id("Test", "ThirdParty", "Prober"),
        "executor": {"type": "JobWorker", "jobTimeout": 60, "configuration":
            {"jobWorkerExecutorConfiguration": {"pollingAccounts": ["000000000000"]}}},
        "inputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
        "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
        "permissions": {"allowedAccounts": ["*"]},
        "properties": [{"name": "Scenario", "optional": true, "key": true, "noEcho": false, "queryable": false,
            "description": "which one"}],
        "urls": {"configurationUrl": "https://example.com/setup", "entityUrlTemplate": "https://example.com/entity",
            "executionUrlTemplate": "https://example.com/run", "revisionUrlTemplate": "https://example.com/rev"}})
}

fn webhook(name: &str) -> Value {
    json!({"name": name, "targetPipeline": "hooked", "targetAction": "Push",
        "filters": [{"jsonPath": "$.ref", "matchEquals": "refs/heads/{Branch}"}],
        "authentication": "GITHUB_HMAC", "authenticationConfiguration": {"SecretToken": "a secret"}})
}
