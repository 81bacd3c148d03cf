"""HTTP requests of the corpus as requests of the model, and the model's answers as bodies: what `refk8s.http` will do on a socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import orjson
import yaml

from ..api.patch import CONTENT_TYPES
from ..api.registry import ROWS, Resource
from ..api.rest import shown
from ..core.wire import Request, Response

__all__ = ["BadBody", "Http", "NotServed", "Target", "body_of", "request_of", "target_of"]

_BY_GROUP = {(row.group, row.version, row.plural): row for row in ROWS}
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class NotServed(Exception):
    """The request asks for something that is no resource served here."""


class BadBody(Exception):
    """The body is neither JSON nor YAML as its content type says."""


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
    """What a path names."""

    row: Resource
    namespace: str
    name: str
    subresource: str


def target_of(path: str) -> Target:
    """The resource, object and subresource of an API path. Raises NotServed."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise NotServed(path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and (group, version, rest[2]) in _BY_GROUP:
        namespace, rest = rest[1], rest[2:]
    row = _BY_GROUP.get((group, version, rest[0]))
    if row is None or len(rest) > 3 or (namespace and not row.namespaced):
        raise NotServed(path)
    name, subresource = (*rest[1:], "", "")[:2]
    return Target(row, namespace, name, subresource)


def request_of(http: Http, target: Target) -> Request:
    """The request that an HTTP request makes of the API server."""
    options: dict[str, Any] = {}
    for name, value in http.query.items():
        options[name] = value if isinstance(value, str) else value[0]
    for name in ("gracePeriodSeconds", "limit"):
        if name in options:
            options[name] = int(options[name])
    verb = _VERBS[http.method]
    if not target.name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
    body = http.body
    content_type = next((value for name, value in http.headers.items() if name.lower() == "content-type"), "")
    if verb == "patch":
        options["patchType"] = CONTENT_TYPES.get(content_type, "apply")
    if isinstance(body, str):
        body = _parsed(body, content_type)
    agent = http.headers.get("User-Agent", "python-client/1.0")
    return Request(verb, target.row.plural, target.namespace, target.name, target.subresource, body, options, agent)


def _parsed(text: str, content_type: str) -> Any:
    try:
        return yaml.safe_load(text) if "yaml" in content_type else orjson.loads(text)
    except (yaml.YAMLError, orjson.JSONDecodeError) as error:
        raise BadBody(str(error)) from None


def body_of(target: Target, request: Request, response: Response) -> Any:
    """The JSON body of an answer."""
    collection = not target.name and request.verb in ("list", "deletecollection")
    if response.status is not None or not collection:
        return shown(response)
    row = target.row
    items = [{k: v for k, v in stored.document.items() if k not in ("kind", "apiVersion")} for stored in response.items]
    metadata: dict[str, Any] = {"resourceVersion": str(response.revision), **(response.document or {})}
    return {"kind": row.list_kind, "apiVersion": row.api_version, "metadata": metadata, "items": items}
