"""The status as a whole: computed, ended, and merged with what the API server shows."""

from typing import Any

import pytest

from refk8s.kinds.pod import Pod
from refk8s.kubelet.runtime import Sandbox
from refk8s.kubelet.status import generate, illegal_transition, keep_terminal, merged, rejected, terminated
from refk8s.kubelet.statuses import NO_SANDBOX, Scene

from .pods import NOW, NOW_MS, container, ended, pod, running, sandbox, stored, waiting

Document = dict[str, Any]


def status(
    made: Sandbox = NO_SANDBOX, old: Document | None = None, *, terminal: bool = False, **fields: Any
) -> Document:
    one = stored(**fields)
    scene = Scene(one.view(Pod), one.document, made, old or one.document["status"], {}, NOW_MS)
    return generate(scene, "172.18.0.2", is_terminal=terminal)


def condition(found: Document, kind: str) -> Document:
    return next(c for c in found["conditions"] if c["type"] == kind)


def test_a_new_pod_is_pending_and_scheduled() -> None:
    found = status()
    assert (found["phase"], found["hostIP"], found["startTime"]) == ("Pending", "172.18.0.2", NOW)
    assert [(c["type"], c["status"]) for c in found["conditions"]] == [
        ("PodReadyToStartContainers", "False"),
        ("Initialized", "True"),
        ("Ready", "False"),
        ("ContainersReady", "False"),
        ("PodScheduled", "True"),
    ]
    assert {c["observedGeneration"] for c in found["conditions"]} == {1}
    assert "podIP" not in found


def test_a_running_pod_has_the_address_of_its_network() -> None:
    found = status(sandbox(("c", -1)))
    assert (found["phase"], found["podIP"], found["podIPs"]) == ("Running", "10.0.1.2", [{"ip": "10.0.1.2"}])
    assert condition(found, "Ready")["status"] == "True"


def test_a_pod_on_the_nodes_network_has_the_nodes_address() -> None:
    assert status(hostNetwork=True)["podIP"] == "172.18.0.2"


def test_the_start_time_and_the_conditions_of_others_stay() -> None:
    old = {"phase": "Pending", "startTime": "then", "conditions": [{"type": "x/y", "status": "True"}]}
    found = status(status=old)
    assert found["startTime"] == "then"
    assert condition(found, "x/y")["status"] == "True"


def test_what_a_pod_asks_for_is_shown_as_a_whole() -> None:
    asks = {"requests": {"cpu": "1500m"}, "limits": {"memory": "1Gi"}}
    found = status(containers=[container("a", resources=asks), container("b", resources=asks)])
    assert found["resources"] == {"limits": {"memory": "2Gi"}, "requests": {"cpu": "3"}}
    assert found["allocatedResources"] == {"cpu": "3"}


@pytest.mark.parametrize(
    ("computed", "cached", "api", "wanted"),
    [
        ("Running", "Pending", "Pending", "Running"),
        ("Pending", "Succeeded", "Running", "Succeeded"),
        ("Pending", "Running", "Failed", "Failed"),
        ("Succeeded", "Running", "Failed", "Failed"),
        ("Failed", "Succeeded", "Running", "Failed"),
    ],
)
def test_a_terminal_phase_stays(computed: str, cached: str, api: str, wanted: str) -> None:
    assert keep_terminal(computed, cached, api) == wanted


def test_a_rejected_pod_has_no_conditions() -> None:
    found = rejected(pod(), "OutOfcpu", "no room", NOW)
    assert found == {
        "observedGeneration": 1,
        "phase": "Failed",
        "message": "Pod was rejected: no room",
        "reason": "OutOfcpu",
        "startTime": NOW,
        "qosClass": "BestEffort",
    }


def test_at_the_end_what_is_not_known_to_have_ended_has_failed() -> None:
    found = terminated(pod(), {}, {"phase": "Running", "containerStatuses": [running("c")]})
    assert found["phase"] == "Failed"
    assert found["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137


def test_containers_of_a_pod_that_was_never_initialized_stay_waiting_at_the_end() -> None:
    one = pod(initContainers=[container("i"), container("j")])
    shown = {
        "phase": "Pending",
        "containerStatuses": [waiting()],
        "initContainerStatuses": [running("i"), waiting("j")],
    }
    found = terminated(one, shown, shown)
    assert "waiting" in found["containerStatuses"][0]["state"]
    assert ["terminated" in s["state"] for s in found["initContainerStatuses"]] == [True, False]


def test_a_terminated_container_that_may_not_restart_does_not_come_back() -> None:
    old, new = {"containerStatuses": [ended("c")]}, {"containerStatuses": [waiting("c")]}
    assert illegal_transition(old, new, pod(restartPolicy="Never")) == "c"
    assert illegal_transition(old, new, pod(restartPolicy="OnFailure")) == "c"
    assert illegal_transition(old, new, pod(restartPolicy="Always")) == ""
    failed = {"containerStatuses": [ended("c", 1)]}
    assert illegal_transition(failed, new, pod(restartPolicy="OnFailure")) == ""


def test_merging_keeps_the_conditions_of_others_as_the_api_server_has_them() -> None:
    api = {"phase": "Pending", "conditions": [{"type": "x/y", "status": "False"}, {"type": "Ready", "status": "False"}]}
    found = merged(api, status(sandbox(("c", -1))), NOW, could_run=True)
    assert [c["type"] for c in found["conditions"]][:2] == ["x/y", "PodReadyToStartContainers"]
    assert found["phase"] == "Running"


def test_the_phase_becomes_terminal_only_when_nothing_can_run_any_more() -> None:
    api = {"phase": "Running"}
    last = status(sandbox(("c", 0)), restartPolicy="Never")
    assert last["phase"] == "Succeeded"
    assert merged(api, last, NOW, could_run=True)["phase"] == "Running"
    assert merged(api, last, NOW, could_run=False)["phase"] == "Succeeded"


def test_a_terminal_pod_is_never_sent_ready() -> None:
    ready = {**status(sandbox(("c", -1))), "phase": "Failed"}
    found = merged({"phase": "Running"}, ready, NOW, could_run=False)
    assert (condition(found, "Ready")["status"], condition(found, "Ready")["reason"]) == ("False", "PodFailed")
    assert condition(found, "ContainersReady")["status"] == "False"


def test_disruption_targets_are_sent_with_the_terminal_phase_only() -> None:
    target = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": "then"}
    last = {"phase": "Failed", "conditions": [target]}
    assert "conditions" not in merged({"phase": "Running"}, last, NOW, could_run=True)
    sent = merged({"phase": "Running"}, last, NOW, could_run=False)
    assert sent["conditions"] == [{**target, "lastTransitionTime": NOW}]
