"""The row of a pod. Source: pkg/printers/internalversion/printers.go, printPod."""

from __future__ import annotations

from typing import Any, Final

from ...core.clock import unix_ms
from .durations import human, since

Doc = dict[str, Any]

_NEVER: Final = -(10**15)
_CONDITIONS: Final = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}
_TERMINAL: Final = ("Failed", "Succeeded")
NODE_UNREACHABLE: Final = "NodeLost"


def cells(pod: Doc, now_ms: int) -> list[Any]:
    """Name, Ready, Status, Restarts, Age, IP, Node, Nominated Node, Readiness Gates."""
    metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    shown = _Status(pod)
    restarts = str(shown.restarts)
    if shown.restarts and shown.last_restart_ms != _NEVER:
        restarts = f"{shown.restarts} ({human(now_ms - shown.last_restart_ms)} ago)"
    ips = status.get("podIPs") or [{}]
    return [
        metadata["name"],
        f"{shown.ready}/{shown.total}",
        shown.reason,
        restarts,
        since(metadata.get("creationTimestamp"), now_ms),
        ips[0].get("ip") or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        _readiness_gates(spec, status),
    ]


def conditions(pod: Doc) -> list[Doc]:
    """The conditions of the row: whether the pod is done."""
    phase = (pod.get("status") or {}).get("phase", "")
    if phase not in _CONDITIONS:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _CONDITIONS[phase]}]


class _Status:
    """What the containers' states amount to: a word for the pod, and how many are ready, exist and have restarted."""

    def __init__(self, pod: Doc) -> None:
        spec, status = pod.get("spec") or {}, pod.get("status") or {}
        self.reason: str = status.get("reason") or status.get("phase") or ""
        self.restarts = 0
        self.last_restart_ms = _NEVER
        self.ready = 0
        self._sidecars = {c["name"] for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
        self.total = len(spec.get("containers") or ()) + len(self._sidecars)
        for condition in status.get("conditions") or ():
            if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
                self.reason = "SchedulingGated"
        if not self._initializing(spec, status) or _is_true(status, "Initialized"):
            self._running(status)
        self._deleting(pod, status)

    def _initializing(self, spec: Doc, status: Doc) -> bool:
        """Read the init containers; whether one of them is still at work or has failed."""
        self._sidecar_restarts, self._sidecar_restart_ms = 0, _NEVER
        for index, container in enumerate(status.get("initContainerStatuses") or ()):
            restarts, at_ms = container.get("restartCount", 0), _last_restart_ms(container)
            self.restarts += restarts
            self.last_restart_ms = max(self.last_restart_ms, at_ms)
            sidecar = container.get("name") in self._sidecars
            if sidecar:
                self._sidecar_restarts += restarts
                self._sidecar_restart_ms = max(self._sidecar_restart_ms, at_ms)
            state = container.get("state") or {}
            terminated, waiting = state.get("terminated"), state.get("waiting")
            if terminated is not None and not terminated.get("exitCode"):
                continue
            if sidecar and container.get("started"):
                self.ready += bool(container.get("ready"))
                continue
            if terminated is not None:
                self.reason = "Init:" + _ended(terminated)
            elif waiting and waiting.get("reason") and waiting["reason"] != "PodInitializing":
                self.reason = "Init:" + waiting["reason"]
            else:
                self.reason = f"Init:{index}/{len(spec.get('initContainers') or ())}"
            return True
        return False

    def _running(self, status: Doc) -> None:
        self.restarts, self.last_restart_ms = self._sidecar_restarts, self._sidecar_restart_ms
        running, error = False, ""
        for container in reversed(status.get("containerStatuses") or ()):
            self.restarts += container.get("restartCount", 0)
            self.last_restart_ms = max(self.last_restart_ms, _last_restart_ms(container))
            state = container.get("state") or {}
            waiting, terminated = state.get("waiting"), state.get("terminated")
            if waiting and waiting.get("reason"):
                self.reason = waiting["reason"]
            elif terminated is not None:
                self.reason = _ended(terminated)
                if terminated.get("exitCode"):
                    error = self.reason
            elif container.get("ready") and state.get("running") is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed":
            if running and _is_true(status, "Ready"):
                self.reason = "Running"
            elif error:
                self.reason = error
            elif running:
                self.reason = "NotReady"

    def _deleting(self, pod: Doc, status: Doc) -> None:
        if not pod["metadata"].get("deletionTimestamp"):
            return
        if status.get("reason") == NODE_UNREACHABLE:
            self.reason = "Unknown"
        elif status.get("phase") not in _TERMINAL:
            self.reason = "Terminating"


def _ended(terminated: Doc) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _last_restart_ms(container: Doc) -> int:
    terminated = (container.get("lastState") or {}).get("terminated") or {}
    finished = terminated.get("finishedAt")
    return unix_ms(finished) if finished else _NEVER


def _is_true(status: Doc, kind: str) -> bool:
    found = (c for c in status.get("conditions") or () if c.get("type") == kind)
    return any(condition.get("status") == "True" for condition in found)


def _readiness_gates(spec: Doc, status: Doc) -> str:
    gates = spec.get("readinessGates") or ()
    if not gates:
        return "<none>"
    states: Doc = {}
    for condition in status.get("conditions") or ():
        states.setdefault(condition.get("type"), condition.get("status"))
    passed = sum(states.get(gate.get("conditionType")) == "True" for gate in gates)
    return f"{passed}/{len(gates)}"
