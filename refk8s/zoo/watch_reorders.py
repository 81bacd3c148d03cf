"""A watch delivers two events in the wrong order.

Two connections to two API servers, merged by arrival: the older state of an object comes last, and stays.
"""

from __future__ import annotations

from typing import Any

from ..core.process import Informer
from ..core.table import Log
from ..core.watching import Watches
from .mutant import Mutant, with_watches


class Jumbled(Watches):
    """Swaps two events that wait."""

    def take(self, stream: str, log: Log[Any], informer: Informer) -> tuple[Any, Informer]:
        """The second one first."""
        place = informer.position
        if informer.overlay:
            change = log[place]
            return change, Informer(place + 2, change.root, change.revision)
        if place + 1 == log.end:
            return super().take(stream, log, informer)
        change = log[place + 1]
        return change, Informer(place, change.root, change.revision, "swapped")


MUTANT = Mutant(
    id="watch-reorders",
    title="a watch delivers two events in the wrong order",
    story=__doc__,
    change=with_watches(Jumbled()),
    catches=("WATCH-02", "WATCH-03", "WATCH-04"),
    scenario="rollout",
)
