"""What was done before the beginning: a cluster that is taken to rest before the first step of a run.

The steps of `given` are done by the interactive user, as the default driver has it, while the scenario's users wait. No invariant watches: the run that is
judged begins at step 0 with the World that this gives, and nothing in it is because of what was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..core.action import Hold, Input, Release
from ..core.enabled import first, is_quiet
from ..core.errors import Refk8sError
from ..core.model import Model
from ..core.step import step
from ..core.world import World
from ..users.script import Step

BEFORE: Final = -(10**9)
"""The number of the first step before the beginning: causes below 0 are none."""


def rested(model: Model, world: World, given: Sequence[Step], users: Iterable[str], most_steps: int) -> World:
    """The World in which `given` has been done and all is quiet, `users` only begin. Raises Refk8sError if that takes more than `most_steps` steps."""
    waiting = [-world.names[pid] - 1 for pid in users]
    world.index = BEFORE
    for each in waiting:
        world, _ = step(model, world, Hold(each))
    for one in given:
        world, _ = step(model, world, Input({"step": dict(one)}))
    while not is_quiet(model, world):
        action = first(world)
        if action is None or world.index - BEFORE > most_steps:
            raise Refk8sError(f"spec.given: the cluster is not quiet after {world.index - BEFORE} steps")
        world, _ = step(model, world, action)
    for each in waiting:
        world, _ = step(model, world, Release(each))
    world.index = 0
    return world
