"""What is served beside resources: version, health, discovery, OpenAPI documents."""

from __future__ import annotations

from typing import Any, Final

import attrs
import orjson

from . import discovery, openapi, openapi_protobuf
from .crd import serving
from .discovery import JSON
from .endpoints import Http, Refused, header
from .openapi import VERSION as KUBERNETES
from .registry import SERVED, Resource
from .reviews import ROWS as REVIEWS
from .status import generic
from .store import Store

_HEALTH: Final = ("/healthz", "/livez", "/readyz")
_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"
_PATHS: Final = ("/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version")
_TEXT: Final = "text/plain; charset=utf-8"
_VERSION: Final[dict[str, Any]] = {
    "major": "1",
    "minor": KUBERNETES.split(".")[1],
    "emulationMajor": "1",
    "emulationMinor": KUBERNETES.split(".")[1],
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": str(int(KUBERNETES.split(".")[1]) - 1),
    "gitVersion": KUBERNETES,
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "refk8s",
    "platform": "linux/python",
}


@attrs.frozen
class Page:
    """One page."""

    code: int
    body: Any
    kind: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def page(http: Http, store: Store) -> Page | None:
    """The page at a path, None for a path of resources. Raises Refused."""
    path = http.path
    if path in ("/version", "/version/"):
        _only_get(http)
        return Page(200, _VERSION)
    if path.startswith(_HEALTH):
        return _health(http)
    if path.startswith("/openapi/"):
        return _openapi(http, store)
    if path == "/metrics":
        _only_get(http)
        return Page(200, _metrics(store), _METRICS)
    if path == "/":
        _only_get(http)
        return Page(200, discovery.paths(served(store), _PATHS))
    if path.startswith("/api") and path.count("/") - path.endswith("/") <= 3:
        return _discovery(http, store)
    return None


def served(store: Store) -> dict[str, discovery.Versions]:
    """What is served, by group and version."""
    return discovery.groups_of((*rows(store), *REVIEWS))


def rows(store: Store) -> tuple[Resource, ...]:
    """The resources that are served and stored."""
    return (*SERVED, *serving.rows(store))


def _openapi(http: Http, store: Store) -> Page | None:
    """The OpenAPI documents; who has the current one is told so. Source: kube-openapi/pkg/handler3/handler.go."""
    path, found = http.path.removesuffix("/"), rows(store)
    if path == "/openapi/v2":
        content, kind = openapi.swagger(found), JSON
        if openapi_protobuf.MEDIA_TYPE in header(http, "accept"):
            content, kind = openapi_protobuf.encoded(content), openapi_protobuf.ANSWERED
    elif path == "/openapi/v3":
        content, kind = orjson.dumps(openapi.index(found)), _TEXT
    else:
        document = (
            openapi.document(found, path.removeprefix("/openapi/v3/")) if path.startswith("/openapi/v3/") else None
        )
        if document is None:
            return None
        content, kind = document, JSON
    _only_get(http)
    tag = f'"{openapi.hash_of(content)}"'
    headers = ((b"etag", tag.encode()), (b"vary", b"Accept"))
    if tag in header(http, "if-none-match"):
        return Page(304, b"", kind, headers)
    return Page(200, content, kind, headers)


def _discovery(http: Http, store: Store) -> Page | None:
    address = header(http, "host") or "127.0.0.1"
    found = discovery.page(served(store), http.path, header(http, "accept"), address)
    if found is None:
        return None
    _only_get(http)
    return Page(200, found[0], found[1])


def _only_get(http: Http) -> None:
    if http.method not in ("GET", "HEAD"):
        raise Refused.by(generic(405))


def _metrics(store: Store) -> str:
    """What there is, in the form of Prometheus. Source: apiserver/pkg/storage/etcd3/metrics/metrics.go."""
    name = "apiserver_storage_objects"
    lines = [f"# HELP {name} Number of stored objects at the time of the request, by resource.", f"# TYPE {name} gauge"]
    for resource in store.resources():
        lines.append(f'{name}{{resource="{resource}"}} {len(store.collection(resource).objects)}')
    return "\n".join(lines) + "\n"


def _health(http: Http) -> Page | None:
    first, _, check = http.path[1:].removesuffix("/").partition("/")
    if f"/{first}" not in _HEALTH:
        return None
    _only_get(http)
    if check not in ("", "ping", "log", "etcd"):
        raise Refused(404, "404 page not found\n")
    if "verbose" in http.query:
        return Page(200, f"[+]ping ok\n[+]log ok\n[+]etcd ok\n{first} check passed\n", _TEXT)
    return Page(200, "ok", _TEXT)
