"""The facts of the API types: forms of fields, list and map types, merge keys, patch strategies and Go type names.

`of_kind("Pod")` or `of_kind("Pod", "v1")` gives the `Type` of a served kind. The facts are read from
`schema_data.json`, which `tests/tools/build_schema.py` derives from upstream's OpenAPI v3 documents and Go type
declarations; nothing is loaded before the first question.
Source: api/openapi-spec/v3 and staging/src/k8s.io/{api,apimachinery} at v1.36.2.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import orjson

Form = Literal["struct", "map", "list", "scalar", "untyped", "deduced"]


@attrs.frozen(eq=False, slots=True, repr=False)
class Type:
    """One type of the API. Compared by identity: every named type exists once."""

    form: Form
    go: str
    """The name that Go's reflection prints, such as `v1.PodSpec` or `[]string`."""
    scalar: str = ""
    """Of a scalar: string, bool, int32, int64, float64, bytes, Time, MicroTime, Duration, Quantity or IntOrString."""
    fields: dict[str, Field] = attrs.field(factory=dict)
    """Of a struct: its fields by JSON name, those of embedded structs included."""
    children: dict[str, Type] = attrs.field(factory=dict)
    """Of a struct: the types of its fields by JSON name."""
    steps: dict[str, tuple[str, Type]] = attrs.field(factory=dict)
    """Of a struct: JSON name -> (its name in FieldsV1, such as `f:image`; its type), for the walks on every write."""
    element: Type | None = None
    """Of a map or list: the type of its values. Of a struct of a custom resource: that of fields it does not name, None if it has no others."""
    atomic: bool = False
    """The value has one owner as a whole and is never merged by server-side apply."""
    keys: tuple[tuple[str, Any], ...] = ()
    """Of an associative list of structs: the key fields with their defaults (None: no default); () makes it a set."""
    leaf: bool = attrs.field(init=False)
    """The value is owned as a whole: a scalar, untyped, or atomic."""

    @leaf.default
    def _is_leaf(self) -> bool:
        return self.atomic or self.form in ("scalar", "untyped")

    def __repr__(self) -> str:
        return f"Type({self.go})"


UNTYPED: Final = Type(form="untyped", go="interface {}")
DEDUCED: Final = Type(form="deduced", go="interface {}")
"""The type of a value of which nothing is known: what it is tells how it is owned, maps by their keys, all else as a whole."""
_DEDUCED_MAP: Final = Type(form="map", go="map[string]interface {}", element=DEDUCED)
_DEDUCED_LIST: Final = Type(form="list", go="[]interface {}", element=UNTYPED, atomic=True)


def deduced(of: Type, value: Any) -> Type:
    """The type of a value that is declared as `of`: `of` itself unless that is DEDUCED. Source: structured-merge-diff typed/helpers.go, deduceAtom."""
    if of.form != "deduced":
        return of
    return _DEDUCED_MAP if isinstance(value, dict) else _DEDUCED_LIST if isinstance(value, list) else UNTYPED


def child(of: Type, key: str) -> Type:
    """The type of a field of a struct, or of an entry of a map; UNTYPED if it has no such field."""
    found = of.children.get(key) or of.element
    return UNTYPED if found is None else found


@attrs.frozen(eq=False, slots=True)
class Field:
    """One field of a struct, with what its Go tag says."""

    type: Type
    omitempty: bool
    omitzero: bool
    pointer: bool
    embed: tuple[str, ...]
    """The embedded Go structs that lead to it, outermost first."""
    strategies: tuple[str, ...]
    """Strategic merge: any of merge, replace, retainKeys."""
    merge_key: str


def of_kind(kind: str, api_version: str = "") -> Type:
    """The type of a served kind; without `api_version`, of its preferred version. Raises KeyError if not served."""
    return named(_data()["kinds"][f"{api_version}/{kind}"] if api_version else _preferred()[kind])


def of_document(doc: dict[str, Any]) -> Type:
    """The type that `apiVersion` and `kind` of the document name. Raises KeyError if not served."""
    return of_kind(doc["kind"], doc["apiVersion"])


def kinds() -> tuple[tuple[str, str], ...]:
    """(apiVersion, kind) of all kinds that have a type here, preferred versions first."""
    pairs = (name.rpartition("/") for name in _data()["kinds"])
    return tuple((api_version, kind) for api_version, _, kind in pairs)


def kinds_by_name() -> dict[str, str]:
    """The short schema name (`core.v1.Pod`) of each `apiVersion/kind` that has a type here."""
    found: dict[str, str] = _data()["kinds"]
    return found


