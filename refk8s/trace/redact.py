"""Secrets stay out of traces: every value of their data is replaced, before the run, so that the run replays exactly.

What depends on the data keeps its outcome: keys stay, what is no base64 stays none, what must be JSON stays JSON.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

PLAIN: Final = "REDACTED"
JSON_TEXT: Final = '{"REDACTED":""}'
NO_BASE64: Final = "REDACTED!"
JSON_KEYS: Final = (".dockercfg", ".dockerconfigjson")
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def redact(value: Any) -> Any:
    """The value (a scenario, a payload of an Input) with the data of Secrets replaced; what has none is returned as it is."""
    if isinstance(value, list):
        made = [redact(item) for item in value]
        return made if any(a is not b for a, b in zip(made, value, strict=True)) else value
    if not isinstance(value, Mapping):
        return value
    if value.get("kind") == "Secret" and value.get("apiVersion", "v1") == "v1":
        return _changed(value, _secret(value))
    if str(value.get("resource", "")).lower() in ("secret", "secrets"):
        return _changed(
            value, {name: _change(part) if name in ("patch", "body") else part for name, part in value.items()}
        )
    return _changed(value, {name: redact(part) for name, part in value.items()})


def _changed(value: Mapping[str, Any], made: dict[str, Any]) -> Any:
    """`made`, or the value itself if they are equal."""
    return made if made != value else value


def _secret(document: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret, or a part of one, without what it keeps."""
    made = dict(document)
    if isinstance(made.get("data"), Mapping):
        made["data"] = {key: _encoded(key, part) for key, part in made["data"].items()}
    if isinstance(made.get("stringData"), Mapping):
        made["stringData"] = {
            key: _text(key) if isinstance(part, str) else part for key, part in made["stringData"].items()
        }
    metadata = made.get("metadata")
    if (
        isinstance(metadata, Mapping)
        and isinstance(metadata.get("annotations"), Mapping)
        and LAST_APPLIED in metadata["annotations"]
    ):
        rest = {name: part for name, part in metadata["annotations"].items() if name != LAST_APPLIED}
        made["metadata"] = {**metadata, "annotations": rest}
    return made


def _change(patch: Any) -> Any:
    """A patch of a Secret, or a body that does not say what it is."""
    if isinstance(patch, Mapping):
        return _secret(patch)
    if isinstance(patch, list):
        return [_operation(item) for item in patch]
    return patch


def _operation(operation: Any) -> Any:
    """An operation of a JSON patch, without what it writes into the data."""
    if not isinstance(operation, Mapping) or "value" not in operation:
        return operation
    part, _, key = str(operation.get("path", "")).lstrip("/").partition("/")
    whole = operation["value"]
    if not part:
        return {**operation, "value": _change(whole)}
    if part not in ("data", "stringData"):
        return operation
    inner = whole if isinstance(whole, Mapping) else {key: whole}
    made = _secret({part: inner})[part]
    return {**operation, "value": made if isinstance(whole, Mapping) else made[key]}


def _encoded(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return NO_BASE64
    return base64.b64encode(_text(key).encode()).decode()


def _text(key: str) -> str:
    return JSON_TEXT if key in JSON_KEYS else PLAIN
