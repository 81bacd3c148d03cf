"""What a scheduling cycle decides on: a pod and a node with what is computed from them once.

Everything here is frozen: a change makes a new NodeInfo that shares what did not change, so that a cache can keep one per node and every version
stays valid. snapshot.py holds all nodes.

Source: pkg/scheduler/framework/types.go, PodInfo, NodeInfo; staging/src/k8s.io/kube-scheduler/framework/types.go, HostPortInfo.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import attrs

from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.kinds.resources import Amounts, amounts, non_zero_amounts, placed_requests
from refk8s.kinds.toleration import Taint
from refk8s.scheduler.requests import NOTHING, minus, plus
from refk8s.scheduler.terms import AffinityTerm, WeightedTerm, preferred_terms, required_terms

__all__ = [
    "ALL_HOSTS",
    "HostPort",
    "NodeInfo",
    "PodInfo",
    "UsedPorts",
    "host_ports",
    "port_conflict",
    "question",
    "remember",
]

ALL_HOSTS: Final = "0.0.0.0"
"""The address that a host port without one is bound to; it conflicts with every address."""

HostPort = tuple[str, str, int]
"""(host IP, protocol, port)."""

UsedPorts = Mapping[tuple[str, int], tuple[str, ...]]
"""(protocol, port) → the host IPs it is used on."""


_MEMO_SIZE: Final = 32
NO_PORTS: Final[UsedPorts] = MappingProxyType({})


@attrs.define  # made often and never changed; not frozen, because that would double the price of making one
class PodInfo:
    """A pod and what the scheduler computes from it once.

    `request` and `non_zero_*` are what it takes from its node once it is there: actual resources from its status included; in `non_zero_*` containers
    without a request count with a default, so that many of them are not packed onto one node. CPU in millicores, memory in bytes.
    """

    pod: Pod
    key: str
    uid: str
    namespace: str
    labels: Mapping[str, str]
    priority: int
    terminating: bool
    request: Amounts
    non_zero_cpu: int
    non_zero_memory: int
    ports: tuple[HostPort, ...]
    has_affinity: bool
    required_affinity: tuple[AffinityTerm, ...]
    required_anti_affinity: tuple[AffinityTerm, ...]
    preferred_affinity: tuple[WeightedTerm, ...]
    preferred_anti_affinity: tuple[WeightedTerm, ...]

    @classmethod
    def of(cls, pod: Pod) -> PodInfo:
        """Return the PodInfo of a pod, placed or not. Two pods are the same one if their `key` is (the uid; without one, namespace/name)."""
        metadata, spec, affinity = pod.metadata, pod.spec, pod.spec.affinity
        to = affinity.pod_affinity if affinity else None
        away = affinity.pod_anti_affinity if affinity else None
        requests = placed_requests(pod)
        cpu, memory = non_zero_amounts(pod, requests)
        return cls(
            pod,
            metadata.uid or f"{metadata.namespace}/{metadata.name}",
            metadata.uid,
            metadata.namespace,
            metadata.labels,
            spec.priority or 0,
            bool(metadata.deletion_timestamp),
            amounts(requests),
            cpu,
            memory,
            host_ports(pod),
            to is not None or away is not None,
            required_terms(metadata.namespace, to),
            required_terms(metadata.namespace, away),
            preferred_terms(metadata.namespace, to),
            preferred_terms(metadata.namespace, away),
        )

    @property
    def name(self) -> str:
        """The pod's name."""
        return self.pod.metadata.name


