"""The strategic patch from one pod status to the next: what CreateTwoWayMergePatch gives, found faster since a status has few kinds of fields.

Source: apimachinery/pkg/util/strategicpatch/patch.go. A property test compares it with the general one (api/patch/diff.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..api.patch import create_two_way_merge_patch

Document = dict[str, Any]

_MERGED = frozenset(("podIPs", "hostIPs", "resourceClaimStatuses"))


def status_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> Document:
    """The `status` part of the patch that takes a pod from `old` to `new`; {} if they are alike."""
    patch: Document = {}
    for field, value in new.items():
        before = old.get(field)
        if before == value:
            continue
        if before is None:
            patch[field] = value
        elif field == "conditions" and before:
            _conditions(patch, before, value)
        elif field in _MERGED or isinstance(value, dict):
            patch |= create_two_way_merge_patch({"status": {field: before}}, {"status": {field: value}}, "Pod")[
                "status"
            ]
        else:
            patch[field] = value
    for field in old:
        if field not in new:
            patch[field] = None
    return patch


def _conditions(patch: Document, old: list[Document], new: list[Document]) -> None:
    """Conditions are merged by type: what has changed of each, in the new order, then what is dropped, by name."""
    was = {condition["type"]: condition for condition in old}
    items = []
    for condition in new:
        kind = condition["type"]
        before = was.pop(kind, None)
        if before == condition:
            continue
        if before is None:
            items.append(condition)
            continue
        change = {field: value for field, value in condition.items() if field not in before or before[field] != value}
        change |= {field: None for field in before if field not in condition}
        change["type"] = kind
        items.append(change)
    items += [{"type": kind, "$patch": "delete"} for kind in sorted(was)]
    if items or [c["type"] for c in old] != [c["type"] for c in new]:
        if items:
            patch["conditions"] = items
        if new:
            patch["$setElementOrder/conditions"] = [{"type": condition["type"]} for condition in new]
