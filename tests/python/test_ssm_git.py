"""git's own client against Secure Source Manager, step by step, with what arrives at a sink of the emulator."""

import json
import socket
import subprocess
from urllib.parse import urlparse

import pytest
import requests
from google.cloud import securesourcemanager_v1 as ssm
from ssm_kit import PLACE, PROJECT, Client, Work, instance_and_repository, world_name

Event = ssm.Hook.HookEventType
ZEROS = "0" * 40


@pytest.fixture
def client(request, server, world):
    return Client("grpc", server, world_name(request))


@pytest.fixture
def repo(client):
    return instance_and_repository(client)


class Sink:
    """A receiver inside of the emulator, and what of it was not looked at yet."""

    def __init__(self, control, world, name="ci"):
        self.control, self.name, self.seen = control, name, 0
        self.url = f"{world}/_parhelion/sink/{name}"
        control.put(f"sinks/{name}", {"responses": [{"status": 200}]})

    def new(self):
        self.control.idle()
        items = self.control.get(f"sinks/{self.name}/requests")["items"]
        fresh, self.seen = items[self.seen :], len(items)
        told = []
        for item in fresh:
            headers = {name.lower(): value for name, value in dict(item["headers"]).items()}
            body = item["body"] if isinstance(item["body"], dict) else json.loads(item["body"])
            told.append((headers["x-securesourcemanager-event"], body))
        return told


@pytest.fixture
def sink(control, world):
    return Sink(control, world)


def pushes(sink):
    return [(body["ref"], body["before"], body["after"]) for event, body in sink.new() if event == "push"]


def test_a_days_work(client, repo, sink, control, tmp_path):
    options = {"push_option": {"branch_filter": "{main,release/*}"}}
    hook = ssm.Hook(target_uri=sink.url, events=[Event.PUSH, Event.PULL_REQUEST], **options)
    client.create_hook(parent=repo.name, hook=hook, hook_id="ci")
    work = Work(repo, tmp_path)

    # Two branches at once, the filter takes one.
    first = work.commit("README.md", "one\n")
    work.push("HEAD:refs/heads/main", "HEAD:refs/heads/dev")
    assert pushes(sink) == [("refs/heads/main", ZEROS, first)]

    # An annotated tag is told by its commit, whatever the filter.
    work.git("tag", "-a", "v1", "-m", "one")
    work.push("v1")
    assert pushes(sink) == [("refs/tags/v1", ZEROS, first)]

    # Another history.
    second = work.commit("README.md", "two\n")
    work.push("HEAD:main")
    work.git("commit", "-q", "--amend", "-m", "Another two")
    other = work.tip()
    refused = work.push("HEAD:main", check=False)
    assert refused.returncode != 0 and "non-fast-forward" in refused.stderr
    work.push("-f", "HEAD:main")
    assert pushes(sink) == [("refs/heads/main", first, second), ("refs/heads/main", second, other)]

    # A pull request whose head goes.
    work.branch("feature", "HEAD")
    work.commit("b", "1\n")
    work.push("feature")
    made = ssm.PullRequest(title="T", base={"ref": "main"}, head={"ref": "feature"})
    pull = client.create_pull_request(parent=repo.name, pull_request=made)
    work.push(":feature")
    actions = [(event, body.get("action")) for event, body in sink.new()]
    assert actions == [("pull_request", "opened"), ("pull_request", "closed")]
    assert client.get_pull_request(name=pull.name).state == ssm.PullRequest.State.CLOSED

    # A branch that goes is no push event, a tag is, by what the ref held: the tag's own object.
    work.push(":dev", ":v1")
    assert pushes(sink) == [("refs/tags/v1", work.tip("refs/tags/v1"), ZEROS)]

    # A rule.
    rule = ssm.BranchRule(include_pattern="main", require_pull_request=True)
    client.create_branch_rule(parent=repo.name, branch_rule=rule, branch_rule_id="by-review")
    work.git("checkout", "-q", "--detach", other)
    work.commit("c", "1\n")
    refused = work.push("HEAD:main", check=False)
    assert 'remote: branch rule "by-review": changes to main must be made through a pull request' in refused.stderr
    assert pushes(sink) == []

    # Why, in the journal.
    received = control.get("events", kind="git.received")["items"][-1]
    story = control.explain(received["seq"])
    assert "main must be made through a pull request" in story, story

    # By a pull request it goes: the push first, then the pull request.
    work.push("HEAD:refs/heads/feature")
    client.open_pull_request(name=pull.name)
    client.merge_pull_request(name=pull.name)
    told = sink.new()
    assert [body.get("action", body.get("ref")) for _, body in told] == ["reopened", "refs/heads/main", "closed"]
    again = Work(repo, tmp_path, "again")
    assert again.git("log", "-1", "--format=%s").stdout.strip() == "Merge pull request 'T' (#1) from feature into main"
    assert told[1][1]["after"] == again.tip() and told[2][1]["pull_request"]["merge_commit_sha"] == again.tip()
    # Shallow, and then the rest.
    url = repo.uris.git_https
    again.git("clone", "-q", "--depth", "1", url, "shallow")
    again.git("-C", "shallow", "fetch", "-q", "--unshallow")


