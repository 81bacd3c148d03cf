"""JSON merge patch: upstream's results and messages."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.api.patch import PatchError, apply_patch, patch_status


def merged(original: Any, patch: Any) -> Any:
    return apply_patch("merge", "Raw", original, patch)


@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ({"a": 1, "b": 2}, {"a": None, "c": 3}, {"b": 2, "c": 3}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({}, {"a": {"b": None, "c": [None, {"d": None}]}}, {"a": {"c": [None, {}]}}),
        ({"a": [1]}, {"a": {"b": None}}, {"a": {}}),
        ({"a": {"b": 1}}, {"a": [{"c": None}]}, {"a": [{"c": None}]}),
        ({"a": None}, {"b": 1}, {"a": None, "b": 1}),
        (3, {"a": None, "b": 1}, {"b": 1}),
        ({"a": 1}, [{"b": None}], [{}]),
    ],
)
def test_members_merge_and_nulls_delete(original: Any, patch: Any, result: Any) -> None:
    assert merged(original, patch) == result


def test_a_scalar_patch_is_malformed() -> None:
    with pytest.raises(PatchError, match="Invalid JSON Patch") as caught:
        merged({}, 7)
    assert patch_status("merge", caught.value).code == 400


def test_a_null_document_is_an_unclassified_error() -> None:
    with pytest.raises(PatchError, match="Invalid JSON Document") as caught:
        merged(None, {})
    assert patch_status("merge", caught.value).code == 500


def test_a_patch_without_effect_returns_the_document_itself() -> None:
    original: dict[str, Any] = {"a": {"b": 1}, "c": [1]}
    assert merged(original, {"a": {"x": None}, "y": None}) is original
    assert merged(original, {"a": {"b": 2}})["c"] is original["c"]
