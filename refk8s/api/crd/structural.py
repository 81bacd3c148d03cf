"""Structural schemas: what a CustomResourceDefinition says of the values it allows, and what is done to them by it.

`Structural` is made once of an openAPIV3Schema. Trees are never changed: pruning and defaulting share what stays.
Source: apiextensions-apiserver/pkg/apiserver/schema/{structural,convert}.go, schema/{pruning,defaulting}/*.go; kube-openapi/pkg/schemaconv/openapi.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs

from refk8s.api import schema
from refk8s.api.schema import DEDUCED, Type

Doc = dict[str, Any]
META_FIELDS: Final = ("apiVersion", "kind", "metadata")
_ABSENT: Final = object()


@attrs.frozen(eq=False)
class Structural:
    """One node of a structural schema; `raw` is the JSON schema it was made of.

    `additional` is the schema of entries with any key; None if there are none, in which case keys without a property are dropped unless `preserve`.
    """

    raw: Mapping[str, Any]
    type: str
    properties: Mapping[str, Structural]
    items: Structural | None
    additional: Structural | None
    preserve: bool
    embedded: bool
    int_or_string: bool
    nullable: bool
    default: Any
    list_type: str
    list_keys: tuple[str, ...]
    map_type: str


def structural(raw: Mapping[str, Any] | None) -> Structural:
    """The structural schema of a JSON schema, whose parts of the wrong form count as absent."""
    raw = raw if isinstance(raw, dict) else {}
    additional = raw.get("additionalProperties")
    properties = raw.get("properties")
    return Structural(
        raw=raw,
        type=str(raw.get("type") or ""),
        properties={
            key: structural(raw_) for key, raw_ in (properties if isinstance(properties, dict) else {}).items()
        },
        items=structural(raw["items"]) if isinstance(raw.get("items"), dict) else None,
        additional=structural(additional)
        if isinstance(additional, dict)
        else _ANYTHING
        if additional is True
        else None,
        preserve=raw.get("x-kubernetes-preserve-unknown-fields") is True,
        embedded=raw.get("x-kubernetes-embedded-resource") is True,
        int_or_string=raw.get("x-kubernetes-int-or-string") is True,
        nullable=raw.get("nullable") is True,
        default=raw.get("default"),
        list_type=str(raw.get("x-kubernetes-list-type") or ""),
        list_keys=tuple(raw.get("x-kubernetes-list-map-keys") or ()),
        map_type=str(raw.get("x-kubernetes-map-type") or ""),
    )


_ANYTHING: Final = Structural({}, "", {}, None, None, True, False, False, True, None, "", (), "")


def prune(value: Any, of: Structural | None, *, root: bool = False) -> tuple[Any, tuple[str, ...]]:
    """(the value without fields that the schema does not have, the sorted paths of what was dropped)."""
    unknown: list[str] = []
    if root and of is not None and not of.embedded:
        of = attrs.evolve(of, embedded=True)
    return _prune(value, of, "", unknown), tuple(sorted(unknown))


def _prune(value: Any, of: Structural | None, at: str, unknown: list[str]) -> Any:
    if of is not None and of.preserve:
        return _specified_only(value, of, at, unknown)
    if isinstance(value, list):
        items = of.items if of is not None else None
        return _same([_prune(item, items, f"{at}[{index}]", unknown) for index, item in enumerate(value)], value)
    if not isinstance(value, dict):
        return value
    made: Doc = {}
    for key, item in value.items():
        here = f"{at}.{key}" if at else key
        if of is not None and of.embedded and key in META_FIELDS:
            made[key] = item
        elif of is not None and key in of.properties:
            made[key] = _prune(item, of.properties[key], here, unknown)
        elif of is not None and of.additional is not None:
            made[key] = _prune(item, of.additional, here, unknown)
        elif at or key not in META_FIELDS:
            unknown.append(here)
    return _same(made, value)


def _specified_only(value: Any, of: Structural | None, at: str, unknown: list[str]) -> Any:
    """Unknown fields stay, but below known ones the schema counts again."""
    if of is None:
        return value
    if isinstance(value, list):
        made = [_specified_only(item, of.items, f"{at}[{index}]", unknown) for index, item in enumerate(value)]
        return _same(made, value)
    if not isinstance(value, dict):
        return value
    out: Doc = {}
    for key, item in value.items():
        here = f"{at}.{key}" if at else key
        inner = of.properties.get(key) or of.additional
        out[key] = item if inner is None or (of.embedded and key in META_FIELDS) else _prune(item, inner, here, unknown)
    return _same(out, value)


def without_nulls(value: Any, of: Structural | None) -> Any:
    """The value without nulls where none are allowed and no default takes their place."""
    if isinstance(value, list):
        items = of.items if of is not None else None
        return _same([without_nulls(item, items) for item in value], value)
    if not isinstance(value, dict):
        return value
    made: Doc = {}
    for key, item in value.items():
        inner = (of.properties.get(key) or of.additional) if of is not None else None
        if item is None and inner is not None and not inner.nullable and inner.default is None:
            continue
        made[key] = without_nulls(item, inner)
    return _same(made, value)


def defaulted(value: Any, of: Structural | None) -> Any:
    """The value with the schema's defaults where nothing is given."""
    if of is None:
        return value
    if isinstance(value, list):
        return _same([defaulted(_given(item, of.items), of.items) for item in value], value)
    if not isinstance(value, dict):
        return value
    made = dict(value)
    for key, inner in of.properties.items():
        if inner.default is not None and (key not in made or (made[key] is None and not inner.nullable)):
            made[key] = inner.default
    for key, item in made.items():
        if key in of.properties:
            made[key] = defaulted(item, of.properties[key])
        elif of.additional is not None:
            made[key] = defaulted(_given(item, of.additional), of.additional)
    return _same(made, value)


