import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refk8s.controllers.decisions_time import format_time_s, parse_time_ns


@given(st.datetimes(datetime.datetime(1, 1, 2), datetime.datetime(9999, 12, 31)))
def test_agrees_with_the_standard_library_on_every_date(when):
    when = when.replace(tzinfo=datetime.UTC)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    microseconds = (when - epoch) // datetime.timedelta(microseconds=1)
    assert parse_time_ns(when.strftime("%m-%dT%H:%M:%S.%fZ").join([f"{when.year:04}-", ""])) == microseconds * 1000
    assert format_time_s(microseconds * 1000) == f"{when.year:04}" + when.strftime("-%m-%dT%H:%M:%SZ")


def test_absent_and_zero_times_are_none():
    assert parse_time_ns("") is None
    assert parse_time_ns("0001-01-01T00:00:00Z") is None


def test_offsets_are_taken_off():
    assert parse_time_ns("1970-01-01T01:30:00+01:30") == 0
    assert parse_time_ns("1969-12-31T23:00:00-01:00") == 0


def test_other_text_is_an_error():
    with pytest.raises(ValueError, match="not an RFC 3339 timestamp"):
        parse_time_ns("yesterday")
