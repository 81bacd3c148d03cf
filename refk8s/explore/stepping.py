"""A cluster that a person steps through, forwards and backwards: the human driver.

Every World on the way is kept (they share all that did not change), so going back is a look-up; an action taken after going back begins a new branch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ..core.action import Action, Hold, Input, Release
from ..core.delta import Delta
from ..core.enabled import actions_of, actors, enabled, find, first, is_quiet
from ..core.errors import Refk8sError, ReplayDivergence
from ..core.invariant import Monitor, Violation
from ..core.model import Model
from ..core.step import step
from ..core.world import World


@attrs.frozen(eq=False)
class Taken:
    """One step on the way: what was done, what it did, what was found."""

    before: World
    action: Action
    after: World
    delta: Delta
    violation: Violation | None


class Stepper:
    """The way through Worlds so far. `at` is how many steps have been taken; `violation` the first one found on the way."""

    def __init__(self, model: Model, world: World, monitor: Monitor) -> None:
        self.model = model
        self._first = world
        self._monitor = monitor
        monitor.begin(model, world)
        self.taken: list[Taken] = []

    @property
    def world(self) -> World:
        """The World now."""
        return self.taken[-1].after if self.taken else self._first

    @property
    def at(self) -> int:
        """How many steps have been taken."""
        return len(self.taken)

    def world_at(self, n: int) -> World:
        """The World after n steps."""
        return self._first if n == 0 else self.taken[n - 1].after

    def enabled(self) -> list[Action]:
        """What may happen next, the sane choice first."""
        return list(enabled(self.world))

    def take(self, action: Action) -> Taken:
        """Do an action."""
        before = self.world
        after, delta = step(self.model, before, action)
        done = Taken(before, action, after, delta, self._monitor.check(before, action, after, delta))
        self.taken.append(done)
        return done

    def next(self) -> Taken | None:
        """Do what the default driver would do; None if nothing can happen."""
        action = first(self.world)
        return None if action is None else self.take(action)

    def back(self, n: int = 1) -> None:
        """Undo the last n steps. Raises Refk8sError if there are not so many."""
        if n > self.at:
            raise Refk8sError(f"back {n}: only {self.at} steps have been taken")
        del self.taken[self.at - n :]

    def goto(self, n: int) -> None:
        """Go to the World after n steps, backwards, or forwards as the default driver goes. Raises Refk8sError if the cluster ends before."""
        if n < self.at:
            self.back(self.at - n)
        while self.at < n:
            if self.next() is None:
                raise Refk8sError(f"goto {n}: nothing can happen after step {self.at}")

    def run(self, until: Callable[[World], bool] | None, invariant: str = "", limit: int = 1_000_000) -> str:
        """Go on as the default driver does: until the condition holds, an invariant breaks, or the cluster is quiet; says which."""
        for _ in range(limit):
            if until is not None and until(self.world):
                return "condition reached"
            if is_quiet(self.model, self.world):
                return "quiet"
            done = self.next()
            if done is None:
                return "nothing can happen"
            if done.violation is not None and invariant in ("", done.violation.invariant.id):
                return "violated"
        return "stopped at the step limit"

    def say(self, payload: Any) -> Taken:
        """An Input: something that the person does to the cluster."""
        return self.take(Input(payload))

    def hold(self, what: str, *, release: bool = False) -> Taken:
        """Hold or release a process, or one of its informers: "kubelet/node-1" or "kube-scheduler pods". Raises Refk8sError."""
        verb = "release" if release else "hold"
        pid = what.partition(" ")[0]
        if pid not in self.world.names:
            raise Refk8sError(f"{verb} {what}: no process {pid!r}; there are {', '.join(self.world.pids)}")
        stream = what.partition(" ")[2]
        streams = self.model.program(pid).streams
        if stream and stream not in streams:
            raise Refk8sError(f"{verb} {what}: {pid} watches {', '.join(streams) or 'nothing'}")
        try:
            action = find(self.model, self.world, f"{verb} {what}")
        except ReplayDivergence:
            state = "not held; `enabled` lists what is" if release else f"held already; `release {what}` ends it"
            raise Refk8sError(f"{verb} {what}: {what} is {state}") from None
        assert isinstance(action, Hold | Release)
        return self.take(action)

    def actors(self) -> list[str]:
        """The processes that can act now."""
        return [self.world.pids[p] if p >= 0 else "clock" for p in actors(self.world)]

    def actions_of(self, pid: str) -> list[Action]:
        """What one process can do now."""
        return actions_of(self.world, self.world.names[pid] if pid != "clock" else -1)
