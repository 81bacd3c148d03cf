"""The phase, computed from container states. The table follows upstream's own cases (kubelet_pods_test.go: TestPodPhaseWith…)."""

from typing import Any

import pytest

from refk8s.kubelet.phase import FAILED, PENDING, RUNNING, SUCCEEDED, get_phase

from .pods import container, ended, pod, running, waiting

Statuses = list[dict[str, Any]]


def phase(statuses: Statuses, policy: str = "Always", *, inits: tuple[Any, ...] = (), **flags: bool) -> str:
    spec = pod(
        containers=[container("a"), container("b")],
        initContainers=[container(i) if isinstance(i, str) else container(i[0], restartPolicy="Always") for i in inits],
        restartPolicy=policy,
    ).spec
    return get_phase(spec, statuses, is_terminal=flags.get("terminal", False), has_started=flags.get("started", False))


@pytest.mark.parametrize(
    ("statuses", "policy", "wanted"),
    [
        ([], "Always", PENDING),
        ([running("a")], "Always", PENDING),
        ([running("a"), running("b")], "Always", RUNNING),
        ([running("a"), waiting("b")], "Always", PENDING),
        ([running("a"), waiting("b", "CrashLoopBackOff", after=1)], "Always", RUNNING),
        ([running("a"), ended("b", 1)], "Never", RUNNING),
        ([ended("a"), ended("b")], "Always", RUNNING),
        ([ended("a", 1), ended("b", 1)], "Always", RUNNING),
        ([ended("a"), ended("b")], "OnFailure", SUCCEEDED),
        ([ended("a"), ended("b", 1)], "OnFailure", RUNNING),
        ([ended("a"), ended("b")], "Never", SUCCEEDED),
        ([ended("a"), ended("b", 1)], "Never", FAILED),
        ([ended("a", 137), ended("b")], "Never", FAILED),
        ([ended("a"), waiting("b", after=1)], "OnFailure", RUNNING),
    ],
)
def test_phase_of_main_containers(statuses: Statuses, policy: str, wanted: str) -> None:
    assert phase(statuses, policy) == wanted


@pytest.mark.parametrize(
    ("init", "policy", "wanted"),
    [
        (None, "Always", PENDING),
        (running("i"), "Always", PENDING),
        (waiting("i"), "Always", PENDING),
        (ended("i", 1), "Always", PENDING),
        (ended("i", 1), "OnFailure", PENDING),
        (ended("i", 1), "Never", FAILED),
        (waiting("i", "CrashLoopBackOff", after=1), "Never", FAILED),
        (ended("i"), "Never", PENDING),
    ],
)
def test_phase_before_main_containers_start(init: dict[str, Any] | None, policy: str, wanted: str) -> None:
    statuses = [waiting("a", "PodInitializing"), waiting("b", "PodInitializing"), *([init] if init else [])]
    assert phase(statuses, policy, inits=("i",)) == wanted


def test_a_running_sidecar_keeps_the_pod_running() -> None:
    assert phase([running("s"), ended("a"), ended("b")], "Never", inits=(("s",),), started=True) == RUNNING


def test_sidecars_that_have_ended_do_not_count() -> None:
    assert phase([ended("s", 137), ended("a"), ended("b")], "Never", inits=(("s",),), started=True) == SUCCEEDED


def test_a_sidecar_that_has_not_started_keeps_the_pod_pending_until_the_pod_has_started_once() -> None:
    statuses = [running("s", started=False), running("a"), running("b")]
    assert phase(statuses, inits=(("s",),)) == PENDING
    assert phase(statuses, inits=(("s",),), started=True) == RUNNING


def test_a_pod_that_is_being_stopped_ends_whatever_its_restart_policy_says() -> None:
    assert phase([ended("a"), ended("b")], "Always", terminal=True) == SUCCEEDED
    assert phase([ended("a"), ended("b", 137)], "Always", terminal=True) == FAILED


def test_a_containers_own_restart_policy_goes_before_the_pods() -> None:
    spec = pod(
        containers=[
            container("a"),
            container(
                "b",
                restartPolicy="Never",
                restartPolicyRules=[{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}],
            ),
        ],
        restartPolicy="Never",
    ).spec
    assert get_phase(spec, [ended("a"), ended("b", 42)], is_terminal=False, has_started=True) == RUNNING
    assert get_phase(spec, [ended("a"), ended("b", 41)], is_terminal=False, has_started=True) == FAILED
