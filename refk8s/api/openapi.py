"""OpenAPI documents of what is served: v3, one per group and version, and v2, all in one; made of the registry's rows and the facts of the types.

Good enough for `kubectl explain`, for the merge keys that kubectl takes from them, and for clients that validate; without descriptions.
Source: kube-openapi/pkg/{builder,builder3,handler3}; apiserver/pkg/endpoints/installer.go; api/openapi-spec/v3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import sha512
from typing import Any, Final

import orjson

from . import schema
from .registry import Resource

Doc = dict[str, Any]

# DEVIATES: there are no descriptions, because they are upstream's prose and not facts of the types.
VERSION: Final = "v1.36.2"

_API: Final = "io.k8s.api."
_MACHINERY: Final = "io.k8s.apimachinery.pkg."
_PACKAGES: Final = {
    "meta.v1": f"{_MACHINERY}apis.meta.v1",
    "apiextensions.v1": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
}
_QUANTITY: Final = f"{_MACHINERY}api.resource.Quantity"
_INT_OR_STRING: Final = f"{_MACHINERY}util.intstr.IntOrString"
_RAW: Final = f"{_MACHINERY}runtime.RawExtension"
_META: Final = f"{_MACHINERY}apis.meta.v1."
_SCALARS: Final[Mapping[str, Doc]] = {
    "s": {"type": "string"},
    "b": {"type": "boolean"},
    "i": {"type": "integer", "format": "int32"},
    "j": {"type": "integer", "format": "int64"},
    "f": {"type": "number", "format": "double"},
    "y": {"type": "string", "format": "byte"},
}
_NAMED: Final = {
    "Time": f"{_META}Time",
    "MicroTime": f"{_META}MicroTime",
    "Duration": f"{_META}Duration",
    "FieldsV1": f"{_META}FieldsV1",
    "Quantity": _QUANTITY,
    "IntOrString": _INT_OR_STRING,
    "RawExtension": _RAW,
    "JSONSchemaProps": _RAW,
}
_SPECIAL: Final[Mapping[str, Doc]] = {
    f"{_META}Time": {"type": "string", "format": "date-time"},
    f"{_META}MicroTime": {"type": "string", "format": "date-time"},
    f"{_META}Duration": {"type": "string"},
    f"{_META}FieldsV1": {"type": "object"},
    _RAW: {"type": "object"},
}
_SPECIAL_V3: Final[Mapping[str, Doc]] = {
    _QUANTITY: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    _INT_OR_STRING: {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
}
_SPECIAL_V2: Final[Mapping[str, Doc]] = {
    _QUANTITY: {"type": "string"},
    _INT_OR_STRING: {"type": "string", "format": "int-or-string"},
}
_PATCHES: Final = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_METHODS: Final = {"get": "get", "list": "get", "create": "post", "update": "put", "patch": "patch", "delete": "delete"}
_ACTIONS: Final = {"create": "post", "update": "put"}
_QUERY: Final[Mapping[str, str]] = {
    "pretty": "string",
    "dryRun": "string",
    "fieldManager": "string",
    "fieldValidation": "string",
    "force": "boolean",
    "labelSelector": "string",
    "fieldSelector": "string",
    "limit": "integer",
    "continue": "string",
    "resourceVersion": "string",
    "resourceVersionMatch": "string",
    "watch": "boolean",
    "allowWatchBookmarks": "boolean",
    "sendInitialEvents": "boolean",
    "timeoutSeconds": "integer",
    "gracePeriodSeconds": "integer",
    "orphanDependents": "boolean",
    "propagationPolicy": "string",
}
_WRITE: Final = ("dryRun", "fieldManager", "fieldValidation")
_SELECT: Final = ("labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch")
_DELETE: Final = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
_PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "list": (*_SELECT, "watch", "allowWatchBookmarks", "sendInitialEvents", "timeoutSeconds"),
    "deletecollection": (*_DELETE, *_SELECT),
    "get": (),
    "create": _WRITE,
    "update": _WRITE,
    "patch": (*_WRITE, "force"),
    "delete": _DELETE,
}


# ---- v3


def index(rows: tuple[Resource, ...]) -> Doc:
    """`/openapi/v3`: where the documents are, each with the hash of its content."""
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={hash_of(document(rows, path))}"}
            for path in sorted(_versions(rows))
        }
    }


def document(rows: tuple[Resource, ...], path: str) -> bytes | None:
    """The document of `api/v1` or `apis/GROUP/VERSION`, None for what is not served."""
    return _documents(rows).get(path)


def hash_of(content: bytes | None) -> str:
    """What names a version of a document."""
    return sha512(content or b"").hexdigest().upper()


@lru_cache(maxsize=4)
def _documents(rows: tuple[Resource, ...]) -> dict[str, bytes]:
    return {path: orjson.dumps(_document_v3(path, found)) for path, found in _versions(rows).items()}


def _versions(rows: Iterable[Resource]) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for row in rows:
        found.setdefault(f"apis/{row.api_version}" if row.group else f"api/{row.version}", []).append(row)
    return found


def _document_v3(path: str, rows: list[Resource]) -> Doc:
    made = _Builder("#/components/schemas/", _SPECIAL_V3, wrap=True)
    paths = {f"/{path}{below}": item for row in rows for below, item in _paths(row, made, _operation_v3)}
    info = {"title": "Kubernetes", "version": VERSION}
    return {
        "openapi": "3.0.0",
        "info": info,
        "paths": paths,
        "components": {"schemas": dict(sorted(made.schemas.items()))},
    }


# ---- v2


@lru_cache(maxsize=4)
def swagger(rows: tuple[Resource, ...]) -> bytes:
    """`/openapi/v2`: everything in one document."""
    made = _Builder("#/definitions/", _SPECIAL_V2, wrap=False)
    paths: Doc = {}
    for path, found in _versions(rows).items():
        paths |= {f"/{path}{below}": item for row in found for below, item in _paths(row, made, _operation_v2)}
    info = {"title": "Kubernetes", "version": VERSION}
    return orjson.dumps(
        {"swagger": "2.0", "info": info, "paths": paths, "definitions": dict(sorted(made.schemas.items()))}
    )


# ---- schemas


class _Builder:
    """Collects the schemas of types as they are referred to. `wrap`: references beside other keywords stand in an allOf, as v3 wants it."""

    def __init__(self, prefix: str, special: Mapping[str, Doc], *, wrap: bool) -> None:
        self.schemas: Doc = {}
        self.prefix = prefix
        self._special = {**_SPECIAL, **special}
        self._wrap = wrap

    def kind(self, row: Resource) -> Doc:
        """A reference to the schema of a row's kind; an object of any form if the type is not known."""
        short = schema.kinds_by_name().get(f"{row.api_version}/{row.kind}")
        if short is not None:
            return self._refer(short, row)
        name = f"{'.'.join(reversed((row.group or 'k8s.io').split('.')))}.{row.version}.{row.kind}"
        if name not in self.schemas:
            self.schemas[name] = self._custom(row)
        return {"$ref": self.prefix + name}

    def _custom(self, row: Resource) -> Doc:
        """The schema of a custom resource, as its definition has it, with the fields that every object has."""
        raw: Doc = dict(row.definition.raw) if row.definition is not None else {}
        meta = self._refer("meta.v1.ObjectMeta")
        common = {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"allOf": [meta]} if self._wrap else meta,
        }
        fields = {**(raw.get("properties") or {}), **common}
        return {
            **(raw or {"x-kubernetes-preserve-unknown-fields": True}),
            "type": "object",
            "properties": fields,
            **_gvk_of(row),
        }

    def list_of(self, row: Resource) -> Doc:
        """A reference to the schema of a list of a row's kind."""
        item = self.kind(row)
        name = item["$ref"].removeprefix(self.prefix) + "List"
        if name not in self.schemas:
            self.schemas[name] = {
                "type": "object",
                "required": ["items"],
                "properties": {
                    "apiVersion": {"type": "string"},
                    "items": {"type": "array", "items": item},
                    "kind": {"type": "string"},
                    "metadata": {"type": "object"},
                },
                "x-kubernetes-group-version-kind": [_gvk(row, row.list_kind)],
            }
        return {"$ref": self.prefix + name}

    def _refer(self, short: str, row: Resource | None = None) -> Doc:
        name = _full(short)
        if name not in self.schemas:
            self.schemas[name] = {}
            self.schemas[name] = self._struct(short, row)
        elif row is not None:
            self.schemas[name] |= _gvk_of(row)
        return {"$ref": self.prefix + name}

    def _struct(self, short: str, row: Resource | None) -> Doc:
        facts = schema.facts(short)
        fields = {name: self._field(line) for name, line in facts["f"].items()}
        if row is not None:
            fields = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, **fields}
        made: Doc = {"type": "object", "properties": dict(sorted(fields.items()))}
        required = [name for name, line in facts["f"].items() if "o" not in (line[1] if len(line) > 1 else "")]
        if required and short.rpartition(".")[2] not in ("PodStatus", "NodeStatus") and not short.endswith("Status"):
            made["required"] = sorted(required)
        if "atomic" in facts:
            made["x-kubernetes-map-type"] = "atomic"
        return {**made, **(_gvk_of(row) if row is not None else {})}

    def _field(self, line: list[Any]) -> Doc:
        code, flags, patch = (*line, "", "")[:3]
        made = self._type(code)
        if "$ref" in made and self._wrap:
            made = {"allOf": [made]} if "p" in flags else {"allOf": [made], "default": {}}
        strategies, _, key = patch.partition("|")
        if strategies:
            made["x-kubernetes-patch-strategy"] = strategies
        if key:
            made["x-kubernetes-patch-merge-key"] = key
        return made

    def _type(self, code: Any) -> Doc:
        if isinstance(code, str):
            if code.startswith("@"):
                return self._refer(code[1:].removesuffix("!"))
            base = code.partition(" ")[0]
            if base in _SCALARS:
                return dict(_SCALARS[base])
            name = _NAMED[base]
            self.schemas.setdefault(name, dict(self._special[name]))
            return {"$ref": self.prefix + name}
        tag, inner, *rest = code
        element = self._type(inner)
        if tag == "M":
            made: Doc = {"type": "object", "additionalProperties": element}
            return {**made, "x-kubernetes-map-type": "atomic"} if rest and "atomic" in rest[0] else made
        made = {"type": "array", "items": element}
        if not rest:
            return {**made, "x-kubernetes-list-type": "atomic"}
        if not rest[0]:
            return {**made, "x-kubernetes-list-type": "set"}
        return {**made, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key for key, _ in rest[0]]}


