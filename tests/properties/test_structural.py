"""What holds for every schema and value: pruning and defaulting are idempotent, and what they leave alone is the same object."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from refk8s.api.crd.structural import defaulted, prune, structural, without_nulls
from refk8s.api.crd.values import schema_errors

keys = st.sampled_from("abc")
scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["x", "y"])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)
leaves = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "nullable": True},
        {"type": "integer", "default": 1},
        {"type": "boolean", "default": False},
        {"x-kubernetes-preserve-unknown-fields": True},
        {"x-kubernetes-int-or-string": True},
    ]
)
schemas = st.recursive(
    leaves,
    lambda inner: (
        st.builds(
            lambda properties: {"type": "object", "properties": properties}, st.dictionaries(keys, inner, max_size=3)
        )
        | st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(lambda rest: {"type": "object", "additionalProperties": rest}, inner)
    ),
    max_leaves=6,
)
objects = st.dictionaries(keys, values, max_size=3)


@given(schemas, objects)
def test_pruning_and_defaulting_are_idempotent(schema: dict[str, Any], value: dict[str, Any]) -> None:
    of = structural(schema)
    pruned, dropped = prune(value, of, root=True)
    assert prune(pruned, of, root=True) == (pruned, ())
    assert (pruned is value) == (not dropped) or pruned == value
    once = defaulted(without_nulls(pruned, of), of)
    assert defaulted(without_nulls(once, of), of) == once


@given(schemas, objects)
def test_what_has_not_changed_is_never_an_error(schema: dict[str, Any], value: dict[str, Any]) -> None:
    assert schema_errors(schema, value, "", value) == []


@given(objects)
def test_a_schema_that_preserves_everything_drops_nothing(value: dict[str, Any]) -> None:
    of = structural({"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    assert prune(value, of, root=True) == (value, ())
