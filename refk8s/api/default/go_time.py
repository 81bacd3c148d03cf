"""Times as Go's `time.Parse` reads them for `metav1.Time` and `metav1.MicroTime`, with its complaints.

Source: Go's time/format.go; apimachinery/pkg/apis/meta/v1/{time,micro_time}.go.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

_SECONDS_LAYOUT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_PIECES = (("2006", 4), ("-", 0), ("01", 2), ("-", 0), ("02", 2), ("T", 0), ("15", 2), (":", 0), ("04", 2), (":", 0))
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)


class GoTimeError(ValueError):
    """A text is no time; the message is Go's."""


@lru_cache(maxsize=16_384)
def rfc3339(text: str) -> str:
    """The time in UTC with whole seconds; "" for the zero time. Raises GoTimeError."""
    moment = _parse(text, _SECONDS_LAYOUT)
    return _written(moment, text, micro=False)


@lru_cache(maxsize=16_384)
def rfc3339_micro(text: str) -> str:
    """The time in UTC with six digits of a second; "" for the zero time. Raises GoTimeError."""
    moment = _parse(text, _MICRO_LAYOUT)
    return _written(moment, text, micro=True)


def _written(moment: datetime, text: str, *, micro: bool) -> str:
    if moment == datetime(1, 1, 1):
        return ""
    out = moment.strftime("%m-%dT%H:%M:%S")
    tail = f".{moment.microsecond:06d}Z" if micro else "Z"
    return f"{moment.year:04d}-{out}{tail}"


def _parse(text: str, layout: str) -> datetime:
    """Raises GoTimeError at the first piece of the layout that the text does not meet."""

    def fail(rest: str, element: str) -> GoTimeError:
        return GoTimeError(f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{element}"')

    def out_of_range(what: str) -> GoTimeError:
        return GoTimeError(f'parsing time "{text}": {what} out of range')

    numbers: list[int] = []
    rest = text
    for element, width in _PIECES:
        if width == 0:
            if not rest.startswith(element):
                raise fail(rest, element)
            rest = rest[1:]
            continue
        if not _digits(rest[:width], width):
            raise fail(rest, element)
        numbers.append(int(rest[:width]))
        rest = rest[width:]
        complaint = _range_complaint(element, numbers[-1])
        if complaint:
            raise out_of_range(complaint)
    if not _digits(rest[:2], 2):
        raise fail(rest, "05")
    numbers.append(int(rest[:2]))
    rest = rest[2:]
    if numbers[-1] > 59:
        raise out_of_range("second")
    fraction, rest = _fraction(rest, layout, fail)
    offset_min, rest = _zone(rest, fail)
    if rest:
        raise GoTimeError(f'parsing time "{text}": extra text: "{rest}"')
    return _moment(numbers, fraction, offset_min, out_of_range)


def _range_complaint(element: str, number: int) -> str:
    if element == "01" and not 1 <= number <= 12:
        return "month"
    if element == "15" and number > 23:
        return "hour"
    return "minute" if element == "04" and number > 59 else ""


def _digits(text: str, width: int) -> bool:
    return len(text) == width and text.isascii() and text.isdigit()


def _fraction(rest: str, layout: str, fail: object) -> tuple[int, str]:
    """The microseconds and what follows; exactly six digits if the layout has them, else any number of digits."""
    assert callable(fail)
    if layout == _MICRO_LAYOUT:
        if len(rest) < 7 or rest[0] not in ".," or not _digits(rest[1:7], 6):
            raise fail(rest, ".000000")
        return int(rest[1:7]), rest[7:]
    if len(rest) >= 2 and rest[0] in ".," and rest[1].isdigit():
        end = 1
        while end < len(rest) and rest[end].isascii() and rest[end].isdigit():
            end += 1
        return int(rest[1:7].ljust(6, "0")[:6]) if end >= 7 else int(rest[1:end].ljust(6, "0")), rest[end:]
    return 0, rest


def _zone(rest: str, fail: object) -> tuple[int, str]:
    """The zone's offset in minutes and what follows."""
    assert callable(fail)
    if rest.startswith("Z"):
        return 0, rest[1:]
    match = _ZONE.match(rest)
    if match is None or int(match[2]) > 24 or int(match[3]) > 60:
        raise fail(rest, "Z07:00")
    minutes = int(match[2]) * 60 + int(match[3])
    return (minutes if match[1] == "+" else -minutes), rest[6:]


def _moment(numbers: list[int], micro: int, offset_min: int, out_of_range: object) -> datetime:
    assert callable(out_of_range)
    year, month, day, hour, minute, second = numbers
    try:
        date(max(year, 4), month, day)
    except ValueError:
        raise out_of_range("day") from None
    return datetime(max(year, 1), month, day, hour, minute, second, micro) - timedelta(minutes=offset_min)
