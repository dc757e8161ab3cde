"""Seed 001 with the official Python client for what it does, and plain POSTs for the public endpoint."""

import json

import pytest
from azure.devops.exceptions import AzureDevOpsServiceError
from devops_kit import BODY, CHECKSUM, SIGNED, Organization, hooked, sha1

SURFACE = "surfaces/azure-devops/fabrikam"


@pytest.fixture
def org(world):
    return Organization(world)


def outcomes(control):
    return control.get(f"{SURFACE}/webhook-deliveries")["items"][-1]["outcomes"]


def test_the_seeds_example_starts_a_run_with_the_title(org, control):
    project, pipeline = org.hooked("site", hooked("resource.message.title"))
    # Pretty or minimised: without a secret nobody minds.
    answer = org.post(json.dumps(json.loads(BODY), indent=4).encode())
    assert (answer.status_code, answer.content) == (200, b"")
    control.idle()
    (run,) = org.runs(project, pipeline)
    got = org.http("GET", f"site/_apis/pipelines/{pipeline}/runs/{run.id}?api-version=7.1").json()
    assert "script: echo Hello, world!" in got["finalYaml"]
    assert (got["state"], got["result"]) == ("completed", "succeeded")
    build = org.build.get_build(project.name, run.id)
    assert (build.reason, build.status, build.result) == ("resourceTrigger", "completed", "succeeded")
    assert build.source_branch == "refs/heads/main"
    assert build.requested_for.display_name == "Microsoft.VisualStudio.Services.TFS"
    assert org.said(project, run.id) == ["echo Hello, world!"]
    for id in ["X-Parhelion-Request-Id", "X-Parhelion-Delivery-Id"]:
        story = control.explain(answer.headers[id])
        assert "webhook.found" in story and f"200: pipeline azure-pipelines.yml of site: run {run.id} was queued" in story


def test_the_seeds_object_example_starts_none_and_says_why_with_its_place(org, control):
    project, pipeline = org.hooked("site", hooked("resource.message"))
    answer = org.post()
    assert answer.status_code == 200
    control.idle()
    assert org.runs(project, pipeline) == []
    why = "/azure-pipelines.yml (Line: 7, Col: 11): Unable to convert from Object to String. Value: Object"
    (outcome,) = outcomes(control)
    assert (outcome["result"], outcome["message"]) == ("validation_failed", why)
    (issue,) = control.get(f"{SURFACE}/trigger-issues", pipeline_id=pipeline)["items"]
    assert (issue["alias"], issue["is_error"], issue["message"]) == ("WebHook", True, why)
    assert why in control.explain(answer.headers["X-Parhelion-Delivery-Id"])


def test_the_seeds_checksum_authorizes(org, control):
    project, pipeline = org.hooked("site", hooked("resource.message.title"), **SIGNED)
    for value in [CHECKSUM, CHECKSUM.lower(), f"sha1={CHECKSUM}"]:
        assert org.post(headers={"X-WH-Checksum": value}).status_code == 200
    for headers in [{}, {"X-WH-Checksum": "0" * 40}, {"X-Other": CHECKSUM}]:
        assert org.post(headers=headers).status_code == 401
    # White space makes another checksum.
    refused = org.post(BODY + b"\n", {"X-WH-Checksum": CHECKSUM})
    assert (refused.status_code, refused.json()["typeKey"]) == (401, "WebHookUnauthorizedException")
    story = control.explain(refused.headers["X-Parhelion-Delivery-Id"])
    assert "it is right for the body without the blanks and line breaks at its end" in story
    assert f"given: {CHECKSUM}" in story and "expected: 9A2274A905ADC31382BF9849978A52D0F964994A" in story
    control.idle()
    assert len(org.runs(project, pipeline)) == 3
    assert len(control.get(f"{SURFACE}/trigger-issues")["items"]) == 4


def test_a_filter_that_does_not_hold_is_explained(org, control):
    filters = "      filters:\n      - path: resource.message.title\n        value: Hello, world!\n"
    project, pipeline = org.hooked("site", hooked("resource.message.title", filters))
    missed = org.post(b'{"resource":{"message":{"title":"other"}}}')
    assert missed.status_code == 200
    control.idle()
    assert org.runs(project, pipeline) == []
    (outcome,) = outcomes(control)
    assert outcome["result"] == "filter_miss"
    assert outcome["filter"]["path"] == "resource.message.title"
    assert (outcome["filter"]["selected"], outcome["filter"]["expected"]) == (['"other"'], "Hello, world!")
    story = control.explain(missed.headers["X-Parhelion-Delivery-Id"])
    assert "filter resource.message.title = 'Hello, world!': the value is another" in story
    assert 'selected: ["\\"other\\""]' in story
    assert org.post().status_code == 200
    control.idle()
    assert len(org.runs(project, pipeline)) == 1


