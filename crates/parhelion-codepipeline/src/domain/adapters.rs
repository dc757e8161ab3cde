//! Addresses that take part in what is simulated, or silent, without them: functions and builds that are called,
//! and who is told that an approval is wanted.

use super::engine::{
    Engine,
    records::{JobId, Key},
};
use super::jobs::data;
use super::outbound::shown_url;
use crate::shapes::{AWSSessionCredentials, ActionCategory, ActionOwner, ActionTypeId};
use bytes::Bytes;
use parhelion_core::{Delivery, Policy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Real time for one attempt, seconds.
// CHOICE: a function that does its work before it answers has as long as a test would wait.
const TIMEOUT_SECS: u64 = 60;
// CHOICE: asynchronous calls are tried twice more by AWS, a minute and two later; a test wants to see the end.
const RETRIES_SECS: [u64; 2] = [1, 5];

/// The addresses of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adapters {
    /// Who is told of approvals that are wanted.
    pub approvals: Option<String>,
    /// What is called for actions of Lambda.
    pub lambda: Option<String>,
    /// What is called for actions of CodeBuild.
    pub codebuild: Option<String>,
}

impl Adapters {
    /// What is called for an action of a type.
    pub fn of(&self, id: &ActionTypeId) -> Option<&str> {
        match (id.owner, id.category, id.provider.as_str()) {
            (ActionOwner::Aws, ActionCategory::Invoke, "Lambda") => self.lambda.as_deref(),
            (ActionOwner::Aws, ActionCategory::Build | ActionCategory::Test, "CodeBuild") => {
                self.codebuild.as_deref()
            }
            _ => None,
        }
    }
}

fn post(url: &str, subject: String, event: &str, headers: &[(&str, String)], body: &Value) -> Delivery {
    Delivery {
        order: None,
        subject,
        event: event.to_owned(),
        method: "POST",
        url: url.to_owned(),
        shown_url: shown_url(url),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        body: Bytes::from(body.to_string()),
        policy: Policy {
            schedule_secs: RETRIES_SECS.to_vec(),
            timeout_secs: TIMEOUT_SECS,
            ..Policy::default()
        },
    }
}

/// The subject of a called job's journal entries and of its delivery.
pub fn job_subject(job: JobId) -> String {
    format!("job:{job}")
}

/// The call of a function or a build: the event that CodePipeline gives a Lambda function. Docs: "Example JSON event".
pub fn call(engine: &Engine, id: JobId, url: &str, credentials: AWSSessionCredentials) -> Option<Delivery> {
    let job = engine.jobs.get(&id)?;
    let data = serde_json::to_value(data::own(engine, job, credentials)?).ok()?;
    let body = json!({"CodePipeline.job": {"id": id.to_string(), "accountId": engine.place.account(), "data": data}});
    let headers =
        [("Content-Type", "application/json".to_owned()), ("User-Agent", "AWS CodePipeline".to_owned())];
    Some(post(url, job_subject(id), "CodePipeline.job", &headers, &body))
}

/// What is told of an approval that is wanted. Docs: "JSON data format for manual approval notifications".
// CHOICE: as SNS sends it with raw delivery; also where the action names no topic: somebody asked for it.
pub fn notification(engine: &Engine, key: Key, message_id: String) -> Option<Delivery> {
    let url = engine.adapters.approvals.as_deref()?;
    let of = data::of(engine, key)?;
    let token = of.run.token?;
    let pipeline = &engine.lines.get(&key.0)?.name;
    let stage = &of.plan.stage(of.run.stage)?.name;
    let configured = |name: &str| of.run.configuration(of.action).and_then(|all| all.get(name));
    let region = engine.place.region();
    // CHOICE: addresses after the form of the console's own.
    let console =
        format!("https://console.aws.amazon.com/codepipeline/home?region={region}#/view/{pipeline}");
    let mut approval = json!({
        "pipelineName": pipeline,
        "stageName": stage,
        "actionName": of.action.name,
        "token": token.to_string(),
        "expires": of.run.due.map(|at| at.format("%Y-%m-%dT%H:%MZ").to_string()),
        "approvalReviewLink": format!("{console}/{stage}/{}/approve/{token}", of.action.name),
    });
    for (member, name) in [("externalEntityLink", "ExternalEntityLink"), ("customData", "CustomData")] {
        if let Some(value) = configured(name) {
            approval[member] = value.as_str().into();
        }
    }
    let body = json!({"region": region, "consoleLink": console, "approval": approval});
    let mut headers = vec![
        ("x-amz-sns-message-type", "Notification".to_owned()),
        ("x-amz-sns-message-id", message_id),
        ("x-amz-sns-rawdelivery", "true".to_owned()),
        ("Content-Type", "text/plain; charset=UTF-8".to_owned()),
        ("User-Agent", "Amazon Simple Notification Service Agent".to_owned()),
    ];
    if let Some(topic) = configured("NotificationArn") {
        // A header takes no line breaks, and the configuration may hold any.
        let topic: String = topic.chars().filter(|c| c.is_ascii_graphic()).collect();
        headers.insert(2, ("x-amz-sns-topic-arn", topic));
    }
    Some(post(url, format!("action:{}", of.run.id), "ApprovalNeeded", &headers, &body))
}
