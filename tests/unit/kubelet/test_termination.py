"""Grace periods, hooks and the order in which containers stop."""

from typing import Any

import pytest

from refk8s.kinds.container import Container
from refk8s.kubelet.behaviour import MAIN, Attempt, Behaviour
from refk8s.kubelet.runtime import KILLED, Sandbox
from refk8s.kubelet.termination import effective_grace_s, probe_grace_s, stop_pod

from .pods import NOW_MS, container, pod, sandbox


@pytest.mark.parametrize(
    ("fields", "now_s", "wanted"),
    [
        ({}, 0, 30),
        ({"deletionGracePeriodSeconds": 5}, 0, 5),
        ({"deletionGracePeriodSeconds": 0}, 0, 1),
        ({"terminationGracePeriodSeconds": 0}, 0, 1),
        ({"deletionGracePeriodSeconds": 60}, 30, 30),
        ({"deletionGracePeriodSeconds": 10}, 30, 10),
        ({}, 7, 7),
    ],
)
def test_the_grace_period_is_at_least_a_second_and_only_gets_shorter(fields: Any, now_s: int, wanted: int) -> None:
    one = pod(**fields)
    assert effective_grace_s(one.metadata, one.spec, now_s) == wanted


def behaviour(found: Container) -> Behaviour:
    return Behaviour(pre_stop_ms=4_000) if found.name == "slow" else MAIN


def ends(made: Sandbox, grace_s: int = 30, **fields: Any) -> dict[str, tuple[int, int]]:
    stopped = stop_pod(pod(**fields) if fields else None, made, grace_s, behaviour, NOW_MS)
    return {run.name: (run.exit_ms - NOW_MS, run.exit_code) for run in stopped.instances}


def test_containers_stop_at_once_and_side_by_side() -> None:
    made = sandbox(("a", -1), ("b", -1))
    assert ends(made, containers=[container("a"), container("b")]) == {"a": (500, 0), "b": (500, 0)}


def test_a_container_that_ignores_sigterm_is_killed_at_the_end_of_the_grace_period() -> None:
    made = sandbox().start("c", "nginx:1", Attempt(stop_ms=600_000), 0, NOW_MS)
    assert ends(made, 30, containers=[container()]) == {"c": (30_000, KILLED)}


def test_even_without_a_grace_period_a_container_gets_two_seconds() -> None:
    made = sandbox().start("c", "nginx:1", Attempt(stop_ms=600_000), 0, NOW_MS)
    assert ends(made, 0, containers=[container()]) == {"c": (2_000, KILLED)}
    assert ends(made, 1) == {"c": (2_000, KILLED)}


def test_the_pre_stop_hook_uses_up_the_grace_period() -> None:
    sleep = container("c", lifecycle={"preStop": {"sleep": {"seconds": 3}}})
    assert ends(sandbox(("c", -1)), containers=[sleep]) == {"c": (3_500, 0)}
    hook = container("slow", lifecycle={"preStop": {"exec": {"command": ["x"]}}})
    assert ends(sandbox(("slow", -1)), containers=[hook]) == {"slow": (4_500, 0)}
    stubborn = sandbox().start("slow", "nginx:1", Attempt(stop_ms=600_000), 0, NOW_MS)
    assert ends(stubborn, 5, containers=[hook]) == {"slow": (6_000, KILLED)}


def test_sidecars_stop_after_the_main_containers_the_last_one_first() -> None:
    fields: Any = {"initContainers": [container("s1", restartPolicy="Always"), container("s2", restartPolicy="Always")]}
    made = sandbox(("s1", -1), ("s2", -1), ("c", -1))
    assert ends(made, **fields) == {"c": (500, 0), "s2": (1_000, 0), "s1": (1_500, 0)}


def test_sidecars_wait_no_longer_than_the_grace_period() -> None:
    fields: Any = {"initContainers": [container("s", restartPolicy="Always")]}
    made = sandbox(("s", -1)).start("c", "nginx:1", Attempt(stop_ms=600_000), 0, NOW_MS)
    assert ends(made, 10, **fields) == {"c": (10_000, KILLED), "s": (10_500, 0)}


def test_probes_may_have_a_grace_period_of_their_own() -> None:
    one = pod(containers=[container(livenessProbe={"terminationGracePeriodSeconds": 7}, startupProbe={})])
    probed = one.spec.containers[0]
    assert [probe_grace_s(one, probed, probe) for probe in ("liveness", "startup", "")] == [7, 30, 30]
