"""PersistentVolumes, PersistentVolumeClaims, StorageClasses."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.strategy import prepare_status_update
from tests.unit.api.validate.validated import Doc, created, remarks, sent, stored, updated, with_status


def volume(**spec: Any) -> Doc:
    base = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/data"}}
    return {"spec": {**base, **spec}}


def claim(**spec: Any) -> Doc:
    return {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}}


VOLUMES: list[tuple[Doc, list[str]]] = [
    ({}, []),
    ({"accessModes": []}, ["spec.accessModes: Required value"]),
    (
        {"accessModes": ["ReadWriteOncePod", "ReadOnlyMany", "Odd"]},
        [
            'spec.accessModes: Unsupported value: "Odd": supported values: '
            '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
            "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
        ],
    ),
    (
        {"capacity": {}},
        ["spec.capacity: Required value", 'spec.capacity: Unsupported value: {}: supported values: "storage"'],
    ),
    ({"capacity": {"storage": "0"}}, ['spec.capacity[storage]: Invalid value: "0": must be greater than zero']),
    ({"hostPath": None}, ["spec: Required value: must specify a volume type"]),
    (
        {"nfs": {"server": "s", "path": "/"}, "cephfs": {"monitors": ["m"]}},
        [
            "spec.nfs: Forbidden: may not specify more than 1 volume type",
            "spec.cephFS: Forbidden: may not specify more than 1 volume type",
        ],
    ),
    (
        {"hostPath": {"path": "/a/.."}, "persistentVolumeReclaimPolicy": "Recycle"},
        [
            "spec.hostPath.path: Invalid value: \"/a/..\": must not contain '..'",
            "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
        ],
    ),
    (
        {"hostPath": None, "local": {"path": "/data"}},
        ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
    ),
    (
        {"hostPath": None, "csi": {"driver": "d.io", "controllerExpandSecretRef": {"name": "s"}}},
        [
            "spec.csi.volumeHandle: Required value",
            "spec.csi.controllerExpandSecretRef.namespace: Required value",
        ],
    ),
    (
        {"volumeAttributesClassName": ""},
        [
            "spec.volumeAttributesClassName: Required value: an empty string is disallowed",
            "spec.csi: Required value: has to be specified when using volumeAttributesClassName",
        ],
    ),
    ({"nodeAffinity": {}}, ["spec.nodeAffinity.required: Required value: must specify required node constraints"]),
]


@pytest.mark.parametrize(("spec", "errors"), VOLUMES)
def test_new_volumes(spec: Doc, errors: list[str]) -> None:
    assert created("PersistentVolume", volume(**spec)) == errors


def test_the_source_of_a_volume_stays() -> None:
    (error,) = updated("PersistentVolume", volume(), volume(hostPath={"path": "/other"}))
    head = "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n"
    assert error.startswith(head)
    assert '-  "Path": "/data",\n+  "Path": "/other",\n' in error
    assert updated("PersistentVolume", volume(), volume(capacity={"storage": "2Gi"})) == []


def test_a_volume_says_since_when_it_is_in_its_phase() -> None:
    old = stored("PersistentVolume", volume())
    assert old["status"] == {"phase": "Pending", "lastPhaseTransitionTime": "2024-01-01T00:00:00Z"}
    new = sent("PersistentVolume", {**volume(), "status": {"phase": "Bound"}})
    later = "2024-02-02T00:00:00Z"
    changed = prepare_status_update("PersistentVolume", new, old, later)
    assert changed["status"] == {"phase": "Bound", "lastPhaseTransitionTime": later}
    same = sent("PersistentVolume", {**volume(), "status": {"phase": "Pending"}})
    assert prepare_status_update("PersistentVolume", same, old, later)["status"] == old["status"]


def test_old_ways_of_volumes_are_remarked_on() -> None:
    annotations = {"volume.beta.kubernetes.io/storage-class": "a"}
    doc = {**volume(persistentVolumeReclaimPolicy="Recycle"), "metadata": {"annotations": annotations}}
    assert remarks("PersistentVolume", doc) == (
        'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
        "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
    )


CLAIMS: list[tuple[Doc, list[str]]] = [
    ({}, []),
    ({"accessModes": []}, ["spec.accessModes: Required value: at least 1 access mode is required"]),
    ({"resources": {}}, ["spec.resources[storage]: Required value"]),
    (
        {"resources": {"requests": {"storage": "-1"}}},
        ['spec.resources[storage]: Invalid value: "-1": must be greater than zero'],
    ),
    ({"volumeMode": "Tape"}, ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"']),
    (
        {
            "dataSource": {"kind": "PersistentVolumeClaim", "name": "a"},
            "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "b"},
        },
        ["spec: Invalid value: {}: must match dataSourceRef"],
    ),
]


@pytest.mark.parametrize(("spec", "errors"), CLAIMS)
def test_new_claims(spec: Doc, errors: list[str]) -> None:
    assert created("PersistentVolumeClaim", claim(**spec)) == errors


def test_the_two_sources_of_a_claims_data_agree() -> None:
    snapshot = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}
    spec = stored("PersistentVolumeClaim", claim(dataSource=snapshot))["spec"]
    assert spec["dataSourceRef"] == spec["dataSource"] == snapshot
    unknown = stored("PersistentVolumeClaim", claim(dataSource={"apiGroup": "a.b", "kind": "K", "name": "s"}))
    assert "dataSource" not in unknown["spec"]
    elsewhere = {"kind": "PersistentVolumeClaim", "name": "s", "namespace": "other"}
    assert "dataSourceRef" not in stored("PersistentVolumeClaim", claim(dataSourceRef=elsewhere))["spec"]


FROZEN = "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"


def size(storage: str) -> Doc:
    return {"resources": {"requests": {"storage": storage}}}


def test_a_claim_changes_only_its_size_and_only_when_bound() -> None:
    bound = {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
    (error,) = updated("PersistentVolumeClaim", claim(), claim(**size("2Gi")))
    assert error.startswith(FROZEN)
    assert '-   "storage": "1Gi"\n+   "storage": "2Gi"\n' in error
    assert updated("PersistentVolumeClaim", {**claim(), **bound}, claim(**size("2Gi"))) == []
    assert updated("PersistentVolumeClaim", {**claim(), **bound}, claim(**size("512Mi"))) == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    ]
    assert updated("PersistentVolumeClaim", {**claim(**size("2Gi")), **bound}, claim(**size("1536Mi"))) == []


def test_a_claim_is_told_its_volume_and_class_once() -> None:
    assert updated("PersistentVolumeClaim", claim(), claim(volumeName="v", storageClassName="fast")) == []
    named = claim(volumeName="v", storageClassName="fast")
    for change in ({"volumeName": "w"}, {"storageClassName": "slow"}):
        (error,) = updated("PersistentVolumeClaim", named, {"spec": {**named["spec"], **change}})
        assert error.startswith(FROZEN)


def test_the_status_of_a_claim() -> None:
    status = {"allocatedResources": {"cpu": "1"}, "allocatedResourceStatuses": {"storage": "Odd"}}
    assert with_status("PersistentVolumeClaim", claim(), status) == [
        'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: '
        '"ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", '
        '"NodeResizePending"',
        'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
    ]


CLASSES: list[tuple[Doc, list[str]]] = [
    ({"provisioner": "a.b/c"}, []),
    ({}, ["provisioner: Required value"]),
    ({"provisioner": "a", "parameters": {"": "x"}}, ['parameters: Invalid value: "": field can not be empty.']),
    (
        {"provisioner": "a", "reclaimPolicy": "Recycle", "volumeBindingMode": "Late"},
        [
            'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
            'volumeBindingMode: Unsupported value: "Late": supported values: "Immediate", "WaitForFirstConsumer"',
        ],
    ),
    (
        {"provisioner": "a", "allowedTopologies": [{"matchLabelExpressions": [{"key": "z", "values": ["a", "a"]}, {"key": "z", "values": []}]}]},
        [
            'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
            "allowedTopologies[0].matchLabelExpressions[1].values: Required value",
            'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "z"',
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("doc", "errors"), CLASSES)
def test_new_storage_classes(doc: Doc, errors: list[str]) -> None:
    assert created("StorageClass", doc) == errors


def test_what_volumes_were_made_by_stays() -> None:
    before = {"provisioner": "a", "parameters": {"k": "v"}}
    after = {"provisioner": "b", "reclaimPolicy": "Retain", "mountOptions": ["ro"]}
    assert updated("StorageClass", before, after) == [
        "parameters: Invalid value: null: field is immutable",
        'provisioner: Invalid value: "b": field is immutable',
        'reclaimPolicy: Invalid value: "Retain": field is immutable',
    ]
