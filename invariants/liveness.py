"""That a cluster which nobody disturbs comes to rest: no hot loops, no circles, and no more writes than there are causes. Catalogue V4-V6.

These have a memory of the run: their checks are made anew for each run (EachStep), from its model and first World.
"""

from __future__ import annotations

from typing import Any, Final

from refk8s.api.store import MODIFIED, Change
from refk8s.core.action import Action, AdvanceTo, Begin, Deliver, Fire, Input, Reply, StopFaults
from refk8s.core.budget import NO_FAULTS
from refk8s.core.delta import Delta
from refk8s.core.enabled import deviates, is_idle, is_quiet
from refk8s.core.faults import kind_of
from refk8s.core.invariant import LIVENESS, EachStep
from refk8s.core.model import Model
from refk8s.core.world import World
from refk8s.explore.lasso import lasso_digest

from . import SUITE

SPEC = "specs/liveness.md"

STEPS_WITHOUT_TIME: Final = 2_000
STEPS_PER_OBJECT: Final = 200
"""So many steps may pass without time: the first number, and the second for each object that there is."""

WRITES: Final = 60
WRITES_PER_POD: Final = 10
"""So often may a process write an object between two causes: the first number, and the second for each pod that there was."""

BEATING: Final = ("leases", "nodes")
USUAL: Final = frozenset({Deliver, Reply, Begin, Fire})
"""Where heartbeats are, and what is never a fault: not worth a closer look."""

FIRST_LOOK: Final = 4_000
LOOKS: Final = 400
"""After so many steps that nobody disturbed it is first watched whether a run goes in circles, over so many moments; then after twice as many, and so on."""
TOO_MANY_OBJECTS: Final = 2_000
"""Larger clusters are not watched for circles."""


@SUITE.invariant(
    "LIVE-01",
    severity=LIVENESS,
    on=EachStep(),
    spec=SPEC,
    source="ARCHITECTURE §3; client-go/util/workqueue (a rate limiter)",
)
def time_goes_on(model: Model, world: World) -> Any:
    """A cluster does not act for ever without time passing: what fails is tried again after a while.

    A hot loop is more than 2,000 steps at one instant, and 200 more for each object that there is (or as many as the scenario says); what comes from outside
    begins the count anew.
    """
    bound = model.bounds.steps_at_once
    least = STEPS_WITHOUT_TIME if bound is None else bound
    at_ms, since, limit = world.now_ms, world.index, least

    def check(before: World, action: Action, after: World, delta: Delta) -> str | None:
        nonlocal at_ms, since, limit
        if after.now_ms != at_ms or type(action) is Input:
            at_ms, since, limit = after.now_ms, after.index, least
        elif after.index - since > limit:
            limit = STEPS_WITHOUT_TIME + STEPS_PER_OBJECT * objects(after) if bound is None else bound
            if after.index - since > limit:
                return f"{after.index - since} steps without time passing, of late by {_busiest(after, action)}: expected at most {limit}"
        return None

    return check


@SUITE.invariant(
    "LIVE-02",
    severity=LIVENESS,
    on=EachStep(),
    spec=SPEC,
    source="Stateright, eventually properties; ARCHITECTURE §9",
)
def a_cluster_left_alone_does_not_go_in_circles(model: Model, world: World) -> Any:
    """Once faults have stopped and nobody deviates from the default schedule, a cluster is never twice in the same state without having been quiet: it would be
    there again for ever (a lasso).

    The same state: nothing is under way, and objects, memories and timers are the same but for revisions, Events, and ages of more than 15 minutes. Watched
    from the 4,000th undisturbed step on, or from when the scenario says.
    """
    gap = FIRST_LOOK if model.bounds.undisturbed is None else model.bounds.undisturbed
    look_at = world.index + gap
    seen: dict[int, tuple[int, int]] = {}

    def check(before: World, action: Action, after: World, delta: Delta) -> str | None:
        nonlocal gap, look_at
        users = delta.commits and delta.commits[0].actor.startswith("user/")
        if users or after.faults is not NO_FAULTS or type(action) is StopFaults or type(action) is Input:
            look_at = after.index + gap
            seen.clear()
            return None
        if after.index < look_at:
            return None
        if deviates(before, action) or _has_come_to_rest(model, before, action):
            look_at = after.index + gap
            seen.clear()
            return None
        if type(action) is not AdvanceTo or not is_idle(before) or objects(after) > TOO_MANY_OBJECTS:
            return None
        fingerprint = lasso_digest(before)
        if fingerprint in seen:
            index, at_ms = seen[fingerprint]
            period = f"{before.index - index} steps and {(before.now_ms - at_ms) / 1000:g}s"
            return f"the state after step {index} is back after {period}: expected the cluster to become quiet"
        seen[fingerprint] = (before.index, before.now_ms)
        if len(seen) > LOOKS:
            gap *= 2
            look_at = after.index + gap
            seen.clear()
        return None

    return check


