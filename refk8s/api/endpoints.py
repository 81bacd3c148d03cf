"""HTTP requests as requests of the model, and its answers as bodies: what is the same on a socket and in a replay of recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs

from ..core.wire import Request, Response
from .crd import serving
from .patch import CONTENT_TYPES
from .registry import RESOURCES, SERVED, Resource
from .rest import shown
from .rest.bodies import go_parse_error
from .status import ApiError, Rejected, bad_request, generic, not_acceptable
from .store import Store
from .strict import read_json
from .tables import check_include, internal_metadata, table
from .yaml import BadYaml, read_yaml

__all__ = ["Http", "Refused", "Target", "body_of", "request_of", "target_of", "watch_options"]

_BY_GROUP: Final = {(row.group, row.version, row.plural): row for row in SERVED}
_GROUPS: Final = frozenset(row.group for row in SERVED)
_ON_COLLECTIONS: Final = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_ON_OBJECTS: Final = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_ON_SUBRESOURCES: Final = {**_ON_OBJECTS, "POST": "create"}
_INTEGERS: Final = ("gracePeriodSeconds", "limit", "timeoutSeconds")
_BINDINGS: Final = Resource("bindings", "Binding", verbs=("create",))
_NO_PAGE: Final = "404 page not found\n"


class Refused(Exception):
    """The request is answered before it reaches a resource: `code` and a body."""

    def __init__(self, code: int, body: Any) -> None:
        super().__init__(str(body))
        self.code = code
        self.body = body

    @classmethod
    def by(cls, error: ApiError) -> Refused:
        """Refused with a Status."""
        return cls(error.code, error.doc())


@attrs.frozen
class Http:
    """One HTTP request: query values are text or lists of text, `body` a JSON tree or text, None if there is none."""

    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    body: Any = None


@attrs.frozen
class Target:
    """What a path names. `watches`: by the old path prefix `watch/`."""

    row: Resource
    namespace: str
    name: str
    subresource: str
    watches: bool = False


def target_of(path: str, store: Store | None = None) -> Target:
    """The resource, object and subresource of an API path. Raises Refused with 404 for what is not served.

    `store`: where the definitions of custom resources are, None if these are not served.
    """
    parts = path[1:].removesuffix("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif (
        parts[0] == "apis"
        and len(parts) > 3
        and (parts[1] in _GROUPS or (store is not None and _is_group(store, parts[1])))
    ):
        group, version, rest = parts[1], parts[2], parts[3:]
    elif parts[0] == "api" or (parts[0] == "apis" and len(parts) > 2):
        raise Refused.by(generic(404))
    else:
        raise Refused(404, _NO_PAGE)
    watches = rest[0] == "watch" and len(rest) > 1
    rest = rest[1:] if watches else rest
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in RESOURCES["namespaces"].subresources:
        namespace, rest = rest[1], rest[2:]
    row = _BY_GROUP.get((group, version, rest[0]))
    if row is None and group and store is not None:
        row = serving.row_of(store, f"{rest[0]}.{group}", version)
    if row is None and (group, version, rest[0]) == ("", "v1", "bindings"):
        row = _BINDINGS
    name, subresource = (*rest[1:3], "", "")[:2]
    if (
        row is None
        or len(rest) > 3
        or (namespace and not row.namespaced)
        or (name and row.namespaced and not namespace)
    ):
        raise Refused.by(generic(404))
    if subresource and subresource not in row.subresources:
        raise Refused.by(generic(404))
    return Target(row, namespace, name, subresource, watches)


def _is_group(store: Store, group: str) -> bool:
    return any(row.group == group for row in serving.rows(store))


def request_of(http: Http, target: Target) -> Request:
    """The request that an HTTP request makes of the API server. Raises Refused."""
    verbs = _ON_SUBRESOURCES if target.subresource else _ON_OBJECTS if target.name else _ON_COLLECTIONS
    verb = verbs.get(http.method)
    scoped = verb == "list" or not target.row.namespaced or target.namespace
    if verb is None or not scoped or (target.row is _BINDINGS and verb != "create"):
        error = generic(405)
        raise Refused(405, "" if http.method == "HEAD" else error.doc())
    options = _options(http.query)
    content_type = header(http, "content-type").partition(";")[0]
    if verb == "patch":
        options["patchType"] = CONTENT_TYPES.get(content_type, "apply")
    body = http.body
    if isinstance(body, str) and verb.startswith("delete"):
        body = _parsed(body, content_type)
    elif isinstance(body, str) and "yaml" in content_type:
        options["contentType"] = content_type
    agent = header(http, "user-agent") or "unknown"
    if target.row is _BINDINGS:
        return Request("create", "pods", target.namespace, "", "binding", body, options, agent)
    if target.row.custom and target.row.version != target.row.storage_version:
        options["version"] = target.row.version
    return Request(verb, target.row.address, target.namespace, target.name, target.subresource, body, options, agent)


def watch_options(http: Http) -> dict[str, Any]:
    """The parameters of a watch. Raises Refused."""
    return _options(http.query)


def _options(query: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {
        name: value if isinstance(value, str) or name == "dryRun" else value[0] for name, value in query.items()
    }
    for name in _INTEGERS:
        if name in options:
            try:
                options[name] = int(options[name])
            except ValueError:
                text = f'strconv.ParseInt: parsing "{options[name]}": invalid syntax'
                raise Refused.by(bad_request(text)) from None
    return options


def _parsed(text: str, content_type: str) -> Any:
    try:
        return read_yaml(text)[0] if "yaml" in content_type else read_json(text)
    except json.JSONDecodeError as error:
        problem = f"couldn't get version/kind; json parse error: {go_parse_error(text, error)}"
        raise Refused.by(bad_request(problem)) from None
    except BadYaml as error:
        raise Refused.by(bad_request(str(error))) from None


def header(http: Http, wanted: str) -> str:
    """A header of the request, "" if it has none of this (lower-case) name."""
    return next((value for name, value in http.headers.items() if name.lower() == wanted), "")


def body_of(http: Http, target: Target, request: Request, response: Response, now_ms: int) -> Any:
    """The JSON body of an answer, in the form that the Accept header wants; ages in tables are as of `now_ms`. Raises Refused."""
    is_list = response.status is None and request.verb in ("list", "deletecollection")
    shape = shape_of(header(http, "accept"))
    row = target.row
    if not is_list:
        body = shown(response)
        if not shape.kind or (isinstance(body, dict) and body.get("kind") == "Status"):
            return body
        if shape.kind != TABLE:
            return _as_partial(row, shape, body)
        versions = {name: body["metadata"][name] for name in ("resourceVersion",) if name in body["metadata"]}
        return _table(http, row, shape, [body], versions, now_ms)
    documents = [stored.document for stored in response.items]
    metadata: dict[str, Any] = {"resourceVersion": str(response.revision), **(response.document or {})}
    if shape.kind == TABLE:
        return _table(http, row, shape, documents, metadata, now_ms)
    if shape.kind:
        return _as_partial_list(row, shape, documents, metadata)
    items = documents
    if not row.custom:  # upstream's typed lists do not repeat what their items are
        items = [{k: v for k, v in document.items() if k not in ("kind", "apiVersion")} for document in documents]
    return {"kind": row.list_kind, "apiVersion": row.api_version, "metadata": metadata, "items": items}


def event_object(http: Http, row: Resource, document: dict[str, Any], now_ms: int, *, first: bool) -> dict[str, Any]:
    """The object of a watch event, as the Accept header wants it; of tables only the `first` one of a watch defines the columns."""
    shape = shape_of(header(http, "accept"))
    if not shape.kind or document.get("kind") == "Status" or "metadata" not in document:
        return document
    if shape.kind != TABLE:
        return partial_metadata(document, shape.api_version)
    metadata = {"resourceVersion": document["metadata"]["resourceVersion"]}
    return _table(http, row, shape, [document], metadata, now_ms, headers=first)


@attrs.frozen
class Shape:
    """What an answer is to be converted to: "" (nothing), TABLE or a PartialObjectMetadata(List), in an apiVersion."""

    kind: str = ""
    api_version: str = ""


TABLE: Final = "Table"
_PARTIALS: Final = ("PartialObjectMetadata", "PartialObjectMetadataList")
_UNCONVERTED: Final = Shape()
_MEDIA_TYPES: Final = ("application/json", "application/yaml", "*/*", "application/*")


@lru_cache(maxsize=1024)
def shape_of(accept: str) -> Shape:
    """What the Accept header wants an answer converted to: of its clauses the first that can be served. Raises Refused with 406 if there is none."""
    if "as=" not in accept:
        return _UNCONVERTED
    for clause in accept.split(","):
        media_type, *given = [part.strip() for part in clause.split(";")]
        if media_type not in _MEDIA_TYPES:
            continue
        parameters = dict(part.partition("=")[::2] for part in given)
        kind, version = parameters.get("as", ""), parameters.get("v", "")
        if not kind:
            return _UNCONVERTED
        known = kind == TABLE or kind in _PARTIALS
        if known and parameters.get("g") == "meta.k8s.io" and version in ("v1", "v1beta1"):
            return Shape(kind, f"meta.k8s.io/{version}")
    raise Refused.by(not_acceptable(_MEDIA))


_MEDIA: Final = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor")


def partial_metadata(document: dict[str, Any], api_version: str = "meta.k8s.io/v1") -> dict[str, Any]:
    """The PartialObjectMetadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": internal_metadata(document)}


