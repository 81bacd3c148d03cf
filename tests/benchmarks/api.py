"""The API server in process: requests per second, lists, and what a stored pod weighs."""

from __future__ import annotations

import gc
import tracemalloc
from statistics import median
from time import process_time
from typing import Any

import orjson

from refk8s.api.endpoints import Http, Target, body_of
from refk8s.api.rest import Api, genesis
from refk8s.api.store import Store
from refk8s.core.model import Occasion
from refk8s.core.wire import Request, Response

from .measure import Figure, Size, benchmark

NOW_MS = 1_767_225_600_000
PODS = 1_000
WARM = 5
"""So many times the pods fill what the server remembers, before one is weighed."""


def pod(number: int) -> dict[str, Any]:
    """A pod as a client sends it: a container with resources, a port, a probe and an environment; no two are alike."""
    container = {
        "name": "web",
        "image": "nginx:1.29",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": "NUMBER", "value": str(number)}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
    }
    metadata = {"name": f"pod-{number}", "labels": {"app": "web", "number": str(number)}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


class Server:
    """A server that answers one request after the other."""

    def __init__(self) -> None:
        self.api = Api()
        self.store: Store = genesis(self.api, NOW_MS)

    def serve(self, request: Request) -> Response:
        """The answer; what it changed is in the store."""
        occasion = Occasion(NOW_MS, "benchmark", "client", "server", 1, self.store.collection)
        self.store, response, _ = self.api.serve(self.store, request, occasion)
        return response


def filled(count: int) -> Server:
    """A server with so many pods."""
    server = Server()
    for number in range(count):
        assert server.serve(Request("create", "pods", "default", body=pod(number))).ok
    return server


@benchmark("api")
def api(size: Size) -> list[Figure]:
    """Requests per CPU second that the API server answers in process, on a store of 1,000 pods: get and create of a Pod (no two of them alike, so that nothing
    is remembered of the one before; decoded, defaulted, admitted, validated, with managedFields, and stored), a status patch, and a server-side apply that
    changes a label. Then a list of 1,000 pods as JSON text, and what one stored pod (one version, managedFields included) takes beyond its own JSON text.
    """
    pods, requests, repeats = (PODS, 3_000, 5) if size == "full" else (5, 5, 1)
    server = filled(pods)
    gets = [Request("get", "pods", "default", f"pod-{number % pods}") for number in range(requests)]
    patches = [_status(number, pods) for number in range(requests)]
    applies = [_apply(number, pods) for number in range(requests)]
    created: list[float] = []
    for repeat in range(repeats):
        bodies = [pod(1_000_000 * (repeat + 1) + number) for number in range(requests)]
        created.append(_rate(filled(pods), [Request("create", "pods", "default", body=body) for body in bodies]))
    return [
        Figure("gets per second", median(_rate(server, gets) for _ in range(repeats)), "/s", 15_000, at_least=True),
        Figure("creates of a Pod per second", median(created), "/s", 4_000, at_least=True),
        Figure("status patches of a Pod per second", median(_rate(server, patches) for _ in range(repeats)), "/s"),
        Figure("server-side applies to a Pod per second", median(_rate(server, applies) for _ in range(repeats)), "/s"),
        Figure(f"list of {pods} pods, encoded", median(_listed(filled(pods)) for _ in range(repeats)), "ms", 15),
        Figure("memory of a stored pod beyond its JSON text", _weight(pods), "B", 6_000),
    ]


def _status(number: int, pods: int) -> Request:
    body = {"status": {"phase": "Running", "podIP": f"10.0.{number // 250 % 250}.{number % 250 + 1}"}}
    return Request("patch", "pods", "default", f"pod-{number % pods}", "status", body, {"patchType": "merge"})


def _apply(number: int, pods: int) -> Request:
    name = f"pod-{number % pods}"
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"applied": str(number)}}}
    return Request("patch", "pods", "default", name, "", body, {"patchType": "apply", "fieldManager": "benchmark"})


def _rate(server: Server, requests: list[Request]) -> float:
    gc.collect()
    gc.disable()
    try:
        began = process_time()
        for request in requests:
            assert server.serve(request).ok
        return len(requests) / (process_time() - began)
    finally:
        gc.enable()


def _listed(server: Server) -> float:
    """Milliseconds of a list, its encoding included; what encoding caches is there from a first one."""
    http, request = Http("GET", "/api/v1/namespaces/default/pods", {}, {}), Request("list", "pods", "default")
    row = server.api.resources["pods"]
    took = 0.0
    for _ in range(2):
        began = process_time()
        response = server.serve(request)
        text = orjson.dumps(body_of(http, Target(row, "default", "", ""), request, response, NOW_MS))
        took = process_time() - began
        assert text
    return 1_000 * took


def _weight(pods: int) -> float:
    """Bytes that a further stored pod takes in a store without history, less those of its JSON text; what is remembered of earlier ones is full by then."""
    server = Server()
    tracemalloc.start()
    try:
        _fill(server, 0, WARM * pods)
        before = _held(server)
        _fill(server, WARM * pods, (WARM + 1) * pods)
        after = _held(server)
    finally:
        tracemalloc.stop()
    own = len(orjson.dumps(server.serve(Request("get", "pods", "default", f"pod-{WARM * pods}")).obj.document))
    return (after - before) / pods - own


def _fill(server: Server, first: int, last: int) -> None:
    for number in range(first, last):
        body = orjson.loads(orjson.dumps(pod(number)))
        assert server.serve(Request("create", "pods", "default", body=body)).ok
    server.store = server.store.compact(server.store.revision)


def _held(server: Server) -> int:
    assert server.store.compacted == server.store.revision
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
