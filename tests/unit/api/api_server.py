"""A server for tests: a store, an Api and a clock; each call is one request, answered at once."""

from __future__ import annotations

from typing import Any

from refk8s.api.rest import Api, genesis, shown
from refk8s.api.store import Change, Collection, Store
from refk8s.core.model import Occasion
from refk8s.core.wire import Request, Response

NOW_MS = 1_767_225_600_000
NAMESPACE = "default"

Doc = dict[str, Any]


class Server:
    """One API server on a fresh store. `commits` are those of the last request; `stale` what its watch cache holds, if that trails."""

    def __init__(self, api: Api | None = None) -> None:
        self.api = api or Api()
        self.store: Store = genesis(self.api, NOW_MS)
        self.now_ms = NOW_MS
        self.commits: tuple[Change, ...] = ()
        self.stale: dict[str, Collection] = {}
        self.agent = "tests"

    def ask(
        self, verb: str, resource: str, name: str = "", subresource: str = "", body: Any = None, **options: Any
    ) -> Response:
        """The answer to a request in the namespace `default` (cluster-scoped kinds: none), or in `namespace`."""
        namespace = options.pop("namespace", NAMESPACE if self.api.resources[resource].namespaced else "")
        return self.send(Request(verb, resource, namespace, name, subresource, body, options))

    def send(self, request: Request) -> Response:
        """The answer to a request."""
        occasion = Occasion(self.now_ms, self.agent, "client", "server", 1, self._cached)
        self.store, response, self.commits = self.api.serve(self.store, request, occasion)
        return response

    def _cached(self, resource: str) -> Collection:
        return self.stale.get(resource) or self.store.collection(resource)

    def done(
        self, verb: str, resource: str, name: str = "", subresource: str = "", body: Any = None, **options: Any
    ) -> Doc:
        """The body of the answer to a request that must succeed."""
        response = self.ask(verb, resource, name, subresource, body, **options)
        assert response.ok, response.status
        answer: Doc = shown(response)
        return answer

    def refused(
        self, verb: str, resource: str, name: str = "", subresource: str = "", body: Any = None, **options: Any
    ) -> tuple[int, str, str]:
        """(code, reason, message) of the answer to a request that must fail, and that must leave the store untouched."""
        before = self.store
        response = self.ask(verb, resource, name, subresource, body, **options)
        assert not response.ok
        assert self.store is before
        assert self.commits == ()
        return response.code, response.reason, response.message

    def create(self, resource: str, document: Doc, **options: Any) -> Doc:
        """A created object."""
        return self.done("create", resource, body=document, **options)

    def get(self, resource: str, name: str, **options: Any) -> Doc:
        """An object."""
        return self.done("get", resource, name, **options)

    def patch(self, resource: str, name: str, body: Any, subresource: str = "", **options: Any) -> Doc:
        """A patched object (by JSON merge patch unless `patchType` says otherwise)."""
        return self.done("patch", resource, name, subresource, body, **{"patchType": "merge", **options})

    def exists(self, resource: str, name: str) -> bool:
        """Whether the object is there."""
        return self.ask("get", resource, name).ok

    @property
    def types(self) -> list[str]:
        """The types of the last request's commits."""
        return [change.type for change in self.commits]


def config_map(name: str = "cm", **fields: Any) -> Doc:
    """A ConfigMap; `fields` go to its metadata, `data` beside it."""
    data = fields.pop("data", {"a": "1"})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **fields}, "data": data}


def pod(name: str = "p", spec: Doc | None = None, **metadata: Any) -> Doc:
    """A Pod with one container."""
    containers = [{"name": "c", "image": "nginx:1.27"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **metadata},
        "spec": {"containers": containers, **(spec or {})},
    }


def deployment(name: str = "d", **spec: Any) -> Doc:
    """A Deployment of one container; `spec` adds to its spec."""
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    selector = {"matchLabels": {"app": "a"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": selector, "template": template, **spec},
    }


def service(name: str = "s", **spec: Any) -> Doc:
    """A Service on port 80."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], **spec},
    }


def lease(name: str = "l", **spec: Any) -> Doc:
    """A Lease."""
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": spec}


def without_version(document: Doc) -> Doc:
    """The document without its resourceVersion."""
    metadata = {name: value for name, value in document["metadata"].items() if name != "resourceVersion"}
    return {**document, "metadata": metadata}
