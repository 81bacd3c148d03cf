"""Random requests and random bytes: an answer that upstream might give, or a closed connection; never a hang, never an error of ours."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .server import Server, configmap, pod, serving

pytest.importorskip("uvicorn", reason="needs refk8s[serve]")

# What upstream answers with a 500 of its own: errors that it does not classify.
UNCLASSIFIED = ("strconv.ParseUint", "resourceVersion should not be set", "strconv.ParseInt")
LONGEST_S = 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module, which must say nothing about errors of its own until the end."""
    with serving("--nodes", "1", "--time", "fast") as server:
        server.create("/api/v1/namespaces/default/configmaps", configmap("a", a="b"))
        server.create("/api/v1/namespaces/default/pods", pod("p"))
        yield server
        assert server.ask("GET", "/readyz").code == 200
        wrong = [line for line in server.lines if "error" in line or "Traceback" in line or "alarm" in line]
        assert not wrong


def exchange(server: Server, sent: bytes) -> bytes:
    """All that comes back until the server, or our own end of sending, closes the connection. A timeout is a hang."""
    parts = urlsplit(server.url)
    answer = b""
    with (
        socket.create_connection((parts.hostname, parts.port), timeout=LONGEST_S) as connection,
        contextlib.suppress(ConnectionError),
    ):
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65_536):
            answer += data
    return answer


def judge(answer: bytes) -> None:
    """Each answer is HTTP, and none is a server error that upstream would not give."""
    if not answer:
        return
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    for part in answer.split(b"HTTP/1.1 5")[1:]:
        assert any(text.encode() in part for text in UNCLASSIFIED), part[:600]


TOKENS = st.sampled_from(
    [
        "api",
        "apis",
        "v1",
        "apps",
        "batch",
        "namespaces",
        "default",
        "pods",
        "configmaps",
        "deployments",
        "a",
        "p",
        "status",
        "scale",
        "binding",
        "eviction",
        "watch",
        "openapi",
        "v3",
        "v2",
        "version",
        "healthz",
        "nodes",
        "node-1",
        "customresourcedefinitions",
        "apiextensions.k8s.io",
        "x",
        "",
    ]
)
PATHS = st.lists(TOKENS | st.text(max_size=8), max_size=8).map(
    lambda parts: "/" + "/".join(quote(part, safe="") for part in parts)
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=12)
KEYS = st.sampled_from(
    [
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "labels",
        "spec",
        "data",
        "containers",
        "image",
        "status",
        "finalizers",
        "resourceVersion",
        "items",
        "uid",
        "op",
        "path",
        "value",
    ]
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=6), inner, max_size=5),
    max_leaves=20,
)
BODIES = (
    st.just(b"")
    | st.binary(max_size=100)
    | TREES.map(lambda tree: json.dumps(tree).encode())
    | TREES.map(
        lambda tree: json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": tree}
        ).encode()
    )
    | st.binary(max_size=60).map(lambda raw: b"k8s\0" + raw)
)
QUERIES = st.dictionaries(
    st.sampled_from(
        [
            "limit",
            "continue",
            "labelSelector",
            "fieldSelector",
            "resourceVersion",
            "resourceVersionMatch",
            "sendInitialEvents",
            "timeoutSeconds",
            "dryRun",
            "fieldManager",
            "force",
            "fieldValidation",
            "pretty",
            "gracePeriodSeconds",
            "propagationPolicy",
            "allowWatchBookmarks",
            "x",
        ]
    ),
    st.sampled_from(
        [
            "",
            "0",
            "1",
            "-1",
            "true",
            "All",
            "Exact",
            "NotOlderThan",
            "a=b",
            "a in (b)",
            "!a",
            "metadata.name=a",
            "Strict",
            "x",
        ]
    )
    | st.text(max_size=8),
    max_size=3,
)
KINDS = st.sampled_from(
    [
        "application/json",
        "application/yaml",
        "application/merge-patch+json",
        "application/json-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
        "application/vnd.kubernetes.protobuf",
        "text/plain",
        "",
    ]
)
ACCEPTS = st.sampled_from(
    [
        "",
        "*/*",
        "application/json",
        "application/yaml",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        "application/vnd.kubernetes.protobuf",
        "application/json;as=Nope",
        ";;,q=,",
    ]
)
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)


@QUIET
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"]),
    path=PATHS,
    query=QUERIES,
    body=BODIES,
    kind=KINDS,
    accept=ACCEPTS,
)
def test_random_requests(
    server: Server, method: str, path: str, query: dict[str, str], body: bytes, kind: str, accept: str
) -> None:
    target = path + ("?" + "&".join(f"{name}={quote(value)}" for name, value in query.items()) if query else "")
    head = f"{method} {target} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\naccept: {accept}\r\ncontent-length: {len(body)}\r\n\r\n"
    judge(exchange(server, head.encode() + body))


@QUIET
@given(st.binary(max_size=300))
def test_random_bytes(server: Server, sent: bytes) -> None:
    judge(exchange(server, sent))


@QUIET
@given(st.binary(max_size=40), st.integers(0, 200))
def test_a_request_that_is_cut_or_disturbed(server: Server, noise: bytes, place: int) -> None:
    body = json.dumps(configmap("c")).encode()
    whole = b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    whole += f"content-length: {len(body)}\r\n\r\n".encode() + body
    judge(exchange(server, whole[:place] + noise + (whole[place:] if len(noise) % 2 else b"")))


def test_patches_of_every_type_with_anything(server: Server) -> None:
    path = "/api/v1/namespaces/default/configmaps/a"
    bodies: list[Any] = [
        None,
        True,
        0,
        "",
        [],
        {},
        [1],
        [{}],
        [{"op": "add"}],
        {"metadata": None},
        {"metadata": {"name": 1}},
        {"data": []},
    ]
    bodies += [
        [{"op": op, "path": where, "value": 1}]
        for op in ("add", "remove", "replace", "move", "copy", "test", "x")
        for where in ("", "/", "/data/x", "x", "/0")
    ]
    for kind in ("merge-patch+json", "json-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"):
        for body in bodies:
            sent = json.dumps(body).encode()
            answer = server.ask("PATCH", path + "?fieldManager=f", sent, content_type=f"application/{kind}")
            assert answer.code < 500 or any(text in answer.body["message"] for text in UNCLASSIFIED), (
                kind,
                body,
                answer.body,
            )
