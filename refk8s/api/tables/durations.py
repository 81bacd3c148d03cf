"""Durations as tables show them. Source: apimachinery/pkg/util/duration/duration.go, HumanDuration."""

from __future__ import annotations

from ...core.clock import unix_ms


def human(duration_ms: int) -> str:
    """A duration with two or three significant figures, such as `5m10s` or `3d4h`; "<invalid>" if it is negative by more than a second."""
    seconds = int(duration_ms / 1000)
    if seconds < -1:
        return "<invalid>"
    if seconds < 0:
        return "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 24 * 8:
        return _two(days, "d", hours % 24, "h")
    if hours < 24 * 365 * 2:
        return f"{days}d"
    years = days // 365
    return _two(years, "y", days % 365, "d") if hours < 24 * 365 * 8 else f"{years}y"


def since(time: str | None, now_ms: int) -> str:
    """How long ago an RFC 3339 time was, "<unknown>" if there is none."""
    return human(now_ms - unix_ms(time)) if time else "<unknown>"


def _two(large: int, one: str, small: int, other: str) -> str:
    return f"{large}{one}{small}{other}" if small else f"{large}{one}"
