"""Go's integers."""

import pytest

from refk8s.kinds.numbers import parse_int64, wrap32, wrap64


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("+5", 5),
        ("-007", -7),
        ("0" * 5000 + "1", 1),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", None),
        ("1" * 5000, None),
        ("", None),
        ("1_0", None),
        (" 1", None),
        ("\u0661", None),
    ],
)
def test_an_int64_is_read_as_go_reads_it(text: str, number: int | None) -> None:
    assert parse_int64(text) == number


def test_integers_wrap_at_their_width() -> None:
    assert wrap64(2**63) == -(2**63)
    assert wrap64(-1) == -1
    assert wrap32(2**31 + 5) == -(2**31) + 5