def _given(item: Any, of: Structural | None) -> Any:
    """The item, or for a null that is not allowed the default."""
    return of.default if item is None and of is not None and not of.nullable else item


def _same(made: Any, value: Any) -> Any:
    """`value` itself if `made` has the very same parts."""
    if isinstance(made, list):
        return value if all(a is b for a, b in zip(made, value, strict=True)) else made
    if len(made) != len(value):
        return made
    return value if all(item is value.get(key, _ABSENT) for key, item in made.items()) else made


def type_of(of: Structural) -> Type:
    """The type of the whole custom resource, for field management."""
    return _type(attrs.evolve(of, embedded=True, type="object"))


_SCALARS: Final = {"string": "string", "integer": "int64", "number": "float64", "boolean": "bool"}


def _type(of: Structural) -> Type:
    if of.int_or_string:
        return _scalar("IntOrString")
    if of.type == "object" or (not of.type and of.properties):
        return _object_type(of)
    if of.type == "array":
        element = _type(of.items) if of.items is not None else DEDUCED
        keys: tuple[tuple[str, Any], ...] = ()
        if of.list_type == "map" and of.items is not None:
            keys = tuple((key, _default_of(of.items, key)) for key in of.list_keys)
        return Type(
            form="list", go="[]interface {}", element=element, atomic=of.list_type not in ("map", "set"), keys=keys
        )
    if of.type in _SCALARS:
        has_format = of.type == "string" and of.raw.get("format") not in (None, "", "byte")
        return _scalar("Time" if has_format else _SCALARS[of.type])
    return DEDUCED


def _default_of(items: Structural, key: str) -> Any:
    inner = items.properties.get(key)
    return inner.default if inner is not None else None


@lru_cache(maxsize=16)
def _scalar(name: str) -> Type:
    return Type(form="scalar", go=name, scalar=name)


def _object_type(of: Structural) -> Type:
    children = {key: _type(inner) for key, inner in of.properties.items()}
    if of.embedded:
        children |= {"apiVersion": _scalar("string"), "kind": _scalar("string")}
        children["metadata"] = schema.named("meta.v1.ObjectMeta")
    rest: Type | None = None
    if of.additional is not None:
        rest = _type(of.additional)
    elif of.preserve or not of.properties:
        rest = None if of.embedded and not of.preserve else DEDUCED
    atomic = of.map_type == "atomic"
    if not children:
        return Type(form="map", go="map[string]interface {}", element=rest or DEDUCED, atomic=atomic)
    steps = {key: (f"f:{key}", child) for key, child in children.items()}
    return Type(
        form="struct", go="map[string]interface {}", children=children, steps=steps, element=rest, atomic=atomic
    )
