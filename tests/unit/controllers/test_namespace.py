"""Deletion of namespaces against the real API server: what goes when, what the conditions say, and when the namespace is let go."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.registry import RESOURCES
from refk8s.api.store import Stored
from refk8s.controllers.namespace import NamespaceController, namespace_controller
from refk8s.controllers.namespace_conditions import FINE, failures, leftovers, updated_conditions
from refk8s.controllers.runtime import create, delete, patch
from refk8s.core.flight import Retry
from refk8s.core.wire import TIMEOUT, Response

from .manager_cluster import Cluster, config_map, node, pod

NS = "shop"


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster().settle()
    cluster.send(create("nodes", node("n1", alive=True)), create("namespaces", {"metadata": {"name": NS}}))
    return cluster


def inside(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "namespace": NS}}


def conditions(cluster: Cluster) -> dict[str, tuple[str, str, str]]:
    found = cluster.get("namespaces", NS)["status"]["conditions"]
    return {each["type"]: (each["status"], each["reason"], each["message"]) for each in found}


def test_an_empty_namespace_goes_five_seconds_after_its_deletion(cluster: Cluster) -> None:
    cluster.send(delete("namespaces", NS)).wait(4.9)
    assert cluster.get("namespaces", NS)["status"]["phase"] == "Terminating"
    cluster.wait(0.2)
    assert cluster.find("namespaces", NS) is None
    cluster.check_fingerprint()


def test_pods_go_before_everything_else(cluster: Cluster) -> None:
    cluster.send(create("configmaps", inside(config_map("c"))), create("pods", inside(pod("p"))))
    cluster.send(delete("namespaces", NS)).wait(60)
    assert cluster.find("namespaces", NS) is None
    gone = [change.resource for change in cluster.commits if change.type == "DELETED"]
    assert gone == ["pods", "configmaps", "namespaces"]


def test_custom_resources_go_too(cluster: Cluster) -> None:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": NS}}
    cluster.send(create("customresourcedefinitions", definition))
    cluster.send(create("widgets.example.com", widget))
    assert cluster.find("widgets.example.com", f"{NS}/w") is not None
    cluster.send(delete("namespaces", NS)).wait(60)
    assert cluster.find("namespaces", NS) is None
    assert cluster.find("widgets.example.com", f"{NS}/w") is None


def test_each_change_of_the_namespace_brings_a_pass_five_seconds_later(cluster: Cluster) -> None:
    """As recorded: pods are deleted 5 s after the namespace, the rest 5 s after the conditions were written, not 16 s later."""
    cluster.send(create("configmaps", inside(config_map("c"))), create("pods", inside(pod("p"))))
    cluster.send(delete("namespaces", NS)).wait(5)
    assert cluster.names("pods") == []
    assert f"{NS}/c" in cluster.names("configmaps")
    cluster.wait(4.9)
    assert f"{NS}/c" in cluster.names("configmaps")
    cluster.wait(0.2)
    assert cluster.find("namespaces", NS) is None


def test_what_finalizers_keep_is_counted_and_waited_for(cluster: Cluster) -> None:
    held = inside(config_map("c", finalizers=["example.com/hold"]))
    cluster.send(create("configmaps", held), delete("namespaces", NS)).wait(5)
    assert conditions(cluster) == {
        "NamespaceDeletionDiscoveryFailure": ("False", "ResourcesDiscovered", "All resources successfully discovered"),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        "NamespaceDeletionContentFailure": (
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        "NamespaceContentRemaining": (
            "True",
            "SomeResourcesRemain",
            "Some resources are remaining: configmaps. has 1 resource instances",
        ),
        "NamespaceFinalizersRemaining": (
            "True",
            "SomeFinalizersRemain",
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
        ),
    }
    cluster.send(patch("configmaps", f"{NS}/c", {"metadata": {"finalizers": None}}, "merge"))
    assert cluster.find("namespaces", NS) is not None
    cluster.wait(16)
    assert cluster.find("namespaces", NS) is None


def test_a_waiting_namespace_is_not_written_again(cluster: Cluster) -> None:
    cluster.send(create("configmaps", inside(config_map("c", finalizers=["example.com/hold"]))))
    cluster.send(delete("namespaces", NS)).wait(20)
    before = len(cluster.commits)
    cluster.wait(60)
    assert cluster.commits[before:] == []


def test_pods_that_stop_slowly_are_waited_for(cluster: Cluster) -> None:
    cluster.send(create("pods", inside(pod("p", image="stuck"))), delete("namespaces", NS)).wait(20)
    assert "deletionTimestamp" in cluster.get("pods", f"{NS}/p")["metadata"]
    assert conditions(cluster)["NamespaceContentRemaining"][0] == "False"
    cluster.send(delete("pods", f"{NS}/p", gracePeriodSeconds=0)).wait(30)
    assert cluster.find("namespaces", NS) is None


def test_pods_that_outstay_their_grace_are_an_error(cluster: Cluster) -> None:
    cluster.send(create("pods", inside(pod("p", image="stuck"))), delete("namespaces", NS)).wait(200)
    assert conditions(cluster)["NamespaceDeletionContentFailure"] == (
        "True",
        "ContentDeletionFailed",
        "Failed to delete all resource types, 1 remaining: "
        f"unexpected items still remain in namespace: {NS} for gvr: /v1, Resource=pods",
    )


def test_a_namespace_with_another_finalizer_loses_only_that_of_this_controller(cluster: Cluster) -> None:
    document = {"metadata": {"name": "other"}, "spec": {"finalizers": ["example.com/mine"]}}
    cluster.send(create("namespaces", document), delete("namespaces", "other")).wait(20)
    assert cluster.get("namespaces", "other")["spec"]["finalizers"] == ["example.com/mine"]


def test_the_conflict_with_its_own_condition_is_overcome(cluster: Cluster) -> None:
    cluster.send(delete("namespaces", NS)).wait(6)
    writes = [(request.verb, request.subresource) for request in cluster.requests if request.resource == "namespaces"]
    assert writes == [
        ("get", ""),
        ("update", "status"),
        ("update", "finalize"),
        ("get", ""),
        ("update", "finalize"),
    ]


def test_events_about_what_is_not_terminating_are_no_work(cluster: Cluster) -> None:
    cluster.requests.clear()
    cluster.send(patch("namespaces", NS, {"metadata": {"labels": {"a": "b"}}}, "merge")).wait(30)
    assert cluster.requests == []


def test_retries_come_at_least_every_minute() -> None:
    controller = NamespaceController()
    assert [controller.backoff_ms(n) for n in (1, 2, 14, 15, 40)] == [5, 10, 40_960, 60_000, 60_000]


@pytest.mark.parametrize("seed", range(8))
def test_a_namespace_goes_in_every_order(cluster: Cluster, seed: int) -> None:
    for n in range(3):
        cluster.send(create("pods", inside(pod(f"p{n}"))), create("secrets", inside(config_map(f"s{n}"))))
    cluster.post(delete("namespaces", NS)).run(seed)
    assert NS not in cluster.names("namespaces")
    assert not [key for resource in ("pods", "secrets") for key in cluster.names(resource) if key.startswith(NS)]


def test_without_ordered_deletion_everything_goes_in_one_pass() -> None:
    class AtOnce(NamespaceController):
        def pods_go_first(self, resources: Any) -> bool:
            return False

    def at_once(controller: Any) -> Any:
        return AtOnce(resources=controller.resources)

    cluster = Cluster(seams={"namespace": at_once}).settle()
    cluster.send(create("namespaces", {"metadata": {"name": NS}}), create("configmaps", inside(config_map("c"))))
    cluster.send(create("pods", inside(pod("p", node="absent", image="stuck"))), delete("namespaces", NS)).wait(5)
    assert f"{NS}/c" not in cluster.names("configmaps")
    assert cluster.find("pods", f"{NS}/p") is not None


def test_a_lost_reply_is_no_reason_to_give_up() -> None:
    controller = NamespaceController()
    work = controller._until_no_conflict(_stored({"status": {}}), controller.terminating)
    next(work)
    with pytest.raises(StopIteration) as end:
        work.send(Response(TIMEOUT))
    assert end.value.value == Retry("Timeout")


def test_conditions_keep_their_transition_time_while_their_status_stays() -> None:
    first = updated_conditions((), leftovers({"pods.": 2}, {}), "t1")
    assert first is not None
    second = updated_conditions(first, leftovers({"pods.": 1}, {}), "t2")
    assert second is not None
    by_type = {each["type"]: each for each in second}
    assert by_type["NamespaceContentRemaining"]["lastTransitionTime"] == "t1"
    assert by_type["NamespaceContentRemaining"]["message"].endswith("pods. has 1 resource instances")
    third = updated_conditions(second, (), "t3")
    assert third is not None
    assert {each["type"]: each["lastTransitionTime"] for each in third}["NamespaceContentRemaining"] == "t3"
    assert updated_conditions(third, (), "t4") is None


def test_findings_are_sorted() -> None:
    (content, finalizers) = leftovers({"secrets.": 1, "deployments.apps": 2}, {"z": 1, "a": 3})
    assert content.message.endswith("deployments.apps has 2 resource instances, secrets. has 1 resource instances")
    assert finalizers.message.endswith("a in 3 resource instances, z in 1 resource instances")
    (failure,) = failures(("b failed", "a failed"))
    assert failure.message == "Failed to delete all resource types, 2 remaining: a failed, b failed"
    assert failures(()) == ()
    assert len({finding.type for finding in FINE}) == 5


def test_only_namespaced_resources_are_emptied() -> None:
    found = {row.plural for row in namespace_controller(RESOURCES).resources}
    assert "pods" in found
    assert found.isdisjoint({"nodes", "namespaces", "priorityclasses"})


def _stored(document: dict[str, Any]) -> Any:
    return Stored(NS, {"metadata": {"name": NS, "uid": "u"}, **document}, 1, 1, 0)
