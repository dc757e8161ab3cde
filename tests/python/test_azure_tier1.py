"""Every call of the first tier that the official Python client has."""

import io
import zipfile

import pytest
import requests
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.build.models import (
    Build,
    BuildArtifact,
    BuildDefinition,
    DefinitionResourceReference,
    Folder,
    JsonPatchOperation,
    PipelineGeneralSettings,
    UpdateStageParameters,
    UpdateTagParameters,
)
from azure.devops.v7_1.core.models import JsonPatchOperation as CorePatch
from azure.devops.v7_1.core.models import TeamProject
from azure.devops.v7_1.service_endpoint.models import ServiceEndpointProjectReference
from devops_kit import Organization

YAML = "steps:\n- checkout: none\n- script: echo hi\n- publish: out\n  artifact: bin\n"


@pytest.fixture
def org(world):
    return Organization(world)


@pytest.fixture
def made(org):
    """A project with a pipeline."""
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": YAML})
    return project, org.pipeline(project)


def queue(org, project, pipeline, **more):
    return org.build.queue_build(Build(definition={"id": pipeline}, **more), project.name)


def test_core_and_operations(org):
    assert {p.name for p in org.core.get_processes()} == {"Agile", "Scrum", "Basic", "CMMI"}
    scrum = next(p for p in org.core.get_processes() if p.name == "Scrum")
    assert org.core.get_process_by_id(scrum.id).name == "Scrum"
    project = org.project("P1")
    org.project("P2")
    assert [p.name for p in org.core.get_projects(top=1)] == ["P1"]
    assert [p.name for p in org.core.get_projects(top=1, skip=1)] == ["P2"]
    assert [p.name for p in org.core.get_projects(top=1, continuation_token=1)] == ["P2"]
    assert org.core.get_projects(state_filter="deleting") == []
    whole = org.core.get_project(project.id, include_capabilities=True)
    assert whole.capabilities["processTemplate"]["templateName"] == "Basic"
    (team,) = org.core.get_teams(project.id)
    assert org.core.get_team(project.id, team.name).id == whole.default_team.id
    org.core.set_project_properties(project.id, [CorePatch(op="add", path="/Size", value=3)])
    assert {p.name: p.value for p in org.core.get_project_properties(project.id, keys=["Size"])} == {"Size": 3}
    operation = org.core.update_project(TeamProject(description="changed"), project.id)
    operations = org.connection.clients_v7_1.get_operations_client()
    assert operations.get_operation(operation.id).status == "succeeded"
    assert org.core.get_project("p1").description == "changed"
    assert operations.get_operation(org.core.queue_delete_project(project.id).id).status == "succeeded"
    with pytest.raises(AzureDevOpsServiceError) as gone:
        org.core.get_project("P1")
    assert gone.value.type_key == "ProjectDoesNotExistWithNameException"


def test_an_operation_is_polled_until_it_is_done(org, control):
    control.put("clock", {"mode": "manual"})
    control.put("pace", {"surface": "azure-devops", "kind": "operation", "mode": "after", "delay": "30s"})
    queued = org.core.queue_create_project(TeamProject(name="slow", visibility="private"))
    operations = org.connection.clients_v7_1.get_operations_client()
    assert operations.get_operation(queued.id).status == "inProgress"
    assert [p.state for p in org.core.get_projects(state_filter="all")] == ["createPending"]
    assert "it is done at" in control.explain(f"operation:{queued.id}")
    control.post("clock/advance", {"by": "30s"})
    assert operations.get_operation(queued.id).status == "succeeded"


def test_service_endpoints(org):
    project, other = org.project("P1"), org.project("P2")
    made = org.incoming_webhook(project, secret="s")
    types = org.endpoints.get_service_endpoint_types(type="incomingwebhook")
    assert [t.display_name for t in types] == ["Incoming WebHook"]
    assert [e.id for e in org.endpoints.get_service_endpoints(project.name, type="incomingwebhook")] == [made.id]
    by_name = org.endpoints.get_service_endpoints_by_names(project.name, ["IncomingWH"], include_details=True)
    assert by_name[0].authorization.parameters["secret"] is None
    org.endpoints.share_service_endpoint(
        [ServiceEndpointProjectReference(project_reference={"id": other.id, "name": "P2"}, name="Shared")], made.id
    )
    assert org.endpoints.get_service_endpoint_details(other.name, made.id).name == "Shared"
    made.description = "d"
    assert org.endpoints.update_service_endpoint(made, made.id).id == made.id
    assert [e.id for e in org.endpoints.update_service_endpoints([made])] == [made.id]
    assert org.endpoints.get_service_endpoint_execution_records(project.name, made.id) == []
    org.endpoints.delete_service_endpoint(made.id, [project.id, other.id])
    assert org.endpoints.get_service_endpoints(project.name) == []


