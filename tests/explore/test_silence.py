"""Every shipped scenario is silent: no invariant broken, every expectation met, under the default driver and seeds of the random one.

REFK8S_SEEDS raises the number of seeds (profile ci: 40).
"""

from __future__ import annotations

import os

import pytest

from refk8s.explore.check import check
from refk8s.scenarios import resolve
from refk8s.scenarios.format import shipped

DEV, CI = 5, 40
SEEDS = max(int(os.environ.get("REFK8S_SEEDS", "0")), CI if os.environ.get("CI") else DEV)


@pytest.mark.parametrize("seed", [None, *range(SEEDS)], ids=lambda seed: "default" if seed is None else f"seed-{seed}")
@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_is_silent(name: str, seed: int | None) -> None:
    result = check(resolve(name), seed)
    assert result.held, f"{result.why()}; reproduce: refk8s run {name} --seed {seed}"
