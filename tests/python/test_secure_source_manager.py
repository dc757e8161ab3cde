"""Seed 004 with the official client over REST, and the real git."""

import json
import os
import subprocess

import pytest
import requests
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import securesourcemanager_v1 as ssm

PLACE = "projects/my-project/locations/us-central1"


@pytest.fixture
def client(server):
    # The generated REST client takes a host, not a path below it: this suite has the main world to itself.
    requests.post(f"{server}/_parhelion/reset", json={"surface": "secure-source-manager"}, timeout=30)
    return ssm.SecureSourceManagerClient(
        transport="rest",
        credentials=AnonymousCredentials(),
        client_options=ClientOptions(api_endpoint=server),
    )


@pytest.fixture
def repository(client):
    client.create_instance(parent=PLACE, instance_id="my-instance", instance=ssm.Instance()).result(timeout=30)
    made = client.create_repository(
        parent=PLACE,
        repository_id="my-repo",
        repository=ssm.Repository(instance=f"{PLACE}/instances/my-instance"),
    )
    return made.result(timeout=30)


def git(folder, *arguments, check=True):
    ran = subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments],
        cwd=folder,
        env=os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not check or ran.returncode == 0, ran.stderr
    return ran


def clone(repository, folder):
    git(folder, "clone", "-q", repository.uris.git_https, "work")
    return folder / "work"


def commit(work, name, text):
    (work / name).write_text(text)
    git(work, "add", name)
    git(work, "commit", "-q", "-m", f"Write {name}")
    return git(work, "rev-parse", "HEAD").stdout.strip()


def hook(client, repository, url, **options):
    made = client.create_hook(
        parent=repository.name,
        hook_id="on-push",
        hook=ssm.Hook(target_uri=url, events=[ssm.Hook.HookEventType.PUSH], **options),
    )
    return made.result(timeout=30)


def test_instances_repositories_and_hooks(client, repository, receiver):
    assert client.get_instance(name=f"{PLACE}/instances/my-instance").state == ssm.Instance.State.ACTIVE
    assert [r.name for r in client.list_repositories(parent=PLACE)] == [f"{PLACE}/repositories/my-repo"]
    made = hook(client, repository, receiver.url, sensitive_query_string="secret=1")
    assert made.sensitive_query_string == ""
    assert client.get_hook(name=made.name).target_uri == receiver.url
    assert [h.name for h in client.list_hooks(parent=repository.name)] == [made.name]
    with pytest.raises(exceptions.Conflict):
        hook(client, repository, receiver.url)
    client.delete_hook(name=made.name).result(timeout=30)
    with pytest.raises(exceptions.NotFound):
        client.get_hook(name=made.name)
    client.delete_repository(name=repository.name).result(timeout=30)
    assert list(client.list_repositories(parent=PLACE)) == []


def test_a_push_is_delivered_with_the_sensitive_query(client, repository, receiver, tmp_path):
    hook(client, repository, f"{receiver.url}/in", sensitive_query_string="token=s3cret")
    work = clone(repository, tmp_path)
    first = commit(work, "README.md", "hello\n")
    git(work, "push", "-q", "origin", "HEAD:refs/heads/main")
    path, headers, body = receiver.next()
    assert path == "/in?token=s3cret"
    assert headers["X-SecureSourceManager-Event"] == "push"
    assert len(headers["X-SecureSourceManager-Delivery"]) == 36
    told = json.loads(body)
    assert (told["ref"], told["before"], told["after"]) == ("refs/heads/main", "0" * 40, first)
    second = commit(work, "README.md", "hello again\n")
    git(work, "push", "-q", "origin", "HEAD:refs/heads/main")
    told = json.loads(receiver.next()[2])
    assert (told["before"], told["after"]) == (first, second)
    assert [c["id"] for c in told["commits"]] == [second]
    assert told["commits"][0]["modified"] == ["README.md"]
    # What was pushed can be cloned.
    git(tmp_path, "clone", "-q", repository.uris.git_https, "again")
    assert (tmp_path / "again" / "README.md").read_text() == "hello again\n"


def test_branch_filters_and_disabled_hooks_send_nothing(client, server, repository, receiver, tmp_path):
    made = hook(client, repository, receiver.url, push_option=ssm.Hook.PushOption(branch_filter="release/*"))
    work = clone(repository, tmp_path)
    commit(work, "a", "1")
    git(work, "push", "-q", "origin", "HEAD:refs/heads/main")
    git(work, "push", "-q", "origin", "HEAD:refs/heads/release/1")
    assert json.loads(receiver.next()[2])["ref"] == "refs/heads/release/1"
    client.delete_hook(name=made.name).result(timeout=30)
    hook(client, repository, receiver.url, disabled=True)
    commit(work, "b", "2")
    git(work, "push", "-q", "origin", "HEAD:refs/heads/main")
    requests.post(f"{server}/_parhelion/idle", json={"timeout": "20s"}, timeout=30)
    assert receiver.received.empty()


def test_an_unknown_repository_is_told_to_git(server, client, tmp_path):
    ran = git(tmp_path, "clone", f"{server}/_ssm/git/us-central1/none/my-project/none.git", check=False)
    assert ran.returncode != 0 and "not found" in ran.stderr
