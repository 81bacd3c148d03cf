"""The binding subresource."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.api_server import NOW_MS, Server, pod


def binding(name: str = "p", node: str = "n", **metadata: Any) -> dict[str, Any]:
    target = {"apiVersion": "v1", "kind": "Node", "name": node}
    return {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name, **metadata}, "target": target}


def server_with_pod(**spec: Any) -> Server:
    server = Server()
    server.create("pods", pod(spec=spec))
    return server


def test_binding_sets_the_node_and_the_condition_in_one_commit() -> None:
    server = server_with_pod()
    server.now_ms = NOW_MS + 2000
    answer = server.done("create", "pods", "p", "binding", binding())
    assert (answer["status"], answer["code"]) == ("Success", 201)
    assert server.types == ["MODIFIED"]
    after = server.get("pods", "p")
    assert after["spec"]["nodeName"] == "n"
    (condition,) = after["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")
    assert condition["lastTransitionTime"] == "2026-01-01T00:00:02Z"
    assert after["metadata"]["generation"] == 1


def test_the_node_need_not_exist() -> None:
    server = server_with_pod()
    assert not server.exists("nodes", "n")
    server.done("create", "pods", "p", "binding", binding())


@pytest.mark.parametrize("node", ["n", "other"])
def test_a_second_binding_conflicts_even_to_the_same_node(node: str) -> None:
    server = server_with_pod()
    server.done("create", "pods", "p", "binding", binding())
    code, reason, message = server.refused("create", "pods", "p", "binding", binding(node=node))
    assert (code, reason) == (409, "Conflict")
    assert message == 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"'


def test_a_pod_that_is_being_deleted_or_gated_cannot_be_bound() -> None:
    server = Server()
    server.create("pods", pod(finalizers=["a.b/c"]))
    server.done("delete", "pods", "p")
    assert (
        "is being deleted, cannot be assigned to a host"
        in server.refused("create", "pods", "p", "binding", binding())[2]
    )
    gated = server_with_pod(schedulingGates=[{"name": "a.b/c"}])
    assert "has non-empty .spec.schedulingGates" in gated.refused("create", "pods", "p", "binding", binding())[2]


def test_uid_and_resource_version_of_a_binding_are_preconditions() -> None:
    server = server_with_pod()
    message = server.refused("create", "pods", "p", "binding", binding(uid="other"))[2]
    assert "Precondition failed: UID in precondition: other" in message
    message = server.refused("create", "pods", "p", "binding", binding(resourceVersion="1"))[2]
    assert "Precondition failed: ResourceVersion in precondition: 1" in message
    metadata = server.get("pods", "p")["metadata"]
    body = binding(uid=metadata["uid"], resourceVersion=metadata["resourceVersion"])
    server.done("create", "pods", "p", "binding", body)


def test_what_a_binding_must_be() -> None:
    server = server_with_pod()
    assert server.refused("create", "pods", "q", "binding", binding("q"))[:2] == (404, "NotFound")
    message = server.refused("create", "pods", "p", "binding", binding("q"))[2]
    assert message == "name in URL does not match name in Binding object"
    body = {**binding(), "target": {"kind": "Pod", "name": "x"}}
    assert server.refused("create", "pods", "p", "binding", body)[0] == 500
    body = {**binding(), "kind": "Pod"}
    assert server.refused("create", "pods", "p", "binding", body)[0] == 400


def test_a_binding_hands_on_labels_annotations_and_the_topology_of_its_node() -> None:
    server = server_with_pod()
    zone = "topology.kubernetes.io/zone"
    server.create("nodes", {"metadata": {"name": "n", "labels": {zone: "a", "disk": "ssd"}}})
    server.done("create", "pods", "p", "binding", binding(labels={"l": "1"}, annotations={"x": "y"}))
    metadata = server.get("pods", "p")["metadata"]
    assert metadata["labels"] == {"l": "1", zone: "a"}
    assert metadata["annotations"] == {"x": "y"}


def test_a_nomination_is_cleared_and_an_earlier_condition_is_turned() -> None:
    server = server_with_pod()
    waiting = {"type": "PodScheduled", "status": "False", "lastTransitionTime": "2024-01-01T00:00:00Z"}
    body = {"status": {"conditions": [waiting], "nominatedNodeName": "n2"}}
    server.patch("pods", "p", body, "status", patchType="strategic")
    server.done("create", "pods", "p", "binding", binding())
    status = server.get("pods", "p")["status"]
    assert "nominatedNodeName" not in status
    assert status["conditions"][0]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
