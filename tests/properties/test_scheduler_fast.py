"""The fast path decides as the clear one: on random clusters, on every recorded cycle, and in a living cluster down to the digest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refk8s.conformance import scheduler
from refk8s.conformance.cases import read, vendored
from refk8s.explore.cluster import build
from refk8s.explore.run import run
from refk8s.scenarios import from_data
from refk8s.scheduler import cycle
from refk8s.scheduler.cycle import MANY_NODES, schedule
from refk8s.scheduler.fast import mirror
from refk8s.scheduler.fast.mirror import Mirror
from refk8s.scheduler.plugins import default_profile
from refk8s.scheduler.snapshot import EMPTY_SNAPSHOT, Snapshot
from tests.properties.scheduler_clusters import compare, same
from tests.unit.scheduler.build import node, pod


@pytest.mark.parametrize("hundred", range(4))
def test_the_fast_path_decides_as_the_clear_one(hundred: int) -> None:
    for seed in range(hundred * 100, hundred * 100 + 100):
        compare(seed)


@given(st.integers(1_000_000, 1 << 40))
def test_the_fast_path_decides_as_the_clear_one_anywhere(seed: int) -> None:
    compare(seed)


def test_the_fast_path_decides_as_the_clear_one_when_columns_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "_COLUMNS", 3)
    for seed in range(100):
        compare(seed)


def test_the_fast_path_decides_as_the_clear_one_in_every_recorded_cycle() -> None:
    for cases in read(vendored("scheduler")).values():
        for case in cases:
            profile, pending, snapshot, nominated = scheduler.parts(case.input)
            if len(snapshot):
                same(profile, pending, snapshot, nominated, case.name)


def large(nodes: int) -> Snapshot:
    snapshot = EMPTY_SNAPSHOT
    for i in range(nodes):
        snapshot = snapshot.with_node(node(f"node-{i}", cpu=str(2 + i % 3)))
    return snapshot


def test_a_lean_cycle_of_many_nodes_takes_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[int] = []
    follow = Mirror.follow

    def noted(self: Mirror, snapshot: Snapshot) -> None:
        followed.append(len(snapshot))
        follow(self, snapshot)

    monkeypatch.setattr(Mirror, "follow", noted)
    profile = default_profile()
    few, many = large(MANY_NODES - 1), large(MANY_NODES)
    decisions = [schedule(profile, pod(), snapshot, explain=each) for snapshot in (few, many) for each in (False, True)]
    assert followed == [MANY_NODES]
    assert decisions[2].best == decisions[3].best


def test_only_changed_nodes_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    profile, snapshot = default_profile(), large(MANY_NODES)
    schedule(profile, pod("a"), snapshot)
    asked: list[str] = []
    fit = type(profile.plugin("NodeResourcesFit"))
    score = fit.score

    def noted(self: Any, state: Any, pending: Any, of: Any) -> int:
        asked.append(of.name)
        return score(self, state, pending, of)

    monkeypatch.setattr(fit, "score", noted)
    schedule(profile, pod("b"), snapshot.with_pod(pod("a"), "node-7"))
    assert asked == ["node-7"]


def test_a_run_has_the_same_digests_on_both_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    container = {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "100m"}}}
    labels = {"app": "web"}
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 9,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    spec = {"nodes": [{"name": "node", "count": 3}], "users": {"ann": [{"apply": {"documents": [document]}}]}}
    data = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "both"}, "spec": spec}

    def digests() -> list[int]:
        model, world = build(from_data(data).cluster)
        found: list[int] = []
        outcome = run(
            model, world, observers=(lambda _before, _action, after, _delta: found.append(after.fingerprint),)
        )
        assert outcome.verdict == "quiet"
        return found

    clear = digests()
    monkeypatch.setattr(cycle, "MANY_NODES", 1)
    assert digests() == clear
