"""StatefulSets, DaemonSets, ControllerRevisions, ReplicationControllers, PodTemplates."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.strategy import prepare_create, prepare_update
from tests.unit.api.validate.validated import (
    NEGATIVE,
    TEMPLATE,
    Doc,
    created,
    remarks,
    sent,
    stored,
    updated,
    with_status,
)

SELECTED: Doc = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
MISMATCH = 'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'
CLAIM: Doc = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def of(**spec: Any) -> Doc:
    return {"spec": {**SELECTED, **spec}}


def pods(**spec: Any) -> Doc:
    return {**TEMPLATE, "spec": {**TEMPLATE["spec"], **spec}}


STATEFUL_SETS: list[tuple[Doc, list[str]]] = [
    ({}, []),
    ({"replicas": -1}, [f"spec.replicas: Invalid value: -1: {NEGATIVE}"]),
    (
        {"podManagementPolicy": "Random"},
        ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
    ),
    (
        {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}},
        [
            'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: '
            "only allowed for updateStrategy 'RollingUpdate'"
        ],
    ),
    (
        {"updateStrategy": {"type": "Recreate"}},
        [
            'spec.updateStrategy: Invalid value: {"Type":"Recreate","RollingUpdate":null}: '
            "must be 'RollingUpdate' or 'OnDelete'"
        ],
    ),
    (
        {"updateStrategy": {"rollingUpdate": {"partition": -1}}},
        [f"spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: {NEGATIVE}"],
    ),
    (
        {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}},
        [
            'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": '
            'supported values: "Retain", "Delete"'
        ],
    ),
    ({"ordinals": {"start": -1}}, [f"spec.ordinals.start: Invalid value: -1: {NEGATIVE}"]),
    ({"selector": None}, ["spec.selector: Required value", MISMATCH]),
    ({"selector": {}}, ["spec.selector: Invalid value: {}: empty selector is invalid for statefulset"]),
    (
        {"template": pods(restartPolicy="Never", activeDeadlineSeconds=1)},
        [
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
            "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported",
        ],
    ),
    (
        {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
        [
            "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
            "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
        ],
    ),
]


@pytest.mark.parametrize(("spec", "errors"), STATEFUL_SETS)
def test_new_stateful_sets(spec: Doc, errors: list[str]) -> None:
    assert created("StatefulSet", of(**spec)) == errors


def test_the_name_of_a_stateful_set_is_a_host_name() -> None:
    (error,) = created("StatefulSet", {**of(), "metadata": {"name": "a.b"}})
    assert error == 'metadata.name: Invalid value: "a.b": must not contain dots'


def test_mounts_may_name_claim_templates() -> None:
    container = {"name": "c", "image": "x", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    template = pods(containers=[container])
    assert created("StatefulSet", of(template=template, volumeClaimTemplates=[CLAIM])) == []
    assert created("StatefulSet", of(template=template)) == [
        'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'
    ]


def test_host_names_of_a_template_are_the_controllers_and_not_looked_at() -> None:
    assert created("StatefulSet", of(template=pods(hostname="A_B", subdomain="C_D"))) == []


FROZEN = (
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"replicas": 5, "minReadySeconds": 3, "ordinals": {"start": 2}, "revisionHistoryLimit": 1}, []),
        ({"template": pods(hostNetwork=True), "updateStrategy": {"type": "OnDelete"}}, []),
        ({"serviceName": "other"}, [FROZEN]),
        ({"podManagementPolicy": "Parallel"}, [FROZEN]),
        ({"volumeClaimTemplates": [CLAIM]}, [FROZEN]),
    ],
)
def test_what_of_a_stateful_set_may_change(spec: Doc, errors: list[str]) -> None:
    assert updated("StatefulSet", of(serviceName="s"), of(**{"serviceName": "s", **spec})) == errors


def test_the_gated_field_of_a_strategy_is_dropped() -> None:
    doc = of(updateStrategy={"rollingUpdate": {"maxUnavailable": 2}})
    strategy = stored("StatefulSet", doc)["spec"]["updateStrategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}


@pytest.mark.parametrize(
    ("status", "errors"),
    [
        ({"replicas": 2, "readyReplicas": 2, "availableReplicas": 1}, []),
        (
            {"replicas": 1, "updatedReplicas": 2},
            ["status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas"],
        ),
        (
            {"replicas": 2, "availableReplicas": 2, "readyReplicas": 1},
            ["status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas"],
        ),
        ({"collisionCount": 1}, ["status.collisionCount: Invalid value: 1: cannot be decremented"]),
    ],
)
def test_the_status_of_a_stateful_set(status: Doc, errors: list[str]) -> None:
    assert with_status("StatefulSet", of(), {"collisionCount": 2, **status}, {"collisionCount": 2}) == errors


DAEMON_SETS: list[tuple[Doc, list[str]]] = [
    ({}, []),
    ({"selector": None}, [MISMATCH]),
    ({"selector": {}}, ["spec.selector: Invalid value: {}: empty selector is invalid for daemonset"]),
    (
        {"updateStrategy": {"type": "Recreate"}},
        [
            'spec.updateStrategy: Unsupported value: {"Type":"Recreate","RollingUpdate":null}: '
            'supported values: "RollingUpdate", "OnDelete"'
        ],
    ),
    (
        {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": "10%"}}},
        [
            'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "10%": '
            "may not be set when maxUnavailable is non-zero"
        ],
    ),
    (
        {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "0%"}}},
        ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
    ),
    (
        {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "101%"}}},
        ['spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ),
    ({"revisionHistoryLimit": -1}, [f"spec.revisionHistoryLimit: Invalid value: -1: {NEGATIVE}"]),
]


@pytest.mark.parametrize(("spec", "errors"), DAEMON_SETS)
def test_new_daemon_sets(spec: Doc, errors: list[str]) -> None:
    assert created("DaemonSet", of(**spec)) == errors


def test_the_selector_of_a_daemon_set_stays() -> None:
    other = {"selector": {"matchLabels": {"x": "y"}}, "template": {**TEMPLATE, "metadata": {"labels": {"x": "y"}}}}
    assert updated("DaemonSet", of(), of(**other)) == [
        'spec.selector: Invalid value: {"matchLabels":{"x":"y"}}: field is immutable'
    ]


GENERATION = "deprecated.daemonset.template.generation"


def test_the_generation_of_a_daemon_sets_template_counts_its_changes_and_nothing_else() -> None:
    given = {"metadata": {"annotations": {GENERATION: "7"}}}
    first = prepare_create("DaemonSet", sent("DaemonSet", of()))
    assert first["metadata"]["annotations"] == {GENERATION: "1"}
    assert stored("DaemonSet", {**of(), **given})["metadata"]["annotations"][GENERATION] == "7"
    same = prepare_update("DaemonSet", sent("DaemonSet", {**of(minReadySeconds=1), **given}), first)
    assert (same["metadata"]["annotations"][GENERATION], same["metadata"]["generation"]) == ("1", 2)
    changed = prepare_update("DaemonSet", sent("DaemonSet", of(template=pods(hostNetwork=True))), first)
    assert (changed["metadata"]["annotations"][GENERATION], changed["metadata"]["generation"]) == ("2", 2)


def test_the_status_of_a_daemon_set() -> None:
    assert with_status("DaemonSet", of(), {"numberReady": -1, "collisionCount": 1}, {"collisionCount": 2}) == [
        f"status.numberReady: Invalid value: -1: {NEGATIVE}",
        "status.collisionCount: Invalid value: 1: cannot be decremented",
    ]


@pytest.mark.parametrize(
    ("doc", "errors"),
    [
        ({"data": {"a": 1}, "revision": 1}, []),
        ({"revision": 1}, ["data: Required value: data is mandatory"]),
        ({"data": [1], "revision": -1}, [f"revision: Invalid value: -1: {NEGATIVE}", "data: Required value: data must be a valid JSON object"]),
    ],
)  # fmt: skip
def test_new_controller_revisions(doc: Doc, errors: list[str]) -> None:
    assert created("ControllerRevision", doc) == errors


def test_the_data_of_a_revision_stay() -> None:
    before = {"data": {"a": 1}, "revision": 1}
    assert updated("ControllerRevision", before, {"data": {"a": 1}, "revision": 2}) == []
    assert updated("ControllerRevision", before, {"data": {"a": 2}, "revision": 1}) == [
        'data: Invalid value: {"a":2}: field is immutable'
    ]


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"template": TEMPLATE}, []),
        ({"template": TEMPLATE, "selector": {"x": "y"}}, [MISMATCH]),
        ({}, ["spec.selector: Required value", "spec.template: Required value"]),
        ({"template": TEMPLATE, "replicas": -1}, [f"spec.replicas: Invalid value: -1: {NEGATIVE}"]),
        (
            {"template": pods(restartPolicy="Never")},
            ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
        ),
    ],
)
def test_new_replication_controllers(spec: Doc, errors: list[str]) -> None:
    assert created("ReplicationController", {"spec": spec}) == errors


def test_a_replication_controllers_selector_may_change() -> None:
    other = {**TEMPLATE, "metadata": {"labels": {"x": "y"}}}
    after = {"template": other, "selector": {"x": "y"}}
    assert updated("ReplicationController", {"spec": {"template": TEMPLATE}}, {"spec": after}) == []


def test_a_pod_template_is_checked_as_any_template() -> None:
    assert created("PodTemplate", {"template": TEMPLATE}) == []
    assert created("PodTemplate", {"template": {}}) == ["template.spec.containers: Required value"]


def test_templates_are_remarked_on_only_when_they_are_new() -> None:
    volumes = [{"name": "v", "glusterfs": {"endpoints": "e", "path": "p"}}]
    old = of(template=pods(volumes=volumes))
    said = "spec.template.spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+"
    for kind in ("StatefulSet", "DaemonSet"):
        assert remarks(kind, old) == (said,)
        assert remarks(kind, old, before=old) == ()
    assert remarks("StatefulSet", of(revisionHistoryLimit=-1)) == (
        "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended",
    )
