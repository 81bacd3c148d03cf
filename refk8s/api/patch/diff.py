"""Strategic patches computed from documents, as kubectl's `apply`, `edit` and `set` compute them.

Source: apimachinery/pkg/util/strategicpatch/patch.go, CreateTwoWayMergePatch and CreateThreeWayMergePatch.
"""

from __future__ import annotations

from typing import Any

import attrs

from refk8s.api import schema
from refk8s.api.patch.elements import DIRECTIVE, deduplicated, element_shape, merge_key_equal, shape, sorted_by
from refk8s.api.patch.errors import PatchError, no_list_of_lists, no_merge_key
from refk8s.api.patch.gosort import insertion_sort
from refk8s.api.patch.gotext import go_text
from refk8s.api.patch.jsonpatch import same
from refk8s.api.patch.strategic import (
    DELETE_FROM_LIST,
    JOINING,
    RETAIN_KEYS,
    SET_ORDER,
    list_field,
    merge_maps,
    struct_field,
)

Map = dict[str, Any]


@attrs.frozen(slots=True)
class Wanted:
    """Which differences go into the patch."""

    changes: bool = True
    deletions: bool = True
    retain_keys: bool = False


def create_two_way_merge_patch(original: Map | None, modified: Map | None, kind: str | schema.Type) -> Map:
    """The strategic patch that takes `original` to `modified`; {} if they are alike. Raises PatchError."""
    return _diff_maps(original or {}, modified or {}, _type(kind), Wanted())


def three_way_merge(last_applied: Map | None, modified: Map, current: Map, kind: str | schema.Type) -> Map:
    """The strategic patch of `kubectl apply`; {} if there is nothing to do. Raises PatchError.

    It adds and changes what `modified` has and `current` lacks or has otherwise, and deletes what `modified` has dropped
    since `last_applied` (None: never applied). Everything else that others wrote stays.
    """
    of = _type(kind)
    changes = _diff_maps(current, modified, of, Wanted(deletions=False))
    deletions = _diff_maps(last_applied or {}, modified, of, Wanted(changes=False))
    return merge_maps(deletions, changes, of, JOINING)


def _type(kind: str | schema.Type) -> schema.Type:
    if isinstance(kind, schema.Type):
        return kind
    api_version, _, name = kind.rpartition("/")
    return schema.of_kind(name, api_version)


def _diff_maps(original: Map, modified: Map, of: schema.Type | None, wanted: Wanted) -> Map:
    patch: Map = {}
    for key, value in modified.items():
        if key not in original:
            if wanted.changes:
                patch[key] = value
            continue
        old = original[key]
        if key == DIRECTIVE:
            if not isinstance(old, str) or not isinstance(value, str):
                raise PatchError(f"invalid value for special key: {DIRECTIVE}")
            if old != value:
                patch[key] = value
        elif shape(old) != shape(value):
            if wanted.changes:
                patch[key] = value
        elif isinstance(value, dict):
            _diff_member_map(key, old, value, patch, of, wanted)
        elif isinstance(value, list):
            _diff_member_list(key, old, value, patch, of, wanted)
        elif wanted.changes and not same(old, value):
            patch[key] = value
    if wanted.deletions:
        patch.update((key, None) for key in original if key not in modified)
    if wanted.retain_keys:
        retained = sorted(key for key, value in modified.items() if value is not None)
        dropped = any(value is not None and key not in modified for key, value in original.items())
        if retained and (patch or dropped):
            patch[RETAIN_KEYS] = retained
    return patch


def _diff_member_map(key: str, old: Map, new: Map, patch: Map, of: schema.Type | None, wanted: Wanted) -> None:
    try:
        field = struct_field(of, key)
    except PatchError:
        if same(old, new):
            return
        raise
    if "replace" in field.strategies:
        if wanted.changes:
            patch[key] = new
        return
    wanted = attrs.evolve(wanted, retain_keys="retainKeys" in field.strategies)
    if inner := _diff_maps(old, new, field.type, wanted):
        patch[key] = inner


def _diff_member_list(
    key: str, old: list[Any], new: list[Any], patch: Map, of: schema.Type | None, wanted: Wanted
) -> None:
    try:
        field, element = list_field(of, key)
    except PatchError:
        if same(old, new):
            return
        raise
    if "merge" not in field.strategies:
        if wanted.changes and not same(old, new):
            patch[key] = new
        return
    wanted = attrs.evolve(wanted, retain_keys="retainKeys" in field.strategies)
    items, deletions, order = _diff_lists(old, new, element, field.merge_key, wanted)
    for name, entries in ((key, items), (f"{DELETE_FROM_LIST}/{key}", deletions), (f"{SET_ORDER}/{key}", order)):
        if entries:
            patch[name] = entries


