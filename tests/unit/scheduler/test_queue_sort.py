"""The scheduling queue's order (recorded: queue-sort)."""

from refk8s.scheduler.queue_sort import queue_order


def test_priority_counts_before_time_and_none_is_zero():
    pods = [("late", 0, 9), ("early", None, 3), ("low", -1, 0), ("high", 5, 99)]
    assert queue_order(pods) == ["high", "early", "late", "low"]


def test_ties_keep_their_order():
    assert queue_order([("b", 1, 1), ("a", 1, 1)]) == ["b", "a"]
