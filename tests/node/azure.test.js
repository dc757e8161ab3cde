// Azure DevOps: incoming webhooks, pipelines and builds, set up and read through the official client.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BODY, CHECKSUM, Organization, hooked, sha1 } from "./azure-kit.js";
import { Server } from "./kit.js";

let server;
let count = 0;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

const fresh = () => Organization.at(`${server.url}/_w/azure-${(count += 1)}`);
const SIGNED = { secret: "secret", header: "X-WH-Checksum" };

test("the seed's first example runs with the title", async () => {
  const org = await fresh();
  const { project, pipeline } = await org.hooked("site", hooked("resource.message.title"));
  // Pretty or minimised: without a secret nobody minds.
  const answer = await org.post({}, JSON.stringify(JSON.parse(BODY), null, 4));
  assert.deepEqual([answer.status, answer.text], [200, ""]);
  await org.idle();
  const [run] = await org.pipelines.listRuns(project.name, pipeline.id);
  const got = await org.pipelines.getRun(project.name, pipeline.id, run.id);
  assert.match(got.finalYaml, /script: echo Hello, world!/);
  const build = await org.build.getBuild(project.name, run.id);
  assert.deepEqual([build.status, build.result], [2, 2], "completed, succeeded");
  assert.equal(build.sourceBranch, "refs/heads/main");
  assert.deepEqual({ ...build.triggerInfo }, { alias: "WebHook", webHookName: "WebHook" });
  assert.deepEqual(await org.said(project, run.id), ["echo Hello, world!"]);
});

test("the seed's second example: an object in a text starts nothing, and says why with its place", async () => {
  const org = await fresh();
  const { project, pipeline } = await org.hooked("site", hooked("resource.message"));
  const answer = await org.post();
  assert.equal(answer.status, 200);
  assert.deepEqual(await org.pipelines.listRuns(project.name, pipeline.id), []);
  const why = "/azure-pipelines.yml (Line: 7, Col: 11): Unable to convert from Object to String. Value: Object";
  const { items } = await org.control("GET", `surfaces/azure-devops/${org.name}/trigger-issues?pipeline_id=${pipeline.id}`);
  assert.deepEqual(items.map((one) => [one.alias, one.is_error, one.message]), [["WebHook", true, why]]);
  assert.ok((await org.explain(answer)).includes(why));
});

test("the seed's third example: a checksum under the connection's secret", async () => {
  const org = await fresh();
  const { project, pipeline } = await org.hooked("site", hooked("resource.message.title"), SIGNED);
  for (const value of [CHECKSUM, CHECKSUM.toLowerCase(), `sha1=${CHECKSUM}`, `SHA1(stdin)= ${CHECKSUM}`]) {
    assert.equal((await org.post({ "X-WH-Checksum": value })).status, 200, value);
  }
  const before = (await org.pipelines.listRuns(project.name, pipeline.id)).length;
  assert.equal(before, 4);
  // The same JSON in another form has another sum.
  const pretty = JSON.stringify(JSON.parse(BODY), null, 4);
  assert.equal((await org.post({ "X-WH-Checksum": sha1("secret", pretty) }, pretty)).status, 200);
  const unsigned = await org.post({ "X-WH-Checksum": CHECKSUM }, pretty);
  assert.equal(unsigned.status, 401);
  const story = await org.explain(unsigned);
  assert.match(story, /it is right for the body in minimised form/);
  assert.ok(!story.includes(sha1("secret", pretty)) && !/secret: secret/.test(story), story);
  assert.equal((await org.post()).status, 401);
  assert.equal((await org.pipelines.listRuns(project.name, pipeline.id)).length, before + 1);
});

