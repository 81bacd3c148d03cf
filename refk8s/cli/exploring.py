"""A search as the CLI carries it out: bounds on memory, Ctrl-C, progress on stderr, and its report."""

from __future__ import annotations

import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import attrs

from ..core.errors import Refk8sError
from ..core.invariant import EachStep, Monitor
from ..explore.search import Bounds, Explored, Search
from ..explore.searching import View, budget_of, start_of, steps_of, viewed, write_trace
from ..scenarios import Scenario, from_data
from ..trace.format import Step
from ..trace.redact import redact
from ..trace.report import report, way_of
from .codes import HELD, INCONCLUSIVE, INTERRUPTED, VIOLATED
from .output import note
from .session import LARGEST, invariants, parts_of

REPORT_VERSION: Final = 1
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_LIVE_S, _PIPED_S = 0.2, 10.0


def bytes_of(size: str) -> int:
    """The bytes that a size means: 500M, 2G, 1048576. Raises Refk8sError."""
    number, unit = (size[:-1], size[-1].upper()) if size[-1:].isalpha() else (size, "")
    if unit not in _UNITS or not (number.isascii() and number.isdecimal()) or not number.strip("0"):
        raise Refk8sError(f"--memory {size}: no size; write a number and K, M or G, for instance 500M")
    if len(number) > len(str(LARGEST)) or int(number) * _UNITS[unit] > LARGEST:
        raise Refk8sError(f"--memory {size}: more than any machine has; write for instance 2G")
    return int(number) * _UNITS[unit]


@attrs.frozen
class Order:
    """What `refk8s explore` was asked for. `memory` in bytes, `again` is the command itself."""

    deviations: int
    faults: str
    max_states: int
    memory: int
    trace: Path | None
    view: View
    reduce: bool
    symmetry: bool
    check: int
    mutant: str
    again: str


@attrs.frozen(eq=False)
class Report:
    """What a search found, for people and as data. `steps` are the way to the failure."""

    scenario: str
    order: Order
    faults: dict[str, int]
    found: Explored
    steps: tuple[Step, ...]
    seconds: float
    checked: int

    @property
    def exit_code(self) -> int:
        """0 held, 1 violated, 4 a bound came first, 130 interrupted."""
        if self.found.failure is not None:
            return VIOLATED
        if self.found.stopped == "interrupted":
            return INTERRUPTED
        return INCONCLUSIVE if self.found.stopped else HELD

    def lines(self) -> Iterator[str]:
        """The report: a failure in five parts, what was covered, and the bound."""
        found, order = self.found, self.order
        if found.failure is not None:
            again = f"refk8s replay {order.trace}" if order.trace else f"{order.again} --trace failure.trace.jsonl"
            yield from report(found.failure, found.levels[-1].deviations, way_of(self.steps), again)
        for level in found.levels:
            how = "all" if level.done else "some"
            yield (
                f"{how} schedules with {level.deviations} deviation{'' if level.deviations == 1 else 's'}:"
                f" {level.states:,} new states, {level.transitions:,} transitions, {level.depth} steps at most"
            )
        rate = f" ({found.states / self.seconds:,.0f} states/s)" if self.seconds > 1 else ""
        yield f"{found.states:,} states, {found.transitions:,} transitions, {found.quiet:,} of the states quiet; {self.checked} invariants on{rate}"
        if found.stopped:
            yield f"stopped: {REASONS[found.stopped]}; looked at {self._covered()}"
        symmetry = ", up to symmetry" if order.symmetry else ""
        yield f"bound: {order.deviations} deviations; complete: {'yes' if found.complete else 'no'}{symmetry}"

    def _covered(self) -> str:
        covered = self.found.covered
        if covered < 0:
            return "a part of the one schedule without deviations"
        rest = f" and a part of those with {covered + 1}" if covered < self.order.deviations else ""
        return f"all schedules with at most {covered} deviation{'' if covered == 1 else 's'}{rest}"

    def data(self) -> dict[str, Any]:
        """The report as data (shape version 1)."""
        found, order = self.found, self.order
        return {
            "version": REPORT_VERSION,
            "scenario": self.scenario,
            "mutant": order.mutant or None,
            "bound": {
                "deviations": order.deviations,
                "faults": self.faults,
                "maxStates": order.max_states,
                "memory": order.memory,
            },
            "heartbeats": order.view.heartbeats,
            "events": order.view.events,
            "rested": order.view.rested,
            "reduced": order.reduce,
            "symmetry": order.symmetry,
            "held": found.failure is None,
            "complete": found.complete,
            "covered": found.covered,
            "stopped": found.stopped,
            "states": found.states,
            "transitions": found.transitions,
            "merged": found.merged,
            "quiet": found.quiet,
            "depth": found.depth,
            "seconds": round(self.seconds, 3),
            "levels": [attrs.asdict(level) for level in found.levels],
            "failure": None
            if found.failure is None
            else {**found.failure.data(), "deviations": found.levels[-1].deviations, "labels": list(found.labels)},
            "trace": str(order.trace) if order.trace is not None and found.failure is not None else None,
        }


