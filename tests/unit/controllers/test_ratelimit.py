"""Delays of failing items (recorded: ratelimiter, wait-backoff)."""

from refk8s.controllers.ratelimit import (
    CONTROLLER_BUCKET,
    CONTROLLER_ITEM,
    Backoff,
    ItemExponential,
    ItemFastSlow,
    MaxOf,
    replay_limiter,
)

MS = 1_000_000


def test_controllers_double_from_five_milliseconds():
    assert [CONTROLLER_ITEM.delay_ns(n) // MS for n in (0, 1, 2, 17, 18, 500, 5000)] == [
        5,
        10,
        20,
        655360,
        *[10**6] * 3,
    ]


def test_the_edge_of_int64_is_negative_as_upstream():
    limiter = ItemExponential(1, 10**18)
    assert [limiter.delay_ns(n) for n in (62, 63, 64)] == [10**18, -(2**63), 10**18]


def test_fast_attempts_come_first():
    assert [ItemFastSlow(1, 9, 2).delay_ns(n) for n in range(4)] == [1, 1, 9, 9]


def test_the_longest_delay_counts_but_never_a_negative_one():
    assert MaxOf((ItemExponential(1, 8), ItemFastSlow(3, 5, 1))).delay_ns(0) == 3
    assert MaxOf((ItemExponential(1, 10**18),)).delay_ns(63) == 0


def test_forgetting_starts_over():
    assert replay_limiter(ItemExponential(1, 100), 5, 3) == ([1, 2, 4, 1, 2], [1, 2, 3, 1, 2])


def test_bucket_gives_its_burst_at_once_and_then_ten_per_second():
    bucket, waits = CONTROLLER_BUCKET, []
    for _ in range(102):
        bucket, wait = bucket.reserve(0)
        waits.append(wait // MS)
    assert waits == [0] * 100 + [100, 200]
    assert bucket.reserve(10**12)[1] == 0


def test_backoff_stops_growing_at_its_cap_or_after_its_steps():
    assert Backoff(10, 2.0, 2).first(4) == [10, 20, 40, 40]
    assert Backoff(10, 3.0, 9, 50).first(4) == [10, 30, 50, 50]
    assert Backoff(10, 0.0, 9, 5).first(3) == [10, 10, 10]
