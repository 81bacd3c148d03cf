"""The phase of a pod, computed from its containers' states. Source: pkg/kubelet/kubelet_pods.go, getPhase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..kinds.container import Container
from ..kinds.pod import PodSpec
from .restart import is_sidecar, should_restart

Document = Mapping[str, Any]

PENDING: Final = "Pending"
RUNNING: Final = "Running"
SUCCEEDED: Final = "Succeeded"
FAILED: Final = "Failed"

TERMINAL: Final = (SUCCEEDED, FAILED)


def get_phase(spec: PodSpec, statuses: Sequence[Document], *, is_terminal: bool, has_started: bool) -> str:
    """The phase of a pod whose containers have these statuses.

    `is_terminal`: its containers will not be started again, whatever the policy says; `has_started`: a main container of the present sandbox has started.
    """
    found = {status["name"]: status for status in statuses}
    waiting_inits, failed_for_good = _plain_inits(spec, found)
    sidecars = _Count()
    for container in spec.init_containers:
        if is_sidecar(container):
            sidecars.sidecar(found.get(container.name))
    count = sidecars
    for container in spec.containers:
        count.main(container, spec, found.get(container.name))
    if failed_for_good:
        return FAILED
    if waiting_inits or (sidecars.starting and not has_started) or count.waiting:
        return PENDING
    if count.running and not count.unknown:
        return RUNNING
    if not count.running and count.stopped and not count.unknown:
        if not is_terminal and count.stopped != count.stopped_for_good:
            return RUNNING
        return SUCCEEDED if count.stopped == count.succeeded else FAILED
    return PENDING


def _plain_inits(spec: PodSpec, found: Mapping[str, Document]) -> tuple[int, int]:
    """How many init containers have yet to finish, and how many have failed and will not be tried again."""
    waiting = failed = 0
    for container in spec.init_containers:
        if is_sidecar(container):
            continue
        exited = _exit(found.get(container.name))
        if exited is None:
            waiting += 1
        elif exited and not should_restart(container, spec, exited):
            failed += 1
    return waiting, failed


def _exit(status: Document | None) -> int | None:
    """The exit code of the last run of a container that is not running; None if it runs or has not run yet."""
    if status is None:
        return None
    state = status["state"]
    ended = state.get("terminated") or (status["lastState"].get("terminated") if "waiting" in state else None)
    return None if ended is None else int(ended.get("exitCode", 0))


class _Count:
    """How many sidecars and main containers are in which state."""

    __slots__ = ("running", "starting", "stopped", "stopped_for_good", "succeeded", "unknown", "waiting")

    def __init__(self) -> None:
        self.running = self.starting = self.stopped = self.stopped_for_good = self.succeeded = 0
        self.unknown = self.waiting = 0

    def sidecar(self, status: Document | None) -> None:
        """Count a sidecar. One that has exited does not count."""
        if status is None:
            self.unknown += 1
            return
        state = status["state"]
        if "running" in state:
            self.starting += not status.get("started")
            self.running += 1
        elif "terminated" in state:
            pass
        elif "waiting" in state:
            if "terminated" not in status["lastState"]:
                self.starting += 1
                self.waiting += 1
        else:
            self.starting += 1
            self.unknown += 1

    def main(self, container: Container, spec: PodSpec, status: Document | None) -> None:
        """Count a main container."""
        if status is None:
            self.unknown += 1
            return
        state = status["state"]
        if "running" in state:
            self.running += 1
            return
        exited = _exit(status)
        if exited is None:
            self.waiting += "waiting" in state
            self.unknown += "waiting" not in state
            return
        self.stopped += 1
        self.stopped_for_good += not should_restart(container, spec, exited)
        self.succeeded += exited == 0 and "terminated" in state
