"""One merge through three clouds, with the official clients: git at Google, a run at Azure, an execution at AWS."""

import boto3
import pytest
import requests
from botocore.config import Config
from devops_kit import Organization
from google.cloud import securesourcemanager_v1 as ssm
from ssm_kit import Client, Work, instance_and_repository, world_name

YAML = """\
resources:
  webhooks:
    - webhook: WebHook
      connection: IncomingWH
      filters:
        - path: ref
          value: refs/heads/main
steps:
- script: echo ${{ parameters.WebHook.after }}
"""


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


def released(aws):
    """A pipeline at AWS that a completed build starts; the URL of its webhook."""
    github = {"Owner": "o", "Repo": "site", "Branch": "main", "OAuthToken": "t", "PollForSourceChanges": "false"}
    source = {
        "name": "Fetch",
        "actionTypeId": {"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"},
        "configuration": github,
        "outputArtifacts": [{"name": "Code"}],
    }
    build = {
        "name": "Bundle",
        "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
        "configuration": {"ProjectName": "site"},
        "inputArtifacts": [{"name": "Code"}],
    }
    aws.create_pipeline(
        pipeline={
            "name": "release",
            "roleArn": "arn:aws:iam::000000000000:role/pipeline",
            "artifactStore": {"type": "S3", "location": "artifacts"},
            "stages": [{"name": "Source", "actions": [source]}, {"name": "Build", "actions": [build]}],
        }
    )
    made = aws.put_webhook(
        webhook={
            "name": "from-azure",
            "targetPipeline": "release",
            "targetAction": "Fetch",
            "filters": [{"jsonPath": "$.resource.result", "matchEquals": "succeeded"}],
            "authentication": "UNAUTHENTICATED",
            "authenticationConfiguration": {},
        }
    )
    return made["webhook"]["url"]


def test_a_merge_at_google_builds_at_azure_and_releases_at_aws(request, server, world, control, aws, tmp_path):
    azure = Organization(world)
    project, pipeline = azure.hooked("site", YAML)
    subscription = {
        "publisherId": "tfs",
        "eventType": "build.complete",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "consumerInputs": {"url": released(aws)},
    }
    made = azure.http("POST", "_apis/hooks/subscriptions?api-version=7.1", subscription)
    assert made.status_code == 200, made.text

    google = Client("grpc", server, world_name(request))
    repository = instance_and_repository(google)
    target = f"{azure.url}/_apis/public/distributedtask/webhooks/WebHook?api-version=6.0-preview"
    work = Work(repository, tmp_path)
    work.commit("README.md", "one\n")
    work.push("HEAD:refs/heads/main")
    work.branch("dev", "HEAD")
    work.commit("index.html", "<h1>Hello</h1>\n")
    work.push("dev")
    google.create_hook(parent=repository.name, hook=ssm.Hook(target_uri=target), hook_id="to-azure")
    change = ssm.PullRequest(title="Greet", base={"ref": "main"}, head={"ref": "dev"})
    pull = google.create_pull_request(parent=repository.name, pull_request=change)
    google.merge_pull_request(name=pull.name)
    control.idle()

    [run] = azure.runs(project, pipeline)
    assert run.result == "succeeded"
    work.git("fetch", "-q")
    assert azure.said(project, run.id) == [f"echo {work.tip('origin/main')}"]
    executions = aws.list_pipeline_executions(pipelineName="release")["pipelineExecutionSummaries"]
    [execution] = [e for e in executions if e["trigger"]["triggerType"] == "Webhook"]
    assert execution["status"] == "Succeeded"
    # One chain of causes, from the execution back to the merge.
    story = control.explain(execution["pipelineExecutionId"])
    for link in ["MergePullRequest", "merged pull request 1 of my-repo into main", "to-azure", "build.complete"]:
        assert link in story, story
