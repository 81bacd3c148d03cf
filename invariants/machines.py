"""The invariants that the state machines' tables give: every change is a row, made by that row's actor."""

from __future__ import annotations

from refk8s.core.machine import Machine
from refk8s.kinds.machines import MACHINES as KINDS
from refk8s.kubelet.machines import CONTAINER_STATE, POD_PHASE

from . import SUITE

MACHINES: tuple[Machine, ...] = (POD_PHASE, CONTAINER_STATE, *KINDS)

for _machine in MACHINES:
    SUITE.add(_machine.invariant())
