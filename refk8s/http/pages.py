"""What is served beside resources: version, health, discovery, OpenAPI documents."""

from __future__ import annotations

import sys
from typing import Any, Final

import attrs
import orjson

from ..api import discovery, openapi, openapi_protobuf
from ..api.crd import serving
from ..api.endpoints import Http, Refused
from ..api.registry import ROWS, Resource
from ..api.status import generic
from ..trace.format import KUBERNETES
from .live import Live
from .negotiate import JSON
from .reviews import ROWS as REVIEWS

_HEALTH: Final = ("/healthz", "/livez", "/readyz")
_PATHS: Final = ("/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version")
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
    "platform": f"{sys.platform}/python",
}


@attrs.frozen
class Page:
    """One page."""

    code: int
    body: Any
    kind: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def page(http: Http, live: Live) -> Page | None:
    """The page at a path, None for a path of resources. Raises Refused."""
    path = http.path
    if path in ("/version", "/version/"):
        _only_get(http)
        return Page(200, _VERSION)
    if path.startswith(_HEALTH):
        return _health(http)
    if path.startswith("/openapi/"):
        return _openapi(http, live)
    if path == "/":
        _only_get(http)
        return Page(200, discovery.paths(served(live), _PATHS))
    if path.startswith("/api") and path.count("/") - path.endswith("/") <= 3:
        return _discovery(http, live)
    return None


def served(live: Live) -> dict[str, discovery.Versions]:
    """What is served, by group and version."""
    return discovery.groups_of((*rows(live), *REVIEWS))


def rows(live: Live) -> tuple[Resource, ...]:
    """The resources that are served and stored."""
    return (*ROWS, *serving.rows(live.world.store))


def _openapi(http: Http, live: Live) -> Page | None:
    """The OpenAPI documents; who has the current one is told so. Source: kube-openapi/pkg/handler3/handler.go."""
    path, found = http.path.removesuffix("/"), rows(live)
    if path == "/openapi/v2":
        content, kind = openapi.swagger(found), JSON
        if openapi_protobuf.MEDIA_TYPE in http.headers.get("accept", ""):
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
    if tag in http.headers.get("if-none-match", ""):
        return Page(304, b"", kind, headers)
    return Page(200, content, kind, headers)


def _discovery(http: Http, live: Live) -> Page | None:
    address = http.headers.get("host", "127.0.0.1")
    found = discovery.page(served(live), http.path, http.headers.get("accept", ""), address)
    if found is None:
        return None
    _only_get(http)
    return Page(200, found[0], found[1])


def _only_get(http: Http) -> None:
    if http.method not in ("GET", "HEAD"):
        raise Refused.by(generic(405))


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
