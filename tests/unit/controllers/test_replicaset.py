"""The ReplicaSet controller on the real engine and API server."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from refk8s.api.rest import Api
from refk8s.api.status import Rejected, forbidden
from refk8s.core.action import Hold, Release
from refk8s.core.step import step
from refk8s.core.wire import Request
from refk8s.explore.drivers import RandomDriver
from refk8s.explore.run import run_twice
from tests.unit.controllers.small_cluster import Cluster


def pod(name: str, **labels: str) -> Request:
    spec = {"containers": [{"name": "c", "image": "nginx:1"}]}
    document = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}
    return Request("create", "pods", "default", body=document)


def replica_set(name: str = "r", replicas: int = 3, **spec: Any) -> Request:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    body = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "a"}}, "template": template} | spec,
    }
    return Request("create", "replicasets", "default", body=body)


def resize(replicas: int, name: str = "r") -> Request:
    body = {"spec": {"replicas": replicas}}
    return Request("patch", "replicasets", "default", name, body=body, options={"patchType": "merge"})


def owners(cluster: Cluster) -> dict[str, list[str]]:
    return {
        each["metadata"]["name"]: [owner["name"] for owner in each["metadata"].get("ownerReferences", [])]
        for each in cluster.all("pods")
    }


@attrs.frozen(eq=False)
class Quota(Api):
    """An API server that allows so many pods."""

    pods: int = 2

    def prepare_create(self, call: Any, document: Any) -> Any:
        if call.row.plural == "pods" and len(call.store.collection("pods").objects) >= self.pods:
            raise Rejected(forbidden("", "pods", "", "exceeded quota"))
        return super().prepare_create(call, document)


def test_pods_are_created_and_counted() -> None:
    cluster = Cluster().send(replica_set()).settle()
    assert cluster.images() == {"nginx:1": 3}
    assert cluster.get("replicasets", "r")["status"] == {
        "replicas": 3,
        "fullyLabeledReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }
    for each in cluster.all("pods"):
        (reference,) = each["metadata"]["ownerReferences"]
        assert (reference["kind"], reference["name"], reference["controller"]) == ("ReplicaSet", "r", True)
        assert reference["blockOwnerDeletion"]
        assert each["metadata"]["name"].startswith("r-")


def test_a_deleted_pod_is_replaced_at_once() -> None:
    cluster = Cluster().send(replica_set(replicas=2)).settle()
    first = cluster.all("pods")[0]["metadata"]["name"]
    cluster.send(Request("delete", "pods", "default", first)).settle()
    assert cluster.images() == {"nginx:1": 2}
    assert first not in owners(cluster)


def test_scaling_down_deletes_what_is_too_many() -> None:
    cluster = Cluster().send(replica_set(replicas=5)).settle().send(resize(2)).settle()
    assert cluster.images() == {"nginx:1": 2}
    deleted = [event for event in cluster.events("ReplicaSet") if event.startswith("SuccessfulDelete: Deleted pod: r-")]
    assert len(deleted) == 3
    cluster.send(resize(0)).settle()
    assert cluster.images() == {}
    assert cluster.get("replicasets", "r")["status"]["replicas"] == 0


def test_matching_orphans_are_adopted_and_others_left_alone() -> None:
    cluster = Cluster().send(pod("o1", app="a")).send(pod("o2", app="b")).settle().send(replica_set()).settle()
    found = owners(cluster)
    assert found.pop("o1") == ["r"]
    assert found.pop("o2") == []
    assert list(found.values()) == [["r"], ["r"]]


def test_a_pod_that_no_longer_matches_is_released_and_replaced() -> None:
    cluster = Cluster().send(replica_set(replicas=1)).settle()
    (name,) = owners(cluster)
    body = {"metadata": {"labels": {"app": "debug"}}}
    cluster.send(Request("patch", "pods", "default", name, body=body, options={"patchType": "merge"})).settle()
    found = owners(cluster)
    assert found.pop(name) == []
    assert list(found.values()) == [["r"]]


def test_a_replica_set_that_is_being_deleted_neither_creates_nor_adopts() -> None:
    request = replica_set(replicas=1)
    request.body["metadata"]["finalizers"] = ["test/keep"]
    cluster = Cluster().send(request).settle().send(Request("delete", "replicasets", "default", "r")).settle()
    (name,) = owners(cluster)
    cluster.send(Request("delete", "pods", "default", name)).send(pod("o1", app="a")).settle()
    assert owners(cluster) == {"o1": []}


def test_failed_creations_are_reported_and_retried_until_they_succeed() -> None:
    api = Quota()
    cluster = Cluster(api).send(replica_set(replicas=4))
    cluster.run_until(
        lambda now: (
            now.all("replicasets")[0]["status"].get("conditions") is not None if now.all("replicasets") else False
        )
    )
    (condition,) = cluster.get("replicasets", "r")["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("ReplicaFailure", "FailedCreate")
    assert condition["message"] == "pods is forbidden: exceeded quota"
    assert "FailedCreate: Error creating: pods is forbidden: exceeded quota" in cluster.events("ReplicaSet")
    cluster.model = attrs.evolve(cluster.model, api=Api())
    cluster.settle()
    assert cluster.images() == {"nginx:1": 4}
    assert "conditions" not in cluster.get("replicasets", "r")["status"]


def test_slow_start_stops_at_the_first_failing_batch() -> None:
    tried: list[str] = []

    @attrs.frozen(eq=False)
    class Full(Quota):
        def prepare_create(self, call: Any, document: Any) -> Any:
            if call.row.plural == "pods":
                tried.append(document["kind"])
            return super().prepare_create(call, document)

    cluster = Cluster(Full(pods=1)).send(replica_set(replicas=100))
    cluster.run_until(lambda now: any("conditions" in each.get("status", {}) for each in now.all("replicasets")))
    assert len(tried) == 1 + 2


def test_burst_limits_one_sync_but_not_the_outcome() -> None:
    cluster = Cluster(burst=2).send(replica_set(replicas=7)).settle()
    assert cluster.images() == {"nginx:1": 7}


def test_min_ready_seconds_delay_availability_without_any_event() -> None:
    cluster = Cluster().send(replica_set(replicas=1, minReadySeconds=20))
    cluster.run_until(lambda now: any(each["status"].get("readyReplicas") for each in now.all("replicasets")))
    assert "availableReplicas" not in cluster.get("replicasets", "r")["status"]
    ready_ms = cluster.world.now_ms
    cluster.settle()
    assert cluster.get("replicasets", "r")["status"]["availableReplicas"] == 1
    assert 19_000 <= cluster.world.now_ms - ready_ms <= 21_000


@pytest.mark.parametrize("read_your_writes", [True, False])
def test_a_stale_pod_cache_makes_no_pods_twice(read_your_writes: bool) -> None:
    cluster = Cluster(read_your_writes=read_your_writes)
    cluster.settle()
    program = cluster.model.program("kcm")
    held = cluster.world.first_informer[cluster.world.names["kcm"]] + program.stream_index["pods"]
    cluster.world, _ = step(cluster.model, cluster.world, Hold(held))
    cluster.send(replica_set())
    cluster.run_until(lambda now: len(now.all("pods")) == 3 and now.world.now_ms > now.model.epoch_ms + 100)
    body = {"metadata": {"labels": {"wake": "up"}}}
    cluster.send(Request("patch", "replicasets", "default", "r", body=body, options={"patchType": "merge"}))
    start_ms = cluster.world.now_ms
    cluster.settle(until=lambda world: world.now_ms >= start_ms + 5_000)
    assert len(cluster.all("pods")) == 3
    cluster.world, _ = step(cluster.model, cluster.world, Release(held))
    cluster.settle()
    assert cluster.images() == {"nginx:1": 3}


@pytest.mark.parametrize("seed", range(12))
def test_every_schedule_ends_with_the_wanted_number_of_pods(seed: int) -> None:
    cluster = Cluster().send(pod("o1", app="a")).send(replica_set(replicas=4)).send(resize(2))
    cluster.settle(RandomDriver(seed))
    assert len(cluster.images()) == 1
    assert cluster.images() == {"nginx:1": cluster.get("replicasets", "r")["spec"]["replicas"]}


def test_reconciles_can_be_run_again_from_their_logs() -> None:
    cluster = Cluster().send(pod("o1", app="a")).send(replica_set(replicas=4)).send(resize(2))
    assert run_twice(cluster.model, cluster.world, lambda: RandomDriver(7), max_steps=20_000).verdict == "quiet"
