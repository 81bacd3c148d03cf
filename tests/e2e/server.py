"""`refk8s serve` as a process, and a client for it that needs nothing but the standard library."""

from __future__ import annotations

import http.client
import json
import re
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from .command import BINARY, environment


@attrs.frozen
class Answer:
    """What came back."""

    code: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The body as JSON."""
        return json.loads(self.raw)


class Server:
    """A running server. `lines` are what it said on stderr so far."""

    def __init__(self, *words: str | Path, cwd: Path | None = None, before: tuple[str, ...] = ()) -> None:
        command = [*before, BINARY, "serve", "--port", "0", *map(str, words)]
        self.process = subprocess.Popen(
            command, cwd=cwd, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
        )
        self.lines: list[str] = []
        self.url = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if found := re.search(r"serving \S+ on (\S+);", line):
                self.url = found[1]
                break
        if not self.url:
            self.process.wait(10)
            raise AssertionError("\n".join(self.lines))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(line.rstrip("\n") for line in self.process.stderr)

    def connect(self, timeout_s: float = 30) -> http.client.HTTPConnection:
        """A new connection."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                parts.hostname,
                parts.port,
                timeout=timeout_s,
                context=ssl._create_unverified_context(),
            )
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request on a connection of its own. A body that is no bytes goes as JSON; `content_type` names that header."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        connection = self.connect()
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Any:
        """The body of a GET that succeeds."""
        answer = self.ask("GET", path, **headers)
        assert answer.code == 200, answer
        return answer.body

    def create(self, path: str, document: Any) -> Any:
        """The body of a create that succeeds."""
        answer = self.ask("POST", path, document)
        assert answer.code == 201, answer
        return answer.body

    def watch(self, path: str, **headers: str) -> Iterator[Any]:
        """The events of a watch, as they come."""
        connection = self.connect()
        connection.request("GET", path, None, {k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        while line := response.readline():
            yield json.loads(line)
        connection.close()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it with a signal; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def serving(*words: str | Path, cwd: Path | None = None) -> Iterator[Server]:
    """A server for the length of a block."""
    server = Server(*words, cwd=cwd)
    try:
        yield server
    finally:
        server.stop()


def pod(name: str, **more: Any) -> dict[str, Any]:
    """A small pod."""
    metadata = {"name": name, **more}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
    }


def configmap(name: str, **data: str) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


PODS = "/api/v1/namespaces/default/pods"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
