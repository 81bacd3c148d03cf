"""What the ReplicaSet and Deployment controllers promise. Catalogue C1, C4, C5.

A controller acts on caches that may trail, so what it does is judged by what its sync knew: the log of the flight that sent the write holds the caches as it
saw them and the answers that it has had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from refk8s.api.store import ADDED, DELETED, Cache, Change, Stored
from refk8s.core.action import Action
from refk8s.core.clock import unix_ms
from refk8s.core.delta import Delta
from refk8s.core.flight import Cached, Flight
from refk8s.core.invariant import SAFETY, writes
from refk8s.core.wire import Request
from refk8s.core.world import World

from . import SUITE

MANAGER = "kube-controller-manager"
EXPECTATIONS_MS = 5 * 60 * 1000
"""How long a controller waits for its cache to show what it did. Source: controller_utils.go, ExpectationsTimeout."""
DESIRED = "deployment.kubernetes.io/desired-replicas"


@SUITE.invariant(
    "REPLICASET-01",
    severity=SAFETY,
    on=writes("pods"),
    spec="specs/replicaset.md",
    source="pkg/controller/controller_utils.go, ControllerExpectations (k#19043, k#41675)",
    catalogue="C1",
)
def a_replica_set_gets_no_more_pods_than_it_wants(
    before: World, action: Action, after: World, delta: Delta
) -> str | None:
    """Creating a pod for a ReplicaSet never takes its active pods above spec.replicas as the controller saw it, however far its pod cache trails.

    Counted are the pods that its cache showed and those that it made itself in the last five minutes (the limit of expectations). Not judged: a controller
    that has crashed, or tries again after a failure (a lost answer), since it cannot know what it made before.
    """
    for change, flight, process in _made_by_flights(before, delta, "pods"):
        if change.type != ADDED:
            continue
        owner = _controller(change.obj)
        seen = _seen(flight, "replicasets")
        stored = seen.get(f"{change.obj.namespace}/{owner.get('name')}") if seen is not None else None
        if stored is None or stored.uid != owner.get("uid"):
            continue
        wanted = _size(stored)
        pods = after.store.collection("pods")
        if pods.count_by("owner", stored.uid) <= wanted or process.queues[flight.controller].failures.get(stored.key):
            continue
        active = [pod for pod in (pods.objects[key] for key in pods.keys_by("owner", stored.uid)) if _is_active(pod)]
        if len(active) > wanted and process.incarnation == 0:
            known = _known(after, change.actor, active, _seen(flight, "pods"))
            if known > wanted:
                return f"pods/{change.key}: {change.actor} made it for replicasets/{stored.key}, which has {known} active pods then: expected at most {wanted}"
    return None


@SUITE.invariant(
    "DEPLOYMENT-01",
    severity=SAFETY,
    on=writes("replicasets"),
    spec="specs/deployment.md",
    source="pkg/controller/deployment/util/deployment_util.go, NewRSNewReplicas; sync.go, scale",
    catalogue="C4",
)
def a_rollout_stays_within_its_surge(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """No write of the Deployment controller takes the sum of spec.replicas of a Deployment's ReplicaSets above its replicas + maxSurge.

    By what its sync knew: the Deployment and ReplicaSets in its caches, and its own writes since. A sum that is above already (the Deployment was scaled
    down, a user scaled a ReplicaSet) is brought down step by step.
    """
    for change, sync in _resizes(before, delta):
        old, new = sync.sizes.get(change.key, 0), _size(change.obj)
        total = sum(sync.sizes.values())
        if new > old and total <= sync.most < total - old + new:
            return (
                f"replicasets/{change.key}: {change.actor} scaled it from {old} to {new}, which makes {total - old + new} replicas of "
                f"deployments/{sync.deployment.key}: expected at most {sync.most}"
            )
    return None


@SUITE.invariant(
    "DEPLOYMENT-02",
    severity=SAFETY,
    on=writes("replicasets"),
    spec="specs/deployment.md",
    source="pkg/controller/deployment/rolling.go, reconcileOldReplicaSets",
    catalogue="C5",
)
def a_rollout_keeps_enough_replicas_available(before: World, action: Action, after: World, delta: Delta) -> str | None:
    """A rolling update never scales a ReplicaSet down so that fewer than replicas - maxUnavailable available replicas are left.

    By what its sync knew: the status of the ReplicaSets, of which one that shrinks keeps no more available replicas than its new size. Not judged: scaling a
    Deployment (it keeps proportions, not availability), a status that changed under the sync, and of course containers that fail by themselves.
    """
    for change, sync in _resizes(before, delta):
        old, new = sync.sizes.get(change.key, 0), _size(change.obj)
        if new >= old or not sync.rolls or change.key not in sync.available:
            continue
        available = sync.available[change.key]
        if available != sync.at_first.get(change.key):
            continue
        left = sync.left()
        after_it = left - min(available, old) + min(available, new)
        if left >= sync.least > after_it:
            return (
                f"replicasets/{change.key}: {change.actor} scaled it from {old} to {new}, which leaves {after_it} available replicas of "
                f"deployments/{sync.deployment.key}: expected at least {sync.least}"
            )
    return None


# ---- what a sync knew


class _Sync:
    """What a Deployment controller's sync knew when it sent a write: the Deployment, and by ReplicaSet its size and available replicas."""

    def __init__(self, deployment: Stored, flight: Flight) -> None:
        self.deployment = deployment
        cache = _seen(flight, "replicasets")
        owned = (
            [one for one in cache.by_owner(deployment.uid) if _controller(one).get("uid") == deployment.uid]
            if cache
            else []
        )
        self.sizes = {one.key: _size(one) for one in owned}
        self.first_sizes = dict(self.sizes)
        self.available = {one.key: _available(one) for one in owned}
        self.at_first = dict(self.available)
        spec = deployment.document["spec"]
        self.desired = spec.get("replicas", 1)
        surge, unavailable = _fenceposts(spec, self.desired)
        self.most = self.desired + surge
        self.least = self.desired - min(unavailable, self.desired)
        noted = {(one.document["metadata"].get("annotations") or {}).get(DESIRED) for one in owned if _size(one)}
        is_scaled = any(size is not None and size != str(self.desired) for size in noted)
        self.rolls = (
            (spec.get("strategy") or {}).get("type") == "RollingUpdate" and not spec.get("paused") and not is_scaled
        )
        for effect, answer in flight.log:
            if type(effect) is Request and effect.resource == "replicasets" and answer.ok and answer.obj is not None:
                self._note(effect, answer.obj)

    def _note(self, request: Request, stored: Stored) -> None:
        """One of its own writes has succeeded."""
        if request.verb == "delete" or _controller(stored).get("uid") != self.deployment.uid:
            self.sizes.pop(stored.key, None)
            self.available.pop(stored.key, None)
        elif request.verb != "get":
            self.sizes[stored.key] = _size(stored)
            self.available[stored.key] = _available(stored)

    def left(self) -> int:
        """The available replicas that it has reason to count on."""
        total = 0
        for key, available in self.available.items():
            shrinks = self.sizes[key] < self.first_sizes.get(key, 0)
            total += min(available, self.sizes[key]) if shrinks else available
        return total


