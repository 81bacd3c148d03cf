"""A watch delivers an event twice.

A client that reconnects from the revision before the last one sees it again; expectations counted twice create or delete too little.
"""

from __future__ import annotations

from typing import Any

from ..core.process import Informer
from ..core.table import Log
from ..core.watching import Watches
from .mutant import Mutant, with_watches


class Stammering(Watches):
    """Says everything twice."""

    def take(self, stream: str, log: Log[Any], informer: Informer) -> tuple[Any, Informer]:
        """Stay where it is the first time."""
        change, moved = super().take(stream, log, informer)
        if informer.overlay:
            return change, Informer(moved.position, moved.root, moved.revision)
        return change, Informer(informer.position, moved.root, moved.revision, "again")


MUTANT = Mutant(
    id="watch-repeats",
    title="a watch delivers events twice",
    story=__doc__,
    change=with_watches(Stammering()),
    catches=("WATCH-03",),
    scenario="first-pod",
)
