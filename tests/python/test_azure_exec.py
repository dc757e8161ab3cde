"""Runs with an inner life, with the official Python client: logging commands, and scripts that are really executed."""

import concurrent.futures
import os
import subprocess
import threading
import time

import pytest
import requests
from azure.devops.v7_1.build.models import Build
from conftest import BIN, Control
from devops_kit import Organization

REAL = """\
variables:
  parhelion.exec: true
jobs:
- job: Make
  steps:
  - bash: |
      echo "at $(git rev-parse HEAD) of $BUILD_REPOSITORY_NAME"
      echo "the secret is $TOKEN"
      echo "##vso[build.addbuildtag]made"
      echo "##vso[task.setvariable variable=answer;isOutput=true]$((6 * 7))"
    name: make
    env:
      TOKEN: $(token)
- job: Take
  dependsOn: Make
  condition: eq(dependencies.Make.outputs['make.answer'], '42')
  variables:
    answer: $[ dependencies.Make.outputs['make.answer'] ]
  steps:
  - script: echo the answer is $(answer)
    displayName: take
"""


@pytest.fixture(scope="module")
def executing():
    """A server that may execute scripts."""
    process = subprocess.Popen(
        [BIN, "--listen", "127.0.0.1:0", "--seed", "42", "--log", "warn", "--azure-exec"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PRIVATE_OF_THE_SERVER": "x"},
    )
    url = process.stdout.readline().strip()
    threading.Thread(target=process.stdout.read, daemon=True).start()
    yield url
    process.terminate()
    assert process.wait(timeout=30) == 0


def pipeline(org, yaml, **variables):
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": yaml})
    id = org.pipeline(project)
    if variables:
        definition = org.build.get_definition(project.name, id)
        definition.variables = {name: {"value": value, "isSecret": True} for name, value in variables.items()}
        org.build.update_definition(definition, project.name, id)
    return project, id


def run(org, project, id):
    return org.build.queue_build(Build(definition={"id": id}), project.name).id


def logs(org, project, build):
    """The lines of each step's log by the step's name, without their times."""
    records = org.build.get_build_timeline(project.name, build).records
    lines = lambda record: org.build.get_build_log_lines(project.name, build, record.log.id)
    return {r.name: [line.split(" ", 1)[1] for line in lines(r)] for r in records if r.type == "Task" and r.log}


def results(org, project, build, kind):
    records = org.build.get_build_timeline(project.name, build).records
    return {record.name: record.result for record in records if record.type == kind}


def test_an_output_of_a_real_step_is_used_by_a_later_job(executing):
    world = f"{executing}/_w/exec-1"
    org, control = Organization(world), Control(world)
    project, id = pipeline(org, REAL, token="tiger")
    build = run(org, project, id)
    control.idle()
    done = org.build.get_build(project.name, build)
    assert (done.status, done.result, done.tags) == ("completed", "succeeded", ["made"])
    said = logs(org, project, build)
    assert f"at {done.source_version} of site" in said["Bash"]
    assert "the secret is ***" in said["Bash"]
    assert "the answer is 42" in said["take"]
    assert not any("tiger" in line for lines in said.values() for line in lines)
    assert "step Bash: it was executed: exit code 0" in control.explain(f"run:{build}")


def test_without_the_flag_nothing_is_executed(world, control):
    org = Organization(world)
    project, id = pipeline(org, REAL, token="tiger")
    build = run(org, project, id)
    control.idle()
    assert org.build.get_build(project.name, build).tags == []
    assert not any("Starting Command Output" in line for line in logs(org, project, build)["Bash"])
    # Nobody set the output: the job that asks for it is left out.
    assert results(org, project, build, "Job") == {"Make": "succeeded", "Take": "skipped"}
    assert "nothing is executed without the server's setting azure.exec" in control.explain(f"run:{build}")


def test_a_real_step_has_an_environment_of_its_own_and_ends_when_it_is_cancelled(executing):
    world = f"{executing}/_w/exec-2"
    org, control = Organization(world), Control(world)
    yaml = "variables: { parhelion.exec: true }\nsteps:\n- checkout: none\n- bash: env; (sleep 300 &); sleep 300\n  displayName: long\n- bash: echo cleaning up\n  displayName: after\n  condition: always()\n"
    project, id = pipeline(org, yaml)
    build = run(org, project, id)
    assert org.build.get_build(project.name, build).status == "inProgress"
    begun = time.monotonic()
    org.build.update_build(Build(status="cancelling"), project.name, build)
    control.idle()
    assert time.monotonic() - begun < 60
    assert org.build.get_build(project.name, build).result == "canceled"
    assert results(org, project, build, "Task")["long"] == "canceled"
    assert "cleaning up" in logs(org, project, build)["after"]
    # What an exit code says.
    org.push(project, {"/azure-pipelines.yml": "variables: { parhelion.exec: true }\nsteps:\n- bash: env; exit 4\n"}, "edit")
    control.idle()
    [failed] = [b for b in org.build.get_builds(project.name) if b.result == "failed"]
    said = logs(org, project, failed.id)["Bash"]
    assert "##[error]Bash exited with code '4'." in said
    assert "TF_BUILD=True" in said
    assert not any("PRIVATE_OF_THE_SERVER" in line for line in said)


def test_queue_calls_at_once_are_runs_of_their_own(world, control):
    org = Organization(world)
    yaml = "variables: { n: '$[ counter(1, 1) ]' }\nsteps:\n- checkout: none\n- script: echo $(n)\n  displayName: say\n"
    project, id = pipeline(org, yaml)
    url = f"{org.url}/{project.name}/_apis/build/builds?api-version=7.1"

    def queue(_):
        return requests.post(url, json={"definition": {"id": id}}, timeout=30).json()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        queued = list(pool.map(queue, range(16)))
    control.idle()
    assert len({build["id"] for build in queued}) == 16
    assert len({build["buildNumber"] for build in queued}) == 16
    counted = [logs(org, project, build["id"])["say"][7] for build in queued]
    assert sorted(counted) == sorted(f"echo {n}" for n in range(1, 17))


def test_commands_of_a_simulated_step_are_honoured(world, control):
    org = Organization(world)
    yaml = "steps:\n- checkout: none\n- script: x\n  displayName: say\n  name: say\n- script: echo $(say.out)\n  displayName: hear\n"
    project, id = pipeline(org, yaml)
    lines = [
        "##[group]a group",
        "##vso[task.setvariable variable=out;isOutput=true]said",
        "##vso[task.logissue type=warning;sourcepath=a.c;linenumber=1]careful",
        "##vso[build.updatebuildnumber]9.9",
        "##vso[task.complete result=SucceededWithIssues]",
    ]
    control.put("behaviours/say", {"match": {"step": "say"}, "outcomes": [{"outcome": "succeed", "log": lines}]})
    build = run(org, project, id)
    control.idle()
    done = org.build.get_build(project.name, build)
    assert (done.build_number, done.result) == ("9.9", "partiallySucceeded")
    assert "echo said" in logs(org, project, build)["hear"]
    [say] = [r for r in org.build.get_build_timeline(project.name, build).records if r.name == "say"]
    assert (say.warning_count, say.issues[0].type, say.issues[0].category) == (1, "warning", "Code")
    answer = requests.put(
        f"{world}/_parhelion/behaviours/bad",
        json={"match": {"surface": "azure-devops"}, "outcomes": [{"outcome": "succeed", "variables": {"a": 1}}]},
        timeout=30,
    )
    assert answer.status_code == 400 and "variables.a" in answer.text
