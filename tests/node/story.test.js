// The whole story of CodePipeline with its official client, told once in each protocol: workers, approvals, retries,
// rollbacks, conditions, modes and triggers.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as kit from "./kit.js";
import { CLIENT_TOKEN, PARTNER, WORKER, action, approval, deployment, objectSource, pipeline, stage, type } from "./kit.js";

const COMMIT = "85c7e78e6dfb63bcad4a0bb0953c0b3554ed0e93";
const SECRET = "a secret of the test's";

let server;
before(async () => {
  server = await kit.Server.start();
});
after(() => server.stop());

for (const protocol of Object.keys(kit.PROTOCOLS)) {
  describe(protocol, () => {
    let worlds = 0;
    const world = () => server.world(`node-${protocol}-${(worlds += 1)}`, protocol);

    test("a custom worker builds from S3, somebody approves, and the result is deployed", async () => {
      const at = world();
      await at.s3.createBucket({ Bucket: "sources" });
      await at.s3.createBucket({ Bucket: "public" });
      await at.s3.putObject({ Bucket: "sources", Key: "app.zip", Body: "the source" });
      await at.aws.createCustomActionType({
        category: "Build",
        provider: "Builder",
        version: "1",
        settings: { executionUrlTemplate: "https://builds.example/{ExternalExecutionId}" },
        configurationProperties: [{ name: "Project", required: true, key: true, secret: false, queryable: true }],
        inputArtifactDetails: { minimumCount: 0, maximumCount: 5 },
        outputArtifactDetails: { minimumCount: 0, maximumCount: 5 },
      });
      const build = action("Make", WORKER, {
        configuration: { Project: "site" },
        inputs: ["Code"],
        outputs: ["Built"],
        namespace: "built",
      });
      const ask = action("Ask", type("Approval", "AWS", "Manual"), {
        configuration: { CustomData: "release #{built.VERSION}?" },
      });
      const copy = action("Copy", type("Deploy", "AWS", "S3"), {
        configuration: { BucketName: "public", Extract: "false", ObjectKey: "site-#{built.VERSION}.zip" },
        inputs: ["Built"],
      });
      await at.aws.createPipeline({
        pipeline: pipeline("site", [
          objectSource(),
          stage("Build", [build]),
          stage("Approve", [ask]),
          stage("Deploy", [copy]),
        ]),
      });
      const [execution] = await at.executions("site");
      assert.equal(execution.trigger.triggerType, "CreatePipeline");
      const head = await at.s3.headObject({ Bucket: "sources", Key: "app.zip" });
      assert.ok(execution.sourceRevisions[0].revisionId, head.ETag);

      const poll = (Project) => at.aws.pollForJobs({ actionTypeId: WORKER, queryParam: { Project } });
      assert.deepEqual((await poll("another")).jobs, []);
      const [job] = (await poll("site")).jobs;
      assert.equal(job.data.pipelineContext.pipelineExecutionId, execution.pipelineExecutionId);
      const { status } = await at.aws.acknowledgeJob({ jobId: job.id, nonce: job.nonce });
      assert.equal(status, "InProgress");
      const second = at.aws.acknowledgeJob({ jobId: job.id, nonce: job.nonce });
      await assert.rejects(second, { name: "InvalidNonceException" });

      // It takes longer than one job: the next one carries the token.
      await at.aws.putJobSuccessResult({
        jobId: job.id,
        continuationToken: "step-2",
        executionDetails: { summary: "half way", externalExecutionId: "run-7", percentComplete: 50 },
      });
      const making = (await at.stage("site", "Build")).actionStates[0].latestExecution;
      assert.deepEqual([making.status, making.percentComplete], ["InProgress", 50]);
      const [next] = (await poll("site")).jobs;
      assert.notEqual(next.id, job.id);
      assert.equal(next.data.continuationToken, "step-2");
      await at.aws.acknowledgeJob({ jobId: next.id, nonce: next.nonce });

      const { jobDetails } = await at.aws.getJobDetails({ jobId: next.id });
      const s3 = at.storage(jobDetails.data.artifactCredentials);
      const input = jobDetails.data.inputArtifacts[0].location.s3Location;
      assert.equal(await at.object(input.bucketName, input.objectKey, s3), "the source");
      const output = jobDetails.data.outputArtifacts[0].location.s3Location;
      await s3.putObject({ Bucket: output.bucketName, Key: output.objectKey, Body: "the build" });
      await at.aws.putJobSuccessResult({
        jobId: next.id,
        executionDetails: { summary: "built", externalExecutionId: "run-7", percentComplete: 100 },
        outputVariables: { VERSION: "7" },
      });
      const made = (await at.stage("site", "Build")).actionStates[0].latestExecution;
      assert.deepEqual([made.status, made.summary, made.externalExecutionId], ["Succeeded", "built", "run-7"]);
      assert.equal(made.externalExecutionUrl, "https://builds.example/run-7");

      const asked = (await at.stage("site", "Approve")).actionStates[0].latestExecution;
      const where = { pipelineName: "site", stageName: "Approve", actionName: "Ask" };
      const answer = (token, result) => at.aws.putApprovalResult({ ...where, token, result });
      const yes = { summary: "fine", status: "Approved" };
      const wrong = answer("11111111-1111-4111-8111-111111111111", yes);
      await assert.rejects(wrong, { name: "InvalidApprovalTokenException" });
      const { approvedAt } = await answer(asked.token, yes);
      assert.ok(approvedAt instanceof Date);
      await assert.rejects(answer(asked.token, yes), { name: "ApprovalAlreadyCompletedException" });

      assert.equal(await at.status("site", execution.pipelineExecutionId), "Succeeded");
      assert.equal(await at.object("public", "site-7.zip"), "the build");
      const { actionExecutionDetails } = await at.aws.listActionExecutions({ pipelineName: "site" });
      const done = Object.fromEntries(actionExecutionDetails.map((one) => [one.actionName, one]));
      assert.deepEqual(done.Make.output.outputVariables, { VERSION: "7" });
      assert.equal(done.Ask.input.resolvedConfiguration.CustomData, "release 7?");
      assert.equal(done.Copy.input.inputArtifacts[0].s3location.key, output.objectKey);
    });

    test("a partner's worker takes its job with its client's token and hands an artifact on", async () => {
      const at = world();
      await at.s3.createBucket({ Bucket: "sources" });
      await at.s3.putObject({ Bucket: "sources", Key: "app.zip", Body: "the source" });
      const load = action("Load", PARTNER, { inputs: ["Code"], outputs: ["Figures"] });
      await at.aws.createPipeline({ pipeline: pipeline("site", [objectSource(), stage("Test", [load])]) });
      const [execution] = await at.executions("site");
      const { jobs } = await at.aws.pollForThirdPartyJobs({ actionTypeId: PARTNER, maxBatchSize: 5 });
      assert.equal(jobs.length, 1);
      assert.deepEqual(Object.keys(jobs[0]).sort(), ["clientId", "jobId"]);
      const { jobId } = jobs[0];
      const forged = at.aws.getThirdPartyJobDetails({ jobId, clientToken: "forged" });
      await assert.rejects(forged, { name: "InvalidClientTokenException" });
      const { jobDetails } = await at.aws.getThirdPartyJobDetails({ jobId, clientToken: CLIENT_TOKEN });
      assert.equal(jobDetails.data.pipelineContext.pipelineExecutionId, undefined);
      await at.aws.acknowledgeThirdPartyJob({ jobId, clientToken: CLIENT_TOKEN, nonce: jobDetails.nonce });
      const s3 = at.storage(jobDetails.data.artifactCredentials);
      const input = jobDetails.data.inputArtifacts[0].location.s3Location;
      assert.equal(await at.object(input.bucketName, input.objectKey, s3), "the source");
      const output = jobDetails.data.outputArtifacts[0].location.s3Location;
      await s3.putObject({ Bucket: output.bucketName, Key: output.objectKey, Body: "p99 = 7 ms" });
      await at.aws.putThirdPartyJobSuccessResult({ jobId, clientToken: CLIENT_TOKEN });
      assert.equal(await at.status("site", execution.pipelineExecutionId), "Succeeded");
    });

    test("a failed stage is tried again in place", async () => {
      const at = world();
      const load = action("Load", PARTNER, { inputs: ["Code"] });
      await at.aws.createPipeline({ pipeline: pipeline("site", [objectSource(), stage("Test", [load])]) });
      const [{ pipelineExecutionId }] = await at.executions("site");
      const take = async () => {
        const { jobs } = await at.aws.pollForThirdPartyJobs({ actionTypeId: PARTNER });
        const who = { jobId: jobs[0].jobId, clientToken: CLIENT_TOKEN };
        const { jobDetails } = await at.aws.getThirdPartyJobDetails(who);
        await at.aws.acknowledgeThirdPartyJob({ ...who, nonce: jobDetails.nonce });
        return who;
      };
      const failureDetails = { type: "JobFailed", message: "too slow" };
      await at.aws.putThirdPartyJobFailureResult({ ...(await take()), failureDetails });
      assert.equal(await at.status("site", pipelineExecutionId), "Failed");
      const failed = (await at.stage("site", "Test")).actionStates[0].latestExecution;
      assert.equal(failed.errorDetails.message, "too slow");

      const retry = { pipelineName: "site", stageName: "Test", pipelineExecutionId, retryMode: "FAILED_ACTIONS" };
      const retried = await at.aws.retryStageExecution(retry);
      assert.equal(retried.pipelineExecutionId, pipelineExecutionId);
      assert.equal(await at.status("site", pipelineExecutionId), "InProgress");
      assert.equal((await at.stage("site", "Test")).retryStageMetadata.manualStageRetryAttempt, 1);
      await at.aws.putThirdPartyJobSuccessResult(await take());
      assert.equal(await at.status("site", pipelineExecutionId), "Succeeded");
      const { actionExecutionDetails } = await at.aws.listActionExecutions({ pipelineName: "site" });
      const loads = actionExecutionDetails.filter((one) => one.actionName === "Load");
      assert.deepEqual(loads.map((one) => one.status).sort(), ["Failed", "Succeeded"]);
      await assert.rejects(at.aws.retryStageExecution(retry), { name: "StageNotRetryableException" });
    });

    test("a stage is rolled back to an earlier execution", async () => {
      const at = world();
      await at.aws.createPipeline({ pipeline: pipeline("site", [objectSource(), stage("Deploy", [deployment()])]) });
      const [first] = await at.executions("site");
      await at.aws.startPipelineExecution({ name: "site" });
      await at.idle();
      const rolled = await at.aws.rollbackStage({
        pipelineName: "site",
        stageName: "Deploy",
        targetPipelineExecutionId: first.pipelineExecutionId,
      });
      const [newest, ...others] = await at.executions("site");
      assert.equal(newest.pipelineExecutionId, rolled.pipelineExecutionId);
      assert.equal(others.length, 2);
      assert.deepEqual([newest.executionType, newest.status], ["ROLLBACK", "Succeeded"]);
      assert.equal(newest.trigger.triggerType, "ManualRollback");
      assert.equal(newest.rollbackMetadata.rollbackTargetPipelineExecutionId, first.pipelineExecutionId);
      const source = await at.stage("site", "Source");
      assert.equal(source.latestExecution.pipelineExecutionId, others[0].pipelineExecutionId);
    });

    test("a condition holds a stage until it is overridden", async () => {
      const at = world();
      const rules = [kit.variableCheck("#{variables.Env}", "prod")];
      const guarded = stage("Deploy", [deployment()], { beforeEntry: { conditions: [{ result: "FAIL", rules }] } });
      const variables = [{ name: "Env", defaultValue: "test" }];
      await at.aws.createPipeline({ pipeline: pipeline("site", [objectSource(), guarded], { variables }) });
      const [{ pipelineExecutionId }] = await at.executions("site");
      assert.equal(await at.status("site", pipelineExecutionId), "Failed");
      const held = await at.stage("site", "Deploy");
      assert.equal(held.beforeEntryConditionState.latestExecution.status, "Failed");
      assert.equal(held.actionStates[0].latestExecution, undefined);
      const { ruleExecutionDetails } = await at.aws.listRuleExecutions({ pipelineName: "site" });
      assert.deepEqual([ruleExecutionDetails[0].ruleName, ruleExecutionDetails[0].status], ["Check", "Failed"]);
      assert.equal(ruleExecutionDetails[0].input.resolvedConfiguration.Variable, "test");

      await at.aws.overrideStageCondition({
        pipelineName: "site",
        stageName: "Deploy",
        pipelineExecutionId,
        conditionType: "BEFORE_ENTRY",
      });
      assert.equal(await at.status("site", pipelineExecutionId), "Succeeded");
      const free = await at.aws.startPipelineExecution({ name: "site", variables: [{ name: "Env", value: "prod" }] });
      assert.equal(await at.status("site", free.pipelineExecutionId), "Succeeded");
    });

    test("QUEUED goes one by one in order, PARALLEL all at once, and both can be stopped", async () => {
      const at = world();
      const stages = [objectSource(), stage("Approve", [approval()])];
      const where = (pipelineName) => ({ pipelineName, stageName: "Approve", actionName: "Ask" });
      const result = { summary: "fine", status: "Approved" };
      await at.aws.createPipeline({ pipeline: pipeline("queued", stages, { executionMode: "QUEUED" }) });
      const [first] = await at.executions("queued");
      const second = await at.aws.startPipelineExecution({ name: "queued" });
      const third = await at.aws.startPipelineExecution({ name: "queued" });
      for (const turn of [first, second]) {
        const holds = await at.stage("queued", "Approve");
        assert.equal(holds.latestExecution.pipelineExecutionId, turn.pipelineExecutionId);
        const { token } = holds.actionStates[0].latestExecution;
        await at.aws.putApprovalResult({ ...where("queued"), token, result });
        assert.equal(await at.status("queued", turn.pipelineExecutionId), "Succeeded");
      }
      const stop = { pipelineName: "queued", pipelineExecutionId: third.pipelineExecutionId, abandon: true };
      await at.aws.stopPipelineExecution({ ...stop, reason: "enough" });
      assert.equal(await at.status("queued", third.pipelineExecutionId), "Stopped");
      await assert.rejects(at.aws.stopPipelineExecution(stop), { name: "PipelineExecutionNotStoppableException" });

      await at.aws.createPipeline({ pipeline: pipeline("parallel", stages, { executionMode: "PARALLEL" }) });
      await at.aws.startPipelineExecution({ name: "parallel" });
      assert.equal((await at.executions("parallel")).length, 2);
      const { actionExecutionDetails } = await at.aws.listActionExecutions({ pipelineName: "parallel" });
      const asking = actionExecutionDetails.filter((one) => one.actionName === "Ask");
      assert.deepEqual(asking.map((one) => one.status), ["InProgress", "InProgress"]);
    });

    test("a disabled transition holds what comes", async () => {
      const at = world();
      await at.aws.createPipeline({ pipeline: pipeline("site", [objectSource(), stage("Deploy", [deployment()])]) });
      const gate = { pipelineName: "site", stageName: "Deploy", transitionType: "Inbound" };
      await at.idle();
      await at.aws.disableStageTransition({ ...gate, reason: "holiday" });
      const { pipelineExecutionId } = await at.aws.startPipelineExecution({ name: "site" });
      const held = await at.stage("site", "Deploy");
      assert.equal(held.inboundTransitionState.disabledReason, "holiday");
      assert.equal(held.inboundExecution.pipelineExecutionId, pipelineExecutionId);
      await at.aws.enableStageTransition(gate);
      assert.equal(await at.status("site", pipelineExecutionId), "Succeeded");
    });

    test("pushes, objects and revisions start what they concern", async () => {
      const at = world();
      const clone = action("Clone", type("Source", "AWS", "CodeStarSourceConnection"), {
        configuration: {
          ConnectionArn: "arn:aws:codeconnections:us-east-1:000000000000:connection/c",
          FullRepositoryId: "octo/site",
          BranchName: "main",
        },
        outputs: ["Code"],
      });
      const push = [{ branches: { includes: ["release/**"] }, filePaths: { excludes: ["docs/**"] } }];
      const triggers = [
        { providerType: "CodeStarSourceConnection", gitConfiguration: { sourceActionName: "Clone", push } },
      ];
      const stages = [stage("Source", [clone]), stage("Deploy", [deployment()])];
      await at.aws.createPipeline({ pipeline: pipeline("connected", stages, { triggers }) });
      const event = (branch, file) =>
        at.control("POST", "surfaces/codepipeline/source-events", {
          fullRepositoryId: "octo/site",
          kind: "push",
          branch,
          commitId: COMMIT,
          message: "Greet",
          files: [file],
        });
      assert.deepEqual((await event("main", "src/a.rs")).started, []);
      assert.deepEqual((await event("release/1", "docs/a.md")).started, []);
      const { started } = await event("release/1", "src/a.rs");
      assert.equal(started[0].pipeline, "connected");
      const [connected] = await at.executions("connected");
      assert.equal(connected.pipelineExecutionId, started[0].pipelineExecutionId);
      assert.equal(connected.trigger.triggerType, "WebhookV2");
      assert.equal(connected.sourceRevisions[0].revisionId, COMMIT);

      const pushed = action("Push", type("Source", "ThirdParty", "GitHub"), {
        configuration: { Owner: "octo", Repo: "site", Branch: "main", OAuthToken: "t", PollForSourceChanges: "false" },
        outputs: ["Code"],
      });
      await at.aws.createPipeline({
        pipeline: pipeline("hooked", [stage("Source", [pushed]), stage("Deploy", [deployment()])]),
      });
      const put = await at.aws.putWebhook({
        webhook: {
          name: "push",
          targetPipeline: "hooked",
          targetAction: "Push",
          filters: [{ jsonPath: "$.ref", matchEquals: "refs/heads/{Branch}" }],
          authentication: "GITHUB_HMAC",
          authenticationConfiguration: { SecretToken: SECRET },
        },
      });
      const { url, arn } = put.webhook;
      assert.equal((await at.push(url, "main", COMMIT, "another")).status, 403);
      assert.equal((await at.push(url, "main", COMMIT, SECRET)).status, 200);
      const [hooked] = await at.executions("hooked");
      assert.deepEqual(hooked.trigger, { triggerType: "Webhook", triggerDetail: arn });

      await at.s3.createBucket({ Bucket: "sources" });
      await at.s3.putBucketVersioning({ Bucket: "sources", VersioningConfiguration: { Status: "Enabled" } });
      const polled = objectSource({ PollForSourceChanges: "true" });
      await at.aws.createPipeline({ pipeline: pipeline("polled", [polled, stage("Deploy", [deployment()])]) });
      const before = (await at.executions("polled")).length;
      const { VersionId } = await at.s3.putObject({ Bucket: "sources", Key: "app.zip", Body: "the source" });
      const runs = await at.executions("polled");
      assert.equal(runs.length, before + 1);
      assert.equal(runs[0].trigger.triggerType, "PollForSourceChanges");
      assert.equal(runs[0].sourceRevisions[0].revisionId, VersionId);

      const revised = await at.aws.putActionRevision({
        pipelineName: "polled",
        stageName: "Source",
        actionName: "Fetch",
        actionRevision: { revisionId: VersionId, revisionChangeId: "c9", created: new Date("2026-01-01T00:00:00Z") },
      });
      assert.equal(revised.newRevision, true);
      assert.equal(await at.status("polled", revised.pipelineExecutionId), "Succeeded");
    });

    test("an approval that nobody answers fails after its seven days", async () => {
      const at = world();
      await at.control("PUT", "clock", { mode: "manual" });
      await at.aws.createPipeline({ pipeline: pipeline("site", [objectSource(), stage("Approve", [approval()])]) });
      const [{ pipelineExecutionId }] = await at.executions("site");
      await at.control("POST", "clock/advance", { by: "6d" });
      assert.equal(await at.status("site", pipelineExecutionId), "InProgress");
      await at.control("POST", "clock/advance", { by: "2d" });
      assert.equal(await at.status("site", pipelineExecutionId), "Failed");
    });
  });
}
