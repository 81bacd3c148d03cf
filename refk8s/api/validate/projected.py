"""Projected volumes.

Cluster trust bundles and pod certificates are behind gates that are off by default: the registry drops them before
validation, so that they are not checked here.
Source: pkg/apis/core/validation/validation.go, validateProjectedVolumeSource, validateProjectionSources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, forbidden, invalid, required
from refk8s.api.validate.pod_volume_sources import downward_file, key_to_path
from refk8s.api.validate.scalars import file_mode, unreserved_path

Doc = Mapping[str, Any]

_TOKEN_MIN_S, _TOKEN_MAX_S = 600, 2**32
_KINDS = ("secret", "configMap", "downwardAPI", "serviceAccountToken")


def projected(volume: Doc, path: str) -> Errors:
    """A volume that puts several sources into one tree of files."""
    errors = file_mode(volume.get("defaultMode"), f"{path}.defaultMode")
    files: set[str] = set()
    for i, source in enumerate(volume.get("sources") or ()):
        at = f"{path}.sources[{i}]"
        kinds = [kind for kind in _KINDS if source.get(kind) is not None]
        for kind in kinds:
            if kind == "serviceAccountToken":
                errors += _token(source[kind], path, f"{at}.{kind}")
            else:
                errors += _files(kind, source[kind], files, path, f"{at}.{kind}")
        if len(kinds) > 1:
            errors.append(forbidden(at, "may not specify more than 1 volume type per source"))
    return errors


def _files(kind: str, source: Doc, files: set[str], path: str, at: str) -> Errors:
    """The files of one source; no two sources may write the same one."""
    errors: Errors = []
    if kind != "downwardAPI" and not source.get("name"):
        errors.append(required(f"{at}.name"))
    for i, item in enumerate(source.get("items") or ()):
        errors += downward_file(item, at) if kind == "downwardAPI" else key_to_path(item, f"{at}.items[{i}]")
        file = item["path"]
        if file and file in files:
            shown = file if kind == "downwardAPI" else source.get("name") or ""
            errors.append(invalid(path, shown, "conflicting duplicate paths"))
        files.add(file)
    return errors


def _token(token: Doc, path: str, at: str) -> Errors:
    """A service account token (upstream reports its path under the volume)."""
    seconds = token.get("expirationSeconds") or 0
    errors: Errors = []
    if seconds < _TOKEN_MIN_S:
        detail = "may not specify a duration less than 10 minutes"
        errors.append(invalid(f"{at}.expirationSeconds", seconds, detail))
    if seconds > _TOKEN_MAX_S:
        detail = "may not specify a duration larger than 2^32 seconds"
        errors.append(invalid(f"{at}.expirationSeconds", seconds, detail))
    if not token["path"]:
        return [*errors, required(f"{path}.path")]
    return errors + unreserved_path(token["path"], f"{path}.path")
