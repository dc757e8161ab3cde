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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, declaration, with_approval};
    use crate::ops::{GetJobDetails, PutJobSuccessResult};
    use crate::shapes::{GetJobDetailsInput, PipelineExecutionStatus, PutJobSuccessResultInput};
    use parhelion_core::{DeliveryId, DeliveryStatus, Settled};
    use parhelion_state::Store;

    const URL: &str = "http://127.0.0.1:9/f?key=geheim";

    /// A pipeline whose build is called, and its job.
    fn called(bench: &Bench) -> JobId {
        bench.change(|store, _| store.engine.adapters.codebuild = Some(URL.into()));
        bench.create(declaration("p"));
        bench.look(|store| *store.engine.jobs.keys().next_back().unwrap())
    }
    fn status(bench: &Bench) -> PipelineExecutionStatus {
        bench.look(|store| store.engine.executions.values().next_back().unwrap().status)
    }

    #[test]
    fn a_build_is_called_with_its_job_and_reports_as_a_worker_does() {
        let bench = Bench::new();
        let job = called(&bench);
        assert_eq!(bench.world.delivery_counts().0, 1);
        bench.change(|store, tx| {
            let credentials = crate::domain::sessions::credentials(store, tx);
            let delivery = call(&store.engine, job, URL, credentials).unwrap();
            assert_eq!((delivery.method, delivery.url.as_str()), ("POST", URL));
            assert!(!delivery.shown_url.contains("geheim"));
            let body: Value = serde_json::from_slice(&delivery.body).unwrap();
            let event = &body["CodePipeline.job"];
            assert_eq!(
                (&event["id"], &event["accountId"]),
                (&json!(job.to_string()), &json!("000000000000"))
            );
            let configuration = &event["data"]["actionConfiguration"]["configuration"];
            assert_eq!(configuration["ProjectName"], "hello");
            assert_eq!(event["data"]["inputArtifacts"][0]["name"], "SourceOut");
        });
        let id = job.to_string();
        let details = bench.run::<GetJobDetails>(GetJobDetailsInput { job_id: id.clone() }).unwrap();
        assert_eq!(details.job_details.unwrap().id, Some(id.clone()));
        assert_eq!(status(&bench), PipelineExecutionStatus::InProgress);
        bench
            .run::<PutJobSuccessResult>(PutJobSuccessResultInput { job_id: id, ..Default::default() })
            .unwrap();
        assert_eq!(status(&bench), PipelineExecutionStatus::Succeeded);
    }

    #[test]
    fn a_call_that_fails_for_good_fails_the_action() {
        let settled = |job: JobId, status, response_status| Settled {
            delivery: DeliveryId(1),
            subject: job_subject(job),
            event: String::new(),
            status,
            attempts: 3,
            sent_at: Default::default(),
            at: Default::default(),
            response_status,
            response_reason: None,
            response_body: Bytes::new(),
            error: None,
            request_body: Bytes::new(),
        };
        for (answered, code) in [(Some(500), "JobFailed"), (None, "SystemUnavailable")] {
            let bench = Bench::new();
            let job = called(&bench);
            bench.change(|store, tx| store.on_delivered(&settled(job, DeliveryStatus::Queued, answered), tx));
            assert_eq!(status(&bench), PipelineExecutionStatus::InProgress, "it is tried again");
            bench.change(|store, tx| store.on_delivered(&settled(job, DeliveryStatus::Failed, answered), tx));
            assert_eq!(status(&bench), PipelineExecutionStatus::Failed);
            bench.look(|store| {
                let failed = store.engine.runs.values().find_map(|run| run.error.clone()).unwrap();
                assert_eq!(failed.code, code);
            });
        }
    }

    #[test]
    fn an_approval_that_is_wanted_is_told() {
        let bench = Bench::new();
        bench.change(|store, _| store.engine.adapters.approvals = Some(URL.into()));
        let mut pipeline = with_approval("p");
        let configuration = pipeline.stages[1].actions[0].configuration.get_or_insert_default();
        configuration.insert("CustomData".into(), "Look at #{codepipeline.PipelineExecutionId}".into());
        configuration.insert("ExternalEntityLink".into(), "http://example.com".into());
        configuration.insert("NotificationArn".into(), "arn:aws:sns:us-east-1:000000000000:t\r\nX: y".into());
        bench.create(pipeline);
        assert_eq!(bench.world.delivery_counts().0, 1);
        bench.look(|store| {
            let (token, key) =
                store.engine.approvals.iter().map(|(token, key)| (*token, **key)).next().unwrap();
            let delivery = notification(&store.engine, key, "m".into()).unwrap();
            let body: Value = serde_json::from_slice(&delivery.body).unwrap();
            assert_eq!(body["region"], "us-east-1");
            let approval = &body["approval"];
            assert_eq!(approval["token"], token.to_string());
            assert_eq!((&approval["pipelineName"], &approval["actionName"]), (&json!("p"), &json!("Ask")));
            let expires = store.engine.runs[&key].due.unwrap();
            assert_eq!(approval["expires"], expires.format("%Y-%m-%dT%H:%MZ").to_string());
            assert_eq!(approval["externalEntityLink"], "http://example.com");
            let execution = store.engine.executions.values().next_back().unwrap().id;
            assert_eq!(approval["customData"], format!("Look at {execution}"));
            assert!(delivery.headers.iter().all(|(_, value)| !value.contains('\n')));
        });
    }
}
