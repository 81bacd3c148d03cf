"""A user is a process that does the steps of a script, one after the other; a step is JSON data, so that traces can carry it.

`{"apply": {"documents": […]}}`, `{"scale": {…}}` …: the verbs are generators, those of kubectl in kubectl.py, those that wait
or count in waiting.py. The interactive user of the CLI is the same
process, whose steps come as Inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
import orjson

from ..controllers.runtime import Controller
from ..core.flight import Note, Now, Recall, Reconcile, Remember, Requeue
from ..core.hands import Hands
from ..core.process import USER, Program
from . import kubectl, waiting
from .verb import Later, Verb, is_refusal

Step = Mapping[str, Any]
VERBS: Final[Mapping[str, Verb]] = {**kubectl.VERBS, **waiting.VERBS}
FAILED: Final = "failed"
"""The memory of a user in which the errors that kubectl printed are kept."""


@attrs.frozen(eq=False)
class Script(Controller):
    """Does the steps in memory `todo` (a tuple of JSON texts) in order."""

    name: str = "script"
    workers: int = 1
    steps: tuple[str, ...] = ()
    verbs: Mapping[str, Verb] = VERBS

    def started(self, hands: Hands) -> None:
        """The script begins."""
        if self.steps:
            hands.remember("todo", self.steps)
            hands.enqueue(self.name, "next")

    def reconcile(self, key: str) -> Reconcile:
        """Do the next step, or go on waiting in it; its outcome is a fact for stories."""
        todo = yield Recall("todo", ())
        if not todo:
            return None
        (verb, arguments) = next(iter(orjson.loads(todo[0]).items()))
        now_ms = yield Now()
        began_ms = yield Recall("began")
        if began_ms is None:
            began_ms = now_ms
            yield Remember("began", now_ms)
        outcome = yield from self.verbs[verb](arguments, now_ms - began_ms)
        if isinstance(outcome, Later):
            return Requeue(outcome.after_ms)
        yield Note("user", (verb, arguments, outcome))
        failed = tuple(f"{verb}: {line}" for line in outcome.split("\n") if is_refusal(line))
        if failed:
            yield Remember(FAILED, (*(yield Recall(FAILED, ())), *failed))
        yield Remember("began", None)
        # Steps may have been added meanwhile: read again, drop the first.
        rest = (yield Recall("todo", ()))[1:]
        yield Remember("todo", rest or None)
        return Requeue() if rest else None


def user(steps: tuple[Step, ...] = ()) -> Program:
    """The program of a user with this script. Raises ValueError for an unknown verb."""
    for step in steps:
        check_step(step)
    return Program("user", (Script(steps=tuple(orjson.dumps(step).decode() for step in steps)),), rank=USER)


def check_step(step: Step) -> None:
    """Raise ValueError, with what is supported, unless the step is one verb that exists."""
    if len(step) != 1 or next(iter(step)) not in VERBS:
        raise ValueError(
            f"a step has one verb of {', '.join(sorted(VERBS))}; got {', '.join(sorted(step)) or 'nothing'}"
        )


def add_step(hands: Hands, step: Step) -> None:
    """Append a step to the script of the process (an Input)."""
    check_step(step)
    hands.remember("todo", (*hands.recall("todo", ()), orjson.dumps(step).decode()))
    hands.enqueue("script", "next")
