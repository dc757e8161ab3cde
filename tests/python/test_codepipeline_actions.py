"""What CodePipeline's actions do, with boto3: scripted outcomes, functions that are called, pipelines that call others,
revisions that somebody tells."""

import datetime
import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

S3 = {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"}
BUILD = {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"}
LAMBDA = {"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"}
CALL = {"category": "Invoke", "owner": "AWS", "provider": "CodePipeline", "version": "1"}
MANUAL = {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
EC2 = {"category": "Deploy", "owner": "AWS", "provider": "EC2", "version": "1"}


@pytest.fixture
def aws(world):
    return boto3.client(
        "codepipeline",
        endpoint_url=world,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}),
    )


def tenant(**members):
    return {"account": "000000000000", "region": "eu-west-1"} | members


def create(aws, *work, name="p", **more):
    """A source with the namespace Src, then a stage for each action: its name, type and configuration."""
    source = {"name": "Pull", "actionTypeId": S3, "configuration": {"S3Bucket": "in", "S3ObjectKey": "code.zip"}}
    stages = [{"name": "Source", "actions": [source | {"namespace": "Src", "outputArtifacts": [{"name": "Code"}]}]}]
    for action, type_id, configuration in work:
        declared = {"name": action, "actionTypeId": type_id, "configuration": configuration}
        if type_id in (BUILD, EC2):
            declared["inputArtifacts"] = [{"name": "Code"}]
        stages.append({"name": f"Do{action}", "actions": [declared]})
    store = {"type": "S3", "location": "artifacts"}
    role = "arn:aws:iam::000000000000:role/pipeline"
    declaration = {"name": name, "roleArn": role, "artifactStore": store, "stages": stages, "pipelineType": "V2"}
    aws.create_pipeline(pipeline=declaration | more)


def runs(aws, name="p"):
    """The runs of the newest execution, by action."""
    newest = aws.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"][0]
    listed = aws.list_action_executions(
        pipelineName=name, filter={"pipelineExecutionId": newest["pipelineExecutionId"]}
    )
    return newest, {detail["actionName"]: detail for detail in listed["actionExecutionDetails"]}


def test_attempts_come_out_as_a_behaviour_says(aws, control):
    outcomes = [
        {"outcome": "fail", "code": "JobFailed", "message": "no luck"},
        {"outcome": "succeed", "delay": "5m", "outputVariables": {"Answer": "42"}},
    ]
    control.put("behaviours/flaky", {"match": {"pipeline": "p", "action": "Make"}, "outcomes": outcomes})
    create(aws, ("Make", BUILD, {"ProjectName": "of-#{Src.VersionId}"}))
    execution, made = runs(aws)
    assert made["Make"]["output"]["executionResult"]["errorDetails"] == {"code": "JobFailed", "message": "no luck"}
    assert made["Make"]["input"]["configuration"] == {"ProjectName": "of-#{Src.VersionId}"}
    version = made["Pull"]["output"]["outputVariables"]["VersionId"]
    assert made["Make"]["input"]["resolvedConfiguration"] == {"ProjectName": f"of-{version}"}
    id = execution["pipelineExecutionId"]
    aws.retry_stage_execution(
        pipelineName="p", stageName="DoMake", pipelineExecutionId=id, retryMode="FAILED_ACTIONS"
    )
    control.post("clock/advance", {"by": "5m"})
    execution, made = runs(aws)
    assert (execution["status"], execution["pipelineExecutionId"]) == ("Succeeded", id)
    assert made["Pull"]["status"] == "Succeeded"
    ranges = {}
    for which in ("Latest", "All"):
        latest = {"pipelineExecutionId": id, "startTimeRange": which}
        listed = aws.list_action_executions(pipelineName="p", filter={"latestInPipelineExecution": latest})
        ranges[which] = [(d["actionName"], d["status"]) for d in listed["actionExecutionDetails"]]
    assert ranges["Latest"] == [("Make", "Succeeded"), ("Pull", "Succeeded")]
    assert ranges["All"] == [("Make", "Succeeded"), ("Make", "Failed"), ("Pull", "Succeeded")]
    assert 'behaviour "flaky" says' in control.explain(id)


def test_what_hangs_runs_out_of_time(aws, control):
    control.put("behaviours/stuck", {"match": {"provider": "CodeBuild"}, "outcomes": [{"outcome": "hang"}]})
    create(aws, ("Make", BUILD, {"ProjectName": "demo"}))
    control.post("clock/advance", {"by": "479m"})
    assert runs(aws)[0]["status"] == "InProgress"
    control.post("clock/advance", {"by": "1m"})
    execution, made = runs(aws)
    assert execution["status"] == "Failed"
    assert made["Make"]["output"]["executionResult"]["errorDetails"]["code"] == "Timeout"


def test_a_function_is_called_and_puts_its_result(aws, control, receiver):
    control.put("surfaces/codepipeline/adapters", tenant() | {"lambda": receiver.url + "/fn"})
    create(aws, ("Fn", LAMBDA, {"FunctionName": "f", "UserParameters": "#{Src.ObjectKey}"}))
    path, headers, body = receiver.next()
    job = json.loads(body)["CodePipeline.job"]
    assert (path, headers["Content-Type"], job["accountId"]) == ("/fn", "application/json", "000000000000")
    assert job["data"]["actionConfiguration"]["configuration"]["UserParameters"] == "code.zip"
    assert job["data"]["artifactCredentials"]["accessKeyId"].startswith("ASIA")
    assert aws.get_job_details(jobId=job["id"])["jobDetails"]["accountId"] == "000000000000"
    aws.put_job_success_result(jobId=job["id"], continuationToken="more", executionDetails={"percentComplete": 50})
    again = json.loads(receiver.next()[2])["CodePipeline.job"]
    assert again["id"] != job["id"] and again["data"]["continuationToken"] == "more"
    aws.put_job_success_result(jobId=again["id"], outputVariables={"Out": "1"})
    control.idle()
    execution, made = runs(aws)
    assert (execution["status"], made["Fn"]["output"]["outputVariables"]) == ("Succeeded", {"Out": "1"})


def test_a_function_that_cannot_be_called_fails_its_action(aws, control, receiver):
    receiver.status = 500
    control.put("surfaces/codepipeline/adapters", tenant() | {"lambda": receiver.url})
    create(aws, ("Fn", LAMBDA, {"FunctionName": "f"}))
    control.idle()
    control.post("clock/advance", {"by": "1m"})
    execution, made = runs(aws)
    error = made["Fn"]["output"]["executionResult"]["errorDetails"]
    assert (execution["status"], error["code"]) == ("Failed", "JobFailed")
    assert "500" in error["message"]


def test_an_approval_that_is_wanted_is_told_with_what_answers_it(aws, control, receiver):
    control.put("surfaces/codepipeline/adapters", tenant(approvals=receiver.url))
    create(aws, ("Ok", MANUAL, {"CustomData": "Look at #{Src.ObjectKey}"}))
    approval = json.loads(receiver.next()[2])["approval"]
    assert (approval["actionName"], approval["customData"]) == ("Ok", "Look at code.zip")
    answer = {"summary": "fine", "status": "Approved"}
    asked = {"pipelineName": "p", "stageName": "DoOk", "actionName": "Ok", "token": approval["token"]}
    assert isinstance(aws.put_approval_result(**asked, result=answer)["approvedAt"], datetime.datetime)
    execution, made = runs(aws)
    assert execution["status"] == "Succeeded"
    assert made["Ok"]["updatedBy"] == "arn:aws:iam::000000000000:root"


def test_a_pipeline_calls_another_with_variables_and_waits(aws, control):
    create(aws, ("Ok", MANUAL, {}), name="callee", variables=[{"name": "Commit"}, {"name": "Color", "defaultValue": "red"}])
    handed = json.dumps([{"name": "Commit", "value": "#{Src.VersionId}"}])
    create(aws, ("Call", CALL, {"PipelineName": "callee", "Variables": handed}))
    waiting, made = runs(aws)
    assert waiting["status"] == "InProgress"
    called = made["Call"]["output"]["executionResult"]["externalExecutionId"]
    assert called in control.explain(waiting["pipelineExecutionId"])
    shown = aws.get_pipeline_execution(pipelineName="callee", pipelineExecutionId=called)["pipelineExecution"]
    version = made["Pull"]["output"]["outputVariables"]["VersionId"]
    assert shown["variables"] == [
        {"name": "Commit", "resolvedValue": version},
        {"name": "Color", "resolvedValue": "red"},
    ]
    # The creation of the callee waits in the stage; the call waits behind it.
    while True:
        state = aws.get_pipeline_state(name="callee")["stageStates"][1]["actionStates"][0]["latestExecution"]
        if "token" not in state:
            break
        asked = {"pipelineName": "callee", "stageName": "DoOk", "actionName": "Ok", "token": state["token"]}
        aws.put_approval_result(**asked, result={"summary": "fine", "status": "Approved"})
    execution, made = runs(aws)
    assert execution["status"] == "Succeeded"
    assert made["Call"]["output"]["outputVariables"] == {"ExecutionId": called}


def test_a_source_finds_what_it_is_told(aws, control):
    create(aws, ("Make", BUILD, {"ProjectName": "demo"}))
    revision = {"revisionId": "v7", "revisionChangeId": "c7", "created": datetime.datetime(2026, 1, 31, 12)}
    told = {"pipelineName": "p", "stageName": "Source", "actionName": "Pull", "actionRevision": revision}
    first = aws.put_action_revision(**told)
    assert first["newRevision"] is True
    execution, _ = runs(aws)
    assert execution["trigger"]["triggerType"] == "PutActionRevision"
    assert execution["sourceRevisions"][0]["revisionId"] == "v7"
    again = aws.put_action_revision(**told)
    assert (again["newRevision"], again["pipelineExecutionId"]) == (False, first["pipelineExecutionId"])
    body = tenant(pipeline="p", stage="Source", action="Pull", revision={"revisionId": "v8", "summary": "said"})
    control.put("surfaces/codepipeline/revisions", body)
    assert len(aws.list_pipeline_executions(pipelineName="p")["pipelineExecutionSummaries"]) == 2
    aws.start_pipeline_execution(name="p")
    revisions = runs(aws)[0]["sourceRevisions"]
    assert (revisions[0]["revisionId"], revisions[0]["revisionSummary"]) == ("v8", "said")
    with pytest.raises(ClientError) as refused:
        aws.put_action_revision(**told | {"stageName": "DoMake", "actionName": "Make"})
    assert refused.value.response["Error"]["Code"] == "ActionNotFoundException"


def test_deployment_targets_are_those_of_the_script(aws, control):
    targets = [
        {"targetId": "i-2", "targetType": "INSTANCE", "status": "Failed", "startTime": "2026-01-31T12:00:00Z"},
        {"targetId": "i-1", "targetType": "INSTANCE", "status": "Succeeded"},
    ]
    outcome = {"outcome": "succeed", "deployTargets": targets}
    control.put("behaviours/ec2", {"match": {"provider": "EC2"}, "outcomes": [outcome]})
    create(aws, ("Ship", EC2, {"InstanceTagKey": "k"}))
    _, made = runs(aws)
    asked = {"pipelineName": "p", "actionExecutionId": made["Ship"]["actionExecutionId"]}
    listed = aws.list_deploy_action_execution_targets(**asked)["targets"]
    assert [target["targetId"] for target in listed] == ["i-1", "i-2"]
    failed = [{"name": "TARGET_STATUS", "values": ["Failed"]}]
    listed = aws.list_deploy_action_execution_targets(**asked, filters=failed)["targets"]
    assert [target["targetId"] for target in listed] == ["i-2"]
    asked["actionExecutionId"] = made["Pull"]["actionExecutionId"]
    assert aws.list_deploy_action_execution_targets(**asked)["targets"] == []
