"""State machines on conditions and phases, as tables: invariants, reachability marks, diagrams and tables of the spec pages are derived from them.

Conditions are computed from other things, so that their tables are checks, not the logic (ARCHITECTURE §8). Those of pods and containers are the kubelet's
(kubelet/machines.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..core.machine import Machine, Row

Document = Mapping[str, Any]
States = dict[str, str]

KUBELET: Final = "kubelet"
MANAGER: Final = "kube-controller-manager"
SCHEDULER: Final = "kube-scheduler"
ANYONE: Final = "*"


def condition_status(kind: str) -> Any:
    """The status of the condition `kind`, "" if there is none."""

    def states(document: Document) -> States:
        for condition in (document.get("status") or {}).get("conditions") or ():
            if condition["type"] == kind:
                return {"": str(condition["status"])}
        return {"": ""}

    return states


SCHEDULED = Machine(
    id="SCHEDULED",
    resource="pods",
    field="status.conditions[PodScheduled].status",
    initial="",
    terminal=frozenset(),
    rows=(
        Row("SCHEDULED-T1", "", "False", SCHEDULER, "no node fits, or the binding failed"),
        Row("SCHEDULED-T2", "", "True", SCHEDULER, "it was bound"),
        Row("SCHEDULED-T3", "False", "True", SCHEDULER, "it was bound"),
        Row("SCHEDULED-T4", "", "True", KUBELET, "it was created with a node"),
        Row("SCHEDULED-T5", "", "False", ANYONE, "it is created with scheduling gates"),
        Row(
            "SCHEDULED-T6", "True", "False", SCHEDULER, "another scheduler was faster, or the binding's answer was lost"
        ),
        Row("SCHEDULED-T7", "False", "True", KUBELET, "the kubelet sets that right"),
        Row("SCHEDULED-T8", "True", "", KUBELET, "the kubelet rejects the pod"),
        Row("SCHEDULED-T9", "False", "", KUBELET, "the kubelet rejects the pod, after such a late failure"),
    ),
    states=condition_status("PodScheduled"),
    spec="specs/scheduler.md",
    source="pkg/registry/core/pod/storage/storage.go, setPodNodeAndMetadata; pkg/scheduler/schedule_one.go, handleSchedulingFailure",
)

NODE = Machine(
    id="NODE",
    resource="nodes",
    field="status.conditions[Ready].status",
    initial="",
    terminal=frozenset(),
    rows=(
        Row("NODE-T1", "", "True", KUBELET, "the kubelet registers the node, or reports its status for the first time"),
        Row("NODE-T2", "True", "Unknown", MANAGER, "no heartbeat within the grace period"),
        Row("NODE-T3", "False", "Unknown", MANAGER, "no heartbeat within the grace period"),
        Row("NODE-T4", "", "Unknown", MANAGER, "the kubelet has never reported a status"),
        Row("NODE-T5", "Unknown", "True", KUBELET, "the kubelet is back"),
        Row("NODE-T6", "False", "True", KUBELET, "the kubelet reports that the node has recovered"),
    ),
    states=condition_status("Ready"),
    spec="specs/nodelifecycle.md",
    source="pkg/controller/nodelifecycle/node_lifecycle_controller.go, tryUpdateNodeHealth; pkg/kubelet/nodestatus/setters.go, ReadyCondition",
)


def _namespace_phase(document: Document) -> States:
    return {"": (document.get("status") or {}).get("phase") or "Active"}


NAMESPACE = Machine(
    id="NAMESPACE",
    resource="namespaces",
    field="status.phase",
    initial="Active",
    terminal=frozenset({"Terminating"}),
    rows=(Row("NAMESPACE-T1", "Active", "Terminating", ANYONE, "it is deleted"),),
    states=_namespace_phase,
    spec="specs/namespace.md",
    source="pkg/registry/core/namespace/storage/storage.go, Delete; pkg/controller/namespace/deletion/namespaced_resources_deleter.go",
)

PROGRESS: Final[Mapping[str, str]] = {
    "NewReplicaSetCreated": "progressing",
    "FoundNewReplicaSet": "progressing",
    "ReplicaSetUpdated": "progressing",
    "DeploymentResumed": "progressing",
    "NewReplicaSetAvailable": "complete",
    "ProgressDeadlineExceeded": "timed out",
    "ReplicaSetCreateError": "failed",
    "DeploymentPaused": "paused",
}
"""What the reasons of the condition Progressing mean."""


def progress_state(document: Document) -> States:
    """What the condition Progressing says; the reason itself if it is unknown, "" if there is no condition."""
    for condition in (document.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Progressing":
            reason = condition.get("reason", "")
            return {"": PROGRESS.get(reason, reason)}
    return {"": ""}


DEPLOYMENT = Machine(
    id="DEPLOYMENT",
    resource="deployments",
    field="status.conditions[Progressing].reason",
    initial="",
    terminal=frozenset(),
    rows=(
        Row("DEPLOYMENT-T1", "", "progressing", MANAGER, "its new ReplicaSet was created or found, or has grown"),
        Row("DEPLOYMENT-T2", "", "failed", MANAGER, "its first ReplicaSet could not be created"),
        Row("DEPLOYMENT-T3", "", "paused", MANAGER, "it was created paused"),
        Row(
            "DEPLOYMENT-T4",
            "progressing",
            "complete",
            MANAGER,
            "all replicas are updated and available, no others are left",
        ),
        Row("DEPLOYMENT-T5", "progressing", "timed out", MANAGER, "no progress within its deadline"),
        Row("DEPLOYMENT-T6", "progressing", "paused", MANAGER, "it was paused"),
        Row(
            "DEPLOYMENT-T7", "progressing", "failed", MANAGER, "a ReplicaSet for a newer template could not be created"
        ),
        Row("DEPLOYMENT-T8", "complete", "progressing", MANAGER, "another template: the next rollout"),
        Row("DEPLOYMENT-T9", "complete", "failed", MANAGER, "a ReplicaSet for a newer template could not be created"),
        Row("DEPLOYMENT-T10", "complete", "paused", MANAGER, "it was paused"),
        Row("DEPLOYMENT-T11", "timed out", "progressing", MANAGER, "there is progress after all, or another template"),
        Row("DEPLOYMENT-T12", "timed out", "complete", MANAGER, "its last replicas have become available after all"),
        Row("DEPLOYMENT-T13", "timed out", "failed", MANAGER, "a ReplicaSet for a newer template could not be created"),
        Row("DEPLOYMENT-T14", "paused", "progressing", MANAGER, "it was resumed"),
        Row("DEPLOYMENT-T15", "failed", "progressing", MANAGER, "its ReplicaSet could be created after all"),
        Row("DEPLOYMENT-T16", "failed", "timed out", MANAGER, "its ReplicaSet is there, and the deadline has passed"),
        Row("DEPLOYMENT-T17", "failed", "paused", MANAGER, "it was paused"),
        Row("DEPLOYMENT-T18", "progressing", "", MANAGER, "its deadline was taken away"),
        Row("DEPLOYMENT-T19", "complete", "", MANAGER, "its deadline was taken away"),
        Row(
            "DEPLOYMENT-T20",
            "",
            "complete",
            MANAGER,
            "it wants nothing, and old pods keep its new ReplicaSet from being made (Recreate)",
        ),
        Row("DEPLOYMENT-T21", "timed out", "", MANAGER, "its deadline was taken away"),
        Row("DEPLOYMENT-T22", "paused", "", MANAGER, "its deadline was taken away"),
        Row(
            "DEPLOYMENT-T23",
            "failed",
            "complete",
            MANAGER,
            "its ReplicaSet is there after all, and no replicas are wanted",
        ),
        Row("DEPLOYMENT-T24", "failed", "", MANAGER, "its deadline was taken away"),
    ),
    states=progress_state,
    spec="specs/deployment.md",
    source="pkg/controller/deployment/progress.go, syncRolloutStatus; sync.go, checkPausedConditions, getNewReplicaSet",
)

MACHINES: Final = (SCHEDULED, NODE, NAMESPACE, DEPLOYMENT)
"""All of them, in the order in which they are shown."""
