"""Each page of a list shows the present: together they are a list that never was.

Lists in pages without a snapshot, as stores of k8s-lite's kind do them; upstream's continue token carries the revision for this reason.
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Collection
from .mutant import Mutant, with_api
from .scenes import apply, config_map, delete, scene


class PagingApi(Api):
    """Forgets when a list began."""

    def page(self, call: Call, revision: int) -> tuple[Collection, int]:
        """From what is there now."""
        return call.store.collection(call.row.key), call.store.revision


LISTS = [{"list": {"resource": "configmaps", "chunkSize": 1}} for _ in range(4)]

MUTANT = Mutant(
    id="pages-of-now",
    title="pages of one list show different revisions",
    story=__doc__,
    change=with_api(PagingApi()),
    catches=("API-12",),
    scenario=scene(
        apply(config_map("a"), config_map("b"), config_map("c")),
        *LISTS,
        users={"ben": [delete("configmaps", name) if name else {"sleep": "1ms"} for name in ("", "b", "c")]},
    ),
)
