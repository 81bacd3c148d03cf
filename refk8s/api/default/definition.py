"""Defaults of CustomResourceDefinitions. Source: apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.default.sharing import Doc


def default_definition(document: Doc) -> Doc:
    """A decoded CustomResourceDefinition with its defaults."""
    spec = document.get("spec") or {}
    given = spec.get("names") or {}
    kind = given.get("kind") or ""
    # The two that may be defaults stand last, whether they were given or not: equal definitions have equal bytes.
    names = {name: value for name, value in given.items() if name not in ("singular", "listKind")}
    names["singular"] = given.get("singular") or kind.lower()
    if "listKind" in given or kind:
        names["listKind"] = given.get("listKind") or (f"{kind}List" if kind else given["listKind"])
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
