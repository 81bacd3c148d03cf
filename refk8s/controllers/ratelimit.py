"""How long a failing item waits: the rate limiters of the work queue, and the stepwise back-off of client-side retries.

A limiter is a rule without state; what it remembers is a number of failures (kept by the queue per item) or a token
bucket (one per queue), which the caller keeps. Durations are nanoseconds in an int64. Source:
client-go/util/workqueue/default_rate_limiters.go, golang.org/x/time/rate, apimachinery/pkg/util/wait/backoff.go.
"""

from __future__ import annotations

import math

import attrs

MS_NS = 1_000_000
SECOND_NS = 1_000_000_000

_INT64_MIN = -(2**63)
_INT64_END = 2.0**63  # the greatest int64 rounds up to this float64, so upstream's overflow check misses this one value


@attrs.frozen
class ItemExponential:
    """base · 2^failures, at most `max_ns`."""

    base_ns: int
    max_ns: int

    def delay_ns(self, failures: int) -> int:
        """The delay of an item that failed `failures` times before.

        One value at the very edge of int64 is negative, as upstream.
        """
        exact = float(self.base_ns) * (2.0**failures if failures < 1024 else math.inf)
        if exact > _INT64_END:
            return self.max_ns
        return min(_int64(exact), self.max_ns)


@attrs.frozen
class ItemFastSlow:
    """`fast_ns` for the first `max_fast_attempts` failures, `slow_ns` from then on."""

    fast_ns: int
    slow_ns: int
    max_fast_attempts: int

    def delay_ns(self, failures: int) -> int:
        """The delay of an item that failed `failures` times before."""
        return self.fast_ns if failures + 1 <= self.max_fast_attempts else self.slow_ns


@attrs.frozen
class MaxOf:
    """The longest of several delays."""

    limiters: tuple[ItemExponential | ItemFastSlow, ...]

    def delay_ns(self, failures: int) -> int:
        """The delay of an item that failed `failures` times before; never below 0."""
        return max([0, *(limiter.delay_ns(failures) for limiter in self.limiters)])


@attrs.frozen
class TokenBucket:
    """A bucket of `burst` tokens that regains one each `period_ns`; a reservation may take tokens that are yet to come.

    `full_at_ns` is when it is full again if nobody takes any more: the only state.
    """

    period_ns: int
    burst: int
    full_at_ns: int = 0

    def reserve(self, now_ns: int) -> tuple[TokenBucket, int]:
        """Take one token at `now_ns`: the bucket afterwards, and how long the taker has to wait (0: not at all)."""
        full_at = max(self.full_at_ns, now_ns) + self.period_ns
        return attrs.evolve(self, full_at_ns=full_at), max(0, full_at - now_ns - self.burst * self.period_ns)


CONTROLLER_ITEM = ItemExponential(base_ns=5 * MS_NS, max_ns=1000 * SECOND_NS)
"""The per-item half of the default controller rate limiter."""

CONTROLLER_BUCKET = TokenBucket(period_ns=100 * MS_NS, burst=100)
"""The overall half of the default controller rate limiter: 10 per second, 100 at once."""


def replay_limiter(
    limiter: ItemExponential | ItemFastSlow | MaxOf, calls: int, forget_before: int
) -> tuple[list[int], list[int]]:
    """The delays and failure counts of `calls` failures of one item, forgotten before call `forget_before` (0: never)."""
    delays, counts, failures = [], [], 0
    for call in range(calls):
        if forget_before > 0 and call == forget_before:
            failures = 0
        delays.append(limiter.delay_ns(failures))
        failures += 1
        counts.append(failures)
    return delays, counts


@attrs.frozen
class Backoff:
    """A back-off that grows by `factor` for `steps` steps or until `cap_ns` (0: no cap); without jitter."""

    duration_ns: int
    factor: float
    steps: int
    cap_ns: int = 0

    def step(self) -> tuple[int, Backoff]:
        """The time to wait now, and the back-off for the next time. Source: wait.Backoff.Step."""
        if self.steps < 1:
            return self.duration_ns, attrs.evolve(self, steps=0)
        if self.factor == 0:
            return self.duration_ns, attrs.evolve(self, steps=self.steps - 1)
        following, steps = _int64(float(self.duration_ns) * self.factor), self.steps - 1
        if self.cap_ns > 0 and following > self.cap_ns:
            following, steps = self.cap_ns, 0
        return self.duration_ns, attrs.evolve(self, duration_ns=following, steps=steps)

    def first(self, count: int) -> list[int]:
        """The first `count` waiting times."""
        waits, backoff = [], self
        for _ in range(count):
            wait, backoff = backoff.step()
            waits.append(wait)
        return waits


def _int64(number: float) -> int:
    """What Go's conversion (on amd64) makes of a float64: out of range and NaN are the least int64."""
    if math.isnan(number) or not _INT64_MIN <= number < _INT64_END:
        return _INT64_MIN
    return int(number)
