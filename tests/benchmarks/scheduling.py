"""Pods per second of the scheduler in a cluster of 5,000 nodes, in the shapes of upstream's scheduler_perf (test/integration/scheduler_perf)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from resource import RUSAGE_SELF, getrusage
from time import process_time
from typing import Any

import attrs

from refk8s.api.store import ADDED, DELETED
from refk8s.core.action import Action
from refk8s.core.delta import Delta
from refk8s.core.digest import cell
from refk8s.core.world import World
from refk8s.explore.cluster import Cluster, build
from refk8s.explore.run import run
from refk8s.kinds.codec import view
from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.scheduler.cache import EMPTY_CACHE, Cache
from refk8s.scheduler.cycle import has_arrays, schedule
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins import default_profile

from .measure import Figure, Missing, Size, benchmark, no_collector

Document = dict[str, Any]

ZONE = "topology.kubernetes.io/zone"
HOSTNAME = "kubernetes.io/hostname"
ZONES = 10
PROFILE = default_profile()


@attrs.frozen
class Workload:
    """Pods `running` on each node and pods that are `pending`, as functions from a number to a document; `target` in pods per second, `pods` measured."""

    name: str
    target: float
    running: Callable[[int], Document]
    pending: Callable[[int], Document]
    pods: int
    zones: int = ZONES
    namespaces: tuple[str, ...] = ()


def node(number: int, zones: int = ZONES) -> Document:
    """A node of 4 CPUs and 32 GiB for 110 pods. Source: templates/node-default.yaml."""
    name = f"node-{number:04}"
    there = {"cpu": "4", "memory": "32Gi", "pods": "110"}
    labels = {HOSTNAME: name, ZONE: f"zone-{number % zones + 1}"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {
            "capacity": there,
            "allocatable": there,
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(
    name: str,
    *,
    namespace: str = "default",
    labels: Mapping[str, str] | None = None,
    cpu: str = "100m",
    memory: str = "500Mi",
    **spec: Any,
) -> Document:
    """A pod of one small container. Source: templates/pod-default.yaml."""
    resources = {"limits": {"cpu": cpu, "memory": memory}, "requests": {"cpu": cpu, "memory": memory}}
    container = {"name": "pause", "image": "registry.k8s.io/pause:3.10.1", "resources": resources}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": dict(labels or {})},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0, **spec},
    }


def plain(n: int) -> Document:
    """A pod without wishes."""
    return pod(f"pod-{n}")


def low(n: int) -> Document:
    """Source: templates/pod-low-priority.yaml."""
    return pod(f"pod-{n}", cpu="900m")


def high(n: int) -> Document:
    """Source: templates/pod-high-priority.yaml."""
    return pod(f"pod-{n}", cpu="3000m", priority=10)


def in_zone(n: int) -> Document:
    """Source: templates/pod-with-node-affinity.yaml."""
    term = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["zone-1", "zone-2"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return pod(f"pod-{n}", affinity={"nodeAffinity": required})


def spread(n: int) -> Document:
    """Source: templates/pod-with-topology-spreading.yaml."""
    constraint = {
        "maxSkew": 5,
        "topologyKey": ZONE,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"color": "blue"}},
    }
    return pod(f"pod-{n}", labels={"color": "blue"}, topologySpreadConstraints=[constraint])


def apart(n: int) -> Document:
    """Source: templates/pod-with-pod-anti-affinity.yaml."""
    return _with_term(n, "podAntiAffinity", "green", HOSTNAME)


def together(n: int) -> Document:
    """Source: templates/pod-with-pod-affinity.yaml."""
    return _with_term(n, "podAffinity", "blue", ZONE)


def _with_term(n: int, kind: str, color: str, key: str) -> Document:
    """The pods that run already are of the first namespace, the measured ones of the second; the term is about both."""
    namespaces = ["sched-0", "sched-1"]
    term = {"labelSelector": {"matchLabels": {"color": color}}, "topologyKey": key, "namespaces": namespaces}
    affinity = {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return pod(f"pod-{n}", namespace=namespaces[1], labels={"color": color}, affinity=affinity)


def _earlier(measured: Callable[[int], Document], every: int) -> Callable[[int], Document]:
    """Of the first 5,000 pods each so many-th is like the measured ones, in the namespace `sched-0`; the others are plain."""

    def running(n: int) -> Document:
        if n % every or n >= 5_000:
            return plain(n)
        document = measured(n)
        document["metadata"]["namespace"] = "sched-0"
        return document

    return running


BOTH = ("sched-0", "sched-1")
WORKLOADS = (
    Workload("SchedulingBasic", 300, plain, plain, 3_000),
    Workload("NodeAffinity", 200, plain, in_zone, 2_000),
    Workload("TopologySpreading", 85, plain, spread, 1_500),
    Workload("PodAntiAffinity", 60, _earlier(apart, 5), apart, 1_000, namespaces=BOTH),
    Workload("PodAffinity", 35, _earlier(together, 1), together, 1_000, zones=1, namespaces=BOTH),
    Workload("Preemption", 100, low, high, 1_000),
)


@benchmark("scheduling")
def scheduling(size: Size) -> list[Figure]:
    """Pods per CPU second of the scheduler with 5,000 nodes (4 CPUs, 32 GiB) and 10,000 running pods, all nodes filtered and all feasible ones scored.
    Bare cycles: snapshot update, filters, scores, choice, assumption. The others run the kube-scheduler process against the API server, from the
    first decision to the last binding: watch events, queue, cycle, assumption, binding, confirmation, events and conditions; with Preemption the victims'
    eviction and the second attempt as well. No kubelets and no invariants.
    """
    if size == "full" and not has_arrays():
        raise Missing("without numpy the clear path would be measured, not the fast one; pip install 'refk8s[fast]'")
    nodes, running, share = (5_000, 10_000, 1.0) if size == "full" else (20, 40, 0.01)
    figures = [Figure("bare scheduling cycles", _bare(nodes, running, int(6_000 * share)), "/s", 1_000, at_least=True)]
    for workload in WORKLOADS:
        rate = _rate(workload, nodes, running, max(2, int(workload.pods * share)))
        figures.append(Figure(workload.name, rate, "pods/s", workload.target, at_least=True))
    peak_mib = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    figures.append(Figure("memory at most, all workloads one after the other", peak_mib, "MiB", 2_048))
    return figures


def _documents(workload: Workload, nodes: int, running: int, pending: int) -> Iterator[Document]:
    for name in workload.namespaces:
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    for n in range(nodes):
        yield node(n, workload.zones)
    for n in range(running):
        document = workload.running(n)
        document["spec"]["nodeName"] = f"node-{n % nodes:04}"
        document["status"] = {"phase": "Running"}
        yield document
    for n in range(running, running + pending):
        yield workload.pending(n)


def _bare(nodes: int, running: int, pods: int) -> float:
    """Cycles per second on a cache, without queue, process or API server."""
    cache: Cache = EMPTY_CACHE
    waiting: list[PodInfo] = []
    for document in _documents(WORKLOADS[0], nodes, running, pods):
        if document["kind"] == "Node":
            cache = cache.put_node(view(Node, document))
            continue
        info = PodInfo.of(view(Pod, document))
        if info.pod.spec.node_name:
            cache = cache.put(info, info.pod.spec.node_name)
        else:
            waiting.append(info)
    with no_collector():
        began = process_time()
        for info in waiting:
            decision = schedule(PROFILE, info, cache.snapshot, choose=partial(_turn, cell("tie", info.key)))
            if not decision.chosen:
                raise RuntimeError(f"measured a broken run: {decision.message}")
            cache = cache.assume(info, decision.chosen)
        return len(waiting) / (process_time() - began)


def _turn(number: int, best: Sequence[str]) -> str:
    """One of several nodes that are equally good."""
    return best[number % len(best)]


class _Bound:
    """Counts the pods that get a node, as an observer; `began` is the time before the first decision."""

    def __init__(self) -> None:
        self.count = 0
        self.began = 0.0
        self.decided = False

    def __call__(self, before: World, action: Action, after: World, delta: Delta) -> None:
        """See one step."""
        if not self.decided:
            self.decided = any(kind == "decision" for _, kind, _ in delta.notes)
            if not self.decided:
                self.began = process_time()
        for change in delta.commits:
            if change.resource == "pods" and change.type not in (ADDED, DELETED) and change.prev is not None:
                now, was = change.obj.document["spec"], change.prev.document["spec"]
                self.count += bool(now.get("nodeName")) and not was.get("nodeName")


def _rate(workload: Workload, nodes: int, running: int, pending: int) -> float:
    """Pods bound per second by the kube-scheduler process, from before the first decision on."""
    objects = tuple(_documents(workload, nodes, running, pending))
    model, world = build(Cluster(objects=objects, controllers=()))
    bound = _Bound()
    outcome = run(model, world, until=lambda _: bound.count == pending, observers=(bound,))
    if outcome.verdict != "until":
        raise RuntimeError(f"measured a broken run of {workload.name}: {outcome.verdict}, {bound.count} pods bound")
    return pending / (process_time() - bound.began)
