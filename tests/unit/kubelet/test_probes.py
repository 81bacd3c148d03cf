"""Probes as functions of time."""

import pytest

from refk8s.kinds.container import Probe
from refk8s.kubelet.behaviour import NEVER, Attempt
from refk8s.kubelet.probes import FAILURE, SUCCESS, find, health

from .pods import NOW_MS, container, pod, sandbox


def at(seconds: int, flips_s: tuple[int, ...], initial: str = FAILURE, **fields: int) -> str:
    probe = Probe(period_seconds=10, success_threshold=1, failure_threshold=3, **fields)
    return find(probe, 0, 0, tuple(flip * 1_000 for flip in flips_s), initial, seconds * 1_000).result


def test_a_probe_succeeds_at_its_initial_delay_if_what_it_meets_is_good() -> None:
    assert [at(s, (0,), initial_delay_seconds=5) for s in (0, 4, 5, 6)] == [FAILURE, FAILURE, SUCCESS, SUCCESS]


def test_a_probe_finds_a_change_at_its_next_period() -> None:
    assert [at(s, (12,)) for s in (0, 12, 19, 20)] == [FAILURE, FAILURE, FAILURE, SUCCESS]


def test_a_result_turns_bad_after_as_many_failures_as_the_threshold_says() -> None:
    assert [at(s, (0, 15)) for s in (0, 20, 39, 40)] == [SUCCESS, SUCCESS, SUCCESS, FAILURE]


def test_failures_that_are_too_few_change_nothing() -> None:
    assert [at(s, (0, 15, 35)) for s in (0, 20, 30, 40, 90)] == [SUCCESS] * 5


def test_liveness_is_good_until_it_has_failed_often_enough() -> None:
    assert [at(s, (), SUCCESS) for s in (0, 19, 20)] == [SUCCESS, SUCCESS, FAILURE]


def test_the_next_change_is_known_and_then_there_is_none() -> None:
    probe = Probe(period_seconds=10, failure_threshold=3)
    first = find(probe, 0, 0, (0, 15_000), FAILURE, 0)
    assert (first.next_ms, first.failing_ms) == (20_000, NEVER)
    failing = find(probe, 0, 0, (0, 15_000), FAILURE, 20_000)
    assert (failing.next_ms, failing.failing_ms) == (40_000, 20_000)
    assert find(probe, 0, 0, (0, 15_000), FAILURE, 40_000).next_ms == NEVER


@pytest.mark.parametrize(("seconds", "started", "ready"), [(0, False, False), (5, False, False), (6, True, True)])
def test_readiness_is_probed_once_the_startup_probe_has_succeeded(seconds: int, started: bool, ready: bool) -> None:
    raw = container(startupProbe={"periodSeconds": 2, "failureThreshold": 9}, readinessProbe={"periodSeconds": 10})
    found = pod(containers=[raw]).spec.containers[0]
    run = sandbox().start("c", "nginx:1", Attempt(started=(5_000,)), 0, NOW_MS).find("c")
    assert run is not None
    now = health(found, run, NOW_MS + seconds * 1_000)
    assert (now.started, now.ready) == (started, ready)
