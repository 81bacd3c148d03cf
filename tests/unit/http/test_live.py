"""A living cluster: time between requests, and what is judged while it lives."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable

import pytest

from refk8s.core.errors import ModelError
from refk8s.core.invariant import Monitor
from refk8s.core.wire import Request
from refk8s.explore.cluster import build
from refk8s.http.clock import HORIZON_MS, FastTime, Pacer
from refk8s.http.live import Live, NoLog
from refk8s.invariants import suite
from refk8s.scenarios.format import from_data


class WallClock:
    """A wall clock that is set by hand."""

    def __init__(self, now_ms: int) -> None:
        self.time_ms = now_ms

    def now_ms(self) -> int | None:
        return self.time_ms


def living(clock: Callable[[int], object] = lambda now_ms: FastTime(), **spec: object) -> tuple[Live, list[str]]:
    """A cluster, and the alarms that it raises."""
    data = {
        "apiVersion": "refk8s.dev/v1",
        "kind": "Scenario",
        "metadata": {"name": "live"},
        "spec": {"users": {}, **spec},
    }
    model, world = build(from_data(data).cluster)
    alarms: list[str] = []
    live = Live(
        model, world, clock(world.now_ms), Monitor(suite().all()), NoLog(), lambda found: alarms.append(str(found))
    )  # type: ignore[arg-type]  # a log that writes nothing
    return live, alarms


def settled(live: Live) -> None:
    """Do what can be done without time passing."""
    while live.settle(100):
        pass


def configmap(name: str) -> Request:
    return Request("create", "configmaps", "default", body={"metadata": {"name": name}}, agent="test")


def test_a_cluster_that_nobody_disturbs_for_hours_raises_no_alarm() -> None:
    live, alarms = living(nodes=[{"name": "n", "count": 2}])
    end = live.world.now_ms + 3 * 3_600_000
    while live.world.now_ms < end:
        settled(live)
        live.quiet()
        live.advance()
    assert not alarms


def test_many_requests_at_one_instant_are_no_hot_loop() -> None:
    live, alarms = living(nodes=[], components={"controllerManagers": 0, "schedulers": 0})
    for number in range(2_500):
        assert live.write(configmap(f"n{number}")).code == 201
    assert not alarms


def test_a_request_has_the_time_of_the_wall_but_passes_over_no_deadline() -> None:
    live, _ = living(WallClock, nodes=[{"name": "n"}])
    clock = live._clock
    assert isinstance(clock, WallClock)
    settled(live)
    before = live.world.now_ms
    deadline = live.deadline_ms
    assert deadline is not None
    clock.time_ms = deadline - 1
    live.write(configmap("a"))
    assert live.world.now_ms == deadline - 1
    clock.time_ms = deadline + 60_000
    live.write(configmap("b"))
    assert before < deadline
    assert live.world.now_ms == deadline  # what was due by then has still to happen
    assert live.now_ms == deadline + 60_000


def test_an_input_that_passes_over_a_deadline_is_refused() -> None:
    from refk8s.core.action import Input
    from refk8s.core.step import step
    from refk8s.http.live import as_data

    live, _ = living(nodes=[{"name": "n"}])
    settled(live)
    assert live.deadline_ms is not None
    payload = {"http": as_data(configmap("a")), "at": live.deadline_ms + 1}
    with pytest.raises(ModelError, match="passes over the deadline"):
        step(live.model, live.world, Input(payload))


def test_an_alarm_is_heard_and_stands_in_the_log() -> None:
    from refk8s.core.invariant import SAFETY, Invariant, Served
    from refk8s.http.log import TraceLog

    def nothing_is_served(before: object, action: object, after: object, delta: object) -> str:
        return "something was served"

    false = Invariant("TEST-01", "nothing_is_served", "", SAFETY, Served(), "", "", "", nothing_is_served)
    live, _ = living(nodes=[])
    file = io.BytesIO()
    alarms: list[str] = []
    log = TraceLog(live.model, [file])
    watched = Live(live.model, live.world, FastTime(), Monitor([false]), log, lambda found: alarms.append(str(found)))
    assert watched.write(configmap("a")).code == 201
    assert len(alarms) == 1
    assert "something was served" in alarms[0]
    assert json.loads(file.getvalue())["alarm"] == {"id": "TEST-01", "finding": "something was served"}


def test_fast_time_waits_after_an_hour_for_what_never_becomes_quiet() -> None:
    live, alarms = living(nodes=[{"name": "n"}])
    live.quiet = lambda: False  # type: ignore[method-assign]  # never quiet, for this test
    begin = live.world.now_ms

    async def pace() -> None:
        pacer = asyncio.ensure_future(Pacer(live, fast=True).run())
        index = -1
        async with asyncio.timeout(20):
            while index != live.world.index:
                index = live.world.index
                await asyncio.sleep(0.2)
        pacer.cancel()

    asyncio.run(pace())
    assert begin + HORIZON_MS - 60_000 < live.world.now_ms <= begin + HORIZON_MS
    assert not alarms
