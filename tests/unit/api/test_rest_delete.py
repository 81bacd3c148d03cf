"""Deletion: preconditions, grace, finalizers, propagation, collections, namespaces."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.api_server import NOW_MS, Server, config_map, deployment, pod


def bound_pod(server: Server, **spec: Any) -> None:
    server.create("pods", pod(spec={"nodeName": "n", **spec}))


def test_an_object_without_grace_or_finalizers_goes_at_once() -> None:
    server = Server()
    made = server.create("configmaps", config_map())
    answer = server.done("delete", "configmaps", "cm")
    assert answer["status"] == "Success"
    assert answer["details"] == {"name": "cm", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert server.types == ["DELETED"]
    assert not server.exists("configmaps", "cm")


def test_deleting_what_is_not_there_is_not_found() -> None:
    assert Server().refused("delete", "configmaps", "cm")[:2] == (404, "NotFound")


def test_the_deleted_event_carries_the_last_content_under_the_revision_of_the_deletion() -> None:
    server = Server()
    made = server.create("configmaps", config_map())
    server.done("delete", "configmaps", "cm")
    (change,) = server.commits
    assert change.obj.document["data"] == made["data"]
    assert change.obj.document["metadata"]["resourceVersion"] == str(server.store.revision)


@pytest.mark.parametrize(
    ("preconditions", "word"),
    [
        ({"uid": "other"}, "the UID in the precondition (other)"),
        ({"resourceVersion": "1"}, "the ResourceVersion in the precondition (1)"),
    ],
)
def test_preconditions_of_a_delete_are_checked(preconditions: dict[str, str], word: str) -> None:
    server = Server()
    server.create("configmaps", config_map())
    code, reason, message = server.refused("delete", "configmaps", "cm", preconditions=preconditions)
    assert (code, reason) == (409, "Conflict")
    assert message.startswith(f'Operation cannot be fulfilled on ConfigMap "cm": {word}')


def test_delete_options_come_from_the_body_before_the_query() -> None:
    server = Server()
    bound_pod(server)
    server.done("delete", "pods", "p", body={"gracePeriodSeconds": 7}, gracePeriodSeconds=3)
    assert server.get("pods", "p")["metadata"]["deletionGracePeriodSeconds"] == 7


# ---- grace


def test_a_bound_pod_gets_the_grace_period_of_its_spec() -> None:
    server = Server()
    bound_pod(server, terminationGracePeriodSeconds=12)
    metadata = server.done("delete", "pods", "p")["metadata"]
    assert metadata["deletionTimestamp"] == "2026-01-01T00:00:12Z"
    assert metadata["deletionGracePeriodSeconds"] == 12
    assert metadata["generation"] == 2
    assert server.types == ["MODIFIED"]


def test_a_pod_without_a_node_is_marked_and_removed_in_one_request() -> None:
    server = Server()
    server.create("pods", pod())
    server.done("delete", "pods", "p")
    assert server.types == ["MODIFIED", "DELETED"]
    marked = server.commits[0].obj.document["metadata"]
    assert marked["deletionGracePeriodSeconds"] == 0
    assert not server.exists("pods", "p")


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_is_removed_at_once(phase: str) -> None:
    server = Server()
    bound_pod(server)
    server.patch("pods", "p", {"status": {"phase": phase}}, "status")
    server.done("delete", "pods", "p")
    assert not server.exists("pods", "p")


def test_a_second_deletion_may_shorten_the_grace_but_not_lengthen_it() -> None:
    server = Server()
    bound_pod(server)
    server.done("delete", "pods", "p", gracePeriodSeconds=20)
    server.done("delete", "pods", "p", gracePeriodSeconds=60)
    assert server.commits == ()
    metadata = server.done("delete", "pods", "p", gracePeriodSeconds=5)["metadata"]
    assert (metadata["deletionGracePeriodSeconds"], metadata["deletionTimestamp"]) == (5, "2026-01-01T00:00:05Z")
    assert metadata["generation"] == 2


def test_a_shortened_grace_does_not_end_in_the_past() -> None:
    server = Server()
    bound_pod(server)
    server.done("delete", "pods", "p")
    server.now_ms = NOW_MS + 10_000
    metadata = server.done("delete", "pods", "p", gracePeriodSeconds=3)["metadata"]
    assert (metadata["deletionGracePeriodSeconds"], metadata["deletionTimestamp"]) == (1, "2026-01-01T00:00:10Z")


def test_grace_zero_removes_a_terminating_pod() -> None:
    server = Server()
    bound_pod(server)
    server.done("delete", "pods", "p")
    server.done("delete", "pods", "p", gracePeriodSeconds=0)
    assert server.types == ["MODIFIED", "DELETED"]


def test_a_negative_grace_counts_as_one_second() -> None:
    server = Server()
    bound_pod(server)
    assert server.done("delete", "pods", "p", gracePeriodSeconds=-5)["metadata"]["deletionGracePeriodSeconds"] == 1


# ---- finalizers


def test_finalizers_keep_an_object_until_the_last_is_removed() -> None:
    server = Server()
    server.create("configmaps", config_map(finalizers=["a.b/c", "a.b/d"]))
    marked = server.done("delete", "configmaps", "cm")["metadata"]
    assert marked["deletionTimestamp"] == "2026-01-01T00:00:00Z"
    assert marked["deletionGracePeriodSeconds"] == 0
    server.patch("configmaps", "cm", {"metadata": {"finalizers": ["a.b/d"]}})
    assert server.exists("configmaps", "cm")
    revision = server.get("configmaps", "cm")["metadata"]["resourceVersion"]
    last = server.patch("configmaps", "cm", {"metadata": {"finalizers": None}})
    assert server.types == ["DELETED"]
    assert last["metadata"]["resourceVersion"] == revision
    assert "finalizers" not in last["metadata"]


def test_a_second_deletion_of_a_finalized_object_changes_nothing() -> None:
    server = Server()
    server.create("configmaps", config_map(finalizers=["a.b/c"]))
    server.done("delete", "configmaps", "cm")
    server.done("delete", "configmaps", "cm")
    assert server.commits == ()


def test_removing_the_last_finalizer_of_a_pod_in_its_grace_period_does_not_remove_the_pod() -> None:
    server = Server()
    server.create("pods", pod(spec={"nodeName": "n"}, finalizers=["a.b/c"]))
    server.done("delete", "pods", "p")
    server.patch("pods", "p", {"metadata": {"finalizers": None}})
    assert server.exists("pods", "p")


@pytest.mark.parametrize(
    ("policy", "finalizers"), [("Orphan", ["orphan"]), ("Foreground", ["foregroundDeletion"]), ("Background", None)]
)
def test_the_propagation_policy_becomes_a_finalizer(policy: str, finalizers: list[str] | None) -> None:
    server = Server()
    server.create("deployments", deployment())
    server.done("delete", "deployments", "d", propagationPolicy=policy)
    if finalizers is None:
        assert not server.exists("deployments", "d")
    else:
        metadata = server.get("deployments", "d")["metadata"]
        assert (metadata["finalizers"], metadata["generation"]) == (finalizers, 2)


def test_a_later_policy_replaces_an_earlier_one() -> None:
    server = Server()
    server.create("deployments", deployment())
    server.done("delete", "deployments", "d", propagationPolicy="Foreground")
    server.done("delete", "deployments", "d", propagationPolicy="Background")
    assert not server.exists("deployments", "d")


def test_both_ways_to_say_the_policy_at_once_are_refused() -> None:
    server = Server()
    server.create("deployments", deployment())
    body = {"orphanDependents": True, "propagationPolicy": "Orphan"}
    assert server.refused("delete", "deployments", "d", body=body)[0] == 422


def test_a_dry_run_of_a_delete_deletes_nothing() -> None:
    server = Server()
    server.create("configmaps", config_map())
    server.done("delete", "configmaps", "cm", body={"dryRun": ["All"]})
    assert server.exists("configmaps", "cm")


def test_deletion_of_a_collection_takes_what_the_selectors_select() -> None:
    server = Server()
    for name, label in (("a", "x"), ("b", "y"), ("c", "x")):
        server.create("configmaps", config_map(name, labels={"l": label}))
    response = server.ask("deletecollection", "configmaps", labelSelector="l=x")
    assert [stored.name for stored in response.items] == ["a", "c"]
    assert [stored.name for stored in server.ask("list", "configmaps").items] == ["b"]


# ---- namespaces


def test_a_deleted_namespace_terminates_until_its_finalizer_is_gone() -> None:
    server = Server()
    server.create("namespaces", {"metadata": {"name": "x"}})
    marked = server.done("delete", "namespaces", "x")
    assert marked["status"]["phase"] == "Terminating"
    assert marked["spec"]["finalizers"] == ["kubernetes"]
    server.done("delete", "namespaces", "x")
    assert server.commits == ()
    server.done("update", "namespaces", "x", "finalize", {**marked, "spec": {}})
    assert server.types == ["DELETED"]


def test_nothing_is_created_in_a_terminating_namespace() -> None:
    server = Server()
    server.create("namespaces", {"metadata": {"name": "x"}})
    server.done("delete", "namespaces", "x")
    response = server.ask("create", "configmaps", body=config_map(), namespace="x")
    assert (response.code, response.reason) == (403, "Forbidden")
    assert response.message == (
        'configmaps "cm" is forbidden: unable to create new content in namespace x because it is being terminated'
    )
    assert response.status["details"]["causes"][0]["reason"] == "NamespaceTerminating"


def test_a_missing_namespace_is_not_found() -> None:
    code, reason, message = Server().refused("create", "configmaps", body=config_map(), namespace="x")
    assert (code, reason, message) == (404, "NotFound", 'namespaces "x" not found')


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_system_namespaces_stay(name: str) -> None:
    assert Server().refused("delete", "namespaces", name)[:2] == (403, "Forbidden")


def test_a_stale_server_still_admits_into_a_namespace_that_it_believes_alive() -> None:
    server = Server()
    server.create("namespaces", {"metadata": {"name": "x"}})
    server.stale["namespaces"] = server.store.collection("namespaces")
    server.done("delete", "namespaces", "x")
    assert server.ask("create", "configmaps", body=config_map(), namespace="x").code == 201


def test_a_stale_server_looks_a_namespace_up_that_it_does_not_know_yet() -> None:
    server = Server()
    server.stale["namespaces"] = server.store.collection("namespaces")
    server.create("namespaces", {"metadata": {"name": "x"}})
    assert server.ask("create", "configmaps", body=config_map(), namespace="x").code == 201
