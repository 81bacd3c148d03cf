"""The probes of a pod's containers, and the events about those that fail. Source: pkg/kubelet/prober/prober.go.

DEVIATES: one event for each run of failures, where upstream counts every failure, because a pod that is never ready would keep a run from its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from ..kinds.container import Container
from .probes import health

if TYPE_CHECKING:
    from .turn import Turn

KINDS: Final = ("Startup", "Readiness", "Liveness")
WARNING: Final = "Warning"


def watch(turn: Turn) -> None:
    """Tell of probes that have begun to fail."""
    for container in probed(turn):
        run = turn.sandbox.find(container.name) if turn.sandbox is not None else None
        if run is None or not run.runs(turn.now_ms):
            continue
        found = health(container, run, turn.now_ms)
        for place, finding in enumerate((found.startup, found.readiness, found.liveness)):
            if finding is None or finding.failing_ms > turn.now_ms:
                continue
            trouble = turn.trouble(container.name)
            mark = finding.failing_ms * 4 + place
            if mark not in trouble.told_ms:
                turn.troubles[container.name] = attrs.evolve(trouble, told_ms=(*trouble.told_ms[-7:], mark))
                message = f"{KINDS[place]} probe failed: {_output(turn, container, place)}"
                turn.tell(WARNING, "Unhealthy", message, container.name)


def probed(turn: Turn) -> list[Container]:
    """The containers that have probes."""
    spec = turn.require_pod().spec
    return [
        container
        for container in (*spec.init_containers, *spec.containers)
        if container.readiness_probe or container.liveness_probe or container.startup_probe
    ]


def _output(turn: Turn, container: Container, place: int) -> str:
    """What a failing probe says."""
    probe = (container.startup_probe, container.readiness_probe, container.liveness_probe)[place]
    if probe is not None and probe.http_get is not None:
        return "HTTP probe failed with statuscode: 500"
    if probe is not None and probe.tcp_socket is not None:
        ip = turn.sandbox.ip if turn.sandbox is not None and turn.sandbox.ip else turn.spec.ip
        return f"dial tcp {ip}:{probe.tcp_socket.port}: connect: connection refused"
    if probe is not None and probe.grpc is not None:
        return 'service unhealthy (responded with "NOT_SERVING")'
    return ""
