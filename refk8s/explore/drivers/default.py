"""The default driver: a run without delays, reorderings and faults."""

from __future__ import annotations

from ...core.action import Action
from ...core.budget import NO_FAULTS
from ...core.enabled import first
from ...core.model import Model
from ...core.world import World


class DefaultDriver:
    """The sane scheduler: everything as early as possible, time last."""

    name = "default"
    seed: int | None = None
    faults = NO_FAULTS

    def choose(self, model: Model, world: World) -> Action | None:
        """The first enabled action."""
        return first(world)
