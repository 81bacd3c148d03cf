"""The drivers under Hypothesis: whatever it draws, a cluster with faults recovers; and zeros are the default run."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refk8s.core.budget import FaultBudget
from refk8s.core.enabled import label
from refk8s.core.errors import Refk8sError
from refk8s.core.invariant import Monitor
from refk8s.explore.cluster import build
from refk8s.explore.drivers import NAMES, DefaultDriver, driver_of
from refk8s.explore.drivers.hypothesis import HypothesisDriver
from refk8s.explore.run import run
from refk8s.invariants import suite
from refk8s.scenarios import resolve

FAULTS = FaultBudget.parse("all")
INVARIANTS = suite().all()
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def recovers(source: Any, length: int) -> None:
    driver = HypothesisDriver(source, faults=FAULTS, length=length)
    model, world = build(resolve("first-pod").cluster, faults=driver.faults)
    outcome = run(model, world, driver, monitor=Monitor(INVARIANTS), max_steps=20_000)
    assert outcome.verdict == "quiet", outcome.violation


@given(st.randoms(use_true_random=False))
@SLOW
def test_a_cluster_recovers_from_what_a_drawn_random_chooses(source: random.Random) -> None:
    recovers(source, 100)


@given(st.data())
@SLOW
def test_a_cluster_recovers_from_what_is_drawn_one_by_one(data: st.DataObject) -> None:
    recovers(data, 60)


class Zeros:
    """The simplest source: what Hypothesis shrinks to."""

    def randrange(self, bound: int) -> int:
        return 0


def labels(driver: Any) -> list[str]:
    model, world = build(resolve("first-pod").cluster)
    taken: list[str] = []
    run(model, world, driver, observers=(lambda b, a, w, d: taken.append(label(model, b, a)),))
    return taken


def test_zeros_are_the_default_run() -> None:
    assert labels(HypothesisDriver(Zeros())) == labels(DefaultDriver())


@pytest.mark.parametrize("name", NAMES)
def test_the_factory_makes_every_driver_by_its_name(name: str) -> None:
    made = driver_of(name, Zeros() if name == "hypothesis" else 5)
    assert made.name == name


def test_the_factory_says_what_is_wrong() -> None:
    with pytest.raises(Refk8sError, match="no driver 'fast'; there are default, random"):
        driver_of("fast", 1)
    with pytest.raises(Refk8sError, match="driver pct needs a seed"):
        driver_of("pct")
    with pytest.raises(Refk8sError, match="the default driver makes no faults"):
        driver_of("default", faults=FAULTS)


def test_the_drivers_do_not_load_hypothesis() -> None:
    program = "import sys, refk8s.explore.drivers, refk8s.cli.app; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
