"""The machines find bugs that are planted through seams, within the ci profile; what they print is enough to go on with, and the trace fails outside, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase
from hypothesis.stateful import run_state_machine_as_test

from refk8s.testing import Broken, ClusterMachine, RolloutMachine, SchedulingMachine, WritersMachine
from tests.e2e.command import refk8s

from .profiles import stateful

PLANTED = [
    ("a lost update", WritersMachine, "blind-put", {"API-01"}),
    ("an overshoot", RolloutMachine, "overshoot", {"DEPLOYMENT-01"}),
    ("a double bind", SchedulingMachine, "double-binding", {"SCHED-05", "POD-02"}),
]


@pytest.mark.parametrize(("bug", "machine", "mutant_id", "invariants"), PLANTED, ids=[row[2] for row in PLANTED])
def test_a_planted_bug_is_found_and_its_trace_fails_outside_hypothesis(
    bug: str, machine: type[ClusterMachine], mutant_id: str, invariants: set[str], tmp_path: Path
) -> None:
    class Planted(machine):  # type: ignore[misc, valid-type]
        mutant = mutant_id
        failures = tmp_path

    with pytest.raises(Broken) as found:
        run_state_machine_as_test(Planted, settings=stateful(200, phases=[Phase.generate]))
    report = str(found.value)
    path = tmp_path / "Planted.trace.jsonl"
    invariant = report.partition(" ")[0]
    assert invariant in invariants
    assert "guarantee: " in report
    assert "observed: " in report
    assert f"reproduce: refk8s replay {path}" in report
    assert "state = Planted()" in "\n".join(found.value.__notes__)
    again = refk8s("replay", path)
    assert again.code == 1
    assert f"{invariant} violated at step " in again.out


def test_hypothesis_shrinks_a_lost_update_to_a_program_that_reads_in_a_minute(tmp_path: Path) -> None:
    class Planted(WritersMachine):
        mutant = "blind-put"
        failures = tmp_path

    with pytest.raises(Broken) as found:
        run_state_machine_as_test(Planted, settings=stateful(200, steps=12))
    program = [line for line in found.value.__notes__[0].splitlines() if ".every_" not in line]
    assert len(program) <= 12, program
    assert refk8s("replay", tmp_path / "Planted.trace.jsonl").code == 1
