"""The machines find bugs that are planted through seams, within the ci profile; what they print is all that a reader needs, and the trace fails outside, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test

from refk8s.core.invariant import Monitor
from refk8s.explore.cluster import Parts
from refk8s.invariants import suite
from refk8s.testing import Broken, ClusterMachine, RolloutMachine, SchedulingMachine, WritersMachine
from refk8s.trace.format import read
from refk8s.trace.replay import replay
from refk8s.zoo import MUTANTS

from .profiles import stateful

PLANTED = [
    ("a lost update", WritersMachine, "blind-put", "API-01"),
    ("an overshoot", RolloutMachine, "overshoot", "DEPLOYMENT-01"),
    ("a double bind", SchedulingMachine, "double-binding", "SCHED-05"),
]


@pytest.mark.parametrize(("bug", "machine", "mutant_id", "invariant"), PLANTED, ids=[row[2] for row in PLANTED])
def test_a_planted_bug_is_found_and_its_trace_fails_outside_hypothesis(
    bug: str, machine: type[ClusterMachine], mutant_id: str, invariant: str, tmp_path: Path
) -> None:
    class Planted(machine):  # type: ignore[misc, valid-type]
        mutant = mutant_id
        failures = tmp_path

    with pytest.raises(Broken) as found:
        run_state_machine_as_test(Planted, settings=stateful(200))
    report = str(found.value)
    path = tmp_path / "Planted.trace.jsonl"
    assert f"{invariant} violated at step " in report
    assert "guarantee: " in report
    assert "observed: " in report
    assert f"reproduce: refk8s replay {path}" in report
    program = "\n".join(getattr(found.value, "__notes__", ()))
    assert "state = Planted()" in program

    mutant = next(mutant for mutant in MUTANTS if mutant.id == mutant_id)
    again = replay(read(path), monitor=Monitor(suite().all()), parts=mutant.change(Parts()))
    assert again.violation is not None
    assert again.violation.invariant.id == invariant
