"""Seeds 000 and 003 with boto3: a signed push starts a pipeline; the third-party job cycle."""

import hashlib
import hmac
import json

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

SECRET = "a secret of the test's"
COMMIT = "85c7e78e6dfb63bcad4a0bb0953c0b3554ed0e93"
TESTER = {"category": "Test", "owner": "ThirdParty", "provider": "BlazeMeter", "version": "1"}


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


def pipeline(name="site"):
    return {
        "name": name,
        "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [
            {
                "name": "Source",
                "actions": [
                    {
                        "name": "Push",
                        "actionTypeId": {
                            "category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1",
                        },
                        "configuration": {
                            "Owner": "octo", "Repo": "site", "Branch": "main", "OAuthToken": "t",
                            "PollForSourceChanges": "false",
                        },
                        "outputArtifacts": [{"name": "Code"}],
                    }
                ],
            },
            {
                "name": "Test",
                "actions": [
                    {
                        "name": "Load",
                        "actionTypeId": TESTER,
                        "configuration": {"Scenario": "home"},
                        "inputArtifacts": [{"name": "Code"}],
                    }
                ],
            },
        ],
    }


def webhook(**changes):
    return {
        "name": "push",
        "targetPipeline": "site",
        "targetAction": "Push",
        "filters": [{"jsonPath": "$.ref", "matchEquals": "refs/heads/{Branch}"}],
        "authentication": "GITHUB_HMAC",
        "authenticationConfiguration": {"SecretToken": SECRET},
    } | changes


def push(ref="refs/heads/main"):
    return json.dumps(
        {
            "ref": ref,
            "after": COMMIT,
            "head_commit": {
                "id": COMMIT, "message": "Greet", "timestamp": "2026-01-01T12:00:00Z",
                "url": f"https://github.example/octo/site/commit/{COMMIT}",
            },
        }
    ).encode()


def signed(body, secret=SECRET):
    digest = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return {"X-Hub-Signature": f"sha1={digest}", "X-GitHub-Event": "push", "Content-Type": "application/json"}


def by_webhook(aws):
    found = aws.list_pipeline_executions(pipelineName="site")["pipelineExecutionSummaries"]
    return [execution for execution in found if execution["trigger"]["triggerType"] == "Webhook"]


@pytest.fixture
def hooked(aws):
    aws.create_pipeline(pipeline=pipeline())
    return aws.put_webhook(webhook=webhook())["webhook"]


def test_a_signed_push_starts_an_execution_with_the_pushed_commit(aws, control, hooked):
    assert hooked["definition"]["authenticationConfiguration"]["SecretToken"] == "****"
    body = push()
    answer = requests.post(hooked["url"], data=body, headers=signed(body), timeout=30)
    assert answer.status_code == 200
    control.idle()
    (execution,) = by_webhook(aws)
    assert execution["trigger"] == {"triggerType": "Webhook", "triggerDetail": hooked["arn"]}
    assert execution["sourceRevisions"][0]["revisionId"] == COMMIT
    assert "lastTriggered" in aws.list_webhooks()["webhooks"][0]
    story = control.explain(answer.headers["X-Parhelion-Request-Id"])
    for fact in ["webhook.received", "signature.checked", "filter.evaluated", "execution.started"]:
        assert fact in story, story


def test_a_wrong_signature_is_refused_and_the_journal_says_why(aws, control, hooked):
    body = push()
    answer = requests.post(hooked["url"], data=body, headers=signed(body, "another"), timeout=30)
    assert answer.status_code == 403
    control.idle()
    assert by_webhook(aws) == []
    (shown,) = aws.list_webhooks()["webhooks"]
    assert shown["errorCode"] and "lastTriggered" not in shown
    story = control.explain(answer.headers["X-Parhelion-Request-Id"])
    assert "FAILED" in story and "signature.checked" in story
    assert SECRET not in story


def test_a_filter_miss_is_ignored_and_the_journal_says_why(aws, control, hooked):
    body = push("refs/heads/other")
    answer = requests.post(hooked["url"], data=body, headers=signed(body), timeout=30)
    assert answer.status_code == 200
    control.idle()
    assert by_webhook(aws) == []
    story = control.explain(answer.headers["X-Parhelion-Request-Id"])
    assert "filter.evaluated" in story and "refs/heads/other" in story and "refs/heads/main" in story


