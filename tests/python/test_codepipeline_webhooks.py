"""Webhooks, events and repository events with boto3 and requests: what starts, what is refused, who is told."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

SECRET = "a secret of the test's"
COMMIT = "85c7e78e6dfb63bcad4a0bb0953c0b3554ed0e93"
REGION = "eu-west-1"
CONNECTION = "arn:aws:codestar-connections:eu-west-1:000000000000:connection/c"


@pytest.fixture
def aws(world):
    return boto3.client(
        "codepipeline",
        endpoint_url=world,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}),
    )


@pytest.fixture
def surface(world):
    return f"{world}/_parhelion/surfaces/codepipeline"


def pipeline(provider="GitHub", **more):
    github = {"Owner": "octo", "Repo": "site", "Branch": "main", "OAuthToken": "t"}
    connection = {"ConnectionArn": CONNECTION, "FullRepositoryId": "octo/site", "BranchName": "main"}
    owner, configuration = ("ThirdParty", github) if provider == "GitHub" else ("AWS", connection)
    source = {
        "name": "Pull",
        "actionTypeId": {"category": "Source", "owner": owner, "provider": provider, "version": "1"},
        "configuration": configuration,
        "outputArtifacts": [{"name": "Code"}],
    }
    build = {
        "name": "Make",
        "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
        "configuration": {"ProjectName": "site"},
        "inputArtifacts": [{"name": "Code"}],
    }
    return {
        "name": "site",
        "roleArn": "arn:aws:iam::000000000000:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": [{"name": "Source", "actions": [source]}, {"name": "Build", "actions": [build]}],
    } | more


def webhook(**changes):
    return {
        "name": "push",
        "targetPipeline": "site",
        "targetAction": "Pull",
        "filters": [{"jsonPath": "$.ref", "matchEquals": "refs/heads/{Branch}"}],
        "authentication": "GITHUB_HMAC",
        "authenticationConfiguration": {"SecretToken": SECRET},
    } | changes


def push(**changes):
    commit = {
        "id": COMMIT, "message": "Greet", "timestamp": "2026-01-01T12:00:00Z",
        "url": f"https://github.example/octo/site/commit/{COMMIT}", "modified": ["src/a.rs"],
    }
    return {"ref": "refs/heads/main", "after": COMMIT, "head_commit": commit, "commits": [commit]} | changes


def send(url, payload, secret=SECRET, event="push", form=False, algorithms=("sha1", "sha256"), headers=None):
    """As GitHub sends it."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    body = (urlencode({"payload": text}) if form else text).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    sent = {"X-GitHub-Event": event, "Content-Type": kind} | (headers or {})
    names = {"sha1": "X-Hub-Signature", "sha256": "X-Hub-Signature-256"}
    for algorithm in algorithms:
        sent[names[algorithm]] = f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"
    return requests.post(url, data=body, headers=sent, timeout=30)


def started(aws, kind="Webhook"):
    found = aws.list_pipeline_executions(pipelineName="site")["pipelineExecutionSummaries"]
    return [execution for execution in found if execution["trigger"]["triggerType"] == kind]


def story(control, answer):
    return control.explain(answer.headers["X-Parhelion-Request-Id"])


@pytest.fixture
def hooked(aws):
    aws.create_pipeline(pipeline=pipeline())
    return aws.put_webhook(webhook=webhook())["webhook"]


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("algorithms", [("sha1",), ("sha256",), ("sha1", "sha256")])
def test_signed_pushes_start_the_pipeline(aws, control, hooked, form, algorithms):
    answer = send(hooked["url"], push(), form=form, algorithms=algorithms)
    assert (answer.status_code, answer.json()["result"]) == (200, "started")
    control.idle()
    (execution,) = started(aws)
    assert execution["pipelineExecutionId"] == answer.json()["pipelineExecutionId"]
    (revision,) = execution["sourceRevisions"]
    assert (revision["revisionId"], revision["revisionSummary"]) == (COMMIT, "Greet")


