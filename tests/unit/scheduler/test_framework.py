import ast
from pathlib import Path

import pytest

from refk8s.scheduler import plugins
from refk8s.scheduler.events import ActionType, ClusterEvent, EventResource
from refk8s.scheduler.framework import Code, Plugin, Point, Status
from refk8s.scheduler.plugins import DEFAULT_PLUGINS, DEFAULT_WEIGHTS, default_profile

from .build import pod

CYCLE = ["pre_filter", "filter", "pre_score", "score"]


@pytest.mark.parametrize("plugin", DEFAULT_PLUGINS, ids=lambda plugin: plugin.name)
def test_every_plugin_has_a_file_with_the_same_four_methods_in_the_same_order(plugin: type[Plugin]) -> None:
    stem = "".join(f"_{c.lower()}" if c.isupper() else c for c in plugin.name).lstrip("_")
    tree = ast.parse((Path(plugins.__file__).parent / f"{stem}.py").read_text())
    (shown,) = (item for item in tree.body if isinstance(item, ast.ClassDef) and item.name == plugin.name)
    methods = [item.name for item in shown.body if isinstance(item, ast.FunctionDef)]
    assert methods[:4] == CYCLE


def test_a_profile_lists_its_plugins_by_extension_point_in_order() -> None:
    profile = default_profile()
    assert [p.name for p in profile.at(Point.FILTER)] == [
        "NodeUnschedulable",
        "NodeName",
        "TaintToleration",
        "NodeAffinity",
        "NodePorts",
        "NodeResourcesFit",
        "PodTopologySpread",
        "InterPodAffinity",
    ]
    assert {p.name for p in profile.at(Point.SCORE)} == set(DEFAULT_WEIGHTS)
    assert [p.name for p in profile.at(Point.POST_FILTER)] == ["DynamicResources", "DefaultPreemption"]
    assert [p.name for p in profile.at(Point.QUEUE_SORT)] == ["PrioritySort"]
    assert [p.name for p in profile.at(Point.BIND)] == ["DefaultBinder"]


def test_every_filter_registers_events_that_can_undo_its_rejection() -> None:
    profile = default_profile()
    assert all(plugin.events() for plugin in (*profile.at(Point.FILTER), *profile.at(Point.PRE_ENQUEUE)))


def test_hints_are_those_of_the_plugin_that_the_event_matches() -> None:
    profile = default_profile()
    added = ClusterEvent(EventResource.NODE, ActionType.ADD)
    assert [row.hint for row in profile.hints("NodeName", added)] == [None]
    assert profile.hints("NodeName", ClusterEvent(EventResource.NODE, ActionType.UPDATE_NODE_LABEL)) == ()
    assert profile.hints("NoSuchPlugin", added) == ()


def test_plugins_are_found_by_name() -> None:
    assert default_profile().plugin("NodePorts").name == "NodePorts"
    with pytest.raises(KeyError):
        default_profile().plugin("NoSuchPlugin")


def test_args_configure_the_plugin_that_they_name() -> None:
    args = {"scoringStrategy": {"type": "MostAllocated", "resources": [{"name": "cpu", "weight": 3}]}}
    configured = default_profile([{"name": "NodeResourcesFit", "args": args}, {"name": "NoSuchPlugin", "args": {}}])
    changed = [a.name for a, b in zip(configured.plugins, default_profile().plugins, strict=True) if a != b]
    assert changed == ["NodeResourcesFit"]


def test_gates_keep_a_pod_out_of_the_queue() -> None:
    gated = pod(schedulingGates=[{"name": "b"}, {"name": "a"}])
    reason = "waiting for scheduling gates: [b a]"
    expected = Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, "SchedulingGates", (reason,))
    assert default_profile().pre_enqueue(gated) == expected
    assert default_profile().pre_enqueue(pod()) is None


def test_a_status_says_its_reasons_in_one_text() -> None:
    assert Status(Code.UNSCHEDULABLE, "P", ("a", "b")).message == "a, b"
