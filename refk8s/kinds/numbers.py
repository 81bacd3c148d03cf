"""Go's integers: reading them from text, and how they wrap."""

import re

__all__ = ["INT64_MAX", "INT64_MIN", "parse_int64", "wrap32", "wrap64"]

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)

_INTEGER = re.compile(r"([+-]?)0*([0-9]+)", re.ASCII)


def parse_int64(text: str) -> int | None:
    """Return the int64 that a decimal text stands for; None if it is none or out of range.

    Source: Go's strconv.ParseInt(text, 10, 64).
    """
    match = _INTEGER.fullmatch(text)
    if match is None or len(match[2]) > 19:
        return None
    number = int(match[1] + match[2])
    return number if INT64_MIN <= number <= INT64_MAX else None


def wrap64(number: int) -> int:
    """Return the number as an int64 holds it."""
    return (number + 2**63) % 2**64 - 2**63


def wrap32(number: int) -> int:
    """Return the number as an int32 holds it."""
    return (number + 2**31) % 2**32 - 2**31