def test_definitions(org, made):
    project, first = made
    name = project.name
    repository = org.git.get_repository(name, project=name)
    definition = BuildDefinition(
        name="two",
        path="\\team",
        process={"type": 2, "yamlFilename": "azure-pipelines.yml"},
        repository={"id": repository.id, "type": "TfsGit"},
        queue={"name": "Default"},
        triggers=[{"triggerType": 2, "settingsSourceType": 2}],
    )
    two = org.build.create_definition(definition, name)
    assert (two.queue.name, two.triggers[0]["triggerType"]) == ("Default", "continuousIntegration")
    two.description = "changed"
    assert org.build.update_definition(two, name, two.id).revision == 2
    assert [r.change_type for r in org.build.get_definition_revisions(name, two.id)] == ["add", "update"]
    assert org.build.get_definition_yaml(name, two.id).yaml == YAML
    assert {d.name for d in org.build.get_definitions(name)} == {"two", org.build.get_definition(name, first).name}
    assert [d.id for d in org.build.get_definitions(name, path="\\team")] == [two.id]
    assert [d.id for d in org.build.get_definitions(name, definition_ids=[first])] == [first]
    queue(org, project, two.id)
    assert org.build.get_definition(name, two.id, include_latest_builds=True).latest_build.definition.id == two.id
    assert org.build.add_definition_tag(name, two.id, "a/b") == ["a/b"]
    assert org.build.add_definition_tags(["c"], name, two.id) == ["a/b", "c"]
    assert org.build.update_definition_tags(UpdateTagParameters(tags_to_remove=["c"]), name, two.id) == ["a/b"]
    assert org.build.get_definition_tags(name, two.id) == ["a/b"]
    assert org.build.delete_definition_tag(name, two.id, "a/b") == []
    one = DefinitionResourceReference(type="queue", id="1", authorized=True)
    assert [r.name for r in org.build.authorize_definition_resources([one], name, two.id)] == ["Default"]
    assert [r.id for r in org.build.get_definition_resources(name, two.id)] == ["1"]
    assert org.build.authorize_project_resources([one], name)[0].authorized
    assert [r.type for r in org.build.get_project_resources(name, type="queue")] == ["queue"]
    org.build.delete_definition(name, two.id)
    assert org.build.restore_definition(name, two.id, False).name == "two"


def test_folders_and_settings(org, made):
    name = made[0].name
    assert org.build.create_folder(Folder(description="d"), name, "\\a\\b").path == "\\a\\b"
    assert org.build.update_folder(Folder(path="\\c"), name, "\\a\\b").path == "\\c"
    assert [f.path for f in org.build.get_folders(name)] == ["\\", "\\c"]
    assert [f.path for f in org.build.get_folders(name, path="\\c")] == ["\\c"]
    org.build.delete_folder(name, "\\c")
    assert [f.path for f in org.build.get_folders(name)] == ["\\"]
    assert org.build.get_build_general_settings(name).enforce_settable_var is True
    changed = org.build.update_build_general_settings(PipelineGeneralSettings(enforce_settable_var=False), name)
    assert changed.enforce_settable_var is False


