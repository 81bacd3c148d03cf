"""The store's revision goes back.

k#107457, k#118501, e#16028: a backup is restored without raising the revision, and watchers that had got further silently miss what comes (catalogue W8).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Change, Store
from ..core.model import Occasion
from ..core.wire import Request, Response
from .mutant import Mutant, with_api


class RestoredApi(Api):
    """Numbers the commit after every tenth revision like the one before."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """Serve, then forget that the revision has moved."""
        after, response, commits = super().serve(store, request, occasion)
        if commits and store.revision % 10 == 0:
            after = after._copy()
            after.revision = store.revision
        return after, response, commits


MUTANT = Mutant(
    id="rewound-store",
    title="a revision is used twice",
    story=__doc__,
    rows=("W8",),
    change=with_api(RestoredApi()),
    catches=("STORE-01",),
    scenario="first-pod",
)
