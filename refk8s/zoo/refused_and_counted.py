"""A create that is refused because the name exists has used up a number all the same.

A refusal with a side effect: names and uids of later objects depend on requests that never happened, and a retry is not the same request.
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Change, Store, Txn
from ..core.model import Occasion
from ..core.wire import Request, Response
from .mutant import Mutant, with_api
from .scenes import config_map, scene


class LeakyApi(Api):
    """Keeps what a refused create has counted."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """A refused create leaves a store in which a counter has moved."""
        after, response, commits = super().serve(store, request, occasion)
        if request.verb == "create" and response.code == 409:
            txn = Txn(store, occasion.actor, occasion.cause)
            txn.count(f"refused:{request.resource}")
            return txn.finish()[0], response, ()
        return after, response, commits


MUTANT = Mutant(
    id="refused-and-counted",
    title="a refused create leaves a trace",
    story=__doc__,
    change=with_api(LeakyApi()),
    catches=("API-08",),
    scenario=scene({"create": {"documents": [config_map()]}}, {"create": {"documents": [config_map()]}}),
)
