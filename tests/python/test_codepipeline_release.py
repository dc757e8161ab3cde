"""The life of a release with boto3: modes, transitions, approvals, stop, retry, rollback, conditions, triggers."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture
def aws(world):
    return boto3.client(
        "codepipeline",
        endpoint_url=world,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}),
    )


def action(name, category, provider, owner="AWS", **more):
    kind = {"category": category, "owner": owner, "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, **more}


def source(**more):
    configuration = {
        "ConnectionArn": "arn:aws:codeconnections:us-east-1:000000000000:connection/c",
        "FullRepositoryId": "octo/site",
        "BranchName": "main",
    }
    return action(
        "Code", "Source", "CodeStarSourceConnection",
        configuration=configuration, outputArtifacts=[{"name": "Code"}], **more,
    )


def build(**more):
    configuration = {"ProjectName": "site"} | more.pop("configuration", {})
    return action(
        "Compile", "Build", "CodeBuild", configuration=configuration, inputArtifacts=[{"name": "Code"}], **more
    )


def approve(**more):
    return action("Ask", "Approval", "Manual", **more)


def pipeline(*stages, mode="SUPERSEDED", **more):
    """A V2 pipeline: a source stage, then the given ones."""
    return {
        "name": "site",
        "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "pipelineType": "V2",
        "executionMode": mode,
        "stages": [{"name": "Source", "actions": [source(namespace="Git")]}, *stages],
        **more,
    }


def stage(name, *actions, **more):
    return {"name": name, "actions": list(actions), **more}


def condition(result, *rules):
    return {"conditions": [{"result": result, "rules": list(rules)}]}


def rule(name, provider, **configuration):
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "ruleTypeId": kind, "configuration": configuration}


def code(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


class Release:
    """The pipeline `site`, as its tests look at it."""

    def __init__(self, aws, control):
        self.aws, self.control = aws, control

    def create(self, *stages, **more):
        self.aws.create_pipeline(pipeline=pipeline(*stages, **more))
        self.control.idle()
        return self.newest()["pipelineExecutionId"]

    def start(self, **more):
        execution = self.aws.start_pipeline_execution(name="site", **more)["pipelineExecutionId"]
        self.control.idle()
        return execution

    def executions(self):
        return self.aws.list_pipeline_executions(pipelineName="site")["pipelineExecutionSummaries"]

    def newest(self):
        return self.executions()[0]

    def status(self, execution):
        got = self.aws.get_pipeline_execution(pipelineName="site", pipelineExecutionId=execution)
        return got["pipelineExecution"]["status"]

    def stage(self, name):
        states = self.aws.get_pipeline_state(name="site")["stageStates"]
        return next(state for state in states if state["stageName"] == name)

    def in_stage(self, name):
        return self.stage(name)["latestExecution"]["pipelineExecutionId"]

    def token(self, name="Ask", stage="Approve"):
        states = {state["actionName"]: state for state in self.stage(stage)["actionStates"]}
        return states[name]["latestExecution"]["token"]

    def answer(self, status="Approved", token=None, stage="Approve"):
        self.aws.put_approval_result(
            pipelineName="site", stageName=stage, actionName="Ask", token=token or self.token(stage=stage),
            result={"summary": "seen", "status": status},
        )
        self.control.idle()

    def behave(self, *outcomes, **match):
        match = {"surface": "codepipeline", **match}
        self.control.put("behaviours/scripted", {"match": match, "outcomes": list(outcomes)})


@pytest.fixture
def release(aws, control):
    control.put("clock", {"mode": "manual", "now": "2027-03-01T10:00:00Z"})
    return Release(aws, control)


FAIL = {"outcome": "fail", "code": "JobFailed", "message": "tests are red"}
SUCCEED = {"outcome": "succeed"}


def test_an_approval_that_nobody_answers_fails_after_seven_days(release, aws, control):
    execution = release.create(stage("Approve", approve()))
    token = release.token()
    control.post("clock/advance", {"by": "6d"})
    assert release.status(execution) == "InProgress"
    control.post("clock/advance", {"by": "2d"})
    assert release.status(execution) == "Failed"
    (state,) = release.stage("Approve")["actionStates"]
    assert state["latestExecution"]["status"] == "Failed" and "errorDetails" in state["latestExecution"]
    late = {"summary": "too late", "status": "Approved"}
    asked = {"pipelineName": "site", "stageName": "Approve", "actionName": "Ask", "result": late}
    assert code(aws.put_approval_result, token=token, **asked) == "InvalidApprovalTokenException"


def test_an_approval_is_answered_once_with_its_token(release, aws):
    execution = release.create(stage("Approve", approve(), build()))
    token = release.token()
    asked = {"pipelineName": "site", "stageName": "Approve", "result": {"summary": "ok", "status": "Approved"}}
    other = "11111111-1111-4111-8111-111111111111"
    assert code(aws.put_approval_result, actionName="Ask", token=other, **asked) == "InvalidApprovalTokenException"
    assert code(aws.put_approval_result, actionName="No", token=token, **asked) == "ActionNotFoundException"
    release.answer(token=token)
    assert release.status(execution) == "Succeeded"
    assert code(aws.put_approval_result, actionName="Ask", token=token, **asked) == "ApprovalAlreadyCompletedException"


def test_a_rejected_approval_fails_its_stage_and_can_be_asked_again(release, aws):
    execution = release.create(stage("Approve", approve()))
    release.answer("Rejected")
    assert release.status(execution) == "Failed"
    (state,) = release.stage("Approve")["actionStates"]
    assert state["latestExecution"]["errorDetails"] == {"code": "JobFailed", "message": "seen"}
    again = aws.retry_stage_execution(
        pipelineName="site", stageName="Approve", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    assert again["pipelineExecutionId"] == execution
    release.answer()
    assert release.status(execution) == "Succeeded"


def test_superseded_the_newest_waits_and_replaces_the_older_one(release):
    first = release.create(stage("Approve", approve()))
    second, third = release.start(), release.start()
    assert [e["status"] for e in release.executions()] == ["InProgress", "Superseded", "InProgress"]
    assert release.stage("Approve")["inboundExecution"]["pipelineExecutionId"] == third
    release.answer()
    assert release.status(first) == "Succeeded" and release.status(second) == "Superseded"
    assert release.in_stage("Approve") == third


def test_queued_executions_go_one_after_another(release):
    all = [release.create(stage("Approve", approve()), mode="QUEUED"), release.start(), release.start()]
    for execution in all:
        assert release.in_stage("Approve") == execution
        release.answer()
        assert release.status(execution) == "Succeeded"
    assert {e["executionMode"] for e in release.executions()} == {"QUEUED"}


def test_parallel_executions_do_not_wait_for_each_other(release, aws):
    all = [release.create(stage("Approve", approve()), mode="PARALLEL"), release.start(), release.start()]
    tokens = {}
    for execution in all:
        asked = {"pipelineName": "site", "filter": {"pipelineExecutionId": execution}}
        (ask, _) = aws.list_action_executions(**asked)["actionExecutionDetails"]
        assert (ask["actionName"], ask["status"]) == ("Ask", "InProgress")
        tokens[execution] = ask["output"]["executionResult"]["externalExecutionId"]
    for execution in reversed(all):
        release.answer(token=tokens[execution])
        assert release.status(execution) == "Succeeded"


def test_a_disabled_transition_holds_the_newest_execution(release, aws, control):
    release.create(stage("Build", build()))
    arguments = {"pipelineName": "site", "stageName": "Build", "transitionType": "Inbound"}
    aws.disable_stage_transition(reason="freeze", **arguments)
    held, newer = release.start(), release.start()
    state = release.stage("Build")
    assert state["inboundTransitionState"]["enabled"] is False
    assert state["inboundTransitionState"]["disabledReason"] == "freeze"
    assert state["inboundExecution"]["pipelineExecutionId"] == newer
    assert release.status(held) == "Superseded"
    assert "freeze" in control.explain(newer)
    aws.enable_stage_transition(**arguments)
    control.idle()
    assert release.status(newer) == "Succeeded"


def test_stop_waits_or_abandons_and_is_asked_once(release, aws):
    execution = release.create(stage("Approve", approve()))
    asked = {"pipelineName": "site", "pipelineExecutionId": execution}
    aws.stop_pipeline_execution(reason="wrong commit", **asked)
    assert release.status(execution) == "Stopping"
    assert code(aws.stop_pipeline_execution, **asked) == "DuplicatedStopRequestException"
    aws.stop_pipeline_execution(abandon=True, reason="now", **asked)
    assert release.status(execution) == "Stopped"
    (state,) = release.stage("Approve")["actionStates"]
    assert state["latestExecution"]["status"] == "Abandoned"
    assert release.newest()["stopTrigger"]["reason"] == "now"
    assert code(aws.stop_pipeline_execution, **asked) == "PipelineExecutionNotStoppableException"


def test_a_retry_runs_the_failed_actions_in_place(release, aws, control):
    control.put("behaviours/red", {"match": {"action": "Compile"}, "outcomes": [FAIL, SUCCEED]})
    execution = release.create(stage("Build", build(), action("Lint", "Test", "CodeBuild",
        configuration={"ProjectName": "lint"}, inputArtifacts=[{"name": "Code"}])), stage("Approve", approve()))
    assert release.status(execution) == "Failed"
    asked = {"pipelineName": "site", "stageName": "Build", "retryMode": "FAILED_ACTIONS"}
    other = "11111111-1111-4111-8111-111111111111"
    assert code(aws.retry_stage_execution, pipelineExecutionId=other, **asked) == "NotLatestPipelineExecutionException"
    assert aws.retry_stage_execution(pipelineExecutionId=execution, **asked)["pipelineExecutionId"] == execution
    control.idle()
    assert release.in_stage("Approve") == execution
    assert code(aws.retry_stage_execution, pipelineExecutionId=execution, **asked) == "StageNotRetryableException"
    listed = {"pipelineName": "site", "filter": {"pipelineExecutionId": execution}}
    runs = [(r["actionName"], r["status"]) for r in aws.list_action_executions(**listed)["actionExecutionDetails"]]
    assert runs.count(("Compile", "Failed")) == 1 and runs.count(("Compile", "Succeeded")) == 1
    assert sum(name == "Lint" for name, _ in runs) == 1
    assert release.stage("Build")["retryStageMetadata"]["manualStageRetryAttempt"] == 1
    latest = {"latestInPipelineExecution": {"pipelineExecutionId": execution, "startTimeRange": "Latest"}}
    runs = aws.list_action_executions(pipelineName="site", filter=latest)["actionExecutionDetails"]
    assert sorted(r["actionName"] for r in runs) == ["Ask", "Code", "Compile", "Lint"]


def test_a_stage_that_shall_retry_does_so_once_by_itself(release, control):
    control.put("behaviours/red", {"match": {"action": "Compile"}, "outcomes": [FAIL, SUCCEED]})
    again = {"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}}
    execution = release.create(stage("Build", build(), onFailure=again))
    assert release.status(execution) == "Succeeded"
    told = release.stage("Build")["retryStageMetadata"]
    assert told == {"autoStageRetryAttempt": 1, "latestRetryTrigger": "AutomatedStageRetry"}


def test_a_stage_is_rolled_back_to_an_execution_that_succeeded_in_it(release, aws, control):
    good = release.create(stage("Build", build()))
    bad = release.start()
    asked = {"pipelineName": "site", "targetPipelineExecutionId": good}
    assert code(aws.rollback_stage, stageName="Source", **asked) == "UnableToRollbackStageException"
    made = aws.rollback_stage(stageName="Build", **asked)["pipelineExecutionId"]
    control.idle()
    assert made not in (good, bad)
    shown = aws.get_pipeline_execution(pipelineName="site", pipelineExecutionId=made)["pipelineExecution"]
    assert (shown["status"], shown["executionType"]) == ("Succeeded", "ROLLBACK")
    assert shown["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": good}
    assert shown["trigger"]["triggerType"] == "ManualRollback"
    assert release.in_stage("Build") == made
    again = {"pipelineName": "site", "stageName": "Build", "targetPipelineExecutionId": made}
    assert code(aws.rollback_stage, **again) == "UnableToRollbackStageException"


def test_a_failing_stage_rolls_itself_back(release, control):
    good = release.create(stage("Build", build(), onFailure={"result": "ROLLBACK"}))
    control.put("behaviours/red", {"match": {"action": "Compile"}, "outcomes": [FAIL, SUCCEED]})
    bad = release.start()
    assert release.status(bad) == "Failed"
    made = release.newest()
    assert (made["executionType"], made["status"]) == ("ROLLBACK", "Succeeded")
    assert made["trigger"]["triggerType"] == "AutomatedRollback" and bad in made["trigger"]["triggerDetail"]
    assert made["rollbackMetadata"]["rollbackTargetPipelineExecutionId"] == good


def test_a_condition_keeps_an_execution_out_until_it_is_overridden(release, aws, control):
    check = rule("Approved", "VariableCheck", Variable="#{variables.ENV}", Value="prod", Operator="EQ")
    declared = [{"name": "ENV", "defaultValue": "test"}]
    gate = stage("Build", build(), beforeEntry=condition("FAIL", check))
    execution = release.create(gate, variables=declared)
    assert release.status(execution) == "Failed"
    state = release.stage("Build")
    assert state["beforeEntryConditionState"]["latestExecution"]["status"] == "Failed"
    assert all("latestExecution" not in action for action in state["actionStates"])
    (checked,) = aws.list_rule_executions(pipelineName="site")["ruleExecutionDetails"]
    assert (checked["ruleName"], checked["status"]) == ("Approved", "Failed")
    assert checked["input"]["resolvedConfiguration"]["Variable"] == "test"
    asked = {"pipelineName": "site", "stageName": "Build", "pipelineExecutionId": execution}
    assert code(aws.override_stage_condition, conditionType="ON_SUCCESS", **asked) == "ConditionNotOverridableException"
    aws.override_stage_condition(conditionType="BEFORE_ENTRY", **asked)
    control.idle()
    assert release.status(execution) == "Succeeded"
    good = release.start(variables=[{"name": "ENV", "value": "prod"}])
    assert release.status(good) == "Succeeded"
    shown = aws.get_pipeline_execution(pipelineName="site", pipelineExecutionId=good)["pipelineExecution"]
    assert shown["variables"] == [{"name": "ENV", "resolvedValue": "prod"}]


def test_a_stage_waits_for_its_window_as_long_as_its_rule_may(release, control):
    window = rule("Hours", "DeploymentWindow", Cron="* * 9-17 ? * MON-FRI *", TimeZone="Europe/Berlin")
    gate = stage("Build", build(), beforeEntry=condition("SKIP", window | {"timeoutInMinutes": 840}))
    release.create(gate)
    assert release.stage("Build")["latestExecution"]["status"] == "Succeeded"
    control.put("clock", {"mode": "manual", "now": "2027-03-01T20:00:00Z"})
    night = release.start()
    assert release.stage("Build")["beforeEntryConditionState"]["latestExecution"]["status"] == "InProgress"
    control.post("clock/advance", {"to": "2027-03-02T07:59:00Z"})
    assert release.status(night) == "InProgress"
    control.post("clock/advance", {"by": "1m"})
    assert release.status(night) == "Succeeded"
    assert release.stage("Build")["latestExecution"]["status"] == "Succeeded"
    control.put("clock", {"mode": "manual", "now": "2027-03-05T20:00:00Z"})
    weekend = release.start()
    control.post("clock/advance", {"by": "14h"})
    assert release.stage("Build")["latestExecution"]["status"] == "Skipped"
    assert release.status(weekend) == "Succeeded"


def test_repository_events_start_what_their_filters_let_through(release, aws, control):
    push = {"branches": {"includes": ["release/**"]}, "filePaths": {"excludes": ["docs/**"]}}
    triggers = [{"providerType": "CodeStarSourceConnection",
                 "gitConfiguration": {"sourceActionName": "Code", "push": [push]}}]
    release.create(stage("Build", build()), triggers=triggers)

    def event(branch, *files):
        commit = "85c7e78e6dfb63bcad4a0bb0953c0b3554ed0e93"
        told = {"fullRepositoryId": "octo/site", "kind": "push", "branch": branch, "commitId": commit,
                "message": "Greet", "files": list(files)}
        return control.post("surfaces/codepipeline/source-events", told)["started"]

    assert event("main", "src/a") == []
    assert event("release/1/x", "docs/a") == []
    (started,) = event("release/1/x", "docs/a", "src/a")
    control.idle()
    shown = release.newest()
    assert shown["pipelineExecutionId"] == started["pipelineExecutionId"]
    assert shown["trigger"]["triggerType"] == "WebhookV2" and shown["status"] == "Succeeded"
    assert shown["sourceRevisions"][0]["revisionId"].startswith("85c7e78e")


def test_variables_of_one_action_reach_the_next(release, aws, control):
    use = {"EnvironmentVariables": '[{"name":"SHA","value":"#{Git.CommitId}"},{"name":"ID","value":"#{codepipeline.PipelineExecutionId}"}]'}
    execution = release.create(stage("Build", build(configuration=use)))
    (compile, code_) = aws.list_action_executions(pipelineName="site")["actionExecutionDetails"]
    sha = code_["output"]["outputVariables"]["CommitId"]
    resolved = compile["input"]["resolvedConfiguration"]["EnvironmentVariables"]
    assert f'"value":"{sha}"' in resolved and f'"value":"{execution}"' in resolved
    assert compile["input"]["configuration"] == {"ProjectName": "site"} | use


def test_an_update_cancels_what_runs(release, aws, control):
    execution = release.create(stage("Approve", approve()))
    changed = aws.get_pipeline(name="site")["pipeline"]
    aws.update_pipeline(pipeline=changed)
    control.idle()
    assert release.status(execution) == "Cancelled"
    assert release.stage("Approve")["latestExecution"]["status"] == "Cancelled"


def test_a_stage_stopped_before_its_condition_came_out_is_not_let_in_by_a_retry(release, aws, control):
    outcomes = [{"outcome": "hang"}, {"outcome": "fail", "code": "JobFailed", "message": "too many errors"}]
    control.put("behaviours/alarm", {"match": {"rule": "Quiet"}, "outcomes": outcomes})
    gate = condition("FAIL", rule("Quiet", "LambdaInvoke", FunctionName="errors"))
    execution = release.create(stage("Build", build(), beforeEntry=gate))
    aws.stop_pipeline_execution(pipelineName="site", pipelineExecutionId=execution, abandon=True)
    asked = {"pipelineName": "site", "stageName": "Build", "pipelineExecutionId": execution}
    aws.retry_stage_execution(retryMode="FAILED_ACTIONS", **asked)
    control.idle()
    assert release.status(execution) == "Failed"
    assert all("latestExecution" not in action for action in release.stage("Build")["actionStates"])
    assert "condition beforeEntry of stage 'Build' was not met" in control.explain(execution)


def test_a_waiting_execution_says_what_it_waits_for(release, control):
    first = release.create(stage("Approve", approve()))
    second = release.start()
    assert "Ask" in control.explain(first)
    assert first in control.explain(second)


def test_an_execution_that_goes_with_its_pipeline_waits_for_nothing(release, aws, control):
    execution = release.create(stage("Approve", approve()))
    aws.delete_pipeline(name="site")
    assert "the pipeline was deleted while the execution was under way" in control.explain(execution).split("\n")[1]