def test_what_is_not_from_github_is_refused_and_explained(aws, control, hooked):
    wrong = send(hooked["url"], push(), secret="another")
    none = send(hooked["url"], push(), algorithms=())
    half = send(hooked["url"], push(), algorithms=("sha1",), headers={"X-Hub-Signature-256": "sha256=00"})
    broken = send(hooked["url"], "{")
    assert [a.status_code for a in (wrong, none, half, broken)] == [403, 403, 403, 400]
    assert started(aws) == []
    assert aws.list_webhooks()["webhooks"][0]["errorCode"] == "InvalidPayload"
    assert "HMAC-SHA1" in story(control, wrong) and SECRET not in story(control, wrong)
    assert "neither X-Hub-Signature nor X-Hub-Signature-256 was sent" in story(control, none)
    assert "x-hub-signature-256 says 'sha256=00'" in story(control, half)
    assert "the body is not JSON" in story(control, broken)


def test_pings_and_deleted_branches_start_nothing(aws, control, hooked):
    for answer in (
        send(hooked["url"], {"zen": "x"}, event="ping"),
        send(hooked["url"], push(deleted=True)),
        send(hooked["url"], push(after="0" * 40)),
    ):
        assert (answer.status_code, answer.json()["result"]) == (200, "ignored")
    assert started(aws) == []
    assert "there is no revision to run" in story(control, answer)


@pytest.mark.parametrize(
    "path, wanted, starts",
    [
        ("$.commits[?(@.message =~ /gr.*/i)].id", COMMIT, True),
        ("$.commits[0].modified.length()", "1", True),
        ("commits[-1]['id']", COMMIT, True),
        ("$..modified[?(@ in ['src/a.rs', 'src/b.rs'])]", "src/a.rs", True),
        ("$.commits[?(@.modified contains 'docs' || !@.message)]", None, False),
        ("$.head_commit.nothing", None, False),
    ],
)
def test_filters_speak_jayways_dialect(aws, control, path, wanted, starts):
    aws.create_pipeline(pipeline=pipeline())
    rule = {"jsonPath": path} | ({"matchEquals": wanted} if wanted else {})
    url = aws.put_webhook(webhook=webhook(filters=[rule]))["webhook"]["url"]
    answer = send(url, push())
    assert answer.json()["result"] == ("started" if starts else "ignored"), story(control, answer)
    assert path in story(control, answer)


def test_what_cannot_be_a_webhook_is_refused_with_the_services_errors(aws, hooked):
    def code(**changes):
        with pytest.raises(ClientError) as refused:
            aws.put_webhook(webhook=webhook(**changes))
        return refused.value.response["Error"]["Code"]

    open_to = {"authentication": "IP", "authenticationConfiguration": {"AllowedIPRange": "10.0.0.0/8"}}
    assert aws.put_webhook(webhook=webhook(**open_to))["webhook"]["url"] == hooked["url"]
    parameters = "InvalidWebhookAuthenticationParametersException"
    assert code(**open_to | {"authenticationConfiguration": {"AllowedIPRange": "10.0.0.0/33"}}) == parameters
    assert code(authentication="UNAUTHENTICATED") == parameters
    assert code(filters=[{"jsonPath": "$.a["}]) == "InvalidWebhookFilterPatternException"
    assert code(filters=[{"jsonPath": "$.a", "matchEquals": "{Nope}"}]) == "InvalidWebhookFilterPatternException"
    assert code(filters=[{"jsonPath": "$.a"}] * 6) == "ValidationException"
    assert code(targetAction="Make") == "ValidationException"
    assert code(targetPipeline="none") == "PipelineNotFoundException"


