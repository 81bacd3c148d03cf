"""What a control plane promises once nobody disturbs it any more. Catalogue V1-V3, V8, N9.

Asked when a run has become quiet; the later ones go on from the quiet world for a while, on the default driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from refk8s.api.store import MODIFIED, Change, Stored
from refk8s.core.action import AdvanceTo, Crash, Restart
from refk8s.core.enabled import first
from refk8s.core.hands import Hands
from refk8s.core.invariant import LIVENESS, AtQuiet
from refk8s.core.model import Model
from refk8s.core.process import Informer
from refk8s.core.step import Draft, step
from refk8s.core.world import World
from refk8s.kinds.machines import progress_state
from refk8s.kinds.node import Node
from refk8s.kinds.nodeselector import required_nodes
from refk8s.kinds.pod import Pod

from . import SUITE
from .amounts import allocatable, clash, excess, host_ports, requests
from .scheduling import unfinished_on, unfit

SPEC = "specs/convergence.md"
ANVIL = "Anvil (OSDI 2024), eventually stable reconciliation"
MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
TERMINAL = ("Succeeded", "Failed")

A_WHILE_MS = 60_000
"""How long a quiet world is watched: longer than any back-off that is no goal, shorter than the retries of the scheduler's flush."""
NO_LIMIT = 2**31 - 1
"""The progress deadline of a Deployment that has none."""

