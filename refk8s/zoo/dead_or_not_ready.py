"""A node that is silent is marked not ready instead of unknown.

False says that the kubelet has told so, Unknown that nobody knows: taints, tolerations and people treat them differently (unreachable, not-ready).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ..api.store import Stored
from ..controllers.nodelifecycle import Health, NodeMonitor
from ..controllers.runtime import patch
from .mutant import Mutant, with_controller


class Certain(NodeMonitor):
    """Says False where it does not know."""

    def update_health(self, node: Stored) -> Generator[Any, Any, Health | None]:
        """Correct what upstream would write."""
        health = yield from super().update_health(node)
        if health is not None and health.current == "Unknown":
            ready = {"type": "Ready", "status": "False"}
            yield patch("nodes", node.key, {"status": {"conditions": [ready]}}, subresource="status")
        return health


MUTANT = Mutant(
    id="dead-or-not-ready",
    title="a silent node is False, not Unknown",
    story=__doc__,
    change=with_controller("nodelifecycle", Certain),
    catches=("NODE-ROWS",),
    scenario="node-failure",
)