REASONS: Final = {
    "max-states": "the bound on states came first",
    "memory": "the bound on memory came first",
    "interrupted": "interrupted",
}


def execute(scenario: Scenario, order: Order) -> Report:
    """Search as the CLI does; the data of Secrets is redacted. Raises Refk8sError."""
    faults = budget_of(order.faults, order.deviations)
    scenario = viewed(from_data(redact(scenario.data)), order.view)
    header = {"scenario": scenario.data, "redacted": True, "seed": None, "driver": "explore", "faults": faults.data()}
    if order.mutant:
        header["mutant"] = order.mutant
    parts = parts_of(header)
    model, world = start_of(scenario, faults, parts)
    suite = [each for each in invariants().all() if not isinstance(each.on, EachStep)]
    with _Watch(order.memory) as watch:
        found = Search(
            attrs.evolve(model, keep_live=False),
            world,
            Bounds(order.deviations, order.max_states, watch.enough),
            monitor=Monitor(suite),
            scenario=scenario,
            parts=parts,
            reduce=order.reduce,
            symmetry=order.symmetry,
            check_every=order.check,
            progress=watch.show,
        ).run()
    steps = tuple(steps_of(model, world, found))
    if order.trace is not None and found.failure is not None:
        write_trace(order.trace, model, world, found, header)
    return Report(scenario.name, order, faults.data(), found, steps, watch.seconds, len(suite))


class _Watch:
    """Looks at memory, Ctrl-C and the clock while a search goes on. Use as a context: it takes SIGINT and SIGTERM while it is open."""

    def __init__(self, limit: int) -> None:
        self.seconds = 0.0
        self._limit = limit
        self._interrupted = False
        self._live = sys.stderr.isatty()
        self._shown_at = self._began = time.perf_counter()
        self._states = 0

    def __enter__(self) -> _Watch:
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on)
        return self

    def __exit__(self, *exc: object) -> None:
        self.seconds = time.perf_counter() - self._began
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._live:
            sys.stderr.write("\r\x1b[K")

    def _on(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        self._interrupted = True

    def enough(self) -> str:
        """Why the search has to stop; "" if it need not."""
        if self._interrupted:
            return "interrupted"
        return "memory" if resident_bytes() > self._limit else ""

    def show(self, found: Explored) -> None:
        """Show how far the search is, now and then."""
        now = time.perf_counter()
        if now - self._shown_at < (_LIVE_S if self._live else _PIPED_S):
            return
        rate = (found.states - self._states) / (now - self._shown_at)
        self._shown_at, self._states = now, found.states
        level = found.levels[-1]
        line = (
            f"{level.deviations} deviations, step {level.depth}: {found.states:,} states, {rate:,.0f} states/s,"
            f" {found.frontier:,} in the frontier, {resident_bytes() >> 20:,} MB"
        )
        if self._live:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
        else:
            note(line)


def resident_bytes() -> int:
    """How much memory this process takes now (where that cannot be asked: at most took so far)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
