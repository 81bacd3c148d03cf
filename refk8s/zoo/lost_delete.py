"""A cache misses the deletion of an object and shows it for ever.

k#123072: watch caches lost DELETEs; the ghosts lived for more than a day, and survived in the informers (catalogue W4).
"""

from __future__ import annotations

from typing import Any

import attrs

from ..core.process import Informer
from ..core.table import Log
from ..core.watching import Watches
from .mutant import Mutant, with_watches


class Haunted(Watches):
    """Keeps the first object of a stream that is deleted."""

    def take(self, stream: str, log: Log[Any], informer: Informer) -> tuple[Any, Informer]:
        """Show a deletion as a change, and keep the ghost in all later states of the cache."""
        change, moved = super().take(stream, log, informer)
        if change.type == "DELETED" and not informer.overlay and change.resource == "pods":
            change = attrs.evolve(change, type="MODIFIED", obj=change.prev)
            moved = Informer(moved.position, moved.root.put(change.prev, None), moved.revision, change.key)
        elif informer.overlay:
            moved.root = moved.root.put(informer.root.objects[informer.overlay], moved.root.get(informer.overlay))
        return change, moved


MUTANT = Mutant(
    id="lost-delete",
    title="a cache keeps an object that was deleted",
    story=__doc__,
    rows=("W4",),
    change=with_watches(Haunted()),
    catches=("CACHE-01", "CACHE-02", "WATCH-04"),
    scenario="full-node",
)
