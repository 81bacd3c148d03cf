"""Pod garbage collection against the real engine: pods that no kubelet will remove, and only those."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.controllers.podgc import PodCollector
from refk8s.controllers.runtime import create, delete, patch
from refk8s.core.action import AdvanceTo, Begin, Input
from refk8s.core.enabled import first

from .manager_cluster import Cluster, node, pod


@pytest.fixture
def cluster() -> Cluster:
    return Cluster().settle().send(create("nodes", node("n1")), create("nodes", node("n2")))


def finish(cluster: Cluster, name: str, phase: str = "Succeeded", **status: Any) -> Cluster:
    body = {"status": {"phase": phase, **status}}
    return cluster.send(patch("pods", f"default/{name}", body, "merge", "status"))


# ---- pods on nodes that are gone


def test_pods_of_a_deleted_node_go_after_the_quarantine(cluster: Cluster) -> None:
    cluster.send(create("pods", pod("p")), create("pods", pod("q", node="n2")), delete("nodes", "n1")).wait(59.9)
    assert cluster.names("pods") == ["default/p", "default/q"]
    cluster.wait(0.2)  # noticed at 20 s, quarantined for 40 s
    assert cluster.names("pods") == ["default/q"]
    mine = [change.obj.document for change in cluster.commits if change.key == "default/p"]
    failed = next(document["status"] for document in mine if document["status"]["phase"] == "Failed")
    (found,) = [each for each in failed["conditions"] if each["type"] == "DisruptionTarget"]
    assert (found["status"], found["reason"]) == ("True", "DeletionByPodGC")
    assert found["message"] == "PodGC: node no longer exists"
    cluster.check_fingerprint()


def test_a_finished_pod_of_a_deleted_node_goes_as_it_is(cluster: Cluster) -> None:
    finish(cluster.send(create("pods", pod("p"))), "p").send(delete("nodes", "n1")).wait(80)
    assert cluster.names("pods") == []
    phases = {change.obj.document["status"]["phase"] for change in cluster.commits if change.key == "default/p"}
    assert "Failed" not in phases


def test_a_node_that_comes_back_in_time_keeps_its_pods(cluster: Cluster) -> None:
    cluster.send(create("pods", pod("p")), delete("nodes", "n1")).wait(50)
    cluster.send(create("nodes", node("n1"))).wait(120)
    assert cluster.names("pods") == ["default/p"]


def test_a_node_that_only_the_cache_misses_keeps_its_pods(cluster: Cluster) -> None:
    cluster.hold("nodes").send(create("nodes", node("n3")), create("pods", pod("p", node="n3"))).wait(120)
    assert cluster.names("pods") == ["default/p"]


def test_a_pod_that_a_finalizer_keeps_is_not_looked_at_for_ever(cluster: Cluster) -> None:
    document = pod("p")
    document["metadata"]["finalizers"] = ["example.com/hold"]
    cluster.send(create("pods", document), delete("nodes", "n1")).wait(100)
    assert "deletionTimestamp" in cluster.get("pods", "default/p")["metadata"]
    before = len(cluster.requests)
    cluster.wait(300)
    assert cluster.requests[before:] == []


# ---- pods that are being deleted and that nobody will confirm


def test_an_unbound_pod_that_is_being_deleted_goes(cluster: Cluster) -> None:
    document = pod("p", node="")
    document["metadata"]["finalizers"] = ["example.com/hold"]
    cluster.send(create("pods", document), delete("pods", "default/p")).wait(21)
    assert cluster.get("pods", "default/p")["status"]["phase"] == "Failed"
    cluster.send(patch("pods", "default/p", {"metadata": {"finalizers": None}}, "merge"))
    assert cluster.names("pods") == []


def test_terminating_pods_of_a_node_out_of_service_go(cluster: Cluster) -> None:
    cluster.send(create("pods", pod("p", image="stuck")), create("pods", pod("stays", image="stuck")))
    cluster.send(delete("pods", "default/p"))
    taint = [{"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoSchedule"}]
    cluster.send(patch("nodes", "n1", {"spec": {"taints": taint}}, "merge")).wait(60)
    assert "default/p" in cluster.names("pods")  # the node is ready: its kubelet will see to it
    conditions = [{"type": "Ready", "status": "Unknown"}]
    cluster.send(patch("nodes", "n1", {"status": {"conditions": conditions}}, "merge", "status")).wait(21)
    assert cluster.names("pods") == ["default/stays"]


# ---- too many finished pods


def test_the_oldest_finished_pods_above_the_threshold_go_evicted_ones_first() -> None:
    cluster = Cluster(seams={"podgc": lambda _: PodCollector(terminated_threshold=2)}).settle()
    cluster.send(create("nodes", node("n1")))
    for name in ("c", "b", "a", "runs"):
        cluster.send(create("pods", pod(name))).wait(1)
    finish(finish(finish(cluster, "c"), "b"), "a", "Failed", reason="Evicted").wait(20)
    assert cluster.names("pods") == ["default/b", "default/c", "default/runs"]
    cluster.send(create("pods", pod("d")))
    finish(cluster, "d").wait(20)
    assert cluster.names("pods") == ["default/b", "default/d", "default/runs"]


def test_the_default_threshold() -> None:
    controller = PodCollector()
    assert not controller.has_too_many(12_500)
    assert controller.has_too_many(12_501)
    assert not PodCollector(terminated_threshold=0).has_too_many(99_999)


# ---- failures and cost


def test_a_pod_that_cannot_be_marked_failed_is_not_deleted_before_it_can() -> None:
    class Clumsy(PodCollector):
        def fail_request(self, pod: Any, condition: Any, now: str) -> Any:
            broken = pod.key == "default/p" and not cluster.find("configmaps", "default/mended")
            body = {"metadata": {"uid": "wrong" if broken else pod.uid}, "status": {"phase": "Failed"}}
            return patch("pods", pod.key, body, subresource="status")

    cluster = Cluster(seams={"podgc": lambda _: Clumsy()}).settle().send(create("nodes", node("n1")))
    cluster.send(create("pods", pod("p")), create("pods", pod("q")), delete("nodes", "n1")).wait(61)
    assert cluster.names("pods") == ["default/p"]
    cluster.send(create("configmaps", {"metadata": {"name": "mended", "namespace": "default"}})).wait(80)
    assert cluster.names("pods") == []


def test_a_cluster_without_lost_pods_has_no_looks(cluster: Cluster) -> None:
    controller = Begin(cluster.world.names["kcm"], cluster.program.index["podgc"])
    cluster.do(Input(create("pods", pod("p"))))
    end_ms = cluster.world.now_ms + 60_000
    while (action := first(cluster.world)) is not None:
        if isinstance(action, AdvanceTo) and action.deadline_ms > end_ms:
            break
        assert action != controller
        cluster.do(action)
    assert cluster.names("pods") == ["default/p"]
