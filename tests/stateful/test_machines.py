"""Concurrent writers, rollouts and scheduling under faults: rule machines whose every step is checked, and that converge after every example."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test

from refk8s.testing import ClusterMachine, RolloutMachine, SchedulingMachine, WritersMachine

from .profiles import stateful


@pytest.mark.parametrize(
    ("machine", "examples"),
    [(WritersMachine, 150), (SchedulingMachine, 40), (RolloutMachine, 30)],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value),
)
def test_a_cluster_keeps_its_promises_whatever_its_users_do(
    machine: type[ClusterMachine], examples: int, tmp_path: Path
) -> None:
    class Machine(machine):  # type: ignore[misc, valid-type]  # a base that is known at run time only
        failures = tmp_path

    run_state_machine_as_test(Machine, settings=stateful(examples))