def _full(short: str) -> str:
    """`io.k8s.api.core.v1.PodSpec` of `core.v1.PodSpec`."""
    package, _, name = short.rpartition(".")
    return f"{_PACKAGES.get(package, _API + package)}.{name}"


def _gvk(row: Resource, kind: str = "") -> Doc:
    return {"group": row.group, "kind": kind or row.kind, "version": row.version}


def _gvk_of(row: Resource) -> Doc:
    return {"x-kubernetes-group-version-kind": [_gvk(row)]}


# ---- paths

Operation = Callable[[Resource, str, str, bool, _Builder], Doc]
"""(row, verb, subresource, for all namespaces, builder) → the operation."""


def _paths(row: Resource, made: _Builder, operation: Operation) -> Iterable[tuple[str, Doc]]:
    """(path below that of the version, its item) of a row."""
    scope = "/namespaces/{namespace}" if row.namespaced else ""
    on_collection = [verb for verb in ("list", "create", "deletecollection") if verb in row.verbs]
    on_object = [verb for verb in ("get", "update", "patch", "delete") if verb in row.verbs]
    if row.namespaced and "list" in row.verbs:
        yield f"/{row.plural}", {"get": operation(row, "list", "", True, made), "parameters": _in_path()}
    if on_collection:
        item = {_method(verb): operation(row, verb, "", False, made) for verb in on_collection}
        yield f"{scope}/{row.plural}", {**item, "parameters": _in_path(*(("namespace",) if scope else ()))}
    below = [("", tuple(on_object)), *sorted(row.subresources.items())]
    for name, verbs in below:
        if not verbs:
            continue
        item = {_method(verb): operation(row, verb, name, False, made) for verb in verbs}
        path = f"{scope}/{row.plural}/{{name}}{'/' + name if name else ''}"
        yield path, {**item, "parameters": _in_path("name", *(("namespace",) if scope else ()))}


