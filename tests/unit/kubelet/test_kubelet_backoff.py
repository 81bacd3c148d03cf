"""Back-off of crashing containers (recorded: crashloop-backoff)."""

import pytest

from refk8s.kubelet.backoff import (
    CRASH_LOOP,
    IMAGE_PULL,
    BackoffEntry,
    crash_loop_message,
    duration_text,
    replay_crash_loop,
)

S = 1_000_000_000


def test_restarts_double_up_to_five_minutes():
    history = replay_crash_loop(CRASH_LOOP, [1] * 8)
    assert [shown for _, _, shown, _ in history] == ["", "10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s"]
    assert [restart - exit for exit, restart, _, _ in history] == [0, 10, 20, 40, 80, 160, 300, 300]


def test_ten_good_minutes_start_over():
    assert [next_one for _, _, _, next_one in replay_crash_loop(CRASH_LOOP, [1, 1, 600, 601])] == [
        "10s",
        "20s",
        "40s",
        "10s",
    ]


def test_image_back_off_counts_from_the_last_raise():
    entry = BackoffEntry(10 * S, 100 * S)
    assert IMAGE_PULL.is_in_backoff_since_update(entry, 109 * S)
    assert not IMAGE_PULL.is_in_backoff_since_update(entry, 110 * S)
    assert not IMAGE_PULL.is_in_backoff_since_update(None, 110 * S)


def test_message_of_the_waiting_state():
    assert crash_loop_message(10 * S, "c", "p_default(u)") == (
        "back-off 10s restarting failed container=c pod=p_default(u)"
    )


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1.5µs"),
        (250 * 10**6, "250ms"),
        (1_500_000_000, "1.5s"),
        (80 * S, "1m20s"),
        (3600 * S, "1h0m0s"),
        (-S, "-1s"),
        (90_061 * S + 1, "25h1m1.000000001s"),
    ],
)
def test_durations_print_as_in_go(nanoseconds, text):
    assert duration_text(nanoseconds) == text
