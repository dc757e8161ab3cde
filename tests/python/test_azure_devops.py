"""Seed 001 with the official Python client for what it does, and plain POSTs for the public endpoint."""

import pytest
import requests
from azure.devops.connection import Connection
from azure.devops.v7_1.build.models import Build
from azure.devops.v7_1.core.models import TeamProject
from azure.devops.v7_1.git.models import GitPush
from azure.devops.v7_1.service_endpoint.models import ServiceEndpoint
from msrest.authentication import BasicAuthentication

ORG = "fabrikam"
# The seed's own example.
BODY = b'{"resource":{"message":{"title":"Hello, world!","subtitle":"I\'m using WebHooks!"}}}'
CHECKSUM = "750D33212D3AD4932CC390819050734831A0A94F"


def yaml(path, filters=""):
    return (
        "resources:\n  webhooks:\n    - webhook: WebHook\n      connection: IncomingWH\n"
        + filters
        + f"\nsteps:\n- script: echo ${{{{ parameters.WebHook.{path} }}}}\n"
    )


class Organization:
    def __init__(self, world):
        self.url = f"{world}/{ORG}"
        self.connection = Connection(base_url=self.url, creds=BasicAuthentication("", "pat"))
        clients = self.connection.clients_v7_1
        self.core = clients.get_core_client()
        self.git = clients.get_git_client()
        self.build = clients.get_build_client()
        self.pipelines = clients.get_pipelines_client()
        self.endpoints = clients.get_service_endpoint_client()

    def project(self, name="site"):
        queued = self.core.queue_create_project(
            TeamProject(
                name=name,
                visibility="private",
                capabilities={
                    "versioncontrol": {"sourceControlType": "Git"},
                    "processTemplate": {"templateTypeId": "b8a3a935-7e91-48b8-a94c-606d37c3e9f2"},
                },
            )
        )
        assert self.connection.clients_v7_1.get_operations_client().get_operation(queued.id).status == "succeeded"
        return self.core.get_project(name)

    def incoming_webhook(self, project, **parameters):
        return self.endpoints.create_service_endpoint(
            ServiceEndpoint(
                name="IncomingWH",
                type="incomingwebhook",
                url="https://dev.azure.com",
                authorization={"scheme": "None", "parameters": {"webhookname": "WebHook"} | parameters},
                service_endpoint_project_references=[
                    {"projectReference": {"id": project.id, "name": project.name}, "name": "IncomingWH"}
                ],
            )
        )

    def push(self, project, files, old="0" * 40):
        changes = [
            {
                "changeType": "add",
                "item": {"path": path},
                "newContent": {"content": content, "contentType": "rawtext"},
            }
            for path, content in files.items()
        ]
        push = GitPush(
            ref_updates=[{"name": "refs/heads/main", "oldObjectId": old}],
            commits=[{"comment": "Write pipelines", "changes": changes}],
        )
        return self.git.create_push(push, repository_id=project.name, project=project.name)

    def pipeline(self, project, path):
        """A pipeline of a file in the project's repository, by REST: the client's model drops path and repository."""
        repository = self.git.get_repository(project.name, project=project.name)
        made = requests.post(
            f"{self.url}/{project.name}/_apis/pipelines?api-version=7.1",
            json={
                "name": path,
                "configuration": {
                    "type": "yaml", "path": path, "repository": {"id": repository.id, "type": "azureReposGit"},
                },
            },
            timeout=30,
        )
        assert made.status_code == 200, made.text
        return made.json()["id"]

    def post(self, body=BODY, headers=None, name="WebHook"):
        return requests.post(
            f"{self.url}/_apis/public/distributedtask/webhooks/{name}?api-version=6.0-preview",
            data=body,
            headers={"Content-Type": "application/json"} | (headers or {}),
            timeout=30,
        )

    def runs(self, project, pipeline):
        return self.pipelines.list_runs(project.name, pipeline)


@pytest.fixture
def org(world):
    return Organization(world)


