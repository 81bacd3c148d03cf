import pytest

from refk8s.controllers.decisions_time import format_time_s, parse_time_ms, parse_time_ns


def test_times_are_parsed_and_printed_in_utc():
    assert parse_time_ms("2026-01-01T00:00:00Z") == 1_767_225_600_000
    assert parse_time_ns("2026-01-01T00:00:00.250000Z") == 1_767_225_600_250_000_000
    assert parse_time_ms("1970-01-01T01:30:00+01:30") == 0
    assert format_time_s(1_767_225_600_999_999_999) == "2026-01-01T00:00:00Z"


def test_absent_and_zero_times_are_none():
    assert parse_time_ns("") is None
    assert parse_time_ms("0001-01-01T00:00:00Z") is None


def test_other_text_is_an_error():
    with pytest.raises(ValueError, match="yesterday"):
        parse_time_ns("yesterday")
