"""Every method of Secure Source Manager with the official client: one suite, run over REST, gRPC and gRPC of asyncio."""

import base64
import json
import uuid

import pytest
import requests
from google.api_core import exceptions
from google.cloud import securesourcemanager_v1 as ssm
from google.cloud.location import locations_pb2
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning import operations_pb2
from ssm_kit import PLACE, PROJECT, TRANSPORTS, Client, Work, instance_and_repository, repository, world_name

Comment = ssm.PullRequestComment
Review = ssm.PullRequestComment.Review


@pytest.fixture(params=TRANSPORTS)
def client(request, server, world):
    return Client(request.param, server, world_name(request))


@pytest.fixture
def repo(client):
    return instance_and_repository(client)


@pytest.fixture
def work(repo, tmp_path):
    """`main` with one commit, and `dev` one commit ahead of it, both pushed."""
    made = Work(repo, tmp_path)
    made.commit("README.md", "one\n")
    made.push("HEAD:refs/heads/main")
    made.branch("dev", "HEAD")
    made.commit("src/app.py", "print(1)\n")
    made.push("dev")
    return made


@pytest.fixture
def pull(client, repo, work):
    return client.create_pull_request(
        parent=repo.name,
        pull_request=ssm.PullRequest(
            title="Add an app", body="Please", base={"ref": "main"}, head={"ref": "refs/heads/dev"}
        ),
    )


def failed(*kinds):
    """REST tells the HTTP status alone, gRPC the code."""
    return pytest.raises(kinds)


def precondition():
    return failed(exceptions.FailedPrecondition, exceptions.BadRequest)


def test_instances(client):
    request = ssm.CreateInstanceRequest(
        parent=PLACE, instance_id="one", instance=ssm.Instance(labels={"a": "b"}), request_id=str(uuid.uuid4())
    )
    made = client.create_instance(request=request)
    assert made.state == ssm.Instance.State.ACTIVE and made.labels == {"a": "b"}
    assert made.host_config.git_http.startswith("one-")
    # The same request id is the same request.
    assert client.create_instance(request=request) == made
    client.create_instance(parent=PLACE, instance_id="two", instance=ssm.Instance())
    assert client.get_instance(name=made.name) == made
    listed = client.list_instances(request=ssm.ListInstancesRequest(parent=PLACE, order_by="name desc"))
    assert [i.name.rsplit("/", 1)[1] for i in listed] == ["two", "one"]
    listed = client.list_instances(request=ssm.ListInstancesRequest(parent=PLACE, filter="labels.a=b"))
    assert [i.name for i in listed] == [made.name]
    page = client.page("list_instances", ssm.ListInstancesRequest(parent=PLACE, page_size=1))
    assert len(page.instances) == 1 and page.next_page_token
    with failed(exceptions.BadRequest):
        client.page("list_instances", ssm.ListInstancesRequest(parent=PLACE, page_token="nonsense"))
    client.delete_instance(name=made.name)
    with failed(exceptions.NotFound):
        client.get_instance(name=made.name)


def test_an_instance_with_repositories_goes_by_force_only(client, repo):
    name = f"{PLACE}/instances/my-instance"
    with precondition():
        client.delete_instance(name=name)
    client.delete_instance(request=ssm.DeleteInstanceRequest(name=name, force=True))
    with failed(exceptions.NotFound):
        client.get_repository(name=repo.name)


