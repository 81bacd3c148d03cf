"""A run as a story: who did what to which object, at which logical time, and which earlier change made them do it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from ..api.store import Change
from ..core.action import Action
from ..core.delta import Delta
from ..core.enabled import label
from ..core.faults import is_meddling
from ..core.model import Model
from ..core.world import World
from ..users.verb import is_refusal
from .phrases import describe

READS: Final = ("get", "list", "watch")
MOST_OUTCOMES: Final = 3


@attrs.frozen
class Line:
    """One sentence of the story. `because` is the step of the change (or user's act) that led to it, -1 if nothing did; a `detail` is told on request only."""

    step: int
    at_ms: int
    actor: str
    text: str
    subject: str
    because: int
    detail: bool = False

    def data(self) -> dict[str, Any]:
        """The line as data."""
        return {
            "step": self.step,
            "at": self.at_ms / 1000,
            "actor": self.actor,
            "text": self.text,
            "subject": self.subject,
            "because": self.because,
        }


class Storyteller:
    """Collects the lines of a run; it is an observer for `refk8s.explore.run.run`. `causes[i]` is the step that enabled step i."""

    def __init__(self, epoch_ms: int, is_heartbeat: Callable[[Change], bool], model: Model | None = None) -> None:
        self.lines: list[Line] = []
        self.causes: dict[int, int] = {}
        self._told: set[int] = set()
        self._epoch_ms = epoch_ms
        self._is_heartbeat = is_heartbeat
        self._model = model  # of whom faults are told, by their labels

    def __call__(self, before: World, action: Action, after: World, delta: Delta) -> None:
        """Note what one step did."""
        self.causes[before.index] = delta.cause
        if self._model is not None and is_meddling(action, before):
            self._tell(before, "adversary", label(self._model, before, action), "")
        for p, kind, data in delta.notes:
            if kind == "user":
                verb, _, outcome = data
                for text in _outcomes(verb, outcome):
                    self._tell(before, before.pids[p], text, "")
        for change in delta.commits:
            text, detail = describe(change)
            detail = detail or self._is_heartbeat(change)
            self._tell(before, _actor(change, delta), text, f"{change.resource}/{change.key}", detail=detail)
        self._refusal(before, delta)

    def _refusal(self, world: World, delta: Delta) -> None:
        """A write that an API server refused: news if a user asked for it."""
        if delta.served is None:
            return
        message, response = delta.served
        if response.ok or message.request.verb in READS:
            return
        actor = message.rid.partition(":")[0]
        who = world.pids[message.sender]
        user = who.startswith("user/")
        text = f"was refused: {message.request}: {response.reason}: {response.message}"
        news = user and response.reason == "Conflict"  # kubectl prints the others itself
        self._tell(world, who if user else actor, text, "", detail=not news)

    def _tell(self, world: World, actor: str, text: str, subject: str, *, detail: bool = False) -> None:
        because = self.root(world.index)
        self._told.add(world.index)
        self.lines.append(Line(world.index, world.now_ms - self._epoch_ms, actor, text, subject, because, detail))

    def root(self, step: int) -> int:
        """The nearest earlier step in the chain of causes that the story tells of, or -1."""
        step = self.causes.get(step, -1)
        while step >= 0 and step not in self._told:
            step = self.causes.get(step, -1)
        return step


def without_details(lines: Sequence[Line]) -> list[Line]:
    """The lines that are news, each because of one that is."""
    by_step: dict[int, list[Line]] = {}
    for line in lines:
        by_step.setdefault(line.step, []).append(line)
    return [attrs.evolve(line, because=_news(line.because, by_step)) for line in lines if not line.detail]


def _news(step: int, by_step: Mapping[int, list[Line]]) -> int:
    """The step itself if the story tells of it without details, else the nearest such one before it in the chain."""
    while step >= 0 and all(line.detail for line in by_step[step]):
        step = by_step[step][0].because
    return step


def _actor(change: Change, delta: Delta) -> str:
    """The process that asked for a commit and, where one of its controllers did, that too: `kube-controller-manager/replicaset`."""
    if change.actor.startswith("user/"):
        return change.actor
    if change.resource == "events":
        component = str((change.obj.document.get("source") or {}).get("component", ""))
        return change.actor if component in ("", change.actor.partition("/")[0]) else f"{change.actor}/{component}"
    if delta.served is None or delta.served[0].flight is None:
        return change.actor
    return delta.served[0].rid.partition(":")[0]


def _outcomes(verb: str, outcome: str) -> Iterable[str]:
    """What kubectl printed: errors in full, a long list of successes cut."""
    lines = outcome.split("\n")
    errors = [line for line in lines if is_refusal(line)]
    done = [line for line in lines if line not in errors]
    if len(done) > MOST_OUTCOMES:
        done = [*done[:MOST_OUTCOMES], f"{len(done) - MOST_OUTCOMES} more"]
    if done:
        yield f"{verb}: {', '.join(done)}"
    yield from (f"{verb}: {error}" for error in errors)
