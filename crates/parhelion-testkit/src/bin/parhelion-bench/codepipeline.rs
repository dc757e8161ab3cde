//! What is measured of CodePipeline: rates, memory, and whether a long history slows it down.

use crate::Fault;
use crate::load::{CONNECTIONS, Call, connect, done, latency, many, rate};
use crate::servers::{Server, rss_kib};
use bytes::Bytes;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::LazyLock;

/// Pipelines of an account; the quota is 1000.
const PIPELINES: usize = 900;
/// Executions of the long history.
const EXECUTIONS: usize = 100_000;

/// A declaration of three stages.
fn declaration(name: &str) -> Value {
    let action = |name: &str, category: &str, provider: &str, configuration: Value, artifacts: Value| {
        let id = json!({"category": category, "owner": "AWS", "provider": provider, "version": "1"});
        let mut action = json!({"name": name, "actionTypeId": id, "configuration": configuration});
        if let (Some(action), Some(artifacts)) = (action.as_object_mut(), artifacts.as_object()) {
            action.extend(artifacts.clone());
        }
        action
    };
    let source = action(
        "Get",
        "Source",
        "S3",
        json!({"S3Bucket": "in", "S3ObjectKey": "app.zip", "PollForSourceChanges": "false"}),
        json!({"outputArtifacts": [{"name": "Code"}]}),
    );
    let build = action(
        "Make",
        "Build",
        "CodeBuild",
        json!({"ProjectName": "site"}),
        json!({"inputArtifacts": [{"name": "Code"}], "outputArtifacts": [{"name": "Site"}]}),
    );
    let deploy = action(
        "Put",
        "Deploy",
        "CodeDeploy",
        json!({"ApplicationName": "site", "DeploymentGroupName": "all"}),
        json!({"inputArtifacts": [{"name": "Site"}]}),
    );
    json!({
        "name": name,
        "roleArn": "arn:aws:iam::000000000000:role/r",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {"name": "Source", "actions": [source]},
            {"name": "Build", "actions": [build]},
            {"name": "Deploy", "actions": [deploy]},
        ],
    })
}

fn create(name: &str) -> Call {
    Call::aws("CreatePipeline", json!({"pipeline": declaration(name)}).to_string())
}

/// The nth creation of a connection: accounts of its own, so that quotas are never met.
fn nth_create(who: usize, n: usize) -> Call {
    static BODY: LazyLock<String> =
        LazyLock::new(|| json!({"pipeline": declaration("to be named")}).to_string());
    let body = BODY.replacen("to be named", &format!("p{}", n % PIPELINES), 1);
    Call::aws("CreatePipeline", body).of_account(1 + who + (n / PIPELINES) * CONNECTIONS)
}

fn call(operation: &str, input: Value) -> Call {
    Call::aws(operation, input.to_string())
}

fn say(name: &str, rate: f64, base: f64) {
    println!("  {name:44} {rate:9.0}   ratio {:.2}", rate / base);
}

/// Reads, a creation and a webhook, each beside the bare server under the same requests.
pub async fn rates(addr: SocketAddr, bare: SocketAddr) -> Result<(), Fault> {
    let mut connection = connect(addr).await?;
    for n in 0..100 {
        done(&mut connection, &create(&format!("bench-{n:02}"))).await?;
    }
    let name = json!({"name": "bench-07"});
    let cbor = Call::post(
        "/service/CodePipeline_20150709/operation/GetPipeline".to_owned(),
        Bytes::from_static(b"\xa1\x64name\x68bench-07"),
    );
    let cbor = cbor.with("smithy-protocol", "rpc-v2-cbor").with("content-type", "application/cbor");
    let get = call("GetPipeline", name.clone());
    let base = rate(bare, {
        let get = get.clone();
        move |_, _| get.clone()
    })
    .await?;
    println!("  {:44} {base:9.0}", "bare hyper, POST of GetPipeline");
    for (what, call) in [
        ("GetPipeline (JSON), goal 0.5", get),
        ("GetPipeline (CBOR), goal 0.5", cbor),
        ("GetPipelineState, goal 0.5", call("GetPipelineState", name)),
        ("ListPipelines, a page of 20, goal 0.5", call("ListPipelines", json!({"maxResults": 20}))),
    ] {
        say(what, rate(addr, move |_, _| call.clone()).await?, base);
    }
    let base = rate(bare, nth_create).await?;
    println!("  {:44} {base:9.0}", "bare hyper, POST of CreatePipeline");
    // A creation starts an execution, which takes many times the work of the creation where nothing holds it.
    let mut connection = connect(addr).await?;
    let slow = json!({"surface": "codepipeline", "kind": "action", "mode": "manual"}).to_string();
    done(&mut connection, &Call::put("/_w/held/_parhelion/pace", slow)).await?;
    let held = |who, n| nth_create(who, n).at("/_w/held/");
    say("CreatePipeline, actions held, goal 0.33", rate(addr, held).await?, base);
    say("CreatePipeline, its execution run to the end", rate(addr, nth_create).await?, base);
    let mut connection = connect(addr).await?;
    let (held, free) = (push(&mut connection, "/_w/held/").await?, push(&mut connection, "/").await?);
    let base = rate(bare, {
        let free = free.clone();
        move |_, _| free.clone()
    })
    .await?;
    println!("  {:44} {base:9.0}", "bare hyper, POST of a push");
    say("webhook that starts an execution, goal 0.2", rate(addr, move |_, _| held.clone()).await?, base);
    say("webhook, its execution run to the end", rate(addr, move |_, _| free.clone()).await?, base);
    Ok(())
}

