"""How many schedules with faults a core gets through."""

from __future__ import annotations

from statistics import median
from time import process_time

from refk8s.core.budget import FaultBudget
from refk8s.explore.check import check
from refk8s.explore.due import usual
from refk8s.scenarios import resolve

from .measure import Figure, Size, benchmark, no_collector
from .workloads import monitor

CRASHES = FaultBudget.parse("crash=3")
ANY = FaultBudget.parse("3")


@benchmark("faults")
def faults(size: Size) -> list[Figure]:
    """Schedules of rollout-with-crashes (a Deployment of two replicas is created and gets a new image) per CPU second of one core, under the random driver:
    three faults on the way, then to quiet, with all invariants on, those that are asked of the quiet cluster included.
    """
    scenario = resolve("rollout-with-crashes")
    seeds, repeats = (20, 5) if size == "full" else (1, 1)
    usual(scenario)
    found: dict[str, list[float]] = {"three crashes": [], "any three faults": []}
    steps = 0
    with no_collector():
        for repeat in range(repeats):
            for name, budget in (("three crashes", CRASHES), ("any three faults", ANY)):
                began = process_time()
                for seed in range(repeat * seeds, (repeat + 1) * seeds):
                    result = check(scenario, seed, faults=budget, monitor=monitor())
                    steps += result.steps
                    if not result.held:
                        raise RuntimeError(f"measured a broken run: seed {seed}: {result.why()}")
                found[name].append(seeds / (process_time() - began))
    return [
        Figure("schedules per second, three crashes", median(found["three crashes"]), "/s", 20, at_least=True),
        Figure("schedules per second, any three faults", median(found["any three faults"]), "/s", 20, at_least=True),
        Figure("steps per schedule", steps / (2 * seeds * repeats), ""),
    ]
