"""Defaults of CustomResourceDefinitions. Source: apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.default.sharing import Doc


def default_definition(document: Doc) -> Doc:
    """A decoded CustomResourceDefinition with its defaults."""
    spec = document.get("spec") or {}
    names = dict(spec.get("names") or {})
    kind = names.get("kind") or ""
    if not names.get("singular"):
        names["singular"] = kind.lower()
    if not names.get("listKind") and kind:
        names["listKind"] = f"{kind}List"
    spec = {**spec, "names": names}
    if spec.get("conversion") is None:
        spec["conversion"] = {"strategy": "None"}
    status = document.get("status") or {}
    if not status.get("storedVersions"):
        status = {**status, "storedVersions": storage_versions(spec) or None}
    return {**document, "spec": spec, "status": status}


def storage_versions(spec: Mapping[str, Any]) -> list[str]:
    """The name of the version in which objects are stored, as a list of at most one."""
    return [version["name"] for version in spec.get("versions") or () if version.get("storage")][:1]
