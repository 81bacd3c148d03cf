"""What is wrong with a cron schedule, in the words of the parser that Kubernetes uses.

Source: github.com/robfig/cron/v3, parser.go; pkg/util/parsers, ParseCronScheduleWithPanicRecovery; Go's
time.ParseDuration and strconv.Atoi.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from refk8s.kinds.fielderror import quote

_DESCRIPTORS: Final = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"},
)
_EVERY: Final = "@every "
_DURATION: Final = re.compile(r"[+-]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


class _Bad(Exception):
    """The schedule is none; the text says why."""


@attrs.frozen
class _Bounds:
    low: int
    high: int
    names: Mapping[str, int] = attrs.field(factory=dict)


_FIELDS: Final = (
    _Bounds(0, 59),
    _Bounds(0, 23),
    _Bounds(1, 31),
    _Bounds(1, 12, {name: i + 1 for i, name in enumerate(_MONTHS)}),
    _Bounds(0, 6, {name: i for i, name in enumerate(_DAYS)}),
)


def complaint(schedule: str, is_zone: Callable[[str], bool]) -> str:
    """The parser's message, "" for a schedule. `is_zone` knows the time zones."""
    try:
        _parse(schedule, is_zone)
    except _Bad as bad:
        return str(bad)
    return ""


def _parse(text: str, is_zone: Callable[[str], bool]) -> None:
    if not text:
        raise _Bad("empty spec string")
    if text.startswith(("TZ=", "CRON_TZ=")):
        start, end = text.index("=") + 1, text.find(" ")
        if end < start:
            bounds = f"[:{end}]" if end < 0 else f"[{start}:{end}]"
            raise _Bad(f"invalid schedule format: runtime error: slice bounds out of range {bounds}")
        zone = text[start:end]
        if not is_zone(zone):
            raise _Bad(f"provided bad location {zone}: unknown time zone {zone}")
        text = text[end:].strip()
    if text.startswith("@"):
        _descriptor(text)
        return
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise _Bad(f"expected exactly {len(_FIELDS)} fields, found {len(fields)}: [{' '.join(fields)}]")
    for field, bounds_ in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            if part:
                _range(part, bounds_)


def _descriptor(text: str) -> None:
    if text in _DESCRIPTORS:
        return
    if not text.startswith(_EVERY):
        raise _Bad(f"unrecognized descriptor: {text}")
    duration = text.removeprefix(_EVERY)
    if not _DURATION.fullmatch(duration):
        raise _Bad(f"failed to parse duration {text}: {_bad_duration(duration)}")


def _bad_duration(text: str) -> str:
    rest = text[1:] if text[:1] in ("+", "-") else text
    number = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)"
    while rest:
        match = re.match(number, rest)
        if match is None:
            break
        rest = rest[match.end() :]
        unit = re.match(r"[^.0-9]+", rest)
        if unit is None:
            return f"time: missing unit in duration {quote(text)}"
        if unit[0] not in ("ns", "us", "µs", "μs", "ms", "s", "m", "h"):
            return f"time: unknown unit {quote(unit[0])} in duration {quote(text)}"
        rest = rest[unit.end() :]
    return f"time: invalid duration {quote(text)}"


def _range(text: str, bounds: _Bounds) -> None:
    parts = text.split("/")
    ends = parts[0].split("-")
    if ends[0] in ("*", "?"):
        start, end = bounds.low, bounds.high
    else:
        start = end = _number(ends[0], bounds.names)
        if len(ends) == 2:
            end = _number(ends[1], bounds.names)
        elif len(ends) > 2:
            raise _Bad(f"too many hyphens: {text}")
    step = 1
    if len(parts) == 2:
        step = _number(parts[1], {})
        if len(ends) == 1:
            end = bounds.high
    elif len(parts) > 2:
        raise _Bad(f"too many slashes: {text}")
    if start < bounds.low:
        raise _Bad(f"beginning of range ({start}) below minimum ({bounds.low}): {text}")
    if end > bounds.high:
        raise _Bad(f"end of range ({end}) above maximum ({bounds.high}): {text}")
    if start > end:
        raise _Bad(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise _Bad(f"step of range should be a positive number: {text}")


def _number(text: str, names: Mapping[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not re.fullmatch("[+-]?[0-9]+", text, re.ASCII):
        raise _Bad(f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: invalid syntax")
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise _Bad(f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: value out of range")
    if number < 0:
        raise _Bad(f"negative number ({number}) not allowed: {text}")
    return number
