"""The same seed gives the same digests: under every hash seed, on every Python at hand, twice in a row, and with nothing left behind."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from refk8s.core.invariant import Monitor
from refk8s.explore.cluster import build
from refk8s.explore.drivers import DefaultDriver, RandomDriver
from refk8s.explore.run import run, run_twice
from refk8s.explore.stepping import Stepper
from refk8s.invariants import suite
from refk8s.scenarios import resolve

ROOT = Path(__file__).resolve().parent.parent
RUNS = [
    ("first-pod", None),
    ("two-writers", 1),
    ("rollout", 2),
    ("full-node", 3),
    ("namespace-teardown", 4),
    ("node-failure", 5),
]
FAULTS = [("swarm", "rollout-with-crashes", 6), ("random", "full-node", 7), ("pct", "namespace-teardown", 8)]
"""(driver, scenario, seed) of runs with two faults of every kind at most."""
PYTHONS = ("3.12", "3.13")

# Prints, for each run, a hash of all its labels and digests.
PROGRAM = """
import hashlib, json, sys
from refk8s.core.budget import FaultBudget
from refk8s.core.digest import text
from refk8s.core.enabled import label
from refk8s.explore.cluster import build
from refk8s.explore.drivers import DefaultDriver, RandomDriver, driver_of
from refk8s.explore.run import run
from refk8s.scenarios import resolve

found = {}
runs, faults = json.loads(sys.argv[1])
for kind, name, seed in [("", *each) for each in runs] + faults:
    driver = DefaultDriver() if seed is None else RandomDriver(seed)
    if kind:
        driver = driver_of(kind, seed, faults=FaultBudget.parse("all=2"), length=400)
    model, world = build(resolve(name).cluster, faults=driver.faults)
    seen = hashlib.blake2b(digest_size=16)
    def note(before, action, after, delta):
        seen.update(f"{label(model, before, action)} {text(after.fingerprint)}\\n".encode())
    run(model, world, driver, observers=(note,))
    found[f"{kind} {name}"] = seen.hexdigest()
print(json.dumps(found))
"""


def digests(python: str, hash_seed: str, **variables: str) -> dict[str, str]:
    """The digests of the runs in a process of their own."""
    done = subprocess.run(
        [python, "-c", PROGRAM, json.dumps([RUNS, FAULTS])],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": hash_seed, **variables},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@lru_cache(maxsize=1)
def reference() -> dict[str, str]:
    """The digests under hash seed 0."""
    return digests(sys.executable, "0")


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_digests_do_not_depend_on_the_hash_seed(hash_seed: str) -> None:
    assert digests(sys.executable, hash_seed) == reference()


def test_digests_do_not_depend_on_the_time_zone_or_the_locale() -> None:
    assert digests(sys.executable, "0", TZ="Asia/Kathmandu", LC_ALL="C") == reference()


@pytest.mark.parametrize("version", PYTHONS)
def test_digests_do_not_depend_on_the_python(version: str) -> None:
    python = ROOT / f".venv-{version}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no environment with Python {version}; `make pythons` makes one, if it is installed")
    assert digests(str(python), "0") == reference()


@pytest.mark.parametrize(("name", "seed"), RUNS)
def test_a_second_run_that_rebuilds_every_flight_has_the_same_digests(name: str, seed: int | None) -> None:
    model, world = build(resolve(name).cluster)
    outcome = run_twice(model, world, lambda: DefaultDriver() if seed is None else RandomDriver(seed))
    assert outcome.verdict == "quiet"


def test_nothing_of_an_earlier_run_shows_in_a_later_one() -> None:
    def fingerprint() -> int:
        model, world = build(resolve("rollout").cluster)
        return run(model, world, RandomDriver(11)).world.fingerprint

    first = fingerprint()
    model, world = build(resolve("scale-storm").cluster)
    run(model, world, RandomDriver(12))
    assert fingerprint() == first


def test_a_run_makes_no_reference_cycles() -> None:
    """Runs switch the cyclic collector off (ARCHITECTURE §11): what they leave must go by itself."""
    suite_ = suite().all()
    model, world = build(resolve("rollout").cluster)
    run(model, world, RandomDriver(1), monitor=Monitor(suite_))  # caches and lazy imports are filled now
    gc.collect()
    gc.disable()
    try:
        model, world = build(resolve("rollout").cluster)
        outcome = run(model, world, RandomDriver(2), monitor=Monitor(suite_))
        assert outcome.steps > 500
        del outcome, world
        found = gc.collect()
    finally:
        gc.enable()
    assert found == 0, f"{found} objects in cycles; gc.set_debug(gc.DEBUG_SAVEALL) shows them"


def test_going_back_is_a_look_up_however_long_the_way_was() -> None:
    model, world = build(resolve("rollout").cluster)
    stepper = Stepper(model, world, Monitor(()))
    stepper.goto(40)
    then = stepper.world
    stepper.goto(540)
    stepper.back(500)
    assert stepper.world is then  # nothing is run again