def test_builds(org, made):
    project, pipeline = made
    name = project.name
    build = queue(org, project, pipeline, source_branch="refs/heads/main", priority="high")
    assert (build.status, build.priority) == ("notStarted", "high")
    assert org.build.get_build(name, build.id).result == "succeeded"
    assert org.build.get_latest_build(name, str(pipeline), branch_name="main").id == build.id
    assert [b.id for b in org.build.get_builds(name, definitions=[pipeline], status_filter="completed")] == [build.id]
    assert org.build.get_builds(name, tag_filters=["x"]) == []
    assert org.build.update_build(Build(quality="good", keep_forever=True), name, build.id).keep_forever
    (both,) = org.build.update_builds([Build(id=build.id, keep_forever=False)], name)
    assert both.quality == "good"
    assert org.build.add_build_tag(name, build.id, "a/b") == ["a/b"]
    assert org.build.add_build_tags(["c"], name, build.id) == ["a/b", "c"]
    assert org.build.update_build_tags(UpdateTagParameters(tags_to_add=["d"]), name, build.id) == ["a/b", "c", "d"]
    assert org.build.delete_build_tag(name, build.id, "d") == ["a/b", "c"]
    assert org.build.get_build_tags(name, build.id) == org.build.get_tags(name) == ["a/b", "c"]
    assert org.build.delete_tag(name, "c") == ["a/b"]
    patch = [JsonPatchOperation(op="add", path="/k", value="v")]
    assert org.build.update_build_properties(patch, name, build.id)["value"]["k"]["$value"] == "v"
    assert org.build.get_build_properties(name, build.id)["count"] == 1
    (change,) = org.build.get_build_changes(name, build.id)
    assert change.type == "TfsGit"
    timeline = org.build.get_build_timeline(name, build.id)
    assert [r.type for r in timeline.records][:3] == ["Stage", "Phase", "Job"]
    logs = org.build.get_build_logs(name, build.id)
    lines = org.build.get_build_log_lines(name, build.id, logs[1].id, start_line=8, end_line=8)
    assert [line.split(" ", 1)[1] for line in lines] == ["echo hi"]
    text = b"".join(org.build.get_build_log(name, build.id, logs[1].id)).decode()
    assert text.splitlines()[7].endswith(" echo hi")
    for archive in (
        org.build.get_build_logs_zip(name, build.id),
        org.build.get_build_log_zip(name, build.id, logs[1].id),
    ):
        assert zipfile.ZipFile(io.BytesIO(b"".join(archive))).testzip() is None
    assert [a.name for a in org.build.get_artifacts(name, build.id)] == ["bin"]
    content = b"".join(org.build.get_artifact_content_zip(name, build.id, "bin"))
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["bin/"]
    added = BuildArtifact(name="drop", resource={"type": "Container", "data": "#/1/drop"})
    assert org.build.create_artifact(added, name, build.id).id == 2
    artifact = org.build.get_artifact(name, build.id, "drop")
    assert requests.get(artifact.resource.download_url, timeout=30).status_code == 200
    org.build.delete_build(name, build.id)
    assert org.build.get_builds(name) == []
    assert [b.deleted for b in org.build.get_builds(name, deleted_filter="onlyDeleted")] == [True]


def test_a_run_is_cancelled_and_run_again(org, made, control):
    project, pipeline = made
    name = project.name
    control.put("pace", {"surface": "azure-devops", "kind": "step", "mode": "manual"})
    build = queue(org, project, pipeline)
    assert org.build.get_build(name, build.id).status == "inProgress"
    assert "stands until it is stepped by hand" in control.explain(f"run:{build.id}")
    control.post("step", {"surface": "azure-devops"})
    assert org.build.update_build(Build(status="cancelling"), name, build.id).status == "cancelling"
    control.post("await", {"condition": {"run": {"id": str(build.id), "result": "canceled"}}, "timeout": "5s"})
    control.put("pace", {"surface": "azure-devops", "kind": "step", "mode": "immediate"})
    org.build.update_build(Build(), name, build.id, retry=True)
    assert org.build.get_build(name, build.id).result == "succeeded"
    stage = next(r for r in org.build.get_build_timeline(name, build.id).records if r.type == "Stage")
    assert (stage.attempt, len(stage.previous_attempts)) == (2, 1)
    # The client leaves the project out of this call when it is not given.
    again = UpdateStageParameters(state="retry", force_retry_all_jobs=True)
    org.build.update_stage(again, build.id, "__default")
    org.build.update_stage(again, build.id, "__default", project=name)
    stage = next(r for r in org.build.get_build_timeline(name, build.id).records if r.type == "Stage")
    assert stage.attempt == 4
    story = control.explain(f"run:{build.id}")
    assert "was told to end" in story or "run again" in story


def test_pipelines(org, made):
    project, pipeline = made
    name = project.name
    assert [p.id for p in org.pipelines.list_pipelines(name, order_by="name asc", top=5)] == [pipeline]
    assert org.pipelines.get_pipeline(name, pipeline, pipeline_version=1).revision == 1
    run = org.pipelines.run_pipeline({}, name, pipeline)
    assert org.pipelines.get_run(name, pipeline, run.id).result == "succeeded"
    assert [r.id for r in org.pipelines.list_runs(name, pipeline)] == [run.id]
    logs = org.pipelines.list_logs(name, pipeline, run.id, expand="signedContent").logs
    log = org.pipelines.get_log(name, pipeline, run.id, logs[1].id, expand="signedContent")
    assert "echo hi" in requests.get(log.signed_content.url, timeout=30).text
    artifact = org.pipelines.get_artifact(name, pipeline, run.id, "bin", expand="signedContent")
    assert requests.get(artifact.signed_content.url, timeout=30).headers["Content-Type"] == "application/zip"
    shown = org.pipelines.preview({"previewRun": True}, name, pipeline)
    assert "echo hi" in shown.final_yaml
