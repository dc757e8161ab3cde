"""The calls of the Azure CLI's DevOps extension in its own spellings, as plain HTTP: old versions by the Accept header,
words in other cases, numbers for words, whole objects sent back."""

import pytest
import requests

V5 = "application/json;api-version=5.0"
BASIC = "b8a3a935-7e91-48b8-a94c-606d37c3e9f2"
YAML = "trigger: none\nsteps:\n- script: echo hi\n"


class Cli:
    """What one command of the extension sends: every call with the same session and its own version."""

    def __init__(self, world):
        self.url = f"{world}/Contoso"
        self.session = requests.Session()
        self.session.auth = ("", "pat")
        self.session.headers.update(
            {
                "Content-Type": "application/json; charset=utf-8",
                "X-TFS-FedAuthRedirect": "Suppress",
                "X-TFS-Session": "a4d476f9-689c-40c3-b4a9-fee152f3d62f",
                "X-VSS-ForceMsaPassThrough": "true",
                "User-Agent": "python/3.12.8 msrest/0.7.1 azure-devops/5.1.0b4 devOpsCli/1.0.2",
            }
        )

    def send(self, method, path, body=None, status=200, accept=V5):
        answer = self.session.request(method, f"{self.url}/{path}", json=body, headers={"Accept": accept}, timeout=30)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        assert answer.headers["X-TFS-Session"] == "a4d476f9-689c-40c3-b4a9-fee152f3d62f"
        return answer.json() if answer.content else None

    def project(self, name="pipelinesTest"):
        """`az devops project create`: it takes its time, and the command polls."""
        processes = self.send("GET", "_apis/process/processes")
        assert any(process["id"] == BASIC and process["isDefault"] for process in processes["value"])
        asked = self.send(
            "POST",
            "_apis/projects",
            {
                "name": name,
                "visibility": "private",
                # Lower case, as the extension writes it.
                "capabilities": {
                    "versioncontrol": {"sourceControlType": "git"},
                    "processTemplate": {"templateTypeId": BASIC},
                },
            },
            202,
        )
        assert asked["status"] == "notSet"
        assert self.send("GET", f"_apis/operations/{asked['id']}")["status"] == "succeeded"
        made = self.send("GET", f"_apis/projects/{name}?includeCapabilities=true")
        assert made["capabilities"]["processTemplate"]["templateTypeId"] == BASIC
        return made

    def push(self, project, text):
        """The extension imports a repository; here the file is pushed."""
        (repository,) = self.send("GET", f"{project['id']}/_apis/git/repositories")["value"]
        change = {"changeType": 1, "item": {"path": "/azure-pipelines.yml"}, "newContent": {"content": text}}
        push = {
            "refUpdates": [{"name": "refs/heads/main", "oldObjectId": "0" * 40}],
            "commits": [{"comment": "c", "changes": [change]}],
        }
        self.send("POST", f"{project['name']}/_apis/git/repositories/{repository['id']}/pushes", push, 201)
        return repository

    def pipeline(self, project, repository):
        """`az pipelines create`."""
        name, accept = project["name"], "application/json;api-version=5.1"
        assert self.send("GET", f"{name}/_apis/build/Definitions?name=ContosoBuild", accept=accept)["count"] == 0
        definition = {
            "name": "ContosoBuild",
            "description": "Pipeline for contoso project",
            "process": {"yamlFilename": "azure-pipelines.yml", "type": 2},
            "repository": {"defaultBranch": "main", "id": repository["id"], "name": name, "type": "tfsgit"},
            "triggers": [{"settingsSourceType": 2, "triggerType": 2}],
        }
        return self.send("POST", f"{name}/_apis/build/Definitions", definition, accept=accept)


@pytest.fixture
def cli(world):
    return Cli(world)


@pytest.fixture
def made(cli):
    project = cli.project()
    return project, cli.pipeline(project, cli.push(project, YAML))


def test_discovery(cli):
    cli.project()
    listed = cli.send("OPTIONS", "_apis?allHostTypes=True", accept="application/json")
    by_name = {(one["area"], one["resourceName"]): one for one in listed["value"]}
    builds = by_name["Build", "Builds"]
    assert (builds["id"], builds["routeTemplate"]) == (
        "0cd358e1-9217-4d94-8269-1c1ee6f93dcf",
        "{project}/_apis/build/{resource}/{buildId}",
    )
    assert by_name["Pipelines", "runs"]["minVersion"] == "5.1"
    assert listed["count"] == len(listed["value"])
    assert cli.send("GET", "_apis/ResourceAreas", accept="application/json;api-version=5.0-preview.1")["value"] == []
    data = cli.send("GET", "_apis/ConnectionData", accept="application/json;api-version=5.0-preview.1")
    assert data["authenticatedUser"]["id"] == data["authorizedUser"]["id"]
    # `az devops invoke --area core --resource projects`
    assert cli.send("GET", "_apis/projects")["count"] == 1
    assert cli.send("GET", "_apis/projects?stateFilter=all", accept="application/json;api-version=5.1")["count"] == 1


