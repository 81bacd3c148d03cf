"""What a driver is."""

from __future__ import annotations

from typing import Protocol

from ...core.action import Action
from ...core.budget import FaultBudget
from ...core.model import Model
from ...core.world import World


class Driver(Protocol):
    """Chooses the next action. `name` and `seed` go into the header of a trace; `faults` is the budget that its World is to begin with."""

    @property
    def name(self) -> str: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def faults(self) -> FaultBudget: ...
    def choose(self, model: Model, world: World) -> Action | None:
        """The next action, or None to stop."""
        ...
