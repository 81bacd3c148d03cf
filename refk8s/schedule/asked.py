"""The pods that are asked about: what the cluster has of them already, and what the answer leaves out."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from refk8s.kinds.pod import PodSpec
from refk8s.schedule.cluster import Cluster
from refk8s.scheduler.nodeinfo import PodInfo

__all__ = ["remarks", "taken_off"]


def taken_off(cluster: Cluster, pods: Sequence[PodInfo]) -> tuple[Cluster, list[PodInfo], tuple[str, ...]]:
    """Return the cluster without the pods of these names that it has, the pods without the nodes that they are on, and remarks.

    So a pod that runs, or waits, in the dump does not compete with itself. One that is being deleted stays: its room is not free yet.
    """
    wanted = {(pod.namespace, pod.name): pod for pod in pods}
    there = {
        (known.namespace, known.name): (known.key, node.name)
        for node in cluster.snapshot.nodes()
        for known in node.pods
        if (known.namespace, known.name) in wanted and not known.terminating
    }
    snapshot, notes = cluster.snapshot, []
    for (namespace, name), (key, node_name) in there.items():
        snapshot = snapshot.without_pod(key, node_name)
        notes.append(f"{namespace}/{name} is on {node_name} in the dump; it is asked where it would go from there")
    waiting = tuple(pod for pod in cluster.waiting if (pod.namespace, pod.name) not in wanted)
    freed = [_without_node(pod) if (pod.namespace, pod.name) in there else pod for pod in pods]
    return attrs.evolve(cluster, snapshot=snapshot, waiting=waiting), freed, tuple(notes)


def remarks(pods: Sequence[PodInfo]) -> tuple[str, ...]:
    """Return what a reader should know of these pods: for volumes and claims no plugin is modelled."""
    names = [f"{pod.namespace}/{pod.name}" for pod in pods if _is_bound_to_storage(pod.pod.spec)]
    if not names:
        return ()
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    shown = ", ".join(names[:3])
    return (f"volumes and resource claims of {shown}{more} restrict no node here: their plugins are not modelled",)


def _without_node(pod: PodInfo) -> PodInfo:
    return PodInfo.of(attrs.evolve(pod.pod, spec=attrs.evolve(pod.pod.spec, node_name="")))


def _is_bound_to_storage(spec: PodSpec) -> bool:
    """Tell whether a plugin that is not modelled could keep the pod off a node."""
    return bool(spec.resource_claims) or any(
        volume.persistent_volume_claim
        or volume.ephemeral
        or volume.gce_persistent_disk
        or volume.aws_elastic_block_store
        or volume.rbd
        or volume.iscsi
        for volume in spec.volumes
    )
