"""A delete removes an object at once, whatever finalizers it has.

What a finalizer's owner had yet to clean up outside (a volume, a load balancer, a counted pod of a Job) leaks.
"""

from __future__ import annotations

from ..api.options import DeleteOptions
from ..api.rest import Api
from ..api.rest.call import Call
from ..api.store import Stored
from .mutant import Mutant, with_api
from .scenes import apply, config_map, delete, scene


class ImpatientApi(Api):
    """Waits for nobody."""

    def deletion_finalizers(self, call: Call, old: Stored, options: DeleteOptions) -> list[str]:
        """No finalizer stays."""
        return []


MUTANT = Mutant(
    id="finalizers-ignored",
    title="a delete removes an object that has finalizers",
    story=__doc__,
    change=with_api(ImpatientApi()),
    catches=("API-07",),
    scenario=scene(apply(config_map(finalizers=["example.com/clean-up"])), delete("configmaps", "settings")),
)