KUBELET_LABELS = frozenset(
    {
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)
"""The labels of its Node that a kubelet sees to. Source: pkg/kubelet/kubelet_node_status.go, updateDefaultLabels."""

MAX_STEPS = 2_000
"""An end for worlds of many nodes, whose heartbeats alone take that many steps."""


@SUITE.invariant("CONV-01", severity=LIVENESS, on=AtQuiet(), spec=SPEC, source=ANVIL, catalogue="V1")
def deployments_reach_what_they_want_or_say_why_not(model: Model, world: World) -> str | None:
    """Once the cluster is quiet, every Deployment has all its replicas updated and available, or says what is in the way.

    Its status is about its present generation and adds up its ReplicaSets' statuses. If it is not complete, its condition Progressing is False (with a
    deadline a rollout is over or late, never under way), ReplicaFailure is True, or pods of its newest ReplicaSet are not ready (CONV-03: these say why; old
    ones that are not ready are taken away first) or, with the strategy Recreate, not gone yet. Paused Deployments, and those that are being deleted or in a
    namespace that is, have nothing to reach.

    Known exception of upstream (k#138036 and its like): as long as an active ReplicaSet is annotated with another size of its Deployment, every sync takes
    the path of a scaling, and that may have nothing to scale: with Recreate and two active ReplicaSets, or without surge, such a rollout stands for ever.
    """
    if not _runs(world, MANAGER):
        return None
    replica_sets = world.store.collection("replicasets")
    for stored in world.store.collection("deployments").objects.values():
        spec, status = stored.document["spec"], stored.document.get("status") or {}
        if spec.get("paused") or _is_leaving(world, stored):
            continue
        what = f"deployments/{stored.key}"
        generation = stored.document["metadata"].get("generation", 0)
        if status.get("observedGeneration", 0) != generation:
            return (
                f"{what}: its status is about generation {status.get('observedGeneration', 0)}: expected {generation}"
            )
        owned = _owned(replica_sets, stored)
        for field in ("replicas", "readyReplicas", "availableReplicas"):
            total = sum((one.document.get("status") or {}).get(field, 0) for one in owned)
            if status.get(field, 0) != total:
                return f"{what}: status.{field} is {status.get(field, 0)}: expected {total}, as its ReplicaSets have"
        wanted = spec.get("replicas", 1)
        if any(_noted_size(one) not in (None, str(wanted)) for one in owned):
            continue
        counts = [status.get(field, 0) for field in ("updatedReplicas", "replicas", "availableReplicas")]
        if counts == [wanted] * 3 or _condition(status, "Progressing") == "False":
            continue
        if (
            progress_state(stored.document)[""] == "progressing"
            and spec.get("progressDeadlineSeconds", NO_LIMIT) != NO_LIMIT
        ):
            return f"{what}: its rollout goes on for ever, updated, present and available are {counts}: expected {wanted}, or ProgressDeadlineExceeded"
        if _condition(status, "ReplicaFailure") == "True" or any(_waits(world, one) for one in _newest(owned)):
            continue
        if (spec.get("strategy") or {}).get("type") == "Recreate" and status.get("terminatingReplicas"):
            continue
        return f"{what}: updated, present and available are {counts} with all new pods ready: expected {wanted}, or a reason"
    return None


@SUITE.invariant("CONV-02", severity=LIVENESS, on=AtQuiet(), spec=SPEC, source=ANVIL, catalogue="V1")
def replica_sets_have_the_pods_they_want_or_say_why_not(model: Model, world: World) -> str | None:
    """Once the cluster is quiet, every ReplicaSet has as many active pods as it wants, or its condition ReplicaFailure is True; and it counts them right."""
    if not _runs(world, MANAGER):
        return None
    pods = world.store.collection("pods")
    for stored in world.store.collection("replicasets").objects.values():
        if _is_leaving(world, stored):
            continue
        status, active = stored.document.get("status") or {}, [pod for pod in _owned(pods, stored) if _is_active(pod)]
        wanted = stored.document["spec"].get("replicas", 1)
        what = f"replicasets/{stored.key}"
        if len(active) != wanted and _condition(status, "ReplicaFailure") != "True":
            return f"{what} has {len(active)} active pods: expected {wanted}, or the condition ReplicaFailure"
        ready = sum(_condition(pod.document["status"], "Ready") == "True" for pod in active)
        going = [pod for pod in _owned(pods, stored) if _is_going(pod)]
        for field, count in (("replicas", len(active)), ("readyReplicas", ready), ("terminatingReplicas", len(going))):
            if status.get(field, 0) != count:
                return f"{what}: status.{field} is {status.get(field, 0)}: expected {count}, as there are"
    return None


@SUITE.invariant("CONV-03", severity=LIVENESS, on=AtQuiet(), spec=SPEC, source=ANVIL, catalogue="V1")
def nothing_waits_without_saying_what_for(model: Model, world: World) -> str | None:
    """Once the cluster is quiet, every pod runs, has ended, or says what it waits for, and what is being deleted is gone unless a finalizer keeps it.

    A pod without a node says so in PodScheduled; one on a live node shows every container running, or the state that keeps it from that. Pods on nodes that
    are down can neither run nor go.
    """
    for stored in world.store.collection("pods").objects.values():
        why = _stuck(world, stored)
        if why:
            return f"pods/{stored.key}: {why}"
    for resource in world.store.resources():
        if resource in ("pods", "namespaces"):
            continue
        for stored in world.store.collection(resource).objects.values():
            metadata = stored.document["metadata"]
            if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
                return f"{resource}/{stored.key} is being deleted, has no finalizer, and is still there: expected it to be gone"
    if not _runs(world, MANAGER):
        return None
    for stored in world.store.collection("namespaces").objects.values():
        metadata = stored.document["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers") and not _contents(world, stored.key):
            return f"namespaces/{stored.key} is being deleted, is empty, and is still there: expected it to be gone"
    return None


@SUITE.invariant(
    "SCHED-06",
    severity=LIVENESS,
    on=AtQuiet(),
    spec="specs/scheduler.md",
    source="pkg/scheduler/backend/queue/scheduling_queue.go (k#109437)",
    catalogue="N9",
)
def no_pod_waits_for_a_node_that_has_room(model: Model, world: World) -> str | None:
    """Once the cluster is quiet, no pod waits for the scheduler while a node is open to it and has the room.

    Judged where that is simple: by taints, cordon, selector, node affinity, resources and ports; pods with constraints on other pods, gates, claims or volumes
    are not judged.
    """
    if not _runs(world, SCHEDULER):
        return None
    for stored in world.store.collection("pods").objects.values():
        spec = stored.document["spec"]
        if spec.get("nodeName") or not _is_active(stored) or not _is_plain(spec):
            continue
        pod, wanted, ports = stored.view(Pod), requests(stored), host_ports(stored.document)
        for node in world.store.collection("nodes").objects.values():
            if unfit(pod, node.view(Node)):
                continue
            others = unfinished_on(world, node.key)
            full = excess(wanted, [requests(other) for other in others], allocatable(node.document))
            if not full and not clash(ports, [port for other in others for port in host_ports(other.document)]):
                return f"pods/{stored.key} waits for a node, and {node.key} is open to it and has room: expected it to be bound"
    return None


@SUITE.invariant(
    "CONV-04",
    severity=LIVENESS,
    on=AtQuiet(),
    spec=SPEC,
    source="api-conventions, level-based controllers",
    catalogue="V2",
)
def a_quiet_cluster_stays_quiet(model: Model, world: World) -> str | None:
    """In a quiet cluster nothing but heartbeats is ever written, as long as nothing outside (users, containers that exit or fail) changes anything.

    Not judged while a node is down and nobody has noticed: that takes its grace period. The event of a pod that cannot be placed or made may be counted up,
    and the reason brought up to date, each time that it is tried again.
    """
    return _watch(model, world, A_WHILE_MS, "a quiet cluster", _is_retry) if _is_settled(world) else None


@SUITE.invariant(
    "CONV-05", severity=LIVENESS, on=AtQuiet(), spec=SPEC, source="controllers.md, level-driven", catalogue="V3"
)
def a_second_look_at_the_same_state_writes_nothing(model: Model, world: World) -> str | None:
    """If every controller, scheduler and kubelet of a quiet cluster looks at all its objects once more (a resync), nothing but heartbeats is written.

    Reasons why pods cannot be placed may be brought up to date, as in CONV-04.
    """
    if not _is_settled(world):
        return None
    return _watch(model, _resynced(model, world), A_WHILE_MS // 4, "a second look", _is_retry)


@SUITE.invariant(
    "CONV-06", severity=LIVENESS, on=AtQuiet(), spec=SPEC, source="Sieve (OSDI 2022); KEP-4988", catalogue="V8"
)
def a_restart_changes_nothing(model: Model, world: World) -> str | None:
    """If every process of a quiet cluster but its users is restarted, so that all caches are listed anew, nothing but heartbeats and Events is written.

    Reasons why pods cannot be placed may be brought up to date, as in CONV-04: nodes that came and do not help have not woken the pod before. A kubelet whose
    Node somebody has deleted is left alone, since it registers only when it starts. The taints of a node that is not ready may change: upstream's node
    lifecycle controller takes NoExecute off every node that it meets and puts it back (markNodeAsReachable), so that evictions wait anew. Nor is anything
    judged once a kubelet has put back labels of its Node that somebody had changed: it does so when it starts, and pods may find another place then. Nor
    while a pod runs on a node that its selector does not match any more: a kubelet that starts admits all its pods anew, and rejects that one.
    """
    if not _is_settled(world) or _is_estranged(world):
        return None
    return _watch(model, _restarted(model, world), A_WHILE_MS, "a restart", _is_of_a_restart)


# ---- going on from a quiet world


def _watch(model: Model, world: World, for_ms: int, after_what: str, is_fine: Callable[[Change], bool]) -> str | None:
    """The first write within `for_ms` that is neither a heartbeat nor fine; nothing is judged any more once containers act by themselves."""
    restless = _restless(world)
    end_ms = world.now_ms + for_ms
    for _ in range(MAX_STEPS):
        action = first(world)
        if action is None or (type(action) is AdvanceTo and action.deadline_ms > end_ms):
            break
        world, delta = step(model, world, action)
        for change in delta.commits:
            if model.is_heartbeat(change) or is_fine(change):
                continue
            if _is_relabelled(change) or (change.actor.startswith("kubelet/") and _about(change) in restless):
                return None
            return f"after {after_what}, {change.actor} wrote {change.resource}/{change.key} ({change.type}): expected no write"
    return None


def _restless(world: World) -> set[str]:
    """The keys of the pods whose containers are not all ready: they may exit, be restarted or fail their probes at any time."""
    found = set()
    for stored in world.store.collection("pods").objects.values():
        status = stored.document.get("status") or {}
        entries = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
        if not all(entry.get("ready") for entry in entries):
            found.add(stored.key)
    return found


def _about(change: Change) -> str:
    """The key of the pod that a write is about."""
    if change.resource == "pods":
        return change.key
    involved = change.obj.document.get("involvedObject") or {}
    return f"{involved.get('namespace')}/{involved.get('name')}"


def _is_retry(change: Change) -> bool:
    """Whether a write says that, or why, a pod still cannot be placed, or made."""
    if change.resource == "events":
        return change.obj.document.get("reason") in ("FailedScheduling", "FailedCreate")
    unbound = change.resource == "pods" and not change.obj.document["spec"].get("nodeName")
    return unbound and change.type == MODIFIED and change.actor.startswith(SCHEDULER)


def _is_of_a_restart(change: Change) -> bool:
    """Whether a write is one that upstream makes after a restart."""
    if change.resource == "nodes":
        return _condition(change.obj.document.get("status") or {}, "Ready") != "True"
    return change.resource == "events" or _is_retry(change)


def _is_estranged(world: World) -> bool:
    """Whether a pod runs where its node selector or affinity would not let it any more. Source: pkg/kubelet/kubelet.go, HandlePodAdditions."""
    for node in world.store.collection("nodes").objects.values():
        for pod in unfinished_on(world, node.key):
            if not required_nodes(pod.view(Pod)).matches(node.key, node.view(Node).metadata.labels):
                return True
    return False


def _is_relabelled(change: Change) -> bool:
    """Whether a kubelet puts back the labels of its Node that it gives it. Source: pkg/kubelet/kubelet_node_status.go, updateDefaultLabels."""
    if change.prev is None or not change.actor.startswith("kubelet/"):
        return False
    was, now = change.prev.document["metadata"].get("labels") or {}, change.obj.document["metadata"].get("labels") or {}
    changed = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    return bool(changed) and all(name in KUBELET_LABELS for name in changed)


def _resynced(model: Model, world: World) -> World:
    """The world after all informers have shown all their objects again, as client-go's resync does, and all controllers have been started again."""
    draft = Draft(model, world)
    for p, process in world.procs.items():
        if not process.started or process.pid.startswith("user/") or world.stopped >> p & 1:
            continue
        mine, program = process.copy(), model.program(process.pid)
        hands = Hands(draft, p, mine, world.index)
        for stream, informer, handlers in zip(program.streams, mine.informers, program.handlers, strict=True):
            if informer is None:
                continue
            for stored in informer.root.cache(stream).all():
                again = _unchanged(informer, stored)
                for handler in handlers:
                    handler(hands, again)
        for controller in program.controllers:
            controller.started(hands)
        draft.settle(p, mine, program)
    after, _ = draft.freeze()
    return after


def _unchanged(informer: Informer, stored: Stored) -> Change:
    """The event of a resync: an update in which old and new are the same."""
    root = informer.root
    return Change(informer.revision, MODIFIED, root.resource, stored.key, stored, stored, root, 0, (), "")


def _restarted(model: Model, world: World) -> World:
    """The world in which every running process but the users' has lost its memory and starts anew."""
    running = [p for p, process in world.procs.items() if process.alive and _is_known(world, process.pid)]
    for p in running:
        world, _ = step(model, world, Crash(p))
    for p in running:
        world, _ = step(model, world, Restart(p))
    return world


def _is_known(world: World, pid: str) -> bool:
    """Whether a process is of the control plane, or the kubelet of a Node that exists."""
    kind, _, name = pid.partition("/")
    return kind != "user" and (kind != "kubelet" or world.store.get("nodes", name) is not None)


def _is_settled(world: World) -> bool:
    """Whether every node that seems to be up is."""
    nodes = world.store.collection("nodes").objects.values()
    return all(
        _is_served(world, node.key) or _condition(node.document.get("status") or {}, "Ready") == "Unknown"
        for node in nodes
    )


# ---- facts


def _runs(world: World, name: str) -> bool:
    """Whether a process of this name is up."""
    return any(
        process.alive and not world.stopped >> p & 1
        for p, process in world.procs.items()
        if process.pid.partition("/")[0] == name
    )


def _is_served(world: World, node: str) -> bool:
    """Whether the kubelet of a node is up."""
    p = world.names.get(f"kubelet/{node}")
    return p is not None and world.procs[p].alive and not world.stopped >> p & 1


def _is_leaving(world: World, stored: Stored) -> bool:
    """Whether an object, or its namespace, is being deleted."""
    namespace = world.store.get("namespaces", stored.namespace)
    gone = namespace is None or bool(namespace.document["metadata"].get("deletionTimestamp"))
    return gone or bool(stored.document["metadata"].get("deletionTimestamp"))


def _owned(collection: Any, owner: Stored) -> list[Stored]:
    """The objects that `owner` controls."""
    found = [collection.objects[key] for key in collection.keys_by("owner", owner.uid)]
    return [
        one
        for one in found
        if any(r["uid"] == owner.uid and r.get("controller") for r in one.document["metadata"]["ownerReferences"])
    ]


def _is_active(pod: Stored) -> bool:
    phase = (pod.document.get("status") or {}).get("phase")
    return phase not in TERMINAL and not pod.document["metadata"].get("deletionTimestamp")


def _noted_size(replica_set: Stored) -> str | None:
    """The size of its Deployment that an active ReplicaSet is annotated with."""
    annotations = replica_set.document["metadata"].get("annotations") or {}
    return (
        annotations.get("deployment.kubernetes.io/desired-replicas")
        if replica_set.document["spec"].get("replicas")
        else None
    )


def _is_going(pod: Stored) -> bool:
    phase = (pod.document.get("status") or {}).get("phase")
    return phase not in TERMINAL and bool(pod.document["metadata"].get("deletionTimestamp"))


def _newest(replica_sets: list[Stored]) -> list[Stored]:
    """The ReplicaSet of the newest revision: only its pods are waited for, since unhealthy old ones are taken away first."""

    def revision(replica_set: Stored) -> int:
        text = (replica_set.document["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision", "")
        return int(text) if text.isdecimal() else 0

    return sorted(replica_sets, key=revision)[-1:]


def _waits(world: World, replica_set: Stored) -> bool:
    """Whether a ReplicaSet has a pod that is not ready (or failed to get one), so that a rollout has something to wait for."""
    if _condition(replica_set.document.get("status") or {}, "ReplicaFailure") == "True":
        return True
    pods = _owned(world.store.collection("pods"), replica_set)
    return any(_condition(pod.document.get("status") or {}, "Ready") != "True" for pod in pods if _is_active(pod))


def _condition(status: Mapping[str, Any], kind: str) -> str:
    for condition in status.get("conditions") or ():
        if condition["type"] == kind:
            return str(condition["status"])
    return ""


def _stuck(world: World, pod: Stored) -> str:
    """What a pod waits for without saying so, "" if all is well."""
    metadata, spec, status = pod.document["metadata"], pod.document["spec"], pod.document.get("status") or {}
    node = spec.get("nodeName")
    if metadata.get("deletionTimestamp"):
        if metadata.get("finalizers") or (node and not _is_served(world, node) and world.store.get("nodes", node)):
            return ""
        return f"it is being deleted, {'its node is up' if node else 'has no node'}, and it is still there: expected it to be gone"
    if status.get("phase") in TERMINAL:
        return ""
    if not node:
        mine = spec.get("schedulerName", "default-scheduler") == "default-scheduler" and _runs(world, SCHEDULER)
        said = _condition(status, "PodScheduled")
        if not mine or said == "False":
            return ""
        return f"it waits for a node and does not say why, PodScheduled is {said or 'absent'}: expected False"
    if not _is_served(world, node):
        return (
            ""
            if world.store.get("nodes", node)
            else f"it is on {node}, which does not exist: expected it to be collected"
        )
    shown = {entry["name"]: entry for entry in status.get("containerStatuses") or ()}
    for container in spec["containers"]:
        state = shown.get(container["name"], {}).get("state") or {}
        if not state:
            return f"{node} has not said anything of its container {container['name']}: expected a state"
        if "waiting" in state and not state["waiting"].get("reason"):
            return f"its container {container['name']} waits on {node} without a reason: expected one"
    return ""


def _contents(world: World, namespace: str) -> str:
    """Something that is left in a namespace, "" if it is empty. Events and Leases of others count as upstream counts them."""
    for resource in world.store.resources():
        keys = world.store.collection(resource).keys_by("namespace", namespace)
        if keys:
            return f"{resource}/{keys[0]}"
    return ""


def _is_plain(spec: Mapping[str, Any]) -> bool:
    """Whether a pod's place depends on nothing but the node and what is taken there, and on the default scheduler."""
    affinity = spec.get("affinity") or {}
    if spec.get("schedulerName", "default-scheduler") != "default-scheduler" or spec.get("schedulingGates"):
        return False
    if spec.get("topologySpreadConstraints") or affinity.get("podAffinity") or affinity.get("podAntiAffinity"):
        return False
    volumes = spec.get("volumes") or ()
    return not spec.get("resourceClaims") and not any("persistentVolumeClaim" in v or "ephemeral" in v for v in volumes)
