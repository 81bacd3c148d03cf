"""Dumps of a cluster: what `kubectl get nodes,pods,namespaces,priorityclasses,pdb,… -A -o yaml` (or json) prints, in one or several files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from refk8s.api.yaml import BadYaml, read_yaml
from refk8s.core.errors import Refk8sError
from refk8s.scenarios.yaml import STDIN, sources_of
from refk8s.schedule.dump_yaml import Unusual, chunks_of, parse

__all__ = ["KINDS", "Document", "Dump", "read", "unpacked"]

Document = dict[str, Any]

KINDS: Final = (
    "Node",
    "Pod",
    "Namespace",
    "PriorityClass",
    "PodDisruptionBudget",
    "Service",
    "ReplicaSet",
    "StatefulSet",
    "ReplicationController",
)
"""What scheduling looks at; objects of other kinds in a dump are passed over."""

_CLUSTER_SCOPED: Final = ("Node", "Namespace", "PriorityClass")


@attrs.frozen(eq=False)
class Dump:
    """The objects of a dump by kind and name, in the order of the files."""

    objects: Mapping[str, Mapping[str, Document]]

    def of(self, kind: str) -> list[Document]:
        """The objects of a kind."""
        return list(self.objects.get(kind, {}).values())


def read(paths: Iterable[Path]) -> Dump:
    """The objects in files; where several have the same object, the last one counts. Raises Refk8sError with file and what is wrong."""
    objects: dict[str, dict[str, Document]] = {kind: {} for kind in KINDS}
    for path in paths:
        for number, document in enumerate(_documents(path), 1):
            kind = document.get("kind")
            if kind not in objects:
                continue
            metadata = document.get("metadata")
            metadata = metadata if isinstance(metadata, dict) else {}
            name = metadata.get("name")
            if not isinstance(name, str) or not name:
                raise Refk8sError(f"{path}: object {number} ({kind}): metadata.name is missing; add it")
            namespace = "" if kind in _CLUSTER_SCOPED else metadata.get("namespace") or "default"
            objects[str(kind)][f"{namespace}/{name}"] = document
    return Dump(objects)


def unpacked(document: Any) -> Iterator[Document]:
    """The objects in a document: those of a List, or itself."""
    kind = str(document.get("kind") or "")
    items = document.get("items")
    if not kind.endswith("List") or not isinstance(items, list):
        yield document
        return
    for item in items:
        if isinstance(item, dict):
            if kind != "List" and not item.get("kind"):
                item = {"apiVersion": document.get("apiVersion"), "kind": kind.removesuffix("List"), **item}
            yield from unpacked(item)


def _documents(path: Path) -> Iterator[Document]:
    if str(path) == STDIN:
        for source in sources_of(path):
            yield from unpacked(source.data)
        return
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refk8sError(f"{path}: {error.strerror}") from None
    if raw.lstrip()[:1] == b"{":
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            document = None  # several documents, or none: the slow reader tells
        if isinstance(document, dict):
            yield from unpacked(document)
            return
    chunks = None
    if raw[:1] != b"{":
        try:
            chunks = chunks_of(raw.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise Refk8sError(f"{path}: not a text file in UTF-8") from None
    if chunks is None:
        for source in sources_of(path):
            yield from unpacked(source.data)
        return
    for number, chunk in enumerate(chunks, 1):
        yield from unpacked(_item(path, number, chunk))


def _item(path: Path, number: int, chunk: str) -> Document:
    """One object of a List; a pod that has no node yet is read whole."""
    try:
        found = parse(chunk)
        if found.get("kind") == "Pod" and not (found.get("spec") or {}).get("nodeName"):
            return parse(chunk, whole=True)
        return found
    except Unusual:
        pass
    try:
        value, _ = read_yaml(chunk)
    except BadYaml as error:
        raise Refk8sError(f"{path}: item {number}: {error}") from None
    if not isinstance(value, dict):
        raise Refk8sError(
            f"{path}: item {number}: an object is a map with apiVersion and kind, this one is {value!r:.40}"
        )
    return value
