// Secure Source Manager through `googleapis`, the only official client for JavaScript that has it: a short story of each resource.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { google } from "googleapis";
import { Server } from "./kit.js";

const PLACE = "projects/my-project/locations/us-central1";
const INSTANCE = `${PLACE}/instances/my-instance`;
const REPOSITORY = `${PLACE}/repositories/my-repo`;

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

/** The resources below a location, in a world of their own: by a header, for the client keeps no path of a root URL. */
function locations(world) {
  const headers = { "x-parhelion-world": world };
  const options = { version: "v1", rootUrl: `${server.url}/`, headers, retry: false };
  return google.securesourcemanager(options).projects.locations;
}

/** What an operation made; it is asked for by its name, as a client does that waits for it. */
async function made(at, { data: started }) {
  const { data } = await at.operations.get({ name: started.name });
  assert.equal(data.done, true);
  assert.equal(data.error, undefined);
  return data.response;
}

async function prepared(world) {
  const at = locations(world);
  await made(at, await at.instances.create({ parent: PLACE, instanceId: "my-instance", requestBody: {} }));
  const repository = await create(at, "my-repo", { initialConfig: { defaultBranch: "main", readme: "default" } });
  return { at, repository };
}

async function create(at, repositoryId, more = {}) {
  const requestBody = { instance: INSTANCE, ...more };
  return made(at, await at.repositories.create({ parent: PLACE, repositoryId, requestBody }));
}

/** A refusal: its HTTP status, its name, its sentence, and its one detail. */
async function refused(call, code, status, message) {
  const error = await call.then(
    () => assert.fail(`no ${status}`),
    (error) => error,
  );
  assert.equal(error.response?.status, code, error.message);
  const told = error.response.data.error;
  assert.deepEqual([told.code, told.status], [code, status]);
  assert.match(told.message, message);
  assert.equal(error.message, told.message);
  assert.ok(told.details === undefined || told.details.length === 1);
  return told.details?.[0];
}

test("an instance holds a repository, whose first commit can be read", async () => {
  const { at, repository } = await prepared("repository");
  const { data: instance } = await at.instances.get({ name: INSTANCE });
  assert.equal(instance.state, "ACTIVE");
  assert.match(instance.hostConfig.gitHttp, /^my-instance-\d+-git\.us-central1\.sourcemanager\./);
  assert.equal(repository.name, REPOSITORY);
  assert.match(repository.uris.gitHttps, /\/my-project\/my-repo\.git$/);
  const { data: tree } = await at.repositories.fetchTree({ repository: REPOSITORY, ref: "main", recursive: true });
  assert.deepEqual(
    tree.treeEntries.map(({ type, path, mode }) => [type, path, mode]),
    [["BLOB", "README.md", "100644"]],
  );
  const [{ sha, size }] = tree.treeEntries;
  const { data: blob } = await at.repositories.fetchBlob({ repository: REPOSITORY, sha });
  const text = Buffer.from(blob.content, "base64");
  assert.equal(text.length, Number(size));
  assert.match(text.toString(), /my-repo/);
  const name = REPOSITORY;
  const description = { name, updateMask: "description", requestBody: { description: "Ours" } };
  await made(at, await at.repositories.patch(description));
  const { data: changed } = await at.repositories.get({ name });
  assert.equal(changed.description, "Ours");
  assert.notEqual(changed.etag, repository.etag);
});

