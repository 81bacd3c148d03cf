"""The report of a run in which something is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from refk8s.cli import running
from refk8s.cli.codes import INCONCLUSIVE, VIOLATED
from refk8s.cli.running import Order, Report, execute
from refk8s.core.invariant import SAFETY, Registry, writes
from refk8s.scenarios import resolve
from refk8s.trace.format import read


@pytest.fixture
def nobody_binds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite of one invariant that every run breaks."""
    registry = Registry()

    @registry.invariant("TEST-01", severity=SAFETY, on=writes("pods"), spec="specs/none.md", source="nowhere")
    def nobody_binds_pods(before: Any, action: Any, after: Any, delta: Any) -> str | None:
        """No pod is ever bound."""
        bound = [c.key for c in delta.commits if c.resource == "pods" and c.obj.document["spec"].get("nodeName")]
        return f"pods/{bound[0]} is bound, expected it not to be" if bound else None

    monkeypatch.setattr(running, "invariants", lambda: registry)


def report(trace: Path | None = None, seed: int | None = None, steps: int = 10_000) -> Report:
    order = Order("default" if seed is None else "random", seed, steps, "quiet", trace, False, "refk8s run first-pod")
    return execute(resolve("first-pod"), order)


@pytest.mark.usefixtures("nobody_binds")
def test_a_violation_is_told_in_five_parts() -> None:
    found = report()
    assert found.exit_code == VIOLATED
    lines = list(found.ending())
    assert re.fullmatch(r"TEST-01 violated at step \d+ \(0 deviations\)", lines[0])
    assert lines[1:4] == [
        "  guarantee: No pod is ever bound.",
        "  observed:  pods/default/hello is bound",
        "  expected:  it not to be",
    ]
    assert re.fullmatch(r"    #\d+ +user/ann: created Pod default/hello", lines[4])
    assert re.fullmatch(r"    #\d+ +kube-scheduler/bind: bound Pod default/hello to node-1", lines[5])
    assert lines[-1] == "reproduce: refk8s run first-pod --trace failure.trace.jsonl"
    assert found.data()["violation"]["id"] == "TEST-01"
    assert not found.data()["held"]


@pytest.mark.usefixtures("nobody_binds")
def test_deviations_are_counted_and_marked() -> None:
    found = report(seed=3)
    lines = list(found.ending())
    count = re.search(r"\((\d+) deviations?\)", lines[0])
    assert count is not None
    assert int(count[1]) == len(found.deviations) == found.data()["deviations"] > 0
    marked = {int(line.split("#")[1].split()[0]) for line in lines if line.startswith("  * ")}
    assert marked <= set(found.deviations)


@pytest.mark.usefixtures("nobody_binds")
def test_the_trace_of_a_violation_ends_with_it_and_is_named_instead_of_the_command(tmp_path: Path) -> None:
    found = report(tmp_path / "x.jsonl")
    assert list(found.ending())[-1] == f"replay: refk8s replay {tmp_path}/x.jsonl"
    verdict = read(tmp_path / "x.jsonl").verdict
    assert verdict["verdict"] == "violated"
    assert verdict["violation"]["id"] == "TEST-01"
    assert verdict["violation"]["step"] == len(read(tmp_path / "x.jsonl").steps) - 1


def test_a_bound_that_comes_first_is_inconclusive() -> None:
    found = report(steps=10)
    assert found.exit_code == INCONCLUSIVE
    assert next(iter(found.ending())).startswith("inconclusive: stopped at the step limit after 10 steps")
