"""gRPC and REST on one port: the same answers and the same errors through each of the official client's transports."""

import pytest
from google.api_core import exceptions
from google.cloud import securesourcemanager_v1 as ssm
from google.cloud.location import locations_pb2
from google.longrunning import operations_pb2
from ssm_kit import PLACE, PROJECT, TRANSPORTS, Client, instance_and_repository, world_name


@pytest.fixture(params=TRANSPORTS)
def client(request, server, world):
    return Client(request.param, server, world_name(request))


def test_instances_and_repositories(client, world):
    made = instance_and_repository(client, description="d")
    assert made.name == f"{PLACE}/repositories/my-repo"
    # Whichever way the world was named, the URL works without the header.
    assert made.uris.git_https.startswith(f"{world}/_ssm/git/us-central1/my-instance/")
    assert client.get_instance(name=f"{PLACE}/instances/my-instance").state == ssm.Instance.State.ACTIVE
    assert [r.name for r in client.list_repositories(parent=PLACE)] == [made.name]
    changed = client.update_repository(
        repository=ssm.Repository(name=made.name, description="e"), update_mask={"paths": ["description"]}
    )
    assert changed.description == "e" and changed.etag != made.etag
    client.delete_repository(name=made.name)
    assert client.list_repositories(parent=PLACE) == []


def test_mixins(client):
    operation = client.operation(
        "create_instance", parent=PLACE, instance_id="one", instance=ssm.Instance(labels={"a": "b"})
    )
    assert operation.done and operation.name.startswith(f"{PLACE}/operations/operation-")
    got = client.get_operation(operations_pb2.GetOperationRequest(name=operation.name))
    assert got == operation
    listed = client.list_operations(operations_pb2.ListOperationsRequest(name=PLACE))
    assert [o.name for o in listed.operations] == [operation.name]
    client.cancel_operation(operations_pb2.CancelOperationRequest(name=operation.name))
    client.delete_operation(operations_pb2.DeleteOperationRequest(name=operation.name))
    with pytest.raises(exceptions.NotFound):
        client.get_operation(operations_pb2.GetOperationRequest(name=operation.name))
    locations = client.list_locations(locations_pb2.ListLocationsRequest(name=f"projects/{PROJECT}"))
    assert PLACE in [place.name for place in locations.locations]
    assert client.get_location(locations_pb2.GetLocationRequest(name=PLACE)).location_id == "us-central1"


def test_errors_have_the_same_text_and_details(client):
    with pytest.raises(exceptions.NotFound) as missing:
        client.get_repository(name=f"{PLACE}/repositories/none")
    assert missing.value.message.endswith(f"Resource '{PLACE}/repositories/none' was not found")
    with pytest.raises(exceptions.BadRequest) as bad:
        client.create_instance(parent=PLACE, instance_id="Bad", instance=ssm.Instance())
    assert "Invalid value for field 'instance_id'" in bad.value.message
    [detail] = bad.value.details
    # Over REST the client gives details as they came, over gRPC decoded.
    violation = detail["fieldViolations"][0]["field"] if client.name == "rest" else detail.field_violations[0].field
    assert violation == "instance_id"
    client.create_instance(parent=PLACE, instance_id="one", instance=ssm.Instance())
    with pytest.raises(exceptions.Conflict) as taken:
        client.create_instance(parent=PLACE, instance_id="one", instance=ssm.Instance())
    assert "already exists" in taken.value.message
