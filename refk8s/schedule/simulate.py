"""Many pods at once, in the order of the scheduling queue: each is decided on as if those before it had been bound already.

Time does not pass: nobody comes back from back-off, and a pod that was rejected is not tried again, unless room was made for it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Any

import attrs

from refk8s.kinds.codec import EMPTY
from refk8s.schedule.cluster import Cluster
from refk8s.schedule.whatif import made_again
from refk8s.scheduler.config import Configuration
from refk8s.scheduler.cycle import Decision, schedule
from refk8s.scheduler.framework import Code, Profile, Status
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.rules import scheduler_of

__all__ = ["Placement", "run"]


@attrs.frozen(eq=False)
class Placement:
    """What became of a pod: `node` it goes to ("" none), the `decision`, or the `gate` that keeps it out of the queue.

    `profile` None: no profile of the configuration is for it. `evicted` had to go for it.
    """

    pod: PodInfo
    profile: Profile | None = None
    decision: Decision | None = None
    gate: Status | None = None
    node: str = ""
    evicted: tuple[PodInfo, ...] = ()

    @property
    def name(self) -> str:
        """namespace/name of the pod."""
        return f"{self.pod.namespace}/{self.pod.name}"


def run(
    cluster: Cluster, configuration: Configuration, pods: Iterable[PodInfo], *, explain: bool, preempt: bool
) -> tuple[list[Placement], Cluster]:
    """Schedule the pods; returns what became of each, in the order in which they were tried, and the cluster afterwards.

    With `preempt`, the victims of a preemption go at once, the pod takes their room, and what a controller makes in their place is scheduled too.
    """
    profiles = configuration.by_name
    line: list[tuple[Any, ...]] = []
    for number, pod in enumerate(pods):
        name = scheduler_of(pod)
        key = profiles[name].queue_key(pod, number) if name in profiles else (0, number)
        heapq.heappush(line, (*key, number, pod))
    number = len(line)
    found: list[Placement] = []
    nominated = cluster.nominated()
    while line:
        pod = heapq.heappop(line)[-1]
        name = scheduler_of(pod)
        if name not in profiles:
            found.append(Placement(pod))
            continue
        profile = profiles[name]
        placement, cluster = _one(cluster, profile, pod, nominated, explain=explain, preempt=preempt)
        found.append(placement)
        _forget(nominated, pod)
        if not placement.node and placement.decision is not None:
            for node in placement.decision.nominating or (pod.pod.status.nominated_node_name,):
                if node:
                    nominated[node] = (*nominated.get(node, ()), pod)
        for victim in placement.evicted:
            again = made_again(victim)
            if again is not None and scheduler_of(again) in profiles:
                number += 1
                heapq.heappush(line, (*profiles[scheduler_of(again)].queue_key(again, number), number, again))
    return found, cluster


def _forget(nominated: dict[str, tuple[PodInfo, ...]], pod: PodInfo) -> None:
    """Take back the nomination of a pod that has been tried."""
    node = pod.pod.status.nominated_node_name
    if node in nominated:
        left = tuple(other for other in nominated[node] if other.key != pod.key)
        if left:
            nominated[node] = left
        else:
            del nominated[node]


def _one(
    cluster: Cluster,
    profile: Profile,
    pod: PodInfo,
    nominated: dict[str, tuple[PodInfo, ...]],
    *,
    explain: bool,
    preempt: bool,
) -> tuple[Placement, Cluster]:
    gate = profile.pre_enqueue(pod)
    if gate is not None:
        return Placement(pod, profile, gate=gate), cluster
    snapshot = cluster.snapshot
    decision = schedule(profile, pod, snapshot, nominated=nominated or EMPTY, explain=explain)
    if decision.chosen:
        return (
            Placement(pod, profile, decision, node=decision.chosen),
            attrs.evolve(cluster, snapshot=snapshot.with_pod(pod, decision.chosen)),
        )
    made = decision.post_filter
    if not preempt or made is None or made.status.code is not Code.SUCCESS or not made.nominated_node_name:
        return Placement(pod, profile, decision), cluster
    node = made.nominated_node_name
    victims = made.details.candidates[node].victims
    for victim in victims:
        snapshot = snapshot.without_pod(victim.key, node)
    snapshot = snapshot.with_pod(pod, node)
    return Placement(pod, profile, decision, node=node, evicted=victims), attrs.evolve(cluster, snapshot=snapshot)
