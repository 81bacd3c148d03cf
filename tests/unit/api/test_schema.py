"""Facts of the API types, as the OpenAPI documents and Go tags of v1.36.2 give them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from refk8s.api import schema

SERVED = [
    *("Pod", "Node", "Namespace", "ReplicaSet", "Deployment", "ConfigMap", "Secret", "Service", "ServiceAccount"),
    *("Lease", "Event", "PriorityClass", "StatefulSet", "DaemonSet", "ControllerRevision", "Job", "CronJob"),
    *("PodDisruptionBudget", "Endpoints", "EndpointSlice", "PersistentVolume", "PersistentVolumeClaim", "StorageClass"),
    *("Ingress", "NetworkPolicy", "HorizontalPodAutoscaler", "ReplicationController", "Role", "ClusterRole"),
]


@pytest.mark.parametrize("kind", SERVED)
def test_every_served_kind_has_metadata(kind: str) -> None:
    assert schema.of_kind(kind).fields["metadata"].type is schema.named("meta.v1.ObjectMeta")


def test_containers_merge_by_name_and_ports_by_two_keys() -> None:
    container = schema.named("core.v1.PodSpec").fields["containers"]
    assert (container.strategies, container.merge_key) == (("merge",), "name")
    ports = schema.named("core.v1.Container").fields["ports"]
    assert ports.merge_key == "containerPort"
    assert ports.type.keys == (("containerPort", 0), ("protocol", "TCP"))


def test_volumes_merge_and_retain_keys() -> None:
    assert schema.named("core.v1.PodSpec").fields["volumes"].strategies == ("merge", "retainKeys")


def test_lists_are_atomic_sets_or_maps() -> None:
    assert schema.named("core.v1.Container").fields["command"].type.atomic
    finalizers = schema.named("meta.v1.ObjectMeta").fields["finalizers"].type
    assert not finalizers.atomic
    assert finalizers.keys == ()


def test_selectors_are_atomic_and_labels_are_not() -> None:
    assert schema.named("meta.v1.LabelSelector").atomic
    assert schema.named("core.v1.ServiceSpec").fields["selector"].type.atomic
    assert not schema.named("meta.v1.ObjectMeta").fields["labels"].type.atomic


def test_a_field_can_override_its_types_atomicity() -> None:
    claim_ref = schema.named("core.v1.PersistentVolumeSpec").fields["claimRef"].type
    assert not claim_ref.atomic
    assert schema.named("core.v1.ObjectReference").atomic


def test_go_names_embedding_and_tags_are_known() -> None:
    lun = schema.named("core.v1.FCVolumeSource").fields["lun"]
    assert (lun.type.go, lun.pointer, lun.omitempty) == ("int32", True, True)
    assert schema.named("core.v1.Volume").fields["fc"].embed == ("VolumeSource",)
    assert schema.named("core.v1.Container").fields["imagePullPolicy"].type.go == "v1.PullPolicy"
    assert schema.named("core.v1.PodSpec").fields["containers"].type.go == "[]v1.Container"
    assert schema.named("meta.v1.ObjectMeta").fields["creationTimestamp"].omitzero


def test_kinds_are_found_by_version_or_preference() -> None:
    assert schema.of_kind("Event") is schema.of_kind("Event", "v1")
    assert schema.of_kind("HorizontalPodAutoscaler") is schema.of_kind("HorizontalPodAutoscaler", "autoscaling/v2")
    assert schema.of_document({"apiVersion": "apps/v1", "kind": "ReplicaSet"}) is schema.of_kind("ReplicaSet")
    with pytest.raises(KeyError):
        schema.of_kind("Deployment", "apps/v2")


def test_every_type_resolves() -> None:
    for api_version, kind in schema.kinds():
        assert schema.of_kind(kind, api_version).form == "struct"


def test_importing_loads_no_data() -> None:
    code = "import refk8s.api.schema as s; print(s._data.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "0\n"


def test_the_data_is_small_and_has_no_prose() -> None:
    data = Path(schema.__file__).with_name("schema_data.json").read_text()
    assert len(data) < 150_000
    words = re.findall(r'"([^"]*)"', data)
    assert max(word.count(" ") for word in words) == 1
