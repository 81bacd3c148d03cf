"""What the scheduler says: the text of the FailedScheduling event and of the PodScheduled condition.

Source: pkg/scheduler/framework/types.go, FitError; pkg/scheduler/schedule_one.go, truncateMessage, ErrNoNodesAvailable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from refk8s.scheduler.framework import Status

__all__ = ["NOTE_LENGTH_LIMIT", "NO_NODES", "event_note", "fit_error"]

NO_NODES: Final = "no nodes available to schedule pods"
"""The whole message when there is not one node."""

NOTE_LENGTH_LIMIT: Final = 1024
"""The longest note of an event, in bytes."""


def fit_error(nodes: int, statuses: Iterable[Status], *, pre_filter: str = "", post_filter: str = "") -> str:
    """Return why none of `nodes` fits: how many nodes gave each reason, sorted as texts, then what PostFilter said.

    With `pre_filter` (the pod was rejected as a whole) that stands in place of the reasons. Source: FitError.Error.
    """
    text = f"0/{nodes} nodes are available:"
    if pre_filter:
        text += f" {pre_filter}."
    else:
        given = list(statuses)
        of = dict(zip(map(id, given), given, strict=True))  # many nodes share few verdicts
        histogram: dict[str, int] = {}
        for number, count in Counter(map(id, given)).items():
            for reason in of[number].reasons:
                histogram[reason] = histogram.get(reason, 0) + count
        counted = sorted(f"{count} {reason}" for reason, count in histogram.items())
        if counted:
            text += f" {', '.join(counted)}."
    return f"{text} {post_filter}" if post_filter else text


def event_note(message: str) -> str:
    """Return the message as an event carries it: cut off where it is longer than an event's note may be."""
    encoded = message.encode()
    if len(encoded) <= NOTE_LENGTH_LIMIT:
        return message
    return encoded[: NOTE_LENGTH_LIMIT - 4].decode(errors="ignore") + " ..."
