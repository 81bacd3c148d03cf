"""A server-side apply takes what others manage, as if it were forced.

That is what client-side apply does to a HorizontalPodAutoscaler: each rollout of the same manifest sets the replicas back (KEP-555, motivation).
"""

from __future__ import annotations

from ..api.rest import Api
from ..api.rest.call import Call
from .mutant import Mutant, with_api
from .scenes import apply, config_map, patch, scene


class GreedyApi(Api):
    """Knows no conflicts."""

    def forces(self, call: Call) -> bool:
        """Always."""
        return True


MUTANT = Mutant(
    id="greedy-apply",
    title="an apply takes the fields of others without force",
    story=__doc__,
    change=with_api(GreedyApi()),
    catches=("API-11",),
    scenario=scene(
        apply(config_map(), serverSide=True),
        patch("configmaps", "settings", {"data": {"n": "1"}}),
        apply(config_map(), serverSide=True),
    ),
)