def facts(name: str) -> dict[str, Any]:
    """What `schema_data.json` says of a short schema name, for documents about the types. Raises KeyError."""
    found: dict[str, Any] = _data()["types"][name]
    return found


@cache
def named(name: str) -> Type:
    """The struct type of a short schema name such as `core.v1.PodSpec`. Raises KeyError if there is none."""
    entry = _data()["types"][name]
    fields = {key: _field(row) for key, row in entry["f"].items()}
    return Type(
        form="struct",
        go=".".join(name.rsplit(".", 2)[-2:]),
        fields=fields,
        children={key: field.type for key, field in fields.items()},
        steps={key: (f"f:{key}", field.type) for key, field in fields.items()},
        atomic="atomic" in entry,
    )


_SCALARS: Final = {
    "s": "string",
    "b": "bool",
    "i": "int32",
    "j": "int64",
    "f": "float64",
    "y": "bytes",
    "Time": "Time",
    "MicroTime": "MicroTime",
    "Duration": "Duration",
    "Quantity": "Quantity",
    "IntOrString": "IntOrString",
}
_GO: Final = {
    "bytes": "[]uint8",
    "Time": "v1.Time",
    "MicroTime": "v1.MicroTime",
    "Duration": "v1.Duration",
    "Quantity": "resource.Quantity",
    "IntOrString": "intstr.IntOrString",
}


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    path = Path(__file__).with_name("schema_data.json")
    data: dict[str, Any] = orjson.loads(path.read_bytes())
    return data


@lru_cache(maxsize=1)
def _preferred() -> dict[str, str]:
    preferred: dict[str, str] = {}
    for name, type_name in _data()["kinds"].items():
        preferred.setdefault(name.rpartition("/")[2], type_name)
    return preferred


def _field(row: list[Any]) -> Field:
    code, flags, patch, embed = (*row, "", "", "")[:4]
    strategies, _, merge_key = patch.partition("|")
    return Field(
        type=_simple(code) if isinstance(code, str) else _compound(code),
        omitempty="o" in flags,
        omitzero="z" in flags,
        pointer="p" in flags,
        embed=tuple(embed.split(".")) if embed else (),
        strategies=tuple(strategies.split(",")) if strategies else (),
        merge_key=merge_key,
    )


@cache
def _simple(code: str) -> Type:
    if code.startswith("@"):
        if code.endswith("!"):  # the field overrides its type's `atomic`
            return attrs.evolve(named(code[1:-1]), atomic=False)
        return named(code[1:])
    if code == "RawExtension":
        return Type(form="untyped", go="runtime.RawExtension", atomic=True)
    if code == "JSONSchemaProps":
        return Type(form="untyped", go="v1.JSONSchemaProps", atomic=True)
    if code == "FieldsV1":
        return Type(form="untyped", go="v1.FieldsV1")
    base, _, go = code.partition(" ")
    scalar = _SCALARS[base]
    return Type(form="scalar", go=go or _GO.get(scalar, scalar), scalar=scalar)


def _compound(code: list[Any]) -> Type:
    tag, inner, *rest = code
    element = _simple(inner) if isinstance(inner, str) else _compound(inner)
    if tag == "M":
        facts = rest[0] if rest else {}
        go = facts.get("go") or f"map[{facts.get('key', 'string')}]{element.go}"
        return Type(form="map", go=go, element=element, atomic="atomic" in facts)
    keys = tuple((key, default) for key, default in rest[0]) if rest else ()
    return Type(form="list", go=f"[]{element.go}", element=element, atomic=not rest, keys=keys)


@cache
def zero(of: Type) -> Any:
    """What an empty Go object of the type looks like in JSON; not to be changed. Source: encoding/json, omitempty."""
    if of.form != "struct":
        return _ZEROS.get(of.scalar)
    return {name: None if field.pointer else zero(field.type) for name, field in of.fields.items() if _written(field)}


_ZEROS: Final = {"string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0, "Quantity": "0", "IntOrString": 0}
_ZEROS_OF_STRUCTS: Final = frozenset({"Quantity", "IntOrString", "Time", "MicroTime", "Duration"})


def _written(field: Field) -> bool:
    if field.omitzero:
        return False
    is_struct = field.type.form in ("struct", "untyped") or field.type.scalar in _ZEROS_OF_STRUCTS
    return not field.omitempty or (is_struct and not field.pointer)
