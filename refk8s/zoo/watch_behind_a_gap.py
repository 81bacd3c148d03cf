"""A watch goes on after a compaction as if nothing were missing.

e#20221 and k#107457: a watch from a compacted revision must end with 410 Expired, so that its client lists anew (catalogue W6, S13).
"""

from __future__ import annotations

from typing import Any

from ..core.process import Informer
from ..core.table import Log
from ..core.watching import Watches
from .mutant import Mutant, with_watches
from .scenes import apply, pod, scene, sleep


class Gapless(Watches):
    """Does not tell anybody that something is gone."""

    def expire(self, log: Log[Any], informer: Informer) -> Informer:
        """The watch goes on."""
        return informer

    def take(self, stream: str, log: Log[Any], informer: Informer) -> tuple[Any, Informer]:
        """The first event that is left."""
        place = max(informer.position, log.base)
        return super().take(stream, log, Informer(place, informer.root, informer.revision, informer.overlay))


MUTANT = Mutant(
    id="watch-behind-a-gap",
    title="a watch goes on behind a compaction",
    story=__doc__,
    rows=("W6",),
    change=with_watches(Gapless()),
    catches=("WATCH-05", "WATCH-04"),
    scenario=scene(
        *(apply(pod(f"web-{n}")) for n in range(6)),
        users={"etcd": [{"compact": {}}, sleep("200ms")] * 12},
    ),
)
