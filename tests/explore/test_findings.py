"""What long campaigns found, kept as the seeds that found it: each ran into an alarm once, and is silent since."""

from __future__ import annotations

import pytest

from refk8s.core.budget import FaultBudget
from refk8s.explore.check import check
from refk8s.scenarios import resolve


@pytest.mark.parametrize(
    ("scenario", "driver", "seed", "faults"),
    [
        ("first-pod", "swarm", 2666, "all"),
        ("first-pod", "swarm", 3390, "all"),
        ("full-node", "pct", 1066, "all=2"),
        ("namespace-teardown", "random", 2087, "all=2"),
        ("full-node", "random", 3089, "all=2"),
        ("full-node", "swarm", 8856, "all"),
        ("preemption", "swarm", 2086, "all"),
        ("preemption", "swarm", 177, "all"),
        ("scale-storm", "swarm", 9469, "all"),
    ],
)
def test_a_finding_of_a_campaign_is_silent_now(scenario: str, driver: str, seed: int, faults: str) -> None:
    result = check(resolve(scenario), seed, driver=driver, faults=FaultBudget.parse(faults))
    assert result.held, result.why()
