"""One organization of a world through the official Python client, and the public webhook endpoint, which no client calls."""

import hashlib
import hmac

import requests
from azure.devops.connection import Connection
from azure.devops.v7_1.build.models import BuildDefinition
from azure.devops.v7_1.core.models import TeamProject
from azure.devops.v7_1.git.models import GitPush
from azure.devops.v7_1.service_endpoint.models import ServiceEndpoint
from msrest.authentication import BasicAuthentication

ORG = "fabrikam"
ZEROS = "0" * 40
# The seed's own example, and its checksum under the key `secret`.
BODY = b'{"resource":{"message":{"title":"Hello, world!","subtitle":"I\'m using WebHooks!"}}}'
CHECKSUM = "750D33212D3AD4932CC390819050734831A0A94F"
SIGNED = {"secret": "secret", "header": "X-WH-Checksum"}


def hooked(path, filters=""):
    """The seed's pipeline: it says what stands at a path of the payload."""
    return (
        "resources:\n  webhooks:\n    - webhook: WebHook\n      connection: IncomingWH\n"
        + filters
        + f"\nsteps:\n- script: echo ${{{{ parameters.WebHook.{path} }}}}\n"
    )


def sha1(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


class Organization:
    def __init__(self, world, name=ORG):
        self.name, self.url = name, f"{world}/{name}"
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

    def incoming_webhook(self, project, name="IncomingWH", **parameters):
        return self.endpoints.create_service_endpoint(
            ServiceEndpoint(
                name=name,
                type="incomingwebhook",
                url="https://dev.azure.com",
                authorization={"scheme": "None", "parameters": {"webhookname": "WebHook"} | parameters},
                service_endpoint_project_references=[
                    {"projectReference": {"id": project.id, "name": project.name}, "name": name}
                ],
            )
        )

    def push(self, project, files, kind="add"):
        """Adds or replaces files on the default branch."""
        tips = self.git.get_refs(project.name, project=project.name, filter="heads/main")
        changes = [
            {"changeType": kind, "item": {"path": path}, "newContent": {"content": text, "contentType": "rawtext"}}
            for path, text in files.items()
        ]
        push = GitPush(
            ref_updates=[{"name": "refs/heads/main", "oldObjectId": tips[0].object_id if tips else ZEROS}],
            commits=[{"comment": "Write pipelines", "changes": changes}],
        )
        return self.git.create_push(push, repository_id=project.name, project=project.name)

    def pipeline(self, project, path="/azure-pipelines.yml", name=None):
        """A pipeline of a file in the project's repository: a definition, for the client's model of pipelines drops path and repository."""
        repository = self.git.get_repository(project.name, project=project.name)
        definition = BuildDefinition(
            name=name or path.strip("/"),
            process={"type": 2, "yamlFilename": path},
            repository={"id": repository.id, "type": "TfsGit", "defaultBranch": "refs/heads/main"},
        )
        return self.build.create_definition(definition, project.name).id

    def hooked(self, name, yaml, **parameters):
        """A project with the seed's connection and a pipeline of that YAML."""
        project = self.project(name)
        self.incoming_webhook(project, **parameters)
        self.push(project, {"/azure-pipelines.yml": yaml})
        return project, self.pipeline(project)

    def http(self, method, path, body=None, **headers):
        """A request without any client."""
        return requests.request(method, f"{self.url}/{path}", json=body, headers=headers, timeout=30)

    def post(self, body=BODY, headers=None, name="WebHook"):
        """A POST at the public webhook endpoint."""
        return requests.post(
            f"{self.url}/_apis/public/distributedtask/webhooks/{name}?api-version=6.0-preview",
            data=body,
            headers={"Content-Type": "application/json"} | (headers or {}),
            timeout=30,
        )

    def runs(self, project, pipeline):
        return self.pipelines.list_runs(project.name, pipeline)

    def said(self, project, build):
        """What the scripts of a build said."""
        said = []
        for record in self.build.get_build_timeline(project.name, build).records:
            if record.task and record.task.name == "CmdLine":
                lines = self.build.get_build_log_lines(project.name, build, record.log.id)
                at = next(n for n, line in enumerate(lines) if line.endswith(" Script contents:"))
                # Each line begins with its time.
                said.append(lines[at + 1][29:])
        return said
