"""What differs between two versions of an object."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.trace.differences import Difference, differences, short


@pytest.mark.parametrize(
    ("was", "now", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}, [Difference("b.c", 2, 3)]),
        ({"a": 1}, {"b": 1}, [Difference("a", 1, None), Difference("b", None, 1)]),
        ({"l": [{"name": "x", "v": 1}]}, {"l": [{"name": "y"}, {"name": "x", "v": 3}]}, [Difference("l[x].v", 1, 3), Difference("l[y]", None, {"name": "y"})]),
        ({"c": [{"type": "Ready", "status": "False"}]}, {"c": [{"type": "Ready", "status": "True"}]}, [Difference("c[Ready].status", "False", "True")]),
        ({"l": [1, 2]}, {"l": [1, 3]}, [Difference("l", [1, 2], [1, 3])]),
        ({}, {"l": [{"name": "x"}]}, [Difference("l[x]", None, {"name": "x"})]),
        ({"l": [{"key": "a", "v": 1}, {"key": "a", "v": 2}]}, {"l": []}, [Difference("l", [{"key": "a", "v": 1}, {"key": "a", "v": 2}], [])]),
    ],
)  # fmt: skip
def test_leaves_that_differ(was: Any, now: Any, found: list[Difference]) -> None:
    assert differences(was, now) == found


def test_a_difference_is_short() -> None:
    assert str(Difference("spec.replicas", 3, 4)) == "spec.replicas 3→4"
    assert str(Difference("a", None, {"x": 1, "y": 2, "z": 3, "w": 4})) == "a ∅→{x, y, z, …}"
    assert str(Difference("a", [1, 2], [])) == "a [2]→[]"
    assert short("x" * 60).endswith("…")
    assert len(short("x" * 60)) == 48
    assert short(True) == "true"