def test_repositories(client, repo):
    assert client.get_repository(name=repo.name) == repo
    repository(client, "other-repo", description="other")
    listed = client.list_repositories(
        request=ssm.ListRepositoriesRequest(parent=PLACE, filter='description = "other"')
    )
    assert [r.name for r in listed] == [f"{PLACE}/repositories/other-repo"]
    tried = client.update_repository(
        request=ssm.UpdateRepositoryRequest(
            repository=ssm.Repository(name=repo.name, description="x"),
            update_mask={"paths": ["description"]},
            validate_only=True,
        )
    )
    assert tried.description == "x" and client.get_repository(name=repo.name).description == ""
    with failed(exceptions.Conflict):
        client.update_repository(
            repository=ssm.Repository(name=repo.name, description="x", etag="stale"),
            update_mask={"paths": ["description"]},
        )
    changed = client.update_repository(
        repository=ssm.Repository(
            name=repo.name, scan_config={"secret_scan_config": {"enabled": True}}, etag=repo.etag
        ),
        update_mask={"paths": ["scan_config.secret_scan_config.enabled"]},
    )
    assert changed.scan_config.secret_scan_config.enabled
    client.delete_repository(name=repo.name)
    client.delete_repository(request=ssm.DeleteRepositoryRequest(name=repo.name, allow_missing=True))
    with failed(exceptions.NotFound):
        client.delete_repository(name=repo.name)


def test_hooks(client, repo, world, receiver):
    hook = ssm.Hook(
        target_uri=receiver.url,
        events=[ssm.Hook.HookEventType.PUSH, ssm.Hook.HookEventType.PULL_REQUEST],
        push_option={"branch_filter": "ma*"},
        sensitive_query_string="token=s3cret",
    )
    made = client.create_hook(parent=repo.name, hook=hook, hook_id="ci")
    assert made.sensitive_query_string == "" and len(made.events) == 2
    changed = client.update_hook(
        hook=ssm.Hook(name=made.name, push_option={"branch_filter": "*"}),
        update_mask={"paths": ["push_option.branch_filter"]},
    )
    assert changed.push_option.branch_filter == "*" and changed.target_uri == receiver.url
    assert client.get_hook(name=made.name) == changed
    assert client.list_hooks(parent=repo.name) == [changed]
    # The button "Test Delivery".
    path = f"surfaces/secure-source-manager/{PROJECT}/hooks/us-central1/my-repo/ci/test"
    answer = requests.post(f"{world}/_parhelion/{path}", timeout=30)
    assert answer.status_code == 202
    path, headers, body = receiver.next()
    assert path == "/?token=s3cret" and headers["X-SecureSourceManager-Delivery"] == answer.json()["delivery_id"]
    assert json.loads(body)["commits"][0]["message"] == "This is a fake commit"
    client.delete_hook(name=made.name)
    assert client.list_hooks(parent=repo.name) == []


def test_policies(client, repo):
    empty = client.get_iam_policy_repo(request=iam_policy_pb2.GetIamPolicyRequest(resource=repo.name))
    assert base64.b64encode(empty.etag) == b"ACAB" and not empty.bindings
    binding = policy_pb2.Binding(role="roles/securesourcemanager.repoReader", members=["user:ann@example.com"])
    request = iam_policy_pb2.SetIamPolicyRequest(
        resource=repo.name, policy=policy_pb2.Policy(bindings=[binding], etag=empty.etag)
    )
    kept = client.set_iam_policy_repo(request=request)
    assert list(kept.bindings) == [binding] and kept.etag != empty.etag
    assert client.get_iam_policy_repo(request=iam_policy_pb2.GetIamPolicyRequest(resource=repo.name)) == kept
    with failed(exceptions.Conflict):
        client.set_iam_policy_repo(request=request)
    asked = ["securesourcemanager.repositories.get", "securesourcemanager.moons.get"]
    request = iam_policy_pb2.TestIamPermissionsRequest(resource=repo.name, permissions=asked)
    assert list(client.test_iam_permissions_repo(request=request).permissions) == asked[:1]
    # The mixin, for instances.
    name = f"{PLACE}/instances/my-instance"
    kept = client.set_iam_policy(
        iam_policy_pb2.SetIamPolicyRequest(resource=name, policy=policy_pb2.Policy(bindings=[binding]))
    )
    assert client.get_iam_policy(iam_policy_pb2.GetIamPolicyRequest(resource=name)) == kept
    asked = iam_policy_pb2.TestIamPermissionsRequest(
        resource=name, permissions=["securesourcemanager.instances.get"]
    )
    assert len(client.test_iam_permissions(asked).permissions) == 1
    with failed(exceptions.BadRequest):
        bad = policy_pb2.Policy(bindings=[policy_pb2.Binding(role="reader", members=["ann"])])
        client.set_iam_policy_repo(request=iam_policy_pb2.SetIamPolicyRequest(resource=repo.name, policy=bad))


