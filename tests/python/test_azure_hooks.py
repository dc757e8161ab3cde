"""Service hooks by the official client: what can be told, who is told, and what came of it."""

import json

import pytest
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.service_hooks.models import (
    Notification,
    NotificationsQuery,
    Subscription,
    SubscriptionsQuery,
)

from devops_kit import Organization

YAML = "steps:\n- script: echo hello\n"


@pytest.fixture
def org(world):
    return Organization(world)


@pytest.fixture
def hooks(org):
    return org.connection.clients_v7_1.get_service_hooks_client()


def subscription(project, url, event="build.complete", publisher="tfs", **inputs):
    return Subscription(
        publisher_id=publisher,
        event_type=event,
        resource_version="1.0" if event == "git.push" else None,
        consumer_id="webHooks",
        consumer_action_id="httpRequest",
        publisher_inputs={"projectId": project.id} | inputs,
        consumer_inputs={"url": url, "basicAuthUsername": "me", "basicAuthPassword": "pw", "httpHeaders": "X-Who:us"},
    )


def test_what_can_be_told(hooks):
    assert {"tfs", "pipelines"} <= {p.id for p in hooks.list_publishers()}
    assert "build.complete" in {e.id for e in hooks.list_event_types("tfs")}
    assert hooks.get_event_type("tfs", "git.push").publisher_id == "tfs"
    assert hooks.get_publisher("pipelines").id == "pipelines"
    assert [c.id for c in hooks.list_consumers()] == ["webHooks"]
    assert hooks.get_consumer("webHooks").id == "webHooks"
    assert [a.id for a in hooks.list_consumer_actions("webHooks")] == ["httpRequest"]
    assert hooks.get_consumer_action("webHooks", "httpRequest").consumer_id == "webHooks"
    with pytest.raises(AzureDevOpsServiceError) as unknown:
        hooks.get_publisher("nope")
    assert unknown.value.type_key == "PublisherNotFoundException"


def test_a_finished_build_is_told(org, hooks, control, receiver):
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": YAML})
    definition = org.pipeline(project)
    made = hooks.create_subscription(subscription(project, receiver.url, buildStatus="Succeeded"))
    assert (made.status, made.consumer_inputs["basicAuthPassword"]) == ("enabled", "********")
    build = org.build.queue_build({"definition": {"id": definition}}, "site")
    _, headers, body = receiver.next()
    event = json.loads(body)
    assert (event["eventType"], event["subscriptionId"], event["resource"]["id"]) == ("build.complete", made.id, build.id)
    assert headers["X-Who"] == "us" and headers["Authorization"].startswith("Basic ")
    control.idle()
    [told] = hooks.get_notifications(made.id)
    assert (told.status, told.result, told.subscription_id) == ("completed", "succeeded", made.id)
    whole = hooks.get_notification(made.id, told.id)
    assert whole.details.event_type == "build.complete" and whole.details.request_attempts == 1
    found = hooks.query_notifications(NotificationsQuery(subscription_ids=[made.id], include_details=True))
    assert [n.id for n in found.results] == [told.id]


def test_a_subscription_is_changed_listed_and_deleted(org, hooks, receiver):
    project = org.project()
    made = hooks.create_subscription(subscription(project, receiver.url))
    assert [s.id for s in hooks.list_subscriptions(event_type="build.complete")] == [made.id]
    assert hooks.list_subscriptions(publisher_id="pipelines") == []
    query = hooks.create_subscriptions_query(SubscriptionsQuery(publisher_id="tfs", consumer_id="webHooks"))
    assert [s.id for s in query.results] == [made.id]
    changed = hooks.get_subscription(made.id)
    changed.status = "disabledByUser"
    assert hooks.replace_subscription(changed, made.id).status == "disabledByUser"
    diagnostics = hooks.get_subscription_diagnostics(made.id)
    assert not (diagnostics.evaluation_tracing and diagnostics.evaluation_tracing.enabled)
    traced = hooks.update_subscription_diagnostics({"evaluationTracing": {"enabled": True}}, made.id)
    assert traced.evaluation_tracing.enabled
    hooks.delete_subscription(made.id)
    with pytest.raises(AzureDevOpsServiceError) as gone:
        hooks.get_subscription(made.id)
    assert gone.value.type_key == "SubscriptionNotFoundException"
    with pytest.raises(AzureDevOpsServiceError) as bad:
        hooks.create_subscription(subscription(project, "no url"))
    assert bad.value.type_key == "SubscriptionInputException"


def test_a_receiver_that_is_gone_disables_its_subscription(org, hooks, control, receiver):
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": YAML})
    definition = org.pipeline(project)
    made = hooks.create_subscription(subscription(project, receiver.url))
    receiver.status = 410
    org.build.queue_build({"definition": {"id": definition}}, "site")
    receiver.next()
    control.idle()
    assert hooks.get_subscription(made.id).status == "disabledBySystem"
    [told] = hooks.get_notifications(made.id)
    assert told.result == "failed"


def test_a_sample_is_sent_and_pushes_and_runs_are_told(org, hooks, control, receiver):
    project = org.project()
    org.push(project, {"/azure-pipelines.yml": YAML})
    definition = org.pipeline(project)
    wanted = subscription(project, receiver.url)
    sent = hooks.create_test_notification(
        Notification(
            details={
                "publisherId": "tfs",
                "eventType": "build.complete",
                "consumerId": "webHooks",
                "consumerActionId": "httpRequest",
                "publisherInputs": wanted.publisher_inputs,
                "consumerInputs": wanted.consumer_inputs,
            }
        )
    )
    assert sent.id and json.loads(receiver.next()[2])["eventType"] == "build.complete"
    hooks.create_subscription(subscription(project, receiver.url, event="git.push", branch="main"))
    org.push(project, {"/b.txt": "b"})
    pushed = json.loads(receiver.next()[2])
    assert pushed["resource"]["refUpdates"][0]["name"] == "refs/heads/main"
    # The push has started a run of its own; only what comes from now on is told.
    control.idle()
    event = "ms.vss-pipelines.run-state-changed-event"
    hooks.create_subscription(subscription(project, receiver.url, event, "pipelines", runStateId="Completed"))
    run = org.pipelines.run_pipeline({}, "site", definition)
    assert json.loads(receiver.next()[2])["resource"]["run"]["id"] == run.id
