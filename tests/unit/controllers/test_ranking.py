"""Which pods go first (the recorded orders are the corpus family active-pods)."""

import pytest

from refk8s.controllers.decisions_time import parse_time_ns
from refk8s.controllers.ranking import (
    POD_DELETION_COST,
    colocation_ranks,
    deletion_cost,
    deletion_order,
    is_pod_active,
    is_pod_terminating,
    pods_to_delete,
)
from tests.unit.controllers.controller_objects import pod

NOW = parse_time_ns("2026-01-08T00:00:00Z")


def order(*pods, ranks=None):
    return [each.metadata.name for each in deletion_order(pods, ranks or [0] * len(pods), NOW)]


def test_unassigned_pods_go_before_assigned_ones():
    assert order(pod("a"), pod("b", spec={"nodeName": ""}, status={"phase": "Running"})) == ["b", "a"]


def test_pending_goes_before_unknown_before_running():
    pods = [pod(phase, status={"phase": phase}) for phase in ("Running", "Unknown", "Pending")]
    assert order(*pods) == ["Pending", "Unknown", "Running"]


def test_unready_goes_before_ready_even_if_dear():
    dear = {"annotations": {POD_DELETION_COST: "100"}}
    assert order(pod("a"), pod("b", ready=False, metadata=dear)) == ["b", "a"]


def test_cheap_goes_before_dear_even_if_lonely():
    cheap, dear = ({"annotations": {POD_DELETION_COST: cost}} for cost in ("-1", "5"))
    assert order(pod("a", metadata=dear), pod("b", metadata=cheap), ranks=[5, 1]) == ["b", "a"]


def test_crowded_goes_before_lonely():
    assert order(pod("a"), pod("b"), ranks=[1, 2]) == ["b", "a"]


def test_shorter_ready_goes_first_by_power_of_two():
    long, short = pod("long", ready_since="2026-01-01T00:00:00Z"), pod("short", ready_since="2026-01-07T23:00:00Z")
    assert order(long, short) == ["short", "long"]


def test_similar_ready_times_fall_back_on_the_uid():
    older = pod("older", ready_since="2026-01-01T00:00:00Z", metadata={"uid": "1"})
    younger = pod("younger", ready_since="2026-01-01T01:00:00Z", metadata={"uid": "2"})
    assert order(younger, older) == ["older", "younger"]


def test_pod_without_ready_time_goes_first():
    assert order(pod("a"), pod("b", ready_since="")) == ["b", "a"]


def test_more_restarts_go_first_and_sidecars_break_the_tie():
    sidecar = {"initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}]}
    statuses = {"initContainerStatuses": [{"name": "s", "restartCount": 1}, {"name": "i", "restartCount": 9}]}
    plain = {"initContainerStatuses": [{"name": "s", "restartCount": 0}, {"name": "i", "restartCount": 9}]}
    restarted = {"containerStatuses": [{"name": "c", "restartCount": 2}]}
    pods = [pod("a", spec=sidecar, status=plain), pod("b", spec=sidecar, status=statuses), pod("c", status=restarted)]
    assert order(*pods) == ["c", "b", "a"]


def test_younger_goes_before_older():
    assert order(pod("a"), pod("b", metadata={"creationTimestamp": "2026-01-07T00:00:00Z"})) == ["b", "a"]


def test_ranks_count_active_related_pods_on_the_same_node():
    on_n2 = {"spec": {"nodeName": "n2"}}
    related = [pod("a"), pod("b"), pod("c", status={"phase": "Failed"}), pod("d", **on_n2)]
    assert colocation_ranks([pod("a"), pod("d", **on_n2)], related) == (2, 1)


def test_deleting_all_pods_keeps_their_order():
    pods = [pod("b"), pod("a", ready=False)]
    assert pods_to_delete(pods, pods, 2, NOW) == tuple(pods)
    assert [each.metadata.name for each in pods_to_delete(pods, pods, 1, NOW)] == ["a"]


@pytest.mark.parametrize(
    ("text", "cost"),
    [("5", 5), ("-5", -5), ("0", 0), ("+5", 0), ("007", 0), ("-007", -7), ("", 0), ("2147483648", 0), ("1_0", 0)],
)
def test_invalid_deletion_costs_count_as_zero(text, cost):
    assert deletion_cost({POD_DELETION_COST: text}) == cost


def test_finished_pods_are_neither_active_nor_terminating():
    deleting = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert is_pod_active(pod())
    assert is_pod_terminating(pod(metadata=deleting))
    assert not is_pod_active(pod(metadata=deleting))
    done = pod(metadata=deleting, status={"phase": "Succeeded"})
    assert not is_pod_active(done)
    assert not is_pod_terminating(done)
