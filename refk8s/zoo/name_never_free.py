"""What is deleted stays in the map under its name, so that the name can never be used again.

k8s-lite-go: a pod in state Deleted is never removed, and a create of that name gets 409 for ever (catalogue, mutant zero c).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.rest.call import failure
from ..api.status import already_exists
from ..api.store import Change, Store
from ..core.model import Occasion
from ..core.wire import Request, Response
from .mutant import Mutant, with_api
from .scenes import config_map, delete, scene


class GraveyardApi(Api):
    """Refuses names that are in the history of deletions."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """Look there first."""
        name = ((request.body or {}).get("metadata") or {}).get("name") if request.verb == "create" else None
        log = store.log(request.resource)
        buried = (log[place] for place in range(log.base, log.end))
        if name and any(old.type == "DELETED" and old.key == f"{request.namespace}/{name}" for old in buried):
            return store, failure(already_exists("", request.resource, name)), ()
        return super().serve(store, request, occasion)


MUTANT = Mutant(
    id="name-never-free",
    title="a deleted name is taken for ever",
    story=__doc__,
    rows=("zero c",),
    change=with_api(GraveyardApi()),
    catches=("API-13",),
    scenario=scene(
        {"create": {"documents": [config_map()]}},
        delete("configmaps", "settings"),
        {"create": {"documents": [config_map()]}},
    ),
)