def test_branch_rules_stop_pushes(client, repo, work):
    rule = ssm.BranchRule(include_pattern="main", require_pull_request=True, annotations={"team": "core"})
    made = client.create_branch_rule(parent=repo.name, branch_rule=rule, branch_rule_id="protect-main")
    assert made.require_pull_request and made.annotations == {"team": "core"}
    assert client.get_branch_rule(name=made.name) == made
    assert client.list_branch_rules(parent=repo.name) == [made]
    refused = work.push("dev:main", check=False)
    assert refused.returncode != 0
    line = 'remote: branch rule "protect-main": changes to main must be made through a pull request'
    assert line in refused.stderr and "(pre-receive hook declined)" in refused.stderr
    with precondition():
        client.create_branch_rule(parent=repo.name, branch_rule=rule, branch_rule_id="again")
    tried = client.update_branch_rule(
        request=ssm.UpdateBranchRuleRequest(
            branch_rule=ssm.BranchRule(name=made.name, disabled=True),
            update_mask={"paths": ["disabled"]},
            validate_only=True,
        )
    )
    assert tried.disabled and not client.get_branch_rule(name=made.name).disabled
    client.update_branch_rule(
        branch_rule=ssm.BranchRule(name=made.name, disabled=True, etag=made.etag),
        update_mask={"paths": ["disabled"]},
    )
    work.push("dev:main")
    client.delete_branch_rule(name=made.name)
    client.delete_branch_rule(request=ssm.DeleteBranchRuleRequest(name=made.name, allow_missing=True))
    with failed(exceptions.NotFound):
        client.get_branch_rule(name=made.name)


def test_trees_blobs_and_refs(client, repo, work):
    work.git("tag", "-a", "v1", "-m", "one")
    work.push("v1")
    refs = client.fetch_refs(request=ssm.FetchRefsRequest(repository=repo.name))
    told = {ref.name: ref.target for ref in refs}
    dev = work.tip("dev")
    assert told == {"refs/heads/dev": dev, "refs/heads/main": work.tip("main"), "refs/tags/v1": dev}
    tags = client.fetch_refs(
        request=ssm.FetchRefsRequest(repository=repo.name, type_=ssm.Ref.RefType.REF_TYPE_TAG)
    )
    assert [ref.name for ref in tags] == ["refs/tags/v1"]
    entries = client.fetch_tree(request=ssm.FetchTreeRequest(repository=repo.name, ref="dev", recursive=True))
    kinds = ssm.TreeEntry.ObjectType
    assert [(e.path, e.type_, e.mode, e.size) for e in entries] == [
        ("README.md", kinds.BLOB, "100644", 4),
        ("src", kinds.TREE, "040000", 0),
        ("src/app.py", kinds.BLOB, "100644", 9),
    ]
    # Nothing is the default branch; a commit's id and a tag do, too.
    for ref, names in [("", ["README.md"]), (dev, ["README.md", "src"]), ("v1", ["README.md", "src"])]:
        entries_of = client.fetch_tree(request=ssm.FetchTreeRequest(repository=repo.name, ref=ref))
        assert [entry.path for entry in entries_of] == names, ref
    page = client.page("fetch_tree", ssm.FetchTreeRequest(repository=repo.name, ref="dev", page_size=1))
    assert len(page.tree_entries) == 1 and page.next_page_token
    blob = client.fetch_blob(request=ssm.FetchBlobRequest(repository=repo.name, sha=entries[2].sha))
    assert base64.b64decode(blob.content) == b"print(1)\n" and blob.sha == entries[2].sha
    other = repository(client, "other-repo")
    for name, sha in [(other.name, entries[2].sha), (repo.name, "1" * 40), (repo.name, entries[1].sha)]:
        with failed(exceptions.NotFound):
            client.fetch_blob(request=ssm.FetchBlobRequest(repository=name, sha=sha))
    with failed(exceptions.BadRequest):
        client.fetch_blob(request=ssm.FetchBlobRequest(repository=repo.name, sha="main"))
    for ref in ["none", "1" * 40]:
        with failed(exceptions.NotFound):
            client.fetch_tree(request=ssm.FetchTreeRequest(repository=repo.name, ref=ref))
    with failed(exceptions.NotFound):
        client.fetch_tree(request=ssm.FetchTreeRequest(repository=other.name))


