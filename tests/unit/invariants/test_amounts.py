"""What pods take and nodes have."""

from __future__ import annotations

from refk8s.api.store import Stored
from refk8s.invariants.amounts import allocatable, clash, excess, host_ports, requests

NODE = {"status": {"allocatable": {"cpu": "2", "memory": "1Gi", "pods": "3"}}}


def pod(**spec: object) -> Stored:
    container = {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "500m", "memory": "1Mi"}}}
    document = {
        "metadata": {"name": "p", "namespace": "default", "uid": "u"},
        "spec": {"containers": [container], **spec},
    }
    return Stored("default/p", {**document, "status": {}}, 1, 1, 0)


def test_cpu_counts_in_millicores_and_memory_in_bytes() -> None:
    assert requests(pod()) == {"cpu": 500, "memory": 1 << 20}
    assert allocatable(NODE) == {"cpu": 2000, "memory": 1 << 30, "pods": 3}


def test_init_containers_and_overhead_count_as_in_the_scheduler() -> None:
    init = {"name": "init", "image": "i:1", "resources": {"requests": {"cpu": "1"}}}
    assert requests(pod(initContainers=[init]))["cpu"] == 1000
    assert requests(pod(overhead={"cpu": "250m"}))["cpu"] == 750


def test_what_is_not_asked_for_cannot_be_short() -> None:
    assert excess({}, [{"cpu": 9000}], allocatable(NODE)) == ""
    assert excess({"cpu": 0}, [{"cpu": 9000}], allocatable(NODE)) == ""


def test_the_sum_counts_and_so_does_the_number_of_pods() -> None:
    assert excess({"cpu": 500}, [{"cpu": 1600}], allocatable(NODE)) == "cpu 2100m: expected at most 2000m"
    assert excess({"cpu": 1}, [{}, {}, {}], allocatable(NODE)) == "4 pods: expected at most 3"


def test_host_ports_clash_by_protocol_number_and_address() -> None:
    assert clash([("", "TCP", 80)], [("10.0.0.1", "TCP", 80)]) == "TCP port 80"
    assert clash([("10.0.0.2", "TCP", 80)], [("10.0.0.1", "TCP", 80)]) == ""
    assert clash([("", "UDP", 80)], [("", "TCP", 80)]) == ""


def test_host_ports_of_sidecars_count_and_of_plain_init_containers_do_not() -> None:
    def container(port: int, **fields: object) -> dict[str, object]:
        return {"name": f"c{port}", "ports": [{"containerPort": 1, "hostPort": port}], **fields}

    spec = {"containers": [container(80)], "initContainers": [container(81), container(82, restartPolicy="Always")]}
    assert host_ports({"spec": spec}) == [("", "TCP", 80), ("", "TCP", 82)]
