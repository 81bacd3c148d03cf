"""What the invariants of pods judge, and what they leave alone."""

from __future__ import annotations

import pytest

from refk8s.core.world import World
from refk8s.zoo.scenes import annotated, apply, pod

from .worlds import changed, finding, settled, with_condition, with_status

ENDED = {"name": "web", "ready": False, "restartCount": 0, "state": {"terminated": {"exitCode": 1}}}
RUNS = {**ENDED, "state": {"running": {}}}


@pytest.fixture(scope="module")
def done() -> World:
    """A pod that has succeeded on a node."""
    return settled(apply(annotated(pod("job", restartPolicy="Never"), behaviour="exit 0 after 1s")))[1]


@pytest.fixture(scope="module")
def running() -> World:
    """A pod that runs."""
    return settled(apply(pod("web"), pod("again", restartPolicy="OnFailure")))[1]


def test_a_kubelet_must_not_take_its_own_terminal_phase_back(done: World) -> None:
    step = changed(done, "kubelet/node", "pods", "default/job", with_status(phase="Running"))
    assert "took the phase from Succeeded to Running" in (finding("POD-01", step) or "")


def test_a_user_may_write_any_phase(done: World) -> None:
    step = changed(done, "user/ann", "pods", "default/job", with_status(phase="Running"))
    assert finding("POD-01", step) is None


def test_a_kubelets_status_may_cross_the_pod_collectors(running: World) -> None:
    _, failed, _ = changed(running, "kube-controller-manager", "pods", "default/web", with_status(phase="Failed"))
    late = changed(failed, "kubelet/node", "pods", "default/web", with_status(phase="Running"))
    assert finding("POD-01", late) is None


def test_the_pod_collector_must_not_take_a_terminal_phase_back(done: World) -> None:
    step = changed(done, "kube-controller-manager", "pods", "default/job", with_status(phase="Pending"))
    assert finding("POD-01", step) is not None


def test_a_bound_pod_must_not_move_whoever_moves_it(running: World) -> None:
    step = changed(
        running, "user/ann", "pods", "default/web", lambda d: {**d, "spec": {**d["spec"], "nodeName": "elsewhere"}}
    )
    assert "moved it from node to elsewhere" in (finding("POD-02", step) or "")


def test_ready_without_containers_ready_is_found_in_a_kubelets_write_only(running: World) -> None:
    not_ready = with_condition("ContainersReady", "False")
    assert finding("POD-04", changed(running, "kubelet/node", "pods", "default/web", not_ready)) is not None
    assert finding("POD-04", changed(running, "kube-controller-manager", "pods", "default/web", not_ready)) is None


def test_a_container_may_restart_after_a_failure_if_its_policy_says_so(running: World) -> None:
    _, ended, _ = changed(running, "kubelet/node", "pods", "default/again", with_status(containerStatuses=[ENDED]))
    again = changed(ended, "kubelet/node", "pods", "default/again", with_status(containerStatuses=[RUNS]))
    assert finding("POD-06", again) is None


def test_a_container_must_not_restart_after_success_if_its_policy_is_on_failure(running: World) -> None:
    success = {**ENDED, "state": {"terminated": {"exitCode": 0}}}
    _, ended, _ = changed(running, "kubelet/node", "pods", "default/again", with_status(containerStatuses=[success]))
    again = changed(ended, "kubelet/node", "pods", "default/again", with_status(containerStatuses=[RUNS]))
    assert "container web had exited with 0" in (finding("POD-06", again) or "")
