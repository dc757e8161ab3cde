// The SCM site around Kudu's hooks and deployments, with the clients that people use: files, zips, settings, jobs.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
  folder = mkdtempSync(join(tmpdir(), "kudu-site-"));
});
after(async () => {
  rmSync(folder, { recursive: true });
  await server.stop();
});

/** By prefix and by host: both reach a site of their own. */
function address(name, how) {
  const port = new URL(server.url).port;
  return how === "prefix" ? `${server.url}/kudu/${name}` : `http://${name}.scm.localhost:${port}`;
}

/** kudu-api speaks to Azure alone: the address it takes as a base is replaced. Calls give body and response. */
function kuduApi(base) {
  const request = load("request");
  const defaults = request.defaults;
  request.defaults = (options) => defaults.call(request, { ...options, baseUrl: `${base}/` });
  const api = load("kudu-api")({ website: "site", username: "$site", password: "password" });
  request.defaults = defaults;
  return (group, name, ...given) =>
    new Promise((done, fail) => {
      api[group][name](...given, (error, ...results) => (error ? fail(error) : done(results)));
    });
}

for (const how of ["prefix", "host"]) {
  test(`files and zips with kudu-api, by ${how}`, async () => {
    const base = address(`files-${how}`, how);
    const call = kuduApi(base);
    const local = join(folder, `${how}.txt`);
    const place = "site/wwwroot/up.txt";
    writeFileSync(local, "from here");
    await call("vfs", "uploadFile", local, place);
    const [text, response] = await call("vfs", "getFile", place);
    assert.deepEqual([text, response.headers["content-type"]], ["from here", "text/plain"]);
    const [listed] = await call("vfs", "listFiles", "site/wwwroot");
    assert.equal(listed.find((entry) => entry.name === "up.txt").href, `${base}/api/vfs/${place}`);
    writeFileSync(local, "again");
    const [changed] = await call("vfs", "uploadFile", local, place, response.headers.etag);
    assert.equal(changed.statusCode, 204);
    const [refusal, stale] = await call("vfs", "deleteFile", place, response.headers.etag);
    assert.equal(stale.statusCode, 412, refusal);
    const [, deleted] = await call("vfs", "deleteFile", place);
    assert.equal(deleted.statusCode, 200);
    const [, made] = await call("vfs", "createDirectory", "site/wwwroot/new");
    assert.equal(made.statusCode, 201);
    const [, gone] = await call("vfs", "deleteDirectory", "site/wwwroot/new");
    assert.equal(gone.statusCode, 200);

    const packed = join(folder, `${how}.zip`);
    writeFileSync(packed, zip({ "a.txt": "one", "b/c.txt": "two" }));
    const [, unpacked] = await call("zip", "upload", packed, "site/wwwroot");
    assert.equal(unpacked.statusCode, 200);
    assert.equal((await call("vfs", "getFile", "site/wwwroot/b/c.txt"))[0], "two");
    // It asks without a slash and follows the redirect, to the same address.
    const back = join(folder, `${how}-back.zip`);
    const [downloaded] = await call("zip", "download", "site/wwwroot", back);
    assert.equal(downloaded.statusCode, 200);
    assert.equal(downloaded.request.uri.href, `${base}/api/zip/site/wwwroot/`);
    const dumped = (await call("dump", "download", join(folder, `${how}-dump.zip`))).at(-1);
    assert.equal(dumped.headers["content-type"], "application/zip");
  });

  test(`settings, jobs and the rest with kudu-api, by ${how}`, async () => {
    const base = address(`rest-${how}`, how);
    const call = kuduApi(base);
    const body = async (...given) => (await call(...given))[0];
    await call("settings", "set", { mode: "fast" });
    assert.equal(await body("settings", "get", "MODE"), "fast");
    assert.equal((await body("settings", "list")).deployment_branch, "master");
    await call("settings", "del", "mode");
    assert.match((await body("settings", "get", "mode")).Message, /does not exist/);
    await call("diagnostics", "set", { mine: "x" });
    assert.equal(await body("diagnostics", "get", "mine"), "x");
    assert.equal((await body("diagnostics", "list")).AzureDriveTraceLevel, "Error");
    await call("diagnostics", "del", "mine");
    await assert.rejects(call("diagnostics", "get", "mine"));

    const script = join(folder, "run.cmd");
    writeFileSync(script, "echo hi\r\n");
    await call("webjobs", "uploadTriggered", "mail", script);
    assert.equal((await body("webjobs", "getTriggered", "mail")).run_command, "run.cmd");
    const started = (await call("webjobs", "runTriggered", "mail", "a b")).at(-1);
    const { runs } = await body("webjobs", "listTriggeredHistory", "mail");
    assert.equal(started.headers.location, runs[0].url);
    assert.equal((await body("webjobs", "getTriggeredHistory", "mail", runs[0].id)).job_name, "mail");
    assert.ok((await body("webjobs", "listTriggeredAsSwagger")).paths["/api/triggeredjobs/mail/run"]);
    await call("webjobs", "uploadContinuous", "watch", script);
    await call("webjobs", "stopContinuous", "watch");
    assert.equal((await body("webjobs", "getContinuous", "watch")).status, "Stopped");
    await call("webjobs", "startContinuous", "watch");
    await call("webjobs", "setContinuousSettings", "watch", { is_singleton: true });
    assert.deepEqual(await body("webjobs", "getContinuousSettings", "watch"), { is_singleton: true });
    assert.deepEqual((await body("webjobs", "listAll")).map((job) => job.name), ["mail", "watch"]);
    assert.equal((await body("webjobs", "listContinuous"))[0].status, "Running");
    await call("webjobs", "deleteTriggered", "mail");
    await call("webjobs", "deleteContinuous", "watch");
    assert.deepEqual(await body("webjobs", "listTriggered"), []);
    await assert.rejects(call("webjobs", "getTriggered", "mail"), /404/);

    assert.ok((await body("scm", "info")).GitUrl.startsWith(`${base}/`));
    assert.match((await body("environment", "get")).version, /^\d+\.\d+\.\d+\.\d+$/);
    assert.equal((await body("command", "exec", "echo", "site")).ExitCode, -1);
    assert.deepEqual(await body("logs", "recent"), []);
    assert.match(await body("sshkey", "get", true), /^ssh-rsa /);
    assert.equal((await call("scm", "clean"))[1].statusCode, 204);
    assert.equal((await call("scm", "del"))[1].statusCode, 204);
  });

  test(`files, settings and jobs with the generated client, by ${how}`, async () => {
    const credentials = new BasicAuthenticationCredentials("$site", "password");
    const baseUri = address(`generated-${how}`, how);
    const kudu = new (KuduClient.KuduClient ?? KuduClient)(credentials, { baseUri });
    const text = (answer) => answer._response.bodyAsText;
    const script = Buffer.from("exit 0");
    const put = await kudu.vfs.putItem(script, "site/wwwroot/App_Data/jobs/triggered/j/run.cmd").catch((e) => e);
    assert.equal(put._response?.status ?? put.statusCode, 201);
    assert.equal(text(await kudu.vfs.getItem("site/wwwroot/App_Data/jobs/triggered/j/run.cmd")), "exit 0");
    assert.equal(JSON.parse(text(await kudu.jobs.listTriggeredJobs()))[0].name, "j");
    assert.equal(JSON.parse(text(await kudu.jobs.getTriggeredJob("j"))).type, "triggered");
    assert.equal(JSON.parse(text(await kudu.settings.getAll1())).deployment_branch, "master");
    await kudu.settings.set1({ a: "b" }).catch((error) => assert.equal(error.statusCode, 204));
    assert.equal(JSON.parse(text(await kudu.settings.get1("A"))), "b");
    assert.match(text(await kudu.environment.get1()), /"version"/);
    assert.match(text(await kudu.runtime.getRuntimeVersions1()), /"nodejs"/);
    assert.match(text(await kudu.process.getAllProcesses()), /"w3wp"/);
  });

  test(`what GitHub's actions do with files and settings, by ${how}`, async () => {
    const kudu = new Kudu(address(`action-site-${how}`, how), { username: "$site", password: "password" });
    assert.equal((await kudu.getAppSettings()).deployment_branch, "master");
    assert.ok((await kudu.getAppRuntime()).nodejs.length > 0);
    const local = join(folder, `action-${how}.txt`);
    for (const content of ["one", "two"]) {
      writeFileSync(local, content);
      await kudu.uploadFile("/site/wwwroot/dir", "a.txt", local);
      assert.equal(await kudu.getFileContent("/site/wwwroot/dir", "a.txt"), content);
    }
    const packed = join(folder, `action-${how}.zip`);
    writeFileSync(packed, zip({ "z.txt": "zipped" }));
    await kudu.extractZIP(packed, "/site/wwwroot/new");
    assert.equal(await kudu.getFileContent("/site/wwwroot/new", "z.txt"), "zipped");
    await kudu.deleteFile("/site/wwwroot/new", "z.txt");
    assert.equal(await kudu.getFileContent("/site/wwwroot/new", "z.txt"), null);
  });
}