test("branch rules and hooks are made, changed by a mask, and deleted", async () => {
  const { at } = await prepared("rules");
  const parent = REPOSITORY;
  const { branchRules, hooks } = at.repositories;
  const asked = { includePattern: "main", requirePullRequest: true, minimumApprovalsCount: 1 };
  const rule = await made(at, await branchRules.create({ parent, branchRuleId: "main-rule", requestBody: asked }));
  assert.equal(rule.name, `${REPOSITORY}/branchRules/main-rule`);
  assert.deepEqual({ ...rule, ...asked }, rule);
  const tried = { name: rule.name, updateMask: "disabled", requestBody: { disabled: true } };
  const { data: checked } = await branchRules.patch({ ...tried, validateOnly: true });
  assert.deepEqual([checked.done, checked.response.disabled], [true, true]);
  assert.ok(!(await branchRules.get({ name: rule.name })).data.disabled);
  await made(at, await branchRules.patch(tried));
  const { data: disabled } = await branchRules.get({ name: rule.name });
  assert.deepEqual([disabled.disabled, disabled.includePattern], [true, "main"]);

  const requestBody = {
    targetUri: "https://ci.example.com/in",
    events: ["PUSH", "PULL_REQUEST"],
    pushOption: { branchFilter: "main" },
    sensitiveQueryString: "token=s3cret",
  };
  const hook = await made(at, await hooks.create({ parent, hookId: "ci", requestBody }));
  assert.deepEqual(hook.events, ["PUSH", "PULL_REQUEST"]);
  assert.ok(!JSON.stringify(hook).includes("s3cret"));
  const filter = { pushOption: { branchFilter: "release/*" }, targetUri: "https://elsewhere.example.com/" };
  await made(at, await hooks.patch({ name: hook.name, updateMask: "pushOption.branchFilter", requestBody: filter }));
  const { data: filtered } = await hooks.get({ name: hook.name });
  assert.equal(filtered.pushOption.branchFilter, "release/*");
  assert.equal(filtered.targetUri, requestBody.targetUri);

  await made(at, await hooks.delete({ name: hook.name }));
  await made(at, await branchRules.delete({ name: rule.name }));
  assert.equal((await hooks.list({ parent })).data.hooks, undefined);
  assert.equal((await branchRules.list({ parent })).data.branchRules, undefined);
});

test("lists come in pages", async () => {
  const { at } = await prepared("pages");
  for (const name of ["more-1", "more-2", "more-3", "more-4"]) await create(at, name);
  const sizes = [];
  const names = [];
  let pageToken;
  do {
    const { data } = await at.repositories.list({ parent: PLACE, pageSize: 2, pageToken });
    sizes.push(data.repositories.length);
    names.push(...data.repositories.map(({ name }) => name.split("/").pop()));
    pageToken = data.nextPageToken;
  } while (pageToken);
  assert.deepEqual(sizes, [2, 2, 1]);
  assert.deepEqual(names.sort(), ["more-1", "more-2", "more-3", "more-4", "my-repo"]);
  const nonsense = at.repositories.list({ parent: PLACE, pageToken: "nonsense" });
  await refused(nonsense, 400, "INVALID_ARGUMENT", /page token/);
});

test("refusals say which field or which resource", async () => {
  const { at } = await prepared("refusals");
  const { hooks } = at.repositories;
  const requestBody = { targetUri: "ftp://ci.example.com", events: ["PUSH"] };
  const bad = hooks.create({ parent: REPOSITORY, hookId: "ci", requestBody });
  const request = await refused(bad, 400, "INVALID_ARGUMENT", /^Invalid value for field 'hook\.target_uri': /);
  assert.equal(request["@type"], "type.googleapis.com/google.rpc.BadRequest");
  assert.deepEqual(
    request.fieldViolations.map(({ field }) => field),
    ["hook.target_uri"],
  );
  const name = `${REPOSITORY}/hooks/none`;
  const none = await refused(hooks.get({ name }), 404, "NOT_FOUND", /^Resource '.*' was not found$/);
  assert.equal(none["@type"], "type.googleapis.com/google.rpc.ResourceInfo");
  assert.equal(none.resourceName, name);
  const again = at.instances.create({ parent: PLACE, instanceId: "my-instance", requestBody: {} });
  const taken = await refused(again, 409, "ALREADY_EXISTS", /already exists$/);
  assert.equal(taken.resourceName, INSTANCE);
  const unknown = at.repositories.patch({ name: REPOSITORY, updateMask: "colour", requestBody: {} });
  await refused(unknown, 400, "INVALID_ARGUMENT", /colour/);
});

test("an instance with a repository is deleted by force only", async () => {
  const { at } = await prepared("deletion");
  const name = INSTANCE;
  await refused(at.instances.delete({ name }), 400, "FAILED_PRECONDITION", /./);
  await made(at, await at.repositories.delete({ name: REPOSITORY }));
  await refused(at.repositories.get({ name: REPOSITORY }), 404, "NOT_FOUND", /my-repo/);
  await create(at, "other-repo");
  await made(at, await at.instances.delete({ name, force: true }));
  await refused(at.instances.get({ name }), 404, "NOT_FOUND", /my-instance/);
  const gone = at.repositories.get({ name: `${PLACE}/repositories/other-repo` });
  await refused(gone, 404, "NOT_FOUND", /other-repo/);
});
