"""How time passes in a living cluster: as a wall clock goes, or as fast as there is something to wait for."""

from __future__ import annotations

import asyncio
import time

from .live import Live

STEPS_AT_ONCE = 100
"""So many steps are done before a client is listened to again."""

LONGEST_SLEEP_S = 3600.0

HORIZON_MS = 3_600_000
"""Fast time jumps so far after a write, and then waits for the next one, should the cluster never become quiet."""


class RealTime:
    """Logical time goes on from `start_ms` as the wall clock does; it stands still while nobody runs the cluster."""

    def __init__(self, start_ms: int) -> None:
        self._start_ms = start_ms
        self._began_s = time.monotonic()

    def now_ms(self) -> int | None:
        """The logical time."""
        return self._start_ms + int((time.monotonic() - self._began_s) * 1000)


class FastTime:
    """Logical time is what the steps make of it."""

    def now_ms(self) -> int | None:
        """None: no wall clock is read."""
        return None


class Pacer:
    """Steps the cluster whenever nothing else is to do, and lets time pass."""

    def __init__(self, live: Live, *, fast: bool) -> None:
        self._live = live
        self._fast = fast
        self._wake = asyncio.Event()
        self._horizon_ms = live.world.now_ms + HORIZON_MS
        live.more = self._written

    def _written(self) -> None:
        """A client has written: there may be more to do."""
        self._horizon_ms = self._live.world.now_ms + HORIZON_MS
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        live = self._live
        while True:
            self._wake.clear()
            if live.settle(STEPS_AT_ONCE):
                await asyncio.sleep(0)
                continue
            if self._time_passes():
                live.advance()
                await asyncio.sleep(0)
                continue
            try:
                await asyncio.wait_for(self._wake.wait(), self._sleep_s())
            except TimeoutError:
                continue

    def _time_passes(self) -> bool:
        """Whether it is time for the next deadline."""
        deadline, quiet = self._live.deadline_ms, self._live.quiet()
        if deadline is None:
            return False
        if self._fast:
            return not quiet and deadline <= self._horizon_ms
        return deadline <= self._live.now_ms

    def _sleep_s(self) -> float | None:
        """How long nothing happens by itself; None: for ever."""
        deadline = self._live.deadline_ms
        if deadline is None or self._fast:
            return None
        return min(LONGEST_SLEEP_S, max(0.0, (deadline - self._live.now_ms) / 1000))
