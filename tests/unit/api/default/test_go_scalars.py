"""Times and base64 as Go reads them."""

from __future__ import annotations

import pytest

from refk8s.api.default.go_bytes import GoBytesError, canonical_base64
from refk8s.api.default.go_time import GoTimeError, rfc3339, rfc3339_micro


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2024-02-29T10:00:00Z", "2024-02-29T10:00:00Z"),
        ("2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00Z"),
        ("2024-01-01T00:00:00.123Z", "2024-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", ""),
    ],
)
def test_times_are_read_with_any_zone_and_fraction(text: str, written: str) -> None:
    assert rfc3339(text) == written


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("yesterday", 'cannot parse "yesterday" as "2006"'),
        ("2024/01/01", 'cannot parse "/01/01" as "-"'),
        ("2024-01-01T00:00:00", 'cannot parse "" as "Z07:00"'),
        ("2024-01-01", 'cannot parse "" as "T"'),
    ],
)
def test_a_bad_time_is_refused_at_its_first_bad_piece(text: str, complaint: str) -> None:
    with pytest.raises(GoTimeError) as error:
        rfc3339(text)
    assert str(error.value) == f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": {complaint}'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2024-13-01T00:00:00Z", ": month out of range"),
        ("2024-02-30T00:00:00Z", ": day out of range"),
        ("2024-01-01T24:00:00Z", ": hour out of range"),
        ("2024-01-01T00:00:00Zx", ': extra text: "x"'),
    ],
)
def test_impossible_times_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(GoTimeError) as error:
        rfc3339(text)
    assert str(error.value) == f'parsing time "{text}"{complaint}'


def test_micro_times_need_exactly_six_digits() -> None:
    assert rfc3339_micro("2024-01-01T00:00:00.000001Z") == "2024-01-01T00:00:00.000001Z"
    with pytest.raises(GoTimeError, match=r'cannot parse "\.5Z" as "\.000000"'):
        rfc3339_micro("2024-01-01T00:00:00.5Z")


def test_base64_is_rewritten_canonically() -> None:
    assert canonical_base64("YW\nJj") == "YWJj"
    assert canonical_base64("YWJjZA==") == "YWJjZA=="


@pytest.mark.parametrize(("text", "offset"), [("a b=", 1), ("YWJ", 0), ("YWJjZ", 4), ("=", 0)])
def test_bad_base64_is_refused_at_its_offset(text: str, offset: int) -> None:
    with pytest.raises(GoBytesError) as error:
        canonical_base64(text)
    assert str(error.value) == f"illegal base64 data at input byte {offset}"
