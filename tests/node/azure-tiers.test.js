// Azure DevOps beyond runs: variable groups, pools and queues, git and service hooks through the official client.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import git from "azure-devops-node-api/interfaces/GitInterfaces.js";
import tasks from "azure-devops-node-api/interfaces/TaskAgentInterfaces.js";
import { Organization } from "./azure-kit.js";
import { Server } from "./kit.js";

const { GitObjectType, GitVersionType, VersionControlRecursionType } = git;
const YAML = "variables:\n- group: Shared\nsteps:\n- script: echo $(greeting) $(token)\n";

let server;
let count = 0;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

async function prepared() {
  const org = await Organization.at(`${server.url}/_w/tiers-${(count += 1)}`);
  return { org, project: await org.project("site") };
}

const group = (project, variables, name = "Shared") => ({
  name,
  type: "Vsts",
  variables,
  variableGroupProjectReferences: [{ name, projectReference: { id: project.id, name: project.name } }],
});

/** A receiver of deliveries: what it gets next, and what it answers. */
async function receiver() {
  const got = [];
  const waiting = [];
  const self = { status: 200, next: () => got.shift() ?? new Promise((resolve) => waiting.push(resolve)) };
  const listener = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const event = JSON.parse(body);
    const next = waiting.shift();
    if (next) next(event);
    else got.push(event);
    response.writeHead(self.status).end();
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  self.url = `http://127.0.0.1:${listener.address().port}/`;
  self.close = () => listener.close();
  return self;
}

test("a variable group is used by a run, and its secrets are told to nobody", async () => {
  const { org, project } = await prepared();
  const api = await org.web.getTaskAgentApi();
  const secret = { value: "s3cret", isSecret: true };
  const made = await api.addVariableGroup(group(project, { greeting: { value: "hello" }, token: secret }));
  const read = await api.getVariableGroup(project.name, made.id);
  assert.deepEqual([read.variables.greeting.value, read.variables.token.value], ["hello", null]);
  await api.updateVariableGroup(group(project, { ...read.variables, more: { value: "1" } }), made.id);
  assert.deepEqual((await api.getVariableGroups(project.name, "shared"))[0].name, "Shared");
  await org.push(project, { "/azure-pipelines.yml": YAML });
  const pipeline = await org.pipeline(project);
  const build = await org.build.queueBuild({ definition: { id: pipeline.id } }, project.name);
  await org.idle();
  assert.deepEqual(await org.said(project, build.id), ["echo hello ***"]);
  await assert.rejects(
    api.addVariableGroup(group(project, { a: { value: "1" } })),
    (error) => error.statusCode === 409 && /already exists/.test(error.message),
  );
  await api.deleteVariableGroup(made.id, [project.id]);
  assert.equal(await api.getVariableGroup(project.name, made.id), null);
});

test("pools have queues in projects", async () => {
  const { org, project } = await prepared();
  const api = await org.web.getTaskAgentApi();
  const pool = await api.addAgentPool({ name: "Mine" });
  assert.equal(pool.poolType, tasks.TaskAgentPoolType.Automation);
  const queue = await api.addAgentQueue({ name: "Mine", pool: { id: pool.id } }, project.name);
  const names = (await api.getAgentQueues(project.name)).map((one) => one.name);
  assert.deepEqual(names, ["Default", "Azure Pipelines", "Mine"]);
  await api.deleteAgentQueue(queue.id, project.name);
  // This client knows a missing one as null.
  assert.equal(await api.getAgentQueue(queue.id, project.name), null);
  assert.ok((await api.getYamlSchema()).definitions.steps);
});

test("a repository is read in all its forms", async () => {
  const { org, project } = await prepared();
  await org.push(project, { "/azure-pipelines.yml": "steps: []\n", "/docs/a.txt": "one\n" });
  await org.push(project, { "/docs/b.txt": "two\n" });
  const repository = await org.git.getRepository(project.name, project.name);
  const [newest, oldest] = await org.git.getCommits(repository.id, {}, project.name);
  const items = await org.git.getItems(repository.id, project.name, "/", VersionControlRecursionType.Full);
  assert.deepEqual(
    items.map((item) => item.path),
    ["/", "/azure-pipelines.yml", "/docs", "/docs/a.txt", "/docs/b.txt"],
  );
  assert.equal(items[1].gitObjectType, GitObjectType.Blob);
  const descriptor = (path, version) => ({ path, version, versionType: GitVersionType.Commit, recursionLevel: VersionControlRecursionType.OneLevel });
  const batch = await org.git.getItemsBatch(
    { itemDescriptors: [descriptor("/docs", newest.commitId), descriptor("/docs", oldest.commitId)] },
    repository.id,
    project.name,
  );
  assert.deepEqual(batch.map((list) => list.length), [3, 2]);
  const [base] = await org.git.getMergeBases(repository.id, newest.commitId, oldest.commitId, project.name);
  assert.equal(base.commitId, oldest.commitId);
  const found = await org.git.getCommitsBatch({ ids: [oldest.commitId] }, repository.id, project.name);
  assert.deepEqual(found.map((one) => one.commitId), [oldest.commitId]);
  const branch = await org.git.getBranch(repository.id, "main", project.name);
  assert.deepEqual([branch.aheadCount, branch.behindCount], [0, 0]);
  const changes = await org.git.getChanges(newest.commitId, repository.id, project.name);
  assert.ok(changes.changes.some((change) => change.item.path === "/docs/b.txt"));
});

test("a finished build is told to a subscription, until its receiver is gone", async (t) => {
  const { org, project } = await prepared();
  const sink = await receiver();
  t.after(() => sink.close());
  await org.push(project, { "/azure-pipelines.yml": "steps:\n- script: echo\n" });
  const pipeline = await org.pipeline(project);
  // The client has no API of its own for service hooks.
  const made = await org.http("POST", "_apis/hooks/subscriptions?api-version=7.1", {
    body: {
      publisherId: "tfs",
      eventType: "build.complete",
      consumerId: "webHooks",
      consumerActionId: "httpRequest",
      publisherInputs: { projectId: project.id },
      consumerInputs: { url: sink.url },
    },
  });
  assert.equal(made.status, 200, made.text);
  const queue = () => org.build.queueBuild({ definition: { id: pipeline.id } }, project.name);
  const build = await queue();
  const event = await sink.next();
  assert.deepEqual([event.eventType, event.resource.id, event.resource.result], ["build.complete", build.id, "succeeded"]);
  sink.status = 410;
  await queue();
  await sink.next();
  await org.idle();
  const read = await org.http("GET", `_apis/hooks/subscriptions/${made.body.id}?api-version=7.1`);
  assert.equal(read.body.status, "disabledBySystem");
});
