// Kudu's clients: the only one with hooks (AutoRest), and the one that GitHub's actions deploy with.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Server } from "./kit.js";
import { zip } from "./kudu-kit.js";

const load = createRequire(import.meta.url);
const { BasicAuthenticationCredentials } = load("@azure/ms-rest-js");
const KuduClient = load("vscode-azurekudu");
const { Kudu } = load("azure-actions-appservice-rest/Kudu/azure-app-kudu-service.js");

let server;
let folder;

before(async () => {
  server = await Server.start();
  folder = mkdtempSync(join(tmpdir(), "kudu-"));
});
after(async () => {
  rmSync(folder, { recursive: true });
  await server.stop();
});

function packageOf(name, files) {
  const path = join(folder, name);
  writeFileSync(path, zip(files));
  return path;
}

/** A receiver of hooks: what came, in order. */
async function receiver() {
  const came = [];
  const listening = createServer((request, answer) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => {
      came.push(JSON.parse(Buffer.concat(pieces)));
      answer.end();
    });
  });
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  return { came, url: `http://127.0.0.1:${listening.address().port}/hook`, stop: () => listening.close() };
}

const client = (baseUri) =>
  new (KuduClient.KuduClient ?? KuduClient)(new BasicAuthenticationCredentials("$site", "password"), { baseUri });

/** By prefix and by host: both reach a site of their own. */
function addresses(name) {
  const port = new URL(server.url).port;
  return { prefix: `${server.url}/kudu/${name}`, host: `http://${name}.scm.localhost:${port}` };
}

for (const how of ["prefix", "host"]) {
  test(`hooks with the generated client, by ${how}`, async () => {
    const kudu = client(addresses(`hooks-${how}`)[how]);
    const receiving = await receiver();
    const wanted = { hookAddress: receiving.url, hookEventType: "MyEvent", url: receiving.url, event: "MyEvent" };
    // It knows 200 alone: against Azure, too, a 201 is thrown.
    await assert.rejects(kudu.webHooks.subscribe1(wanted), (error) => error.statusCode === 201);
    await assert.rejects(kudu.webHooks.subscribe(wanted), (error) => error.statusCode === 201);
    const listed = await kudu.webHooks.getWebHooks1();
    const [hook, ...others] = JSON.parse(listed._response.bodyAsText);
    assert.deepEqual(others, []);
    assert.deepEqual([hook.url, hook.event, hook.last_status], [receiving.url, "MyEvent", null]);
    await kudu.webHooks.publishEvent1("myevent", { some: "thing", none: null });
    assert.deepEqual(receiving.came, [{ some: "thing", none: null }]);
    const got = await kudu.webHooks.getWebHook1(hook.id);
    assert.equal(JSON.parse(got._response.bodyAsText).last_status, "OK");
    await kudu.webHooks.unsubscribe1(hook.id);
    assert.equal((await kudu.webHooks.getWebHooks())._response.bodyAsText, "[]");
    receiving.stop();
  });

  test(`a zip that is pushed and looked at with the generated client, by ${how}`, async () => {
    const root = addresses(`push-${how}`)[how];
    const kudu = client(root);
    const receiving = await receiver();
    await kudu.webHooks.subscribe1({ url: receiving.url, event: "PostDeployment" }).catch(() => {});
    const pushed = await fetch(`${root}/api/zipdeploy?author=A`, { method: "POST", body: zip({ "a.txt": "one" }) });
    assert.equal(pushed.status, 200);
    const [shown] = JSON.parse((await kudu.deployment.getDeployResults1())._response.bodyAsText);
    assert.deepEqual([receiving.came[0].id, receiving.came[0].status], [shown.id, "success"]);
    assert.equal(shown.url, `${root}/api/deployments/${shown.id}`);
    const one = JSON.parse((await kudu.deployment.getResult1(shown.id))._response.bodyAsText);
    assert.deepEqual([one.status, one.active, one.author], [4, true, "A"]);
    const log = JSON.parse((await kudu.deployment.getLogEntry1(shown.id))._response.bodyAsText);
    const command = log.find((entry) => entry.details_url && entry.message.startsWith("Running deployment"));
    const details = await kudu.deployment.getLogEntryDetails1(shown.id, command.id);
    assert.match(details._response.bodyAsText, /Copying file: 'a.txt'/);
    receiving.stop();
  });

  test(`a package deployed as GitHub's actions do, by ${how}`, async () => {
    const root = addresses(`action-${how}`)[how];
    const kudu = new Kudu(root, { username: "$site", password: "password" });
    const package_ = packageOf(`${how}.zip`, { "index.html": "hi" });
    assert.equal(await kudu.zipDeploy(package_, ["isAsync=false", "deployer=GITHUB_ZIP_DEPLOY"]), null);
    const done = await kudu.zipDeploy(package_, ["isAsync=true", "deployer=GITHUB_ZIP_DEPLOY"]);
    assert.deepEqual([done.status, done.deployer, done.is_temp], [4, "GITHUB_ZIP_DEPLOY", false]);
    const history = { id: "abc123", status: 4, message: "{}", author: "me", deployer: "GitHub", active: false };
    assert.equal(await kudu.updateDeployment(history), "abc123");
    await kudu.getDeploymentLogs(`${root}/api/deployments/${done.id}/log`);
  });
}

test("a build that fails is a deployment that the action reports as failed", async () => {
  const kudu = new Kudu(addresses("failing").prefix, "a bearer token");
  const package_ = packageOf("failing.zip", { ".deployment": "[config]\ncommand = nonsense\n" });
  const done = await kudu.zipDeploy(package_, ["isAsync=true"]).catch((error) => error);
  assert.equal(done.status ?? 3, 3);
  const latest = await fetch(`${addresses("failing").prefix}/api/deployments/latest`);
  assert.equal((await latest.json()).status, 3);
});
