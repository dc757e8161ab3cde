// One emulator for the whole run, a world of its own for each test, and the official clients in both protocols.

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { CodePipeline } from "@aws-sdk/client-codepipeline";
import { S3 } from "@aws-sdk/client-s3";
import { AwsJson1_1Protocol, AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";

export const PROTOCOLS = { awsJson1_1: AwsJson1_1Protocol, "rpc-v2-cbor": AwsSmithyRpcV2CborProtocol };

const BIN = process.env.PARHELION_BIN ?? "../../target/debug/parhelion";
const PATIENCE = 30_000;

/** The binary on a free port; its first line of output is its URL. */
export class Server {
  static async start() {
    const child = spawn(BIN, ["--listen", "127.0.0.1:0", "--seed", "42", "--log", "warn"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout });
    const [first] = await once(lines, "line");
    lines.on("line", () => {});
    if (!first.startsWith("http://127.0.0.1:")) throw new Error(`no URL: ${first}`);
    return Object.assign(new Server(), { child, url: first.trim() });
  }

  async stop() {
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const [code] = await ended;
    if (code !== 0) throw new Error(`the server ended with ${code}`);
  }

  /** A world that one test alone knows. */
  world(name, protocol) {
    return new World(`${this.url}/_w/${name}`, protocol);
  }
}

/** A world: its clients, and the emulator's own API in it. */
export class World {
  constructor(url, protocol) {
    this.url = url;
    this.aws = new CodePipeline(settings(url, { protocol: PROTOCOLS[protocol] }));
    this.s3 = this.storage();
  }

  /** S3's client; with a job's credentials, or a test's own. */
  storage(credentials = { accessKeyId: "test", secretAccessKey: "test" }) {
    return new S3(settings(this.url, { credentials, forcePathStyle: true }));
  }

  async control(method, path, body) {
    const answer = await fetch(`${this.url}/_parhelion/${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** Waits until nothing goes on at the present time. */
  idle() {
    return this.control("POST", "idle", { timeout: "20s" });
  }

  /** A pipeline's executions, the newest first, when nothing goes on. */
  async executions(pipelineName) {
    await this.idle();
    const listed = await this.aws.listPipelineExecutions({ pipelineName });
    return listed.pipelineExecutionSummaries;
  }

  async status(pipelineName, pipelineExecutionId) {
    await this.idle();
    const got = await this.aws.getPipelineExecution({ pipelineName, pipelineExecutionId });
    return got.pipelineExecution.status;
  }

  /** A stage as GetPipelineState shows it, when nothing goes on. */
  async stage(name, stageName) {
    await this.idle();
    const state = await this.aws.getPipelineState({ name });
    return state.stageStates.find((stage) => stage.stageName === stageName);
  }

  /** The bytes of an object, as text. */
  async object(Bucket, Key, s3 = this.s3) {
    const got = await s3.getObject({ Bucket, Key });
    return got.Body.transformToString();
  }

  /** A GitHub push of a branch to a webhook's URL, signed. */
  push(url, branch, commit, secret) {
    const body = JSON.stringify({
      ref: `refs/heads/${branch}`,
      after: commit,
      head_commit: { id: commit, message: "Greet", timestamp: "2026-01-01T12:00:00Z", url: "https://example.com" },
    });
    const signature = createHmac("sha256", secret).update(body).digest("hex");
    return fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-hub-signature-256": `sha256=${signature}`,
      },
      body,
      signal: AbortSignal.timeout(PATIENCE),
    });
  }
}

function settings(endpoint, more) {
  return {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
    requestHandler: { requestTimeout: PATIENCE },
    ...more,
  };
}

// Declarations.

export const type = (category, owner, provider) => ({ category, owner, provider, version: "1" });
export const PARTNER = type("Test", "ThirdParty", "BlazeMeter");
export const WORKER = type("Build", "Custom", "Builder");
export const CLIENT_TOKEN = "DEFAULT_CLIENT_TOKEN";

export function action(name, actionTypeId, { configuration, inputs = [], outputs = [], ...more } = {}) {
  const named = (names) => names.map((of) => ({ name: of }));
  return { name, actionTypeId, configuration, inputArtifacts: named(inputs), outputArtifacts: named(outputs), ...more };
}

export const stage = (name, actions, more = {}) => ({ name, actions, ...more });

export function pipeline(name, stages, more = {}) {
  return {
    name,
    roleArn: "arn:aws:iam::000000000000:role/pipeline",
    artifactStore: { type: "S3", location: "artifacts" },
    pipelineType: "V2",
    stages,
    ...more,
  };
}

export function objectSource(configuration = {}) {
  const all = { S3Bucket: "sources", S3ObjectKey: "app.zip", PollForSourceChanges: "false", ...configuration };
  const fetched = action("Fetch", type("Source", "AWS", "S3"), { configuration: all, outputs: ["Code"] });
  return stage("Source", [fetched]);
}

export const approval = (name = "Ask") => action(name, type("Approval", "AWS", "Manual"));

export const deployment = (name = "Go") =>
  action(name, type("Deploy", "AWS", "CodeDeploy"), {
    configuration: { ApplicationName: "site", DeploymentGroupName: "all" },
    inputs: ["Code"],
  });

export const variableCheck = (variable, value) => ({
  name: "Check",
  ruleTypeId: { category: "Rule", owner: "AWS", provider: "VariableCheck", version: "1" },
  configuration: { Variable: variable, Value: value, Operator: "EQ" },
});