def test_an_event_target_hears_what_matches_its_pattern(aws, control, surface, receiver):
    pattern = {"source": ["aws.codepipeline"], "detail": {"state": ["SUCCEEDED"], "stage": [{"exists": False}]}}
    put = requests.put(f"{surface}/event-targets/done", json={"url": receiver.url, "pattern": pattern, "region": REGION})
    assert put.json() == {"name": "done", "url": receiver.url, "pattern": pattern}
    aws.create_pipeline(pipeline=pipeline())
    control.idle()
    _, headers, body = receiver.next()
    event = json.loads(body)
    assert headers["Content-Type"].startswith("application/json")
    assert event["detail-type"] == "CodePipeline Pipeline Execution State Change"
    assert (event["detail"]["pipeline"], event["detail"]["state"]) == ("site", "SUCCEEDED")
    assert receiver.received.empty(), "nothing else matches"
    events = control.get("events", kind="codepipeline.event")["items"]
    assert [e["data"] for e in events][-1] == event and len(events) > 5
    (delivery,) = control.get("deliveries", surface="codepipeline")["items"]
    assert (delivery["for"], delivery["status"]) == ("event-target:done", "succeeded")
    assert "event target 'done' wants it" in control.explain(delivery["id"])
    refused = requests.put(f"{surface}/event-targets/x", json={"url": receiver.url, "pattern": {"source": [{"like": "x"}]}})
    assert refused.status_code == 400 and "'like'" in refused.json()["detail"]
    assert requests.delete(f"{surface}/event-targets/done?region={REGION}").status_code == 204


def test_repository_events_start_what_their_triggers_want(aws, control, surface):
    git = {
        "sourceActionName": "Pull",
        "push": [{"branches": {"includes": ["main", "release/*"]}, "filePaths": {"excludes": ["docs/**"]}}],
        "pullRequest": [{"events": ["OPEN"], "branches": {"includes": ["main"]}}],
    }
    triggers = [{"providerType": "CodeStarSourceConnection", "gitConfiguration": git}]
    aws.create_pipeline(pipeline=pipeline("CodeStarSourceConnection", pipelineType="V2", triggers=triggers))

    def tell(**event):
        body = {"fullRepositoryId": "octo/site", "commitId": COMMIT, "region": REGION} | event
        return requests.post(f"{surface}/source-events", json=body, timeout=30)

    ours = tell(kind="push", branch="release/1", files=["src/a.rs"], message="Ship it")
    assert ours.status_code == 202
    assert [one["pipeline"] for one in ours.json()["started"]] == ["site"]
    control.idle()
    (execution,) = started(aws, "WebhookV2")
    assert json.loads(execution["trigger"]["triggerDetail"])["branch"] == "release/1"
    assert execution["sourceRevisions"][0]["revisionId"] == COMMIT
    docs = tell(kind="push", branch="main", files=["docs/a/b.md"])
    assert docs.json() == {"started": []}
    assert "file 'docs/a/b.md' is excluded by 'docs/**'" in story(control, docs)
    assert tell(kind="pullRequest", prEvent="OPEN", targetBranch="main").json()["started"]
    assert not tell(kind="pullRequest", prEvent="CLOSED", targetBranch="main").json()["started"]
    assert not tell(kind="tag", tag="v1").json()["started"]
    assert tell(kind="push", tag="v1").status_code == 400


def test_webhooks_are_listed_by_name_in_pages_with_the_services_own_capitals(aws, world, hooked):
    for name in ["a", "z"]:
        aws.put_webhook(webhook=webhook(name=name), tags=[{"key": "team", "value": name}])
    first = aws.list_webhooks(MaxResults=2)
    assert [w["definition"]["name"] for w in first["webhooks"]] == ["a", "push"]
    assert first["webhooks"][0]["tags"] == [{"key": "team", "value": "a"}]
    assert first["webhooks"][0]["arn"] == f"arn:aws:codepipeline:{REGION}:000000000000:webhook:a"
    second = aws.list_webhooks(MaxResults=2, NextToken=first["NextToken"])
    assert [w["definition"]["name"] for w in second["webhooks"]] == ["z"] and "NextToken" not in second
    raw = requests.post(
        world,
        data='{"MaxResults": 1}',
        headers={
            "X-Amz-Target": "CodePipeline_20150709.ListWebhooks",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/codepipeline/aws4_request, "
            "SignedHeaders=host, Signature=00",
        },
        timeout=30,
    ).json()
    assert set(raw) == {"webhooks", "NextToken"}
    assert SECRET not in json.dumps(raw)
    aws.delete_webhook(name="a")
    aws.delete_webhook(name="a")
    assert len(aws.list_webhooks()["webhooks"]) == 2
