"""What a lean cycle remembers with a node holds only as long as all that it rests on."""

from __future__ import annotations

from typing import Any

from refk8s.scheduler.cycle import Decision, schedule
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins import default_profile
from refk8s.scheduler.snapshot import Snapshot
from tests.unit.scheduler.build import pod, snapshot

PROFILE = default_profile()


def wants(cpu: str, name: str = "new", priority: int = 0, **fields: Any) -> PodInfo:
    return pod(name, requests={"cpu": cpu}, priority=priority, **fields)


def guarded(name: str) -> Listers:
    budget = {
        "metadata": {"name": "b", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": name}}},
        "status": {"disruptionsAllowed": 0},
    }
    return Listers.of(disruption_budgets=[budget])


def preempting(there: Snapshot, priority: int = 10, nominated: Any = None) -> Decision:
    return schedule(PROFILE, wants("3", priority=priority), there, nominated=nominated or {})


def victims(decision: Decision) -> dict[str, int]:
    assert decision.post_filter is not None
    return {name: found.pdb_violations for name, found in decision.post_filter.details.candidates.items()}


THERE = snapshot(
    {name: [wants("2", f"low-{name}", 5, labels={"app": name})] for name in ("a", "b")}
)  # each has room for 2 more CPUs


def test_victims_are_found_anew_when_budgets_change() -> None:
    assert victims(preempting(THERE.with_listers(guarded("a")))) == {"a": 1, "b": 0}
    assert victims(preempting(THERE.with_listers(guarded("b")))) == {"a": 0, "b": 1}


def test_victims_are_found_anew_for_another_priority() -> None:
    assert victims(preempting(THERE)) == {"a": 0, "b": 0}
    assert victims(preempting(THERE, priority=5)) == {}


def test_victims_are_found_anew_when_others_are_nominated() -> None:
    assert victims(preempting(THERE)) == {"a": 0, "b": 0}
    assert victims(preempting(THERE, nominated={"a": (wants("2", "first", 10),)})) == {"b": 0}
    assert victims(preempting(THERE)) == {"a": 0, "b": 0}


def test_the_verdict_beside_nominated_pods_is_found_anew_when_these_change() -> None:
    def feasible(*nominated: PodInfo) -> tuple[str, ...]:
        return schedule(PROFILE, wants("1"), THERE, nominated={"a": nominated}).feasible

    large, small = wants("2", "large"), wants("1", "small")
    assert feasible(large) == ("b",)
    assert feasible(small) == ("a", "b")
    assert feasible(small, large) == ("b",)
    assert feasible() == ("a", "b")
