"""Taint eviction against the real engine and API server: who leaves a tainted node, when, and what calls it off."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.controllers.runtime import create, delete, patch
from refk8s.controllers.tainteviction import PodDeleter, shortest_toleration_s, used_tolerations
from refk8s.core.action import AdvanceTo, Begin, Crash, Fire, Input, Restart
from refk8s.core.enabled import enabled, first
from refk8s.kinds.toleration import Taint, Toleration

from .manager_cluster import Cluster, node, pod

TAINT = {"key": "k", "effect": "NoExecute"}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster().settle().send(create("nodes", node("n1")), create("nodes", node("n2")))


def tolerating(name: str, seconds: int | None = None, key: str = "k", **over: Any) -> dict[str, Any]:
    """A pod that tolerates a taint, for ever or so many seconds."""
    toleration: dict[str, Any] = {"key": key, "operator": "Exists", "effect": "NoExecute"}
    if seconds is not None:
        toleration["tolerationSeconds"] = seconds
    return pod(name, tolerations=[toleration], **over)


def taint(cluster: Cluster, *taints: dict[str, Any], name: str = "n1") -> Cluster:
    return cluster.send(patch("nodes", name, {"spec": {"taints": list(taints) or None}}, "merge"))


def test_as_recorded(cluster: Cluster) -> None:
    """conformance/api, controlplane/taint-noexecute-evicts: one pod goes at once, one after its 2 s, one stays."""
    cluster.send(
        create("pods", pod("t0")), create("pods", tolerating("t-tol")), create("pods", tolerating("t-tol2", 2))
    )
    start = len(cluster.commits)
    taint(cluster, TAINT).wait(1.9)
    assert cluster.names("pods") == ["default/t-tol", "default/t-tol2"]
    cluster.wait(0.2)
    assert cluster.names("pods") == ["default/t-tol"]
    taint(cluster).wait(10)
    assert cluster.names("pods") == ["default/t-tol"]
    story = [
        (change.resource, change.type, change.obj.name if change.resource == "pods" else change.obj.document["message"])
        for change in cluster.commits[start:]
        if change.resource in ("pods", "events") and change.actor in ("kcm", "nodelet")
    ]
    assert story == [
        ("events", "ADDED", "Marking for deletion Pod default/t0"),
        ("pods", "MODIFIED", "t0"),
        ("pods", "MODIFIED", "t0"),
        ("pods", "MODIFIED", "t0"),
        ("pods", "DELETED", "t0"),
        ("events", "ADDED", "Marking for deletion Pod default/t-tol2"),
        ("pods", "MODIFIED", "t-tol2"),
        ("pods", "MODIFIED", "t-tol2"),
        ("pods", "MODIFIED", "t-tol2"),
        ("pods", "DELETED", "t-tol2"),
    ]
    cluster.check_fingerprint()


def test_an_evicted_pod_says_why(cluster: Cluster) -> None:
    taint(cluster.send(create("pods", pod("p", image="stuck"))), TAINT)
    document = cluster.get("pods", "default/p")
    (found,) = [each for each in document["status"]["conditions"] if each["type"] == "DisruptionTarget"]
    assert (found["status"], found["reason"]) == ("True", "DeletionByTaintManager")
    assert found["message"] == "Taint manager: deleting due to NoExecute taint"
    assert "deletionTimestamp" in document["metadata"]
    (event,) = [each.document for each in cluster.world.store.collection("events").objects.values()]
    assert event["involvedObject"] == {"apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": "default"}
    assert event["source"]["component"] == "taint-eviction-controller"


def test_a_pod_bound_to_a_tainted_node_is_evicted(cluster: Cluster) -> None:
    taint(cluster, TAINT).send(create("pods", pod("p")))
    assert cluster.names("pods") == []


def test_taints_that_do_not_evict_are_left_to_the_scheduler(cluster: Cluster) -> None:
    taint(cluster.send(create("pods", pod("p"))), {"key": "k", "effect": "NoSchedule"})
    assert cluster.names("pods") == ["default/p"]


def test_the_shortest_of_the_tolerations_that_are_used_counts(cluster: Cluster) -> None:
    two = tolerating("p", 5)["spec"]["tolerations"] + tolerating("p", 2, key="other")["spec"]["tolerations"]
    cluster.send(create("pods", pod("p", tolerations=two)))
    taint(cluster, TAINT, {"key": "other", "effect": "NoExecute"}).wait(1.9)
    assert cluster.names("pods") == ["default/p"]
    cluster.wait(0.2)
    assert cluster.names("pods") == []


def test_a_deletion_is_called_off_when_its_taint_goes(cluster: Cluster) -> None:
    taint(cluster.send(create("pods", tolerating("p", 5))), TAINT).wait(3)
    taint(cluster).wait(20)
    assert cluster.names("pods") == ["default/p"]
    assert cluster.events() == ["TaintManagerEviction: Cancelling deletion of Pod default/p"]
    assert cluster.memory("evict:default/p") is None


def test_a_deletion_is_called_off_when_only_tolerated_taints_are_left(cluster: Cluster) -> None:
    """k#90794: one of two taints goes; the other is tolerated for ever."""
    two = tolerating("p", 5)["spec"]["tolerations"] + tolerating("p", key="other")["spec"]["tolerations"]
    cluster.send(create("pods", pod("p", tolerations=two)))
    other = {"key": "other", "effect": "NoExecute"}
    taint(cluster, TAINT, other).wait(3)
    taint(cluster, other).wait(20)
    assert cluster.names("pods") == ["default/p"]


