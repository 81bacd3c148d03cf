"""What the scheduler, and the kubelet's admission, promise about placing pods. Catalogue N1, N2, N4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from refk8s.api.store import ADDED, DELETED, Change, Collection, Stored
from refk8s.core.action import Action
from refk8s.core.delta import Delta
from refk8s.core.invariant import SAFETY, Noted, writes
from refk8s.core.world import World
from refk8s.kinds.node import Node
from refk8s.kinds.nodeselector import required_nodes
from refk8s.kinds.pod import Pod
from refk8s.kinds.toleration import NO_EXECUTE, NO_SCHEDULE, Taint, tolerated, untolerated
from refk8s.kubelet.records import memory_of
from refk8s.kubelet.runtime import RUNTIME
from refk8s.scheduler.program import UNSURE

from . import SUITE
from .amounts import Amounts, allocatable, as_number, clash, excess, host_ports, requests

SPEC = "specs/scheduler.md"
SCHEDULER = "kube-scheduler"
TERMINAL = ("Succeeded", "Failed")
CORDONED = Taint(key="node.kubernetes.io/unschedulable", effect=NO_SCHEDULE)


@SUITE.invariant(
    "SCHED-01",
    severity=SAFETY,
    on=Noted("decision"),
    spec=SPEC,
    source="pkg/scheduler/schedule_one.go, schedulePod; backend/cache/cache.go, UpdateSnapshot",
    catalogue="N2",
)
def a_decision_rests_on_a_state_of_the_store_and_its_own_assumptions(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """The node that a scheduler chooses is in its snapshot as its informers show it.

    That is the state of the store at one revision: the node, and on it the unfinished pods bound there together with those that the scheduler has assumed
    there, no others.
    """
    for p, where, _, chosen, cache in _placements(delta):
        roots = _roots(after, p)
        info = cache.snapshot.node(chosen)
        stored = roots["nodes"].get(chosen) if "nodes" in roots else None
        if info is None or stored is None:
            return f"{after.pids[p]} chose {chosen} for {where}, which its informer does not know: expected a node that it shows"
        if _hard_facts(info.node) != _hard_facts(stored.view(Node)):
            return f"{after.pids[p]} chose {chosen} for {where} by other labels, taints or resources: expected those of revision {stored.revision}"
        bound = dict(_bound(roots["pods"], chosen))
        seen = {each.key: each.name for each in info.pods}
        missing = [key for uid, key in bound.items() if uid not in seen]
        if missing:
            return f"{after.pids[p]} chose {chosen} for {where} without {missing[0]}: expected it to be counted, since it is bound there"
        phantoms = [name for uid, name in seen.items() if uid not in bound and cache.assumed.get(uid) != chosen]
        if phantoms:
            return f"{after.pids[p]} chose {chosen} for {where} and counts {phantoms[0]} there: expected only pods that are bound or assumed there"
    return None


@SUITE.invariant(
    "SCHED-02",
    severity=SAFETY,
    on=Noted("decision"),
    spec=SPEC,
    source="pkg/scheduler/framework/plugins; docs, Assigning Pods to Nodes",
    catalogue="N2",
)
def hard_constraints_hold_for_the_chosen_node(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """The node that a scheduler chooses has, in the snapshot used, all that the pod cannot do without.

    It is the node that the pod names, if any, open to it (not cordoned, no untolerated NoSchedule or NoExecute taint), matches its node selector and required
    node affinity, and has the resources and host ports that it asks for.
    """
    for p, where, pod, chosen, cache in _placements(delta):
        info = cache.snapshot.node(chosen)
        if info is None:
            continue
        why = unfit(pod.pod, info.node) or _no_room(pod, info)
        if why:
            return f"{after.pids[p]} chose {chosen} for {where}: {why}"
    return None


@SUITE.invariant(
    "SCHED-03",
    severity=SAFETY,
    on=writes("pods"),
    spec=SPEC,
    source="pkg/scheduler/framework/plugins; docs, Assigning Pods to Nodes",
    catalogue="N2",
)
def a_bound_pod_and_its_node_have_matched(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A pod that a scheduler binds fits, by itself, on its node as that is now or has been: by taints, cordon, selector, affinity and size.

    A node that changed while the binding was under way is no fault of the scheduler's. Where older versions are compacted away, nobody can say.
    """
    for change, name in _bindings(delta):
        if not change.actor.startswith(SCHEDULER):
            continue
        pod, wanted, why = change.obj.view(Pod), requests(change.obj), ""
        for node in _versions(after, name):
            why = unfit(pod, node.view(Node)) or excess(wanted, (), allocatable(node.document))
            if not why:
                break
        else:
            if after.store.log("nodes").base:
                continue
            return (
                f"pods/{change.key}: {change.actor} bound it to {name}: {why or 'there is no such node: expected one'}"
            )
    return None


