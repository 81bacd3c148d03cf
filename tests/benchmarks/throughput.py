"""Steps and commits per second, and what a step costs."""

from __future__ import annotations

from statistics import median
from time import process_time

from refk8s.core.model import Model
from refk8s.core.world import World

from .measure import Figure, Size, benchmark
from .workloads import (
    Costs,
    Script,
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
WARM_S = 19.0


def steady(times: int, rounds: int) -> tuple[Model, World]:
    """A settled cluster of about 20 objects (four ConfigMaps, a Deployment with two pods, two nodes and their Leases, namespaces), and users who are
    about to begin: four count up, `times` in each round, and one scales the Deployment from 2 to 4 or back in each round.
    """
    scripts: dict[str, Script] = {
        "owner": applied(deployment("web", 2)),
        **counting(USERS, times, rounds, "20s"),
        **scaling(rounds, "20s"),
    }
    model, world = cluster(2, scripts, [counter(f"count-{n}") for n in range(USERS)])
    return model, ran(model, world, at_s(model, WARM_S))


@benchmark("throughput")
def throughput(size: Size) -> list[Figure]:
    """Commits and steps per CPU second of the run loop under the default driver, all invariants on. Counted are all steps and commits of the steady
    workload (users who read and write back objects, a Deployment scaled up and down with all that follows, heartbeats) until it is quiet.
    """
    rounds, times, repeats = (10, 50, 5) if size == "full" else (1, 2, 1)
    model, start = steady(times, rounds)
    commits, steps = [], []
    for _ in range(repeats):
        check = monitor()
        began = process_time()
        end = ran(model, start, check=check)
        seconds = process_time() - began
        commits.append((end.store.revision - start.store.revision) / seconds)
        steps.append((end.index - start.index) / seconds)
    return [
        Figure("commits per second", median(commits), "/s", 3_000, at_least=True),
        Figure("steps per second", median(steps), "/s", 10_000, at_least=True),
        Figure("objects", float(objects(start)), ""),
    ]


@benchmark("budget")
def budget(size: Size) -> list[Figure]:
    """Mean CPU time per step of the steady workload, choice of the action and invariants included: of steps that commit something (a request that the
    API server accepts as a write), and of all others (deliveries, reconciles, replies, reads, timers).
    """
    rounds, times, repeats = (10, 50, 3) if size == "full" else (1, 2, 1)
    model, start = steady(times, rounds)
    found = []
    for _ in range(repeats):
        costs = Costs()
        drive(model, start, lambda world: world.now_ms >= start.now_ms + 1000 * (4 * rounds + 4), costs)
        found.append(costs)
    return [
        Figure("step that commits nothing", median(c.other.mean_us() for c in found), "µs", 20),
        Figure("step that commits", median(c.committing.mean_us() for c in found), "µs", 300),
        Figure("share of steps that commit", median(c.committing.steps / c.steps for c in found), ""),
    ]


def objects(world: World) -> int:
    """How many objects there are, Events not counted."""
    return sum(len(world.store.collection(name).objects) for name in world.store.resources() if name != "events")
