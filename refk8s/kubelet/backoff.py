"""The kubelet's back-offs: how long a container that exited (or an image that cannot be pulled) waits for its next try.

Each key has one entry; the kubelet's memory keeps the table of entries. Times are ns on one clock, durations ns.
Source: client-go/util/flowcontrol/backoff.go, pkg/kubelet/kuberuntime/kuberuntime_manager.go (doBackOff),
pkg/kubelet/kubelet.go (its HasExpiredFunc).
"""

from __future__ import annotations

import attrs

SECOND_NS = 1_000_000_000


@attrs.frozen
class BackoffEntry:
    """The current delay of one key, and when it was last raised."""

    delay_ns: int
    last_update_ns: int


@attrs.frozen
class BackoffPolicy:
    """Doubling from `initial_ns` up to `max_ns`, starting over when the event comes `expiry_ns` after the last raise.

    `expiry_ns` None means twice the maximum, which is flowcontrol's own default.
    """

    initial_ns: int
    max_ns: int
    expiry_ns: int | None = None

    def has_expired(self, entry: BackoffEntry, event_ns: int) -> bool:
        limit = 2 * self.max_ns if self.expiry_ns is None else self.expiry_ns
        return event_ns - entry.last_update_ns > limit

    def is_in_backoff(self, entry: BackoffEntry | None, event_ns: int, now_ns: int) -> bool:
        """Whether a try at `now_ns` comes too early after the event (a container's exit). Source: IsInBackOffSince."""
        if entry is None or self.has_expired(entry, event_ns):
            return False
        return now_ns - event_ns < entry.delay_ns

    def is_in_backoff_since_update(self, entry: BackoffEntry | None, event_ns: int) -> bool:
        """Whether the event (a wish to pull an image) comes too early after the last raise.

        Source: IsInBackOffSinceUpdate.
        """
        if entry is None or self.has_expired(entry, event_ns):
            return False
        return event_ns - entry.last_update_ns < entry.delay_ns

    def next_entry(self, entry: BackoffEntry | None, event_ns: int, now_ns: int) -> BackoffEntry:
        """The entry once a try is made at `now_ns`: the delay of the next one is doubled, or starts over.

        Source: Next.
        """
        if entry is None or self.has_expired(entry, event_ns):
            return BackoffEntry(self.initial_ns, now_ns)
        return BackoffEntry(min(entry.delay_ns * 2, self.max_ns), now_ns)


CRASH_LOOP = BackoffPolicy(initial_ns=10 * SECOND_NS, max_ns=300 * SECOND_NS, expiry_ns=600 * SECOND_NS)
"""Restarts of containers, by default."""

IMAGE_PULL = BackoffPolicy(initial_ns=10 * SECOND_NS, max_ns=300 * SECOND_NS)
"""Pulls of images."""


def crash_loop_message(delay_ns: int, container: str, pod: str) -> str:
    """The message of the waiting state CrashLoopBackOff; `pod` is name_namespace(uid)."""
    return f"back-off {duration_text(delay_ns)} restarting failed container={container} pod={pod}"


def replay_crash_loop(policy: BackoffPolicy, run_seconds: list[int]) -> list[tuple[int, int, str, str]]:
    """What happens to a container that runs for these times one after the other, with a sync each second.

    Per exit: (second of the exit, second of the restart, back-off shown while waiting or "", back-off of the next
    exit).
    """
    history = []
    entry: BackoffEntry | None = None
    now = 0
    for seconds in run_seconds:
        exited = now = now + seconds
        shown = ""
        while policy.is_in_backoff(entry, exited * SECOND_NS, now * SECOND_NS):
            shown = duration_text(entry.delay_ns) if entry else ""
            now += 1
        entry = policy.next_entry(entry, exited * SECOND_NS, now * SECOND_NS)
        history.append((exited, now, shown, duration_text(entry.delay_ns)))
    return history


def duration_text(nanoseconds: int) -> str:
    """A duration as Go prints it: `1m20s`, `5m0s`, `1.5s`, `250ms`, `0s`. Source: Go's time.Duration.String."""
    if nanoseconds < 0:
        return "-" + duration_text(-nanoseconds)
    if nanoseconds < SECOND_NS:
        for unit_ns, unit in ((1_000_000, "ms"), (1_000, "µs"), (1, "ns")):
            if nanoseconds >= unit_ns:
                return _decimal(nanoseconds, unit_ns) + unit
        return "0s"
    minutes, rest = divmod(nanoseconds, 60 * SECOND_NS)
    text = _decimal(rest, SECOND_NS) + "s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = f"{minutes}m{text}"
        if hours:
            text = f"{hours}h{text}"
    return text


def _decimal(amount: int, unit: int) -> str:
    whole, fraction = divmod(amount, unit)
    if not fraction:
        return str(whole)
    return f"{whole}.{fraction:0{len(str(unit)) - 1}}".rstrip("0")
