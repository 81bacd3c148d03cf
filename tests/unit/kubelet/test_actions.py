"""What a sync has to do."""

from typing import Any

from refk8s.kubelet.actions import NO_ACTIONS, Actions, Stop, compute_actions
from refk8s.kubelet.behaviour import Attempt
from refk8s.kubelet.runtime import Sandbox

from .pods import NOW_MS, container, pod, sandbox


def actions(made: Sandbox | None, after_ms: int = 0, **fields: Any) -> Actions:
    return compute_actions(pod(**fields), made, NOW_MS + after_ms)


TWO: Any = {"containers": [container("a"), container("b")]}
INITS: Any = {"initContainers": [container("i"), container("j")]}
SIDECAR: Any = {"initContainers": [container("s", restartPolicy="Always"), container("j")]}


def test_a_new_pod_gets_a_network_and_its_main_containers() -> None:
    assert actions(None, **TWO) == Actions(create=True, starts=("a", "b"))


def test_a_new_pod_with_init_containers_starts_the_first_of_them() -> None:
    assert actions(None, **INITS) == Actions(create=True, starts=("i",))


def test_init_containers_run_one_after_the_other() -> None:
    assert actions(sandbox(("i", -1)), **INITS) == NO_ACTIONS
    assert actions(sandbox(("i", 0)), **INITS).starts == ("j",)
    assert actions(sandbox(("i", 0), ("j", -1)), **INITS) == NO_ACTIONS
    assert actions(sandbox(("i", 0), ("j", 0)), **INITS).starts == ("c",)


def test_an_init_container_that_fails_is_tried_again_unless_the_policy_is_never() -> None:
    assert actions(sandbox(("i", 0, 1)), **INITS).starts == ("i",)
    assert actions(sandbox(("i", 0, 1)), restartPolicy="Never", **INITS) == Actions(stop_pod=True)


def test_a_sidecar_lets_the_next_init_container_start_as_soon_as_it_runs() -> None:
    assert actions(sandbox(("s", -1)), **SIDECAR).starts == ("j",)


def test_a_sidecar_with_a_startup_probe_is_waited_for() -> None:
    probe = {"periodSeconds": 1, "failureThreshold": 9}
    probed: Any = {"initContainers": [container("s", restartPolicy="Always", startupProbe=probe)]}
    slow = sandbox().start("s", "nginx:1", Attempt(started=(3_000,)), 0, NOW_MS)
    assert actions(slow, **probed) == NO_ACTIONS
    assert actions(slow, 3_000, **probed).starts == ("c",)


def test_a_sidecar_that_ends_is_started_again_and_the_pod_stays_initialized() -> None:
    assert actions(sandbox(("s", 0), ("j", 0), ("c", -1)), **SIDECAR).starts == ("s",)


def test_exited_containers_restart_as_the_policy_says() -> None:
    for policy, code, wanted in (
        ("Always", 0, ("a",)),
        ("OnFailure", 1, ("a",)),
        ("OnFailure", 0, ()),
        ("Never", 1, ()),
    ):
        assert actions(sandbox(("a", 0, code), ("b", -1)), restartPolicy=policy, **TWO).starts == wanted


def test_a_pod_whose_main_containers_are_done_is_stopped_sidecars_and_all() -> None:
    done = sandbox(("s", -1), ("j", 0), ("c", 0))
    assert actions(done, restartPolicy="Never", **SIDECAR) == Actions(stop_pod=True)


def test_a_container_that_fails_its_liveness_probe_is_stopped_and_started() -> None:
    probed: Any = {"containers": [container(livenessProbe={"periodSeconds": 1, "failureThreshold": 2})]}
    sick = sandbox().start("c", "nginx:1", Attempt(live=()), 0, NOW_MS)
    assert actions(sick, **probed) == NO_ACTIONS
    stop = Stop("c", "Container c failed liveness probe, will be restarted", "liveness")
    assert actions(sick, 1_000, **probed) == Actions(stops=(stop,), starts=("c",))
    assert actions(sick, 1_000, restartPolicy="Never", **probed) == Actions(stop_pod=True)


def test_a_container_whose_image_was_changed_is_replaced_whatever_the_policy_says() -> None:
    changed: Any = {"containers": [container(image="nginx:2")], "restartPolicy": "Never"}
    stop = Stop("c", "Container c definition changed, will be restarted")
    assert actions(sandbox(("c", -1)), **changed) == Actions(stops=(stop,), starts=("c",))


def test_a_pod_that_lost_its_network_starts_over() -> None:
    lost = sandbox(("i", 0), ("j", 0), ("c", 0), ready=False)
    assert actions(lost, **INITS) == Actions(stop_pod=True, create=True, starts=("i",))
    assert actions(lost, restartPolicy="Never", **INITS) == Actions(stop_pod=True)
    assert actions(lost, restartPolicy="OnFailure") == Actions(stop_pod=True)
