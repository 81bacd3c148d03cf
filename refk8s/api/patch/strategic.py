"""Strategic merge patch: merging by the merge keys and strategies of the API types, with its `$` directives.

`merge_maps` also joins two patches into one (`Options(joining=True)`), which computing a three-way patch needs: there
directives and nulls are kept rather than obeyed.
Source: apimachinery/pkg/util/strategicpatch/patch.go, mergeMap and what it calls.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, TypeVar

import attrs

from refk8s.api.patch.elements import (
    DIRECTIVE,
    among,
    deduplicated,
    element_shape,
    find_by_key,
    has_key_value,
    identical,
    in_order,
    keep_and_delete,
    merge_key_equal,
    partition,
    places_of,
    shape,
)
from refk8s.api.patch.errors import (
    GO_LIST,
    PatchError,
    bad_arg_type,
    bad_format,
    bad_patch_type,
    no_merge_key,
)
from refk8s.api.patch.gotext import go_text
from refk8s.api.patch.jsonpatch import same
from refk8s.api.schema import Field, Type

RETAIN_KEYS = "$retainKeys"
DELETE_FROM_LIST = "$deleteFromPrimitiveList"
SET_ORDER = "$setElementOrder"

Map = dict[str, Any]
T = TypeVar("T")


@attrs.frozen(slots=True)
class Options:
    """Whether the target is another patch (`joining`), so that directives and nulls are kept."""

    joining: bool = False


APPLYING = Options()
JOINING = Options(joining=True)


def apply_strategic_patch(of: Type, original: Any, patch: Any) -> Any:
    """The merged document, sharing unchanged parts. Raises PatchError."""
    for document in (original, patch):
        if document is not None and not isinstance(document, dict):
            raise PatchError("invalid JSON document", malformed=True)
    return merge_maps(original or {}, patch or {}, of, APPLYING)


def merge_maps(original: Map, patch: Map, of: Type | None, options: Options) -> Map:
    """`original` with `patch` merged in; `original` itself if that changes nothing. `of` is the type of both."""
    if DIRECTIVE in patch:
        return _obey(patch[DIRECTIVE], patch)
    result, patch = _retain_keys(dict(original), dict(patch), options)
    _merge_ordered_lists(result, patch, of, options)
    for key, value in patch.items():
        _merge_member(result, key, value, of, options)
    if len(result) == len(original) and all(
        key in original and original[key] is value for key, value in result.items()
    ):
        return original
    return result


def _merge_member(result: Map, key: str, value: Any, of: Type | None, options: Options) -> None:
    deleting = key.startswith(DELETE_FROM_LIST)
    if deleting:
        if options.joining:
            result[key] = value
            return
        key = extract_key(key, DELETE_FROM_LIST)
    if value is None:
        result.pop(key, None)
        if not options.joining:
            return
    if key not in result or shape(result[key]) != shape(value):
        if not deleting:
            _put(result, key, value if options.joining else _without_nulls(value))
    elif isinstance(value, dict):
        field = struct_field(of, key)
        if "replace" in field.strategies:
            result[key] = value
        else:
            result[key] = merge_maps(result[key], value, field.type, options)
    elif isinstance(value, list):
        field, element = list_field(of, key)
        if "merge" in field.strategies or deleting:
            result[key] = _merge_lists(result[key], value, element, field.merge_key, options, deleting=deleting)
        else:
            result[key] = value
    elif not same(result[key], value):
        result[key] = value


def _obey(directive: Any, patch: Map) -> Map:
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    raise bad_patch_type(directive, patch)


def _retain_keys(original: Map, patch: Map, options: Options) -> tuple[Map, Map]:
    """Both maps after the `$retainKeys` directive; they are the caller's own copies."""
    if RETAIN_KEYS not in patch:
        return original, patch
    keys = patch.pop(RETAIN_KEYS)
    if options.joining:
        if RETAIN_KEYS in original and not same(original[RETAIN_KEYS], keys):
            there, here = go_text(original[RETAIN_KEYS]), go_text(keys)
            raise PatchError(
                f"{there} and {here} are not deep equal: this may happen when calculating the 3-way diff patch"
            )
        original[RETAIN_KEYS] = keys
        return original, patch
    if not isinstance(keys, list):
        raise bad_format("retainKeys")
    for key, value in patch.items():
        if value is not None and not key.startswith((DELETE_FROM_LIST, SET_ORDER)) and key not in keys:
            raise bad_format("retainKeys")
    return {key: value for key, value in original.items() if key in keys}, patch


