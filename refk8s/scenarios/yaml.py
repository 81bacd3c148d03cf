"""Reading YAML and JSON documents from files, directories and standard input, with errors that name file and line.

Plain scalars mean what they mean to kubectl (go-yaml v2), not to PyYAML: `y` is true, `1e3` a number, `10:30` and dates are texts; keys become texts.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import attrs

from ..api.yaml import MOST_NODES, duplicate_key, go_loader, key_text, nodes_repeated
from ..core.errors import Refk8sError
from ..users.manifests import check_manifest
from .annotations import check_behaviour

SUFFIXES: Final = (".yaml", ".yml", ".json")
STDIN: Final = "-"


@attrs.frozen(eq=False)
class Source:
    """One document of a file: `data`, and where it stands (`node` is its YAML node, None for JSON).

    `twice`: a key that a map in it has twice, and its line.
    """

    where: str
    line: int
    data: Any
    node: Any = None
    twice: tuple[str, int] | None = None

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of what a path leads to, or of the innermost part of it that is there."""
        node, line = self.node, self.line
        for part in path:
            node, at = _child(node, part)
            if node is None:
                break
            line = at
        return line


def documents_of(path: Path) -> list[dict[str, Any]]:
    """The Kubernetes objects in a file, in the files of a directory (sorted by name), or ("-") on standard input; Lists are unpacked.

    Raises Refk8sError for what cannot be read, is no YAML, or is no object of a served kind.
    """
    if path.is_dir():
        files = sorted(child for child in path.iterdir() if child.suffix in SUFFIXES)
        if not files:
            raise Refk8sError(f"{path}: no {', '.join(SUFFIXES)} files in this directory")
        return [document for file in files for document in documents_of(file)]
    return objects_of(sources_of(path))


def objects_of(sources: list[Source]) -> list[dict[str, Any]]:
    """The Kubernetes objects in documents that have been read; Lists are unpacked. Raises Refk8sError."""
    found: list[dict[str, Any]] = []
    for number, source in enumerate(sources, 1):
        if source.twice:
            key, line = source.twice
            raise Refk8sError(
                f'{source.where}:{line}: error converting YAML to JSON: key "{key}" already set in map; keep one'
            )
        if source.data.get("kind") == "List" and not isinstance(source.data.get("items"), list):
            raise Refk8sError(
                f"{source.where}:{source.line_of(('items',))}: document {number}: List: items is {source.data.get('items')!r:.40}, not a list"
            )
        for path, document in _unpacked(source.data):
            try:
                check_manifest(document)
                check_behaviour(document)
            except ValueError as error:
                item = f", items[{path[1]}]" if path else ""
                line = source.line_of((*path, *getattr(error, "path", ())))
                raise Refk8sError(f"{source.where}:{line}: document {number}{item}: {error}") from None
            found.append(document)
    return found


def sources_of(path: Path) -> list[Source]:
    """The documents of one YAML or JSON file ("-": standard input), empty ones left out. Raises Refk8sError."""
    where = "standard input" if str(path) == STDIN else str(path)
    try:
        text = sys.stdin.read() if str(path) == STDIN else path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refk8sError(f"{where}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refk8sError(f"{where}: not a text file in UTF-8") from None
    found = _json_documents(text, where) if text.lstrip().startswith("{") else None
    if found is None:
        found = list(_yaml_documents(text, where))
    for source in found:
        if not isinstance(source.data, dict):
            raise Refk8sError(
                f"{where}:{source.line}: a document is a map with apiVersion and kind, this one is {source.data!r:.40}"
            )
    if not found:
        raise Refk8sError(f"{where}: empty; there is no document in it")
    return found


def _unpacked(
    document: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    kind = str(document.get("kind"))
    items = document.get("items")
    if not kind.endswith("List") or not isinstance(items, list):
        yield path, document
        return
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            item = {}
        if kind != "List" and not item.get("kind"):  # items of typed lists may leave out what they are
            item = {"apiVersion": document.get("apiVersion"), "kind": kind.removesuffix("List"), **item}
        yield (*path, "items", number), item


def _json_documents(text: str, where: str) -> list[Source] | None:
    """The documents of a stream of JSON objects; None if the text is none (it may still be YAML in flow style)."""
    repeated: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.append(next(name for number, name in enumerate(names) if name in names[:number]))
        return made

    decoder, found, place = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=unique), [], 0
    while place < len(text):
        repeated.clear()
        try:
            data, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return None
        line = text.count("\n", 0, place) + 1
        found.append(Source(where, line, data, twice=(repeated[0], line) if repeated else None))
        place = end + len(text[end:]) - len(text[end:].lstrip())
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _yaml_documents(text: str, where: str) -> Iterator[Source]:
    import yaml

    loader = go_loader()(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            line = node.start_mark.line + 1
            if "*" in text and nodes_repeated(node) > MOST_NODES:
                raise Refk8sError(f"{where}: aliases expand to more than {MOST_NODES} nodes; write it out")
            twice = duplicate_key(node)  # before merge keys are expanded in it
            data = _as_json(loader.construct_document(node), where, line)
            if data is not None:
                yield Source(where, line, data, node, twice)
    except (yaml.YAMLError, ValueError, OverflowError, AttributeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).split("\n", maxsplit=1)[0]
        raise Refk8sError(f"{where}{place}: not YAML: {problem}") from None
    except RecursionError:
        raise Refk8sError(f"{where}: nested too deeply, or containing itself") from None
    finally:
        loader.dispose()


def _as_json(value: Any, where: str, line: int) -> Any:
    """The value as JSON: keys are texts. Raises Refk8sError for what JSON has not. Source: sigs.k8s.io/yaml, convertToJSONableObject."""
    match value:
        case dict():
            return {key_text(key): _as_json(item, where, line) for key, item in value.items()}
        case list():
            return [_as_json(item, where, line) for item in value]
        case bytes():
            return value.decode("utf-8", "replace")
        case float() if not math.isfinite(value):
            raise Refk8sError(f"{where}:{line}: {value} is no value of JSON, and so none of Kubernetes")
        case float():
            return int(value) if value.is_integer() and abs(value) < 1e21 else value  # as Go writes it
        case None | bool() | int() | str():
            return value
    raise Refk8sError(f"{where}:{line}: a value of YAML that JSON has not: {value!r:.40}")


def _child(node: Any, part: str | int) -> tuple[Any, int]:
    """The node below, and its line; (None, 0) if it is not there."""
    value = getattr(node, "value", None)
    if not isinstance(value, list):
        return None, 0
    if isinstance(part, int):
        if part < len(value) and not isinstance(value[part], tuple):
            return value[part], value[part].start_mark.line + 1
        return None, 0
    for pair in value:
        if isinstance(pair, tuple) and pair[0].value == part:
            return pair[1], pair[0].start_mark.line + 1
    return None, 0
