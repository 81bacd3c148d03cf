"""Patches computed from two documents lead from one to the other, and leave their arguments alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refk8s.api.patch import PatchError, apply_patch, create_two_way_merge_patch, strategic, three_way_merge

names = st.sampled_from("abcd")
containers = st.lists(
    st.fixed_dictionaries(
        {"name": names},
        optional={
            "image": st.sampled_from("xy"),
            "args": st.lists(names, max_size=3),
            "env": st.lists(
                st.fixed_dictionaries({"name": names}, optional={"value": st.sampled_from("12")}),
                max_size=3,
                unique_by=lambda item: item["name"],
            ),
        },
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda item: item["name"],
)
documents = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "labels": st.dictionaries(names, st.sampled_from("12"), max_size=3),
                # sorted, because the diff of an unsorted list of scalars always sends its order
                "finalizers": st.lists(names, max_size=3, unique=True).map(sorted),
            },
        ),
        "spec": st.fixed_dictionaries(
            {"containers": containers},
            optional={
                "tolerations": st.lists(st.fixed_dictionaries({"key": names}), max_size=2),
                "volumes": st.lists(
                    st.one_of(
                        st.fixed_dictionaries({"name": names, "emptyDir": st.just({})}),
                        st.fixed_dictionaries({"name": names, "hostPath": st.fixed_dictionaries({"path": names})}),
                    ),
                    max_size=3,
                    unique_by=lambda item: item["name"],
                ),
            },
        ),
    }
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


def decoded(value: Any) -> Any:
    """What the API server reads out of a patched document: no nulls, no directives, and here no empty values either."""
    if isinstance(value, dict):
        cleaned = {key: decoded(item) for key, item in value.items() if not key.startswith("$")}
        return {key: item for key, item in cleaned.items() if item not in (None, [], {})}
    return [decoded(item) for item in value] if isinstance(value, list) else value


@given(documents, documents)
def test_a_two_way_patch_leads_to_the_modified_document(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy((old, new))
    patch = create_two_way_merge_patch(old, new, "Pod")
    assert decoded(apply_patch("strategic", "Pod", old, patch)) == decoded(new)
    assert (old, new) == before


@given(documents, documents)
def test_the_quick_way_to_merge_lists_agrees_with_the_general_one(
    original: dict[str, Any], patch: dict[str, Any]
) -> None:
    quick = apply_patch("strategic", "Pod", original, patch)
    with pytest.MonkeyPatch.context() as seams:
        seams.setattr(strategic, "_merge_distinct", lambda *_: None)
        assert apply_patch("strategic", "Pod", original, patch) == quick


orders = st.lists(names, max_size=5)


@given(containers, containers, orders, st.integers(0, 4))
def test_the_quick_way_to_order_lists_agrees_with_the_general_one(
    original: list[Any], patch: list[Any], order: list[str], rotation: int
) -> None:
    """The order is that of the patch and the original with further names, rotated: it may name all elements, or not, or in another order."""
    mine = [item["name"] for item in (*patch, *original)]
    wanted = list(dict.fromkeys((*mine, *order)))[rotation:] or ["a"]
    change = {"spec": {"containers": patch, "$setElementOrder/containers": [{"name": name} for name in wanted]}}

    def outcome() -> Any:
        try:
            return apply_patch("strategic", "Pod", {"spec": {"containers": original}}, change)
        except PatchError as error:
            return str(error)

    quick = outcome()
    with pytest.MonkeyPatch.context() as seams:
        seams.setattr(strategic, "_order_distinct", lambda *_: None)
        assert outcome() == quick


@given(documents)
def test_a_document_differs_from_itself_in_nothing(document: dict[str, Any]) -> None:
    assert create_two_way_merge_patch(document, document, "Pod") == {}
    assert three_way_merge(document, document, document, "Pod") == {}


@given(documents, documents, documents)
def test_applying_twice_is_applying_once(last: dict[str, Any], wanted: dict[str, Any], live: dict[str, Any]) -> None:
    before = copy.deepcopy((last, wanted, live))
    applied = apply_patch("strategic", "Pod", live, three_way_merge(last, wanted, live, "Pod"))
    assert (last, wanted, live) == before
    applied = decoded(applied)
    again = apply_patch("strategic", "Pod", applied, three_way_merge(wanted, wanted, applied, "Pod"))
    assert decoded(again) == applied


@given(json_values, json_values)
def test_a_merge_patch_applied_twice_is_applied_once(original: Any, patch: Any) -> None:
    before = copy.deepcopy((original, patch))
    try:
        once = apply_patch("merge", "Raw", original, patch)
    except PatchError:
        assert original is None or not isinstance(patch, (dict, list))
        return
    assert apply_patch("merge", "Raw", once, patch) == once
    assert (original, patch) == before


paths = st.lists(names | st.sampled_from(["0", "1", "-", "-1"]), max_size=3).map(
    lambda parts: "".join(f"/{p}" for p in parts)
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": paths},
    optional={"value": json_values, "from": paths},
)


@given(st.dictionaries(names, json_values, max_size=4), st.lists(operations, max_size=4))
def test_a_json_patch_changes_neither_document_nor_patch(original: dict[str, Any], patch: list[Any]) -> None:
    before = copy.deepcopy((original, patch))
    try:
        result = apply_patch("json", "Raw", original, patch)
    except PatchError:
        result = None
    assert (original, patch) == before
    if result is not None:
        apply_patch("json", "Raw", result, [{"op": "test", "path": "", "value": result}])
