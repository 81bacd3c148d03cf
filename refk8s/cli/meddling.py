"""The faults that a person can make in `refk8s step`: what is possible now, and labels made of what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from ..core.action import Action, Serve
from ..core.enabled import find, label
from ..core.errors import Refk8sError, ReplayDivergence
from ..core.faults import KINDS, possible_of, recoveries
from ..explore.stepping import Stepper

OF_EACH: Final = 4
"""So many faults of a kind are listed, if none is asked for."""

FORMS: Final[Mapping[str, str]] = {
    "crash": "crash PROCESS",
    "restart": "restart PROCESS",
    "stop-node": "stop-node PROCESS [lost]",
    "partition": "partition PROCESS from API-SERVER",
    "heal": "heal PROCESS from API-SERVER",
    "relist": "relist PROCESS STREAM [lag=N]",
    "batch": "batch PROCESS STREAM size=N",
    "duplicate": "duplicate PROCESS STREAM KEY",
    "compact": "compact keep=N",
    "mishap": "mishap PROCESS POD CONTAINER exit=N",
    "stop-faults": "stop-faults",
}
"""The faults that are typed as their labels, and how."""


def possible_now(stepper: Stepper, words: list[str]) -> list[Action]:
    """The faults of a kind that are possible now, or a few of each; then the ends of those in force. Raises Refk8sError."""
    if len(words) > 1 or (words and words[0] not in KINDS):
        raise Refk8sError(f"faults [KIND]: KIND is one of {', '.join(KINDS)}")
    model, world = stepper.model, stepper.world
    if words:
        return list(possible_of(model, world, words[0]))
    found = [action for kind in KINDS for action in islice(possible_of(model, world, kind), OF_EACH)]
    return [*found, *recoveries(world)]


def typed(stepper: Stepper, verb: str, words: list[str]) -> Action:
    """The fault that was typed. Raises Refk8sError."""
    wanted = " ".join([verb, *words])
    try:
        return find(stepper.model, stepper.world, wanted)
    except ReplayDivergence:
        raise Refk8sError(f"{wanted}: not possible now ({FORMS[verb]}); `faults` lists what is") from None


def outcome(stepper: Stepper, verb: str, words: list[str], listed: list[Action]) -> Action:
    """`lost NUMBER` and `reject NUMBER [CODE]`: another outcome of a request that the last list showed. Raises Refk8sError."""
    code = words[1] if len(words) == 2 and verb == "reject" else "429"
    if not words or not words[0].isdecimal() or not code.isdecimal() or len(words) > (2 if verb == "reject" else 1):
        raise Refk8sError("lost NUMBER, or reject NUMBER [429|500]: the number of a `serve` as `enabled` lists it")
    number = int(words[0])
    chosen = listed[number] if number < len(listed) else None
    if type(chosen) is not Serve:
        what = label(stepper.model, stepper.world, chosen) if chosen is not None else "not there"
        raise Refk8sError(f"{verb} {number}: that is {what}; only a `serve` has another outcome")
    return chosen._replace(lost=True) if verb == "lost" else chosen._replace(reject=int(code))