def test_a_definition_is_made_shown_changed_and_deleted(cli, made):
    project, definition = made
    path = f"{project['name']}/_apis/build/Definitions"
    (trigger,) = definition["triggers"]
    assert (trigger["triggerType"], trigger["settingsSourceType"]) == ("continuousIntegration", 2)
    assert definition["repository"]["defaultBranch"] == "refs/heads/main"
    # `az pipelines variable create`: the whole definition goes back, with the variable.
    whole = cli.send("GET", f"{path}/{definition['id']}")
    whole["variables"] = {"var": {"value": "v", "allowOverride": True}, "hidden": {"value": "s", "isSecret": True}}
    changed = cli.send("PUT", f"{path}/{definition['id']}", whole)
    assert changed["revision"] == definition["revision"] + 1
    assert changed["variables"]["hidden"] == {"value": None, "isSecret": True}
    # The old revision is no longer the one to replace.
    cli.send("PUT", f"{path}/{definition['id']}", whole, 409)
    for query in ["queryOrder=DefinitionNameAscending", "queryOrder=none", "name=ContosoBuild", "name=Contoso*"]:
        assert [one["id"] for one in cli.send("GET", f"{path}?{query}")["value"]] == [definition["id"]], query
    cli.send("DELETE", f"{path}/{definition['id']}", status=204)
    assert cli.send("GET", f"{path}?queryOrder=none") == {"count": 0, "value": []}


def test_a_build_is_queued_with_the_whole_definition_and_listed(cli, made, control):
    project, definition = made
    builds = f"{project['name']}/_apis/build/Builds"
    queued = cli.send("POST", builds, {"definition": definition}, accept="application/json;api-version=5.1")
    assert queued["status"] == "notStarted"
    control.idle()
    done = cli.send("GET", f"{builds}/{queued['id']}")
    assert (done["status"], done["result"], done["reason"]) == ("completed", "succeeded", "manual")
    cli.send("POST", builds, {"definition": {"id": definition["id"]}, "sourceBranch": "refs/heads/main"})
    control.idle()
    assert cli.send("GET", builds)["count"] == 2
    newest = cli.send("GET", f"{builds}?definitions={definition['id']}&$top=1")
    assert newest["count"] == 1
    assert cli.send("GET", f"{builds}?definitions=77")["count"] == 0
    # `az pipelines runs list --reason manual --result succeeded --status completed --branch main`
    query = "reasonFilter=manual&resultFilter=succeeded&statusFilter=completed&branchName=refs/heads/main"
    assert cli.send("GET", f"{builds}?{query}&queryOrder=startTimeDescending")["count"] == 2


def test_a_pipeline_is_run_with_upper_case_names(cli, made, control):
    """`az pipelines run`: the area is written `Pipelines`."""
    project, definition = made
    accept = "application/json;api-version=6.0-preview.1"
    body = {
        "stagesToSkip": [],
        "resources": {"repositories": {"self": {"refName": "refs/heads/main", "version": ""}}},
        "variables": {},
    }
    run = cli.send("POST", f"{project['name']}/_apis/Pipelines/{definition['id']}/Runs", body, accept=accept)
    assert run["pipeline"]["id"] == definition["id"]
    control.idle()
    got = cli.send("GET", f"{project['name']}/_apis/Pipelines/{definition['id']}/runs/{run['id']}", accept=accept)
    assert (got["state"], got["result"]) == ("completed", "succeeded")


def test_branches_are_made_listed_and_deleted(cli, made):
    project, _ = made
    refs = f"{project['name']}/_apis/git/repositories/{project['name']}/refs"
    (main,) = cli.send("GET", refs)["value"]
    assert main["name"] == "refs/heads/main"
    create = {"isLocked": False, "name": "refs/heads/new", "newObjectId": main["objectId"], "oldObjectId": "0" * 40}
    assert cli.send("POST", refs, [create])["value"][0]["updateStatus"] == "succeeded"
    delete = {"name": "refs/heads/new", "newObjectId": "0" * 40, "oldObjectId": main["objectId"]}
    assert cli.send("POST", refs, [delete])["value"][0]["success"] is True
    assert cli.send("GET", refs)["count"] == 1


def test_a_project_is_deleted(cli, made):
    project, _ = made
    asked = cli.send("DELETE", f"_apis/projects/{project['id']}", status=202)
    assert cli.send("GET", f"_apis/operations/{asked['id']}")["status"] == "succeeded"
    gone = cli.send("GET", f"_apis/projects/{project['name']}", status=404)
    assert gone["typeKey"] == "ProjectDoesNotExistWithNameException"
    assert cli.send("GET", "_apis/projects?stateFilter=all", accept="application/json;api-version=5.1")["count"] == 0
