"""Pods: what a status may say."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.default import default
from refk8s.api.strategy import prepare_create, prepare_status_update
from refk8s.api.validate import validate_status_update

Doc = dict[str, Any]

IDLE: Doc = {"image": "x", "imageID": "", "ready": False, "restartCount": 0}
RUNNING: Doc = {"state": {"running": {"startedAt": "2020-01-01T00:00:00Z"}}}


def ended(code: int) -> Doc:
    return {"state": {"terminated": {"exitCode": code}}}


def container(name: str, state: Doc) -> Doc:
    return {"name": name, **IDLE, **state}


def stored(status: Doc, **spec: Any) -> Doc:
    metadata = {"name": "p", "namespace": "ns", "resourceVersion": "1", "uid": "u"}
    containers = [{"name": "c", "image": "x"}]
    doc = default("Pod", {"metadata": metadata, "spec": {"containers": containers, **spec}, "status": status})
    created = prepare_create("Pod", doc)
    return {**created, "status": {**created["status"], **doc["status"]}}


def errors_of(before: Doc, status: Doc, **spec: Any) -> list[str]:
    old, new = stored(before, **spec), stored(status, **spec)
    return [str(error) for error in validate_status_update("Pod", prepare_status_update("Pod", new, old), old)]


ACCEPTED: list[Doc] = [
    {"phase": "Running"},
    {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]},
    {"hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.1"}]},
    {"conditions": [{"type": "Ready", "status": "True"}, {"type": "example.com/x", "status": "False"}]},
    {"nominatedNodeName": "n"},
    {"containerStatuses": [container("c", RUNNING)]},
]


@pytest.mark.parametrize("status", ACCEPTED)
def test_accepted_status(status: Doc) -> None:
    assert errors_of({}, status) == []


LABEL = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
REFUSED: list[tuple[Doc, list[str]]] = [
    (
        {"podIPs": [{"ip": "x"}]},
        ['status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ),
    (
        {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]},
        [
            'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: '
            "may specify no more than one IP for each IP family"
        ],
    ),
    (
        {"hostIP": "10.0.0.2", "hostIPs": [{"ip": "10.0.0.1"}]},
        ['status.hostIPs[0].ip: Invalid value: "10.0.0.1": must be equal to `hostIP`'],
    ),
    (
        {"conditions": [{"type": "a b", "status": "True"}]},
        [f'status.conditions[0].Type: Invalid value: "a b": {LABEL}'],
    ),
    (
        {"observedGeneration": -1},
        ["status.observedGeneration: Invalid value: -1: must be a non-negative integer"],
    ),
    ({"qosClass": "Guaranteed"}, ['status.qosClass: Invalid value: "Guaranteed": field is immutable']),
    (
        {"resourceClaimStatuses": [{"name": "r"}]},
        [
            'status.resourceClaimStatuses[0].name: Invalid value: "r": '
            "must match the name of an entry in `spec.resourceClaims`"
        ],
    ),
    (
        {"containerStatuses": [{**container("c", RUNNING), "allocatedResourcesStatus": [{"name": "a.b/c"}]}]},
        [
            'status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "a.b/c": '
            "must match one of the container's resource requests"
        ],
    ),
    (
        {"containerStatuses": [{**container("c", RUNNING), "user": {"linux": {"uid": -1, "gid": 0}}}]},
        ["status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
    ),
]


@pytest.mark.parametrize(("status", "expected"), REFUSED)
def test_refused_status(status: Doc, expected: list[str]) -> None:
    assert errors_of({}, status) == expected


FINAL = "Forbidden: may not be transitioned to non-terminated state"
RESTARTS: list[tuple[str, int, bool]] = [
    ("Always", 0, True),
    ("OnFailure", 0, False),
    ("OnFailure", 1, True),
    ("Never", 1, False),
]


@pytest.mark.parametrize(("policy", "code", "allowed"), RESTARTS)
def test_ended_container_restarts_as_its_policy_says(policy: str, code: int, allowed: bool) -> None:
    before, status = ({"containerStatuses": [container("c", state)]} for state in (ended(code), RUNNING))
    expected = [] if allowed else [f"status.containerStatuses[0].state: {FINAL}"]
    assert errors_of(before, status, restartPolicy=policy) == expected


def test_sidecar_restarts_in_a_pod_that_never_does() -> None:
    before, status = ({"initContainerStatuses": [container("i", state)]} for state in (ended(0), RUNNING))
    sidecar = {"name": "i", "image": "x", "restartPolicy": "Always"}
    assert errors_of(before, status, restartPolicy="Never", initContainers=[sidecar]) == []


def test_ephemeral_container_never_restarts() -> None:
    before, status = ({"ephemeralContainerStatuses": [container("e", state)]} for state in (ended(1), RUNNING))
    assert errors_of(before, status) == [f"status.ephemeralContainerStatuses[0].state: {FINAL}"]


def test_bound_pod_is_not_nominated() -> None:
    assert errors_of({}, {"nominatedNodeName": "m"}, nodeName="n") == [
        "status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node"
    ]


def test_address_that_was_there_before_may_stay() -> None:
    odd = {"podIPs": [{"ip": "010.0.0.1"}]}
    assert errors_of(odd, odd) == []
    assert errors_of({}, odd) == ['status.podIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s']
