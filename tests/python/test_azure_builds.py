"""Pipelines, definitions and builds with the official Python client."""

import pytest
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.build.models import Build
from azure.devops.v7_1.pipelines.models import RunPipelineParameters, Variable
from devops_kit import Organization

YAML = "parameters:\n- name: who\n  default: nobody\nsteps:\n- script: echo ${{ parameters.who }}\n- script: echo $(word)\n"


@pytest.fixture
def org(world):
    return Organization(world)


@pytest.fixture
def made(org):
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": YAML})
    return project, org.pipeline(project)


def test_a_run_takes_parameters_and_variables(org, made, control):
    project, pipeline = made
    definition = org.build.get_definition(project.name, pipeline)
    definition.variables = {"word": {"value": "before", "allowOverride": True}}
    assert org.build.update_definition(definition, project.name, pipeline).revision == 2
    parameters = RunPipelineParameters(template_parameters={"who": "me"}, variables={"word": Variable(value="now")})
    run = org.pipelines.run_pipeline(parameters, project.name, pipeline)
    control.idle()
    assert org.said(project, run.id) == ["echo me", "echo now"]
    refused = RunPipelineParameters(template_parameters={"what": "x"})
    with pytest.raises(AzureDevOpsServiceError) as error:
        org.pipelines.run_pipeline(refused, project.name, pipeline)
    assert "Unexpected parameter 'what'" in error.value.message
    assert len(org.runs(project, pipeline)) == 1


def test_builds_are_queued_tagged_listed_and_deleted(org, made, control):
    project, pipeline = made

    def listed(**filters):
        return sorted(build.id for build in org.build.get_builds(project.name, **filters))

    queued = [org.build.queue_build(Build(definition={"id": pipeline}), project.name) for _ in range(3)]
    assert {build.status for build in queued} == {"notStarted"}
    ids = [build.id for build in queued]
    control.idle()
    build = org.build.get_build(project.name, ids[0])
    assert (build.status, build.result, build.reason) == ("completed", "succeeded", "manual")
    assert org.build.add_build_tag(project.name, ids[0], "first") == ["first"]
    assert sorted(org.build.add_build_tags(["a", "b"], project.name, ids[0])) == ["a", "b", "first"]
    org.build.add_build_tag(project.name, ids[1], "a")
    assert sorted(org.build.delete_build_tag(project.name, ids[0], "b")) == ["a", "first"]
    assert sorted(org.build.get_build_tags(project.name, ids[0])) == ["a", "first"]
    assert "first" in org.build.get_tags(project.name)
    assert listed() == ids
    assert listed(tag_filters=["a"]) == ids[:2]
    assert listed(tag_filters=["a", "first"]) == ids[:1]
    assert listed(build_ids=ids[1:]) == ids[1:]
    assert listed(reason_filter="manual", status_filter="completed", result_filter="succeeded") == ids
    assert listed(result_filter="failed") == []
    assert listed(branch_name="refs/heads/main") == ids and listed(branch_name="refs/heads/other") == []
    assert len(listed(top=2)) == 2
    org.build.delete_build(project.name, ids[0])
    assert listed() == ids[1:]
    with pytest.raises(AzureDevOpsServiceError) as gone:
        org.build.get_build(project.name, 77)
    assert gone.value.type_key == "BuildNotFoundException"
    assert gone.value.message == "The requested build 77 could not be found."


def test_a_build_under_way_is_cancelled(org, made, control):
    project, pipeline = made
    control.put("pace", {"surface": "azure-devops", "kind": "job", "mode": "manual"})
    queued = org.build.queue_build(Build(definition={"id": pipeline}), project.name)
    control.idle()
    assert org.build.get_build(project.name, queued.id).status == "inProgress"
    assert "stands until it is stepped by hand" in control.explain(f"run:{queued.id}")
    org.build.update_build(Build(status="Cancelling"), project.name, queued.id)
    control.idle()
    over = org.build.get_build(project.name, queued.id)
    assert (over.status, over.result) == ("completed", "canceled")
    records = org.build.get_build_timeline(project.name, queued.id).records
    assert {record.state for record in records} == {"completed"}


def test_what_cannot_be_queued_says_why(org, made):
    project, pipeline = made
    org.push(project, {"/azure-pipelines.yml": "steps:\n- scirpt: x\n"}, "edit")
    with pytest.raises(AzureDevOpsServiceError) as refused:
        org.build.queue_build(Build(definition={"id": pipeline}), project.name)
    assert refused.value.type_key == "BuildRequestValidationFailedException"
    (result,) = refused.value.custom_properties["ValidationResults"]
    assert result["result"] == "error"
    assert result["message"].startswith("/azure-pipelines.yml (Line: 2, Col: 3): Unexpected value 'scirpt'")


def test_projects_are_listed_changed_and_deleted(org, control):
    for name in ["one", "two"]:
        org.project(name)
    assert sorted(project.name for project in org.core.get_projects()) == ["one", "two"]
    found = org.core.get_project("ONE", include_capabilities=True)
    assert found.capabilities["versioncontrol"]["sourceControlType"] == "Git"
    operation = org.core.queue_delete_project(found.id)
    operations = org.connection.clients_v7_1.get_operations_client()
    assert operations.get_operation(operation.id).status == "succeeded"
    with pytest.raises(AzureDevOpsServiceError) as gone:
        org.core.get_project("one")
    assert gone.value.type_key == "ProjectDoesNotExistWithNameException"


def test_service_connections_keep_their_secrets_to_themselves(org):
    project = org.project()
    made = org.incoming_webhook(project, secret="hidden", header="X-Sum")
    listed = org.endpoints.get_service_endpoints(project.name, include_details=True)
    (found,) = listed
    assert (found.id, found.name, found.type) == (made.id, "IncomingWH", "incomingwebhook")
    assert found.authorization.parameters["webhookname"] == "WebHook"
    assert found.authorization.parameters.get("secret") is None
    org.endpoints.delete_service_endpoint(made.id, [project.id])
    assert org.endpoints.get_service_endpoints(project.name) == []
