"""The protection of claims and volumes against the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.controllers.protection import is_shut_down, uses
from refk8s.controllers.runtime import create, delete, patch

from .manager_cluster import Cluster, node, pod

CLAIM: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data", "namespace": "default"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
VOLUME: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "v"},
    "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/d"}},
}
MOUNTED = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
CLAIMS = "persistentvolumeclaims"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster().settle().send(create("nodes", node("n1")), create(CLAIMS, CLAIM))


def test_a_claim_that_nobody_uses_goes_at_once(cluster: Cluster) -> None:
    cluster.send(delete(CLAIMS, "default/data"))
    assert cluster.names(CLAIMS) == []
    cluster.check_fingerprint()


def test_a_claim_stays_until_the_last_pod_that_uses_it_has_gone(cluster: Cluster) -> None:
    cluster.send(create("pods", pod("p", volumes=MOUNTED)), delete(CLAIMS, "default/data"))
    claim = cluster.get(CLAIMS, "default/data")
    assert claim["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert "deletionTimestamp" in claim["metadata"]
    cluster.send(delete("pods", "default/p")).wait(60)
    assert cluster.names("pods") == []
    assert cluster.names(CLAIMS) == []


def test_a_pod_that_is_not_bound_keeps_no_claim(cluster: Cluster) -> None:
    cluster.send(create("pods", pod("p", node="", volumes=MOUNTED)), delete(CLAIMS, "default/data"))
    assert cluster.names(CLAIMS) == []


def test_a_pod_that_only_the_cache_misses_keeps_its_claim(cluster: Cluster) -> None:
    cluster.hold("pods").send(create("pods", pod("p", volumes=MOUNTED)), delete(CLAIMS, "default/data"))
    assert cluster.names(CLAIMS) == ["default/data"]
    cluster.release("pods").settle()
    assert cluster.names(CLAIMS) == ["default/data"]


def test_a_claim_that_lost_its_protection_gets_it_back(cluster: Cluster) -> None:
    cluster.send(patch(CLAIMS, "default/data", {"metadata": {"finalizers": None}}, "merge"))
    assert cluster.get(CLAIMS, "default/data")["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]


def test_a_volume_stays_while_it_is_bound(cluster: Cluster) -> None:
    cluster.send(create("persistentvolumes", VOLUME))
    status = {"status": {"phase": "Bound"}}
    cluster.send(patch("persistentvolumes", "v", status, "merge", "status"), delete("persistentvolumes", "v"))
    assert cluster.names("persistentvolumes") == ["v"]
    cluster.send(patch("persistentvolumes", "v", {"status": {"phase": "Released"}}, "merge", "status"))
    assert cluster.names("persistentvolumes") == []


def test_a_namespace_with_a_claim_ends(cluster: Cluster) -> None:
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    inside = {**CLAIM, "metadata": {"name": "data", "namespace": "shop"}}
    cluster.send(create("namespaces", home), create(CLAIMS, inside), delete("namespaces", "shop")).wait(60)
    assert "shop" not in cluster.names("namespaces")


def test_a_pods_own_claim_is_free_when_the_kubelet_is_done_with_it() -> None:
    volume = {"name": "data", "ephemeral": {"volumeClaimTemplate": {}}}
    document = {"metadata": {"name": "p", "uid": "u"}, "spec": {"nodeName": "n", "volumes": [volume]}}
    own = {"metadata": {"name": "p-data", "ownerReferences": [{"uid": "u", "controller": True}]}}
    assert uses(document, own)
    assert not uses(document, {"metadata": {"name": "p-data"}})
    ended = {
        **document,
        "metadata": {**document["metadata"], "deletionTimestamp": "t", "deletionGracePeriodSeconds": 0},
    }
    assert is_shut_down(ended)
    assert not uses(ended, own)
