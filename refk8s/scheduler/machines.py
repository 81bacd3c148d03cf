"""The life of a pod in the scheduling queue and in the scheduler's cache, as tables.

Queue and cache keep a log of their moves (Move), from which the invariants and the reachability tests are made.
Source: pkg/scheduler/backend/queue/scheduling_queue.go; pkg/scheduler/backend/cache/interface.go.
An assumed pod does not expire: v1.36.2 has no such thing any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..core.machine import Machine, Row
from .moves import Move
from .queue import ABSENT, ACTIVE, BACKOFF, GATED, IN_FLIGHT, UNSCHEDULABLE

SCHEDULER: Final = "kube-scheduler"
SPEC: Final = "specs/scheduler.md"

ASSUMED: Final = "assumed"
ADDED: Final = "added"

QUEUE: Final = Machine(
    id="QUEUE",
    resource="",
    field="place in the scheduling queue",
    initial=ABSENT,
    terminal=frozenset(),
    rows=(
        Row("QUEUE-T1", ABSENT, ACTIVE, SCHEDULER, "a pod without a node is new"),
        Row("QUEUE-T2", ABSENT, GATED, SCHEDULER, "it is new, and a PreEnqueue plugin keeps it out"),
        Row("QUEUE-T3", ACTIVE, IN_FLIGHT, SCHEDULER, "it is popped for a cycle"),
        Row("QUEUE-T4", BACKOFF, IN_FLIGHT, SCHEDULER, "it is popped because nobody is active"),
        Row("QUEUE-T5", IN_FLIGHT, UNSCHEDULABLE, SCHEDULER, "plugins rejected it"),
        Row(
            "QUEUE-T6",
            IN_FLIGHT,
            BACKOFF,
            SCHEDULER,
            "its attempt failed, or something happened meanwhile that may help",
        ),
        Row("QUEUE-T7", IN_FLIGHT, ABSENT, SCHEDULER, "it was bound, or is gone"),
        Row("QUEUE-T8", UNSCHEDULABLE, ACTIVE, SCHEDULER, "something happened that may help, and its back-off is over"),
        Row("QUEUE-T9", UNSCHEDULABLE, BACKOFF, SCHEDULER, "something happened that may help"),
        Row("QUEUE-T10", UNSCHEDULABLE, GATED, SCHEDULER, "so it did, but the preemption for the pod is under way"),
        Row("QUEUE-T11", GATED, ACTIVE, SCHEDULER, "no plugin keeps it out any more"),
        Row("QUEUE-T12", GATED, BACKOFF, SCHEDULER, "no plugin keeps it out any more, and it has to wait"),
        Row("QUEUE-T13", BACKOFF, ACTIVE, SCHEDULER, "its back-off is over"),
        Row("QUEUE-T14", ACTIVE, ABSENT, SCHEDULER, "it is gone, or somebody else bound it"),
        Row("QUEUE-T15", BACKOFF, ABSENT, SCHEDULER, "it is gone, or somebody else bound it"),
        Row("QUEUE-T16", UNSCHEDULABLE, ABSENT, SCHEDULER, "it is gone, or somebody else bound it"),
        Row("QUEUE-T17", GATED, ABSENT, SCHEDULER, "it is gone"),
    ),
    states=lambda document: {},
    spec=SPEC,
    source="pkg/scheduler/backend/queue/scheduling_queue.go",
)

CACHE: Final = Machine(
    id="CACHE",
    resource="",
    field="place in the scheduler's cache",
    initial=ABSENT,
    terminal=frozenset(),
    rows=(
        Row("CACHE-T1", ABSENT, ASSUMED, SCHEDULER, "a node was chosen for it (assume)"),
        Row("CACHE-T2", ASSUMED, ADDED, SCHEDULER, "the informer shows it bound (confirm)"),
        Row("CACHE-T3", ASSUMED, ABSENT, SCHEDULER, "the binding failed, or the pod is going (forget)"),
        Row("CACHE-T4", ABSENT, ADDED, SCHEDULER, "the informer shows it bound, whoever did that (add)"),
        Row("CACHE-T5", ADDED, ABSENT, SCHEDULER, "the informer shows it gone or finished (remove)"),
    ),
    states=lambda document: {},
    spec=SPEC,
    source="pkg/scheduler/backend/cache/interface.go, state machine of a pod's events",
)


def moves(before: Move | None, after: Move | None) -> Iterator[Move]:
    """The moves between two logs, the last one first; as far as they are known."""
    while after is not None and after is not before:
        yield after
        after = after.earlier
