"""Timers: what is due stays due, and time passes at one price."""

from __future__ import annotations

from refk8s.core.clock import GOAL, NO_TIMERS, PERIODIC, Timers


def due_names(timers: Timers, p: int) -> list[str]:
    lane = timers.due[p]
    return [lane[number].name for number in lane.numbers()]


def test_timers_of_one_deadline_fall_due_together_in_the_order_of_arming() -> None:
    timers = NO_TIMERS.arm(0, "z", 10, GOAL, 1).arm(0, "a", 10, GOAL, 2).arm(3, "m", 10, PERIODIC, 3)
    timers, who = timers.advance(10)
    assert due_names(timers, 0) == ["z", "a"]
    assert due_names(timers, 3) == ["m"]
    assert who == 0b1001


def test_earlier_deadline_fires_first() -> None:
    timers = NO_TIMERS.arm(0, "late", 20, GOAL, 1).arm(0, "early", 10, GOAL, 1)
    assert timers.next_deadline() == 10
    timers, _ = timers.advance(20)
    assert due_names(timers, 0) == ["early", "late"]


def test_arming_again_replaces_the_deadline() -> None:
    timers = NO_TIMERS.arm(0, "a", 10, GOAL, 1).arm(0, "a", 30, GOAL, 1)
    assert timers.next_deadline() == 30


def test_arming_what_is_due_lets_it_fire_and_fire_again() -> None:
    timers, _ = NO_TIMERS.arm(0, "a", 10, GOAL, 1).advance(10)
    timers = timers.arm(0, "a", 15, GOAL, 2)
    timers = timers.fire(0, timers.due[0].head)
    assert timers.next_deadline() == 15
    timers, _ = timers.advance(15)
    assert due_names(timers, 0) == ["a"]


def test_disarmed_timer_does_not_fire_even_if_it_is_due() -> None:
    timers, _ = NO_TIMERS.arm(0, "a", 10, GOAL, 1).advance(10)
    timers = timers.disarm(0, "a")
    assert 0 not in timers.due
    assert timers.goals == 0


def test_dropping_a_process_leaves_the_others() -> None:
    timers = NO_TIMERS.arm(0, "a", 10, GOAL, 1).arm(1, "b", 12, GOAL, 1).drop(0)
    assert timers.next_deadline() == 12
    assert timers.goals == 1