@SUITE.invariant(
    "SCHED-04",
    severity=SAFETY,
    on=writes("pods"),
    spec=SPEC,
    source="pkg/scheduler/backend/cache/interface.go; framework/plugins/noderesources/fit.go",
    catalogue="N1",
)
def a_scheduler_does_not_overcommit_a_node(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """The unfinished pods that one scheduler has bound to a node never ask for more than the node can give, nor for the same host port.

    Pods that others put there (a user, a second scheduler) may not be known to it yet. A scheduler that has crashed does not know of bindings still on the
    wire, and one that got no answer to a binding takes it for failed. None of that is judged here, since upstream promises nothing; the kubelet's admission
    decides (KUBELET-01).
    """
    for change, name in _bindings(delta):
        if not change.actor.startswith(SCHEDULER) or not _is_sure(before, change.actor):
            continue
        node = after.store.get("nodes", name)
        have = allocatable(node.document) if node is not None else {}
        others = [other for other in unfinished_on(after, name) if other.key != change.key]
        if not _conflict(change.obj, others, have):
            continue
        have = _largest(after, name)
        own = _bound_by(after, change.actor, others)
        why = _conflict(change.obj, own, have)
        if why:
            return (
                f"pods/{change.key}: {change.actor} bound it to {name} beside {len(own)} pods of its own there: {why}"
            )
    return None


@SUITE.invariant(
    "SCHED-05",
    severity=SAFETY,
    on=writes("pods"),
    spec="specs/apiserver.md",
    source="pkg/registry/core/pod/storage/storage.go, setPodNodeAndMetadata",
    catalogue="N4",
)
def a_binding_takes_an_unbound_living_pod_of_its_uid(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """A binding takes effect only on a pod that has no node, is not being deleted, and has the uid that the binding names, if it names one.

    The API server does not ask whether the node exists: the pod garbage collector deals with that.
    """
    if delta.served is None or delta.served[0].request.subresource != "binding":
        return None
    body = delta.served[0].request.body
    uid = ((body.get("metadata") or {}) if isinstance(body, dict) else {}).get("uid")
    for change in delta.commits:
        pod = change.prev
        if change.resource != "pods" or pod is None:
            continue
        what = f"pods/{change.key}: the binding of {change.actor} took effect"
        if pod.document["spec"].get("nodeName"):
            return f"{what} though it was on {pod.document['spec']['nodeName']} already: expected 409 Conflict"
        if pod.document["metadata"].get("deletionTimestamp"):
            return f"{what} though it was being deleted: expected 409 Conflict"
        if uid and uid != pod.uid:
            return f"{what} on uid {pod.uid}: expected {uid}, or 409 Conflict"
    return None


@SUITE.invariant(
    "KUBELET-01",
    severity=SAFETY,
    on=Noted("admitted"),
    spec="specs/kubelet.md",
    source="pkg/kubelet/lifecycle/predicate.go; k#104824, k#106884",
    catalogue="N1",
)
def a_kubelet_admits_only_what_fits(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A pod that a kubelet lets in fits on the node beside all pods whose containers still run there, whatever the API server says of these."""
    for p, kind, data in delta.notes:
        if kind != "admitted":
            continue
        pod, node = data
        others = _running(after, p, pod.uid)
        have = {name: as_number(name, amount) for name, amount in node.status.allocatable.items()}
        why = excess(requests(pod), [requests(other) for other in others], have)
        if why:
            return f"{after.pids[p]} admitted {pod.key} beside {len(others)} pods that run: {why}"
    return None


def _running(world: World, p: int, uid: str) -> list[Stored]:
    """The pods that a kubelet has let in and that still hold something of its node, without `uid`."""
    memory, now_ms = world.procs[p].memory, world.now_ms
    found = []
    for sandbox in memory[RUNTIME].pods.values() if RUNTIME in memory else ():
        worker = memory.get(memory_of(sandbox.uid))
        if (
            sandbox.uid != uid
            and worker is not None
            and worker.last is not None
            and (sandbox.ready or sandbox.running(now_ms))
        ):
            found.append(worker.last)
    return found


# ---- facts


def _placements(delta: Delta) -> Iterator[tuple[int, str, Any, str, Any]]:
    """(process, pod's key, PodInfo, chosen node, cache used) of the cycles that found a node."""
    for p, kind, data in delta.notes:
        if kind == "decision" and data[2].chosen:
            yield p, data[0], data[1], data[2].chosen, data[3]


def _bindings(delta: Delta) -> Iterator[tuple[Change, str]]:
    """(change, node) of the pods that this step has put on a node by a binding."""
    for change in delta.commits:
        if change.resource == "pods" and change.prev is not None and change.type not in (ADDED, DELETED):
            spec, old = change.obj.document["spec"], change.prev.document["spec"]
            if spec is not old and spec.get("nodeName") and not old.get("nodeName"):
                yield change, spec["nodeName"]


def _roots(world: World, p: int) -> dict[str, Collection]:
    """The caches of a process by resource."""
    return {informer.root.resource: informer.root for informer in world.procs[p].informers if informer is not None}


def _bound(pods: Collection, node: str) -> Iterator[tuple[str, str]]:
    """(uid, key) of the unfinished pods of a cache on a node."""
    for key in pods.keys_by("node", node):
        stored = pods.objects[key]
        if (stored.document.get("status") or {}).get("phase") not in TERMINAL:
            yield stored.uid, key


def _hard_facts(node: Node) -> tuple[Any, ...]:
    return node.metadata.labels, node.spec.taints, node.spec.unschedulable, node.status.allocatable


def unfit(pod: Pod, node: Node) -> str:
    """Why a pod cannot run on a node whatever else runs there, "" if it can."""
    name, spec = node.metadata.name, pod.spec
    if spec.node_name and spec.node_name != name:
        return f"{name} is not the node that it names: expected {spec.node_name}"
    if node.spec.unschedulable and not tolerated(spec.tolerations, CORDONED):
        return f"{name} is cordoned: expected a node that is not"
    taint = untolerated(node.spec.taints, spec.tolerations, (NO_SCHEDULE, NO_EXECUTE))
    if taint is not None:
        return f"{name} has the taint {taint.key}:{taint.effect}: expected none that it does not tolerate"
    if not required_nodes(pod).matches(name, node.metadata.labels):
        return f"{name} does not match its node selector or affinity: expected a node that does"
    return ""


def _no_room(pod: Any, info: Any) -> str:
    """Why a pod does not fit beside those on a node of a snapshot."""
    wanted, total, have = pod.request, pod.request, info.allocatable
    cpu, memory, storage = total.milli_cpu, total.memory, total.ephemeral_storage
    scalar = dict(total.scalar)
    for other in info.pods:
        cpu += other.request.milli_cpu
        memory += other.request.memory
        storage += other.request.ephemeral_storage
        for name in scalar:
            scalar[name] += other.request.scalar.get(name, 0)
    if len(info.pods) >= have.allowed_pod_number:
        return f"{len(info.pods) + 1} pods: expected at most {have.allowed_pod_number}"
    for name, asked, sum_of, limit in (
        ("cpu", wanted.milli_cpu, cpu, have.milli_cpu),
        ("memory", wanted.memory, memory, have.memory),
        ("ephemeral-storage", wanted.ephemeral_storage, storage, have.ephemeral_storage),
        *((name, wanted.scalar[name], amount, have.scalar.get(name, 0)) for name, amount in sorted(scalar.items())),
    ):
        if asked > 0 and sum_of > limit:
            unit = "m" if name == "cpu" else ""
            return f"{name} {sum_of}{unit}: expected at most {limit}{unit}"
    port = clash(pod.ports, [port for other in info.pods for port in other.ports]) if pod.ports else ""
    return f"{port} is taken: expected it to be free" if port else ""


def unfinished_on(world: World, node: str) -> list[Stored]:
    """The unfinished pods on a node."""
    pods = world.store.collection("pods")
    found = [pods.objects[key] for key in pods.keys_by("node", node)]
    return [pod for pod in found if (pod.document.get("status") or {}).get("phase") not in TERMINAL]


def _is_sure(world: World, pid: str) -> bool:
    """Whether a scheduler has neither crashed nor lost an answer, and history is complete."""
    process = world.process(pid)
    return not process.incarnation and process.memory.get(UNSURE) is None and not world.store.log("nodes").base


def _conflict(pod: Stored, others: list[Stored], have: Amounts) -> str:
    why = excess(requests(pod), [requests(other) for other in others], have)
    ports = host_ports(pod.document)
    if why or not ports:
        return why
    port = clash(ports, [port for other in others for port in host_ports(other.document)])
    return f"{port} is taken: expected it to be free" if port else ""


def _versions(world: World, name: str) -> Iterator[Stored]:
    """A node as it is, then as it was, as far back as history goes."""
    node = world.store.get("nodes", name)
    if node is not None:
        yield node
    for change in reversed(world.store.log("nodes")):
        if change.key == name:
            yield change.obj
            if change.prev is not None:
                yield change.prev


def _largest(world: World, name: str) -> Amounts:
    """The most of each resource that a node has had to give."""
    most: dict[str, int] = {}
    for node in _versions(world, name):
        for resource, amount in allocatable(node.document).items():
            most[resource] = max(most.get(resource, 0), amount)
    return most


def _bound_by(world: World, actor: str, pods: list[Stored]) -> list[Stored]:
    """Those of the pods that `actor` has bound, as history says."""
    left = {pod.uid: pod for pod in pods}
    own: dict[str, Stored] = {}
    for change in reversed(world.store.log("pods")):
        if not left:
            break
        if change.obj.uid not in left or change.prev is None or change.prev.document["spec"].get("nodeName"):
            continue
        if change.obj.document["spec"].get("nodeName"):
            pod = left.pop(change.obj.uid)
            if change.actor == actor:
                own[pod.uid] = pod
    return [own[pod.uid] for pod in pods if pod.uid in own]
