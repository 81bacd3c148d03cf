"""The precondition of a delete is checked on the object in the watch cache, and the delete is done to the one in the store.

k#77619, k#78713: a precondition that fails on a cached object must be tried again on a fresh one, and one that holds there says nothing (catalogue W12).
The garbage collector so deletes the object of the same name that has followed the orphan it meant.
"""

from __future__ import annotations

from ..api.options import DeleteOptions
from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Stored
from .mutant import Mutant, with_api
from .scenes import config_map, delete, scene


class HastyApi(Api):
    """Trusts its watch cache."""

    def check_preconditions(self, call: Call, old: Stored, options: DeleteOptions) -> None:
        """Check the cached version, whatever is stored by now."""
        super().check_preconditions(call, self.cached(call).get(call.key) or old, options)


ABSENT = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "00000000-0000-4000-8000-000000000000"}]


def _again(name: str) -> list[dict[str, object]]:
    orphan = {"create": {"documents": [config_map(name, ownerReferences=ABSENT)]}}
    return [orphan, delete("configmaps", name)] * 3


MUTANT = Mutant(
    id="cached-precondition",
    title="a delete with a precondition removes the object that has come since",
    story=__doc__,
    rows=("W12",),
    change=with_api(HastyApi()),
    catches=("API-02",),
    scenario=scene(
        *_again("a"),
        users={"bob": _again("b"), "cat": _again("c"), "dan": _again("d")},
        nodes=0,
        components={"apiServers": 2, "controllers": ["gc"], "schedulers": 0},
    ),
    seeds=1000,
)
