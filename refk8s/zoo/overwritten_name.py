"""A create is taken though an object of this name exists, and replaces it.

A map that is written without a look into it: what the first object was, and who waits for it, is lost.
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Change, Store
from ..core.model import Occasion
from ..core.wire import Request, Response
from .mutant import Mutant, with_api
from .scenes import config_map, scene


class CarelessApi(Api):
    """Forgets what is there when something of this name is created."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """Create in a store without the old object."""
        name = ((request.body or {}).get("metadata") or {}).get("name") if request.verb == "create" else None
        old = store.get(request.resource, f"{request.namespace}/{name}") if name and request.namespace else None
        if old is None or request.subresource or request.resource == "events":
            return super().serve(store, request, occasion)
        bare = store._copy()
        bare._collections = store._collections.set(request.resource, store.collection(request.resource).drop(old))
        return super().serve(bare, request, occasion)


MUTANT = Mutant(
    id="overwritten-name",
    title="a create replaces the object of that name",
    story=__doc__,
    change=with_api(CarelessApi()),
    catches=("API-03",),
    scenario=scene({"create": {"documents": [config_map()]}}, {"create": {"documents": [config_map()]}}),
)
