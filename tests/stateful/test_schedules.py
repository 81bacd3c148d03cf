"""Whole runs whose every choice Hypothesis draws, faults included: many times faster than rules, and shrunk by Hypothesis all the same."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refk8s.core.budget import FaultBudget
from refk8s.core.invariant import Monitor
from refk8s.explore.cluster import build
from refk8s.explore.drivers import driver_of
from refk8s.explore.run import run
from refk8s.invariants import suite
from refk8s.scenarios import resolve

from .profiles import stateful


@pytest.mark.parametrize("name", ["two-writers", "first-pod", "full-node"])
def test_every_schedule_with_three_faults_converges(name: str) -> None:
    cluster = resolve(name).cluster
    invariants = suite().all()

    @stateful(40)
    @given(st.randoms(use_true_random=False))
    def check(source: Random) -> None:
        driver = driver_of("hypothesis", source, faults=FaultBudget.parse("3"), length=150)
        model, world = build(cluster, None, driver.faults)
        outcome = run(model, world, driver, monitor=Monitor(invariants), max_steps=20_000)
        assert outcome.verdict == "quiet", outcome.violation or outcome.verdict

    check()
