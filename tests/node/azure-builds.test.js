// Azure DevOps: definitions, builds and runs through the official client.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import azure from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { Organization } from "./azure-kit.js";
import { Server } from "./kit.js";

const { BuildReason, BuildResult, BuildStatus, DefinitionTriggerType } = azure;
const YAML = "parameters:\n- name: who\n  default: nobody\nsteps:\n- script: echo ${{ parameters.who }}\n- script: echo $(word)\n";

let server;
let count = 0;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

/** An organization with a project and a pipeline of that YAML. */
async function prepared(yaml = YAML) {
  const org = await Organization.at(`${server.url}/_w/builds-${(count += 1)}`);
  const project = await org.project("site");
  await org.push(project, { "/azure-pipelines.yml": yaml });
  return { org, project, pipeline: await org.pipeline(project) };
}

const queue = ({ org, project, pipeline }, more = {}) =>
  org.build.queueBuild({ definition: { id: pipeline.id }, ...more }, project.name);

test("a run takes parameters and variables, and its log says them", async () => {
  const at = await prepared();
  const { org, project, pipeline } = at;
  const definition = await org.build.getDefinition(project.name, pipeline.id);
  definition.variables = { word: { value: "before", allowOverride: true } };
  definition.triggers = [{ triggerType: DefinitionTriggerType.ContinuousIntegration, settingsSourceType: 2 }];
  const saved = await org.build.updateDefinition(definition, project.name, pipeline.id);
  assert.equal(saved.revision, definition.revision + 1);
  assert.equal(saved.triggers[0].triggerType, DefinitionTriggerType.ContinuousIntegration);
  const run = await org.pipelines.runPipeline(
    { templateParameters: { who: "me" }, variables: { word: { value: "now" } } },
    project.name,
    pipeline.id,
  );
  await org.idle();
  const got = await org.pipelines.getRun(project.name, pipeline.id, run.id);
  assert.deepEqual({ ...got.templateParameters }, { who: "me" });
  assert.deepEqual(await org.said(project, run.id), ["echo me", "echo now"]);
  const { logs } = await org.pipelines.listLogs(project.name, pipeline.id, run.id);
  assert.ok(logs.length > 2 && logs.every((log) => log.lineCount > 0));
  await assert.rejects(
    org.pipelines.runPipeline({ variables: { other: { value: "x" } } }, project.name, pipeline.id),
    (error) => error.statusCode === 400 && /You can't set the following variables \(other\)/.test(error.message),
  );
});

test("builds are queued, tagged, listed and deleted", async () => {
  const at = await prepared();
  const { org, project, pipeline } = at;
  const ids = [];
  for (let n = 0; n < 3; n += 1) ids.push((await queue(at)).id);
  await org.idle();
  const build = await org.build.getBuild(project.name, ids[0]);
  assert.deepEqual([build.status, build.result, build.reason], [
    BuildStatus.Completed,
    BuildResult.Succeeded,
    BuildReason.Manual,
  ]);
  assert.ok(build.finishTime instanceof Date);

  assert.deepEqual(await org.build.addBuildTag(project.name, ids[0], "first"), ["first"]);
  assert.deepEqual((await org.build.addBuildTags(["a", "b"], project.name, ids[0])).toSorted(), ["a", "b", "first"]);
  await org.build.addBuildTag(project.name, ids[1], "a");
  assert.deepEqual((await org.build.deleteBuildTag(project.name, ids[0], "b")).toSorted(), ["a", "first"]);
  assert.deepEqual((await org.build.getBuildTags(project.name, ids[0])).toSorted(), ["a", "first"]);

  const list = async (filters = {}) => {
    const { tags, top, status, result, number, definitions } = filters;
    const found = await org.build.getBuilds(
      project.name, definitions, undefined, number, undefined, undefined, undefined, undefined, status, result, tags,
      undefined, top,
    );
    return found.map((one) => one.id).toSorted();
  };
  assert.deepEqual(await list(), ids);
  assert.deepEqual(await list({ tags: ["a"] }), ids.slice(0, 2));
  assert.deepEqual(await list({ tags: ["a", "first"] }), ids.slice(0, 1));
  assert.equal((await list({ top: 2 })).length, 2);
  assert.deepEqual(await list({ status: BuildStatus.Completed, result: BuildResult.Succeeded }), ids);
  assert.deepEqual(await list({ result: BuildResult.Failed }), []);
  assert.deepEqual(await list({ definitions: [pipeline.id] }), ids);
  assert.deepEqual(await list({ definitions: [77] }), []);
  assert.deepEqual(await list({ number: build.buildNumber }), ids.slice(0, 1));
  assert.deepEqual(await list({ number: `${build.buildNumber.split(".")[0]}*` }), ids);

  await org.build.deleteBuild(project.name, ids[0]);
  assert.deepEqual(await list(), ids.slice(1));
  assert.deepEqual((await org.pipelines.listRuns(project.name, pipeline.id)).map((run) => run.id), ids.slice(1).reverse());
});

