"""What pods take and nodes have, in whole numbers by resource: CPU in millicores, everything else in its unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from refk8s.api.store import Stored
from refk8s.kinds.pod import Pod
from refk8s.kinds.quantity import Quantity, parse
from refk8s.kinds.resources import pod_requests

Amounts = Mapping[str, int]
Port = tuple[str, str, int]
"""A host port: address ("" is any), protocol, number."""

ANY = ("", "0.0.0.0")


def as_number(resource: str, quantity: Quantity) -> int:
    """A quantity of a resource in whole numbers."""
    return quantity.milli_value() if resource == "cpu" else quantity.value()


@lru_cache(maxsize=4_096)
def _number(resource: str, text: str) -> int:
    return as_number(resource, parse(text))


def allocatable(node: Mapping[str, Any]) -> Amounts:
    """What pods may use of a node, as its status says."""
    return {
        name: _number(name, str(text)) for name, text in ((node.get("status") or {}).get("allocatable") or {}).items()
    }


def requests(pod: Stored) -> Amounts:
    """What a pod asks for; the simple case without views."""
    spec = pod.document["spec"]
    if "initContainers" in spec or "overhead" in spec or "resources" in spec:
        wanted = pod_requests(pod.view(Pod))
        return {name: as_number(name, quantity) for name, quantity in wanted.items()}
    total: dict[str, int] = {}
    for container in spec["containers"]:
        for name, text in ((container.get("resources") or {}).get("requests") or {}).items():
            total[name] = total.get(name, 0) + _number(name, str(text))
    return total


def excess(wanted: Amounts, others: Iterable[Amounts], have: Amounts) -> str:
    """What does not fit: one resource of which `wanted` and the `others` together take more than there is, in words; "" if all fits.

    Only what is wanted counts, since a pod that asks for nothing fits everywhere; each is one of the node's pods.
    """
    total = dict(wanted)
    count = 1
    for other in others:
        count += 1
        for name in wanted:
            if name in other:
                total[name] += other[name]
    if count > have.get("pods", 0):
        return f"{count} pods: expected at most {have.get('pods', 0)}"
    for name in sorted(total):
        if wanted[name] > 0 and total[name] > have.get(name, 0):
            unit = "m" if name == "cpu" else ""
            return f"{name} {total[name]}{unit}: expected at most {have.get(name, 0)}{unit}"
    return ""


def host_ports(pod: Mapping[str, Any]) -> list[Port]:
    """The host ports of a pod's containers and sidecars."""
    spec = pod["spec"]
    sidecars = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    return [
        (port.get("hostIP", ""), port.get("protocol", "TCP"), port["hostPort"])
        for container in (*spec["containers"], *sidecars)
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]


def clash(ports: Iterable[Port], others: Iterable[Port]) -> str:
    """A port that both want, in words; "" if there is none."""
    taken = list(others)
    for address, protocol, number in ports:
        for other in taken:
            if other[1:] == (protocol, number) and (other[0] == address or address in ANY or other[0] in ANY):
                return f"{protocol} port {number}"
    return ""
