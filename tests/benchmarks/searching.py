"""How fast a search is."""

from __future__ import annotations

from statistics import median
from time import process_time

import attrs

from refk8s.explore.search import Bounds, Explored, Search
from refk8s.explore.searching import View, budget_of, start_of, viewed
from refk8s.scenarios import resolve

from .measure import Figure, Size, benchmark, no_collector
from .workloads import monitor

# name → (scenario, deviations, faults, begins with a cluster at rest)
SEARCHES = {
    "first-pod, reorderings from the start": ("first-pod", 4, "", False),
    "two-writers, reorderings from the start": ("two-writers", 3, "", False),
    "two-writers, crash, lost, hold at rest": ("two-writers", 2, "crash,lost,hold", True),
    "rollout, reorderings at rest": ("rollout", 2, "", True),
}
TARGET = ("first-pod, reorderings from the start", "two-writers, reorderings from the start")


@benchmark("search")
def search(size: Size) -> list[Figure]:
    """Distinct states (canonical fingerprints that had not been seen) and transitions (steps taken, each with all invariants and a fingerprint; many lead to a
    state that is known) per CPU second of a search on the real model, Heartbeats and Events left out. The target is for distinct states, as the mean of
    the first two searches, up to 60,000 states each.
    """
    most, repeats = (60_000, 3) if size == "full" else (300, 1)
    figures, rates = [], []
    for name, (scenario, deviations, faults, rested) in SEARCHES.items():
        found = [_timed(scenario, deviations, faults, rested=rested, most=most) for _ in range(repeats)]
        states = median(explored.states / seconds for explored, seconds in found)
        transitions = median(explored.transitions / seconds for explored, seconds in found)
        if name in TARGET:
            rates.append(states)
        figures.append(Figure(f"{name}: states", states, "/s"))
        figures.append(Figure(f"{name}: transitions", transitions, "/s"))
    return [Figure("states per second of a search", sum(rates) / len(rates), "/s", 8_000, at_least=True), *figures]


def _timed(name: str, deviations: int, faults: str, *, rested: bool, most: int) -> tuple[Explored, float]:
    scenario = viewed(resolve(name), View(rested=rested))
    model, world = start_of(scenario, budget_of(faults, deviations))
    searching = Search(
        attrs.evolve(model, keep_live=False), world, Bounds(deviations, most), monitor=monitor(), scenario=scenario
    )
    with no_collector():
        began = process_time()
        found = searching.run()
        return found, process_time() - began
