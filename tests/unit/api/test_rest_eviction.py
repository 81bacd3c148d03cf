"""Evictions: what budgets allow, what they count, what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.core.clock import rfc3339
from tests.unit.api.api_server import NOW_MS, Doc, Server, pod

REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
NOT_ALLOWED = {"type": "DisruptionAllowed", "status": "False", "lastTransitionTime": "2024-01-01T00:00:00Z"}
READY = [{"type": "Ready", "status": "True", "lastTransitionTime": "2024-01-01T00:00:00Z"}]


def running(server: Server, name: str = "p", *, ready: bool = True) -> None:
    server.create("pods", pod(name, {"nodeName": "n"}, labels={"app": "a"}))
    server.patch("pods", name, {"status": {"phase": "Running", "conditions": READY if ready else []}}, "status")


def budget(server: Server, name: str = "b", status: Doc | None = None, **spec: Any) -> None:
    selector = {"matchLabels": {"app": "a"}}
    document = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}}
    server.create("poddisruptionbudgets", {**document, "spec": {"selector": selector, **spec}})
    if status is not None:
        server.patch("poddisruptionbudgets", name, {"status": {"observedGeneration": 1, **status}}, "status")


def eviction(name: str = "p", **delete: Any) -> Doc:
    document = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    return {**document, "deleteOptions": delete} if delete else document


def evict(server: Server, name: str = "p", body: Doc | None = None, **options: Any) -> Any:
    return server.ask("create", "pods", name, "eviction", body or eviction(name), **options)


@pytest.fixture
def server() -> Server:
    return Server()


def test_without_a_budget_a_pod_is_marked_and_deleted_with_its_grace(server: Server) -> None:
    running(server)
    response = evict(server)
    assert (response.code, response.status["status"]) == (201, "Success")
    found = server.get("pods", "p")
    assert found["metadata"]["deletionGracePeriodSeconds"] == 30
    (_, condition) = found["status"]["conditions"]
    assert condition == {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": rfc3339(NOW_MS),
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }


def test_an_eviction_counts_against_the_budget(server: Server) -> None:
    running(server)
    budget(server, status={"disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1}, minAvailable=1)
    assert evict(server).code == 201
    found = server.get("poddisruptionbudgets", "b")
    status = found["status"]
    assert status["disruptionsAllowed"] == 0
    assert status["disruptedPods"] == {"p": rfc3339(NOW_MS)}
    (condition,) = status["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "DisruptionAllowed",
        "False",
        "InsufficientPods",
    )
    managers = [(entry["manager"], entry.get("subresource")) for entry in found["metadata"]["managedFields"]]
    assert ("kube-apiserver", "status") in managers


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (None, "The disruption budget b is still being processed by the server."),
        ({"currentHealthy": 1, "desiredHealthy": 1}, "The disruption budget b needs 1 healthy pods and has 1 currently"),
        ({"currentHealthy": 2, "desiredHealthy": 1}, "The disruption budget b does not allow evicting pods currently"),
        (
            {
                "currentHealthy": 2,
                "desiredHealthy": 1,
                "conditions": [{**NOT_ALLOWED, "reason": "Why", "message": "because"}],
            },
            "The disruption budget b does not allow evicting pods currently (Why): because",
        ),
        (
            {
                "conditions": [{**NOT_ALLOWED, "reason": "SyncFailed", "message": "no"}],
            },
            "The disruption budget b does not allow evicting pods currently because it failed sync: no",
        ),
    ],
)  # fmt: skip
def test_what_a_budget_does_not_allow_is_refused_with_429(server: Server, status: Doc | None, why: str) -> None:
    running(server)
    budget(server, status=status, minAvailable=1)
    before = server.store
    response = evict(server)
    assert (response.code, response.reason, response.message) == (429, "TooManyRequests", REFUSED)
    assert response.status["details"]["causes"] == [{"reason": "DisruptionBudget", "message": why}]
    assert response.status["details"].get("retryAfterSeconds", 0) == (10 if status is None else 0)
    assert server.store is before


def test_two_budgets_over_one_pod_are_an_error_without_a_reason(server: Server) -> None:
    running(server)
    for name in "ab":
        budget(server, name, status={"disruptionsAllowed": 1})
    response = evict(server)
    assert (response.code, response.reason) == (500, "")
    assert (
        response.message
        == "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    )


@pytest.mark.parametrize("phase", ["Succeeded", "Failed", "Pending"])
def test_pods_that_do_not_count_go_without_asking(server: Server, phase: str) -> None:
    running(server)
    server.patch("pods", "p", {"status": {"phase": phase}}, "status")
    budget(server, minAvailable=1)
    assert evict(server).code == 201


def test_an_unready_pod_goes_where_the_budget_lets_it(server: Server) -> None:
    running(server, ready=False)
    budget(server, status={"currentHealthy": 0, "desiredHealthy": 1}, unhealthyPodEvictionPolicy="AlwaysAllow")
    assert evict(server).code == 201
    assert server.get("poddisruptionbudgets", "b")["status"]["disruptionsAllowed"] == 0


def test_an_unready_pod_goes_while_enough_others_are_healthy(server: Server) -> None:
    running(server, ready=False)
    budget(server, status={"currentHealthy": 1, "desiredHealthy": 1})
    assert evict(server).code == 201


def test_a_stale_precondition_conflicts_but_the_budget_has_counted(server: Server) -> None:
    running(server)
    budget(server, status={"disruptionsAllowed": 2, "currentHealthy": 3, "desiredHealthy": 1})
    response = evict(server, body=eviction(preconditions={"uid": "other"}))
    assert (response.code, response.reason) == (409, "Conflict")
    assert server.get("poddisruptionbudgets", "b")["status"]["disruptionsAllowed"] == 1
    assert "deletionTimestamp" not in server.get("pods", "p")["metadata"]


def test_the_grace_period_of_an_eviction_is_that_of_its_options(server: Server) -> None:
    running(server)
    evict(server, body=eviction(gracePeriodSeconds=5))
    assert server.get("pods", "p")["metadata"]["deletionGracePeriodSeconds"] == 5


@pytest.mark.parametrize(("options", "delete"), [({"dryRun": "All"}, {}), ({}, {"dryRun": ["All"]})])
def test_a_rehearsed_eviction_changes_nothing(server: Server, options: Doc, delete: Doc) -> None:
    running(server)
    budget(server, status={"disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1})
    before = server.store
    assert evict(server, body=eviction(**delete), **options).code == 201
    assert server.store is before


def test_the_older_version_of_an_eviction_is_read_too(server: Server) -> None:
    running(server)
    assert evict(server, body={**eviction(), "apiVersion": "policy/v1beta1"}).code == 201


def test_mistakes_in_evictions_are_refused(server: Server) -> None:
    running(server)
    assert server.refused("create", "pods", "p", "eviction", eviction("q")) == (
        400,
        "BadRequest",
        "name in URL does not match name in Eviction object",
    )
    assert server.refused("create", "pods", "none", "eviction", eviction("none"))[0] == 404
    broken = eviction(ignoreStoreReadErrorWithClusterBreakingPotential=True)
    code, reason, message = server.refused("create", "pods", "p", "eviction", broken)
    assert (code, reason) == (422, "Invalid")
    assert message.startswith('Eviction.policy "p" is invalid: deleteOptions.ignoreStoreReadErrorWithClusterBreaking')
