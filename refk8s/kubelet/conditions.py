"""The conditions of a pod that the kubelet owns, computed from its containers' states.

Source: pkg/kubelet/status/generate.go, pkg/kubelet/types/pod_status.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..kinds.pod import Pod, PodSpec
from .phase import FAILED, SUCCEEDED
from .restart import is_sidecar

Document = Mapping[str, Any]
Verdict = tuple[str, str, str]
"""Status, reason and message of a condition."""

TRUE: Final[Verdict] = ("True", "", "")

READY_TO_START: Final = "PodReadyToStartContainers"
INITIALIZED: Final = "Initialized"
READY: Final = "Ready"
CONTAINERS_READY: Final = "ContainersReady"
SCHEDULED: Final = "PodScheduled"

KUBELETS: Final = frozenset(
    (
        READY_TO_START,
        INITIALIZED,
        READY,
        CONTAINERS_READY,
        SCHEDULED,
        "PodResizeInProgress",
        "PodResizePending",
        "AllContainersRestarting",
    )
)
"""The condition types that the kubelet alone writes; DisruptionTarget is shared with others."""


def containers_ready(spec: PodSpec, statuses: Sequence[Document] | None, phase: str) -> Verdict:
    """ContainersReady: all main containers and sidecars are ready. `statuses`: of all containers, None if nothing is known."""
    if statuses is None:
        return "False", "UnknownContainerStatuses", ""
    found = {status["name"]: status for status in statuses}
    unknown, unready = [], []
    for container in (*[c for c in spec.init_containers if is_sidecar(c)], *spec.containers):
        status = found.get(container.name)
        if status is None:
            unknown.append(container.name)
        elif not status["ready"]:
            unready.append(container.name)
    if phase == SUCCEEDED and not unknown:
        return "False", "PodCompleted", ""
    if phase == FAILED:
        return "False", "PodFailed", ""
    return _verdict("ContainersNotReady", ("unknown", unknown), ("unready", unready))


def ready(spec: PodSpec, conditions: Sequence[Document], containers: Verdict) -> Verdict:
    """Ready: ContainersReady (`containers`), and every readiness gate's condition is True."""
    if containers[0] != "True" or not spec.readiness_gates:
        return containers
    missing = []
    for gate in spec.readiness_gates:
        status = next((c["status"] for c in conditions if c["type"] == gate.condition_type), None)
        if status is None:
            missing.append(f'corresponding condition of pod readiness gate "{gate.condition_type}" does not exist.')
        elif status != "True":
            missing.append(f'the status of pod readiness gate "{gate.condition_type}" is not "True", but {status}')
    return ("False", "ReadinessGatesNotReady", ", ".join(missing)) if missing else TRUE


def initialized(spec: PodSpec, statuses: Sequence[Document] | None, phase: str, *, was: bool) -> Verdict:
    """Initialized: all init containers are done, and sidecars have started. `was`: it was True before, and stays so."""
    if not spec.init_containers:
        return ("True", "PodCompleted", "") if phase == SUCCEEDED else TRUE
    if statuses is None:
        return "False", "UnknownContainerStatuses", ""
    found = {status["name"]: status for status in statuses}
    unknown, incomplete = [], []
    for container in spec.init_containers:
        status = found.get(container.name)
        if status is None:
            unknown.append(container.name)
        elif not (status.get("started") if is_sidecar(container) else status["ready"]):
            incomplete.append(container.name)
    if phase == SUCCEEDED and not unknown:
        return "True", "PodCompleted", ""
    for container in spec.containers:
        status = found.get(container.name)
        if status is not None and ("running" in status["state"] or "terminated" in status["state"]):
            return TRUE
    verdict = _verdict("ContainersNotInitialized", ("unknown", unknown), ("incomplete", incomplete))
    return TRUE if was else verdict


def _verdict(reason: str, *groups: tuple[str, list[str]]) -> Verdict:
    messages = [f"containers with {word} status: [{' '.join(names)}]" for word, names in groups if names]
    return ("False", reason, ", ".join(messages)) if messages else TRUE


def owned(
    pod: Pod,
    statuses: Sequence[Document],
    phase: str,
    foreign: Sequence[Document],
    *,
    sandbox: bool,
    was_initialized: bool,
) -> list[tuple[str, Verdict]]:
    """The conditions of a pod that the kubelet owns, in upstream's order.

    `foreign`: the conditions of others; `sandbox`: the pod's network is up; `was_initialized`: Initialized was True before.
    """
    spec = pod.spec
    containers = containers_ready(spec, statuses, phase)
    return [
        (READY_TO_START, TRUE if sandbox else ("False", "", "")),
        (INITIALIZED, initialized(spec, statuses, phase, was=was_initialized)),
        (READY, ready(spec, foreign, containers)),
        (CONTAINERS_READY, containers),
        (SCHEDULED, TRUE),
    ]


def condition_document(
    kind: str, verdict: Verdict, generation: int, old: Mapping[str, Document], now: str
) -> dict[str, Any]:
    """A condition's document; its transition time is the old one's if the status is the same. Source: updateLastTransitionTime."""
    status, reason, message = verdict
    before = old.get(kind)
    made: dict[str, Any] = {"type": kind}
    if generation:
        made["observedGeneration"] = generation
    made["status"] = status
    made["lastProbeTime"] = None
    made["lastTransitionTime"] = (
        before["lastTransitionTime"] if before is not None and before["status"] == status else now
    )
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return made
