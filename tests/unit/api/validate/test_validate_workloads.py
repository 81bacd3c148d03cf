"""Deployments and ReplicaSets: creation, changes, status."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.default import default
from refk8s.api.strategy import prepare_create, prepare_status_update, prepare_update
from refk8s.api.validate import validate_create, validate_status_update, validate_update

Doc = dict[str, Any]

TEMPLATE: Doc = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
SPEC: Doc = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
KINDS = ("Deployment", "ReplicaSet")
NEGATIVE = "must be greater than or equal to 0"


def stored(kind: str, spec: Doc, status: Doc | None = None) -> Doc:
    metadata = {"name": "w", "namespace": "ns", "resourceVersion": "1", "uid": "u"}
    doc = default(kind, {"metadata": metadata, "spec": {**SPEC, **spec}, "status": status or {}})
    created = prepare_create(kind, doc)
    return created if status is None else {**created, "status": doc["status"]}


def created(kind: str, **spec: Any) -> list[str]:
    return [str(error) for error in validate_create(kind, stored(kind, spec))]


def updated(kind: str, before: Doc, after: Doc) -> list[str]:
    old, new = stored(kind, before), stored(kind, after)
    return [str(error) for error in validate_update(kind, prepare_update(kind, new, old), old)]


def with_status(kind: str, status: Doc, before: Doc | None = None) -> list[str]:
    old, new = stored(kind, {}, before or {}), stored(kind, {}, status)
    return [str(error) for error in validate_status_update(kind, prepare_status_update(kind, new, old), old)]


def template(**spec: Any) -> Doc:
    return {"template": {**TEMPLATE, "spec": {**TEMPLATE["spec"], **spec}}}


@pytest.mark.parametrize("kind", KINDS)
def test_minimal_workload_is_valid(kind: str) -> None:
    assert created(kind) == []
    assert updated(kind, {}, {"replicas": 3}) == []
    assert with_status(kind, {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}) == []


MISMATCH = 'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'
BOTH: list[tuple[Doc, list[str]]] = [
    ({"replicas": -1}, [f"spec.replicas: Invalid value: -1: {NEGATIVE}"]),
    ({"minReadySeconds": -1}, [f"spec.minReadySeconds: Invalid value: -1: {NEGATIVE}"]),
    ({"selector": None}, ["spec.selector: Required value", MISMATCH]),
    (
        {"selector": {}},
        ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
    ),
    ({"selector": {"matchLabels": {"a": "c"}}}, [MISMATCH]),
    (
        {"selector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "k", "operator": "In"}]}},
        [
            "spec.selector.matchExpressions[0].values: Required value: "
            "must be specified when `operator` is 'In' or 'NotIn'",
            'spec.selector: Invalid value: {"matchLabels":{"a":"b"},"matchExpressions":[{"key":"k","operator":"In"}]}: '
            "invalid label selector",
        ],
    ),
    (
        template(restartPolicy="Never"),
        ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ),
    (
        template(activeDeadlineSeconds=5),
        ["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"],
    ),
    (
        template(ephemeralContainers=[{"name": "e", "image": "x"}]),
        ["spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template"],
    ),
    (template(containers=[]), ["spec.template.spec.containers: Required value"]),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("spec", "expected"), BOTH)
def test_refused_workload(kind: str, spec: Doc, expected: list[str]) -> None:
    given = {key: value for key, value in spec.items() if value is not None}
    if "selector" in spec and "selector" not in given:
        doc = stored(kind, {})
        doc["spec"] = {key: value for key, value in doc["spec"].items() if key != "selector"}
        assert [str(error) for error in validate_create(kind, doc)] == expected
    else:
        assert created(kind, **given) == expected


PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


def rolling(**params: Any) -> Doc:
    return {"strategy": {"rollingUpdate": params}}


AT = "spec.strategy.rollingUpdate"
DEPLOYMENT: list[tuple[Doc, list[str]]] = [
    (rolling(maxUnavailable="50%", maxSurge=0), []),
    (rolling(maxUnavailable=0, maxSurge="1%"), []),
    (
        rolling(maxUnavailable=0, maxSurge=0),
        [f"{AT}.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
    ),
    (
        rolling(maxUnavailable="0%", maxSurge=0),
        [f'{AT}.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ),
    (
        rolling(maxUnavailable="101%"),
        [f'{AT}.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ),
    (rolling(maxUnavailable=-1), [f"{AT}.maxUnavailable: Invalid value: -1: {NEGATIVE}"]),
    (rolling(maxSurge="x"), [f'{AT}.maxSurge: Invalid value: "x": {PERCENT}']),
    (
        {"strategy": {"type": "Recreate", "rollingUpdate": {}}},
        [f"{AT}: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ),
    (
        {"strategy": {"type": "Slow"}},
        [
            'spec.strategy: Unsupported value: {"Type":"Slow","RollingUpdate":null}: '
            'supported values: "Recreate", "RollingUpdate"'
        ],
    ),
    (
        {"progressDeadlineSeconds": 5, "minReadySeconds": 5},
        ["spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"],
    ),
    ({"revisionHistoryLimit": -1}, [f"spec.revisionHistoryLimit: Invalid value: -1: {NEGATIVE}"]),
]


@pytest.mark.parametrize(("spec", "expected"), DEPLOYMENT)
def test_deployment_strategy(spec: Doc, expected: list[str]) -> None:
    assert created("Deployment", **spec) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_selector_is_immutable(kind: str) -> None:
    labels = {"a": "b", "c": "d"}
    both = {"template": {**TEMPLATE, "metadata": {"labels": labels}}}
    assert updated(kind, both, {**both, "selector": {"matchLabels": labels}}) == [
        'spec.selector: Invalid value: {"matchLabels":{"a":"b","c":"d"}}: field is immutable'
    ]


STATUS: list[tuple[Doc, list[str]]] = [
    (
        {"replicas": 1, "readyReplicas": 2},
        ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"],
    ),
    (
        {"replicas": 2, "readyReplicas": 1, "availableReplicas": 2},
        ["status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas"],
    ),
    ({"terminatingReplicas": -1}, [f"status.terminatingReplicas: Invalid value: -1: {NEGATIVE}"]),
    ({"observedGeneration": -1}, [f"status.observedGeneration: Invalid value: -1: {NEGATIVE}"]),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("status", "expected"), STATUS)
def test_refused_status(kind: str, status: Doc, expected: list[str]) -> None:
    assert with_status(kind, status) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_negative_total_is_exceeded_by_absent_counts(kind: str) -> None:
    first = "updatedReplicas" if kind == "Deployment" else "fullyLabeledReplicas"
    assert with_status(kind, {"replicas": -1}) == [
        f"status.replicas: Invalid value: -1: {NEGATIVE}",
        *(
            f"status.{key}: Invalid value: 0: cannot be greater than status.replicas"
            for key in (first, "readyReplicas", "availableReplicas")
        ),
    ]


def test_replicas_of_a_status_bound_the_rest() -> None:
    assert with_status("Deployment", {"updatedReplicas": 1}) == [
        "status.updatedReplicas: Invalid value: 1: cannot be greater than status.replicas"
    ]
    assert with_status("ReplicaSet", {"fullyLabeledReplicas": 1}) == [
        "status.fullyLabeledReplicas: Invalid value: 1: cannot be greater than status.replicas"
    ]


def test_collision_count_never_falls() -> None:
    error = "status.collisionCount: Invalid value: {}: cannot be decremented"
    assert with_status("Deployment", {"collisionCount": 3}, {"collisionCount": 2}) == []
    assert with_status("Deployment", {"collisionCount": 1}, {"collisionCount": 2}) == [error.format(1)]
    assert with_status("Deployment", {}, {"collisionCount": 2}) == [error.format(0)]
