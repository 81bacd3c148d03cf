"""Every shipped scenario is silent: no invariant broken, every expectation met, under the default driver and seeds of the random one, and under faults.

REFK8S_SEEDS raises the number of seeds (profile ci: 40, and 100 with faults). `make soak` goes on to 10,000.
"""

from __future__ import annotations

import os

import pytest

from refk8s.cli.campaign import job_of, run_chunk
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


FAULTS_DEV, FAULTS_CI, CHUNK = 4, 100, 20
WITH_FAULTS = max(int(os.environ.get("REFK8S_SEEDS", "0")), FAULTS_CI if os.environ.get("CI") else FAULTS_DEV)


@pytest.mark.parametrize("lo", range(0, WITH_FAULTS, CHUNK))
@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_is_silent_when_everything_fails_once(name: str, lo: int) -> None:
    chunk = run_chunk(job_of(resolve(name), "swarm", "all"), lo, min(lo + CHUNK, WITH_FAULTS))
    again = f"refk8s run {name} --driver swarm --faults all --seed"
    assert not chunk.failures, [f"{each.id}: {each.finding}; reproduce: {again} {each.seed}" for each in chunk.failures]
    assert sum(chunk.coverage["faults"].values()) >= chunk.hi - chunk.lo
