"""Whether what a scenario expects is due after faults: not if they hit what nobody repairs, or changed what the users did.

A cluster repairs what controllers own. It does not repair people (a request that failed, two users who came in the other order), nor pods without an owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs

from ..api.store import DELETED, Change
from ..controllers.runtime import controller_of
from ..core.action import Action
from ..core.delta import Delta
from ..core.world import World
from ..scenarios.format import Scenario
from .cluster import Parts, build
from .expect import failed_steps
from .run import run

MAX_STEPS: Final = 200_000
COMMUTING: Final = ("increment", "sleep", "wait")
"""Verbs whose order does not matter for what becomes of the cluster."""


@attrs.frozen
class Usual:
    """How a scenario goes without faults: its steps, and the last thing that a user did."""

    steps: int
    last_act: str


@lru_cache(maxsize=64)
def usual(scenario: Scenario, parts: Parts | None = None) -> Usual:
    """The run of the default driver; kept, because every run with faults is compared with it."""
    model, world = build(scenario.cluster, parts)
    witness = Witness()
    return Usual(run(model, world, max_steps=MAX_STEPS, observers=(witness,)).steps, witness.last_act)


class Witness:
    """An observer that notes the last act of the users, and the first pod without an owner that was lost though no user wanted it.

    Acts are in the order of what they wrote, which may not be that in which the users hear of it.
    """

    def __init__(self) -> None:
        self.last_act = ""
        self.lost = ""
        self._at = 0
        self._wrote: dict[str, int] = {}

    def __call__(self, before: World, action: Action, after: World, delta: Delta) -> None:
        """See one step."""
        for p, kind, data in delta.notes:
            if kind == "user":
                at = self._wrote.pop(before.pids[p], before.index)
                if data[0] not in COMMUTING and at >= self._at:
                    self._at, self.last_act = at, f"{before.pids[p]} {data[0]} {data[1]!r}"
        for change in delta.commits:
            if change.actor.startswith("user/"):
                self._wrote[change.actor] = before.index
            if change.resource == "pods" and not self.lost and _is_lost(change):
                self.lost = change.key

    def excuse(self, world: World, expected: Usual) -> str:
        """Why nothing is due at the end of a run with faults, "" if all is."""
        failed = failed_steps(world)
        if failed:
            return f"a fault hit a user ({failed[0]})"
        if self.lost:
            return f"pod {self.lost}, which has no owner, was lost"
        if self.last_act != expected.last_act:
            return "the users came in another order"
        return ""


def _is_lost(change: Change) -> bool:
    document = change.obj.document
    if controller_of(document) is not None or change.actor.startswith("user/"):
        return False
    was: Mapping[str, Any] = change.prev.document if change.prev is not None else {}
    if was.get("metadata", {}).get("deletionTimestamp"):
        return False
    failed = (document.get("status") or {}).get("phase") == "Failed" != (was.get("status") or {}).get("phase")
    return failed or change.type == DELETED or bool(document["metadata"].get("deletionTimestamp"))
