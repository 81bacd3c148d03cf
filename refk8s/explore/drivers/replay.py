"""Replay of recorded labels."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.action import Action
from ...core.budget import NO_FAULTS, FaultBudget
from ...core.enabled import find
from ...core.model import Model
from ...core.world import World


class ReplayDriver:
    """Takes the actions with these labels, one per step. Raises ReplayDivergence where one is not enabled."""

    name = "replay"
    seed: int | None = None

    def __init__(self, labels: Sequence[str], faults: FaultBudget = NO_FAULTS) -> None:
        self.faults = faults
        self._labels = labels
        self._next = 0

    def choose(self, model: Model, world: World) -> Action | None:
        """The action of the next label, or None after the last."""
        if self._next == len(self._labels):
            return None
        wanted = self._labels[self._next]
        self._next += 1
        return find(model, world, wanted)
