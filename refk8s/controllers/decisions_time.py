"""RFC 3339 timestamps as integers, for the decisions that compare or subtract them.

Stored timestamps are text with second (sometimes microsecond) precision; decisions need their order and their
distance. An absent timestamp is the zero time of upstream's `metav1.Time`, here None. Source:
apimachinery/pkg/apis/meta/v1/time.go.
"""

from __future__ import annotations

import re
from functools import lru_cache

SECOND_NS = 1_000_000_000
MS_NS = 1_000_000

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))\Z", re.ASCII
)
_ZERO_TIME_S = -62_135_596_800  # 0001-01-01T00:00:00Z: upstream's zero time


@lru_cache(maxsize=65536)
def parse_time_ns(text: str) -> int | None:
    """Nanoseconds since the Unix epoch of an RFC 3339 timestamp; None for the zero time (absent, or year 1).

    Raises ValueError for text that is no timestamp: the API server never stores such a one.
    """
    if not text:
        return None
    match = _RFC3339.match(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 timestamp: {text!r}")
    year, month, day, hour, minute, second = (int(part) for part in match.group(1, 2, 3, 4, 5, 6))
    seconds = _days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    sign, off_hour, off_minute = match.group(8, 9, 10)
    if sign is not None:
        offset = int(off_hour) * 3600 + int(off_minute) * 60
        seconds += offset if sign == "-" else -offset
    if seconds == _ZERO_TIME_S and match.group(7) is None:
        return None
    fraction = (match.group(7) or "").ljust(9, "0")
    return seconds * SECOND_NS + int(fraction)


def format_time_s(nanoseconds: int) -> str:
    """The timestamp as the API server writes it: UTC, second precision, the rest cut off."""
    days, second_of_day = divmod(nanoseconds // SECOND_NS, 86_400)
    year, month, day = _civil_from_days(days)
    hour, rest = divmod(second_of_day, 3600)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{rest // 60:02}:{rest % 60:02}Z"


def _days_from_civil(year: int, month: int, day: int) -> int:
    """Days between 1970-01-01 and a date of the proleptic Gregorian calendar."""
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def _civil_from_days(days: int) -> tuple[int, int, int]:
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_index = (5 * day_of_year + 2) // 153
    month = month_index + (3 if month_index < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * month_index + 2) // 5 + 1
