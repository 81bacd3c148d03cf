"""JSON patch (RFC 6902) with the habits and messages of the library that upstream uses.

`replace` of a missing object member adds it, `copy` of one copies null, a negative list index counts from the end and
`test` compares what is written: 1 and 1.0 differ.
Source: gopkg.in/evanphx/json-patch.v4, patch.go (v4.13.0 as in apiserver/go.mod).
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from refk8s.api.patch.errors import PatchError, json_name
from refk8s.api.status import go_quote

MISSING = "missing value"
INVALID_INDEX = "invalid index referenced"
_INDEX = re.compile(r"[+-]?[0-9]+\Z")
_INT64 = 1 << 63

Container = dict[str, Any] | list[Any]


def apply_json_patch(original: Any, patch: Any) -> Any:
    """The patched document, sharing unchanged parts. Raises PatchError at the first operation that does not apply."""
    operations = _decode(patch)
    if not isinstance(original, (dict, list)):
        _fail(f"json: cannot unmarshal {json_name(original)} into Go value of type jsonpatch.partialDoc")
    document = _Document(original)
    for operation in operations:
        match operation.get("op"):
            case "add":
                _add(document, operation)
            case "remove":
                _remove(document, operation)
            case "replace":
                _replace(document, operation)
            case "move":
                _move(document, operation)
            case "test":
                _test(document, operation)
            case "copy":
                _copy(document, operation)
            case str(other):
                _fail(f"Unexpected kind: {other}")
            case _:
                _fail("Unexpected kind: unknown")
    return document.root


class _Document:
    """A document under change: containers are copied when first touched, and `owned` remembers which are ours."""

    def __init__(self, root: Container) -> None:
        self.root = root
        self._owned: list[Container] = []

    def find(self, path: str) -> tuple[Container | None, str]:
        """The container that the path's last token lies in, and that token; None if there is none."""
        container: Container = self.root
        tokens = _tokens(path)
        if len(tokens) < 2:
            return None, ""
        for token in tokens[1:-1]:
            child, error = _get(container, token)
            if error or not isinstance(child, (dict, list)):
                return None, ""
            container = child
        return container, tokens[-1]

    def open(self, path: str) -> tuple[Container | None, str]:
        """As `find`, with all containers on the way made our own, so that the last may be changed."""
        if self.find(path)[0] is None:
            return None, ""
        tokens = _tokens(path)
        self.root = container = self._own(self.root)
        for token in tokens[1:-1]:
            if isinstance(container, dict):
                child = container[token] = self._own(container[token])
            else:
                position = _position(container, token)
                child = container[position] = self._own(container[position])
            container = child
        return container, tokens[-1]

    def _own(self, container: Container) -> Container:
        if any(container is own for own in self._owned):
            return container
        copy: Container = dict(container) if isinstance(container, dict) else list(container)
        self._owned.append(copy)
        return copy


def _add(document: _Document, operation: dict[str, Any]) -> None:
    path = operation.get("path")
    if not isinstance(path, str):
        _fail(f"add operation failed to decode path: {MISSING}")
    container, key = document.open(path)
    if container is None:
        _fail(f'add operation does not apply: doc is missing path: "{path}": {MISSING}')
    if error := _insert(container, key, operation.get("value")):
        _fail(f"error in add for path: '{path}': {error}")


def _remove(document: _Document, operation: dict[str, Any]) -> None:
    path = operation.get("path")
    if not isinstance(path, str):
        _fail(f"remove operation failed to decode path: {MISSING}")
    container, key = document.open(path)
    if container is None:
        _fail(f'remove operation does not apply: doc is missing path: "{path}": {MISSING}')
    if error := _delete(container, key):
        _fail(f"error in remove for path: '{path}': {error}")


def _replace(document: _Document, operation: dict[str, Any]) -> None:
    path = _text(operation, "path", "replace operation failed to decode path", "operation missing path field")
    value = operation.get("value")
    if path == "":
        if not isinstance(value, (dict, list)):
            # The library formats an error that it does not have.
            _fail("replace operation value must be object or array: %!w(<nil>)")
        document.root = value
        return
    container, key = document.open(path)
    if container is None:
        _fail(f"replace operation does not apply: doc is missing path: {path}: {MISSING}")
    if isinstance(container, dict):
        container[key] = value
        return
    if _get(container, key)[1]:
        _fail(f"replace operation does not apply: doc is missing key: {path}: {MISSING}")
    container[_position(container, key)] = value


