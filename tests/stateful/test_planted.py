"""The machines find bugs that are planted through seams, within the ci profile; what they print is enough to go on with, and the trace fails outside, too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import Phase
from hypothesis.stateful import initialize, run_state_machine_as_test

from refk8s.testing import Broken, ClusterMachine, RolloutMachine, SchedulingMachine, WritersMachine
from refk8s.zoo.scenes import replica_set
from tests.e2e.command import refk8s

from .profiles import stateful

PLANTED = [
    ("a lost update", WritersMachine, "blind-put", {"API-01"}),
    ("an overshoot", RolloutMachine, "overshoot", {"DEPLOYMENT-01"}),
    ("a double bind", SchedulingMachine, "double-binding", {"SCHED-05", "POD-02", "API-09"}),
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
    assert re.match(
        r"\S+ violated at step \d+ \(\d+ deviations?\)\n  guarantee: .+\n  observed:  .+\n  expected:  .+\n  [* ] #",
        report,
    )
    assert report.endswith(f"\nreproduce: refk8s replay {path}")
    assert "state = Planted()" in "\n".join(found.value.__notes__)
    again = refk8s("replay", path)
    assert again.code == 1
    assert again.out.startswith(report)


def test_hypothesis_shrinks_a_lost_update_to_a_program_that_reads_in_a_minute(tmp_path: Path) -> None:
    class Planted(WritersMachine):
        mutant = "blind-put"
        failures = tmp_path

    with pytest.raises(Broken) as found:
        run_state_machine_as_test(Planted, settings=stateful(200, steps=12))
    program = [line for line in found.value.__notes__[0].splitlines() if ".every_" not in line]
    assert len(program) <= 12, program
    assert refk8s("replay", tmp_path / "Planted.trace.jsonl").code == 1


def test_a_cluster_that_never_comes_to_rest_is_a_failure_outside_hypothesis_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Restless(ClusterMachine):
        spec: ClassVar[Any] = {"nodes": [{"name": "node"}], "users": {"ann": []}}
        mutant = "polls-for-ever"
        failures = tmp_path

        @initialize()
        def begin(self) -> None:
            place = {"verb": "create", "resource": "replicasets", "namespace": "default"}
            self.send("ann", {**place, "body": replica_set(replicas=1)}, "r1")
            self.serve("ann", "r1")

    monkeypatch.setattr("refk8s.testing.cluster.CONVERGES_WITHIN", 1_500)
    with pytest.raises(Broken, match="ENDLESS violated at step ") as found:
        run_state_machine_as_test(Restless, settings=stateful(1, phases=[Phase.generate]))
    again = refk8s("replay", tmp_path / "Restless.trace.jsonl")
    assert again.code == 1
    assert "ENDLESS violated at step " in again.out
    assert str(found.value).endswith("reproduce: refk8s replay " + str(tmp_path / "Restless.trace.jsonl"))
