//! What is measured of Azure DevOps: signed POSTs at the public webhook endpoint, each of which queues a run.

use crate::Fault;
use crate::load::{CONNECTIONS, Call, Connection, connect, done, latency, many, rate};
use crate::servers::{Server, rss_kib};
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

/// Puts a pipeline's file into the repository of a project.
async fn commit(connection: &mut Connection, project: &str, yaml: &str) -> Result<(), Fault> {
    let change = json!({"changeType": "add", "item": {"path": "/azure-pipelines.yml"},
        "newContent": {"content": yaml, "contentType": "rawtext"}});
    let push = json!({"refUpdates": [{"name": "refs/heads/main", "oldObjectId": "0".repeat(40)}],
        "commits": [{"comment": "Write the pipeline", "changes": [change]}]});
    post(connection, &format!("{project}/_apis/git/repositories/{project}/pushes"), push).await
}

/// A project with a connection, a repository and a pipeline; gives the POST that runs it.
async fn webhook(connection: &mut Connection) -> Result<Call, Fault> {
    post(connection, "_apis/projects", json!({"name": "Site"})).await?;
    let parameters = json!({"webhookname": "pushed", "secret": "secret", "header": "X-WH-Checksum"});
    let endpoint = json!({"name": "IncomingWH", "type": "incomingwebhook", "url": "https://dev.azure.com",
        "authorization": {"scheme": "None", "parameters": parameters},
        "serviceEndpointProjectReferences": [{"projectReference": {"name": "Site"}, "name": "IncomingWH"}]});
    post(connection, "_apis/serviceendpoint/endpoints", endpoint).await?;
    commit(connection, "Site", YAML).await?;
    let pipeline = json!({"name": "site", "configuration": {"type": "yaml", "path": "/azure-pipelines.yml"}});
    post(connection, "Site/_apis/pipelines", pipeline).await?;
    let path = "/bench/_apis/public/distributedtask/webhooks/pushed?api-version=6.0-preview".to_owned();
    Ok(Call::post(path, body()).with("content-type", "application/json").with("X-WH-Checksum", CHECKSUM))
}

/// A pipeline of ten jobs with five steps each.
fn ten_jobs() -> String {
    let job = |n: usize| {
        let steps: String = (0..5)
            .map(|m| format!("  - script: echo step {m} of job {n} at $(Build.BuildNumber)\n"))
            .collect();
        format!("- job: Job{n}\n  steps:\n{steps}")
    };
    format!("trigger: none\njobs:\n{}", (0..10).map(job).collect::<String>())
}

/// Builds that the list's first page is measured with.
const MANY: usize = 10_000;

/// Runs of ten jobs with five steps: how many a second, what a finished one takes with its logs, and whether many of
/// them slow the list's first page down.
pub async fn runs(server: Server) -> Result<(), Fault> {
    let addr = server.addr;
    let rss = || rss_kib(&server.process).ok_or("no memory figure");
    let mut connection = connect(addr).await?;
    post(&mut connection, "_apis/projects", json!({"name": "Runs"})).await?;
    commit(&mut connection, "Runs", &ten_jobs()).await?;
    post(&mut connection, "Runs/_apis/pipelines", json!({"name": "ten"})).await?;
    let body = bytes::Bytes::from(json!({"definition": {"id": 1}}).to_string());
    let queue = move |_: usize, _: usize| {
        Call::post("/bench/Runs/_apis/build/builds".to_owned(), body.clone())
            .with("content-type", "application/json")
    };
    let page = Call::get("/bench/Runs/_apis/build/builds?$top=50");
    many(addr, 100usize.div_ceil(CONNECTIONS), queue.clone()).await?;
    let few = latency(addr, &page).await?;
    println!("runs of ten jobs with five steps each, on one organization");
    // Journal, kept requests and past values are bounded: they are full before anything is counted. So are builds, at
    // twice as many: a rate is measured last.
    many(addr, MANY / 2 / CONNECTIONS, queue.clone()).await?;
    // What was given up meanwhile goes back to the system within a second or two; the reads take longer.
    latency(addr, &page).await?;
    let before = rss()?;
    let each = MANY / 2 / CONNECTIONS;
    many(addr, each, queue.clone()).await?;
    let after = latency(addr, &page).await?;
    let grown = rss()?.saturating_sub(before) as f64 / (each * CONNECTIONS) as f64;
    println!("  {:44} {grown:9.1} KiB, goal 64", "memory of a finished one with its logs");
    println!(
        "  {:44} {:7.0} us after {:5.0} us   ratio {:.2}, goal 1.5",
        "first page of the list of builds",
        after.as_secs_f64() * 1e6,
        few.as_secs_f64() * 1e6,
        after.as_secs_f64() / few.as_secs_f64()
    );
    println!("  {:44} {:9.0}", "runs a second", rate(addr, queue).await?);
    Ok(())
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