def _method(verb: str) -> str:
    return "delete" if verb == "deletecollection" else _METHODS[verb]


def _in_path(*names: str) -> list[Doc]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "type": "string"} for name in names
    ]


def _common(row: Resource, verb: str, subresource: str, everywhere: bool) -> Doc:
    words = [verb, *(["namespaced"] if row.namespaced and not everywhere else []), row.kind, subresource]
    words += ["for-all-namespaces"] if everywhere else []
    name = "".join(part[:1].upper() + part[1:] for word in words for part in word.split("-"))
    version = "".join(part.capitalize() for part in f"{row.group.partition('.')[0] or 'core'}-{row.version}".split("-"))
    return {
        "operationId": f"{name[0].lower()}{name[1:]}In{version}",
        "tags": [f"{row.group.partition('.')[0] or 'core'}_{row.version}"],
        "x-kubernetes-action": _ACTIONS.get(verb, verb),
        "x-kubernetes-group-version-kind": _gvk(row),
    }


def _answer(row: Resource, verb: str, subresource: str, made: _Builder) -> Doc:
    if verb == "list":
        return made.list_of(row)
    return (
        {"type": "object"}
        if subresource not in ("", "status") or verb in ("delete", "deletecollection")
        else made.kind(row)
    )


def _operation_v3(row: Resource, verb: str, subresource: str, everywhere: bool, made: _Builder) -> Doc:
    answer = {"content": {"application/json": {"schema": _answer(row, verb, subresource, made)}}, "description": "OK"}
    codes = (
        ("200", "201") if verb in ("create", "update", "patch") else ("200", "202") if verb == "delete" else ("200",)
    )
    query = [{"name": name, "in": "query", "schema": {"type": _QUERY[name]}} for name in ("pretty", *_PARAMETERS[verb])]
    found = {
        **_common(row, verb, subresource, everywhere),
        "parameters": query,
        "responses": dict.fromkeys(codes, answer),
    }
    if verb in ("create", "update"):
        body = _answer(row, verb, subresource, made)
        found["requestBody"] = {"content": {"*/*": {"schema": body}}, "required": True}
    elif verb == "patch":
        found["requestBody"] = {
            "content": {kind: {"schema": {"type": "object"}} for kind in _PATCHES},
            "required": True,
        }
    return found


def _operation_v2(row: Resource, verb: str, subresource: str, everywhere: bool, made: _Builder) -> Doc:
    answer = {"schema": _answer(row, verb, subresource, made), "description": "OK"}
    codes = ("200", "201") if verb in ("create", "update", "patch") else ("200",)
    query: list[Doc] = [{"name": name, "in": "query", "type": _QUERY[name]} for name in ("pretty", *_PARAMETERS[verb])]
    if verb in ("create", "update", "patch"):
        body = {"type": "object"} if verb == "patch" else _answer(row, verb, subresource, made)
        query.append({"name": "body", "in": "body", "required": True, "schema": body})
    kinds = list(_PATCHES) if verb == "patch" else ["*/*"]
    found = {
        **_common(row, verb, subresource, everywhere),
        "parameters": query,
        "responses": dict.fromkeys(codes, answer),
    }
    return {**found, "consumes": kinds, "produces": ["application/json", "application/yaml"]}
