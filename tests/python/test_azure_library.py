"""Variable groups, agent pools and queues, and the schema of pipeline files, by the official client."""

import pytest
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.task_agent.models import (
    TaskAgentPool,
    TaskAgentQueue,
    VariableGroupParameters,
    VariableGroupProjectReference,
    VariableValue,
)

from devops_kit import Organization

YAML = """
variables:
- group: Shared
steps:
- script: echo $(greeting) $(token) $(late)
- script: echo ${{ variables.greeting }}!
"""


@pytest.fixture
def org(world):
    return Organization(world)


@pytest.fixture
def tasks(org):
    return org.connection.clients_v7_1.get_task_agent_client()


def group(project, name="Shared", **variables):
    return VariableGroupParameters(
        name=name,
        description="What pipelines share",
        type="Vsts",
        variables=variables,
        variable_group_project_references=[
            VariableGroupProjectReference(name=name, project_reference={"id": project.id, "name": project.name})
        ],
    )


def test_a_group_is_kept_and_its_secrets_are_not_told(org, tasks):
    project = org.project()
    made = tasks.add_variable_group(
        group(project, greeting=VariableValue(value="hello"), token=VariableValue(value="s3cret", is_secret=True))
    )
    assert (made.type, made.is_shared, made.created_by.display_name) == ("Vsts", False, "Parhelion User")
    read = tasks.get_variable_group("site", made.id)
    assert (read.variables["greeting"].value, read.variables["greeting"].is_secret) == ("hello", None)
    assert (read.variables["token"].value, read.variables["token"].is_secret) == (None, True)
    # What the client read it sends back: the secret stays.
    changed = group(project, **read.variables | {"late": VariableValue(value="x")})
    updated = tasks.update_variable_group(changed, made.id)
    assert sorted(updated.variables) == ["greeting", "late", "token"]
    assert [g.name for g in tasks.get_variable_groups("site", group_name="Sha*")] == ["Shared"]
    assert [g.id for g in tasks.get_variable_groups_by_id("site", [made.id, 99])] == [made.id]
    with pytest.raises(AzureDevOpsServiceError) as refused:
        tasks.add_variable_group(group(project, greeting=VariableValue(value="again")))
    assert refused.value.type_key == "VariableGroupExistsException"
    other = org.project("other")
    tasks.share_variable_group(
        [VariableGroupProjectReference(name="Theirs", project_reference={"id": other.id})], made.id
    )
    assert tasks.get_variable_group("other", made.id).name == "Theirs"
    tasks.delete_variable_group(made.id, [project.id, other.id])
    assert tasks.get_variable_groups("site") == []


def test_a_run_uses_the_group_that_its_yaml_names(org, tasks, control):
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": YAML})
    definition = org.pipeline(project)
    with pytest.raises(AzureDevOpsServiceError) as refused:
        org.build.queue_build({"definition": {"id": definition}}, "site")
    results = refused.value.custom_properties["ValidationResults"]
    assert "Variable group Shared was not found or is not authorized for use." in results[0]["message"]
    tasks.add_variable_group(
        group(project, greeting=VariableValue(value="hello"), token=VariableValue(value="s3cret", is_secret=True))
    )
    build = org.build.queue_build({"definition": {"id": definition}}, "site")
    control.idle()
    lines = []
    for log in org.build.get_build_logs("site", build.id):
        lines += org.build.get_build_log_lines("site", build.id, log.id)
    said = "\n".join(lines)
    # Templates know no groups, macros do; what nothing knows stays as it is written.
    assert "echo hello *** $(late)" in said and "echo !" in said and "s3cret" not in said
    assert "s3cret" not in control.explain(f"run:{build.id}")


def test_pools_and_queues(org, tasks):
    project = org.project()
    assert [p.name for p in tasks.get_agent_pools()] == ["Default", "Azure Pipelines"]
    assert tasks.get_agent_pools(pool_name="Azure Pipelines")[0].is_hosted
    pool = tasks.add_agent_pool(TaskAgentPool(name="Mine", auto_provision=False))
    assert tasks.get_agent_pool(pool.id).pool_type == "automation"
    queue = tasks.add_agent_queue(TaskAgentQueue(name="Mine", pool={"id": pool.id}), project.id, authorize_pipelines=True)
    assert (queue.pool.name, queue.project_id) == ("Mine", project.id)
    assert len(tasks.get_agent_queues(project.id)) == 3
    assert [q.id for q in tasks.get_agent_queues_by_names(["mine"], project.id)] == [queue.id]
    assert [q.id for q in tasks.get_agent_queues_for_pools([pool.id], project.id)] == [queue.id]
    assert [q.id for q in tasks.get_agent_queues_by_ids([queue.id], project.id)] == [queue.id]
    assert tasks.update_agent_pool(TaskAgentPool(name="Ours"), pool.id).name == "Ours"
    tasks.delete_agent_queue(queue.id, project.id)
    with pytest.raises(AzureDevOpsServiceError) as gone:
        tasks.get_agent_queue(queue.id, project.id)
    assert gone.value.type_key == "TaskAgentQueueNotFoundException"
    tasks.delete_agent_pool(pool.id)
    assert len(tasks.get_agent_pools_by_ids([1, 2, pool.id])) == 2


def test_the_schema_of_pipeline_files(tasks):
    schema = tasks.get_yaml_schema(validate_task_names=False)
    assert schema["$schema"].startswith("http://json-schema.org/draft-07")
    assert {"steps", "stages", "jobs", "pool"} <= set(schema["definitions"])