/// A push that starts an execution of `pushed` at its webhook, in the world at `at`.
async fn push(connection: &mut crate::load::Connection, at: &'static str) -> Result<Call, Fault> {
    let source = json!({"name": "Get", "actionTypeId":
        {"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"},
        "configuration": {"Owner": "o", "Repo": "r", "Branch": "main", "OAuthToken": "t", "PollForSourceChanges": "false"},
        "outputArtifacts": [{"name": "Code"}]});
    let mut declaration = declaration("pushed");
    declaration["stages"][0]["actions"][0] = source;
    done(connection, &call("CreatePipeline", json!({"pipeline": declaration})).at(at)).await?;
    let webhook = json!({"name": "push", "targetPipeline": "pushed", "targetAction": "Get",
        "filters": [{"jsonPath": "$.ref", "matchEquals": "refs/heads/{Branch}"}],
        "authentication": "UNAUTHENTICATED", "authenticationConfiguration": {}});
    let made = done(connection, &call("PutWebhook", json!({"webhook": webhook})).at(at)).await?;
    let made: Value = serde_json::from_slice(&made)?;
    let url: hyper::Uri = made["webhook"]["url"].as_str().ok_or("no URL")?.parse()?;
    let path = url.path_and_query().ok_or("no path")?;
    let commits: Vec<Value> = (0..5)
        .map(|n| json!({"id": format!("{n:040x}"), "message": "a change", "author": {"name": "A", "email": "a@b.c"},
            "added": [], "removed": [], "modified": [format!("src/file-{n}.rs")]}))
        .collect();
    let body = json!({"ref": "refs/heads/main", "after": format!("{:040x}", 4), "commits": commits,
        "head_commit": commits[4], "repository": {"name": "r", "full_name": "o/r"}, "pusher": {"name": "A"}});
    Ok(Call::post(path.to_string(), body.to_string().into())
        .with("content-type", "application/json")
        .with("x-github-event", "push"))
}

/// Bytes of a stored pipeline and of a finished execution, as the growth of the process' memory. Journal, kept requests
/// and past values are bounded: they are full before anything is counted.
pub async fn sizes(server: Server) -> Result<(), Fault> {
    let addr = server.addr;
    let rss = || rss_kib(&server.process).ok_or("no memory figure");
    let (few, more) = (300, 600);
    many(addr, few, nth_create).await?;
    let before = rss()?;
    many(addr, more, move |who, n| nth_create(who, few + n)).await?;
    let created = (rss()? - before) as f64 * 1024.0 / (more * CONNECTIONS) as f64;
    // Every connection has one account: many executions of one of its pipelines.
    let start =
        |who: usize, _: usize| call("StartPipelineExecution", json!({"name": "p1"})).of_account(1 + who);
    many(addr, 300, start).await?;
    let before = rss()?;
    many(addr, 1000, start).await?;
    let execution = (rss()? - before) as f64 * 1024.0 / (1000 * CONNECTIONS) as f64;
    println!("memory, growth of the resident set");
    // A creation starts an execution.
    println!("  a stored pipeline of three stages            {:9.0} bytes, goal 4096", created - execution);
    println!("  its finished execution                       {execution:9.0} bytes, goal 8192");
    Ok(())
}

/// Whether a pipeline with a long history answers as fast as one with a short one.
pub async fn many_executions(server: Server) -> Result<(), Fault> {
    let addr = server.addr;
    done(&mut connect(addr).await?, &create("long")).await?;
    let start = |_: usize, _: usize| call("StartPipelineExecution", json!({"name": "long"}));
    many(addr, 2000 / CONNECTIONS, start).await?;
    let reads = [
        ("GetPipelineState", call("GetPipelineState", json!({"name": "long"}))),
        ("a page of ListPipelineExecutions", call("ListPipelineExecutions", json!({"pipelineName": "long"}))),
    ];
    let mut before = Vec::new();
    for (_, call) in &reads {
        before.push(latency(addr, call).await?);
    }
    many(addr, EXECUTIONS / CONNECTIONS, start).await?;
    println!("latency with {EXECUTIONS} executions in the store, to that with 2000, median");
    for ((name, call), before) in reads.iter().zip(before) {
        let after = latency(addr, call).await?;
        println!(
            "  {name:44} {:7.0} us after {:5.0} us   ratio {:.2}, goal 1.5",
            after.as_secs_f64() * 1e6,
            before.as_secs_f64() * 1e6,
            after.as_secs_f64() / before.as_secs_f64()
        );
    }
    Ok(())
}