def _move(document: _Document, operation: dict[str, Any]) -> None:
    source = _text(operation, "from", "move operation failed to decode from", "operation, missing from field")
    container, key = document.open(source)
    if container is None:
        _fail(f"move operation does not apply: doc is missing from path: {source}: {MISSING}")
    value, error = _get(container, key)
    if error := error or _delete(container, key):
        _fail(f"error in move for path: '{key}': {error}")
    path = _text(operation, "path", "move operation failed to decode path", "operation missing path field")
    container, key = document.open(path)
    if container is None:
        _fail(f"move operation does not apply: doc is missing destination path: {path}: {MISSING}")
    if error := _insert(container, key, value):
        _fail(f"error in move for path: '{path}': {error}")


def _test(document: _Document, operation: dict[str, Any]) -> None:
    path = _text(operation, "path", "test operation failed to decode path", "operation missing path field")
    value = operation.get("value")
    if path == "":
        found, error = document.root, ""
    else:
        container, key = document.find(path)
        if container is None:
            _fail(f"test operation does not apply: is missing path: {path}: {MISSING}")
        found, error = _get(container, key)
    if error:
        _fail(f"error in test for path: '{path}': {error}")
    if not same(found, value):
        _fail(f"testing value {path} failed: test failed")


def _copy(document: _Document, operation: dict[str, Any]) -> None:
    source = _text(operation, "from", "copy operation failed to decode from", "operation, missing from field")
    container, key = document.find(source)
    if container is None:
        _fail(f"copy operation does not apply: doc is missing from path: {source}: {MISSING}")
    value, error = _get(container, key)
    if error:
        _fail(f"error in copy for from: '{source}': {error}")
    path = operation.get("path")
    if not isinstance(path, str):
        _fail(f"copy operation failed to decode path: {MISSING}")
    container, key = document.open(path)
    if container is None:
        _fail(f"copy operation does not apply: doc is missing destination path: {path}: {MISSING}")
    if error := _insert(container, key, _detached(value)):
        _fail(f"error while adding value during copy: {error}")


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values in which numbers of different notation, and booleans and numbers, differ."""
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return len(left) == len(right) and all(key in right and same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def _decode(patch: Any) -> list[dict[str, Any]]:
    if patch is None:
        return []
    if not isinstance(patch, list):
        raise PatchError(
            f"json: cannot unmarshal {json_name(patch)} into Go value of type jsonpatch.Patch", malformed=True
        )
    for index, operation in enumerate(patch):
        if operation is not None and not isinstance(operation, dict):
            raise PatchError(
                f"json: cannot unmarshal {json_name(operation)} into Patch.{index} of type jsonpatch.Operation",
                malformed=True,
            )
    return [operation or {} for operation in patch]


def _text(operation: dict[str, Any], name: str, failure: str, absent: str) -> str:
    value = operation.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        raise PatchError(f"{failure}: {absent}: {MISSING}")
    raise PatchError(f"{failure}: json: cannot unmarshal {json_name(value)} into Go value of type string")


def _tokens(path: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")]


def _get(container: Container, key: str) -> tuple[Any, str]:
    """(value, error); a missing member of an object is null without error."""
    if isinstance(container, dict):
        return container.get(key), ""
    index, error = _index(key)
    if error:
        return None, error
    if not -len(container) <= index < len(container):
        return None, _invalid(index)
    return container[index], ""


def _insert(container: Container, key: str, value: Any) -> str:
    if isinstance(container, dict):
        container[key] = value
        return ""
    if key == "-":
        container.append(value)
        return ""
    index, error = _index(key)
    if error:
        return f"value was not a proper array index: '{key}': {error}"
    size = len(container) + 1
    if not -size <= index < size:
        return _invalid(index)
    container.insert(index % size, value)
    return ""


def _delete(container: Container, key: str) -> str:
    if isinstance(container, dict):
        if key not in container:
            return f"Unable to remove nonexistent key: {key}: {MISSING}"
        del container[key]
        return ""
    index, error = _index(key)
    if error:
        return error
    if not -len(container) <= index < len(container):
        return _invalid(index)
    del container[index]
    return ""


def _index(key: str) -> tuple[int, str]:
    if not _INDEX.match(key):
        return 0, f"strconv.Atoi: parsing {go_quote(key)}: invalid syntax"
    index = int(key)
    if not -_INT64 <= index < _INT64:
        return 0, f"strconv.Atoi: parsing {go_quote(key)}: value out of range"
    return index, ""


def _position(container: list[Any], key: str) -> int:
    return int(key) % len(container)


def _invalid(index: int) -> str:
    return f"Unable to access invalid index: {index}: {INVALID_INDEX}"


def _detached(value: Any) -> Any:
    """A deep copy, so that later operations on one place do not touch the other."""
    if isinstance(value, dict):
        return {key: _detached(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_detached(item) for item in value]
    return value


def _fail(message: str) -> NoReturn:
    raise PatchError(message)
