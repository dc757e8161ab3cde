"""Seed 002: subscribe, publish, deploy, and what the hook knows afterwards."""

import io
import json
import zipfile

import requests


def package(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, text in files.items():
            made.writestr(name.replace("_", "."), text)
    return data.getvalue()


def hooks(world):
    return f"{world}/kudu/site/api/hooks"


def subscribe(world, url, event="PostDeployment"):
    return requests.post(hooks(world), json={"url": url, "event": event, "insecure_ssl": False}, timeout=30)


def test_subscribing_twice_and_for_another_event(world, receiver):
    first = subscribe(world, receiver.url)
    assert first.status_code == 201
    assert first.json()["event"] == "PostDeployment" and first.json()["url"] == receiver.url
    again = subscribe(world, receiver.url)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    other = subscribe(world, receiver.url, "TriggeredJobFinished")
    assert (other.status_code, other.content) == (409, b"")
    assert len(requests.get(hooks(world), timeout=30).json()) == 1


def test_publish_reaches_subscribers_on_both_routes(world, receiver):
    subscribe(world, receiver.url, "Custom")
    for route in ["publish/Custom", "hooks/publish/custom"]:
        published = requests.post(f"{hooks(world)}/{route}", json={"any": ["thing", None]}, timeout=30)
        assert (published.status_code, published.content) == (200, b"")
        _, headers, body = receiver.next()
        assert json.loads(body) == {"any": ["thing", None]}
        assert headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_deployment_tells_its_subscriber_and_the_hook_knows(world, receiver):
    subscribe(world, receiver.url)
    deployed = requests.post(f"{world}/kudu/site/api/zipdeploy", data=package(index_html="hi"), timeout=60)
    assert deployed.status_code == 200, deployed.text
    _, _, body = receiver.next()
    told = json.loads(body)
    assert told["status"] == "success" and told["siteName"] == "site"
    for member in ["id", "author_email", "author", "message", "deployer", "start_time", "end_time"]:
        assert member in told
    (hook,) = requests.get(hooks(world), timeout=30).json()
    assert (hook["last_status"], hook["last_reason"]) == ("OK", "OK")
    assert json.loads(hook["last_context"]) == told
    assert hook["last_datetime"].endswith("Z")
    (deployment,) = requests.get(f"{world}/kudu/site/api/deployments", timeout=30).json()
    assert (deployment["id"], deployment["status"], deployment["complete"]) == (told["id"], 4, True)


def test_a_receiver_that_fails_is_remembered(world, receiver):
    receiver.status = 500
    subscribe(world, receiver.url)
    requests.post(f"{world}/kudu/site/api/zipdeploy", data=package(index_html="hi"), timeout=60)
    receiver.next()
    (hook,) = requests.get(hooks(world), timeout=30).json()
    assert hook["last_status"] == "InternalServerError"


def test_what_is_no_zip_is_refused_and_tells_nobody(world, receiver):
    subscribe(world, receiver.url)
    refused = requests.post(f"{world}/kudu/site/api/zipdeploy", data=b"no zip", timeout=60)
    assert refused.status_code >= 400
    assert receiver.received.empty()
