"""`refk8s zoo run`: what it takes to find a mutant, and the trace that shows it."""

from __future__ import annotations

import json
from pathlib import Path

from .command import refk8s


def test_figures_and_a_trace_that_replays(tmp_path: Path) -> None:
    done = refk8s(
        "zoo", "run", "blind-put", "ghost-nodes", "--ranges", 2, "--jobs", 2, "--traces", tmp_path, "-o", "json"
    )
    assert done.code == 0
    found = json.loads(done.out)
    assert found["version"] == 2
    lost, ghost = found["mutants"]
    assert (lost["id"], lost["rows"], lost["caughtBy"], lost["seeds"]) == ("blind-put", ["W13", "zero a"], "API-01", 1)
    assert (lost["steps"], lost["deviations"]) == (8, 1)
    assert (ghost["caughtBy"], ghost["steps"]) == ("SCHED-01", 4)
    assert refk8s("replay", tmp_path / "ghost-nodes.trace.jsonl").code == 1


def test_a_mutant_that_is_none_is_said() -> None:
    done = refk8s("zoo", "run", "nobody")
    assert done.code == 2
    assert "no mutant 'nobody'; `refk8s zoo list` names them all" in done.err


def test_a_mutant_is_shown_with_rows_gates_and_budget() -> None:
    done = refk8s("zoo", "show", "no-expectations")
    assert "rows of the catalogue: R1" in done.lines
    assert "gates: StaleControllerConsistencyReplicaSet=False" in done.lines
    assert "budget: 20 seeds of driver random" in done.lines
