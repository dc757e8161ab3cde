//! What is measured of Azure DevOps: signed POSTs at the public webhook endpoint, each of which queues a run.

use crate::Fault;
use crate::load::{Call, Connection, connect, done, rate};
use bytes::Bytes;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The pipeline that a POST runs: two jobs that take from the payload, and a filter.
const YAML: &str = "\
trigger: none
resources:
  webhooks:
  - webhook: Pushed
    connection: IncomingWH
    filters:
    - path: repository.name
      value: site
variables:
  tag: ${{ parameters.Pushed.after }}
jobs:
- job: Build
  steps:
  - script: echo ${{ parameters.Pushed.repository.full_name }} at $(tag)
    displayName: Say what was pushed
  - ${{ each commit in parameters.Pushed.commits }}:
    - script: echo ${{ commit.id }} ${{ commit.message }}
- job: Deploy
  dependsOn: Build
  steps:
  - task: CopyFiles@2
    inputs:
      contents: '**'
";

/// The payload: a push of five commits, as short as it gets.
fn body() -> Bytes {
    let commits: Vec<Value> = (0..5)
        .map(|n| json!({"id": format!("{n:040x}"), "message": "a change", "author": {"name": "A", "email": "a@b.c"},
            "modified": [format!("src/file-{n}.rs")]}))
        .collect();
    let body = json!({"ref": "refs/heads/main", "after": format!("{:040x}", 4), "commits": commits,
        "repository": {"name": "site", "full_name": "octo/site"}, "pusher": {"name": "A"}});
    body.to_string().into()
}

/// The checksum of [`body`] under the key `secret`: this program computes none of its own.
const CHECKSUM: &str = "C133483AC8811D1A82802EC291DCBEB24FEADE9A";

async fn post(connection: &mut Connection, path: &str, body: Value) -> Result<(), Fault> {
    let call = Call::post(format!("/bench/{path}"), body.to_string().into());
    done(connection, &call.with("content-type", "application/json")).await?;
    Ok(())
}

/// A project with a connection, a repository and a pipeline; gives the POST that runs it.
async fn webhook(connection: &mut Connection) -> Result<Call, Fault> {
    post(connection, "_apis/projects", json!({"name": "Site"})).await?;
    let parameters = json!({"webhookname": "pushed", "secret": "secret", "header": "X-WH-Checksum"});
    let endpoint = json!({"name": "IncomingWH", "type": "incomingwebhook", "url": "https://dev.azure.com",
        "authorization": {"scheme": "None", "parameters": parameters},
        "serviceEndpointProjectReferences": [{"projectReference": {"name": "Site"}, "name": "IncomingWH"}]});
    post(connection, "_apis/serviceendpoint/endpoints", endpoint).await?;
    let file = "/azure-pipelines.yml";
    let change = json!({"changeType": "add", "item": {"path": file},
        "newContent": {"content": YAML, "contentType": "rawtext"}});
    let push = json!({"refUpdates": [{"name": "refs/heads/main", "oldObjectId": "0".repeat(40)}],
        "commits": [{"comment": "Write the pipeline", "changes": [change]}]});
    post(connection, "Site/_apis/git/repositories/Site/pushes", push).await?;
    let pipeline = json!({"name": "site", "configuration": {"type": "yaml", "path": file}});
    post(connection, "Site/_apis/pipelines", pipeline).await?;
    let path = "/bench/_apis/public/distributedtask/webhooks/pushed?api-version=6.0-preview".to_owned();
    Ok(Call::post(path, body()).with("content-type", "application/json").with("X-WH-Checksum", CHECKSUM))
}

/// POSTs that queue a run, beside the bare server under the same requests.
pub async fn rates(addr: SocketAddr, bare: SocketAddr) -> Result<(), Fault> {
    let mut connection = connect(addr).await?;
    let push = webhook(&mut connection).await?;
    done(&mut connection, &push).await?;
    let list = done(&mut connection, &Call::get("/bench/Site/_apis/build/builds")).await?;
    let list: Value = serde_json::from_slice(&list)?;
    if list["count"] != 1 {
        return Err(format!("the POST queued no run: {list}").into());
    }
    let again = push.clone();
    let base = rate(bare, move |_, _| again.clone()).await?;
    println!("  {:44} {base:9.0}", "bare hyper, POST of a signed push");
    let rate = rate(addr, move |_, _| push.clone()).await?;
    println!("  {:44} {rate:9.0}   ratio {:.2}", "incoming webhook that queues a run, goal 0.1", rate / base);
    Ok(())
}
