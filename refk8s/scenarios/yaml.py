"""Reading YAML and JSON documents from files, directories and standard input, with errors that name file and line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ..core.errors import Refk8sError

SUFFIXES = (".yaml", ".yml", ".json")


def documents_of(path: Path) -> list[dict[str, Any]]:
    """The Kubernetes documents in a file, in the files of a directory (sorted by name), or ("-") on standard input; Lists are unpacked.

    Raises Refk8sError for what cannot be read, is no YAML, or is no Kubernetes object.
    """
    if str(path) == "-" or path.name == "-":
        return _objects(_parse(sys.stdin.read(), "standard input"), "standard input")
    if path.is_dir():
        files = sorted(child for child in path.iterdir() if child.suffix in SUFFIXES)
        if not files:
            raise Refk8sError(f"{path}: no {', '.join(SUFFIXES)} files in this directory")
        return [document for file in files for document in documents_of(file)]
    return _objects(read_documents(path), str(path))


def read_documents(path: Path) -> list[dict[str, Any]]:
    """The documents of one YAML or JSON file, empty ones left out. Raises Refk8sError."""
    try:
        text = path.read_text()
    except OSError as error:
        raise Refk8sError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refk8sError(f"{path}: not a text file in UTF-8") from None
    return _parse(text, str(path))


def _parse(text: str, where: str) -> list[dict[str, Any]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = [document for document in yaml.load_all(text, Loader=_without_dates(loader)) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).split("\n", maxsplit=1)[0]
        raise Refk8sError(f"{where}{place}: not YAML: {problem}") from None
    for document in found:
        if not isinstance(document, dict):
            raise Refk8sError(f"{where}: a document is a map with apiVersion and kind, this one is {document!r:.40}")
    return found


def _without_dates(loader: Any) -> Any:
    """The loader without YAML's dates: Kubernetes reads them as strings."""

    class Loader(loader):  # type: ignore[misc]
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in loader.yaml_implicit_resolvers.items()
    }
    return Loader


def _objects(documents: list[dict[str, Any]], where: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, document in enumerate(documents, 1):
        kind, version = document.get("kind"), document.get("apiVersion")
        if not kind or not version:
            missing = "kind" if not kind else "apiVersion"
            raise Refk8sError(f"{where}: document {number} is no Kubernetes object: {missing} is missing")
        if str(kind).endswith("List") and isinstance(document.get("items"), list):
            found += _objects([_item(item, str(kind), str(version)) for item in document["items"]], where)
        else:
            found.append(document)
    return found


def _item(item: dict[str, Any], list_kind: str, version: str) -> dict[str, Any]:
    """An item of a list; those of typed lists may leave out their kind."""
    if list_kind == "List" or item.get("kind"):
        return item
    return {"apiVersion": version, "kind": list_kind.removesuffix("List"), **item}
