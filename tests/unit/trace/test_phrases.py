"""A commit in one phrase: what matters first."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.store import ADDED, DELETED, MODIFIED, Change, Stored
from refk8s.trace.phrases import describe


def change(was: dict[str, Any] | None, now: dict[str, Any], resource: str = "pods", type_: str = "") -> Change:
    """A commit from one document to another."""

    key = f"default/{now['metadata']['name']}"
    old = Stored(key, was, 1, 1, 0) if was is not None else None
    new = Stored(key, now, 2, 1, 1)
    kind = type_ or (MODIFIED if was is not None else ADDED)
    return Change(2, kind, resource, key, new, old, None, 1, (resource,), "user/ann")  # type: ignore[arg-type]  # a type of change is a text here


def pod(**parts: Any) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": "web", **parts.pop("metadata", {})}, "spec": {}, **parts}


def status(phase: str, ready: bool, state: dict[str, Any], restarts: int = 0) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}, {"type": "ContainersReady", "status": str(ready)}]
    container = {"name": "c", "state": state, "restartCount": restarts}
    return {"phase": phase, "conditions": conditions, "containerStatuses": [container]}


WAITING = {"waiting": {"reason": "ContainerCreating"}}
RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
CRASHED = {"terminated": {"exitCode": 1, "reason": "Error"}}


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (status("Pending", False, WAITING), status("Running", True, RUNNING), "Pending→Running, Ready, c running"),
        (status("Running", True, RUNNING), status("Running", False, CRASHED), "not Ready any more, c exited 1 (Error)"),
        (status("Running", False, CRASHED), status("Running", True, RUNNING, 1), "Ready, c running, c restarted 1x"),
        ({"phase": "Pending"}, status("Pending", False, WAITING), "c waiting (ContainerCreating)"),
        (
            {"phase": "Pending"},
            {
                "phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
            },
            "PodScheduled ∅→False (Unschedulable)",
        ),
        ({"phase": "Running"}, {"phase": "Failed", "reason": "Evicted", "message": "…"}, "Running→Failed (Evicted)"),
    ],
)
def test_a_pod_s_change_leads_with_phase_readiness_and_containers(was: Any, now: Any, said: str) -> None:
    assert describe(change(pod(status=was), pod(status=now))) == (f"changed Pod default/web: {said}", False)


def test_creations_bindings_deletions_and_removals_have_verbs_of_their_own() -> None:
    assert describe(change(None, pod())) == ("created Pod default/web", False)
    assert describe(change(pod(), {**pod(), "spec": {"nodeName": "n1"}})) == ("bound Pod default/web to n1", False)
    ending = {"deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30}
    assert describe(change(pod(), pod(metadata=ending))) == ("marked Pod default/web for deletion (grace 30s)", False)
    over = {**ending, "deletionGracePeriodSeconds": 0}
    assert describe(change(pod(metadata=ending), pod(metadata=over)))[0].startswith(
        "said that Pod default/web has ended"
    )
    assert describe(change(pod(), pod(), type_=DELETED)) == ("removed Pod default/web", False)


def test_a_change_that_says_nothing_is_bookkeeping_and_a_detail() -> None:
    was, now = (
        pod(metadata={"resourceVersion": "1"}),
        pod(metadata={"resourceVersion": "2"}, status={"observedGeneration": 2}),
    )
    assert describe(change(was, now)) == ("changed Pod default/web: bookkeeping", True)


def test_long_lists_are_cut() -> None:
    now = {"kind": "ConfigMap", "metadata": {"name": "web"}, "data": {f"k{n}": "v" for n in range(9)}}
    was = {**now, "data": {f"k{n}": "" for n in range(9)}}
    text, _ = describe(change(was, now, "configmaps"))
    assert text == "changed ConfigMap default/web: data.k0 →v, data.k1 →v, data.k2 →v, data.k3 →v, 5 more"


def test_spec_comes_before_status() -> None:
    was = {"kind": "ReplicaSet", "metadata": {"name": "web"}, "spec": {"replicas": 1}, "status": {"replicas": 1}}
    now = {**was, "spec": {"replicas": 2}, "status": {"replicas": 2}}
    assert (
        describe(change(was, now, "replicasets"))[0]
        == "changed ReplicaSet default/web: spec.replicas 1→2, replicas 1→2"
    )


def test_taints_come_and_go_by_name() -> None:
    was = {"kind": "Node", "metadata": {"name": "n"}, "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}
    now = {**was, "spec": {"taints": [{"key": "b", "effect": "NoExecute"}]}}
    assert (
        describe(change(was, now, "nodes"))[0]
        == "changed Node default/n: taint b:NoExecute added, taint a:NoSchedule removed"
    )


def test_events_name_what_they_are_about_and_count() -> None:
    event = {"kind": "Event", "metadata": {"name": "e"}, "reason": "Killing", "message": "Stopping", "count": 3}
    event["involvedObject"] = {"kind": "Pod", "namespace": "default", "name": "web"}
    assert describe(change(None, event, "events")) == ("event Killing on Pod default/web: Stopping (x3)", False)
    assert describe(change(None, {**event, "reason": "NodeHasSufficientMemory"}, "events"))[1]