test("a filter that does not hold is explained", async () => {
  const org = await fresh();
  const filters =
    "      filters:\n      - path: repository.name\n        value: site\n      - path: commits[*].branch\n        value: main\n";
  const { project, pipeline } = await org.hooked("site", hooked("repository.name", filters));
  const push = (name, ...branches) =>
    org.post({}, JSON.stringify({ repository: { name }, commits: branches.map((branch) => ({ branch })) }));
  const missed = await push("site", "dev", "release");
  assert.equal(missed.status, 200);
  const story = await org.explain(missed);
  assert.match(story, /200, but nothing runs: pipeline hooked of site: filter commits\[\*\]\.branch = 'main' does not hold/);
  assert.match(story, /ok +#\d+ filter\.evaluated: filter repository\.name = 'site': the value is the wanted one/);
  assert.match(story, /FAILED +#\d+ filter\.evaluated: .*: none of the values is the wanted one/);
  assert.match(story, /selected: \["\\"dev\\"","\\"release\\""\]/);
  assert.match(story, /compared_with: main/);
  const [{ outcomes }] = await org.deliveries();
  assert.equal(outcomes[0].result, "filter_miss");
  assert.deepEqual(outcomes[0].filter.selected, ['"dev"', '"release"']);
  assert.deepEqual([outcomes[0].filter.path, outcomes[0].filter.expected], ["commits[*].branch", "main"]);
  assert.deepEqual(await org.pipelines.listRuns(project.name, pipeline.id), []);
  await push("site", "dev", "main");
  assert.equal((await org.pipelines.listRuns(project.name, pipeline.id)).length, 1);
});

test("one webhook name in two projects, each with its own secret", async () => {
  const org = await fresh();
  const yaml = hooked("resource.message.title");
  const one = await org.hooked("one", yaml, SIGNED);
  const two = await org.hooked("two", yaml, { secret: "other", header: "X-Other" });
  const runs = async () => [
    (await org.pipelines.listRuns("one", one.pipeline.id)).length,
    (await org.pipelines.listRuns("two", two.pipeline.id)).length,
  ];
  const right = { "X-WH-Checksum": sha1("secret", BODY) };
  const other = { "X-Other": sha1("other", BODY) };
  const first = await org.post(right);
  assert.deepEqual([first.status, await runs()], [200, [1, 0]]);
  const story = await org.explain(first);
  assert.match(story, /WebHook reaches 2 webhook resources by the connection's webhookname/);
  assert.match(story, /X-Other does not hold the HMAC-SHA1 .*: the header is missing/);
  assert.equal((await org.post(other)).status, 200);
  assert.deepEqual(await runs(), [1, 1]);
  assert.equal((await org.post({ ...right, ...other })).status, 200);
  assert.deepEqual(await runs(), [2, 2]);
  // Neither takes the other's.
  assert.equal((await org.post({ "X-WH-Checksum": other["X-Other"], "X-Other": right["X-WH-Checksum"] })).status, 401);
  assert.deepEqual(await runs(), [2, 2]);
});

test("a delivery that came to nothing can be sent again when the pipeline is repaired", async () => {
  const org = await fresh();
  const { project, pipeline } = await org.hooked("site", hooked("resource.message"), SIGNED);
  const failed = await org.post({ "X-WH-Checksum": CHECKSUM });
  await org.push(project, { "/azure-pipelines.yml": hooked("resource.message.title") }, 2);
  const id = failed.headers.get("x-parhelion-delivery-id");
  const again = await org.control("POST", `surfaces/azure-devops/${org.name}/webhook-deliveries/${id}/redeliver`);
  assert.equal(again.redelivery_of, id);
  assert.equal(again.outcomes[0].result, "queued");
  const [run] = await org.pipelines.listRuns(project.name, pipeline.id);
  assert.equal(run.id, again.outcomes[0].build_id);
});

test("a preview expands, and tells what is wrong with its place", async () => {
  const org = await fresh();
  const { project, pipeline } = await org.hooked("site", "steps:\n- script: echo hi\n");
  const preview = (yamlOverride) =>
    org.pipelines.preview({ previewRun: true, yamlOverride }, project.name, pipeline.id);
  assert.deepEqual(Object.keys(await preview("steps:\n- script: echo ${{ 'there' }}\n")), ["finalYaml"]);
  assert.match((await preview()).finalYaml, /script: echo hi/);
  await assert.rejects(preview("steps:\n- scirpt: echo\n"), (error) => {
    assert.equal(error.statusCode, 400);
    assert.match(error.message, /^\/azure-pipelines\.yml \(Line: 2, Col: 3\): Unexpected value 'scirpt'/);
    return true;
  });
  await assert.rejects(preview("steps:\n- script: ${{ parameters.nothing }}\n"), /Line: 2, Col: 11/);
  assert.deepEqual(await org.pipelines.listRuns(project.name, pipeline.id), []);
});

test("what is not there is null, as this client shows a 404", async () => {
  const org = await fresh();
  const project = await org.project("site");
  assert.equal(await org.build.getBuild(project.name, 77), null);
  assert.equal(await org.pipelines.getPipeline(project.name, 77), null);
  assert.equal(await org.core.getProject("nobody"), null);
  assert.equal((await org.post()).status, 500);
  const connected = await org.web.connect();
  assert.equal(connected.authenticatedUser.providerDisplayName, "Parhelion User");
});

test("without a world's prefix it is the same", async () => {
  const org = await Organization.at(server.url, "Contoso-Root");
  const { project, pipeline } = await org.hooked("My Site", hooked("resource.message.title"), SIGNED);
  assert.equal((await org.post({ "X-WH-Checksum": CHECKSUM })).status, 200);
  const [run] = await org.pipelines.listRuns(project.name, pipeline.id);
  assert.deepEqual(await org.said(project, run.id), ["echo Hello, world!"]);
  // Links lead back to where they came from.
  assert.ok(run.url.startsWith(`${server.url}/Contoso-Root/`), run.url);
});
