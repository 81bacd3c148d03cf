"""NodeName, NodeUnschedulable, TaintToleration, NodePorts: what a node refuses by itself."""

from typing import Any

import pytest

from refk8s.scheduler.events import ActionType, QueueingHint
from refk8s.scheduler.framework import SKIP, CycleState, Plugin
from refk8s.scheduler.listers import NO_LISTERS
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo
from refk8s.scheduler.plugins.node_name import NodeName
from refk8s.scheduler.plugins.node_ports import NodePorts
from refk8s.scheduler.plugins.node_unschedulable import NodeUnschedulable
from refk8s.scheduler.plugins.taint_toleration import TaintToleration
from refk8s.scheduler.snapshot import EMPTY_SNAPSHOT

from ..build import info, node, pod, pod_view, prepared, reasons

CYCLE = CycleState(EMPTY_SNAPSHOT)
NO = "UnschedulableAndUnresolvable"
CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule", "operator": "Exists"}


def verdict(plugin: Plugin, of: PodInfo, on: NodeInfo) -> Any:
    """What the plugin says of a pod on a node; SKIP if it has nothing to say of the pod."""
    made = plugin.pre_filter(CYCLE, of)
    return SKIP if made is SKIP else reasons(plugin.filter(prepared(made), of, on))


def hint(plugin: Plugin, waiting: PodInfo, action: ActionType, old: object, new: object) -> bool:
    """Whether the plugin's registration for `action` wants the pod back in the queue."""
    (row,) = (row for row in plugin.events() if row.event.action & action)
    assert row.hint is not None
    return row.hint(waiting, old, new, NO_LISTERS) is QueueingHint.QUEUE


def test_a_pod_that_names_its_node_runs_only_there() -> None:
    named = pod(nodeName="a")
    assert verdict(NodeName(), named, info(node("a"))) is None
    assert verdict(NodeName(), named, info(node("b"))) == (NO, ("node(s) didn't match the requested node name",))
    assert verdict(NodeName(), pod(), info(node("b"))) is SKIP


def test_a_cordoned_node_takes_only_pods_that_tolerate_it() -> None:
    cordoned = info(node("a", unschedulable=True))
    assert verdict(NodeUnschedulable(), pod(), cordoned) == (NO, ("node(s) were unschedulable",))
    assert verdict(NodeUnschedulable(), pod(), info(node("a"))) is None
    assert verdict(NodeUnschedulable(), pod(tolerations=[CORDONED]), cordoned) is SKIP


def test_uncordoning_and_new_tolerations_help_against_a_cordon() -> None:
    plugin, waiting = NodeUnschedulable(), pod("p")
    closed, opened = node("a", unschedulable=True), node("a")
    taint, toleration = ActionType.UPDATE_NODE_TAINT, ActionType.UPDATE_POD_TOLERATION
    assert hint(plugin, waiting, taint, closed, opened)
    assert hint(plugin, waiting, taint, None, opened)
    assert not hint(plugin, waiting, taint, None, closed)
    assert not hint(plugin, waiting, taint, opened, opened)
    assert hint(plugin, waiting, toleration, None, pod_view("p", tolerations=[CORDONED]))
    assert not hint(plugin, waiting, toleration, None, pod_view("p", tolerations=[{"key": "x", "operator": "Exists"}]))
    assert not hint(plugin, waiting, toleration, None, pod_view("other", tolerations=[CORDONED]))


@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
def test_a_hard_taint_keeps_pods_away_that_do_not_tolerate_it(effect: str) -> None:
    tainted = info(node("a", taints=[{"key": "k", "value": "v", "effect": effect}]))
    assert verdict(TaintToleration(), pod(), tainted) == (NO, ("node(s) had untolerated taint(s)",))
    tolerating = pod(tolerations=[{"key": "k", "operator": "Equal", "value": "v"}])
    assert verdict(TaintToleration(), tolerating, tainted) is None


def test_soft_taints_count_against_a_node_unless_tolerated() -> None:
    plugin = TaintToleration()
    taints = [{"key": key, "effect": "PreferNoSchedule"} for key in "abc"]
    hard = {"key": "h", "effect": "NoSchedule"}
    nodes = [info(node("x", taints=[*taints, hard])), info(node("y", taints=taints[:1])), info(node("z"))]
    tolerations = [
        {"key": "a", "operator": "Exists", "effect": "PreferNoSchedule"},
        {"key": "b", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "c", "operator": "Exists"},
    ]
    tolerating = pod(tolerations=tolerations)
    state = plugin.pre_score(CYCLE, tolerating, nodes)
    assert [plugin.score(state, tolerating, each) for each in nodes] == [1, 0, 0]
    assert plugin.normalize(state, nodes, [3, 1, 0]) == [0, 67, 100]
    assert plugin.normalize(state, nodes, [0, 0, 0]) == [100, 100, 100]


def test_taints_that_go_and_tolerations_that_come_help() -> None:
    plugin, waiting = TaintToleration(), pod("p")
    tainted, bare = node("a", taints=[{"key": "k", "effect": "NoSchedule"}]), node("a")
    taint, toleration = ActionType.UPDATE_NODE_TAINT, ActionType.UPDATE_POD_TOLERATION
    assert hint(plugin, waiting, taint, tainted, bare)
    assert hint(plugin, waiting, taint, None, bare)
    assert not hint(plugin, waiting, taint, None, tainted)
    assert not hint(plugin, waiting, taint, bare, bare)
    assert hint(plugin, waiting, toleration, None, pod_view("p"))
    assert not hint(plugin, waiting, toleration, None, pod_view("other"))


def ported(name: str, number: int, ip: str = "", **fields: Any) -> dict[str, Any]:
    port = {"containerPort": 1, "hostPort": number, "hostIP": ip}
    return {"name": name, "containers": [{"name": "c", "image": "i", "ports": [port]}], **fields}


def test_a_host_port_is_used_once_per_node() -> None:
    there = info(node("a"), pod(**ported("one", 80)))
    taken = ("Unschedulable", ("node(s) didn't have free ports for the requested pod ports",))
    assert verdict(NodePorts(), pod(**ported("two", 80, "10.0.0.1")), there) == taken
    assert verdict(NodePorts(), pod(**ported("two", 81)), there) is None
    assert verdict(NodePorts(), pod(), there) is SKIP


def test_a_deleted_pod_helps_if_it_held_a_wanted_port_on_a_node() -> None:
    waiting = pod(**ported("p", 80))
    gone = ActionType.DELETE
    assert hint(NodePorts(), waiting, gone, pod_view(**ported("q", 80, nodeName="a")), None)
    assert hint(NodePorts(), waiting, gone, pod_view(**ported("q", 80, status={"nominatedNodeName": "a"})), None)
    assert not hint(NodePorts(), waiting, gone, pod_view(**ported("q", 80)), None)
    assert not hint(NodePorts(), waiting, gone, pod_view(**ported("q", 81, nodeName="a")), None)
    assert not hint(NodePorts(), waiting, gone, pod_view("q", nodeName="a"), None)
