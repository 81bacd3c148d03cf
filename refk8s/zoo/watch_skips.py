"""A watch leaves an event out.

k#49956: the empty watch cache took its first list for one revision older than it was, and the event after it went to nobody; e#17529, e#18089: slow
watchers and compaction lost events (catalogue W2, W6).
"""

from __future__ import annotations

from typing import Any

from ..core.process import Informer
from ..core.table import Log
from ..core.watching import Watches
from .mutant import Mutant, with_watches


class Hurried(Watches):
    """Takes two events for one."""

    def take(self, stream: str, log: Log[Any], informer: Informer) -> tuple[Any, Informer]:
        """Skip a deletion if something follows it."""
        if log[informer.position].type == "DELETED" and informer.position + 1 < log.end:
            informer = Informer(informer.position + 1, informer.root, informer.revision, informer.overlay)
        return super().take(stream, log, informer)


MUTANT = Mutant(
    id="watch-skips",
    title="a watch leaves out deletions",
    story=__doc__,
    rows=("W2",),
    change=with_watches(Hurried()),
    catches=("WATCH-04",),
    scenario="scale-storm",
)
