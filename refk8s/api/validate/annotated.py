"""Lists that annotations hold as JSON, read as Go reads them into its internal types.

Source: pkg/apis/core/helper/helpers.go (GetTolerationsFromPodAnnotations, GetTaintsFromNodeAnnotations);
Go's encoding/json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from refk8s.api.default.decode import json_name
from refk8s.api.default.go_syntax import complaint
from refk8s.api.default.go_time import GoTimeError, rfc3339

Doc = Mapping[str, Any]

TOLERATION = {
    "key": "string",
    "operator": "core.TolerationOperator",
    "value": "string",
    "effect": "core.TaintEffect",
    "tolerationSeconds": "int64",
}
TAINT = {"key": "string", "value": "string", "effect": "core.TaintEffect", "timeAdded": "v1.Time"}
"""JSON names of the fields with their Go types; Go compares names without case."""


def annotated_list(text: str, name: str, fields: Mapping[str, str]) -> tuple[list[Doc], str]:
    """The entries, whose Go type is `core.<name>`, and Go's complaint: "" if there is none."""
    problem = complaint(text.encode(errors="replace"))
    if problem:
        return [], problem
    found = json.loads(text)
    if found is None:
        return [], ""
    if not isinstance(found, list):
        return [], _mismatch(found, f"value of type []core.{name}")
    entries: list[Doc] = []
    problems: list[str] = []
    for item in found:
        if item is not None and not isinstance(item, dict):
            problems.append(_mismatch(item, f"value of type core.{name}"))
            continue
        try:
            entries.append(_entry(item or {}, name, fields, problems))
        except GoTimeError as error:
            return [], str(error)
    return entries, problems[0] if problems else ""


def _entry(item: Doc, name: str, fields: Mapping[str, str], problems: list[str]) -> Doc:
    known = {field.lower(): field for field in fields}
    entry: dict[str, Any] = {}
    for key, value in item.items():
        field = known.get(key.lower())
        if field is None or value is None:
            continue
        go = fields[field]
        if go == "v1.Time" and isinstance(value, str):
            entry[field] = rfc3339(value)
        elif isinstance(value, bool) or not isinstance(value, int if go == "int64" else str):
            where = f"struct field {name}.{field[0].upper()}{field[1:]}"
            number = f" {value!r}" if go == "int64" and isinstance(value, float) else ""
            shown = "string" if go == "v1.Time" else go
            problems.append(_mismatch(value, f"{where} of type {shown}", number))
        else:
            entry[field] = value
    return {key: value for key, value in entry.items() if value not in ("", None)}


def _mismatch(value: Any, target: str, number: str = "") -> str:
    return f"json: cannot unmarshal {json_name(value)}{number} into Go {target}"
