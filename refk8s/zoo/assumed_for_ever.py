"""A binding fails, and the scheduler goes on counting the pod where it had assumed it.

Assume without forget: the room is lost, and the pod itself is passed over as one that is placed already (catalogue K13).
"""

from __future__ import annotations

import attrs

from ..api.rest import Api
from ..api.store import Change, Store
from ..core.model import Occasion
from ..core.wire import Request, Response
from ..explore.cluster import Parts
from ..scheduler.cache import Cache
from ..scheduler.program import Bind
from .mutant import Mutant, with_scheduler
from .scenes import apply, pod, scene


class Unforgetting(Bind):
    """Keeps what it has assumed."""

    def forget(self, cache: Cache, key: str) -> Cache:
        """The cache as it is."""
        return cache


class WeakApi(Api):
    """Refuses the first binding of each pod, as an overloaded API server may."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        stored = store.get("pods", f"{request.namespace}/{request.name}") if request.subresource == "binding" else None
        if stored is not None and not stored.document["status"].get("conditions"):
            return store, self.refuse(request, 500), ()
        return super().serve(store, request, occasion)


def _weak(parts: Parts) -> Parts:
    return attrs.evolve(parts, api=WeakApi())


MUTANT = Mutant(
    id="assumed-for-ever",
    title="a failed binding keeps its room",
    story=__doc__,
    rows=("K13",),
    change=with_scheduler(bind=Unforgetting()),
    catches=("SCHED-06", "CONV-06"),
    scenario=scene(apply(pod("web"))),
    surroundings=_weak,
)
