"""The parameters of the node lifecycle controllers, and the names that they share.

Source: pkg/controller/nodelifecycle/config/v1alpha1/defaults.go; kube-controller-manager's flags.
"""

from __future__ import annotations

from typing import Final

import attrs

MONITOR: Final = "nodelifecycle"
EVICTOR: Final = "nodelifecycle-evictor"
ZONES: Final = "nodelifecycle-zones"


def health_cell(node: str) -> str:
    """The name of the memory cell with what the monitor knows of a node: (uid, probe_ms, status of Ready as of its last pass)."""
    return f"heard:{node}"


@attrs.frozen
class NodeLifecycleConfig:
    """The parameters of kube-controller-manager, times in ms.

    `grace_ms`: silence after which a node is Unknown, `startup_grace_ms` before its first status; `eviction_interval_ms`: time between two taints in a
    zone (the inverse of --node-eviction-rate), `secondary_eviction_interval_ms` in a partly disrupted zone of more than `large_cluster_nodes` nodes (smaller
    ones have no evictions at all); `unhealthy_zone_percent`: the part of a zone's nodes that makes it disrupted. `period_ms` 0 switches the monitor off.
    """

    period_ms: int = 5_000
    startup_grace_ms: int = 60_000
    grace_ms: int = 50_000
    eviction_interval_ms: int = 10_000
    secondary_eviction_interval_ms: int = 100_000
    large_cluster_nodes: int = 50
    unhealthy_zone_percent: int = 55
    evictor_period_ms: int = 100

    def next_tick(self, now_ms: int) -> int:
        """The first pass after `now_ms`."""
        return (now_ms // self.period_ms + 1) * self.period_ms

    def tick_at(self, time_ms: int) -> int:
        """The first pass at or after `time_ms`."""
        return -(-time_ms // self.period_ms) * self.period_ms


DEFAULT: Final = NodeLifecycleConfig()