def test_the_seeds_example_starts_a_run_with_the_title(org, control):
    project = org.project()
    org.incoming_webhook(project, secret="secret", header="X-WH-Checksum")
    org.push(project, {"/azure-pipelines.yml": yaml("resource.message.title")})
    pipeline = org.pipeline(project, "/azure-pipelines.yml")
    answer = org.post(headers={"X-WH-Checksum": CHECKSUM})
    assert answer.status_code == 200, answer.text
    control.idle()
    (run,) = org.runs(project, pipeline)
    got = requests.get(
        f"{org.url}/site/_apis/pipelines/{pipeline}/runs/{run.id}?api-version=7.1", timeout=30
    ).json()
    assert "echo Hello, world!" in got["finalYaml"]
    assert (got["state"], got["result"]) == ("completed", "succeeded")
    build = org.build.get_build(project.name, run.id)
    assert (build.reason, build.status, build.result) == ("resourceTrigger", "completed", "succeeded")
    story = control.explain(answer.headers["X-Parhelion-Request-Id"])
    assert "signature.checked" in story and "run" in story


def test_an_object_in_a_text_starts_none_and_the_record_says_why(org, control):
    project = org.project()
    org.incoming_webhook(project)
    org.push(project, {"/azure-pipelines.yml": yaml("resource.message")})
    pipeline = org.pipeline(project, "/azure-pipelines.yml")
    assert org.post().status_code == 200
    control.idle()
    assert org.runs(project, pipeline) == []
    (record,) = control.get(f"surfaces/azure-devops/{ORG}/webhook-deliveries")["items"]
    (outcome,) = record["outcomes"]
    assert outcome["result"] == "validation_failed"
    assert "Unable to convert from Object to String. Value: Object" in outcome["message"]


def test_a_wrong_checksum_is_refused(org, control):
    project = org.project()
    org.incoming_webhook(project, secret="secret", header="X-WH-Checksum")
    org.push(project, {"/azure-pipelines.yml": yaml("resource.message.title")})
    pipeline = org.pipeline(project, "/azure-pipelines.yml")
    for headers in [{}, {"X-WH-Checksum": "0" * 40}, {"X-Other": CHECKSUM}]:
        assert org.post(headers=headers).status_code == 401
    # White space makes another checksum.
    assert org.post(BODY + b"\n", {"X-WH-Checksum": CHECKSUM}).status_code == 401
    control.idle()
    assert org.runs(project, pipeline) == []


def test_filters_decide(org, control):
    project = org.project()
    org.incoming_webhook(project)
    filters = "      filters:\n        - path: resource.message.title\n          value: Hello, world!\n"
    org.push(project, {"/azure-pipelines.yml": yaml("resource.message.title", filters)})
    pipeline = org.pipeline(project, "/azure-pipelines.yml")
    assert org.post(b'{"resource":{"message":{"title":"other"}}}').status_code == 200
    control.idle()
    assert org.runs(project, pipeline) == []
    assert org.post().status_code == 200
    control.idle()
    assert len(org.runs(project, pipeline)) == 1


def test_an_unknown_webhook_is_told_as_the_service_does(org):
    org.project()
    refused = org.post(name="Nobody")
    assert refused.status_code == 500
    assert "Cannot find webhook for the given webHookId Nobody" in refused.json()["message"]


def test_builds_can_be_queued_and_listed_with_the_client(org, control):
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": "steps:\n- script: echo hi\n"})
    pipeline = org.pipeline(project, "/azure-pipelines.yml")
    queued = org.build.queue_build(Build(definition={"id": pipeline}), project=project.name)
    control.idle()
    assert org.build.get_build(project.name, queued.id).result == "succeeded"
    assert [b.id for b in org.build.get_builds(project.name)] == [queued.id]
    assert [d.id for d in org.build.get_definitions(project.name)] == [pipeline]


def test_preview_expands_an_override(org):
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": "steps:\n- script: echo hi\n"})
    pipeline = org.pipeline(project, "/azure-pipelines.yml")
    preview = requests.post(
        f"{org.url}/site/_apis/pipelines/{pipeline}/preview?api-version=7.1",
        json={"previewRun": True, "yamlOverride": "steps:\n- script: echo ${{ 'there' }}\n"},
        timeout=30,
    )
    assert preview.status_code == 200, preview.text
    assert "echo there" in preview.json()["finalYaml"]
