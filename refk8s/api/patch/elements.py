"""Lists in strategic patches: elements found by their merge key, kept apart, and put in order.

Source: apimachinery/pkg/util/strategicpatch/patch.go.
"""

from __future__ import annotations

from typing import Any, Final

from refk8s.api.patch.errors import GO_MAP, PatchError, bad_arg_type, no_list_of_lists, no_merge_key
from refk8s.api.patch.gosort import sort_stable
from refk8s.api.patch.gotext import go_text
from refk8s.api.patch.jsonpatch import same

DIRECTIVE: Final = "$patch"
_KEY_TYPES: Final = (str, int)
_SHAPES: Final = {dict: "map", list: "list", str: "string", bool: "bool", int: "int64", float: "float64"}


def in_order(
    mine: list[Any], others: list[Any], order: list[Any], server_order: list[Any], merge_key: str, kind: str
) -> list[Any]:
    """The patch's items in `order` and the server's in `server_order`, interleaved by the latter where it knows both."""
    right = sorted_by(mine, order, merge_key, kind)
    left = sorted_by(others, server_order, merge_key, kind)
    result: list[Any] = []
    i = j = 0
    while i < len(left) and j < len(right):
        left_index = _index(server_order, left[i], merge_key, kind)
        right_index = _index(server_order, right[j], merge_key, kind)
        if 0 <= left_index < right_index:
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    return result + left[i:] + right[j:]


def sorted_by(items: list[Any], order: list[Any], merge_key: str, kind: str) -> list[Any]:
    """The items in the given order, those to delete last.

    Items that the order does not know count as smaller than any other, which is no order at all: the result is what
    Go's stable sort makes of it.
    """
    to_delete: list[Any] = []
    if kind == "map":
        for item in (*items, *order):
            if not isinstance(item, dict):
                raise bad_arg_type(GO_MAP, item)
            if merge_key not in item:
                raise no_merge_key(item, merge_key)
        items, to_delete = keep_and_delete(items)
    places = [_index(order, item, merge_key, kind) for item in items]

    def less(left: int, right: int) -> bool:
        return places[left] < places[right] if places[left] >= 0 and places[right] >= 0 else True

    return [items[place] for place in sort_stable(range(len(items)), less)] + to_delete


def keep_and_delete(items: list[Any]) -> tuple[list[Any], list[Any]]:
    """(the items to keep, those with a delete directive)."""
    keep: list[Any] = []
    delete: list[Any] = []
    for item in items:
        if not isinstance(item, dict):
            raise bad_arg_type(GO_MAP, item)
        (delete if item.get(DIRECTIVE) == "delete" else keep).append(item)
    return keep, delete


def partition(items: list[Any], by: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """(the items that appear in `by`, the others)."""
    mine: list[Any] = []
    others: list[Any] = []
    for item in items:
        if not merge_key:
            known = among(item, by)
        else:
            if not isinstance(item, dict):
                raise bad_arg_type(GO_MAP, item)
            if merge_key not in item:
                raise no_merge_key(item, merge_key)
            known = find_by_key(by, merge_key, item[merge_key]) >= 0
        (mine if known else others).append(item)
    return mine, others


def places_of(items: list[Any], merge_key: str) -> dict[Any, int] | None:
    """Key value -> index, if the items are maps without directives and their keys distinct texts or integers."""
    places: dict[Any, int] = {}
    for index, item in enumerate(items):
        if item.__class__ is not dict or DIRECTIVE in item:
            return None
        key = item.get(merge_key)
        if key.__class__ not in _KEY_TYPES or key in places:
            return None
        places[key] = index
    return places


def find_by_key(items: list[Any], merge_key: str, value: Any) -> int:
    """The index of the first map with that value of the merge key, or -1."""
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise PatchError(f"value for key {index} is not a map")
        if has_key_value(item, merge_key, value):
            return index
    return -1


def merge_key_equal(left: Any, right: Any, merge_key: str) -> bool:
    """Whether two list elements have the same merge key, or are equal if there is none."""
    if not merge_key:
        return same(left, right)
    for item in (left, right):
        if not isinstance(item, dict):
            raise bad_arg_type(GO_MAP, item)
    for item in (left, right):
        if merge_key not in item:
            raise no_merge_key(item, merge_key)
    return same(left[merge_key], right[merge_key])


def element_shape(*lists: list[Any]) -> str:
    """What the elements of the lists are, all alike: map, string, int64 … Raises PatchError if they differ."""
    common = ""
    for items in lists:
        for item in items:
            current = shape(item)
            if not common:
                common = current
                if common == "list":
                    raise no_list_of_lists()
            elif current != common:
                raise PatchError(f"list element types are not identical: {go_text(list(lists))}")
    if not common:
        raise PatchError("no elements in any of the given slices")
    return common


def shape(value: Any) -> str:
    """What upstream's JSON decoder makes of the value."""
    return _SHAPES.get(value.__class__, "nil")


def deduplicated(items: list[Any]) -> list[Any]:
    """The distinct items; the last one moves into the place of each repeated one, as upstream has it."""
    items = list(items)
    i = 0
    while i < len(items):
        j = i + 1
        while j < len(items):
            if same(items[i], items[j]):
                items[j] = items[-1]
                items.pop()
            else:
                j += 1
        i += 1
    return items


def has_key_value(item: Any, merge_key: str, value: Any) -> bool:
    """Whether the element is a map with that value of the merge key."""
    if not isinstance(item, dict):
        raise PatchError("value for key 0 is not a map")
    return merge_key in item and same(item[merge_key], value)


def among(item: Any, items: list[Any]) -> bool:
    """Whether an equal item is in the list."""
    return any(same(item, other) for other in items)


def identical(left: list[Any], right: list[Any]) -> bool:
    """Whether both lists hold the same objects in the same order."""
    return len(left) == len(right) and all(a is b for a, b in zip(left, right, strict=True))


def _index(items: list[Any], item: Any, merge_key: str, kind: str) -> int:
    if kind == "map":
        wanted = item.get(merge_key)
        for index, other in enumerate(items):
            if same(wanted, other.get(merge_key) if isinstance(other, dict) else None):
                return index
        return -1
    return next((index for index, other in enumerate(items) if same(item, other)), -1)