def test_a_second_taint_that_is_not_tolerated_evicts_at_once(cluster: Cluster) -> None:
    taint(cluster.send(create("pods", tolerating("p", 60))), TAINT).wait(3)
    taint(cluster, TAINT, {"key": "other", "effect": "NoExecute"})
    assert cluster.names("pods") == []
    messages = [message.partition(": ")[2] for message in cluster.events()]
    assert sorted(messages) == ["Cancelling deletion of Pod default/p", "Marking for deletion Pod default/p"]


def test_a_deletion_that_is_due_stays_due_when_the_node_changes(cluster: Cluster) -> None:
    taint(cluster.send(create("pods", tolerating("p", 5))), TAINT).wait(3)
    taint(cluster, {**TAINT, "value": "new"}).wait(1.9)
    assert cluster.names("pods") == ["default/p"]
    cluster.wait(0.2)
    assert cluster.names("pods") == []


def test_a_new_toleration_calls_a_deletion_off(cluster: Cluster) -> None:
    taint(cluster.send(create("pods", tolerating("p", 5))), TAINT).wait(3)
    forever = {"key": "k", "operator": "Exists", "effect": "NoExecute"}
    tolerations = [*cluster.get("pods", "default/p")["spec"]["tolerations"]]
    tolerations[0] = {**tolerations[0], "tolerationSeconds": 60}
    cluster.send(patch("pods", "default/p", {"spec": {"tolerations": [*tolerations, forever]}}, "merge")).wait(1)
    assert cluster.memory("evict:default/p") is not None  # the first toleration that fits counts
    cluster.wait(3)
    assert cluster.names("pods") == []


def test_the_end_of_a_pod_calls_its_deletion_off(cluster: Cluster) -> None:
    taint(cluster.send(create("pods", tolerating("p", 5))), TAINT).wait(1)
    cluster.send(delete("pods", "default/p", gracePeriodSeconds=0), create("pods", pod("p", node="n2"))).wait(20)
    assert cluster.names("pods") == ["default/p"]


def test_a_deletion_called_off_in_the_last_moment_does_not_happen(cluster: Cluster) -> None:
    """Its timer has fired, its key waits for a worker, and then the taint goes."""
    taint(cluster.send(create("pods", tolerating("p", 5))), TAINT).wait(4.9)
    p = cluster.world.names["kcm"]
    deleter = cluster.program.index["tainteviction-delete"]
    cluster.hold("nodes").send(patch("nodes", "n1", {"spec": {"taints": None}}, "merge"))
    while not any(action == Begin(p, deleter) for action in enabled(cluster.world)):
        cluster.do(next(action for action in enabled(cluster.world) if isinstance(action, Fire | AdvanceTo)))
    cluster.release("nodes")
    eviction = cluster.program.index["tainteviction"]
    while not any(action == Begin(p, eviction) for action in enabled(cluster.world)):
        cluster.do(next(iter(enabled(cluster.world))))
    cluster.do(Begin(p, eviction))
    cluster.wait(5)
    assert cluster.names("pods") == ["default/p"]


def test_a_deletion_that_fails_is_tried_five_times_in_all() -> None:
    class Refused(PodDeleter):
        def evict(self, key: str) -> Any:
            yield from ()
            return False

    cluster = Cluster(seams={"tainteviction-delete": lambda _: Refused()}).settle()
    cluster.send(create("nodes", node("n1")), create("pods", pod("p")))
    taint(cluster, TAINT)
    start_ms = cluster.world.now_ms
    tries = 1
    while cluster.memory("evict:default/p") is not None:
        cluster.wait(0.01)
        tries += 1
    assert (tries, cluster.world.now_ms - start_ms) == (5, 40)
    assert cluster.memory("tries:default/p") is None


def test_a_restarted_controller_starts_the_clocks_anew(cluster: Cluster) -> None:
    taint(cluster.send(create("pods", tolerating("p", 5))), TAINT).wait(3)
    p = cluster.world.names["kcm"]
    cluster.do(Crash(p))
    cluster.do(Restart(p))
    cluster.wait(4.9)
    assert cluster.names("pods") == ["default/p"]
    cluster.wait(0.2)
    assert cluster.names("pods") == []


def test_pods_of_untainted_nodes_are_no_work(cluster: Cluster) -> None:
    controller = cluster.program.index["tainteviction"]
    p = cluster.world.names["kcm"]
    seen = []
    cluster.do(Input(create("pods", pod("p"))))
    while (action := first(cluster.world)) is not None and not isinstance(action, AdvanceTo):
        seen.append(action)
        cluster.do(action)
    assert Begin(p, controller) not in seen


A, B = Taint("a", "", "NoExecute"), Taint("b", "", "NoExecute")


@pytest.mark.parametrize(
    ("tolerations", "seconds"),
    [
        ([], None),
        ([Toleration("a", "Exists", toleration_seconds=3)], None),
        ([Toleration(operator="Exists")], "forever"),
        ([Toleration("a", "Exists", toleration_seconds=3), Toleration("b", "Exists")], 3),
        ([Toleration("a", "Exists", toleration_seconds=3), Toleration(operator="Exists", toleration_seconds=-1)], 0),
        ([Toleration(operator="Exists", toleration_seconds=7), Toleration("a", "Exists", toleration_seconds=3)], 7),
    ],
)
def test_how_long_two_taints_are_tolerated(tolerations: list[Toleration], seconds: int | str | None) -> None:
    used = used_tolerations((A, B), tolerations)
    if seconds is None:
        assert used is None
    else:
        assert used is not None
        assert shortest_toleration_s(used) == (None if seconds == "forever" else seconds)


def test_no_toleration_used_is_none_given() -> None:
    assert shortest_toleration_s(()) == 0