def _made_by_flights(before: World, delta: Delta, resource: str) -> Iterator[tuple[Change, Flight, Any]]:
    """(change, flight, process) of the commits that a waiting flight of the controller manager has asked for."""
    if delta.served is None:
        return
    message = delta.served[0]
    if message.flight is None or not before.pids[message.sender].startswith(MANAGER):
        return
    process = before.procs[message.sender]
    flight = process.flights.get(message.flight) if process.incarnation == message.incarnation else None
    if flight is not None:
        for change in delta.commits:
            if change.resource == resource and change.type != DELETED:
                yield change, flight, process


def _resizes(before: World, delta: Delta) -> Iterator[tuple[Change, _Sync]]:
    """(change, sync) of the writes by which a Deployment's sync has changed the size of one of its ReplicaSets."""
    for change, flight, _ in _made_by_flights(before, delta, "replicasets"):
        if change.prev is not None and _size(change.prev) == _size(change.obj):
            continue
        seen = _seen(flight, "deployments")
        deployment = seen.get(flight.key) if seen is not None else None
        if deployment is not None and _controller(change.obj).get("uid") == deployment.uid:
            yield change, _Sync(deployment, flight)


def _seen(flight: Flight, stream: str) -> Cache | None:
    """The cache of a stream as a flight saw it first."""
    for effect, answer in flight.log:
        if type(effect) is Cached and effect.stream == stream:
            cache: Cache = answer
            return cache
    return None


def _known(world: World, actor: str, pods: list[Stored], seen: Cache | None) -> int:
    """How many of the pods a controller must know of: its cache showed them, or it made them itself not long ago."""
    left = {pod.uid: pod for pod in pods}
    count = 0
    for pod in pods:
        cached = seen.get(pod.key) if seen is not None else None
        if cached is not None and cached.uid == pod.uid:
            count += 1
            del left[pod.uid]
    for change in reversed(world.store.log("pods")):
        if not left:
            break
        if change.type == ADDED and change.obj.uid in left:
            made = left.pop(change.obj.uid)
            since_ms = world.now_ms - unix_ms(made.document["metadata"]["creationTimestamp"])
            count += change.actor == actor and since_ms <= EXPECTATIONS_MS
    return count


def _controller(stored: Stored) -> Mapping[str, Any]:
    """The controller's ownerReference, empty if there is none."""
    for reference in stored.document["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: Mapping[str, Any] = reference
            return found
    return {}


def _size(replica_set: Stored) -> int:
    size: int = replica_set.document["spec"].get("replicas", 1)
    return size


def _available(replica_set: Stored) -> int:
    count: int = (replica_set.document.get("status") or {}).get("availableReplicas", 0)
    return count


def _is_active(pod: Stored) -> bool:
    phase = (pod.document.get("status") or {}).get("phase")
    return phase not in ("Succeeded", "Failed") and not pod.document["metadata"].get("deletionTimestamp")


def _fenceposts(spec: Mapping[str, Any], desired: int) -> tuple[int, int]:
    """maxSurge and maxUnavailable as numbers of pods. Source: ResolveFenceposts."""
    strategy = spec.get("strategy") or {}
    if strategy.get("type") != "RollingUpdate":
        return 0, desired
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", 0), desired, up=True)
    unavailable = _share(rolling.get("maxUnavailable", 0), desired, up=False)
    return surge, unavailable if surge or unavailable else 1


def _share(value: int | str, total: int, *, up: bool) -> int:
    """A number of pods, or a percentage of `total`."""
    if isinstance(value, int):
        return value
    hundredfold = int(value.removesuffix("%")) * total
    return -(-hundredfold // 100) if up else hundredfold // 100
