"""The kubelet's own check of a pod."""

from typing import Any

import pytest

from refk8s.kinds.codec import view
from refk8s.kinds.node import Node
from refk8s.kinds.pod import Pod
from refk8s.kubelet.admission import NOTHING_TAKEN, Share, Taken, admit, conflicts, host_ports
from refk8s.kubelet.demand import demand

from .pods import container, document

NODE = {
    "metadata": {"name": "n1", "labels": {"kubernetes.io/os": "linux", "disk": "ssd"}},
    "spec": {},
    "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "10Gi", "pods": "3"}},
}


def take(uid: str, **fields: Any) -> tuple[Pod, Share]:
    doc = document(uid=uid, **fields)
    pod = view(Pod, doc)
    return pod, Share(uid, demand(doc).amounts, host_ports(pod))


def asks(**requests: str) -> list[dict[str, Any]]:
    return [container(resources={"requests": requests})]


def verdict(node: dict[str, Any] | None = None, taken: Taken = NOTHING_TAKEN, **fields: Any) -> list[tuple[str, str]]:
    pod, share = take("u9", **fields)
    found = admit(pod, share, view(Node, {**NODE, **(node or {})}), taken)
    return [(rejection.reason, rejection.message) for rejection in found]


def holding(*shares: Share) -> Taken:
    taken = NOTHING_TAKEN
    for share in shares:
        taken = taken.add(share)
    return taken


def test_a_pod_that_fits_is_admitted() -> None:
    assert verdict(containers=asks(cpu="4", memory="8Gi")) == []


def test_resources_that_are_short_are_named_with_their_numbers() -> None:
    taken = holding(take("u1", containers=asks(cpu="3", memory="1Gi"))[1])
    assert verdict(taken=taken, containers=asks(cpu="1500m", memory="8Gi")) == [
        ("OutOfcpu", "Node didn't have enough resource: cpu, requested: 1500, used: 3000, capacity: 4000"),
        (
            "OutOfmemory",
            "Node didn't have enough resource: memory, requested: 8589934592, used: 1073741824, capacity: 8589934592",
        ),
    ]


def test_the_number_of_pods_is_limited() -> None:
    taken = holding(*(take(f"u{n}")[1] for n in range(3)))
    assert verdict(taken=taken) == [
        ("OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3")
    ]


def test_what_a_pod_had_taken_is_free_when_it_is_released() -> None:
    share = take("u1", containers=asks(cpu="4"), initContainers=[])[1]
    assert holding(share).remove("u1").milli_cpu == 0
    assert verdict(taken=holding(share).remove("u1"), containers=asks(cpu="4")) == []
    assert holding(share).remove("unknown").milli_cpu == 4_000


def test_extended_resources_count_only_where_the_node_knows_them() -> None:
    assert verdict(containers=asks(**{"x.io/gpu": "2"})) == []
    status = {"allocatable": {**NODE["status"]["allocatable"], "x.io/gpu": "1"}}  # type: ignore[index]  # mypy joins the values of a literal
    assert verdict({"status": status}, containers=asks(**{"x.io/gpu": "2"}))[0][0] == "OutOfx.io/gpu"


@pytest.mark.parametrize(
    ("fields", "reason", "message"),
    [
        (
            {"nodeSelector": {"disk": "hdd"}},
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        ),
        ({"nodeName": "n2"}, "NodeName", "Predicate NodeName failed: node(s) didn't match the requested node name"),
        ({"os": {"name": "windows"}}, "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"),
        (
            {"labels": {"kubernetes.io/os": "windows"}},
            "PodOSSelectorNodeLabelDoesNotMatch",
            "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
        ),
    ],
)
def test_a_pod_that_belongs_elsewhere_is_rejected(fields: dict[str, Any], reason: str, message: str) -> None:
    assert verdict(**fields) == [(reason, message)]


def test_host_ports_that_are_taken_are_a_reason() -> None:
    ports = [container(ports=[{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}])]
    taken = holding(take("u1", containers=ports)[1])
    message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
    assert verdict(taken=taken, containers=ports) == [("NodePorts", message)]
    assert verdict(taken=taken.remove("u1"), containers=ports) == []


def test_host_ports_on_different_addresses_do_not_conflict() -> None:
    assert not conflicts(("10.0.0.1", "TCP", 80), ("10.0.0.2", "TCP", 80))
    assert conflicts(("0.0.0.0", "TCP", 80), ("10.0.0.2", "TCP", 80))
    assert not conflicts(("0.0.0.0", "UDP", 80), ("0.0.0.0", "TCP", 80))


def test_only_taints_that_evict_keep_a_bound_pod_out() -> None:
    def tainted(effect: str) -> dict[str, Any]:
        return {"spec": {"taints": [{"key": "k", "effect": effect}]}}

    assert verdict(tainted("NoSchedule")) == []
    assert verdict(tainted("NoExecute")) == [
        ("TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate")
    ]
    assert verdict(tainted("NoExecute"), tolerations=[{"operator": "Exists"}]) == []
