"""Warnings about volumes: sources that work no more, files that write over each other.

Source: pkg/api/pod/warnings.go; pkg/api/persistentvolumeclaim/util.go, GetWarningsForPersistentVolumeClaimSpec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from refk8s.api.validate.errors import quote
from refk8s.kinds.quantity import parse

Doc = Mapping[str, Any]
Warnings = Iterator[str]
Files = list[tuple[str, str]]
"""Paths with what writes them."""

_OLD = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "ephemeral": "",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_SHOWN = {"storageos": "storageOS"}
_FILE_SOURCES = (
    ("configMap", "ConfigMap", "name"),
    ("secret", "Secret", "secretName"),
    ("downwardAPI", "DownwardAPI", ""),
)


def volume_warnings(volumes: Sequence[Doc], path: str) -> Warnings:
    """First the old sources of all volumes, then the files that overlap."""
    for i, volume in enumerate(volumes):
        for source, complaint in _OLD.items():
            if volume.get(source) is None:
                continue
            if source == "ephemeral":
                yield from _claim(volume[source], f"{path}[{i}].ephemeral.volumeClaimTemplate.spec")
            else:
                yield f"{path}[{i}].{_SHOWN.get(source, source)}: {complaint}"
    for volume in volumes:
        yield from _overlaps(volume)


def _claim(source: Doc, path: str) -> Warnings:
    """Fractions of a byte in what an ephemeral volume claims."""
    resources = ((source.get("volumeClaimTemplate") or {}).get("spec") or {}).get("resources") or {}
    for part in ("requests", "limits"):
        storage = (resources.get(part) or {}).get("storage")
        if storage is not None and parse(storage).milli_value() % 1000:
            complaint = f"fractional byte value {quote(storage)} is invalid, must be an integer"
            yield f"{path}.resources.{part}[storage]: {complaint}"


def _overlaps(volume: Doc) -> Warnings:
    name = volume["name"]
    for key, title, named_by in _FILE_SOURCES:
        source = volume.get(key)
        if source is not None:
            what = f"{title} {quote(source.get(named_by) or '')}" if named_by else title
            yield from _collisions(name, what, [], [(item["path"], "") for item in source.get("items") or ()])
    if volume.get("projected") is None:
        return
    files: Files = []
    for source in volume["projected"].get("sources") or ():
        if not source:
            yield f"volume {quote(name)} (Projected) has no sources provided"
        else:
            yield from _collisions(name, "Projected", files, _projected(source))


def _projected(source: Doc) -> Files:
    for key, title in (("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "DownwardAPI")):
        items = (source.get(key) or {}).get("items")
        if items:
            shown = title if key == "downwardAPI" else f"{title} {quote(source[key].get('name') or '')}"
            return [(item["path"], shown) for item in items]
    token = source.get("serviceAccountToken")
    return [] if token is None else [(token["path"], "ServiceAccountToken")]


def _collisions(volume: str, what: str, files: Files, more: Files) -> Warnings:
    """Adds files one by one; warns of each that is, holds or is held by an earlier one."""
    for path, source in more:
        file = (path.rstrip("/"), source)
        for earlier in files:
            if file[0] and earlier[0] and _overlap(file[0], earlier[0]):
                body = f"{_shown(file)} with {_shown(earlier)}"
                yield f"volume {quote(volume)} ({what}): overlapping paths: {body}"
        files.append(file)


def _overlap(a: str, b: str) -> bool:
    return f"{a}/".startswith(f"{b}/") or f"{b}/".startswith(f"{a}/")


def _shown(file: tuple[str, str]) -> str:
    return f"{quote(file[0])} ({file[1]})" if file[1] else quote(file[0])