def _as_partial(row: Resource, shape: Shape, body: dict[str, Any]) -> dict[str, Any]:
    if shape.kind.endswith("List"):
        text = f"you requested {shape.kind}, but the requested object is not a list ({_go_type(row, row.kind)})"
        raise Refused.by(ApiError(406, "NotAcceptable", text))
    return partial_metadata(body, shape.api_version)


def _as_partial_list(
    row: Resource, shape: Shape, documents: list[dict[str, Any]], metadata: dict[str, Any]
) -> dict[str, Any]:
    if not shape.kind.endswith("List"):
        text = f"you requested {shape.kind}, but the requested object is a list ({_go_type(row, row.list_kind)})"
        raise Refused.by(ApiError(406, "NotAcceptable", text))
    items = [partial_metadata(document, shape.api_version) for document in documents] or None
    return {"kind": shape.kind, "apiVersion": shape.api_version, "metadata": metadata, "items": items}


def _go_type(row: Resource, kind: str) -> str:
    """The Go type that upstream holds objects of the resource in."""
    if row.custom:
        return "*unstructured.Unstructured" + ("List" if kind.endswith("List") else "")
    return f"*{row.group.partition('.')[0] or 'core'}.{kind}"


def _table(
    http: Http,
    row: Resource,
    shape: Shape,
    documents: list[dict[str, Any]],
    metadata: dict[str, Any],
    now_ms: int,
    *,
    headers: bool = True,
) -> dict[str, Any]:
    include = http.query.get("includeObject") or ""
    include = include if isinstance(include, str) else include[0]
    try:
        check_include(include)
    except Rejected as rejected:
        raise Refused.by(rejected.error) from None
    kind = documents[0].get("kind", row.kind) if documents else row.kind  # a Scale is of another kind than its resource
    made = table(kind, documents, metadata, now_ms, include=include, headers=headers, printer=row.printer)
    if shape.api_version != made["apiVersion"]:
        made["apiVersion"] = shape.api_version
        for entry in made["rows"]:
            if entry["object"] is not None and include != "Object":
                entry["object"] = {**entry["object"], "apiVersion": shape.api_version}
    return made
