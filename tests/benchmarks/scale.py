"""What size costs: the same work in a small and in a large cluster, and a large Deployment."""

from __future__ import annotations

from statistics import median
from time import process_time

from refk8s.core.model import Model
from refk8s.core.world import World
from refk8s.explore.run import run

from .measure import Figure, Size, benchmark, interleaved, ratio
from .workloads import (
    Costs,
    RunningPods,
    applied,
    at_s,
    cluster,
    counter,
    counting,
    deployment,
    drive,
    monitor,
    ran,
    scaling,
)

USERS = 4
ROUNDS = 4
WARM_S = 39.0


def _settled(nodes: int, pods: int) -> tuple[Model, World]:
    """A settled cluster: an idle Deployment `crowd` that makes the pods `pods` altogether, the Deployment `web` of two, and users who are about to begin."""
    scripts = {
        "owner": applied(deployment("crowd", pods - 2, milli_cpu=1), deployment("web", 2, milli_cpu=1)),
        **counting(USERS, 20, ROUNDS, "40s"),
        **scaling(ROUNDS, "40s"),
    }
    model, world = cluster(nodes, scripts, [counter(f"count-{n}") for n in range(USERS)])
    return model, ran(model, world, at_s(model, WARM_S))


def _same_steps(small: tuple[Model, World], large: tuple[Model, World], rounds: int) -> list[Figure]:
    """The cost of a step in the large cluster over that in the small one, each kind of step weighted by how often the small one does it."""

    def once(model: Model, world: World) -> Costs:
        costs = Costs()
        drive(model, world, at_s(model, WARM_S + 1 + 4 * ROUNDS), costs)
        return costs

    a: list[Costs] = []
    b: list[Costs] = []
    for _ in range(rounds):
        a.append(once(*small))
        b.append(once(*large))
    ratios = []
    for one, other in zip(a, b, strict=True):
        shared = sorted(set(one.by_kind) & set(other.by_kind))
        weights = {kind: one.by_kind[kind].steps for kind in shared}
        mine = sum(weights[kind] * one.by_kind[kind].mean_us() for kind in shared)
        theirs = sum(weights[kind] * other.by_kind[kind].mean_us() for kind in shared)
        ratios.append(theirs / mine)
    return [
        Figure("ratio", median(ratios), "x"),
        Figure("small", median(c.seconds / c.steps * 1e6 for c in a), "µs"),
        Figure("large", median(c.seconds / c.steps * 1e6 for c in b), "µs"),
    ]


@benchmark("pods")
def pods(size: Size) -> list[Figure]:
    """CPU time per default step at 2,000 pods over that at 20, on 20 nodes, invariants on: the same users count and scale a small Deployment in both,
    and the kinds of steps of the small cluster weigh as there.
    """
    few, many, nodes, rounds = (20, 2_000, 20, 3) if size == "full" else (4, 8, 2, 1)
    found = _same_steps(_settled(nodes, few), _settled(nodes, many), rounds)
    names = (f"step at {many:,} pods / at {few}", f"mean step at {few} pods", f"mean step at {many:,} pods")
    return _named(found, names, 2)


@benchmark("nodes")
def nodes(size: Size) -> list[Figure]:
    """CPU time per default step at 5,000 nodes over that at 20, with 20 pods, invariants on; as for pods."""
    few, many, pods, rounds = (20, 5_000, 20, 1) if size == "full" else (2, 4, 4, 1)
    found = _same_steps(_settled(few, pods), _settled(many, pods), rounds)
    names = (f"step at {many:,} nodes / at {few}", f"mean step at {few} nodes", f"mean step at {many:,} nodes")
    return _named(found, names, 3)


def _named(figures: list[Figure], names: tuple[str, str, str], limit: float) -> list[Figure]:
    first, *rest = zip(names, figures, strict=True)
    return [Figure(first[0], first[1].value, "x", limit), *(Figure(name, figure.value, "µs") for name, figure in rest)]


@benchmark("rollout")
def rollout(size: Size) -> list[Figure]:
    """CPU time of one Deployment of 1,000 pods on 50 nodes from apply until all pods are Running, default driver, with and without invariants;
    the cluster's own start is included.
    """
    nodes, pods, rounds = (50, 1_000, 3) if size == "full" else (2, 4, 1)

    def once(*, checked: bool) -> float:
        model, world = cluster(nodes, {"owner": applied(deployment("web", pods))})
        counted = RunningPods()
        check = monitor() if checked else None
        began = process_time()
        outcome = run(model, world, monitor=check, until=lambda _: counted.count == pods, observers=(counted,))
        seconds = process_time() - began
        if outcome.verdict != "until":
            raise RuntimeError(f"measured a broken run: {outcome.verdict} {outcome.violation or ''}")
        return seconds

    bare, checked = interleaved(rounds, lambda: once(checked=False), lambda: once(checked=True))
    return [
        Figure(f"{pods:,} pods on {nodes} nodes to Running, invariants on", median(checked), "s", 4),
        Figure("the same without invariants", median(bare), "s"),
        Figure("invariants on / off", ratio(checked, bare), "x"),
    ]
