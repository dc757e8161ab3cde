//! Declarations, and what they are made of.

use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::000000000000:role/pipeline";

/// An object with the members of another too.
pub fn with(mut value: Value, more: Value) -> Value {
    if let (Some(all), Value::Object(more)) = (value.as_object_mut(), more) {
        all.extend(more);
    }
    value
}

pub fn declared(name: &str, more: Value, stages: Vec<Value>) -> Value {
    let store = json!({"type": "S3", "location": "artifacts"});
    with(json!({"name": name, "roleArn": ROLE, "artifactStore": store, "stages": stages}), more)
}

pub fn id(category: &str, owner: &str, provider: &str) -> Value {
    json!({"category": category, "owner": owner, "provider": provider, "version": "1"})
}

pub fn partner_type() -> Value {
    id("Test", "ThirdParty", "BlazeMeter")
}

pub fn worker_type() -> Value {
    id("Build", "Custom", "Worker")
}

pub fn stage(name: &str, actions: Value) -> Value {
    json!({"name": name, "actions": actions})
}

pub fn source() -> Value {
    stage(
        "Source",
        json!([{"name": "Fetch", "actionTypeId": id("Source", "AWS", "S3"),
        "configuration": {"S3Bucket": "sources", "S3ObjectKey": "app.zip", "PollForSourceChanges": "false"},
        "outputArtifacts": [{"name": "Code"}]}]),
    )
}

pub fn pushed() -> Value {
    stage(
        "Source",
        json!([{"name": "Push", "actionTypeId": id("Source", "ThirdParty", "GitHub"),
        "configuration": {"Owner": "octo", "Repo": "site", "Branch": "main", "OAuthToken": "t0ken",
            "PollForSourceChanges": "false"},
        "outputArtifacts": [{"name": "Code"}]}]),
    )
}

pub fn partner(name: &str, order: u32) -> Value {
    json!({"name": name, "actionTypeId": partner_type(), "runOrder": order,
        "configuration": {"Scenario": "home"}, "inputArtifacts": [{"name": "Code"}]})
}

pub fn worker(n: u32) -> Value {
    json!({"name": format!("Build{n}"), "actionTypeId": worker_type(),
        "configuration": {"Target": format!("t{n}")}, "inputArtifacts": [{"name": "Code"}],
        "outputArtifacts": [{"name": format!("Built{n}")}]})
}

pub fn code_deploy(input: &str) -> Value {
    json!({"name": "Go", "actionTypeId": id("Deploy", "AWS", "CodeDeploy"),
        "configuration": {"ApplicationName": "site", "DeploymentGroupName": "all"},
        "inputArtifacts": [{"name": input}]})
}

pub fn check(variable: &str, value: &str) -> Value {
    let rule = json!({"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"});
    json!({"name": "Check", "ruleTypeId": rule,
        "configuration": {"Variable": variable, "Value": value, "Operator": "EQ"}})
}

/// A declaration that uses whatever a pipeline can have.
pub fn wide(name: &str) -> Value {
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
pub fn two_regions(name: &str) -> Value {
    let far = with(code_deploy("Code"), json!({"region": "eu-west-1"}));
    let mut all = declared(name, json!({}), vec![source(), stage("Deploy", json!([far]))]);
    let store = |location: &str| json!({"type": "S3", "location": location});
    if let Some(all) = all.as_object_mut() {
        all.remove("artifactStore");
        all.insert("artifactStores".into(), json!({"us-east-1": store("near"), "eu-west-1": store("far")}));
    }
    all
}

pub fn custom_type(provider: &str) -> Value {
    json!({"category": "Build", "provider": provider, "version": "1",
        "settings": {"entityUrlTemplate": "https://example.com/{Config:Target}",
            "executionUrlTemplate": "https://example.com/{ExternalExecutionId}"},
        "configurationProperties": [{"name": "Target", "required": true, "key": true, "secret": false,
            "queryable": true, "description": "what to build", "type": "String"}],
        "inputArtifactDetails": {"minimumCount": 0, "maximumCount": 5},
        "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 5},
        "tags": [{"key": "team", "value": "web"}]})
}

pub fn integration_type() -> Value {
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

pub fn webhook(name: &str) -> Value {
    json!({"name": name, "targetPipeline": "hooked", "targetAction": "Push",
        "filters": [{"jsonPath": "$.ref", "matchEquals": "refs/heads/{Branch}"}],
        "authentication": "GITHUB_HMAC", "authenticationConfiguration": {"SecretToken": "a secret"}})
}
