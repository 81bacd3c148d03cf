"""A write that changes nothing makes a new version all the same.

Every resync of every controller then wakes every watcher, which is how a cluster writes itself to death without doing anything.
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.store import Document, Stored
from .mutant import Mutant, with_api
from .scenes import apply, config_map, patch, scene


class BusyApi(Api):
    """Writes whatever it is sent."""

    def is_noop(self, document: Document, old: Stored) -> bool:
        """Never."""
        return False


MUTANT = Mutant(
    id="writes-of-nothing",
    title="a write that changes nothing makes a version",
    story=__doc__,
    change=with_api(BusyApi()),
    catches=("API-09",),
    scenario=scene(apply(config_map()), patch("configmaps", "settings", {"data": {"n": "0"}})),
)
