import pytest

from refk8s.kinds.resources import Amounts
from refk8s.scheduler.nodeinfo import PodInfo, port_conflict

from .build import affinity, info, node, pod, pod_view, term


def ports(*numbers: int, ip: str = "", protocol: str = "") -> dict[str, object]:
    listed = [{"containerPort": n, "hostPort": n, "hostIP": ip, "protocol": protocol} for n in numbers]
    return {"containers": [{"name": "c", "image": "app", "ports": listed}]}


def test_pods_add_up_and_taking_them_away_gives_the_node_back() -> None:
    empty = info(node("a"))
    one = pod("one", requests={"cpu": "250m", "memory": "1Gi", "example.com/gpu": "2"})
    two = pod("two", requests={"ephemeral-storage": "5Gi"})
    both = empty.with_pod(one).with_pod(two)
    assert both.requested == Amounts(250, 2**30, 5 * 2**30, 0, {"example.com/gpu": 2})
    assert (both.non_zero_cpu, both.non_zero_memory) == (350, 2**30 + 200 * 2**20)
    assert [p.name for p in both.pods] == ["one", "two"]
    assert both.without_pod("one").without_pod("two") == empty


def test_a_change_leaves_the_earlier_version_as_it_was() -> None:
    before = info(node("a"), pod("one", requests={"cpu": "1"}))
    before.with_pod(pod("two", requests={"cpu": "1"}))
    assert before.requested.milli_cpu == 1000
    assert len(before.pods) == 1


def test_an_update_of_the_node_keeps_its_pods() -> None:
    before = info(node("a"), pod("one", requests={"cpu": "1"}, **ports(80)))
    after = before.with_node(node("a", {"x": "y"}, cpu="8", unschedulable=True))
    assert (after.labels["x"], after.allocatable.milli_cpu, after.unschedulable) == ("y", 8000, True)
    kept = ("pods", "requested", "non_zero_cpu", "used_ports")
    assert [getattr(after, field) for field in kept] == [getattr(before, field) for field in kept]


def test_removing_a_pod_that_is_not_there_says_so() -> None:
    with pytest.raises(KeyError, match="pod ghost is not on node a; common cause"):
        info(node("a")).without_pod("ghost")


def test_pods_are_told_apart_by_uid_or_else_by_name() -> None:
    named = PodInfo.of(pod_view("x", metadata={"uid": ""}))
    assert (pod("x").key, named.key, named.uid) == ("x", "default/x", "")


def test_pods_with_affinity_are_listed_apart() -> None:
    to = pod("to", affinity=affinity(term("zone", {"app": "db"})))
    away = pod("away", affinity=affinity(term("zone", {"app": "db"}), anti=True))
    there = info(node("a"), pod("plain"), to, away)
    assert there.pods_with_affinity == (to, away)
    assert there.pods_with_required_anti_affinity == (away,)
    assert there.without_pod("away").pods_with_required_anti_affinity == ()


def test_taints_are_sorted_by_what_they_do() -> None:
    taints = [{"key": effect, "effect": effect} for effect in ("PreferNoSchedule", "NoExecute", "NoSchedule")]
    there = info(node("a", taints=taints))
    assert [t.key for t in there.hard_taints] == ["NoExecute", "NoSchedule"]
    assert [t.key for t in there.soft_taints] == ["PreferNoSchedule"]


def test_a_port_without_address_conflicts_with_every_address() -> None:
    used = info(node("a"), pod("one", **ports(80, ip="10.0.0.1"))).used_ports
    assert port_conflict(used, (("0.0.0.0", "TCP", 80),))
    assert port_conflict(used, (("10.0.0.1", "TCP", 80),))
    assert not port_conflict(used, (("10.0.0.2", "TCP", 80),))
    assert not port_conflict(used, (("10.0.0.1", "UDP", 80),))
    everywhere = info(node("a"), pod("one", **ports(80))).used_ports
    assert port_conflict(everywhere, (("10.0.0.2", "TCP", 80),))


def test_only_containers_and_sidecars_hold_host_ports() -> None:
    listed = [{"containerPort": 1, "hostPort": 1}]
    init = [
        {"name": "once", "image": "i", "ports": [{"containerPort": 2, "hostPort": 2}]},
        {"name": "sidecar", "image": "i", "restartPolicy": "Always", "ports": [{"containerPort": 3, "hostPort": 3}]},
    ]
    made = pod("p", containers=[{"name": "c", "image": "i", "ports": listed}], initContainers=init)
    assert made.ports == (("0.0.0.0", "TCP", 3), ("0.0.0.0", "TCP", 1))


def test_a_port_held_twice_is_free_when_one_holder_goes() -> None:
    there = info(node("a"), pod("one", **ports(80)), pod("two", **ports(80, 81)))
    assert dict(there.without_pod("one").used_ports) == {("TCP", 81): ("0.0.0.0",)}


def test_used_up_resources_leave_no_trace() -> None:
    gpu = pod("gpu", requests={"example.com/gpu": "1"})
    assert dict(info(node("a"), gpu).without_pod("gpu").requested.scalar) == {}


def test_a_change_of_pods_keeps_everything_else_of_the_node() -> None:
    there = info(node("a", {"l": "v"}, images={"i:1": 5}, taints=[{"key": "k", "effect": "NoSchedule"}]), pod("one"))
    assert there.with_pod(pod("two")).without_pod("two") == there