def _diff_lists(
    original: list[Any], modified: list[Any], element: schema.Type | None, merge_key: str, wanted: Wanted
) -> tuple[list[Any], list[Any], list[Any]]:
    """(patch list, parallel list of deletions, order list) for a list with the merge strategy."""
    if not original:
        return (modified if wanted.changes else []), [], []
    kind = element_shape(original, modified)
    if kind == "list":
        raise no_list_of_lists()
    if kind != "map":
        items, deletions = _diff_scalars(original, modified, wanted)
        items = sorted_by(items, modified, merge_key, kind)
        # Upstream has sorted the original in place by now, so an original that only needs sorting counts as equal.
        reordered = not same(sorted(original, key=go_text), modified)
        ordered = (wanted.deletions and deletions) or (wanted.changes and reordered)
        return items, deletions, modified if ordered else []
    items, deletions = _diff_elements(original, modified, element, merge_key, wanted)
    items = sorted_by(items, modified, merge_key, kind)
    reordered = not _same_order(original, modified, merge_key)
    items = items + deletions
    ordered = (wanted.changes and (items or reordered)) or (wanted.deletions and items)
    return items, [], [{merge_key: item.get(merge_key)} for item in modified] if ordered else []


def _same_order(original: list[Any], modified: list[Any], merge_key: str) -> bool:
    if len(original) != len(modified):
        return False
    return all(merge_key_equal(old, new, merge_key) for old, new in zip(original, modified, strict=True))


def _diff_scalars(original: list[Any], modified: list[Any], wanted: Wanted) -> tuple[list[Any], list[Any]]:
    """(additions, deletions), both in the order of their texts."""
    old, new = sorted(original, key=go_text), sorted(modified, key=go_text)
    additions: list[Any] = []
    deletions: list[Any] = []
    i = j = 0
    while i < len(old) or j < len(new):
        left = go_text(old[i]) if i < len(old) else None
        right = go_text(new[j]) if j < len(new) else None
        if left == right:
            i += 1
            j += 1
        elif left is None or (right is not None and left > right):
            if wanted.changes:
                additions.append(new[j])
            j += 1
        else:
            if wanted.deletions:
                deletions.append(old[i])
            i += 1
    return additions, deduplicated(deletions)


def _diff_elements(
    original: list[Any], modified: list[Any], element: schema.Type | None, merge_key: str, wanted: Wanted
) -> tuple[list[Any], list[Any]]:
    """(changed and added elements, delete directives), both in the order of their keys' texts."""
    old, new = _by_key(original, merge_key), _by_key(modified, merge_key)
    patch: list[Any] = []
    deletions: list[Any] = []
    i = j = 0
    while i < len(old) or j < len(new):
        left = go_text(_key_value(old[i], merge_key)) if i < len(old) else None
        right = go_text(_key_value(new[j], merge_key)) if j < len(new) else None
        if left == right:
            if inner := _diff_maps(old[i], new[j], element, wanted):
                inner[merge_key] = new[j][merge_key]
                patch.append(inner)
            i += 1
            j += 1
        elif left is None or (right is not None and left > right):
            if wanted.changes:
                patch.append(new[j])
            j += 1
        else:
            if wanted.deletions:
                deletions.append({merge_key: old[i][merge_key], DIRECTIVE: "delete"})
            i += 1
    return patch, deletions


def _by_key(items: list[Any], merge_key: str) -> list[Any]:
    """The maps sorted by the text of their merge key; equal ones change places as upstream's sort lets them."""
    data = [(go_text(item.get(merge_key)), item) for item in items]
    if len(data) > 12:  # Go's sort goes over to quicksort here; equal keys in so long a list are not worth following
        return [item for _, item in sorted(data, key=lambda pair: pair[0])]
    insertion_sort(data, 0, len(data), lambda left, right: left[0] <= right[0])
    return [item for _, item in data]


def _key_value(item: Map, merge_key: str) -> Any:
    if merge_key not in item:
        raise no_merge_key(item, merge_key)
    return item[merge_key]
