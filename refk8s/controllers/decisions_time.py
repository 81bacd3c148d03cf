"""Timestamps as integers, for the decisions that compare or subtract them.

An absent timestamp is the zero time of upstream's `metav1.Time`, here None. Source:
apimachinery/pkg/apis/meta/v1/time.go.
"""

from __future__ import annotations

from refk8s.core.clock import rfc3339, unix_ms

MS_NS = 1_000_000
SECOND_NS = 1_000 * MS_NS

_ZERO_TIME = "0001-01-01T00:00:00Z"


def parse_time_ms(text: str) -> int | None:
    """Milliseconds since the Unix epoch of an RFC 3339 timestamp; None for the zero time. Raises ValueError."""
    return unix_ms(text) if text and text != _ZERO_TIME else None


def parse_time_ns(text: str) -> int | None:
    """Nanoseconds (to the millisecond) since the Unix epoch of an RFC 3339 timestamp; None for the zero time."""
    return unix_ms(text) * MS_NS if text and text != _ZERO_TIME else None


def format_time_s(nanoseconds: int) -> str:
    """The timestamp as the API server writes it: UTC, whole seconds, the rest cut off."""
    return rfc3339(nanoseconds // MS_NS)
