"""DefaultPreemption: who may preempt, which pods would have to go, and which node is best. The recordings hold the rest."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refk8s.scheduler.budgets import Budget, by_violation
from refk8s.scheduler.cycle import Decision, schedule
from refk8s.scheduler.events import ActionType
from refk8s.scheduler.framework import Code, PostFilterResult
from refk8s.scheduler.listers import Listers
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins import default_profile
from refk8s.scheduler.plugins.default_preemption import DefaultPreemption
from refk8s.scheduler.preemption import NO_VICTIMS, Candidate, Preemption

from ..build import node, pod, pod_view, snapshot
from .test_node_plugins import hint


def older(n: int) -> str:
    return f"2026-01-01T00:00:{59 - n:02d}Z"


def running(name: str, cpu: str = "1", priority: int = 0, started: int = 0, **fields: Any) -> PodInfo:
    status = {"startTime": older(started), **fields.pop("status", {})}
    return pod(name, requests={"cpu": cpu}, priority=priority, status=status, **fields)


def incoming(cpu: str = "4", priority: int = 10, **fields: Any) -> PodInfo:
    return pod("p", requests={"cpu": cpu}, priority=priority, **fields)


def budget(allowed: int, labels: Mapping[str, str], name: str = "b", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": dict(labels)}},
        "status": {"disruptionsAllowed": allowed, **status},
    }


def decide(nodes: Mapping[str, Iterable[PodInfo]], of: PodInfo, *budgets: Any, **options: Any) -> Decision:
    return schedule(default_profile(), of, snapshot(nodes, listers=Listers.of(disruption_budgets=budgets)), **options)


def result(decision: Decision) -> PostFilterResult:
    assert decision.post_filter is not None, decision
    return decision.post_filter


def found(decision: Decision) -> dict[str, tuple[list[str], int]]:
    candidates: Mapping[str, Candidate] = result(decision).details.candidates
    return {n: ([v.name for v in c.victims], c.pdb_violations) for n, c in candidates.items()}


def test_only_as_many_pods_go_as_must_and_the_least_important_first() -> None:
    there = {"a": [running("old", "1", started=9), running("high", "1", priority=5), running("new", "2", started=1)]}
    decision = decide(there, incoming("2"))
    assert found(decision) == {"a": (["new"], 0)}
    assert (result(decision).nominated_node_name, decision.message) == (
        "a",
        "0/1 nodes are available: 1 Insufficient cpu.",
    )


def test_pods_of_equal_or_higher_priority_stay() -> None:
    decision = decide({"a": [running("x", "4", priority=10)], "b": [running("y", "4", priority=11)]}, incoming())
    assert result(decision).details.rejected == {"a": NO_VICTIMS, "b": NO_VICTIMS}
    assert decision.message == (
        "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: "
        "2 No preemption victims found for incoming pod."
    )


def test_a_node_that_no_eviction_would_help_is_not_tried() -> None:
    decision = decide({"a": [running("x")]}, incoming("5"))
    assert result(decision).details == Preemption(message="preemption: " + result(decision).details.message[12:])
    assert decision.message.endswith("preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.")


def test_a_pod_that_would_not_fit_even_then_says_why() -> None:
    there = {"a": [running("low", "1"), running("high", "3", priority=20)]}
    decision = decide(there, incoming("2"))
    assert [s.reasons for s in result(decision).details.rejected.values()] == [("Insufficient cpu",)]


def test_pods_within_their_budget_go_first() -> None:
    there = {"a": [running("kept", "2", labels={"app": "x"}, started=1), running("free", "2", started=9)]}
    assert found(decide(there, incoming("2"), budget(0, {"app": "x"}))) == {"a": (["free"], 0)}


def test_a_budget_is_exceeded_where_nothing_else_helps_and_the_node_is_the_last_choice() -> None:
    there = {
        "a": [running("guarded", "4", labels={"app": "x"})],
        "b": [running("free", "4", priority=9)],
    }
    decision = decide(there, incoming(), budget(0, {"app": "x"}))
    assert found(decision) == {"b": (["free"], 0), "a": (["guarded"], 1)}
    assert result(decision).nominated_node_name == "b"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([running("x", "4", priority=1)], [running("y", "4", priority=2)]),
        ([running("x", "4", priority=2)], [running("y", "2", priority=2), running("z", "2", priority=1)]),
        ([running("x", "4", priority=-5)], [running("y", "2", priority=-5), running("z", "2", priority=-9)]),
        ([running("x", "4", started=1)], [running("y", "4", started=2)]),
    ],
)
def test_the_cheapest_node_is_nominated(a: list[PodInfo], b: list[PodInfo]) -> None:
    for nodes in ({"a": a, "b": b}, {"b": b, "a": a}):
        assert result(decide(nodes, incoming())).details.nominated == ("a",)


def test_equal_candidates_are_all_named_and_the_tie_rule_takes_one() -> None:
    there = {n: [running(f"on-{n}", "4")] for n in ("c", "a", "b")}
    decision = decide(there, incoming(), choose=lambda best: best[-1])
    assert result(decision).details.nominated == ("a", "b", "c")
    assert result(decision).nominated_node_name == "c"


def test_enough_candidates_end_the_search_if_one_exceeds_no_budget() -> None:
    there = {f"n{i:03d}": [running(f"on-{i}", "4", labels={"app": "x"} if i < 5 else {})] for i in range(9)}
    profile = default_profile(
        [{"name": "DefaultPreemption", "args": {"minCandidateNodesAbsolute": 2, "minCandidateNodesPercentage": 10}}]
    )
    of = snapshot(there, listers=Listers.of(disruption_budgets=[budget(0, {"app": "x"})]))
    assert sorted(result(schedule(profile, incoming(), of)).details.candidates) == ["n000", "n001", "n005"]


def test_a_nominated_pod_of_at_least_its_priority_keeps_its_room() -> None:
    there = {"a": [running("x", "2")]}
    other = pod("other", requests={"cpu": "2"}, priority=10, status={"nominatedNodeName": "a"})
    assert decide(there, incoming("2")).chosen == "a"
    decision = decide(there, incoming("2"), nominated={"a": [other]})
    assert found(decision) == {"a": (["x"], 0)}
    assert found(decide(there, incoming("4"), nominated={"a": [other]})) == {}


def test_anti_affinity_to_a_victim_goes_with_the_victim() -> None:
    anti = {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "x"}}}
            ]
        }
    }
    there = {"a": [running("x", "1", labels={"app": "x"}), running("y", "1")]}
    assert found(decide(there, incoming("1", affinity=anti))) == {"a": (["x"], 0)}


def test_the_dry_run_leaves_the_snapshot_alone() -> None:
    nodes = snapshot({"a": [running("x", "4")]})
    before = nodes.node("a")
    schedule(default_profile(), incoming(), nodes)
    assert nodes.node("a") is before
    assert before is not None
    assert [p.name for p in before.pods] == ["x"]


def test_a_pod_with_policy_never_preempts_nobody() -> None:
    decision = decide({"a": [running("x", "4")]}, incoming(preemptionPolicy="Never"))
    assert not result(decision).details.eligible
    assert result(decision).nominated_node_name is None
    assert decision.message.endswith("preemption: not eligible due to preemptionPolicy=Never.")


def victim(reason: str = "PreemptionByScheduler", priority: int = 0, deletion: str = "2026-01-01T00:00:00Z") -> PodInfo:
    conditions = [{"type": "Ready", "status": "True"}, {"type": "DisruptionTarget", "status": "True", "reason": reason}]
    return running(
        "v", "2", priority=priority, metadata={"deletionTimestamp": deletion}, status={"conditions": conditions}
    )


@pytest.mark.parametrize(
    ("there", "taints", "eligible"),
    [
        (victim(), [], False),
        (victim(), [{"key": "k", "effect": "NoSchedule"}], True),
        (victim(reason="EvictionByEvictionAPI"), [], True),
        (victim(priority=10), [], True),
        (victim(deletion=""), [], True),
    ],
)
def test_a_pod_whose_victims_are_still_leaving_waits(there: PodInfo, taints: list[Any], eligible: bool) -> None:
    of = incoming(status={"nominatedNodeName": "a"})
    nodes = snapshot([node("a", taints=taints)]).with_pod(there, "a")
    decision = schedule(default_profile(), of, nodes)
    waits = "preemption: not eligible due to a terminating pod on the nominated node."
    assert decision.message.endswith(waits) is not eligible


def test_a_pod_that_cannot_be_helped_loses_its_nomination() -> None:
    of = incoming("5", status={"nominatedNodeName": "a"})
    assert result(decide({"a": []}, of)).nominated_node_name == ""


def test_preemption_itself_never_wakes_a_pod() -> None:
    assert not hint(DefaultPreemption(), pod("p"), ActionType.DELETE, pod_view("x", nodeName="a"), None)


# ---- budgets


def names(of: tuple[list[PodInfo], list[PodInfo]]) -> tuple[list[str], list[str]]:
    return [p.name for p in of[0]], [p.name for p in of[1]]


def test_a_budget_allows_so_many_in_the_order_of_the_pods() -> None:
    pods = [pod(f"x{i}", labels={"app": "x"}) for i in range(3)]
    assert names(by_violation(pods, [Budget.of(budget(2, {"app": "x"}))])) == (["x2"], ["x0", "x1"])


def test_what_a_budget_does_not_count() -> None:
    allows_none = [
        Budget.of(budget(0, {"app": "x"}, disruptedPods={"gone": "2026-01-01T00:00:00Z"})),
        Budget.of(budget(0, {})),
        Budget.of({"metadata": {"name": "no-selector", "namespace": "default"}}),
        Budget.of({**budget(0, {}), "spec": {"selector": {"matchExpressions": [{"key": "a", "operator": "Eq"}]}}}),
    ]
    pods = [
        pod("unlabelled"),
        pod("elsewhere", labels={"app": "x"}, namespace="other"),
        pod("gone", labels={"app": "x"}),
        pod("y", labels={"app": "y"}),
    ]
    assert by_violation(pods, allows_none) == ([], pods)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 20)), max_size=8),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=3),
    st.integers(1, 4),
)
def test_no_victim_is_superfluous(
    pods: list[tuple[str, int, int]], budgets: list[tuple[str, int]], wanted: int
) -> None:
    there = [
        running(f"x{i}", "1", priority=priority, started=started, labels={"app": app})
        for i, (app, priority, started) in enumerate(pods)
    ][:4]
    of = incoming(str(wanted), priority=2)
    decision = decide({"a": there}, of, *[budget(n, {"app": app}, name=f"b{i}") for i, (app, n) in enumerate(budgets)])
    if decision.chosen:
        assert wanted + len(there) <= 4
        return
    candidates = result(decision).details.candidates
    if not candidates:
        assert decision.post_filter is not None
        assert decision.post_filter.status.code is Code.UNSCHEDULABLE
        assert wanted + sum(p.priority >= 2 for p in there) > 4
        return
    victims = candidates["a"].victims
    assert all(v.priority < 2 for v in victims)
    assert len(victims) == wanted + len(there) - 4, "each pod has one CPU, so that one more would be one too many"
