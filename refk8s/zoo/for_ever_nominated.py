"""A pod stays nominated to a node after it was bound.

Before v1.35 (gate ClearingNominatedNodeNameAfterBinding) bound pods kept status.nominatedNodeName, and autoscalers counted their room twice.
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Change, Store
from ..core.model import Occasion
from ..core.wire import Request, Response
from .mutant import Mutant, with_api
from .scenes import preemption_scene


class Remembering(Api):
    """Binds, and leaves the nomination."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """The answer; a pod that was bound still says where it was nominated to."""
        before = store.get("pods", f"{request.namespace}/{request.name}") if request.subresource == "binding" else None
        after, response, commits = super().serve(store, request, occasion)
        name = before.document["status"].get("nominatedNodeName") if before is not None else None
        if name:
            for change in commits:
                change.obj.document["status"]["nominatedNodeName"] = name
        return after, response, commits


MUTANT = Mutant(
    id="for-ever-nominated",
    title="a bound pod stays nominated",
    story=__doc__,
    change=with_api(Remembering()),
    catches=("SCHED-11",),
    scenario=preemption_scene(),
)
