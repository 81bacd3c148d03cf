"""Plans of resizes (recorded: deployment-scale, deployment-reconcile-old, deployment-reconcile-new)."""

from refk8s.controllers.deployment_math import (
    is_saturated,
    is_scaling_event,
    reconcile_new,
    reconcile_old,
    resize,
    scale,
    scale_down_for_recreate,
)
from tests.unit.controllers.controller_objects import DESIRED, MAXIMUM, deployment, replica_set


def noted(desired, maximum, **metadata):
    return {"metadata": {"annotations": {DESIRED: str(desired), MAXIMUM: str(maximum)}} | metadata}


def sizes(steps):
    return [(step.name, step.before, step.after) for step in steps]


def test_single_active_replica_set_takes_all():
    old, new = replica_set("old", 0), replica_set("new", 3)
    (step,) = scale(deployment(5), new, [old])
    assert step.message == "Scaled up replica set new from 3 to 5"
    assert step.annotations == {DESIRED: "5", MAXIMUM: "6"}


def test_nothing_active_scales_the_newest():
    first = replica_set("first", 0, metadata={"creationTimestamp": "2026-01-01T00:00:00Z"})
    second = replica_set("second", 0, metadata={"creationTimestamp": "2026-01-02T00:00:00Z"})
    assert sizes(scale(deployment(2), None, [first, second])) == [("second", 0, 2)]


def test_saturated_new_replica_set_sends_the_old_ones_to_zero():
    new = replica_set("new", 3, **noted(3, 4))
    assert sizes(scale(deployment(3), new, [replica_set("old", 2)])) == [("old", 2, 0)]


def test_growth_is_spread_in_proportion_and_the_largest_takes_the_rest():
    old, new = replica_set("old", 8, **noted(10, 13)), replica_set("new", 5, **noted(10, 13))
    steps = scale(deployment(20, 3), new, [old])
    assert sizes(steps) == [("old", 8, 14), ("new", 5, 9)]


def test_scaling_to_zero_empties_all():
    old, new = replica_set("old", 2, **noted(4, 5)), replica_set("new", 3, **noted(4, 5))
    assert sizes(scale(deployment(0), new, [old])) == [("new", 3, 0), ("old", 2, 0)]


def test_out_of_date_annotations_are_written_without_resizing():
    old, new = replica_set("old", 2, **noted(9, 9)), replica_set("new", 2, **noted(3, 4))
    (step,) = scale(deployment(3), new, [old])
    assert (step.name, step.scaled) == ("old", False)


def test_recreate_is_not_spread():
    recreate = deployment(9, spec={"strategy": {"type": "Recreate"}})
    assert scale(recreate, replica_set("new", 2), [replica_set("old", 2)]) == ()


def test_new_replica_set_never_exceeds_the_deployment():
    old, new = replica_set("old", 3), replica_set("new", 5)
    assert sizes(reconcile_new(deployment(3), [old, new], new)) == [("new", 5, 3)]


def test_unhealthy_old_replicas_go_before_healthy_ones():
    sick = replica_set("sick", 3, 1, metadata={"creationTimestamp": "2026-01-02T00:00:00Z"})
    well = replica_set("well", 3, metadata={"creationTimestamp": "2026-01-01T00:00:00Z"})
    plan = reconcile_old(deployment(6, 3, 2), replica_set("new", 2), [sick, well])
    assert sizes(plan.steps) == [("sick", 3, 1), ("well", 3, 1)]
    assert plan.scaled


def test_old_replica_sets_stay_while_the_new_one_is_unavailable():
    plan = reconcile_old(deployment(3), replica_set("new", 1, 0), [replica_set("old", 3)])
    assert plan.steps == ()
    assert not plan.scaled


def test_lagging_status_makes_the_step_give_up_after_earlier_writes():
    sick = replica_set("sick", 2, 1, metadata={"creationTimestamp": "2026-01-01T00:00:00Z"})
    lagging = replica_set("lagging", 2, 4, metadata={"creationTimestamp": "2026-01-02T00:00:00Z"})
    plan = reconcile_old(deployment(3), replica_set("new", 3), [sick, lagging])
    assert sizes(plan.steps) == [("sick", 2, 1)]
    assert plan.problem == (
        "when cleaning up unhealthy replicas, got invalid request to scale down default/lagging 2 -> 4"
    )
    assert not plan.scaled


def test_recreate_scales_active_old_replica_sets_to_zero():
    old = [replica_set("a", 2), replica_set("b", 0)]
    assert sizes(scale_down_for_recreate(deployment(3), old)) == [("a", 2, 0)]


def test_same_size_is_written_only_when_forced_and_out_of_date():
    each = replica_set("a", 3)
    assert resize(deployment(3), each, 3) == ()
    assert len(resize(deployment(3), each, 3, even_if_same=True)) == 1
    assert resize(deployment(3), replica_set("a", 3, **noted(3, 4)), 3, even_if_same=True) == ()


def test_saturation_needs_size_annotation_and_availability():
    assert is_saturated(deployment(3), replica_set("a", 3, **noted(3, 4)))
    assert not is_saturated(deployment(3), replica_set("a", 3))
    assert not is_saturated(deployment(3), replica_set("a", 3, 2, **noted(3, 4)))


def test_another_noted_size_is_a_scaling_event_if_active():
    assert is_scaling_event(deployment(3), [replica_set("a", 1, **noted(2, 3))])
    assert not is_scaling_event(deployment(3), [replica_set("a", 0, **noted(2, 3)), replica_set("b", 3)])
    assert not is_scaling_event(deployment(3), [replica_set("a", 1, **noted(-2, 3))])