def test_pull_requests(client, repo, work, pull):
    assert pull.name == f"{repo.name}/pullRequests/1" and pull.state == ssm.PullRequest.State.OPEN
    assert (pull.base.sha, pull.head.sha) == (work.tip("main"), work.tip("dev"))
    assert client.get_pull_request(name=pull.name) == pull
    assert client.list_pull_requests(parent=repo.name) == [pull]
    with failed(exceptions.Conflict):
        client.create_pull_request(parent=repo.name, pull_request=pull)
    changed = client.update_pull_request(
        pull_request=ssm.PullRequest(name=pull.name, title="Another"), update_mask={"paths": ["title"]}
    )
    assert (changed.title, changed.body) == ("Another", "Please")
    [diff] = client.list_pull_request_file_diffs(name=pull.name)
    assert (diff.name, diff.action, diff.sha) == ("src/app.py", ssm.FileDiff.Action.ADDED, work.tip("dev"))
    assert diff.patch.startswith("diff --git a/src/app.py b/src/app.py\n") and diff.patch.endswith("+print(1)\n")
    closed = client.close_pull_request(name=pull.name)
    assert closed.state == ssm.PullRequest.State.CLOSED and closed.close_time
    with precondition():
        client.merge_pull_request(name=pull.name)
    opened = client.open_pull_request(name=pull.name)
    assert opened.state == ssm.PullRequest.State.OPEN and not opened.close_time
    merged = client.merge_pull_request(name=pull.name)
    assert merged.state == ssm.PullRequest.State.MERGED
    work.git("fetch", "-q")
    subject = work.git("log", "-1", "--format=%s", "origin/main").stdout.strip()
    assert subject == "Merge pull request 'Another' (#1) from dev into main"
    assert work.git("rev-list", "--count", "origin/main").stdout.strip() == "3"


def test_reviews_and_threads(client, repo, pull):
    general = client.create_pull_request_comment(
        parent=pull.name, pull_request_comment=Comment(comment={"body": "hello"})
    )
    assert general.comment.body == "hello"
    changed = client.update_pull_request_comment(
        pull_request_comment=Comment(name=general.name, comment={"body": "hi"}), update_mask={"paths": ["body"]}
    )
    assert client.get_pull_request_comment(name=general.name) == changed and changed.comment.body == "hi"
    line = Comment(code={"body": "why?", "position": {"path": "src/app.py", "line": 1}})
    review = Comment(review=Review(action_type=Review.ActionType.CHANGE_REQUESTED, body="not yet"))
    made = client.batch_create_pull_request_comments(
        parent=pull.name,
        requests=[ssm.CreatePullRequestCommentRequest(pull_request_comment=c) for c in (review, line)],
    )
    made_review, made_line = made.pull_request_comments
    assert made_line.code.position.line == 1 and made_review.review.effective_commit_sha == pull.head.sha
    reply = client.create_pull_request_comment(
        parent=pull.name, pull_request_comment=Comment(code={"body": "because", "reply": made_line.name})
    )
    assert reply.code.effective_root_comment == made_line.name
    with failed(exceptions.BadRequest):
        client.resolve_pull_request_comments(parent=pull.name, names=[made_line.name])
    request = {"parent": pull.name, "names": [made_line.name], "auto_fill": True}
    done = client.resolve_pull_request_comments(request=ssm.ResolvePullRequestCommentsRequest(**request))
    assert [c.code.resolved for c in done.pull_request_comments] == [True, True]
    done = client.unresolve_pull_request_comments(request=ssm.UnresolvePullRequestCommentsRequest(**request))
    assert [c.code.resolved for c in done.pull_request_comments] == [False, False]
    assert len(client.list_pull_request_comments(parent=pull.name)) == 4
    with precondition():
        client.delete_pull_request_comment(name=made_review.name)
    client.delete_pull_request_comment(name=general.name)
    with failed(exceptions.NotFound):
        client.get_pull_request_comment(name=general.name)


