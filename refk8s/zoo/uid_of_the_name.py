"""The uid of an object is a function of its name, so that an object that is made again cannot be told from the one before.

Whoever acts on references by uid (ownerReferences, preconditions, bindings) then acts on the wrong one: the class that uids are there for.
"""

from __future__ import annotations

from ..api import identity
from ..api.rest import Api
from ..api.rest.call import Call
from .mutant import Mutant, with_api
from .scenes import apply, config_map, delete, scene


class ForgetfulApi(Api):
    """Does not count how often a name was used."""

    def new_uid(self, call: Call, key: str) -> str:
        """The uid that the first object of this name got."""
        fresh = type(call.txn)(call.store, "", 0)
        fresh._store.counters = fresh._store.counters.discard(f"uid:{call.row.plural}/{key}")
        return identity.uid(fresh, call.row.plural, key)


MUTANT = Mutant(
    id="uid-of-the-name",
    title="an object that is made again has its old uid",
    story=__doc__,
    change=with_api(ForgetfulApi()),
    catches=("API-03",),
    scenario=scene(apply(config_map()), delete("configmaps", "settings"), apply(config_map())),
)
