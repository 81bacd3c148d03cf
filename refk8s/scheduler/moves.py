"""The log of what moved where: a chain of the last moves, which values that follow one another share."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["LOG_LENGTH", "Move", "moved"]

LOG_LENGTH: Final = 4_096


@attrs.define(eq=False)  # made often and never changed
class Move:
    """One move of a pod, and those before it (`earlier`), as far as they are still known."""

    key: str
    before: str
    after: str
    earlier: Move | None
    length: int


def moved(log: Move | None, key: str, before: str, after: str) -> Move:
    """The log with one move more; it begins anew from time to time, so that it does not grow for ever."""
    if log is None or log.length >= LOG_LENGTH:
        return Move(key, before, after, None, 1)
    return Move(key, before, after, log, log.length + 1)