def test_a_rule_wants_the_approval_of_another(client, server, request, repo, pull):
    rule = ssm.BranchRule(include_pattern=".*", minimum_approvals_count=2)
    client.create_branch_rule(parent=repo.name, branch_rule=rule, branch_rule_id="two")
    approve = Comment(review=Review(action_type=Review.ActionType.APPROVED))
    for _ in range(2):
        client.create_pull_request_comment(parent=pull.name, pull_request_comment=approve)
    with precondition() as refused:
        client.merge_pull_request(name=pull.name)
    assert "minimum_approvals_count" in str(refused.value) and "1 of 2 approvals" in str(refused.value)
    ann = Client(client.name, server, world_name(request), caller="ann@example.com")
    ann.create_pull_request_comment(parent=pull.name, pull_request_comment=approve)
    assert client.merge_pull_request(name=pull.name).state == ssm.PullRequest.State.MERGED


def test_issues(client, repo):
    made = client.create_issue(parent=repo.name, issue=ssm.Issue(title="It fails", body="Always"))
    assert made.name == f"{repo.name}/issues/1" and made.state == ssm.Issue.State.OPEN
    assert client.get_issue(name=made.name) == made
    changed = client.update_issue(
        issue=ssm.Issue(name=made.name, body="Sometimes"), update_mask={"paths": ["body"]}
    )
    assert (changed.title, changed.body) == ("It fails", "Sometimes") and changed.etag != made.etag
    with failed(exceptions.Conflict):
        client.close_issue(request=ssm.CloseIssueRequest(name=made.name, etag=made.etag))
    closed = client.close_issue(request=ssm.CloseIssueRequest(name=made.name, etag=changed.etag))
    assert closed.state == ssm.Issue.State.CLOSED and closed.close_time
    with precondition():
        client.close_issue(name=made.name)
    client.create_issue(parent=repo.name, issue=ssm.Issue(title="Another"))
    listed = client.list_issues(parent=repo.name)
    assert [issue.name.rsplit("/", 1)[1] for issue in listed] == ["2", "1"]
    listed = client.list_issues(request=ssm.ListIssuesRequest(parent=repo.name, filter="state=CLOSED"))
    assert [issue.name for issue in listed] == [made.name]
    assert client.open_issue(name=made.name).state == ssm.Issue.State.OPEN
    comment = client.create_issue_comment(parent=made.name, issue_comment=ssm.IssueComment(body="Here too"))
    assert comment.name == f"{made.name}/issueComments/1"
    changed = client.update_issue_comment(
        issue_comment=ssm.IssueComment(name=comment.name, body="Not here"), update_mask={"paths": ["body"]}
    )
    assert client.get_issue_comment(name=comment.name) == changed and changed.body == "Not here"
    assert client.list_issue_comments(parent=made.name) == [changed]
    client.delete_issue_comment(name=comment.name)
    assert client.list_issue_comments(parent=made.name) == []
    client.delete_issue(name=made.name)
    with failed(exceptions.NotFound):
        client.get_issue(name=made.name)


