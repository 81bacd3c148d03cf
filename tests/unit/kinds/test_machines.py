"""The tables of state machines: rows are named once, and say each thing once."""

from __future__ import annotations

from collections import Counter

import pytest

from refk8s.core.machine import Machine
from refk8s.kinds.machines import DEPLOYMENT, MACHINES
from refk8s.kubelet.machines import CONTAINER_STATE, POD_PHASE

ALL = (*MACHINES, POD_PHASE, CONTAINER_STATE)


@pytest.mark.parametrize("machine", ALL, ids=lambda machine: machine.id)
def test_a_row_has_an_id_of_its_own(machine: Machine) -> None:
    assert [id for id, times in Counter(row.id for row in machine.rows).items() if times > 1] == []


@pytest.mark.parametrize("machine", ALL, ids=lambda machine: machine.id)
def test_no_row_says_what_another_one_says(machine: Machine) -> None:
    said = Counter((row.before, row.after, actor) for row in machine.rows for actor in row.actor.split("|"))
    assert [what for what, times in said.items() if times > 1] == []


@pytest.mark.parametrize("after", ["progressing", "complete", "timed out", "paused", ""])
def test_a_failed_rollout_may_end_in_every_way(after: str) -> None:
    assert DEPLOYMENT.row("failed", after, "kube-controller-manager/0") is not None
