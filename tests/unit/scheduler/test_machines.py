"""The tables QUEUE and CACHE: every row can be reached, and whatever is done to a queue or a cache is a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refk8s.core.machine import Machine
from refk8s.scheduler.cache import EMPTY_CACHE, Cache
from refk8s.scheduler.events import ActionType, ClusterEvent, EventResource
from refk8s.scheduler.framework import Code, Status
from refk8s.scheduler.machines import CACHE, QUEUE, SCHEDULER, moves
from refk8s.scheduler.moves import LOG_LENGTH, Move
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.queue import ACTIVE, BACKOFF, EMPTY_QUEUE, GATED, IN_FLIGHT, UNSCHEDULABLE, Queue

from .build import node, pod

EVENT = ClusterEvent(EventResource.NODE, ActionType.ADD)


@attrs.define
class Rules:
    """Pods named in `gated` are kept out; every event is worth a try."""

    gated: set[str] = attrs.Factory(set)

    def key(self, pod: PodInfo, since_ms: int) -> tuple[int, ...]:
        return (-pod.priority, since_ms)

    def gate(self, pod: PodInfo) -> Status | None:
        return Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "Gate") if pod.key in self.gated else None

    def opens(self, pod: PodInfo, gate: str, event: ClusterEvent) -> bool:
        return True

    def backoff_ms(self, attempts: int) -> int:
        return 1_000

    def worth(self, pod: PodInfo, rejectors: Sequence[str], event: ClusterEvent, old: object, new: object) -> bool:
        return True


@attrs.define
class Line:
    """A queue with one pod, the rules, and the time."""

    rules: Rules = attrs.Factory(Rules)
    queue: Queue = EMPTY_QUEUE
    now_ms: int = 0

    def come(self) -> None:
        self.queue = self.queue.add(self.rules, pod("a"), self.now_ms)

    def gate(self) -> None:
        self.rules.gated.add("a")

    def open(self) -> None:
        self.rules.gated.discard("a")

    def pop(self) -> None:
        entry = self.queue.head()
        if entry is not None:
            self.queue = self.queue.take(self.rules, entry)

    def wait_for_permit(self) -> None:
        if "a" in self.queue.pods and self.queue.pods["a"].state == IN_FLIGHT:
            self.queue = self.queue.flies("a")

    def reject(self) -> None:
        if "a" in self.queue.pods and self.queue.pods["a"].state == IN_FLIGHT:
            self.queue = self.queue.unschedulable(self.rules, "a", ("Plugin",), self.now_ms)

    def fail(self) -> None:
        self.open()  # a pod whose preemption is under way is not in flight
        if "a" in self.queue.pods and self.queue.pods["a"].state == IN_FLIGHT:
            self.queue = self.queue.unschedulable(self.rules, "a", (), self.now_ms)

    def happen(self) -> None:
        self.queue = self.queue.move(self.rules, EVENT, None, None, self.now_ms)

    def flush(self) -> None:
        self.queue = self.queue.backoff_over(self.rules, "a", self.now_ms)

    def later(self) -> None:
        self.now_ms += 3_000

    def go(self) -> None:
        self.queue = self.queue.remove("a")

    def do(self, *words: str) -> Line:
        for word in words:
            getattr(self, word)()
        return self


def fired(machine: Machine, log: Move | None) -> Iterator[tuple[str, str | None]]:
    """(what moved where, the row that allows it) of every move of a log."""
    for move in moves(None, log):
        row = machine.row(move.before, move.after, SCHEDULER)
        yield f"{move.before or 'nowhere'} to {move.after or 'nowhere'}", row.id if row is not None else None


PATHS = (
    ("come", "pop", "reject", "happen", "later", "flush", "pop", "go"),
    ("gate", "come", "open", "happen", "go"),
    ("gate", "come", "go"),
    ("come", "pop", "reject", "happen", "pop", "fail", "go"),
    ("come", "pop", "reject", "later", "happen", "go"),
    ("come", "pop", "reject", "gate", "happen", "open", "happen", "go"),
    ("come", "pop", "reject", "go"),
    ("come", "pop", "wait_for_permit", "happen", "reject", "go"),
)


def test_every_row_of_the_queue_is_reached() -> None:
    rows = {row for path in PATHS for _, row in fired(QUEUE, Line().do(*path).queue.log)}
    assert rows == {row.id for row in QUEUE.rows}


WORDS = ["come", "gate", "open", "pop", "wait_for_permit", "reject", "fail", "happen", "flush", "later", "go"]


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_whatever_is_done_to_a_queue_is_a_row(words: list[str]) -> None:
    line = Line().do(*words)
    assert not [move for move, row in fired(QUEUE, line.queue.log) if row is None]
    entries = line.queue.pods.values()
    assert sorted(line.queue.parked) == [e.pod.key for e in entries if e.state in (UNSCHEDULABLE, GATED)]
    assert sorted(line.queue.backing_off) == [e.pod.key for e in entries if e.state == BACKOFF]
    assert (line.queue.head() is not None) == any(
        e.state == ACTIVE or (e.state == BACKOFF and not e.errors) for e in entries
    )


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_the_fingerprint_of_a_queue_follows_from_its_content(words: list[str]) -> None:
    queue = Line().do(*words, "go").queue
    assert queue.fingerprint == 0


def assume(cache: Cache) -> Cache:
    return cache if "a" in cache.placed else cache.assume(pod("a"), "n")


STEPS: dict[str, Callable[[Cache], Cache]] = {
    "assume": assume,
    "forget": lambda cache: cache.forget("a"),
    "show": lambda cache: cache.put(pod("a"), "n"),
    "show elsewhere": lambda cache: cache.put(pod("a"), "m"),
    "drop": lambda cache: cache.drop("a"),
    "lose the node": lambda cache: cache.drop_node("n"),
    "find the node": lambda cache: cache.put_node(node("n")),
}


def done(steps: Sequence[str]) -> Cache:
    cache = EMPTY_CACHE.put_node(node("n"))
    for step in steps:
        cache = STEPS[step](cache)
    return cache


def test_every_row_of_the_cache_is_reached() -> None:
    paths = (("assume", "show", "drop"), ("assume", "forget"), ("show", "drop"))
    rows = {row for path in paths for _, row in fired(CACHE, done(path).log)}
    assert rows == {row.id for row in CACHE.rows}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=20))
def test_whatever_is_done_to_a_cache_is_a_row(steps: list[str]) -> None:
    cache = done(steps)
    assert not [move for move, row in fired(CACHE, cache.log) if row is None]
    assert set(cache.assumed) <= set(cache.placed)


@pytest.mark.parametrize("machine", [QUEUE, CACHE], ids=lambda machine: machine.id)
def test_rows_have_ids_of_their_own_and_say_things_once(machine: Machine) -> None:
    assert len({row.id for row in machine.rows}) == len(machine.rows)
    assert len({(row.before, row.after) for row in machine.rows}) == len(machine.rows)


def test_a_log_does_not_grow_for_ever() -> None:
    cache = EMPTY_CACHE.put_node(node("n"))
    for _ in range(LOG_LENGTH):
        cache = cache.assume(pod("a"), "n").forget("a")
    assert cache.log is not None
    assert cache.log.length <= LOG_LENGTH
