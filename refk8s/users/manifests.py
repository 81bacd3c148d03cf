"""What a user may hand to kubectl here: objects of the kinds that are served. Said when a file is read, not in the middle of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..api.registry import RESOURCES


def check_manifest(document: Mapping[str, Any]) -> None:
    """Raise ValueError, with what is supported, unless the document is an object of a served kind with a name.

    What else is wrong with an object is for the API server to say.
    """
    kind, version = document.get("kind"), document.get("apiVersion")
    for field, value in (("apiVersion", version), ("kind", kind)):
        if not isinstance(value, str) or not value:
            raise ValueError(
                f"no Kubernetes object: {field} is missing" if not value else f"{field} is {value!r}, not a text"
            )
    metadata = document.get("metadata")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise ValueError(f"{kind}: metadata is {_short(metadata)}, not a map")
    name = (metadata or {}).get("name") or (metadata or {}).get("generateName")
    served = [row for row in RESOURCES.values() if row.kind == kind]
    if not served:
        kinds = ", ".join(sorted(f"{row.kind} {row.api_version}" for row in RESOURCES.values()))
        raise ValueError(f"{kind} {version} ({name or 'without a name'}) is not supported; supported are {kinds}")
    if served[0].api_version != version:
        raise ValueError(
            f"{kind} {version} ({name or 'without a name'}) is not supported; it is served as {served[0].api_version}"
        )
    if not isinstance(name, str):
        raise ValueError(f"{kind}: metadata.name is {'missing' if name is None else f'{name!r}, not a text'}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
