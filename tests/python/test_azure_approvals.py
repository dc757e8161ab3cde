"""Environments, checks, approvals and permissions by the official client; approvals have no client and are asked plainly."""

import pytest
import requests
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.pipeline_permissions.models import Permission, PipelinePermission, Resource as Used, ResourcePipelinePermissions
from azure.devops.v7_1.pipelines_checks.models import CheckConfiguration, CheckSuiteRequest, CheckType, Resource
from azure.devops.v7_1.task_agent.models import (
    EnvironmentCreateParameter,
    EnvironmentUpdateParameter,
    KubernetesResourceCreateParameters,
)

from devops_kit import Organization

APPROVAL = CheckType(id="8c6f20a7-a545-4486-9777-f762fafe0d4d", name="Approval")
LOCK = CheckType(id="2ef31ad6-baa0-403a-8b45-2cbc9b4e5563", name="ExclusiveLock")
ANN, BEN = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
YAML = """
trigger: none
stages:
- stage: build
  jobs: [{job: a, steps: [{script: echo a}]}]
- stage: deploy
  jobs:
  - deployment: d
    environment: prod
    strategy: {runOnce: {deploy: {steps: [{script: echo d}]}}}
"""


class Checked(Organization):
    def __init__(self, world):
        super().__init__(world)
        clients = self.connection.clients_v7_1
        self.agents = clients.get_task_agent_client()
        self.checks = clients.get_pipelines_checks_client()
        self.permissions = clients.get_pipeline_permissions_client()

    def check(self, project, environment, kind=APPROVAL, timeout=60, **settings):
        """Adds a check; the client's model has no settings, so they go in plainly."""
        body = {
            "type": {"id": kind.id, "name": kind.name},
            "settings": settings,
            "timeout": timeout,
            "resource": {"type": "environment", "id": str(environment.id), "name": environment.name},
        }
        answer = self.http("POST", f"{project.name}/_apis/pipelines/checks/configurations?api-version=7.1-preview.1", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def approvals(self, project, **query):
        answer = requests.get(
            f"{self.url}/{project.name}/_apis/pipelines/approvals",
            params={"api-version": "7.1", "$expand": "steps"} | query,
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def answer(self, project, approval, **what):
        body = [{"approvalId": approval["id"]} | what]
        return self.http("PATCH", f"{project.name}/_apis/pipelines/approvals?api-version=7.1", body)

    def queue(self, project, pipeline):
        return self.pipelines.run_pipeline({}, project.name, pipeline).id

    def records(self, project, build):
        found = self.build.get_build_timeline(project.name, build).records
        return {r.identifier if r.type == "Stage" else r.type: r for r in found if r.type == "Stage" or r.type.startswith("Checkpoint")}


@pytest.fixture
def org(world):
    return Checked(world)


@pytest.fixture
def site(org):
    """A project with a pipeline that deploys, and the environment it deploys to."""
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": YAML})
    environment = org.agents.add_environment(EnvironmentCreateParameter(name="prod", description="live"), project.id)
    return project, org.pipeline(project), environment


def explained(world, subject):
    answer = requests.get(f"{world}/_parhelion/explain/{subject}", headers={"Accept": "text/plain"}, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_an_approval_holds_a_stage_and_its_story_is_told(org, site, world):
    project, pipeline, environment = site
    check = org.check(project, environment, approvers=[{"id": ANN, "displayName": "Ann"}], instructions="look twice")
    run = org.queue(project, pipeline)
    held = org.build.get_build(project.name, run)
    assert held.status == "inProgress"
    records = org.records(project, run)
    assert (records["build"].result, records["deploy"].state) == ("succeeded", "pending")
    assert (records["Checkpoint"].state, records["Checkpoint.Approval"].state) == ("inProgress", "inProgress")
    [approval] = org.approvals(project, state="pending")
    assert approval["id"] == records["Checkpoint.Approval"].id
    assert (approval["instructions"], approval["steps"][0]["assignedApprover"]["displayName"]) == ("look twice", "Ann")
    # What it waits for is told while it waits.
    told = explained(world, f"run:{run}")
    assert f"waits for approval {approval['id']} of environment prod" in told and "asked: Ann" in told, told
    answered = org.answer(project, approval, status="approved", comment="go on")
    assert (answered.status_code, answered.json()["value"][0]["status"]) == (200, "approved")
    done = org.build.get_build(project.name, run)
    assert (done.status, done.result) == ("completed", "succeeded")
    assert org.records(project, run)["Checkpoint.Approval"].result == "succeeded"
    # The whole story in its order: asked, answered by whom, gone on, deployed.
    told = explained(world, f"run:{run}")
    steps = [
        "stage build is completed: succeeded",
        f"stage deploy waits for approval {approval['id']} of environment prod",
        "Ann approved it: go on",
        "is approved: approved by Ann",
        "stage deploy began",
        "stage deploy is completed: succeeded",
    ]
    places = [told.find(step) for step in steps]
    assert -1 not in places, (steps[places.index(-1)], told)
    assert places == sorted(places), told
    assert check["id"] == 1


def test_a_rejection_a_timeout_and_a_retry(org, site, control):
    project, pipeline, environment = site
    org.check(project, environment, approvers=[{"id": ANN}], timeout=30)
    run = org.queue(project, pipeline)
    [approval] = org.approvals(project, state="pending")
    assert org.answer(project, approval, status="rejected", comment="no").status_code == 200
    rejected = org.build.get_build(project.name, run)
    assert (rejected.status, rejected.result) == ("completed", "failed")
    assert org.records(project, run)["deploy"].result == "failed"
    again = org.answer(project, approval, status="approved")
    assert (again.status_code, again.json()["typeKey"]) == (400, "ApprovalCompletedException")
    org.build.update_stage({"state": "retry"}, run, "deploy", project.name)
    [asked] = org.approvals(project, state="pending")
    assert asked["id"] != approval["id"]
    control.post("clock/advance", {"by": "31m"})
    assert org.records(project, run)["deploy"].result == "skipped"
    assert [a["status"] for a in org.approvals(project)] == ["timedOut", "rejected"]


def test_approvers_in_order_given_on_deferred_and_bypassed(org, site, control):
    project, pipeline, environment = site
    approvers = [{"id": ANN, "displayName": "Ann"}, {"id": BEN, "displayName": "Ben"}]
    org.check(project, environment, approvers=approvers, executionOrder="inSequence", timeout=600)
    run = org.queue(project, pipeline)
    [approval] = org.approvals(project, userIds=BEN)
    early = org.answer(project, approval, status="approved", assignedApprover={"id": BEN})
    assert (early.status_code, early.json()["typeKey"]) == (403, "ApprovalUnauthorizedException")
    assert org.answer(project, approval, status="approved", assignedApprover={"id": ANN}).status_code == 200
    given = org.answer(project, approval, reassignTo={"id": "33333333-3333-3333-3333-333333333333", "displayName": "Cay"}, comment="yours")
    [first, second] = given.json()["value"][0]["steps"]
    assert (first["status"], second["assignedApprover"]["displayName"], second["history"][0]["comment"]) == ("approved", "Cay", "yours")
    now = control.get("clock")["now"]
    later = f"{int(now[:4]) + 1}{now[4:]}"
    assert org.answer(project, approval, status="approved", deferredTo=later).json()["value"][0]["steps"][1]["status"] == "deferred"
    assert org.build.get_build(project.name, run).status == "inProgress"
    assert org.answer(project, approval, status="skipped", comment="cannot wait").json()["value"][0]["status"] == "skipped"
    assert org.build.get_build(project.name, run).result == "succeeded"


def test_environments_and_what_was_deployed(org, site):
    project, pipeline, environment = site
    run = org.queue(project, pipeline)
    [record] = org.agents.get_environment_deployment_execution_records(project.id, environment.id)
    assert (record.environment_id, record.owner.id, record.stage_name, record.result) == (environment.id, run, "deploy", "succeeded")
    changed = org.agents.update_environment(EnvironmentUpdateParameter(description="very live"), project.id, environment.id)
    assert (changed.name, changed.description, changed.project.name) == ("prod", "very live", project.name)
    resource = org.agents.add_kubernetes_resource(KubernetesResourceCreateParameters(name="web", namespace="ns", cluster_name="c", tags=["a"]), project.id, environment.id)
    assert (resource.namespace, resource.type, resource.environment_reference.name) == ("ns", "kubernetes", "prod")
    assert org.agents.get_kubernetes_resource(project.id, environment.id, resource.id).cluster_name == "c"
    assert org.agents.get_environment_by_id(project.id, environment.id, expands="resourceReferences").resources[0].name == "web"
    org.agents.delete_kubernetes_resource(project.id, environment.id, resource.id)
    # One that a pipeline names comes into being with its first run.
    org.push(project, {"/new.yml": YAML.replace("prod", "fresh")})
    org.queue(project, org.pipeline(project, "/new.yml"))
    assert {e.name for e in org.agents.get_environments(project.id)} == {"prod", "fresh"}
    assert [e.name for e in org.agents.get_environments(project.id, name="fresh")] == ["fresh"]
    org.agents.delete_environment(project.id, environment.id)
    with pytest.raises(AzureDevOpsServiceError, match="does not exist"):
        org.agents.get_environment_by_id(project.id, environment.id)
    with pytest.raises(AzureDevOpsServiceError, match="already exists"):
        org.agents.add_environment(EnvironmentCreateParameter(name="Fresh"), project.id)


def test_check_configurations_and_evaluations(org, site):
    project, _, environment = site
    on = Resource(type="environment", id=str(environment.id), name="prod")
    made = org.checks.add_check_configuration(CheckConfiguration(type=LOCK, resource=on, timeout=5), project.name)
    assert (made.type.name, made.resource.name, made.timeout) == ("ExclusiveLock", "prod", 5)
    changed = org.checks.update_check_configuration(CheckConfiguration(type=LOCK, resource=on, timeout=7), project.name, made.id)
    assert (changed.timeout, org.checks.get_check_configuration(project.name, made.id).timeout) == (7, 7)
    assert [c.id for c in org.checks.get_check_configurations_on_resource(project.name, "environment", str(environment.id))] == [made.id]
    assert [c.id for c in org.checks.query_check_configurations_on_resources([on], project.name, expand="settings")] == [made.id]
    suite = org.checks.evaluate_check_suite(CheckSuiteRequest(resources=[on], context={}), project.name)
    assert (suite.status, suite.check_runs[0].status) == ("approved", "approved")
    assert org.checks.get_check_suite(project.name, suite.id).check_runs[0].check_configuration_ref.id == made.id
    org.checks.delete_check_configuration(project.name, made.id)
    with pytest.raises(AzureDevOpsServiceError, match="does not exist"):
        org.checks.get_check_configuration(project.name, made.id)
    with pytest.raises(AzureDevOpsServiceError, match="no type of checks"):
        org.checks.add_check_configuration(CheckConfiguration(type=CheckType(id=ANN), resource=on), project.name)


def test_a_pipeline_waits_for_its_permission(org, site, world):
    project, pipeline, environment = site
    of = ("environment", str(environment.id))
    assert org.permissions.get_pipeline_permissions_for_resource(project.name, *of).all_pipelines.authorized
    nobody = ResourcePipelinePermissions(all_pipelines=Permission(authorized=False))
    assert org.permissions.update_pipeline_permisions_for_resource(nobody, project.name, *of).all_pipelines is None
    run = org.queue(project, pipeline)
    assert org.build.get_build(project.name, run).status == "inProgress"
    assert org.records(project, run)["Checkpoint.Authorization"].state == "inProgress"
    assert "needs permission to access a resource" in explained(world, f"run:{run}")
    one = ResourcePipelinePermissions(resource=Used(type=of[0], id=of[1]), pipelines=[PipelinePermission(id=pipeline, authorized=True)])
    [said] = org.permissions.update_pipeline_permisions_for_resources([one], project.name)
    assert (said.pipelines[0].id, said.pipelines[0].authorized) == (pipeline, True)
    assert org.build.get_build(project.name, run).result == "succeeded"
