"""Placeholders of the api corpus."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.conformance.api_match import Symbols, compare


def wrong(want: Any, got: Any, symbols: Symbols | None = None, lists: str = "growing") -> list[str]:
    return compare(want, got, symbols or Symbols("r2d2c3po"), lists)


def test_equal_trees_agree_and_every_difference_is_named() -> None:
    assert wrong({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}) == []
    found = wrong({"a": 1, "b": 2, "c": [1]}, {"a": True, "c": [], "d": 0})
    assert [line.split(":")[0] for line in found] == [".a", ".b", ".c", ".d"]


def test_a_number_stands_for_one_value_throughout() -> None:
    symbols = Symbols("r2d2c3po")
    assert wrong({"a": "<uid:1>", "b": "x/<uid:1>"}, {"a": "u-1", "b": "x/u-1"}, symbols) == []
    assert wrong("<uid:1>", "u-2", symbols) != []
    assert wrong("<uid:2>", "u-2", symbols) != []
    assert wrong("<uid:3>", "u-3", symbols) == []


def test_revisions_keep_their_order() -> None:
    symbols = Symbols("r2d2c3po")
    assert wrong("<rv:2>", "20", symbols) == []
    assert wrong("<rv:1>", "10", symbols) == []
    assert wrong("<rv:3>", "15", symbols) != []
    assert wrong("<rv:4>", "20", symbols) != []


def test_list_revisions_may_grow_unless_they_are_exact() -> None:
    symbols = Symbols("r2d2c3po")
    assert wrong("<lrv:1>", "5", symbols) == []
    assert wrong("<lrv:1>", "6", symbols) == []
    assert wrong("<lrv:1>", "5", symbols) != []
    assert wrong("<lrv:1>", "9", symbols, "exact") != []
    assert wrong("<rv:1>", "10", symbols) == []
    assert wrong("<lrv:2>", "8", symbols) != []
    assert wrong("<lrv:3>", "8", symbols, "any") == []


@pytest.mark.parametrize(
    ("want", "good", "bad"),
    [
        ("<ts>", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1Z"),
        ("<tsm>", "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00Z"),
        ("web-<gen:1>", "web-bcdfg", "web-aeiou"),
        ("<ip:1>", "10.0.0.1", "10.0.0"),
        ("<age>", "3d2h", "soon"),
        ("{u}-x", "r2d2c3po-x", "-x"),
    ],
)
def test_forms(want: str, good: str, bad: str) -> None:
    assert wrong(want, good) == []
    assert wrong(want, bad) != []


def test_a_relative_time_is_compared_with_the_time_of_the_request() -> None:
    symbols = Symbols("r2d2c3po")
    symbols.now_ms = 1_767_225_600_000
    assert wrong("<ts+30>", "2026-01-01T00:00:30Z", symbols) == []
    assert wrong("<ts+30>", "2026-01-01T00:01:30Z", symbols) != []


def test_requests_are_filled_with_what_was_learned() -> None:
    symbols = Symbols("r2d2c3po")
    wrong("<rv:1>", "7", symbols)
    assert symbols.fill("t-{u} <rv:1> <uid:9>") == "t-r2d2c3po 7 unresolved"
    assert symbols.unresolved == ["<uid:9>"]


def test_causes_of_an_apply_conflict_are_a_set() -> None:
    causes = [{"reason": "FieldManagerConflict", "message": m, "field": "f"} for m in "ab"]
    assert wrong({"details": {"causes": causes}}, {"details": {"causes": causes[::-1]}}) == []
