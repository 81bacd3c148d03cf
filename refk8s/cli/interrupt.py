"""Ctrl-C in a run: it ends at the next boundary between steps, so that what was written is whole. A second Ctrl-C ends it at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from ..core.action import Action
from ..core.budget import FaultBudget
from ..core.model import Model
from ..core.world import World
from ..explore.drivers import Driver


class Interruptible:
    """A driver that chooses as another one does until Ctrl-C, then stops. Use as a context: it takes SIGINT and SIGTERM while it is open."""

    def __init__(self, inner: Driver) -> None:
        self._inner = inner
        self.interrupted = False

    @property
    def name(self) -> str:
        """The other driver's name."""
        return self._inner.name

    @property
    def seed(self) -> int | None:
        """The other driver's seed."""
        return self._inner.seed

    @property
    def faults(self) -> FaultBudget:
        """The other driver's budget."""
        return self._inner.faults

    def choose(self, model: Model, world: World) -> Action | None:
        """What the other driver chooses; None after Ctrl-C."""
        return None if self.interrupted else self._inner.choose(model, world)

    def __enter__(self) -> Interruptible:
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on)
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
