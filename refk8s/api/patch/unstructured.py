"""Whether what a strategic patch made still fits its Go type, in the words of upstream's converter.

Strategic patches are not decoded from JSON but copied into Go structs, which complains differently.
Source: apimachinery/pkg/runtime/converter.go, fromUnstructured.
"""

from __future__ import annotations

from typing import Any

from refk8s.api.patch.elements import shape
from refk8s.api.patch.errors import go_type
from refk8s.api.schema import Type


def conversion_error(of: Type, original: Any, patched: Any) -> str:
    """The first misfit in `patched`, "" if there is none; parts that are the same object in `original` are not looked at.

    Quantities, times and int-or-strings have decoders of their own and are left to them.
    DEVIATES: of several misfits upstream names the first in the order of the Go struct, here it is the document's,
    because the schema does not keep that order.
    """
    if patched is None or patched is original:
        return ""
    if of.form == "struct":
        if not isinstance(patched, dict):
            return f"cannot restore struct from: {go_kind(patched)}"
        old = original if isinstance(original, dict) else {}
        errors = (
            conversion_error(of.children[key], old.get(key), value)
            for key, value in patched.items()
            if key in of.children
        )
    elif of.form == "map" and of.element:
        if not isinstance(patched, dict):
            return f"cannot restore map from {go_kind(patched)}"
        old = original if isinstance(original, dict) else {}
        element = of.element
        errors = (conversion_error(element, old.get(key), value) for key, value in patched.items())
    elif of.form == "list" and of.element:
        if not isinstance(patched, list):
            return f"cannot restore slice from {go_kind(patched)}"
        element = of.element
        errors = (conversion_error(element, None, value) for value in patched)
    else:
        return _scalar_error(of, patched)
    return next((error for error in errors if error), "")


def go_kind(value: Any) -> str:
    """The kind of Go value that a JSON value is copied from."""
    return {"list": "slice"}.get(shape(value), shape(value))


_FITTING = {
    "string": ("string",),
    "bool": ("bool",),
    "int32": ("int64",),
    "int64": ("int64",),
    "float64": ("int64", "float64"),
}


def _scalar_error(of: Type, value: Any) -> str:
    kind = shape(value)
    if of.scalar not in _FITTING or kind in _FITTING[of.scalar]:
        return ""
    if of.scalar.startswith("int") and kind == "float64":
        return "" if value == int(value) else f"cannot convert float64 to {of.go}"
    if of.scalar == "string" and kind == "int64":
        return f"cannot convert {go_type(value)} to {of.go}"
    return f"unrecognized type: {of.scalar}"