def test_operations_take_their_time(client, control):
    control.put("pace", {"surface": "secure-source-manager", "kind": "operation", "mode": "manual"})
    made = client.operation("create_instance", parent=PLACE, instance_id="slow", instance=ssm.Instance())
    assert not made.done
    assert client.get_instance(name=f"{PLACE}/instances/slow").state == ssm.Instance.State.CREATING
    control.post("step", {"surface": "secure-source-manager"})
    came = control.post("await", {"condition": {"operation": {"name": made.name}}, "timeout": "5s"})
    assert made.name in json.dumps(came) and "succeeded" in json.dumps(came)
    assert client.get_operation(operations_pb2.GetOperationRequest(name=made.name)).done
    assert client.get_instance(name=f"{PLACE}/instances/slow").state == ssm.Instance.State.ACTIVE
    gone = client.operation("delete_instance", name=f"{PLACE}/instances/slow")
    client.cancel_operation(operations_pb2.CancelOperationRequest(name=gone.name))
    ended = client.get_operation(operations_pb2.GetOperationRequest(name=gone.name))
    assert (ended.error.code, ended.error.message) == (1, "Operation was cancelled.")
    listed = client.list_operations(operations_pb2.ListOperationsRequest(name=PLACE, filter="done=true"))
    assert len(listed.operations) == 2
    client.delete_operation(operations_pb2.DeleteOperationRequest(name=gone.name))
    with failed(exceptions.NotFound):
        client.get_operation(operations_pb2.GetOperationRequest(name=gone.name))
    behaviour = {
        "match": {"surface": "secure-source-manager", "verb": "create"},
        "outcomes": [{"outcome": "fail", "code": "RESOURCE_EXHAUSTED", "message": "no room", "delay": "0s"}],
    }
    control.put("behaviours/full", behaviour)
    with failed(exceptions.GoogleAPICallError) as refused:
        client.create_instance(parent=PLACE, instance_id="never", instance=ssm.Instance())
    assert "no room" in str(refused.value)
    with failed(exceptions.NotFound):
        client.get_instance(name=f"{PLACE}/instances/never")


def test_locations(client):
    listed = client.list_locations(locations_pb2.ListLocationsRequest(name=f"projects/{PROJECT}"))
    assert PLACE in [place.name for place in listed.locations]
    assert client.get_location(locations_pb2.GetLocationRequest(name=PLACE)).location_id == "us-central1"


def test_every_method_of_the_client_is_served(client):
    """No method of the client is answered with UNIMPLEMENTED or an unmatched path."""
    methods = [m for m in dir(ssm.SecureSourceManagerClient) if m.startswith(VERBS)]
    methods = [m for m in methods if not m.endswith("_path") and m != "get_mtls_endpoint_and_cert_source"]
    assert len(methods) == 53 + 9
    for method in methods:
        if method in MIXINS:
            continue
        kind = getattr(ssm, "".join(word.title() for word in method.split("_")) + "Request", None)
        kind = kind or getattr(iam_policy_pb2, IAM[method])
        # An empty name is no path: over REST the client itself refuses it.
        refusal = ValueError if client.name == "rest" else exceptions.InvalidArgument
        with pytest.raises(refusal):
            getattr(client, method)(request=kind())


VERBS = (
    "list_", "get_", "create_", "delete_", "update_", "set_", "test_", "merge_", "open_", "close_", "fetch_",
    "batch_", "resolve_", "unresolve_", "cancel_",
)
MIXINS = {
    "list_operations", "get_operation", "delete_operation", "cancel_operation", "set_iam_policy", "get_iam_policy",
    "test_iam_permissions", "get_location", "list_locations",
}
IAM = {
    "get_iam_policy_repo": "GetIamPolicyRequest",
    "set_iam_policy_repo": "SetIamPolicyRequest",
    "test_iam_permissions_repo": "TestIamPermissionsRequest",
}
