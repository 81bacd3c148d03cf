"""How Go prints the API server's internal objects: as JSON with Go's field names, every field written.

Error texts show such objects as bad values, and a refused pod update shows what differs as a unified diff of them.
Source: apimachinery/pkg/util/validation/field/errors.go; apimachinery/pkg/util/diff/diff.go; Go's encoding/json.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import attrs

from refk8s.api.validate.go_types import INTERNAL

Doc = Mapping[str, Any]


def go_tree(name: str, value: Doc | None) -> dict[str, Any] | None:
    """The value as a tree with Go's names, for a bad value; `name` is that of the internal type."""
    if value is None:
        return None
    tree: dict[str, Any] = {}
    for field in _fields(name):
        if field.go == "ObjectMeta":  # embedded, but its own fields have JSON names
            tree |= value.get(field.json) or {}
        else:
            tree[field.go] = _shown(field.type, value.get(field.json))
    return tree


def pod_spec_tree(spec: Doc) -> dict[str, Any]:
    """A pod spec as the internal type has it, where the host's namespaces belong to the security context."""
    moved = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
    context = {**(spec.get("securityContext") or {}), **{key: spec[key] for key in moved if key in spec}}
    tree = go_tree("PodSpec", {**spec, "securityContext": context})
    assert tree is not None
    return tree


_METADATA_ORDER = (
    *("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp"),
    *("deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers"),
    "managedFields",
)


def pod_template_tree(template: Doc) -> dict[str, Any]:
    """A pod template as the internal type has it: metadata embedded, the rest of it a pod spec."""
    metadata = template.get("metadata") or {}
    tree: dict[str, Any] = {key: metadata[key] for key in _METADATA_ORDER if key in metadata}
    for key in ("labels", "annotations"):
        if key in tree:
            tree[key] = {name: tree[key][name] for name in sorted(tree[key])}
    return {**tree, "Spec": pod_spec_tree(template.get("spec") or {})}


def go_diff(old: Any, new: Any) -> str:
    """The unified diff of two trees as Go's difflib prints it, without file names."""
    lines = difflib.unified_diff(_lines(old), _lines(new), n=3)
    return "".join(list(lines)[2:])


def _lines(tree: Any) -> list[str]:
    text = json.dumps(tree, indent=1, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return [f"{line}\n" for line in text.split("\n")]


@attrs.frozen(slots=True)
class _Field:
    go: str
    json: str
    type: str


@cache
def _entries() -> dict[str, tuple[str, ...]]:
    entries: dict[str, list[str]] = {}
    current: list[str] = []
    for word in INTERNAL.split():
        if word.endswith(":"):
            current = entries.setdefault(word[:-1], [])
        else:
            current.append(word)
    return {name: tuple(words) for name, words in entries.items()}


@cache
def _fields(name: str) -> tuple[_Field, ...]:
    fields: list[_Field] = []
    for word in _entries()[name]:
        if word.startswith("+"):
            fields += _fields(word[1:])
            continue
        head, _, of = word.partition(":")
        go, _, json_name = head.partition("=")
        fields.append(_Field(go, json_name or go[:1].lower() + go[1:], of))
    return tuple(fields)


_ZEROS = {"s": "", "b": False, "i32": 0, "i64": 0, "q": "0", "ios": 0}


def _shown(of: str, value: Any) -> Any:
    if of.startswith("*"):
        return None if value is None else _shown(of[1:], value)
    if of.startswith("["):
        return [_shown(of[1:-1], item) for item in value] if value is not None else None
    if of.startswith("{"):
        return {key: _shown(of[1:-1], value[key]) for key in sorted(value)} if value is not None else None
    if of == "tagged":
        return _tagged(value)
    if of in _ZEROS:
        return _ZEROS[of] if value is None else value
    return value if of == "t" else go_tree(of, value or {})


_TAGGED_ORDER = ("matchLabels", "matchExpressions", "key", "operator", "values")


def _tagged(value: Any) -> Any:
    """A label selector in the order of its Go struct, its labels sorted."""
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = [key for key in _TAGGED_ORDER if key in value]
    keys = known if len(known) == len(value) else sorted(value)
    return {key: _tagged(value[key]) for key in keys}


def selector_tree(selector: Doc | None) -> Any:
    """A label selector as a bad value."""
    return _tagged(selector)
