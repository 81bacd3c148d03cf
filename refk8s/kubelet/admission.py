"""Whether a pod may run on the node: the kubelet's own check, with the pods that it has already let in.

Source: pkg/kubelet/lifecycle/predicate.go, pkg/scheduler/eventhandlers.go (AdmissionCheck), framework/plugins/noderesources/fit.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ..core.table import EMPTY, Table
from ..kinds.node import Node
from ..kinds.nodeselector import required_nodes
from ..kinds.pod import Pod
from ..kinds.resources import Amounts, amounts
from ..kinds.toleration import NO_EXECUTE, untolerated

OS: Final = "linux"
OS_LABEL: Final = "kubernetes.io/os"

NODE_AFFINITY: Final = "NodeAffinity"

Port = tuple[str, str, int]
"""A host port: address, protocol, number."""

ANY_ADDRESS: Final = "0.0.0.0"


@attrs.frozen
class Rejection:
    """Why a pod may not run: a reason for its status, and a message."""

    reason: str
    message: str


@attrs.frozen(eq=False)
class Share:
    """What one pod takes from the node."""

    uid: str
    amounts: Amounts
    ports: tuple[Port, ...] = ()


@attrs.frozen(eq=False)
class Taken:
    """What the pods that were let in take together. They count until their containers have stopped."""

    shares: Table[str, Share] = EMPTY
    milli_cpu: int = 0
    memory: int = 0
    ephemeral_storage: int = 0
    scalar: Mapping[str, int] = attrs.Factory(dict)
    ports: tuple[Port, ...] = ()

    def add(self, share: Share) -> Taken:
        """With one more pod."""
        return self._changed(self.shares.set(share.uid, share), share, 1)

    def remove(self, uid: str) -> Taken:
        """Without a pod, which need not be in it."""
        share = self.shares.get(uid)
        return self if share is None else self._changed(self.shares.delete(uid), share, -1)

    def _changed(self, shares: Table[str, Share], share: Share, sign: int) -> Taken:
        scalar = self.scalar
        if share.amounts.scalar:
            names = {**scalar, **share.amounts.scalar}
            scalar = {name: scalar.get(name, 0) + sign * share.amounts.scalar.get(name, 0) for name in names}
        ports = self.ports
        if share.ports:
            kept = list(ports)
            for port in share.ports if sign < 0 else ():
                kept.remove(port)
            ports = (*kept, *(share.ports if sign > 0 else ()))
        return Taken(
            shares,
            self.milli_cpu + sign * share.amounts.milli_cpu,
            self.memory + sign * share.amounts.memory,
            self.ephemeral_storage + sign * share.amounts.ephemeral_storage,
            scalar,
            ports,
        )


NOTHING_TAKEN: Final = Taken()


def admit(pod: Pod, share: Share, node: Node, taken: Taken) -> tuple[Rejection, ...]:
    """The reasons why the pod, which asks for `share`, may not run on the node, () if it may; its status shows the first. Source: predicateAdmitHandler.Admit.

    DEVIATES: no pods are preempted to let a critical one in (CriticalPodAdmissionHandler), because the kubelet here evicts nothing by itself.
    """
    labels = node.metadata.labels
    os = pod.metadata.labels.get(OS_LABEL)
    if os is not None and os != OS:
        message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
        return (Rejection("PodOSSelectorNodeLabelDoesNotMatch", message),)
    if pod.spec.os is not None and pod.spec.os.name != OS:
        return (Rejection("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"),)
    found = list(_insufficient(share.amounts, node, taken))
    if not required_nodes(pod).matches(node.metadata.name, labels):
        found.append(_failed(NODE_AFFINITY, "node(s) didn't match Pod's node affinity/selector"))
    if pod.spec.node_name and pod.spec.node_name != node.metadata.name:
        found.append(_failed("NodeName", "node(s) didn't match the requested node name"))
    if any(conflicts(port, other) for port in share.ports for other in taken.ports):
        found.append(_failed("NodePorts", "node(s) didn't have free ports for the requested pod ports"))
    if untolerated(node.spec.taints, pod.spec.tolerations, (NO_EXECUTE,)) is not None:
        found.append(_failed("TaintToleration", "node(s) had taints that the pod didn't tolerate"))
    return tuple(found)


def _failed(name: str, why: str) -> Rejection:
    return Rejection(name, f"Predicate {name} failed: {why}")


def _insufficient(asked: Amounts, node: Node, taken: Taken) -> list[Rejection]:
    have = amounts(node.status.allocatable)
    count = len(taken.shares)
    found = []
    if count + 1 > have.allowed_pod_number:
        found.append(_short("pods", 1, count, have.allowed_pod_number))
    for name, wanted, used, capacity in (
        ("cpu", asked.milli_cpu, taken.milli_cpu, have.milli_cpu),
        ("memory", asked.memory, taken.memory, have.memory),
        ("ephemeral-storage", asked.ephemeral_storage, taken.ephemeral_storage, have.ephemeral_storage),
    ):
        if wanted > 0 and wanted > capacity - used:
            found.append(_short(name, wanted, used, capacity))
    for name, wanted in sorted(asked.scalar.items()):
        used, capacity = taken.scalar.get(name, 0), have.scalar.get(name, 0)
        if wanted and (name in have.scalar or not _is_extended(name)) and wanted > capacity - used:
            found.append(_short(name, wanted, used, capacity))
    return found


def _is_extended(name: str) -> bool:
    """Whether a resource may be unknown to a node, and then does not count. Source: removeMissingExtendedResources."""
    return not name.startswith(("hugepages-", "attachable-volumes-"))


def _short(name: str, requested: int, used: int, capacity: int) -> Rejection:
    numbers = f"requested: {requested}, used: {used}, capacity: {capacity}"
    return Rejection(f"OutOf{name}", f"Node didn't have enough resource: {name}, {numbers}")


def host_ports(pod: Pod) -> tuple[Port, ...]:
    """The host ports that a pod asks for. Source: framework.GetHostPorts."""
    found = []
    sidecars = [container for container in pod.spec.init_containers if container.restart_policy == "Always"]
    for container in (*pod.spec.containers, *sidecars):
        for port in container.ports:
            if port.host_port > 0:
                found.append((port.host_ip or ANY_ADDRESS, port.protocol or "TCP", port.host_port))
    return tuple(found)


def conflicts(one: Port, other: Port) -> bool:
    """Whether two host ports cannot be had at once. Source: HostPortInfo.CheckConflict."""
    same_address = one[0] == other[0] or ANY_ADDRESS in (one[0], other[0])
    return one[1:] == other[1:] and same_address
