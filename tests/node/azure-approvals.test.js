// Azure DevOps: environments through the official client, and what holds a stage; checks, approvals and permissions have
// no client of Node's and are asked plainly.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import tasks from "azure-devops-node-api/interfaces/TaskAgentInterfaces.js";
import builds from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { Organization } from "./azure-kit.js";
import { Server } from "./kit.js";

const { EnvironmentExpands, EnvironmentResourceType, TaskResult } = tasks;
const { BuildResult, BuildStatus, StageUpdateType } = builds;
const APPROVAL = "8c6f20a7-a545-4486-9777-f762fafe0d4d";
const ANN = "11111111-1111-1111-1111-111111111111";
const YAML = `trigger: none
stages:
- stage: build
  jobs: [{job: a, steps: [{script: echo a}]}]
- stage: deploy
  jobs:
  - deployment: d
    environment: prod
    strategy: {runOnce: {deploy: {steps: [{script: echo d}]}}}
`;

let server;
let count = 0;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

/** A project with a pipeline that deploys, and the environment it deploys to. */
async function prepared() {
  const org = await Organization.at(`${server.url}/_w/approvals-${(count += 1)}`);
  const agents = await org.web.getTaskAgentApi();
  const project = await org.project("site");
  await org.push(project, { "/azure-pipelines.yml": YAML });
  const environment = await agents.addEnvironment({ name: "prod", description: "live" }, project.name);
  const ask = async (method, path, body) => {
    const answer = await org.http(method, `${project.name}/_apis/pipelines/${path}`, { body });
    return { status: answer.status, ...answer.body };
  };
  const guard = (type, settings) =>
    ask("POST", "checks/configurations?api-version=7.1-preview.1", {
      type: { id: type },
      settings,
      timeout: 60,
      resource: { type: "environment", id: String(environment.id) },
    });
  const pipeline = await org.pipeline(project);
  const queue = async () => (await org.pipelines.runPipeline({}, project.name, pipeline.id)).id;
  const stage = async (run, name) => {
    const { records } = await org.build.getBuildTimeline(project.name, run);
    return records.find((record) => record.identifier === name);
  };
  return { org, agents, project, environment, ask, guard, queue, stage };
}

test("environments are kept with their resources and what was deployed to them", async () => {
  const { agents, project, environment, queue } = await prepared();
  const run = await queue();
  const [record] = await agents.getEnvironmentDeploymentExecutionRecords(project.name, environment.id);
  assert.deepEqual([record.owner.id, record.stageName, record.result], [run, "deploy", TaskResult.Succeeded]);
  const web = await agents.addKubernetesResource({ name: "web", namespace: "ns", clusterName: "c" }, project.name, environment.id);
  assert.equal(web.type, EnvironmentResourceType.Kubernetes);
  const got = await agents.getEnvironmentById(project.name, environment.id, EnvironmentExpands.ResourceReferences);
  assert.deepEqual(got.resources.map((one) => one.name), ["web"]);
  assert.equal((await agents.getKubernetesResource(project.name, environment.id, web.id)).namespace, "ns");
  await agents.deleteKubernetesResource(project.name, environment.id, web.id);
  const renamed = await agents.updateEnvironment({ name: "live" }, project.name, environment.id);
  assert.deepEqual([renamed.name, renamed.description], ["live", "live"]);
  assert.deepEqual((await agents.getEnvironments(project.name, "live")).map((one) => one.id), [environment.id]);
  await agents.deleteEnvironment(project.name, environment.id);
  assert.equal(await agents.getEnvironmentById(project.name, environment.id), null);
});

test("an approval holds a stage, is rejected, asked again, and given", async () => {
  const { org, project, ask, guard, queue, stage } = await prepared();
  const check = await guard(APPROVAL, { approvers: [{ id: ANN, displayName: "Ann" }] });
  assert.deepEqual([check.status, check.type.name, check.settings.approvers[0].id], [200, "Approval", ANN]);
  const run = await queue();
  assert.equal((await org.build.getBuild(project.name, run)).status, BuildStatus.InProgress);
  assert.equal((await stage(run, "deploy")).state, builds.TimelineRecordState.Pending);
  const pending = async () => (await ask("GET", "approvals?state=pending&$expand=steps&api-version=7.1")).value;
  const [first] = await pending();
  assert.equal(first.steps[0].assignedApprover.displayName, "Ann");
  const say = (approvalId, status) => ask("PATCH", "approvals?api-version=7.1", [{ approvalId, status, comment: status }]);
  assert.equal((await say(first.id, "rejected")).value[0].status, "rejected");
  assert.equal((await org.build.getBuild(project.name, run)).result, BuildResult.Failed);
  assert.equal((await say(first.id, "approved")).typeKey, "ApprovalCompletedException");
  await org.build.updateStage({ state: StageUpdateType.Retry }, run, "deploy", project.name);
  const [second] = await pending();
  assert.notEqual(second.id, first.id);
  assert.equal((await say(second.id, "approved")).value[0].steps[0].comment, "approved");
  assert.equal((await org.build.getBuild(project.name, run)).result, BuildResult.Succeeded);
  const story = await org.control("GET", `explain/run:${run}`, "text/plain");
  assert.match(story, /Ann rejected it: rejected[^]*Ann approved it: approved/);
});

test("a pipeline waits until it may use an environment", async () => {
  const { org, project, environment, ask, queue, stage } = await prepared();
  const path = `pipelinePermissions/environment/${environment.id}?api-version=7.1-preview.1`;
  assert.equal((await ask("GET", path)).allPipelines.authorized, true);
  await ask("PATCH", path, { allPipelines: { authorized: false } });
  const run = await queue();
  assert.equal((await stage(run, "deploy")).state, builds.TimelineRecordState.Pending);
  await ask("PATCH", path, { allPipelines: { authorized: true } });
  assert.equal((await org.build.getBuild(project.name, run)).result, BuildResult.Succeeded);
});
