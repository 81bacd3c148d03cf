from typing import Any

import pytest

from refk8s.scheduler.events import ActionType, ClusterEvent, EventResource, node_events, pod_events, worth_requeuing
from refk8s.scheduler.listers import NO_LISTERS
from refk8s.scheduler.plugins import default_profile

from .build import node, pod, pod_view

NODE, POD = EventResource.NODE, EventResource.POD
ASSIGNED, UNSCHEDULED = EventResource.ASSIGNED_POD, EventResource.UNSCHEDULED_POD
EVERYTHING = ClusterEvent(EventResource.WILDCARD, ActionType.ALL)


@pytest.mark.parametrize(
    ("registered", "happened", "matches"),
    [
        ((NODE, ActionType.ADD | ActionType.UPDATE_NODE_LABEL), (NODE, ActionType.ADD), True),
        ((NODE, ActionType.ADD), (NODE, ActionType.DELETE), False),
        ((NODE, ActionType.ADD), (ASSIGNED, ActionType.ADD), False),
        ((POD, ActionType.DELETE), (ASSIGNED, ActionType.DELETE), True),
        ((POD, ActionType.DELETE), (UNSCHEDULED, ActionType.DELETE), True),
        ((POD, ActionType.UPDATE_POD_LABEL), (ASSIGNED, ActionType.UPDATE), False),
        ((POD, ActionType.UPDATE), (ASSIGNED, ActionType.UPDATE_POD_LABEL), True),
        ((EventResource.WILDCARD, ActionType.ALL), (NODE, ActionType.DELETE), True),
        ((EventResource.WILDCARD, ActionType.ADD), (NODE, ActionType.ADD), True),
        ((NODE, ActionType.ALL), (EventResource.WILDCARD, ActionType.ALL), False),
    ],
)
def test_a_registration_matches_what_is_as_specific_or_more(
    registered: tuple[EventResource, ActionType], happened: tuple[EventResource, ActionType], matches: bool
) -> None:
    assert ClusterEvent(*registered).matches(ClusterEvent(*happened)) is matches


def test_what_changed_on_a_node_is_told_apart() -> None:
    before = node("a")
    for after, actions in (
        (node("a"), []),
        (node("a", {"x": "y"}), [ActionType.UPDATE_NODE_LABEL]),
        (node("a", cpu="8"), [ActionType.UPDATE_NODE_ALLOCATABLE]),
        (node("a", cpu="4000m"), []),
        (node("a", taints=[{"key": "k", "effect": "NoSchedule"}]), [ActionType.UPDATE_NODE_TAINT]),
        (node("a", annotations={"x": "y"}), [ActionType.UPDATE_NODE_ANNOTATION]),
        (node("a", unschedulable=True), []),
    ):
        assert [e.action for e in node_events(before, after)] == actions
    assert [e.action for e in node_events(node("a", unschedulable=True), before)] == [ActionType.UPDATE_NODE_TAINT]


def test_what_changed_on_a_pod_is_told_apart() -> None:
    before = pod_view(requests={"cpu": "2"}, schedulingGates=[{"name": "g"}])
    same: dict[str, Any] = {"requests": {"cpu": "2"}, "schedulingGates": [{"name": "g"}]}
    assert pod_events(before, pod_view(**same)) == (ClusterEvent(UNSCHEDULED, ActionType.UPDATE),)
    after = pod_view(labels={"a": "b"}, requests={"cpu": "1"}, tolerations=[{"operator": "Exists"}], nodeName="n")
    assert pod_events(before, after) == tuple(
        ClusterEvent(ASSIGNED, action)
        for action in (
            ActionType.UPDATE_POD_LABEL,
            ActionType.UPDATE_POD_SCALE_DOWN,
            ActionType.UPDATE_POD_SCHEDULING_GATES_ELIMINATED,
            ActionType.UPDATE_POD_TOLERATION,
        )
    )


def test_asking_for_less_or_no_longer_at_all_is_scaling_down() -> None:
    before = pod_view(requests={"cpu": "2"})
    for requests, scaled in (({"cpu": "1999m"}, True), ({}, True), ({"cpu": "2", "memory": "1"}, False)):
        actions = [e.action for e in pod_events(before, pod_view(requests=requests))]
        assert (ActionType.UPDATE_POD_SCALE_DOWN in actions) is scaled


def test_only_events_that_a_rejector_waits_for_wake_a_pod() -> None:
    profile, waiting = default_profile(), pod("p", requests={"cpu": "2"})

    def wakes(*rejectors: str, event: ClusterEvent, old: object = None, new: object = None) -> bool:
        return worth_requeuing(profile, waiting, rejectors, event, old, new, NO_LISTERS)

    added = ClusterEvent(NODE, ActionType.ADD)
    assert wakes("NodeResourcesFit", event=added, new=node("a"))
    assert not wakes("NodeResourcesFit", event=added, new=node("a", cpu="1"))
    assert not wakes("SchedulingGates", event=added, new=node("a"))
    assert wakes("NodeName", event=added, new=node("a", cpu="1"))
    assert wakes("NodeResourcesFit", "NodeName", event=added, new=node("a", cpu="1"))
    assert wakes(event=ClusterEvent(NODE, ActionType.DELETE), old=node("a"))


def test_the_wildcard_event_wakes_all_pods_or_the_one_that_it_names() -> None:
    profile = default_profile()
    waiting = pod("p")
    assert worth_requeuing(profile, waiting, ["NodeName"], EVERYTHING, None, None, NO_LISTERS)
    assert worth_requeuing(profile, waiting, ["NodeName"], EVERYTHING, None, waiting.pod, NO_LISTERS)
    assert not worth_requeuing(profile, waiting, ["NodeName"], EVERYTHING, None, pod_view("other"), NO_LISTERS)