def test_explain_says_why_a_push_fired_or_not(client, repo, sink, control, tmp_path):
    for hook_id, options in [
        ("main-only", {"push_option": {"branch_filter": "main"}}),
        ("off", {"disabled": True}),
        ("reviews", {"events": [Event.PULL_REQUEST]}),
    ]:
        hook = ssm.Hook(target_uri=sink.url, **({"events": [Event.PUSH]} | options))
        client.create_hook(parent=repo.name, hook=hook, hook_id=hook_id)
    work = Work(repo, tmp_path)
    work.commit("a", "1\n")
    work.push("HEAD:refs/heads/main", "HEAD:refs/heads/dev")
    control.idle()
    received = control.get("events", kind="git.received")["items"][-1]
    story = control.explain(received["seq"])
    for fact in [
        'branch filter "main" takes branch "main"',
        'branch filter "main" does not take branch "dev"',
        "hook off is disabled",
        "hook reviews does not listen to PUSH",
        "hook main-only is for this push of refs/heads/main",
    ]:
        assert fact in story, story
    [delivery] = control.get("deliveries", surface="secure-source-manager")["items"]
    assert delivery["status"] == "succeeded"
    assert "pushed 2 refs to my-repo" in control.explain(delivery["id"])


def test_a_client_that_goes_in_the_middle_of_a_push(client, repo, control, tmp_path):
    address = urlparse(repo.uris.git_https)
    command = f"{ZEROS} {'1' * 40} refs/heads/main\0report-status side-band-64k"
    body = f"{len(command) + 4:04x}{command}0000PACK".encode()
    for declared in (len(body) + 1000, 10_000_000):
        head = (
            f"POST {address.path}/git-receive-pack HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Content-Type: application/x-git-receive-pack-request\r\nContent-Length: {declared}\r\n\r\n"
        )
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(head.encode() + body)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    assert client.fetch_refs(request=ssm.FetchRefsRequest(repository=repo.name)) == []
    work = Work(repo, tmp_path)
    work.commit("a", "1\n")
    work.push("HEAD:refs/heads/main")
    assert len(client.fetch_refs(request=ssm.FetchRefsRequest(repository=repo.name))) == 1


def test_concurrent_pushes_to_one_branch(client, repo, sink, tmp_path):
    hook = ssm.Hook(target_uri=sink.url, events=[Event.PUSH])
    first = Work(repo, tmp_path, "first")
    first.commit("a", "1\n")
    first.push("HEAD:refs/heads/main")
    client.create_hook(parent=repo.name, hook=hook, hook_id="ci")
    works = [Work(repo, tmp_path, f"w{n}") for n in range(4)]
    for n, work in enumerate(works):
        work.commit(f"file-{n}", "1\n")
    running = [
        subprocess.Popen(["git", "push", "-q", "origin", "HEAD:main"], cwd=work.path, stderr=subprocess.PIPE, text=True)
        for work in works
    ]
    results = [(process.wait(timeout=60), process.stderr.read()) for process in running]
    assert sorted(code != 0 for code, _ in results) == [False, True, True, True], results
    assert len(pushes(sink)) == 1


def test_a_large_push_and_many_refs(client, repo, tmp_path):
    work = Work(repo, tmp_path)
    # Chunked by git, with the probe ahead of it.
    (work.path / "large.bin").write_bytes(bytes(range(256)) * 20_000)
    work.commit("a", "1\n")
    work.push("HEAD:refs/heads/main", *[f"HEAD:refs/heads/many/{n}" for n in range(150)])
    pages = client.fetch_refs(request=ssm.FetchRefsRequest(repository=repo.name, page_size=100))
    assert len(pages) == 151
    work.git("clone", "-q", repo.uris.git_https, "copy")
    assert (work.path / "copy" / "large.bin").stat().st_size == 256 * 20_000


def test_a_status_check_lets_a_merge_through(client, repo, world, tmp_path):
    work = Work(repo, tmp_path)
    work.commit("a", "1\n")
    work.push("HEAD:refs/heads/main")
    work.branch("dev", "HEAD")
    work.commit("b", "1\n")
    work.push("dev")
    rule = ssm.BranchRule(include_pattern="main", required_status_checks=[ssm.BranchRule.Check(context="build")])
    client.create_branch_rule(parent=repo.name, branch_rule=rule, branch_rule_id="built")
    made = ssm.PullRequest(title="T", base={"ref": "main"}, head={"ref": "dev"})
    pull = client.create_pull_request(parent=repo.name, pull_request=made)
    with pytest.raises(Exception, match='status check "build" has not succeeded'):
        client.merge_pull_request(name=pull.name)
    place = PLACE.rsplit("/", 1)[1]
    url = f"{world}/_parhelion/surfaces/secure-source-manager/{PROJECT}/statuses/{place}/my-repo/{work.tip()}"
    answer = requests.put(url, json={"context": "build", "state": "success"}, timeout=30)
    assert answer.status_code == 204, answer.text
    assert client.merge_pull_request(name=pull.name).state == ssm.PullRequest.State.MERGED