test("a build under way is cancelled", async () => {
  const at = await prepared();
  const { org, project, pipeline } = at;
  const pace = async (mode) => {
    const body = JSON.stringify({ surface: "azure-devops", kind: "job", mode });
    const answer = await fetch(`${org.base}/_parhelion/pace`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body,
    });
    assert.ok(answer.ok, await answer.text());
  };
  await pace("manual");
  const { id } = await queue(at);
  await org.idle();
  assert.equal((await org.build.getBuild(project.name, id)).status, BuildStatus.InProgress);
  const run = await org.pipelines.getRun(project.name, pipeline.id, id);
  assert.equal(run.result, undefined);
  const asked = await org.build.updateBuild({ status: BuildStatus.Cancelling }, project.name, id);
  assert.ok([BuildStatus.Cancelling, BuildStatus.Completed].includes(asked.status), asked.status);
  await org.idle();
  const over = await org.build.getBuild(project.name, id);
  assert.deepEqual([over.status, over.result], [BuildStatus.Completed, BuildResult.Canceled]);
  const timeline = await org.build.getBuildTimeline(project.name, id);
  assert.ok(timeline.records.every((record) => record.finishTime || record.state === 2), "all records are over");
  await pace("immediate");
  const next = await queue(at);
  await org.idle();
  assert.equal((await org.build.getBuild(project.name, next.id)).result, BuildResult.Succeeded);
});

test("definitions are made, listed, renamed and deleted", async () => {
  const { org, project, pipeline } = await prepared();
  const repository = await org.git.getRepository(project.name, project.name);
  const made = await org.build.createDefinition(
    {
      name: "second",
      path: "\\team",
      process: { type: 2, yamlFilename: "other.yml" },
      repository: { id: repository.id, type: "TfsGit", defaultBranch: "refs/heads/main" },
    },
    project.name,
  );
  const names = async (name) => (await org.build.getDefinitions(project.name, name)).map((one) => one.name).toSorted();
  assert.deepEqual(await names(), ["hooked", "second"]);
  assert.deepEqual(await names("sec*"), ["second"]);
  // The YAML is not there yet.
  await assert.rejects(org.build.queueBuild({ definition: { id: made.id } }, project.name), (error) => {
    const [{ result, message }] = error.result.customProperties.ValidationResults;
    return error.statusCode === 400 && result === "error" && /^\/other\.yml: File \/other\.yml not found/.test(message);
  });
  const renamed = await org.build.updateDefinition({ ...made, name: "third" }, project.name, made.id);
  assert.deepEqual([renamed.name, renamed.path, renamed.revision], ["third", "\\team", 2]);
  await assert.rejects(org.build.updateDefinition({ ...made, name: "fourth" }, project.name, made.id), { statusCode: 409 });
  const listed = await org.pipelines.listPipelines(project.name);
  assert.deepEqual(listed.map((one) => one.id).toSorted(), [pipeline.id, made.id]);
  await org.build.deleteDefinition(project.name, made.id);
  assert.deepEqual(await names(), ["hooked"]);
  assert.equal(await org.build.getDefinition(project.name, made.id), null);
});
