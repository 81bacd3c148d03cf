"""What a scenario expects after faults is due, unless they hit what nobody repairs."""

from __future__ import annotations

from typing import Any

from refk8s.api.store import DELETED, MODIFIED, Change, Collection, Stored
from refk8s.core.action import Crash
from refk8s.core.budget import FaultBudget
from refk8s.core.delta import Delta
from refk8s.core.hands import Hands
from refk8s.core.step import Draft
from refk8s.core.world import World
from refk8s.explore.check import check
from refk8s.explore.cluster import build
from refk8s.explore.due import Usual, Witness, usual
from refk8s.scenarios import resolve
from refk8s.users.script import FAILED

SCENARIO = resolve("first-pod")
MODEL, WORLD = build(SCENARIO.cluster)
ANN = WORLD.names["user/ann"]


def seen(witness: Witness, world: World = WORLD, *commits: Change, act: Any = None) -> Witness:
    delta = Delta()
    delta.commits = commits
    if act is not None:
        delta.notes.append((ANN, "user", act))
    witness(world, Crash(0), world, delta)
    return witness


def pod(phase: str, *, owned: bool = False, deleted: bool = False) -> Stored:
    metadata: dict[str, Any] = {"name": "web", "namespace": "default", "uid": "u"}
    if owned:
        metadata["ownerReferences"] = [{"kind": "ReplicaSet", "name": "r", "uid": "r", "controller": True}]
    if deleted:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return Stored("default/web", {"metadata": metadata, "status": {"phase": phase}}, 1, 1, 0)


def change(type: str, now: Stored, was: Stored, actor: str) -> Change:
    return Change(1, type, "pods", now.key, now, was, Collection("pods"), 0, (), actor)


def test_everything_is_due_if_the_users_did_what_they_always_do() -> None:
    witness = seen(Witness(), act=("apply", {"documents": []}, "pod/web created"))
    assert witness.excuse(WORLD, Usual(10, witness.last_act)) == ""


def test_nothing_is_due_if_a_users_request_failed() -> None:
    draft = Draft(MODEL, WORLD)
    process = WORLD.procs[ANN].copy()
    Hands(draft, ANN, process, 0).remember(FAILED, ("apply: Error from server (Timeout): ",))
    draft.settle(ANN, process, MODEL.program("user/ann"))
    world, _ = draft.freeze()
    assert "a fault hit a user" in Witness().excuse(world, Usual(10, ""))


def test_nothing_is_due_if_the_users_came_in_another_order_but_counting_commutes() -> None:
    witness = seen(Witness(), act=("scale", {"replicas": 3}, "scaled"))
    assert witness.excuse(WORLD, Usual(10, "user/bob scale {'replicas': 5}")) == "the users came in another order"
    before = witness.last_act
    assert seen(witness, act=("increment", {}, "incremented")).last_act == before


def test_nothing_is_due_if_a_pod_without_an_owner_was_lost() -> None:
    running, failed, going = pod("Running"), pod("Failed"), pod("Running", deleted=True)
    lost = (
        change(MODIFIED, failed, running, "kubelet/node-1"),
        change(MODIFIED, going, running, "kube-controller-manager"),
        change(DELETED, running, running, "kube-controller-manager"),
    )
    for each in lost:
        assert "default/web, which has no owner" in seen(Witness(), WORLD, each).excuse(WORLD, Usual(10, ""))
    spared = (
        change(MODIFIED, pod("Failed", owned=True), pod("Running", owned=True), "kubelet/node-1"),
        change(MODIFIED, going, running, "user/ann"),
        change(DELETED, going, going, "kubelet/node-1"),
        change(MODIFIED, pod("Succeeded"), running, "kubelet/node-1"),
    )
    assert seen(Witness(), WORLD, *spared).excuse(WORLD, Usual(10, "")) == ""


def test_a_check_says_why_nothing_was_due() -> None:
    refused = [
        check(SCENARIO, seed, faults=FaultBudget.parse("lost=3"), length=usual(SCENARIO).steps) for seed in range(12)
    ]
    excused = [result.excused for result in refused if result.excused]
    assert all(result.held for result in refused)
    assert any("a fault hit a user (user/ann: apply" in excuse for excuse in excused)
    assert not check(SCENARIO).excused