def test_one_webhook_name_in_two_projects_with_secrets_of_their_own(org, control):
    yaml = hooked("resource.message.title")
    one, first = org.hooked("one", yaml, **SIGNED)
    two, second = org.hooked("two", yaml, secret="other", header="X-Other")

    def runs():
        control.idle()
        return len(org.runs(one, first)), len(org.runs(two, second))

    right, other = {"X-WH-Checksum": sha1("secret", BODY)}, {"X-Other": sha1("other", BODY)}
    assert (org.post(headers=right).status_code, runs()) == (200, (1, 0))
    assert [o["result"] for o in outcomes(control)] == ["queued", "unauthorized"]
    assert (org.post(headers=other).status_code, runs()) == (200, (1, 1))
    assert (org.post(headers=right | other).status_code, runs()) == (200, (2, 2))
    swapped = {"X-WH-Checksum": other["X-Other"], "X-Other": right["X-WH-Checksum"]}
    assert (org.post(headers=swapped).status_code, runs()) == (401, (2, 2))


def test_a_delivery_is_sent_again_once_the_pipeline_is_repaired(org, control):
    project, pipeline = org.hooked("site", hooked("resource.message"), **SIGNED)
    failed = org.post(headers={"X-WH-Checksum": CHECKSUM}).headers["X-Parhelion-Delivery-Id"]
    org.push(project, {"/azure-pipelines.yml": hooked("resource.message.title")}, "edit")
    again = control.post(f"{SURFACE}/webhook-deliveries/{failed}/redeliver")
    assert (again["redelivery_of"], again["outcomes"][0]["result"]) == (failed, "queued")
    # The push of the repaired file has started a run of its own.
    assert [run.id for run in org.runs(project, pipeline)] == [again["outcomes"][0]["build_id"], 1]


def test_an_unknown_webhook_is_told_as_the_service_does(org):
    org.project()
    refused = org.post(name="Nobody")
    assert refused.status_code == 500
    assert "Cannot find webhook for the given webHookId Nobody" in refused.json()["message"]


def test_bodies_that_are_none(org, control):
    project, pipeline = org.hooked("site", "resources:\n  webhooks:\n  - webhook: W\n    connection: IncomingWH\nsteps: []\n")
    size = 2 * 1024 * 1024
    for body, status in [
        (b"", 200),
        (b"{" + b" " * (size - 2) + b"}", 200),
        (b"{" + b" " * (size - 1) + b"}", 413),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"a":1', 400),
        (b"payload=%7B%7D", 400),
    ]:
        answer = org.post(body)
        assert answer.status_code == status, body[:20]
        assert answer.headers["X-Parhelion-Delivery-Id"]
    assert len(control.get(f"{SURFACE}/webhook-deliveries")["items"]) == 7


def test_a_post_makes_no_organization(org, control):
    org.project()
    stranger = Organization.__new__(Organization)
    stranger.url = org.url.replace("fabrikam", "stranger")
    for _ in range(2):
        assert stranger.post().status_code == 404
    assert list(control.get("state")["azure-devops"]) == ["fabrikam"]


def test_preview_expands_and_tells_errors_with_their_place(org):
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": "steps:\n- script: echo hi\n"})
    pipeline = org.pipeline(project)

    def preview(text=None):
        return org.pipelines.preview({"previewRun": True, "yamlOverride": text}, project.name, pipeline).final_yaml

    assert "script: echo there" in preview("steps:\n- script: echo ${{ 'there' }}\n")
    assert "script: echo hi" in preview()
    with pytest.raises(AzureDevOpsServiceError) as refused:
        preview("steps:\n- scirpt: echo\n")
    assert refused.value.type_key == "PipelineValidationException"
    assert refused.value.message.startswith("/azure-pipelines.yml (Line: 2, Col: 3): Unexpected value 'scirpt'")
    assert org.runs(project, pipeline) == []


def test_it_is_the_same_without_a_worlds_prefix(server):
    org = Organization(server, "contoso-root")
    project, pipeline = org.hooked("My Site", hooked("resource.message.title"), **SIGNED)
    assert org.post(headers={"X-WH-Checksum": CHECKSUM}).status_code == 200
    (run,) = org.runs(project, pipeline)
    assert org.said(project, run.id) == ["echo Hello, world!"]
