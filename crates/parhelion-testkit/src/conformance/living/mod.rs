//! A world in which every operation has something to do, and for each an input that must be answered with 200.

mod declared;
mod inputs;

use super::Protocol;
use super::wire::{call, send};
use crate::Api;
use declared::{
    check, code_deploy, custom_type, declared, id, integration_type, partner, partner_type, pushed, source,
    stage, two_regions, webhook, wide, with, worker, worker_type,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What of the world is needed to speak of it: ids, nonces, tokens.
#[derive(Clone, Debug, Default)]
pub struct Living {
    found: BTreeMap<&'static str, String>,
    /// What could not be set up, in sentences.
    pub failed: Vec<String>,
}

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
