"""A watch with a field selector gets events of objects that it did not ask for.

A kubelet that watches the pods of its node would start pods of others.
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Change, Store
from ..core.model import Occasion
from ..core.wire import Request, Response
from .mutant import Mutant, with_api


class BroadApi(Api):
    """Sends every pod to every kubelet's watch."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """Serve, then add the pods' changes to the streams of all nodes."""
        after, response, commits = super().serve(store, request, occasion)
        for change in commits:
            for stream in after._logs if change.resource == "pods" else ():
                if stream.startswith("pods@") and stream not in change.streams:
                    after._logs = after._logs.set(stream, after.log(stream).append(change))
        return after, response, commits


MUTANT = Mutant(
    id="watch-without-selector",
    title="a selective watch gets what it did not select",
    story=__doc__,
    change=with_api(BroadApi()),
    catches=("WATCH-01",),
    scenario="rollout",
)
