"""An object is changed in place after it was stored, so that it shows a version that it does not have.

k8s-lite-go's Get and List return live pointers, which other requests change under their readers (torn reads).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Change, Store
from ..core.model import Occasion
from ..core.wire import Request, Response
from .mutant import Mutant, with_api


class LiveApi(Api):
    """Touches what it has stored."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """Serve, then write the old version into the new object."""
        after, response, commits = super().serve(store, request, occasion)
        for change in commits:
            if change.prev is not None and change.resource == "pods":
                change.obj.document["metadata"]["resourceVersion"] = str(change.prev.revision)
        return after, response, commits


MUTANT = Mutant(
    id="torn-read",
    title="an object shows a version that it does not have",
    story=__doc__,
    rows=("zero e",),
    change=with_api(LiveApi()),
    catches=("STORE-02",),
    scenario="first-pod",
)