@attrs.define  # made often and never changed; not frozen, because that would double the price of making one
class NodeInfo:
    """A node, the pods on it and their sums. Make one with `of`, then go on with with_pod, without_pod and with_node.

    `memo` remembers what was computed of this version of the node (see `question`); it is no part of the value.
    """

    node: Node
    name: str
    labels: Mapping[str, str]
    unschedulable: bool
    hard_taints: tuple[Taint, ...]
    """NoSchedule and NoExecute."""
    soft_taints: tuple[Taint, ...]
    """PreferNoSchedule."""
    allocatable: Amounts
    images: Mapping[str, int]
    """Image name → size in bytes, as the node reports them."""
    pods: tuple[PodInfo, ...] = ()
    pods_with_affinity: tuple[PodInfo, ...] = ()
    pods_with_required_anti_affinity: tuple[PodInfo, ...] = ()
    requested: Amounts = NOTHING
    non_zero_cpu: int = 0
    non_zero_memory: int = 0
    used_ports: UsedPorts = NO_PORTS
    memo: dict[object, Any] = attrs.field(init=False, factory=dict, eq=False, repr=False)

    @classmethod
    def of(cls, node: Node) -> NodeInfo:
        """Return the NodeInfo of a node without pods."""
        taints = node.spec.taints
        images: dict[str, int] = {}
        for image in node.status.images:
            for name in image.names:
                images.setdefault(name, image.size_bytes)
        return cls(
            node,
            node.metadata.name,
            node.metadata.labels,
            node.spec.unschedulable,
            tuple(t for t in taints if t.effect in ("NoSchedule", "NoExecute")),
            tuple(t for t in taints if t.effect == "PreferNoSchedule"),
            amounts(node.status.allocatable),
            images,
        )

    def with_node(self, node: Node) -> NodeInfo:
        """Return this node after an update of its object, with the same pods."""
        bare = NodeInfo.of(node)
        return attrs.evolve(
            bare,
            pods=self.pods,
            pods_with_affinity=self.pods_with_affinity,
            pods_with_required_anti_affinity=self.pods_with_required_anti_affinity,
            requested=self.requested,
            non_zero_cpu=self.non_zero_cpu,
            non_zero_memory=self.non_zero_memory,
            used_ports=self.used_ports,
        )

    def with_pod(self, pod: PodInfo) -> NodeInfo:
        """Return this node with one pod more (which must not be on it already)."""
        return NodeInfo(
            self.node,
            self.name,
            self.labels,
            self.unschedulable,
            self.hard_taints,
            self.soft_taints,
            self.allocatable,
            self.images,
            (*self.pods, pod),
            (*self.pods_with_affinity, pod) if pod.has_affinity else self.pods_with_affinity,
            (*self.pods_with_required_anti_affinity, pod)
            if pod.required_anti_affinity
            else self.pods_with_required_anti_affinity,
            plus(self.requested, pod.request),
            self.non_zero_cpu + pod.non_zero_cpu,
            self.non_zero_memory + pod.non_zero_memory,
            _with_ports(self.used_ports, pod.ports) if pod.ports else self.used_ports,
        )

    def without_pod(self, key: str) -> NodeInfo:
        """Return this node without the pod `key`, order kept. Raises KeyError if it is not there."""
        pod = self.pod(key)
        if pod is None:
            raise KeyError(f"pod {key} is not on node {self.name}; common cause: a cache that saw its deletion twice")
        return NodeInfo(
            self.node,
            self.name,
            self.labels,
            self.unschedulable,
            self.hard_taints,
            self.soft_taints,
            self.allocatable,
            self.images,
            _without(self.pods, key),
            _without(self.pods_with_affinity, key) if pod.has_affinity else self.pods_with_affinity,
            _without(self.pods_with_required_anti_affinity, key)
            if pod.required_anti_affinity
            else self.pods_with_required_anti_affinity,
            minus(self.requested, pod.request),
            self.non_zero_cpu - pod.non_zero_cpu,
            self.non_zero_memory - pod.non_zero_memory,
            _without_ports(self.used_ports, pod.ports) if pod.ports else self.used_ports,
        )

    def pod(self, key: str) -> PodInfo | None:
        """Return the pod `key` if it is on this node."""
        for pod in self.pods:
            if pod.key == key:
                return pod
        return None


@lru_cache(maxsize=1_024)
def question(*parts: Any) -> object:
    """Return a key of `NodeInfo.memo` for a question that is put to many nodes; equal parts give one key, which is quick to look up."""
    return object()


def remember(node: NodeInfo, asked: object, answer: Any) -> Any:
    """Keep the answer to a question about a node in its memo, which forgets everything when it is full; returns the answer."""
    if len(node.memo) >= _MEMO_SIZE:
        node.memo.clear()
    node.memo[asked] = answer
    return answer


def host_ports(pod: Pod) -> tuple[HostPort, ...]:
    """Return the host ports of a pod's containers and sidecars, with defaults filled in.

    Source: pkg/scheduler/util/utils.go, GetHostPorts.
    """
    containers = [c for c in pod.spec.init_containers if c.restart_policy == "Always"]
    containers.extend(pod.spec.containers)
    return tuple(
        (p.host_ip or ALL_HOSTS, p.protocol or "TCP", p.host_port)
        for c in containers
        for p in c.ports
        if p.host_port > 0
    )


def port_conflict(used: UsedPorts, wanted: tuple[HostPort, ...]) -> bool:
    """Tell whether one of the `wanted` ports is taken: same protocol and number, and same address or either is ALL_HOSTS."""
    for ip, protocol, port in wanted:
        taken = used.get((protocol, port))
        if taken and (ip == ALL_HOSTS or ip in taken or ALL_HOSTS in taken):
            return True
    return False


def _with_ports(used: UsedPorts, ports: tuple[HostPort, ...]) -> UsedPorts:
    after = dict(used)
    for ip, protocol, port in ports:
        taken = after.get((protocol, port), ())
        if ip not in taken:
            after[protocol, port] = (*taken, ip)
    return after


def _without_ports(used: UsedPorts, ports: tuple[HostPort, ...]) -> UsedPorts:
    """As upstream, a port is a member of a set: it is free when one of its users is gone, even if there was a second one."""
    after = dict(used)
    for ip, protocol, port in ports:
        taken = tuple(other for other in after.get((protocol, port), ()) if other != ip)
        if taken:
            after[protocol, port] = taken
        else:
            after.pop((protocol, port), None)
    return after


def _without(pods: tuple[PodInfo, ...], key: str) -> tuple[PodInfo, ...]:
    return tuple(pod for pod in pods if pod.key != key)
