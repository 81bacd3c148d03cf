"""A node as a scenario describes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs

from ..core.digest import cell

KUBELET_VERSION: Final = "v1.36.2"
MACHINE: Final[Mapping[str, str]] = {"cpu": "4", "ephemeral-storage": "100Gi", "memory": "8Gi", "pods": "110"}
"""What a node has if nothing is said."""

OS: Final = "linux"
ARCH: Final = "amd64"

_NUMBER = re.compile(r"(\d+)$", re.ASCII)


@attrs.frozen
class NodeSpec:
    """What a kubelet knows of its node: `capacity` (default 4 CPU, 8Gi, 110 pods), `allocatable` (default: the capacity), its own `labels` beside the usual
    ones, `taints` to register with, `zone` and `region` labels, and the addresses (default: functions of the name).
    """

    name: str
    capacity: Mapping[str, str] = attrs.field(factory=dict, converter=dict, hash=False)
    allocatable: Mapping[str, str] = attrs.field(factory=dict, converter=dict, hash=False)
    labels: Mapping[str, str] = attrs.field(factory=dict, converter=dict, hash=False)
    taints: tuple[Mapping[str, Any], ...] = attrs.field(default=(), converter=tuple, hash=False)
    zone: str = ""
    region: str = ""
    ip: str = attrs.field(default="")
    pod_network: str = attrs.field(default="")

    def __attrs_post_init__(self) -> None:
        number = _number(self.name)
        if not self.ip:
            object.__setattr__(self, "ip", f"172.{18 + number // 64_000 % 14}.{number // 250 % 256}.{number % 250 + 2}")
        if not self.pod_network:
            object.__setattr__(self, "pod_network", f"10.{128 + number // 256 % 128}.{number % 256}")

    def all_labels(self) -> dict[str, str]:
        """The labels that the kubelet registers. Source: kubelet_node_status.go, initialNode."""
        found = {
            "beta.kubernetes.io/arch": ARCH,
            "beta.kubernetes.io/os": OS,
            "kubernetes.io/arch": ARCH,
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": OS,
        }
        if self.zone:
            found["topology.kubernetes.io/zone"] = self.zone
        if self.region:
            found["topology.kubernetes.io/region"] = self.region
        return {**found, **self.labels}

    def all_capacity(self) -> dict[str, str]:
        """The capacity, what was not said included."""
        return {**MACHINE, **self.capacity}

    def all_allocatable(self) -> dict[str, str]:
        """What pods may use."""
        return {**self.all_capacity(), **self.allocatable}


@lru_cache(maxsize=1 << 14)
def _number(name: str) -> int:
    """The number at the end of a name, or one made of the name."""
    found = _NUMBER.search(name)
    return int(found[1]) if found else 32_768 + cell("node", name) % 32_768
