"""YAML bodies as the API server reads them: go-yaml's parser, its plain scalars, and JSON afterwards.

PyYAML's C parser is the ancestor of Go's, so that the texts of its errors are the same; plain scalars are resolved as there: `y` is true, `1e3` a number,
`10:30` and dates are texts; keys become texts. Source: go.yaml.in/yaml/v2/{decode,resolve}.go; sigs.k8s.io/yaml, convertToJSONableObject.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

MOST_NODES: Final = 1_000_000
"""How many nodes the aliases of one document may expand to."""


class BadYaml(Exception):
    """A text that is no YAML, or no JSON can be made of it; the message is upstream's."""


def read_yaml(text: str) -> tuple[Any, tuple[str, ...]]:
    """(the first document as a JSON tree, what a strict reading finds wrong with it: keys that a map has twice). Raises BadYaml."""
    import yaml

    loader = go_loader()(text)
    try:
        node = loader.get_node() if loader.check_node() else None
        if node is None:
            return None, ()
        if "*" in text and nodes_repeated(node) > MOST_NODES:
            raise BadYaml("yaml: document contains excessive aliasing")
        twice = duplicate_key(node)
        value = _as_json(loader.construct_document(node))
    except yaml.composer.ComposerError as error:
        start = error.problem_mark.index if error.problem_mark is not None else 0
        alias = re.match(r"\*([-\w]+)", text[start:])
        raise BadYaml(f"yaml: unknown anchor '{alias[1] if alias else ''}' referenced") from None
    except yaml.MarkedYAMLError as error:
        raise BadYaml(f"yaml: {_place(error)}{error.problem or 'unknown problem parsing YAML content'}") from None
    except (yaml.YAMLError, ValueError, OverflowError, AttributeError) as error:
        raise BadYaml(f"yaml: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise BadYaml("yaml: exceeded max depth of 10000") from None
    finally:
        loader.dispose()
    if twice is None:
        return value, ()
    return value, (f'yaml: unmarshal errors:\n  line {twice[1]}: key "{twice[0]}" already set in map',)


def _place(error: Any) -> str:
    """Where Go says that a parse failed; it forgets the first line. Source: yaml/v2/decode.go, parser.fail."""
    import yaml

    problem, context = error.problem_mark, error.context_mark
    line = 0
    if problem is not None and problem.line:
        line = problem.line + isinstance(error, yaml.scanner.ScannerError)
    elif context is not None:
        line = context.line
    return f"line {line}: " if line else ""


def _as_json(value: Any) -> Any:
    match value:
        case dict():
            return {key_text(key): _as_json(item) for key, item in value.items()}
        case list():
            return [_as_json(item) for item in value]
        case bytes():
            return value.decode("utf-8", "replace")
        case float() if not math.isfinite(value):
            raise BadYaml(f"json: unsupported value: {'NaN' if math.isnan(value) else '+Inf' if value > 0 else '-Inf'}")
        case float():
            return int(value) if value.is_integer() and abs(value) < 1e21 else value  # as Go writes it
        case None | bool() | int() | str():
            return value
    return str(value)


def key_text(key: Any) -> str:
    """A key of a YAML map as JSON has it."""
    return str(key).lower() if isinstance(key, bool) else "null" if key is None else str(key)


def duplicate_key(node: Any) -> tuple[str, int] | None:
    """(key, line) of a key that a map in this YAML node has twice, or None."""
    return _duplicate_key(node, set())


def _duplicate_key(node: Any, done: set[Any]) -> tuple[str, int] | None:
    import yaml

    if isinstance(node, yaml.ScalarNode) or node in done:
        return None
    done.add(node)  # aliases lead to one node again and again
    seen: set[str] = set()
    for item in node.value:
        value = item
        if isinstance(node, yaml.MappingNode):
            key, value = item
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    return key.value, key.start_mark.line + 1
                seen.add(key.value)
        found = _duplicate_key(value, done)
        if found:
            return found
    return None


def nodes_repeated(root: Any) -> int:
    """How many nodes a YAML node has when its aliases are written out, beyond those that are there. Raises RecursionError for one that contains itself."""
    sizes: dict[Any, int] = {}

    def size(node: Any) -> int:
        known = sizes.get(node)
        if known is not None:
            if not known:
                raise RecursionError
            return known
        sizes[node] = 0
        total = 1
        if isinstance(node.value, list):
            for item in node.value:
                total += sum(map(size, item)) if isinstance(item, tuple) else size(item)
        sizes[node] = total
        return total

    return size(root) - len(sizes)


# What go-yaml v2 makes of a plain scalar. Source: gopkg.in/yaml.v2/resolve.go.
_SCALARS: Final[Mapping[str, tuple[str, str]]] = {
    "bool": (r"y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF", "yYtToOnNfF"),
    "int": (r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    "null": (r"~|null|Null|NULL|", "~nN"),
    "merge": (r"<<", "<"),
}


@lru_cache(maxsize=1)
def go_loader() -> Any:
    """PyYAML's safe loader (the C one where there is one) with go-yaml's resolution of plain scalars."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # a base that is known at run time only
        yaml_implicit_resolvers: dict[str, list[Any]] = {}
        bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}

    for name, (pattern, begins) in _SCALARS.items():
        first = [*begins, ""] if name == "null" else list(begins)
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(f"^(?:{pattern})$", re.ASCII), first)
    return Loader
