"""JSON merge patch (RFC 7386) with the habits of the library that upstream uses.

Nulls inside a value that is added are dropped, in lists and below lists too. A document that is no object is replaced.
Source: gopkg.in/evanphx/json-patch.v4, merge.go (v4.13.0 as in apiserver/go.mod).
"""

from __future__ import annotations

from typing import Any

from refk8s.api.patch.errors import PatchError


def apply_merge_patch(original: Any, patch: Any) -> Any:
    """The merged document, sharing unchanged parts. Raises PatchError if the patch is neither object nor list."""
    if original is None:
        raise PatchError("Invalid JSON Document")
    if not isinstance(patch, (dict, list)):
        raise PatchError("Invalid JSON Patch", malformed=True)
    if isinstance(original, dict) and isinstance(patch, dict):
        return _merge(original, patch)
    return _pruned(patch)


def _merge(original: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """`original` itself if the patch changes nothing in it."""
    result: dict[str, Any] | None = None
    for key, value in patch.items():
        old = original.get(key)
        if value is None:
            if key in original:
                result = dict(original) if result is None else result
                del result[key]
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            new = _merge(old, value)
        elif isinstance(old, dict):
            new = value  # a list or scalar that replaces an object keeps its nulls
        else:
            new = _pruned(value)
        if new is not old:
            result = dict(original) if result is None else result
            result[key] = new
    return original if result is None else result


def _pruned(value: Any) -> Any:
    """The value without null members of objects; null elements of lists stay."""
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value
