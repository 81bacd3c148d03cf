"""A commit reaches the watch of all pods, and not the watch of the node's pods.

A pod enters a selective watch when it is bound; a server that forgets that event leaves the kubelet without the pod (k#49956 is of this class).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Change, Store
from ..core.model import Occasion
from ..core.table import Log
from ..core.wire import Request, Response
from .mutant import Mutant, with_api


class ForgetfulApi(Api):
    """Does not tell a node's watch of a pod that was bound to it."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        """Serve, then take the binding's event out of the node's stream."""
        after, response, commits = super().serve(store, request, occasion)
        for change in commits if request.subresource == "binding" else ():
            stream = change.streams[-1]
            log = after.log(stream)
            kept = [log[place] for place in range(log.base, log.end - 1)]
            after._logs = after._logs.set(stream, Log(kept, log.base))
        return after, response, commits


MUTANT = Mutant(
    id="half-a-commit",
    title="a binding is not seen by the watch of its node",
    story=__doc__,
    change=with_api(ForgetfulApi()),
    catches=("WATCH-06",),
    scenario="first-pod",
)
