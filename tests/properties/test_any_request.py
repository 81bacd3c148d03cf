"""Whatever a client sends, the API server answers: bodies and patches of real kinds with anything in any place."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any, Final

import pytest

from refk8s.api.endpoints import Http, Refused, body_of, request_of, target_of
from refk8s.core.wire import Request
from tests.unit.api.api_server import Server

Doc = dict[str, Any]

ANYTHING: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 1.5, 2**63, 2**70, "", "a", "x" * 300, "ü", "\ud800", "5", "100m", "{}"),
    *([], {}, [None], [{}], [[]], {"": 1}, {"a": None}, "2026-01-01T00:00:00Z"),
)
KEYS: Final = ("zzz", "name", "spec", "items", "default", "type", "properties", "$patch", "x-kubernetes-list-type")
POD_SPEC: Final[Doc] = {
    "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}], "env": [{"name": "A", "value": "b"}]}],
    "tolerations": [{"key": "a", "operator": "Exists"}],
}
SCHEMA: Final[Doc] = {
    "type": "object",
    "properties": {
        "r": {"type": "integer", "default": 1, "minimum": 0},
        "s": {"type": "string", "pattern": "^a", "format": "date-time", "nullable": True},
        "l": {
            "type": "array",
            "maxItems": 3,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}}},
        },
        "i": {"x-kubernetes-int-or-string": True},
        "e": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "o": {
            "type": "object",
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
            "additionalProperties": {"type": "string", "enum": ["a", "b"]},
        },
    },
}
VERSION: Final[Doc] = {
    "name": "v1",
    "served": True,
    "storage": True,
    "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.r", "statusReplicasPath": ".status.r"}},
    "additionalPrinterColumns": [{"name": "S", "type": "date", "jsonPath": ".spec.s"}],
    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SCHEMA}}},
}
NAMES: Final = {"plural": "ws", "kind": "W", "shortNames": ["w"]}
PLACES: Final[dict[str, tuple[str, Doc]]] = {
    "pods": (
        "/api/v1/namespaces/default/pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "labels": {"a": "b"}, "finalizers": ["x/y"]},
            "spec": POD_SPEC,
        },
    ),
    "deployments": (
        "/apis/apps/v1/namespaces/default/deployments",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "p"},
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD_SPEC},
            },
        },
    ),
    "customresourcedefinitions": (
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "ws.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced", "names": NAMES, "versions": [VERSION]},
        },
    ),
    "ws.example.com": (
        "/apis/example.com/v1/namespaces/default/ws",
        {
            "apiVersion": "example.com/v1",
            "kind": "W",
            "metadata": {"name": "p"},
            "spec": {
                "r": 2,
                "s": "a",
                "l": [{"k": "1"}, {"k": "2"}],
                "i": "x",
                "e": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}},
                "o": {"a": "a"},
            },
        },
    ),
}


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in a document but itself."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in inner:
        yield (*at, key)
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))


def spoilt(document: Doc, rnd: random.Random) -> Doc:
    """The document with a few parts replaced, removed, added or repeated."""
    made = copy.deepcopy(document)
    for _ in range(rnd.choice((0, 0, 1, 1, 2, 4))):
        found = list(places(made))
        if not found:
            break
        *path, key = rnd.choice(found)
        holder: Any = made
        for part in path:
            holder = holder[part]
        what = rnd.choice(("replace", "replace", "remove", "add"))
        if what == "remove":
            del holder[key]
        elif what == "replace":
            holder[key] = copy.deepcopy(rnd.choice(ANYTHING))
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[rnd.choice(KEYS)] = copy.deepcopy(rnd.choice(ANYTHING))
    return made


def any_request(resource: str, rnd: random.Random) -> Request:
    """A request about the resource, which may be a bad one."""
    _, document = PLACES[resource]
    verb = rnd.choice(("create", "update", "patch", "patch", "patch", "delete", "get", "list"))
    subresource = rnd.choice(("", "", "", "status", "scale")) if verb in ("update", "patch", "get") else ""
    options: dict[str, Any] = {}
    body: Any = spoilt(document, rnd) if verb in ("create", "update", "patch") else None
    if verb == "patch":
        options["patchType"] = rnd.choice(("apply", "apply", "merge", "strategic", "json"))
        if options["patchType"] == "apply":
            options |= {"fieldManager": rnd.choice(("a", "b", "kubectl", "")), "force": rnd.choice((True, False, "x"))}
        elif options["patchType"] == "json":
            path = rnd.choice(("/spec", "/spec/l/0", "/metadata/labels/a", "/status", "/x/y", ""))
            operation = rnd.choice(("add", "remove", "replace", "test", "copy", "move"))
            body = [{"op": operation, "path": path, "value": rnd.choice(ANYTHING), "from": "/spec"}]
    if rnd.random() < 0.3:
        options["fieldValidation"] = rnd.choice(("Strict", "Warn", "Ignore", "x"))
    if rnd.random() < 0.1:
        options["dryRun"] = ["All"]
    if body is not None and rnd.random() < 0.5:
        body = json.dumps(body)
    namespace = "" if resource == "customresourcedefinitions" else "default"
    name = "" if verb in ("create", "list") else document["metadata"]["name"]
    return Request(verb, resource, namespace, name, subresource, body, options, "fuzz")


@pytest.mark.parametrize("seed", range(12))
def test_every_request_is_answered_and_a_refused_one_leaves_no_trace(seed: int) -> None:
    rnd = random.Random(seed)
    server = Server()
    _, definition = PLACES["customresourcedefinitions"]
    server.done("create", "customresourcedefinitions", body=definition)
    for _ in range(60):
        resource = rnd.choice(list(PLACES))
        before = server.store
        response = server.send(any_request(resource, rnd))
        assert response.ok or server.store is before
        json.dumps(response.status if not response.ok else "")
        as_table = Http("GET", PLACES[resource][0], {}, {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"})
        try:
            target = target_of(as_table.path, server.store)
            asked = request_of(as_table, target)
            shown = body_of(as_table, target, asked, server.send(asked), server.now_ms)
        except Refused:
            continue
        assert all(len(row["cells"]) == len(shown["columnDefinitions"]) for row in shown["rows"])
