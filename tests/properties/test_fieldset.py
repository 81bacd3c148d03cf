"""Field sets against plain sets of paths, and comparisons against a path-by-path one."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from refk8s.api import schema
from refk8s.api.fieldset import (
    FieldSet,
    Path,
    compare,
    difference,
    interned,
    intersection,
    paths,
    recursive_difference,
    union,
)

elements = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])
path_sets = st.frozensets(st.lists(elements, min_size=1, max_size=3).map(tuple), max_size=8)


def tree(members: frozenset[Path]) -> FieldSet:
    result: FieldSet = {}
    for path in sorted(members):
        below = result
        for element in path:
            below = below.setdefault(element, {})
        below["."] = {}
    return _without_lone_marks(result)


def _without_lone_marks(fields: FieldSet) -> FieldSet:
    cleaned = {key: _without_lone_marks(value) if key != "." else {} for key, value in fields.items()}
    return {} if list(cleaned) == ["."] else cleaned


def members(fields: FieldSet) -> frozenset[Path]:
    return frozenset(paths(fields))


def below_any(path: Path, others: frozenset[Path]) -> bool:
    return any(path[: len(other)] == other for other in others)


@given(path_sets, path_sets)
def test_the_algebra_is_that_of_sets_of_paths(left: frozenset[Path], right: frozenset[Path]) -> None:
    a, b = tree(left), tree(right)
    assert members(a) == left
    assert members(union(a, b)) == left | right
    assert members(difference(a, b)) == left - right
    assert members(intersection(a, b)) == left & right
    assert members(recursive_difference(a, b)) == {path for path in left if not below_any(path, right)}


@given(path_sets, path_sets)
def test_results_are_in_their_only_form_and_arguments_stay(left: frozenset[Path], right: frozenset[Path]) -> None:
    a, b = tree(left), tree(right)
    for operation, expected in ((union, left | right), (difference, left - right), (intersection, left & right)):
        assert operation(a, b) == tree(expected)
    assert (a, b) == (tree(left), tree(right))
    assert interned(a) == a


containers = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abc")},
        optional={
            "image": st.sampled_from("xy"),
            "args": st.lists(st.sampled_from("pq"), max_size=2),
            "env": st.lists(st.fixed_dictionaries({"name": st.sampled_from("EF")}), max_size=2, unique_by=str),
            "resources": st.dictionaries(st.just("limits"), st.dictionaries(st.sampled_from("mn"), st.just("1"))),
        },
    ),
    max_size=3,
    unique_by=lambda container: container["name"],
)
pods = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "labels": st.dictionaries(st.sampled_from("kl"), st.sampled_from("12"), max_size=2),
                "finalizers": st.lists(st.sampled_from("fg"), max_size=2, unique=True),
            },
        ),
        "spec": st.fixed_dictionaries({}, optional={"containers": containers | st.none(), "nodeName": st.just("n")}),
    }
)

POD = schema.of_kind("Pod")


def leaves(of: schema.Type, value: Any, at: Path = ()) -> dict[Path, Any]:
    """Every path of the value with what is owned at it: the value of a leaf, nothing for a parent."""
    if of.leaf or not value:
        return {at: value}
    if of.form == "struct":
        children = [(f"f:{key}", of.fields[key].type, item) for key, item in value.items()]
    elif of.form == "map":
        children = [(f"f:{key}", of.element, item) for key, item in value.items()]
    elif of.keys:
        children = [(f'k:{{"name":"{item["name"]}"}}', of.element, item) for item in value]
    else:
        children = [(f'v:"{item}"', of.element, item) for item in value]
    result = {at: ...}
    for element, inner, item in children:
        assert inner is not None
        result |= leaves(inner, item, (*at, element))
    return result


@given(pods, pods)
def test_a_comparison_is_that_of_all_paths(old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = leaves(POD, old), leaves(POD, new)
    change = compare(POD, old, new, frozenset(), frozenset())
    ours = members(change.added) | members(change.removed) | members(change.modified)
    assert members(change.added) - {("f:metadata",)} == {path for path in after if path not in before}
    assert members(change.removed) - {("f:metadata",)} == {path for path in before if path not in after}
    # A parent that becomes empty or null, or stops being so, may or may not count; leaves that differ always do.
    differing = {path for path in after if path in before and ... not in (before[path], after[path])}
    assert {path for path in differing if before[path] != after[path]} <= ours | {("f:metadata",)}
    assert (old == new) <= (not ours)
