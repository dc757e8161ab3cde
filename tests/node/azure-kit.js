// What the Azure DevOps suites share: one organization of a world through the official client, and the public webhook
// endpoint, which no client calls.

import { createHmac } from "node:crypto";
import azure from "azure-devops-node-api";

const PATIENCE = 30_000;
const ZEROS = "0".repeat(40);
const BASIC_PROCESS = "b8a3a935-7e91-48b8-a94c-606d37c3e9f2";

/** The seed's payload, and its checksum under the key `secret`. */
export const BODY = `{"resource":{"message":{"title":"Hello, world!","subtitle":"I'm using WebHooks!"}}}`;
export const CHECKSUM = "750D33212D3AD4932CC390819050734831A0A94F";

/** The seed's pipeline: it says what stands at a path of the payload. */
export const hooked = (path, filters = "") =>
  `resources:\n  webhooks:\n    - webhook: WebHook\n      connection: IncomingWH\n${filters}\n` +
  `steps:\n- script: echo \${{ parameters.WebHook.${path} }}\n`;

export const sha1 = (secret, body) => createHmac("sha1", secret).update(body).digest("hex");

/** An organization, at the root or below a world. */
export class Organization {
  static async at(base, name = "fabrikam") {
    const self = new Organization();
    Object.assign(self, { base, name, url: `${base}/${name}` });
    const handler = azure.getPersonalAccessTokenHandler("pat");
    self.web = new azure.WebApi(self.url, handler, { socketTimeout: PATIENCE });
    self.core = await self.web.getCoreApi();
    self.git = await self.web.getGitApi();
    self.build = await self.web.getBuildApi();
    self.pipelines = await self.web.getPipelinesApi();
    self.endpoints = await self.web.getServiceEndpointApi();
    return self;
  }

  /** A project, when its creation is done. */
  async project(name) {
    const queued = await this.core.queueCreateProject({
      name,
      capabilities: {
        versioncontrol: { sourceControlType: "Git" },
        processTemplate: { templateTypeId: BASIC_PROCESS },
      },
    });
    const operation = await this.http("GET", `_apis/operations/${queued.id}`);
    if (operation.body.status !== "succeeded") throw new Error(JSON.stringify(operation));
    return this.core.getProject(name);
  }

  /** The connection of an incoming webhook. */
  connection(project, parameters = {}, name = "IncomingWH") {
    return this.endpoints.createServiceEndpoint({
      name,
      type: "incomingwebhook",
      url: "https://dev.azure.com",
      authorization: { scheme: "None", parameters: { webhookname: "WebHook", ...parameters } },
      serviceEndpointProjectReferences: [{ projectReference: { id: project.id, name: project.name }, name }],
    });
  }

  /** Adds or replaces files on the default branch. */
  async push(project, files, changeType = 1) {
    const [main] = await this.git.getRefs(project.name, project.name, "heads/main");
    const changes = Object.entries(files).map(([path, content]) => ({
      changeType,
      item: { path },
      newContent: { content, contentType: 0 },
    }));
    const push = {
      refUpdates: [{ name: "refs/heads/main", oldObjectId: main?.objectId ?? ZEROS }],
      commits: [{ comment: "Write pipelines", changes }],
    };
    return this.git.createPush(push, project.name, project.name);
  }

  /** A pipeline of a file in the project's repository. */
  async pipeline(project, path = "/azure-pipelines.yml", name = "hooked") {
    const repository = await this.git.getRepository(project.name, project.name);
    const configuration = { type: 1, path, repository: { id: repository.id, type: "azureReposGit" } };
    return this.pipelines.createPipeline({ name, configuration }, project.name);
  }

  /** A project with the seed's connection and a pipeline of that YAML. */
  async hooked(name, yaml, parameters) {
    const project = await this.project(name);
    await this.connection(project, parameters);
    await this.push(project, { "/azure-pipelines.yml": yaml });
    return { project, pipeline: await this.pipeline(project) };
  }

  /** A request without any client. */
  async http(method, path, { body, headers = {} } = {}) {
    const answer = await fetch(`${this.url}/${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await answer.text();
    const json = (answer.headers.get("content-type") ?? "").startsWith("application/json");
    return { status: answer.status, headers: answer.headers, text, body: json && text ? JSON.parse(text) : undefined };
  }

  /** A POST at the public webhook endpoint. */
  post(headers = {}, body = BODY, name = "WebHook") {
    const path = `_apis/public/distributedtask/webhooks/${name}?api-version=6.0-preview`;
    return this.http("POST", path, { body, headers });
  }

  async control(method, path, accept = "application/json") {
    const answer = await fetch(`${this.base}/_parhelion/${path}`, {
      method,
      headers: { accept, "content-type": "application/json" },
      body: method === "POST" ? "{}" : undefined,
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return accept === "text/plain" || !text ? text : JSON.parse(text);
  }

  idle() {
    return this.control("POST", "idle");
  }

  explain(answer) {
    return this.control("GET", `explain/${answer.headers.get("x-parhelion-delivery-id")}`, "text/plain");
  }

  async deliveries() {
    const listed = await this.control("GET", `surfaces/azure-devops/${this.name}/webhook-deliveries`);
    return listed.items;
  }

  /** What the scripts of a build said. */
  async said(project, build) {
    const timeline = await this.build.getBuildTimeline(project.name, build);
    const lines = [];
    for (const record of timeline.records.filter((one) => one.task?.name === "CmdLine")) {
      const log = await this.build.getBuildLogLines(project.name, build, record.log.id);
      const from = log.findIndex((line) => line.endsWith(" Script contents:"));
      // Each line begins with its time.
      lines.push(log[from + 1].slice(29));
    }
    return lines;
  }
}
