"""What a pod asks for, for the API, the scheduler and the kubelet."""

from typing import Any

import pytest

from refk8s.kinds.codec import view
from refk8s.kinds.pod import Pod
from refk8s.kinds.resources import (
    Amounts,
    amounts,
    compute_qos,
    is_scalar,
    non_zero_amounts,
    placed_requests,
    pod_limits,
    pod_qos,
    pod_requests,
)


def container(name: str, restart: str = "", limits: dict[str, str] | None = None, **requests: str) -> dict[str, Any]:
    policy = {"restartPolicy": restart} if restart else {}
    return {"name": name, "resources": {"requests": requests, "limits": limits or {}}, **policy}


def pod(*containers: dict[str, Any], init: tuple[dict[str, Any], ...] = (), status: Any = None, **spec: Any) -> Pod:
    document = {"containers": [*containers], "initContainers": [*init], **spec}
    return view(Pod, {"spec": document, "status": status or {}})


def texts(resources: Any) -> dict[str, str]:
    return {name: amount.canonical() for name, amount in resources.items()}


def test_containers_add_up() -> None:
    assert texts(pod_requests(pod(container("a", cpu="100m"), container("b", cpu="200m", memory="1Gi")))) == {
        "cpu": "300m",
        "memory": "1Gi",
    }


def test_the_largest_init_step_counts_beside_the_sidecars_before_it() -> None:
    init = (container("s", "Always", cpu="1"), container("i", cpu="5"), container("t", "Always", cpu="1"))
    assert texts(pod_requests(pod(container("a", cpu="2"), init=init))) == {"cpu": "6"}
    assert texts(pod_requests(pod(container("a", cpu="9"), init=init))) == {"cpu": "11"}


def test_pod_level_requests_replace_the_sum_and_overhead_comes_on_top() -> None:
    resources = {"requests": {"cpu": "3", "example.com/gpu": "9"}}
    found = pod(container("a", cpu="1", memory="1Gi"), resources=resources, overhead={"cpu": "10m"})
    assert texts(pod_requests(found)) == {"cpu": "3010m", "memory": "1Gi"}
    assert texts(pod_requests(found, pod_level=False, overhead=False)) == {"cpu": "1", "memory": "1Gi"}


def test_overhead_raises_only_limits_that_exist() -> None:
    found = pod(container("a", limits={"cpu": "1", "memory": "0"}), overhead={"cpu": "1", "memory": "1", "x": "1"})
    assert texts(pod_limits(found)) == {"cpu": "2", "memory": "0"}


def resized(reason: str) -> Pod:
    status = {"name": "a", "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "8"}}}
    return pod(
        container("a", cpu="3", limits={"cpu": "4"}),
        status={
            "containerStatuses": [{**status, "allocatedResources": {"cpu": "1"}}],
            "conditions": [{"type": "PodResizePending", "status": "True", "reason": reason}],
        },
    )


def test_a_resize_counts_with_the_largest_of_wanted_actual_and_allocated() -> None:
    assert texts(placed_requests(resized("Deferred"))) == {"cpu": "3"}
    assert texts(placed_requests(resized("Infeasible"))) == {"cpu": "2"}
    assert texts(pod_requests(resized("Infeasible"))) == {"cpu": "3"}
    assert texts(pod_limits(resized("Deferred"), use_status=True)) == {"cpu": "8"}


def test_the_status_of_an_ordinary_init_container_does_not_count() -> None:
    status = {"initContainerStatuses": [{"name": "i", "resources": {"requests": {"cpu": "9"}}}]}
    assert texts(placed_requests(pod(init=(container("i", cpu="1"),), status=status))) == {"cpu": "1"}
    assert texts(placed_requests(pod(init=(container("i", "Always", cpu="1"),), status=status))) == {"cpu": "9"}


def test_pod_level_resizes_count_too() -> None:
    status = {"resources": {"requests": {"cpu": "5"}, "limits": {"cpu": "6"}}, "allocatedResources": {"cpu": "4"}}
    found = pod(container("a"), resources={"requests": {"cpu": "3"}, "limits": {"cpu": "3"}}, status=status)
    assert texts(placed_requests(found)) == {"cpu": "5"}
    assert texts(pod_limits(found, use_status=True)) == {"cpu": "6"}


def test_the_scheduler_counts_in_millicores_and_bytes() -> None:
    requests = {"cpu": "1.5", "memory": "1Ki", "ephemeral-storage": "1k", "example.com/gpu": "2", "storage": "1"}
    found = pod(container("a", **requests))
    assert amounts(pod_requests(found)) == Amounts(1500, 1024, 1000, 0, {"example.com/gpu": 2})


def test_containers_without_a_request_count_with_a_default_when_scored() -> None:
    found = pod(container("a"), container("b", cpu="1", memory="0"))
    assert non_zero_amounts(found, placed_requests(found)) == (1100, 200 * 1024 * 1024)
    found = pod(container("a"), resources={"requests": {"cpu": "2"}})
    assert non_zero_amounts(found, placed_requests(found)) == (2000, 200 * 1024 * 1024)
    found = pod(container("a", cpu="1", memory="1Gi"))
    assert non_zero_amounts(found, placed_requests(found)) == (1000, 2**30)


@pytest.mark.parametrize(
    ("name", "scalar"),
    [
        ("example.com/gpu", True),
        ("hugepages-2Mi", True),
        ("attachable-volumes-x", True),
        ("kubernetes.io/x", True),
        ("requests.example.com/x", False),
        ("storage", False),
        ("bad name/x", False),
    ],
)
def test_which_resources_the_scheduler_counts_by_name(name: str, scalar: bool) -> None:
    assert is_scalar(name) is scalar


@pytest.mark.parametrize(
    ("found", "qos"),
    [
        (pod(container("a")), "BestEffort"),
        (pod(container("a", cpu="0")), "BestEffort"),
        (pod(container("a", **{"example.com/gpu": "1"})), "BestEffort"),
        (pod(container("a", cpu="1")), "Burstable"),
        (pod(container("a", cpu="1", memory="1", limits={"cpu": "1", "memory": "1"})), "Guaranteed"),
        (pod(container("a", cpu="1", memory="1", limits={"cpu": "1000m", "memory": "1"}), container("b")), "Burstable"),
        (pod(container("a", limits={"cpu": "1", "memory": "1"})), "Burstable"),
        (pod(container("a"), resources={"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}), "Burstable"),
        (
            pod(container("a", cpu="1"), resources={k: {"cpu": "1", "memory": "1"} for k in ("requests", "limits")}),
            "Guaranteed",
        ),
    ],
)
def test_the_qos_class(found: Pod, qos: str) -> None:
    assert compute_qos(found) == qos


def test_a_stored_qos_class_stays() -> None:
    assert pod_qos(pod(container("a"), status={"qosClass": "Guaranteed"})) == "Guaranteed"
    assert pod_qos(pod(container("a"))) == "BestEffort"
