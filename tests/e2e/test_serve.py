"""`refk8s serve`: the HTTP around the API, and what becomes of bad input and trouble."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from .command import refk8s
from .server import CONFIGMAPS, PODS, Server, configmap, pod, serving

pytest.importorskip("uvicorn", reason="needs refk8s[serve]")


@pytest.fixture(scope="module")
def api() -> Iterator[Server]:
    """One bare API server for the module."""
    with serving("--only", "api") as server:
        yield server


def test_pages(api: Server) -> None:
    assert api.get("/version")["gitVersion"] == "v1.36.2"
    for path in ("/healthz", "/livez", "/readyz", "/readyz/ping", "/livez/"):
        answer = api.ask("GET", path)
        assert (answer.code, answer.raw) == (200, b"ok"), path
    assert b"check passed" in api.ask("GET", "/readyz?verbose").raw
    assert api.ask("POST", "/version", {}).code == 405
    nothing = api.ask("GET", "/nope")
    assert (nothing.code, nothing.headers["content-type"], nothing.raw) == (
        404,
        "text/plain; charset=utf-8",
        b"404 page not found\n",
    )


def test_a_trailing_slash_means_nothing(api: Server) -> None:
    assert api.get(f"{PODS}/")["kind"] == "PodList"
    assert api.get("/api/v1/namespaces/default/")["kind"] == "Namespace"


def test_answers_have_upstreams_headers(api: Server) -> None:
    answer = api.ask("POST", f"{CONFIGMAPS}?fieldValidation=Warn", {**configmap("headers"), "nope": 'a "b"'})
    assert answer.code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-cache, private"
    assert answer.headers["warning"] == '299 - "unknown field \\"nope\\""'
    assert answer.raw.endswith(b"}\n")


def test_head_is_not_allowed_and_a_method_that_http_does_not_know_neither(api: Server) -> None:
    assert (api.ask("HEAD", PODS).code, api.ask("HEAD", PODS).raw) == (405, b"")
    unknown = api.ask("FOO", PODS)
    assert (unknown.code, unknown.body["reason"]) == (405, "MethodNotAllowed")


def test_what_is_wanted_is_negotiated(api: Server) -> None:
    assert api.ask("GET", PODS, accept="application/yaml").raw.startswith(b"apiVersion: v1")
    protobuf = "application/vnd.kubernetes.protobuf"
    assert api.get(PODS, accept=f"{protobuf},application/json")["kind"] == "PodList"
    refused = api.ask("GET", PODS, accept=protobuf)
    assert (refused.code, refused.body["reason"]) == (406, "NotAcceptable")
    unread = api.ask("POST", PODS, b"k8s\0nonsense", content_type=protobuf)
    assert (unread.code, unread.body["reason"]) == (415, "UnsupportedMediaType")
    partial = api.get(PODS, accept="application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
    assert partial["kind"] == "PartialObjectMetadataList"


def test_large_answers_are_compressed_for_those_who_take_it(api: Server) -> None:
    api.create(CONFIGMAPS, configmap("large", text="x" * 200_000))
    packed = api.ask("GET", f"{CONFIGMAPS}/large", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.raw))["data"]["text"] == "x" * 200_000
    assert "content-encoding" not in api.ask("GET", f"{CONFIGMAPS}/large").headers
    assert "content-encoding" not in api.ask("GET", PODS, accept_encoding="gzip").headers


def test_bodies_have_limits(api: Server) -> None:
    large = api.ask("POST", CONFIGMAPS, configmap("huge", text="x" * (3 << 20)))
    assert (large.code, large.body["reason"]) == (413, "RequestEntityTooLarge")
    deep = api.ask("POST", CONFIGMAPS, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, content_type="application/json")
    assert (deep.code, deep.body["message"]) == (400, "json: exceeded max depth")
    for nested in (b"[" * 190 + b"]" * 190, b'{"a":' * 190 + b"1" + b"}" * 190):
        assert api.ask("POST", CONFIGMAPS, nested, content_type="application/json").code in (400, 422)
        assert api.ask(
            "PATCH", f"{CONFIGMAPS}/kube-root-ca.crt", nested, content_type="application/merge-patch+json"
        ).code in (400, 404)


def test_a_body_in_pieces_is_read(api: Server) -> None:
    connection = api.connect()
    body = json.dumps(configmap("pieces")).encode()
    connection.request(
        "POST", CONFIGMAPS, iter([body[:10], body[10:]]), {"content-type": "application/json"}, encode_chunked=True
    )
    assert connection.getresponse().status == 201
    connection.close()


def test_a_watch_has_headers_before_its_first_event(api: Server) -> None:
    connection = api.connect(5)
    revision = api.get(CONFIGMAPS)["metadata"]["resourceVersion"]
    connection.request("GET", f"{CONFIGMAPS}?watch=True&resourceVersion={revision}&fieldSelector=metadata.name=seen")
    response = connection.getresponse()
    assert (response.status, response.getheader("content-type")) == (200, "application/json")
    api.create(CONFIGMAPS, configmap("unseen"))
    made = api.create(CONFIGMAPS, configmap("seen"))
    event = json.loads(response.readline())
    assert (event["type"], event["object"]) == ("ADDED", made)
    connection.close()


def test_a_watch_ends_after_its_timeout(api: Server) -> None:
    began = time.monotonic()
    assert list(api.watch(f"{PODS}?watch=true&timeoutSeconds=1&resourceVersion=0")) == []
    assert 0.9 < time.monotonic() - began < 10


def test_a_watch_may_begin_with_what_is_there(api: Server) -> None:
    api.create(CONFIGMAPS, {**configmap("first"), "metadata": {"name": "first", "labels": {"watched": "yes"}}})
    query = "watch=1&labelSelector=watched%3Dyes&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    stream = api.watch(f"{CONFIGMAPS}?{query}")
    assert [next(stream)["type"], next(stream)["type"]] == ["ADDED", "BOOKMARK"]
    api.ask("DELETE", f"{CONFIGMAPS}/first")
    assert next(stream)["type"] == "DELETED"


def test_a_watch_that_is_too_old_gets_one_error_event(api: Server) -> None:
    (event,) = api.watch(f"{PODS}?watch=true&resourceVersion=1")
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_a_watch_of_custom_resources_ends_with_their_definition(api: Server) -> None:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    names = {"plural": "lamps", "singular": "lamp", "kind": "Lamp"}
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    spec = {"group": "example.com", "scope": "Cluster", "names": names, "versions": versions}
    api.create(
        definitions,
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "lamps.example.com"},
            "spec": spec,
        },
    )
    events = api.watch("/apis/example.com/v1/lamps?watch=true&resourceVersion=0")
    api.create(
        "/apis/example.com/v1/lamps", {"apiVersion": "example.com/v1", "kind": "Lamp", "metadata": {"name": "desk"}}
    )
    assert next(events)["type"] == "ADDED"
    assert api.ask("DELETE", f"{definitions}/lamps.example.com").code == 200
    assert [event["type"] for event in events] == ["DELETED"]
    assert api.ask("GET", "/apis/example.com/v1/lamps").code == 404


def test_a_slow_watcher_is_dropped_and_nobody_waits_for_it() -> None:
    with serving("--only", "api") as server:
        slow = server.connect(60)
        slow.request("GET", f"{CONFIGMAPS}?watch=true&resourceVersion=0")
        assert slow.getresponse().status == 200  # and it never reads
        server.create(CONFIGMAPS, configmap("busy", text="x" * 500_000))
        connection = server.connect()
        for number in range(120):
            body = json.dumps({"data": {"n": str(number)}})
            connection.request("PATCH", f"{CONFIGMAPS}/busy", body, {"content-type": "application/merge-patch+json"})
            response = connection.getresponse()
            response.read()
            assert response.status == 200
        slow.sock.settimeout(20)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := slow.sock.recv(1 << 20):
                received += data
        assert len(received) < 60_000_000
        assert not received.endswith(b"0\r\n\r\n")  # cut off, not ended well
        assert server.ask("GET", PODS).code == 200


def test_a_token_is_asked_for(tmp_path: Path) -> None:
    with serving("--only", "api", "--token", "s3cret", "--kubeconfig", tmp_path / "config") as server:
        assert server.ask("GET", PODS).code == 401
        assert server.ask("GET", PODS, authorization="Bearer wrong").code == 401
        assert server.ask("GET", PODS, authorization="Basic s3cret").body["reason"] == "Unauthorized"
        assert server.ask("GET", PODS, authorization="Bearer s3cret").code == 200
        text = (tmp_path / "config").read_text()
        assert "token: s3cret" in text
        assert server.url in text
        assert (tmp_path / "config").stat().st_mode & 0o077 == 0


def test_tls_with_a_certificate_that_the_kubeconfig_carries(tmp_path: Path) -> None:
    import base64
    import ssl
    import urllib.request

    import yaml

    with serving("--only", "api", "--tls", "--kubeconfig", tmp_path / "config") as server:
        cluster = yaml.safe_load((tmp_path / "config").read_text())["clusters"][0]["cluster"]
        context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        with urllib.request.urlopen(f"{cluster['server']}/version", context=context) as response:
            assert json.load(response)["gitVersion"] == "v1.36.2"
        assert server.ask("GET", PODS).code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/namespaces HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/v1/namespaces HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /api/v1/pods HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_or_cut_and_never_hangs(api: Server, sent: bytes) -> None:
    parts = urlsplit(api.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 2"))
    assert not any("Traceback" in line or "internal error" in line for line in api.lines)


def test_a_head_that_does_not_end_is_refused(api: Server) -> None:
    parts = urlsplit(api.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET / HTTP/1.1\r\nx: " + b"y" * (2 << 20))
        assert connection.recv(100).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_another_protocol_is_not_spoken(api: Server) -> None:
    answer = api.ask("GET", "/version", connection="upgrade", upgrade="h2c")
    assert (answer.code, answer.body["gitVersion"]) == (200, "v1.36.2")


def test_the_server_ends_within_its_grace_though_watches_are_open() -> None:
    with serving("--only", "api") as server:
        stream = server.connect()
        stream.request("GET", f"{PODS}?watch=true")
        assert stream.getresponse().status == 200
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nope"], "error: nope: no such file, and no shipped scenario; shipped are "),
        (["--time", "slow"], "error: --time slow: there are real and fast"),
        (["--only", "nodes"], "error: --only nodes: there is only api"),
        (["--only", "api", "rollout"], "error: --only api serves no scenario; leave rollout away"),
        (["--fsync"], "error: --fsync is about the log; it needs --data DIR"),
        (["--trace", "x.txt"], "error: x.txt: a trace's name ends in .jsonl"),
        (["--port", "70000"], "error: Invalid value for '--port'"),
        (["--kubeconfig", "/proc/nope"], "error: /proc/nope: the kubeconfig cannot be written"),
    ],
)
def test_mistakes_in_the_command_are_one_line(words: list[str], line: str) -> None:
    done = refk8s("serve", *(["--port", "0"] if "--port" not in words else []), *words)
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(line)


def test_a_port_in_use_is_one_line(api: Server) -> None:
    done = refk8s("serve", "--port", str(urlsplit(api.url).port))
    assert done.code == 2
    assert done.err.startswith(f"error: cannot listen on 127.0.0.1:{urlsplit(api.url).port}: Address already in use; ")


def documents(answer: Any) -> list[str]:
    """The names in a list."""
    return [item["metadata"]["name"] for item in answer["items"]]


def test_a_cluster_lives_behind_it(tmp_path: Path) -> None:
    trace = tmp_path / "session.trace.jsonl"
    with serving("--nodes", "2", "--time", "fast", "--trace", trace) as server:
        server.create(PODS, pod("hello"))
        for event in server.watch(f"{PODS}?watch=true&fieldSelector=metadata.name%3Dhello"):
            if event["object"].get("status", {}).get("phase") == "Running":
                break
        assert event["object"]["spec"]["nodeName"] in documents(server.get("/api/v1/nodes"))
        refused = server.ask("POST", PODS, pod("hello"))
        assert refused.code == 409
        assert server.stop() == 0
    labels = [json.loads(line).get("label", "") for line in trace.read_text().splitlines()]
    assert [label for label in labels if label.startswith("input")] == ["input create pods default"] * 2
    again = refk8s("replay", trace)
    assert again.code == 0, again.err
    assert again.out.startswith("same: ")
    assert "recorded as stopped" in again.out
