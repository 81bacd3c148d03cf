"""How informers get their events: the seam of mutants that lose, repeat or reorder them."""

from __future__ import annotations

from typing import Any, Final

import attrs

from .process import Informer
from .table import Log

GONE: Final = -1
"""The position of an informer whose watch has ended with 410 Expired: what it needs next is compacted away, so it must list anew."""


@attrs.frozen(eq=False)
class Watches:
    """Watches as they should be: every event of the stream, once, in order. Mutants replace a method."""

    def take(self, stream: str, log: Log[Any], informer: Informer) -> tuple[Any, Informer]:
        """The next change for an informer that is behind, and the informer after it."""
        change = log[informer.position]
        return change, Informer(informer.position + 1, change.root, change.revision, informer.overlay)

    def oldest(self, log: Log[Any], informer: Informer | None) -> int:
        """The oldest position from which a list for this informer may be: not older than it is; a first list, or one after a 410, is a consistent read.

        Source: client-go/tools/cache/reflector.go, rewatchResourceVersion.
        """
        return log.end if informer is None or informer.position < 0 else informer.position

    def expire(self, log: Log[Any], informer: Informer) -> Informer:
        """The informer after a compaction of what it still needed."""
        return Informer(GONE, informer.root, informer.revision, informer.overlay)


WATCHES: Final = Watches()