def test_the_third_party_job_cycle(aws, control, hooked):
    control.idle()
    (job,) = aws.poll_for_third_party_jobs(actionTypeId=TESTER, maxBatchSize=10)["jobs"]
    assert set(job) == {"clientId", "jobId"}
    client = {"jobId": job["jobId"], "clientToken": "DEFAULT_CLIENT_TOKEN"}
    details = aws.get_third_party_job_details(**client)["jobDetails"]
    assert set(details) == {"id", "data", "nonce"} and details["id"] == job["jobId"]
    data = details["data"]
    assert data["actionTypeId"] == TESTER
    assert data["actionConfiguration"]["configuration"] == {"Scenario": "home"}
    context = data["pipelineContext"]
    assert set(context) == {"pipelineName", "stage", "action"}
    assert (context["pipelineName"], context["stage"]) == ("site", {"name": "Test"})
    assert set(context["action"]) == {"name", "actionExecutionId"}
    (source,) = data["inputArtifacts"]
    assert source["name"] == "Code" and source["location"]["type"] == "S3"
    assert set(source["location"]["s3Location"]) == {"bucketName", "objectKey"}
    assert set(data["artifactCredentials"]) == {"accessKeyId", "secretAccessKey", "sessionToken"}

    acknowledged = aws.acknowledge_third_party_job(nonce=details["nonce"], **client)
    assert acknowledged["status"] == "InProgress"
    aws.put_third_party_job_success_result(**client)
    control.idle()
    (execution,) = aws.list_pipeline_executions(pipelineName="site")["pipelineExecutionSummaries"]
    assert execution["status"] == "Succeeded"


def test_each_error_of_the_details_can_be_provoked(aws, control, hooked):
    control.idle()
    (job,) = aws.poll_for_third_party_jobs(actionTypeId=TESTER)["jobs"]
    good = {"jobId": job["jobId"], "clientToken": "DEFAULT_CLIENT_TOKEN"}

    def code(**arguments):
        with pytest.raises(ClientError) as refused:
            aws.get_third_party_job_details(**arguments)
        return refused.value.response["Error"]["Code"]

    assert code(**good | {"jobId": "11111111-1111-4111-8111-111111111111"}) == "JobNotFoundException"
    assert code(**good | {"clientToken": "wrong"}) == "InvalidClientTokenException"
    assert code(**good | {"jobId": "x" * 513}) == "ValidationException"
    details = aws.get_third_party_job_details(**good)["jobDetails"]
    aws.acknowledge_third_party_job(nonce=details["nonce"], **good)
    aws.put_third_party_job_failure_result(failureDetails={"type": "JobFailed", "message": "no"}, **good)
    assert code(**good) == "InvalidJobException"
    control.idle()
    (execution,) = aws.list_pipeline_executions(pipelineName="site")["pipelineExecutionSummaries"]
    assert execution["status"] == "Failed"


def test_pipelines_and_tags_come_back_as_they_were_given(aws):
    tags = [{"key": "team", "value": "web"}]
    made = aws.create_pipeline(pipeline=pipeline(), tags=tags)
    assert made["tags"] == tags and made["pipeline"]["version"] == 1
    got = aws.get_pipeline(name="site")
    assert got["metadata"]["pipelineArn"] == "arn:aws:codepipeline:eu-west-1:000000000000:site"
    assert got["pipeline"]["stages"][0]["actions"][0]["configuration"]["OAuthToken"] == "****"
    arn = got["metadata"]["pipelineArn"]
    aws.tag_resource(resourceArn=arn, tags=[{"key": "more", "value": ""}])
    aws.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert aws.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "more", "value": ""}]
    changed = got["pipeline"]
    changed["stages"][1]["actions"][0]["configuration"]["Scenario"] = "search"
    assert aws.update_pipeline(pipeline=changed)["pipeline"]["version"] == 2
    assert [p["name"] for p in aws.list_pipelines()["pipelines"]] == ["site"]
    state = aws.get_pipeline_state(name="site")
    assert [stage["stageName"] for stage in state["stageStates"]] == ["Source", "Test"]
    aws.delete_pipeline(name="site")
    with pytest.raises(aws.exceptions.PipelineNotFoundException):
        aws.get_pipeline(name="site")


def test_constraints_are_told_in_the_form_of_the_service(aws):
    with pytest.raises(ClientError) as refused:
        aws.list_pipelines(maxResults=100001)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert "1 validation error detected" in refused.value.response["Error"]["Message"]


def test_a_deleted_webhooks_url_is_dead_and_a_new_one_is_another(aws, hooked):
    aws.delete_webhook(name="push")
    body = push()
    assert requests.post(hooked["url"], data=body, headers=signed(body), timeout=30).status_code == 404
    again = aws.put_webhook(webhook=webhook())["webhook"]
    assert again["url"] != hooked["url"]
