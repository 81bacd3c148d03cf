"""A living cluster: the World behind a server, which steps between requests, and the requests that step it.

Every step, whoever chose it, goes through `_take`: the log has it, the monitor checks it, the watches hear of its commits. What was logged is written
out before anything of it can reach a client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..core.action import Action, AdvanceTo, Input
from ..core.delta import Delta
from ..core.enabled import first, is_quiet
from ..core.invariant import Monitor, Violation
from ..core.model import Model, Occasion
from ..core.step import step
from ..core.wire import Request, Response
from ..core.world import World
from ..explore.cluster import YOU

HTTP = "http"
"""The actor of requests that came over HTTP, where they are only looked at."""


class Clock(Protocol):
    """What the time is, and whether it may jump."""

    def now_ms(self) -> int | None:
        """The logical time that a wall clock shows; None if time is only what the steps make of it."""
        ...


class Log(Protocol):
    """Where steps are written."""

    def __call__(
        self, before: World, action: Action, after: World, delta: Delta, violation: Violation | None
    ) -> None: ...

    def commit(self) -> None:
        """Make all that was written so far outlive this process."""
        ...


class NoLog:
    """Nothing is written."""

    def __call__(self, before: World, action: Action, after: World, delta: Delta, violation: Violation | None) -> None:
        """Nothing."""

    def commit(self) -> None:
        """Nothing."""


class Live:
    """The cluster. `world` is its World now; `heard` is told each step's commits, `alarmed` each violation; `complete`: it has controllers and schedulers."""

    def __init__(
        self,
        model: Model,
        world: World,
        clock: Clock,
        monitor: Monitor,
        log: Log,
        alarmed: Callable[[Violation], None],
        *,
        complete: bool = True,
    ) -> None:
        self.model = model
        self.world = world
        self.heard: Callable[[tuple[Any, ...]], None] = lambda commits: None
        self.more: Callable[[], None] = lambda: None
        self._clock = clock
        self._monitor = monitor
        self._log = log
        self._alarmed = alarmed
        monitor.begin(model, world)
        self._complete = complete
        self._quiet_at = -1

    @property
    def now_ms(self) -> int:
        """The logical time."""
        now = self._clock.now_ms()
        return self.world.now_ms if now is None else max(now, self.world.now_ms)

    # ---- requests

    def write(self, request: Request) -> Response:
        """Carry out a request that may change something: one recorded action. The log has it when this returns."""
        deadline, at = self.world.timers.next_deadline(), self.now_ms
        if deadline is not None and deadline < at:
            at = deadline  # the steps between are late; time passes over none of them
        payload = {"http": as_data(request), "at": at, "summary": str(request)}
        delta = self._take(Input(payload))
        self._log.commit()
        self.more()
        served = delta.served
        assert served is not None
        return served[1]

    def read(self, request: Request) -> Response:
        """The answer to a request that changes nothing; it is no step, and no log has it."""
        world = self.world
        occasion = Occasion(self.now_ms, request.agent, YOU, HTTP, world.index, world.store.collection)
        _, response, _ = self.model.api.serve(world.store, request, occasion)
        answer: Response = response
        return answer

    # ---- what happens between them

    def compact(self) -> None:
        """Forget all history so far."""
        self._take(Input({"compact": 0, "summary": "compact"}))
        self._log.commit()

    def settle(self, limit: int) -> bool:
        """Do up to `limit` steps of what can happen without time passing; whether there is more."""
        for _ in range(limit):
            action = first(self.world)
            if action is None or isinstance(action, AdvanceTo):
                self._log.commit()
                return False
            self._take(action)
        self._log.commit()
        return True

    def advance(self) -> None:
        """Let time pass to the next deadline."""
        action = first(self.world)
        assert isinstance(action, AdvanceTo)
        self._take(action)
        self._log.commit()

    @property
    def deadline_ms(self) -> int | None:
        """When something happens by itself."""
        return self.world.timers.next_deadline()

    def quiet(self) -> bool:
        """Whether only heartbeats are left to happen. What must hold in a quiet cluster, if it has controllers, is checked when it has become so."""
        if not is_quiet(self.model, self.world):
            return False
        if self._complete and self._quiet_at != self.world.last_effect_ms:
            self._quiet_at = self.world.last_effect_ms
            violation = self._monitor.check_quiet(self.model, self.world)
            if violation is not None:
                self._alarmed(violation)
        return True

    def _take(self, action: Action) -> Delta:
        before = self.world
        after, delta = step(self.model, before, action)
        violation = self._monitor.check(before, action, after, delta)
        self._log(before, action, after, delta, violation)
        self.world = after
        if violation is not None:
            self._alarmed(violation)
        if delta.commits:
            self.heard(delta.commits)
        return delta


def as_data(request: Request) -> dict[str, Any]:
    """A request as the payload of an Input carries it."""
    return {
        "verb": request.verb,
        "resource": request.resource,
        "namespace": request.namespace,
        "name": request.name,
        "subresource": request.subresource,
        "body": request.body,
        "options": request.options,
        "agent": request.agent,
    }
