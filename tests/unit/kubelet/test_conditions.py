"""The conditions that the kubelet owns."""

from refk8s.kubelet.conditions import condition_document, containers_ready, initialized, ready

from .pods import NOW, container, ended, pod, running, waiting

TWO = pod(containers=[container("a"), container("b")]).spec
INIT = pod(initContainers=[container("i"), container("s", restartPolicy="Always")]).spec


def test_containers_ready_names_those_that_are_not() -> None:
    assert containers_ready(TWO, [running("a"), running("b")], "Running") == ("True", "", "")
    assert containers_ready(TWO, [waiting("a"), waiting("b")], "Pending") == (
        "False",
        "ContainersNotReady",
        "containers with unready status: [a b]",
    )
    assert containers_ready(TWO, [waiting("b")], "Pending") == (
        "False",
        "ContainersNotReady",
        "containers with unknown status: [a], containers with unready status: [b]",
    )


def test_containers_ready_counts_sidecars_but_not_plain_init_containers() -> None:
    verdict = containers_ready(INIT, [ended("i"), running("s", ready=False), running("c")], "Running")
    assert verdict[2] == "containers with unready status: [s]"


def test_a_pod_that_has_ended_is_not_ready() -> None:
    assert containers_ready(TWO, [ended("a"), ended("b")], "Succeeded") == ("False", "PodCompleted", "")
    assert containers_ready(TWO, [ended("a"), ended("b", 1)], "Failed") == ("False", "PodFailed", "")


def test_readiness_gates_hold_a_pod_back() -> None:
    spec = pod(readinessGates=[{"conditionType": "x/a"}, {"conditionType": "x/b"}]).spec
    assert ready(spec, [{"type": "x/b", "status": "False"}], ("True", "", "")) == (
        "False",
        "ReadinessGatesNotReady",
        'corresponding condition of pod readiness gate "x/a" does not exist., '
        'the status of pod readiness gate "x/b" is not "True", but False',
    )
    good = [{"type": "x/a", "status": "True"}, {"type": "x/b", "status": "True"}]
    assert ready(spec, good, ("True", "", "")) == ("True", "", "")
    assert ready(spec, good, ("False", "ContainersNotReady", "m")) == ("False", "ContainersNotReady", "m")


def test_initialized_names_the_init_containers_that_are_not_done() -> None:
    statuses = [ended("i", ready=True), waiting("s"), waiting("c")]
    assert initialized(INIT, statuses, "Pending", was=False) == (
        "False",
        "ContainersNotInitialized",
        "containers with incomplete status: [s]",
    )
    done = [ended("i", ready=True), running("s"), waiting("c")]
    assert initialized(INIT, done, "Pending", was=False) == ("True", "", "")


def test_initialized_stays_true_once_a_main_container_has_started_or_it_was_true() -> None:
    assert initialized(INIT, [waiting("i"), waiting("s"), running("c")], "Running", was=False)[0] == "True"
    assert initialized(INIT, [waiting("i"), waiting("s"), waiting("c")], "Pending", was=True)[0] == "True"
    assert (
        initialized(INIT, [ended("i", ready=True), ended("s"), ended("c")], "Succeeded", was=True)[1] == "PodCompleted"
    )


def test_a_transition_time_changes_with_the_status_only() -> None:
    old = {"Ready": {"type": "Ready", "status": "False", "lastTransitionTime": "then"}}
    same = condition_document("Ready", ("False", "r", "m"), 2, old, NOW)
    assert (same["lastTransitionTime"], same["reason"], same["observedGeneration"]) == ("then", "r", 2)
    assert condition_document("Ready", ("True", "", ""), 2, old, NOW)["lastTransitionTime"] == NOW