def _merge_ordered_lists(result: Map, patch: Map, of: Type | None, options: Options) -> None:
    """Merges the lists that have a `$setElementOrder` directive and takes both out of the patch."""
    for key in [key for key in patch if key.startswith(SET_ORDER)]:
        order = patch[key]
        if options.joining:
            if key in result and not same(result[key], order):
                raise bad_format("setElementOrder list")
            result[key] = order
        del patch[key]
        order = _expect_list(order)
        name = extract_key(key, SET_ORDER)
        original_list = _expect_list(result[name]) if name in result else None
        patch_list = _expect_list(patch[name]) if name in patch else None
        field, element = list_field(of, name)
        quick = _order_distinct(original_list, patch_list, order, field, element, options)
        if quick is not None:
            result[name] = quick
            patch.pop(name, None)
            continue
        _check_order(patch_list, order, field.merge_key)
        if patch_list is None:
            if original_list is None:
                continue
            merged = original_list
        elif original_list is None:
            merged = _without_directives(patch_list)
        elif "merge" in field.strategies:
            merged = _merge_lists(original_list, patch_list, element, field.merge_key, options, deleting=False)
        else:
            merged = patch_list
        mine, others = partition(merged, order, field.merge_key)
        kind = element_shape(original_list or [], patch_list or [])
        server_order = original_list or []
        if kind == "map" and server_order and patch_list and "merge" in field.strategies:
            server_order = _left_behind(server_order, patch_list, field.merge_key)
        ordered = in_order(mine, others, order, server_order, field.merge_key, kind)
        if original_list is None or not identical(original_list, ordered):
            result[name] = ordered
        patch.pop(name, None)


def _order_distinct(
    original: list[Any] | None,
    patch: list[Any] | None,
    order: list[Any],
    field: Field,
    element: Type | None,
    options: Options,
) -> list[Any] | None:
    """What an order comes to that names all elements of two lists of plain maps with distinct keys, without sorting; None for anything else."""
    merge_key = field.merge_key
    if not merge_key or not original or not patch or "merge" not in field.strategies:
        return None
    places, wanted, new = places_of(order, merge_key), places_of(original, merge_key), places_of(patch, merge_key)
    if places is None or wanted is None or new is None:
        return None
    if not (wanted.keys() | new.keys()) <= places.keys():
        return None
    positions = [places[key] for key in new]
    if any(left > right for left, right in pairwise(positions)):
        return None
    merged = _merge_distinct(original, patch, merge_key, element, options) or []
    found = {item[merge_key]: item for item in merged}
    ordered = [found[key] for key in places if key in found]
    return original if identical(original, ordered) else ordered


def _check_order(patch_list: list[Any] | None, order: list[Any], merge_key: str) -> None:
    """Raises PatchError unless the patch list's items appear in the order list, in that order."""
    if not order or not patch_list:
        return
    items = keep_and_delete(patch_list)[0] if merge_key else patch_list
    index = position = 0
    while index < len(items) and position < len(order):
        if isinstance(items[index], dict) and DIRECTIVE in items[index]:
            index += 1
            continue
        if merge_key_equal(items[index], order[position], merge_key):
            index += 1
        position += 1
    if index < len(items) and position >= len(order):
        shown, wanted = go_text(patch_list), go_text(order)
        raise PatchError(f"The order in patch list:\n{shown}\n doesn't match {SET_ORDER} list:\n{wanted}\n")


def _merge_lists(
    original: list[Any], patch: list[Any], element: Type | None, merge_key: str, options: Options, *, deleting: bool
) -> list[Any]:
    if not original and not patch:
        return original
    if merge_key and (quick := _merge_distinct(original, patch, merge_key, element, options)) is not None:
        return quick
    kind = element_shape(original, patch)
    if kind != "map":
        if deleting and not options.joining:
            kept = [item for item in original if not among(item, patch)]
            return original if len(kept) == len(original) else kept
        merged = deduplicated(original + patch)
    else:
        if not merge_key:
            raise PatchError(f"cannot merge lists without merge key for {element.form if element else 'struct'}")
        original, patch = _special_elements(original, patch, merge_key)
        original, merged = _merge_elements(original, patch, merge_key, element, options)
    mine, others = partition(merged, patch, merge_key)
    ordered = in_order(mine, others, patch, original, merge_key, kind)
    return original if identical(original, ordered) else ordered


def _merge_distinct(
    original: list[Any], patch: list[Any], merge_key: str, element: Type | None, options: Options
) -> list[Any] | None:
    """What `_merge_lists` comes to for plain maps with distinct keys, without its sorting; None for anything else."""
    places = places_of(original, merge_key)
    wanted = places_of(patch, merge_key)
    if places is None or wanted is None:
        return None
    changed = False
    right: list[tuple[Any, int]] = []
    for key, index in wanted.items():
        place = places.pop(key, -1)
        item = patch[index]
        if place >= 0:
            item = merge_maps(original[place], item, element, options)
        changed = changed or place < 0 or item is not original[place]
        right.append((item, place))
    result: list[Any] = []
    left = iter(places.values())
    other = next(left, -1)
    for item, place in right:
        while 0 <= other < place:
            result.append(original[other])
            other = next(left, -1)
        result.append(item)
    while other >= 0:
        result.append(original[other])
        other = next(left, -1)
    return result if changed or not identical(original, result) else original