@SUITE.invariant(
    "LIVE-03",
    severity=LIVENESS,
    on=EachStep(),
    spec=SPEC,
    source="api-conventions, level-based controllers; k#109637 and its like (controllers that wake themselves)",
)
def every_cause_has_finitely_many_writes(model: Model, world: World) -> Any:
    """What users do, and what containers do, makes a process write the same object only so often.

    That is 60 times, and 10 times more for each pod that there is; or as often as the scenario says.

    Heartbeats and Events are not counted; what users, faults and containers do begins the count anew, and so does time that passes in a quiet cluster.
    """
    counts: dict[tuple[str, str, str], int] = {}
    pods = 0
    heartbeat, bound = model.is_heartbeat, model.bounds.writes

    def check(before: World, action: Action, after: World, delta: Delta) -> str | None:
        nonlocal pods
        if not delta.commits:
            if (
                counts
                and type(action) not in USUAL
                and (kind_of(action, before) not in (None, "clock") or _has_come_to_rest(model, before, action))
            ):
                counts.clear()
            return None
        for change in delta.commits:
            if change.resource == "pods":
                pods = max(pods, len(change.root.objects))
            if change.actor.startswith("user/") or _is_of_containers(change):
                counts.clear()
                pods = len(after.store.collection("pods").objects)
            elif change.type == MODIFIED and change.resource != "events":
                if change.resource in BEATING and heartbeat(change):
                    continue
                key = (change.actor, change.resource, change.key)
                counts[key] = count = counts.get(key, 0) + 1
                if count > (WRITES + WRITES_PER_POD * pods if bound is None else bound):
                    what = f"{change.resource}/{change.key}"
                    return f"{change.actor} has written {what} {count} times since users, faults or containers gave a cause: expected at most {count - 1}"
        return None

    return check


def _has_come_to_rest(model: Model, before: World, action: Action) -> bool:
    """Whether time passes in a quiet cluster, as it does in one that is served: what happens then has time for a cause."""
    return type(action) is AdvanceTo and is_quiet(model, before)


def objects(world: World) -> int:
    """How many objects there are, Events not counted."""
    return sum(len(world.store.collection(name).objects) for name in world.store.resources() if name != "events")


def _is_of_containers(change: Change) -> bool:
    """Whether a kubelet tells that a container's state has changed."""
    if change.resource != "pods" or change.prev is None or not change.actor.startswith("kubelet/"):
        return False
    was, now = change.prev.document.get("status") or {}, change.obj.document.get("status") or {}
    return any(_states(was, field) != _states(now, field) for field in ("containerStatuses", "initContainerStatuses"))


def _states(status: Any, field: str) -> list[tuple[Any, Any]]:
    return [(entry.get("state"), entry.get("ready")) for entry in status.get(field) or ()]


def _busiest(world: World, action: Action) -> str:
    """Who acted last."""
    p, iid = getattr(action, "p", None), getattr(action, "iid", None)
    if p is None and iid is not None:
        p = world.informers[iid][0] if iid >= 0 else -iid - 1
    return "the clock" if p is None else world.pids[p]
