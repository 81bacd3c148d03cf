"""The run loop: driver chooses, step, monitor checks, observers see; until quiet, a violation, a condition or a limit."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import attrs

from ..core.action import Action
from ..core.delta import Delta
from ..core.digest import text
from ..core.enabled import is_quiet, label
from ..core.errors import UncontrolledNondeterminism
from ..core.invariant import Monitor, Violation
from ..core.model import Model
from ..core.step import step
from ..core.world import World
from .drivers import DefaultDriver, Driver

Observer = Callable[[World, Action, World, Delta], None]
Verdict = Literal["quiet", "until", "violated", "limit", "stopped", "hot loop"]


@attrs.frozen(eq=False)
class Outcome:
    """How a run ended.

    `verdict`: "quiet" (nothing left to do), "until" (the condition came true), "violated", "limit" (step limit), "stopped" (the driver had no more), "hot loop"
    (too many steps without time passing).
    """

    world: World
    steps: int
    verdict: Verdict
    violation: Violation | None = None


@contextmanager
def no_cyclic_gc() -> Iterator[None]:
    """Runs make no reference cycles (a test asserts it), so the cyclic collector only costs time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def run(
    model: Model,
    world: World,
    driver: Driver | None = None,
    *,
    monitor: Monitor | None = None,
    max_steps: int = 1_000_000,
    until: Callable[[World], bool] | None = None,
    observers: tuple[Observer, ...] = (),
    hot_loop_steps: int = 200_000,
) -> Outcome:
    """Drive `world` until it is quiet, an invariant breaks, `until` holds, the driver stops, or `max_steps` are done."""
    chooser: Driver = driver or DefaultDriver()
    choose = chooser.choose
    check = monitor.check if monitor is not None else None
    if monitor is not None:
        monitor.begin(model, world)
    start = world.index
    limit = start + max_steps
    timed, at_ms = world.index, world.now_ms
    with no_cyclic_gc():
        while True:
            if until is not None and until(world):
                return Outcome(world, world.index - start, "until")
            if is_quiet(model, world):
                violation = monitor.check_quiet(model, world) if monitor is not None else None
                return Outcome(world, world.index - start, "violated" if violation else "quiet", violation)
            if world.index >= limit:
                return Outcome(world, world.index - start, "limit")
            action = choose(model, world)
            if action is None:
                return Outcome(world, world.index - start, "stopped")
            after, delta = step(model, world, action)
            for observer in observers:
                observer(world, action, after, delta)
            if check is not None:
                violation = check(world, action, after, delta)
                if violation is not None:
                    return Outcome(after, after.index - start, "violated", violation)
            world = after
            if world.now_ms != at_ms:
                timed, at_ms = world.index, world.now_ms
            elif world.index - timed > hot_loop_steps:
                return Outcome(world, world.index - start, "hot loop")


def run_twice(model: Model, world: World, make_driver: Callable[[], Driver], *, max_steps: int = 1_000_000) -> Outcome:
    """Run the same schedule twice, the second time without the memo of suspended generators, and compare every digest.

    Raises UncontrolledNondeterminism at the first step that differs.
    """
    prints: list[tuple[str, int]] = []

    def record(before: World, action: Action, after: World, delta: Delta) -> None:
        prints.append((label(model, before, action), after.fingerprint))

    outcome = run(model, world, make_driver(), max_steps=max_steps, observers=(record,))
    slow = attrs.evolve(model, keep_live=False)
    place = 0

    def compare(before: World, action: Action, after: World, delta: Delta) -> None:
        nonlocal place
        name, fingerprint = prints[place] if place < len(prints) else ("nothing", 0)
        again = label(slow, before, action)
        if name != again or fingerprint != after.fingerprint:
            raise UncontrolledNondeterminism(
                f"step {before.index}: the first run did {name!r} ({text(fingerprint)}), the second {again!r} ({text(after.fingerprint)}). "
                "Common causes: unsorted iteration, state kept outside the World, a controller that reads something other than its effects."
            )
        place += 1

    run(slow, world, make_driver(), max_steps=max_steps, observers=(compare,))
    return outcome
