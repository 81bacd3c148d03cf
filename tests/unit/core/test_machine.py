"""State machines as tables: what may follow a state, in words."""

from __future__ import annotations

from refk8s.core.machine import Machine, Row

DOOR = Machine(
    "DOOR",
    "doors",
    "status.state",
    "",
    frozenset(),
    (
        Row("DOOR-T1", "", "shut", "*", "it is made"),
        Row("DOOR-T2", "shut", "open", "porter|guest", "somebody wants in"),
        Row("DOOR-T3", "shut", "locked", "porter|guest", "nobody wants in"),
        Row("DOOR-T4", "shut", "gone", "thief", "it is dark", provided=lambda world, change: bool(change)),
        Row("DOOR-T5", "shut", "", "carpenter", "it is mended"),
    ),
    lambda document: {},
    "specs/core.md",
    "",
)


def test_what_may_follow_a_state_is_that_it_stays_or_what_its_rows_say() -> None:
    assert DOOR.allowed("shut", None, False) == "shut, or by porter or guest open, locked, or by carpenter none"
    assert DOOR.allowed("", None, False) == "none, or by anyone shut"
    assert DOOR.allowed("open", None, False) == "open"


def test_a_row_whose_condition_is_not_met_does_not_count() -> None:
    assert "by thief gone" in DOOR.allowed("shut", None, True)
