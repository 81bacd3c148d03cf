"""The kubelet's state machines as tables: the phase of a pod, the state of a container, the worker of a pod.

The first two are about what the API shows, and give invariants (core/machine.py); the phase itself is computed from the containers' states, so that its
table is a check. The worker's states are the kubelet's own. Source: pkg/kubelet/{kubelet_pods,pod_workers}.go; docs, Pod Lifecycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..core.machine import Machine, Row
from .phase import FAILED, PENDING, RUNNING, SUCCEEDED
from .records import REJECTED, SYNCING, TERMINATED, TERMINATING

WAITING: Final = "Waiting"
RUNS: Final = "Running"
ENDED: Final = "Terminated"


def phase_of(document: Mapping[str, Any]) -> Mapping[str, str]:
    """The phase of a pod; "" before it has one."""
    return {"": str(document.get("status", {}).get("phase", ""))}


def container_states(document: Mapping[str, Any]) -> Mapping[str, str]:
    """The state of each container of a pod that has a status."""
    found: dict[str, str] = {}
    status = document.get("status", {})
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(field) or ():
            state = container["state"]
            found[container["name"]] = RUNS if "running" in state else ENDED if "terminated" in state else WAITING
    return found


def phase_given_by(world: Any, change: Any) -> str:
    """The process that gave a pod the phase that it had before a change, as far back as the history goes."""
    phase, actor = change.prev.document.get("status", {}).get("phase"), ""
    for earlier in reversed(world.store.log("pods")):
        if earlier.key == change.key:
            if earlier.obj.uid != change.obj.uid or earlier.obj.document["status"].get("phase") != phase:
                break
            actor = earlier.actor
    return actor


def has_started_anew(world: Any, change: Any) -> bool:
    """Whether the kubelet that made a change is not the first on its node: a status of the one before may have come after it had looked."""
    return bool(world.process(change.actor).incarnation)


def did_not_know(world: Any, change: Any) -> bool:
    """Whether a kubelet that changes a terminal phase need not have known of it: another process has given it, or the kubelet before."""
    return has_started_anew(world, change) or not phase_given_by(world, change).startswith("kubelet")


POD_PHASE: Final = Machine(
    "POD",
    "pods",
    "status.phase",
    "",
    frozenset((SUCCEEDED, FAILED)),
    (
        Row("POD-T1", "", PENDING, "*", "the pod is created"),
        Row("POD-T2", PENDING, RUNNING, "kubelet", "init containers are done and a container runs or restarts"),
        Row("POD-T3", PENDING, SUCCEEDED, "kubelet", "all containers ended well before the API saw them run"),
        Row(
            "POD-T4",
            PENDING,
            FAILED,
            "kubelet|kube-controller-manager",
            "rejected, stopped before it ran, or its init failed for good",
        ),
        Row("POD-T5", RUNNING, SUCCEEDED, "kubelet", "all containers ended with exit code 0 and will not restart"),
        Row(
            "POD-T6",
            RUNNING,
            FAILED,
            "kubelet|kube-controller-manager",
            "all containers ended, one of them badly, or its node is lost",
        ),
        Row(
            "POD-T7",
            RUNNING,
            PENDING,
            "kubelet",
            "the node has lost its containers, and a status of the kubelet before came after the new one had looked",
            has_started_anew,
        ),
        Row(
            "POD-T8",
            FAILED,
            PENDING,
            "kubelet",
            "another process, or the kubelet before, has ended the pod, and the kubelet did not know (it has no guard)",
            did_not_know,
        ),
        Row(
            "POD-T9",
            FAILED,
            RUNNING,
            "kubelet",
            "likewise",
            did_not_know,
        ),
        Row(
            "POD-T10",
            FAILED,
            SUCCEEDED,
            "kubelet",
            "likewise",
            did_not_know,
        ),
        Row(
            "POD-T11",
            SUCCEEDED,
            FAILED,
            "kubelet",
            "likewise",
            did_not_know,
        ),
    ),
    phase_of,
    "specs/kubelet.md",
    "pkg/kubelet/kubelet_pods.go, getPhase",
)

CONTAINER_STATE: Final = Machine(
    "CONTAINER",
    "pods",
    "status.containerStatuses[*].state",
    "",
    frozenset(),
    (
        Row("CONTAINER-T1", "", WAITING, "kubelet", "the kubelet has taken the pod on"),
        Row("CONTAINER-T2", "", RUNS, "kubelet", "it was started before the first status was sent"),
        Row("CONTAINER-T3", "", ENDED, "kubelet", "it ended before the first status was sent"),
        Row("CONTAINER-T4", WAITING, RUNS, "kubelet", "image, create and start have succeeded"),
        Row(
            "CONTAINER-T5",
            WAITING,
            ENDED,
            "kubelet",
            "it ended before it was seen running, or the pod was stopped before it started",
        ),
        Row("CONTAINER-T6", RUNS, ENDED, "kubelet", "it has exited, or was stopped"),
        Row("CONTAINER-T7", RUNS, WAITING, "kubelet", "it has exited and its restart backs off"),
        Row("CONTAINER-T8", ENDED, WAITING, "kubelet", "its restart backs off, or cannot pull the image"),
        Row("CONTAINER-T9", ENDED, RUNS, "kubelet", "it was restarted"),
        Row(
            "CONTAINER-T10",
            WAITING,
            "",
            "kubelet",
            "a kubelet that has restarted rejects the pod: its status is made anew",
        ),
        Row(
            "CONTAINER-T11",
            RUNS,
            "",
            "kubelet",
            "a kubelet that has restarted rejects the pod: its status is made anew",
        ),
        Row(
            "CONTAINER-T12",
            ENDED,
            "",
            "kubelet",
            "a kubelet that has restarted rejects the pod: its status is made anew",
        ),
    ),
    container_states,
    "specs/kubelet.md",
    "pkg/kubelet/kubelet_pods.go, convertToAPIContainerStatuses",
)

WORKER: Final = (
    Row("WORKER-T1", "", SYNCING, "kubelet", "the pod was admitted"),
    Row("WORKER-T2", "", REJECTED, "kubelet", "the pod was not admitted: its phase is Failed"),
    Row(
        "WORKER-T3",
        "",
        TERMINATING,
        "kubelet",
        "the kubelet has restarted, and the pod runs but is gone, or has a terminal phase",
    ),
    Row(
        "WORKER-T4",
        "",
        TERMINATED,
        "kubelet",
        "the kubelet has restarted, and the pod has a terminal phase and does not run",
    ),
    Row(
        "WORKER-T5",
        SYNCING,
        TERMINATING,
        "kubelet",
        "deleted, gone, past its deadline, or its phase has become terminal",
    ),
    Row("WORKER-T6", TERMINATING, TERMINATED, "kubelet", "all containers have stopped: what it had taken is free"),
    Row("WORKER-T7", TERMINATED, "", "kubelet", "gone from the API server: forgotten"),
    Row("WORKER-T8", REJECTED, "", "kubelet", "gone from the API server: forgotten"),
)
"""The worker of a pod (records.Worker.state); "" is a pod that the kubelet does not know. Several rows may fire in one turn."""
