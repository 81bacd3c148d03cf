"""Views of documents: `view(Pod, doc)` reads a JSON tree into the attrs classes of this package.

The function that reads a class is generated from its field types, once per class. Rules (upstream's JSON decoding into
Go structs, seen from Python): unknown keys are ignored; an absent or null string is "", list (), map empty, number 0
and bool False; a field typed `X | None` is None when absent; a field typed as a class is an empty view of that class
when absent. `ResourceList` values become Quantity. Maps and `Document`s are the document's own, read only.

Source: staging/src/k8s.io/api/core/v1/types.go (json tags), apimachinery/pkg/util/json.
"""

import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from refk8s.kinds.quantity import Quantity, from_json

__all__ = ["EMPTY", "Document", "IntOrString", "ResourceList", "json_name", "view"]

T = TypeVar("T")

Document = Mapping[str, Any]
ResourceList = Mapping[str, Quantity]
IntOrString = int | str

EMPTY: Mapping[str, Any] = types.MappingProxyType({})

_UPPER = {word.lower(): word for word in ("IP", "IPs", "CIDR", "CIDRs", "ID", "UUID", "PID", "IPC")}


Reader = Callable[[Document], Any]

_readers: dict[type[Any], Reader] = {}


def view(cls: type[T], doc: Document) -> T:
    """Return the view of type `cls` of a JSON tree (which must already have the right shape, as stored objects do)."""
    made: T = (_readers.get(cls) or _reader(cls))(doc)
    return made


def json_name(field: str) -> str:
    """Return upstream's JSON key of a field: `pod_ip` → `podIP`, `from_` → `from`."""
    first, *rest = field.rstrip("_").split("_")
    return first + "".join(_UPPER.get(word, word.capitalize()) for word in rest)


def _reader(cls: type[Any]) -> Reader:
    """Return the function that reads `cls`, generated once: one statement per field, no loop over fields at run time.

    The generated code fills a mutable twin of the frozen class (same slots, ordinary assignment) and then turns it into
    the class itself: a frozen `__init__` would cost as much as all the rest.
    """
    if cls in _readers:
        return _readers[cls]
    slots = cls.__slots__
    scope: dict[str, Any] = {"cls": cls, "twin": type(cls.__name__, (), {"__slots__": slots}), "EMPTY": EMPTY}
    scope |= {"quantities": _quantities, "new": object.__new__}
    hints = typing.get_type_hints(cls)
    lines = ["def read(doc):", "  view = new(twin)"]
    for field in attrs.fields(cls):
        key = field.metadata.get("json") or json_name(field.name)
        present, absent = _expressions(field.name, f"doc[{key!r}]", hints[field.name], scope)
        lines.append(f"  view.{field.name} = ({present}) if {key!r} in doc else {absent}")
    lines += ["  view.__class__ = cls", "  return view"]
    exec(compile("\n".join(lines), f"<view of {cls.__name__}>", "exec"), scope)
    _readers[cls] = scope["read"]
    return _readers[cls]


def _expressions(name: str, value: str, hint: Any, scope: dict[str, Any]) -> tuple[str, str]:
    """Return the expressions for a field that is present (but perhaps null or empty) and for one that is absent."""
    if hint in (Document, Mapping[str, str]):
        return f"{value} or EMPTY", "EMPTY"
    if hint == ResourceList:
        return f"quantities(v) if (v := {value}) else EMPTY", "EMPTY"
    if typing.get_origin(hint) is tuple:
        (item, _) = typing.get_args(hint)
        if not attrs.has(item):
            return f"tuple(v) if (v := {value}) else ()", "()"
        scope[f"read_{name}"] = _reader(item)
        return f"tuple([read_{name}(i) for i in v]) if (v := {value}) else ()", "()"
    if attrs.has(hint):
        scope[f"read_{name}"] = _reader(hint)
        scope[f"empty_{name}"] = _reader(hint)({})
        return f"read_{name}(v) if (v := {value}) else empty_{name}", f"empty_{name}"
    if isinstance(hint, types.UnionType):
        alternatives = [a for a in typing.get_args(hint) if a is not type(None)]
        if len(alternatives) == 1 and attrs.has(alternatives[0]):
            scope[f"read_{name}"] = _reader(alternatives[0])
            return f"read_{name}(v) if (v := {value}) is not None else None", "None"
        return value, "None"
    zero = {str: '""', int: "0", bool: "False"}[hint]
    return f"{value} or {zero}", zero


def _quantities(amounts: Document) -> ResourceList:
    return {name: from_json(amount) for name, amount in amounts.items()}
