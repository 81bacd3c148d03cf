"""Probes: what they have found at a moment, and when they will find something else.

What a probe meets is data (behaviour.py), so its result is a function of time: nothing is remembered, and a timer is needed only where the result changes.
Source: pkg/kubelet/prober/worker.go (doProbe), prober_manager.go (isContainerStarted, UpdatePodStatus).

DEVIATES: probes are made initialDelaySeconds after the start and then each period, because upstream's phase against the container's start is arbitrary.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import attrs

from ..kinds.container import Container, Probe
from .behaviour import NEVER
from .runtime import Instance

UNKNOWN: Final = "Unknown"
SUCCESS: Final = "Success"
FAILURE: Final = "Failure"


@attrs.frozen
class Finding:
    """What a probe has found: its `result`, since when, when there is something new, and when the present run of failures began (NEVER: it succeeds)."""

    result: str
    since_ms: int
    next_ms: int
    failing_ms: int = NEVER


@attrs.frozen
class Health:
    """What the probes of a running container say at a moment; `next_ms` is when one of them says something new."""

    started: bool
    ready: bool
    next_ms: int = NEVER
    startup: Finding | None = None
    readiness: Finding | None = None
    liveness: Finding | None = None


PLAIN: Final = Health(started=True, ready=True)
"""A running container without probes."""


def health(container: Container, run: Instance, now_ms: int) -> Health:
    """The health of a running container. A probe that waits for the startup probe has not been made."""
    if container.startup_probe is None and container.readiness_probe is None and container.liveness_probe is None:
        return PLAIN
    startup = readiness = liveness = None
    from_ms, started = run.started_ms, True
    if container.startup_probe is not None:
        startup = find(container.startup_probe, run.started_ms, run.started_ms, run.doing.started, UNKNOWN, now_ms)
        started, from_ms = startup.result == SUCCESS, startup.since_ms
    if started and container.readiness_probe is not None:
        readiness = find(container.readiness_probe, run.started_ms, from_ms, run.doing.ready, FAILURE, now_ms)
    if started and container.liveness_probe is not None:
        liveness = find(container.liveness_probe, run.started_ms, from_ms, run.doing.live, SUCCESS, now_ms)
    return Health(
        started,
        started and (readiness is None or readiness.result == SUCCESS),
        min(finding.next_ms if finding else NEVER for finding in (startup, readiness, liveness)),
        startup,
        readiness,
        liveness,
    )


def find(probe: Probe, started_ms: int, from_ms: int, flips_ms: tuple[int, ...], initial: str, now_ms: int) -> Finding:
    """The finding at `now_ms` of a probe of a container that runs since `started_ms` and may be probed since `from_ms`.

    `flips_ms`: how long after the start what it meets turns around, bad before the first; `initial`: its result before it is made.
    """
    base = max(started_ms + probe.initial_delay_seconds * 1_000, from_ms)
    shift = base - started_ms
    result, since, failing = initial, base, NEVER
    for at, what in _schedule(
        max(probe.period_seconds, 1) * 1_000,
        max(probe.success_threshold, 1),
        max(probe.failure_threshold, 1),
        tuple([flip if flip == NEVER else flip - shift for flip in flips_ms]),
    ):
        time = base + at
        if time > now_ms:
            return Finding(result, since, time, failing)
        if what == "fails":
            failing = time
        else:
            failing = NEVER if what == SUCCESS else failing
            result, since = what, time if what != result else since
    return Finding(result, since, NEVER, failing)


@lru_cache(maxsize=4096)
def _schedule(period: int, successes: int, failures: int, flips: tuple[int, ...]) -> tuple[tuple[int, str], ...]:
    """When the result becomes SUCCESS or FAILURE, and when a run of failures begins ("fails"), in ms after the first probe."""
    found: list[tuple[int, str]] = []
    tick, run_from, last = 0, 0, ""
    for number, end in enumerate((*flips, NEVER)):
        if tick >= end:
            continue
        answer = SUCCESS if number % 2 else FAILURE
        if answer != last:
            last, run_from = answer, tick
            if answer == FAILURE:
                found.append((tick, "fails"))
        decided = run_from + ((successes if answer == SUCCESS else failures) - 1) * period
        if tick <= decided < end:
            found.append((decided, answer))
        tick += -(-(end - tick) // period) * period
    return tuple(found)
