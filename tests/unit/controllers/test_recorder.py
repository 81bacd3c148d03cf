"""A recorder remembers so many events and no more, those that came last, and nothing else changes for it."""

from __future__ import annotations

import pytest

from refk8s.controllers import runtime
from refk8s.core.draft import Draft
from refk8s.core.enabled import is_quiet
from refk8s.core.fingerprint import recompute_fingerprint
from refk8s.core.world import World
from refk8s.explore.cluster import build
from refk8s.explore.run import run
from refk8s.scenarios import from_data, resolve


def remembered(world: World, pid: str, component: str) -> list[str]:
    """The messages of the events that a process remembers to have recorded as `component`."""
    names = sorted(name for name in world.process(pid).memory if name.startswith(f"event:{component}:"))
    return [name.rpartition(":")[2] for name in names]


def test_no_more_events_are_remembered_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = "kube-controller-manager"
    model, world = build(resolve("rollout").cluster)
    whole = run(model, world).world
    assert len(remembered(whole, manager, "replicaset-controller")) > 3
    monkeypatch.setattr(runtime, "MOST_EVENTS", 3)
    model, world = build(resolve("rollout").cluster)
    bounded = run(model, world).world
    assert is_quiet(model, bounded)
    assert len(remembered(bounded, manager, "replicaset-controller")) == 3
    assert len(remembered(bounded, manager, "deployment-controller")) == 3
    assert bounded.fingerprint == recompute_fingerprint(model, bounded)


def pods_that_do_not_fit(*names: str) -> dict[str, object]:
    """A scenario in which ann creates pods that no node has room for, in this order; a changed node has all of them tried again."""
    big = {"containers": [{"name": "c", "image": "a", "resources": {"requests": {"cpu": "64"}}}]}
    steps: list[dict[str, object]] = []
    for name in names:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": big}
        steps += [{"create": {"documents": [pod]}}, {"sleep": "5s"}]
    spec = {"nodes": [{"name": "node"}], "users": {"ann": steps}}
    return {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "x"}, "spec": spec}


def test_the_one_that_did_not_come_for_the_longest_time_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "MOST_EVENTS", 2)
    model, world = build(from_data(pods_that_do_not_fit("a", "b", "c")).cluster)
    end = run(model, world).world
    uids = {one.name: one.uid for one in end.store.collection("pods").cache("pods").all("")}
    kept = [name for name in end.process("kube-scheduler").memory if name.startswith("event:default-scheduler:")]
    assert sorted(name.split(":")[2] for name in kept) == sorted((uids["b"], uids["c"]))


def test_what_came_again_is_not_the_oldest() -> None:
    model, world = build(resolve("first-pod").cluster)
    draft, process = Draft(model, world), world.process("kube-scheduler").copy()
    before = draft.world.partial
    for name in ("a", "b", "a", "c", "d", "a"):
        draft.remember(process, name, 1)
        draft.keep_recent(process, "letters", 2, name)
    assert sorted(name for name in process.memory if len(name) == 1) == ["a", "d"]
    for name in ("a", "d"):
        draft.remember(process, name, None)
    assert draft.world.partial == before