def _special_elements(original: list[Any], patch: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Both lists after the elements with a `$patch` directive have done their work."""
    plain: list[Any] = []
    replace = False
    for item in patch:
        match item.get(DIRECTIVE, plain):
            case directive if directive is plain:
                plain.append(item)
            case "delete":
                if merge_key not in item:
                    raise no_merge_key(item, merge_key)
                value = item[merge_key]
                original = [old for old in original if not has_key_value(old, merge_key, value)]
            case "replace":
                replace = True
            case "merge":
                raise PatchError("merging lists cannot yet be specified in the patch")
            case directive:
                raise bad_patch_type(directive, item)
    return (plain, []) if replace else (original, plain)


def _left_behind(original: list[Any], patch: list[Any], merge_key: str) -> list[Any]:
    """The server's list as upstream's merging leaves it, whose order then decides where the server's own items go.

    Upstream deletes and appends in place: what follows a deleted item moves up, and new items fill the room at the end.
    """
    array, length = list(original), len(original)
    for item in patch:
        if item.get(DIRECTIVE) == "delete":
            while (index := find_by_key(array[:length], merge_key, item[merge_key])) >= 0:
                array[index : length - 1] = array[index + 1 : length]
                length -= 1
    if any(item.get(DIRECTIVE) == "replace" for item in patch):
        return array
    for item in patch:
        if length == len(array):
            break
        if DIRECTIVE not in item and find_by_key(array[:length], merge_key, item[merge_key]) < 0:
            array[length] = item
            length += 1
    return array


def _merge_elements(
    original: list[Any], patch: list[Any], merge_key: str, element: Type | None, options: Options
) -> tuple[list[Any], list[Any]]:
    """(the original with its elements merged, the same with the patch's new elements appended)."""
    merged = list(original)
    length = len(merged)
    for item in patch:
        if merge_key not in item:
            raise no_merge_key(item, merge_key)
        index = find_by_key(merged, merge_key, item[merge_key])
        if index >= 0:
            merged[index] = merge_maps(merged[index], item, element, options)
        else:
            merged.append(item)
    unchanged = all(old is new for old, new in zip(original, merged, strict=False))
    return original if unchanged else merged[:length], merged


def struct_field(of: Type | None, key: str) -> Field:
    """The field of a struct that merging descends into. Raises PatchError if there is none."""
    if of is None or of.form != "struct":
        raise PatchError(f"merging an object in json but data type is not struct, instead is: {_go_kind(of)}")
    field = of.fields.get(key) or next((f for name, f in of.fields.items() if name.lower() == key.lower()), None)
    if field is None:
        name = of.go.rpartition(".")[2]
        raise PatchError(f'unable to find api field in struct {name} for the json field "{key}"')
    return field


def list_field(of: Type | None, key: str) -> tuple[Field, Type | None]:
    """The list field of a struct and the type of its elements. Raises PatchError if there is none."""
    field = struct_field(of, key)
    if field.type.form == "list":
        return field, field.type.element
    if field.pointer:
        return field, field.type
    raise PatchError("expected slice or array type, but got: struct")


def extract_key(key: str, prefix: str) -> str:
    """The field that a directive such as `$setElementOrder/containers` is about."""
    head, slash, name = key.partition("/")
    if not slash or head != prefix:
        raise bad_format("primitive list" if prefix == DELETE_FROM_LIST else "setElementOrder list")
    return name


def _expect_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise bad_arg_type(GO_LIST, value)
    return value


def _put(result: Map, key: str, value: Any) -> None:
    if isinstance(value, dict) and DIRECTIVE in value:
        result.pop(key, None)
    else:
        result[key] = _without_directives(value)


def _without_directives(value: T) -> T:
    if isinstance(value, dict):
        return {key: _without_directives(item) for key, item in value.items() if not _directive(item)}  # type: ignore[return-value]  # a tree of the same kind
    if isinstance(value, list):
        return [_without_directives(item) for item in value if not _directive(item)]  # type: ignore[return-value]  # a tree of the same kind
    return value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _directive(value: Any) -> bool:
    return isinstance(value, dict) and DIRECTIVE in value


def _go_kind(of: Type | None) -> str:
    if of is None or of.form == "untyped":
        return "interface"
    return {"list": "slice", "scalar": of.scalar}.get(of.form, of.form)
