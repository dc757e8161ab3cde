//! Events that never happened, for tests of a receiver.
// CHOICE: the service's samples are of the documentation's Fabrikam; ours have the same members and our own values.

use super::{
    catalog::{self, EventType},
    envelope::{Message, said},
    publish::Told,
};
use crate::show::{Links, time, with};
use parhelion_core::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// A sample of an event.
pub fn sample(event: &EventType, version: &str, id: Uuid, links: &Links, now: Timestamp) -> Told {
    let at = time(now);
    let number = "20260101.1";
    let web = links.to("sample/_build/results?buildId=1");
    let by = json!({ "id": Uuid::nil(), "displayName": "Sample User", "uniqueName": "sample@example.com" });
    let build_url = links.to("sample/_apis/build/Builds/1");
    let pipeline = json!({
        "url": links.to("sample/_apis/pipelines/1?revision=1"), "id": 1, "revision": 1, "name": "Sample",
        "folder": "\\",
    });
    let run = json!({
        "_links": { "self": { "href": links.to("sample/_apis/pipelines/1/runs/1") }, "web": { "href": web } },
        "pipeline": pipeline, "state": "completed", "result": "succeeded", "createdDate": at, "finishedDate": at,
        "url": links.to("sample/_apis/pipelines/1/runs/1"), "id": 1, "name": number,
    });
    let part = |name: &str| {
        json!({
            "_links": { "web": { "href": web } }, "id": name, "name": name, "displayName": name, "attempt": 1,
            "state": "completed", "result": "succeeded", "startTime": at, "finishTime": at,
        })
    };
    let around = |of: Value| {
        with(of, [("run", run.clone()), ("pipeline", pipeline.clone()), ("projectId", json!(Uuid::nil()))])
    };
    let repositories = json!([{ "type": "Git", "alias": "self", "id": Uuid::nil() }]);
    let end = " succeeded.";
    let (resource, short, long): (Value, Message, Option<Message>) = match event.id {
        catalog::GIT_PUSH => {
            let commit = "0123456789abcdef0123456789abcdef01234567";
            let remote = links.to("sample/_git/sample");
            let resource = json!({
                "commits": [{
                    "commitId": commit,
                    "author": { "name": "Sample User", "email": "sample@example.com", "date": at },
                    "committer": { "name": "Sample User", "email": "sample@example.com", "date": at },
                    "comment": "A sample",
                    "url": links.to(format_args!("_apis/git/repositories/sample/commits/{commit}")),
                }],
                "refUpdates": [{
                    "name": "refs/heads/main", "oldObjectId": "0".repeat(40), "newObjectId": commit,
                }],
                "repository": {
                    "id": Uuid::nil(), "name": "sample", "url": links.to("_apis/git/repositories/sample"),
                    "defaultBranch": "refs/heads/main", "remoteUrl": remote,
                },
                "pushedBy": by, "pushId": 1, "date": at,
                "url": links.to("_apis/git/repositories/sample/pushes/1"),
            });
            let short =
                said("Sample User pushed updates to branch main of repository ", ("sample", &remote), ".");
            let long = said(
                "Sample User pushed 1 commit to branch main of repository ",
                ("sample", &remote),
                ".\n - A sample 01234567",
            );
            (resource, short, Some(long))
        }
        catalog::RUN_STATE => (around(json!({})), said("", (&format!("Run {number}"), &web), end), None),
        catalog::STAGE_STATE => {
            let resource = around(json!({ "stage": part("__default"), "repositories": repositories }));
            (resource, said(&format!("Run {number} stage "), ("__default", &web), end), None)
        }
        catalog::APPROVAL_PENDING | catalog::APPROVAL_COMPLETED => {
            let over = event.id == catalog::APPROVAL_COMPLETED;
            let status = if over { "approved" } else { "pending" };
            let resource = json!({
                "approval": {
                    "id": Uuid::nil(),
                    "steps": [{ "assignedApprover": by, "status": status, "order": 1, "initiatedOn": at, "history": [] }],
                    "status": status, "createdOn": at, "lastModifiedOn": at, "executionOrder": "anyOrder",
                    "minRequiredApprovers": 1, "blockedApprovers": [],
                },
                "stage": part("__default"), "id": 1, "stageName": "__default", "attemptId": 1,
                "resource": { "type": "environment", "id": "1", "name": "Sample" },
                "url": links.to("sample/_apis/pipelines/approvals"),
            });
            let (before, after) = match over {
                true => ("Approval for deployment of pipeline ", " to environment Sample approved."),
                false => ("Approval pending for deployment of pipeline ", " to environment Sample."),
            };
            (around(resource), said(before, ("Sample", &web), after), None)
        }
        catalog::JOB_STATE => {
            let resource =
                json!({ "job": part("Job"), "stage": part("__default"), "repositories": repositories });
            let before = format!("Run {number} stage __default job ");
            (around(resource), said(&before, ("Job", &web), end), None)
        }
        _ => {
            let mut resource = json!({
                "uri": "vstfs:///Build/Build/1", "id": 1, "buildNumber": number, "url": build_url, "startTime": at,
                "finishTime": at, "reason": "manual", "status": "succeeded",
                "definition": { "id": 1, "name": "Sample", "url": links.to("sample/_apis/build/Definitions/1") },
            });
            if version.starts_with('2') {
                resource["status"] = json!("completed");
                resource["result"] = json!("succeeded");
                resource["sourceBranch"] = json!("refs/heads/main");
                resource["requestedFor"] = by;
                resource["project"] = json!({ "id": Uuid::nil(), "name": "sample" });
            }
            (resource, said("Build ", (number, &web), " succeeded"), None)
        }
    };
    Told { event: id, project: None, resource, messages: (short.clone(), long.unwrap_or(short)) }
}
