"""The API over HTTP: `refk8s serve --only api`, loaded with wrk; and watches that see everything."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tests.e2e.server import CONFIGMAPS, PODS, Server, configmap, pod

from .measure import Figure, Size, benchmark

_CREATES = """
local count = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function request()
  count = count + 1
  return wrk.format("POST", "{path}", nil, string.format('{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{prefix}-%d",\
"labels":{{"app":"web"}}}},"spec":{{"containers":[{{"name":"web","image":"nginx:1.29","ports":[{{"containerPort":80}}],\
"resources":{{"requests":{{"cpu":"100m","memory":"64Mi"}}}}}}]}}}}', count))
end
"""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@benchmark("http")
def http(size: Size) -> list[Figure]:
    """Requests per second of `refk8s serve --only api` over loopback, all invariants on, measured with wrk on the other core: creates of Pods and gets of one.

    Beside each figure the CPU time of the server per request, which other work on the machine disturbs less. Without wrk (Debian: apt-get install wrk)
    these figures are missing. Then 100 watches of ConfigMaps, of which each must see every one of 10,000 writes.
    """
    figures: list[Figure] = []
    if shutil.which("wrk") is None:
        print("http: wrk is not installed; the figures measured with it are skipped", file=sys.stderr)
    else:
        seconds = 5 if size == "full" else 1
        for connections, creates, gets in ((32, 2_000, 6_000), (1, 1_000, 2_500)):
            figures += _load(connections, seconds, creates, gets)
        with TemporaryDirectory() as folder:
            figures += [
                figure for figure in _load(32, seconds, None, None, "--data", folder) if "creates" in figure.name
            ]
    return figures + _watches(*((100, 10_000) if size == "full" else (5, 50)))


def _load(connections: int, seconds: int, creates: int | None, gets: int | None, *words: str) -> list[Figure]:
    """The figures of a fresh server at so many connections."""
    made = []
    with _serving(*words) as server, TemporaryDirectory() as folder:
        script = Path(folder, "creates.lua")
        script.write_text(_CREATES.format(path=PODS, prefix="load"))
        server.create(PODS, pod("one"))
        what = f"at {connections} connection{'s' if connections > 1 else ''}{', with --data' if words else ''}"
        rate, cpu_s = _wrk(server, connections, seconds, f"{server.url}{PODS}", "-s", str(script))
        made += [
            Figure(f"Pod creates {what}", rate, "/s", creates, at_least=True),
            Figure(f"server CPU per create {what}", cpu_s * 1e6, "µs"),
        ]
        rate, cpu_s = _wrk(server, connections, seconds, f"{server.url}{PODS}/one")
        made += [
            Figure(f"gets {what}", rate, "/s", gets, at_least=True),
            Figure(f"server CPU per get {what}", cpu_s * 1e6, "µs"),
        ]
    return made


def _wrk(server: Server, connections: int, seconds: int, *words: str) -> tuple[float, float]:
    """(requests per second, CPU seconds of the server per request). Raises RuntimeError if a request failed."""
    before = _cpu_s(server.process.pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", *words]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used_s = _cpu_s(server.process.pid) - before
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    rate, count = re.search(r"Requests/sec:\s+([\d.]+)", out), re.search(r"(\d+) requests in", out)
    assert rate is not None
    assert count is not None
    return float(rate[1]), used_s / int(count[1])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _watches(count: int, writes: int) -> list[Figure]:
    """What the watch sees that sees least, and how quickly the last event is with everybody."""
    with _serving() as server:
        readers = Readers(server, count)
        readers.start()
        began = time.monotonic()
        before = _cpu_s(server.process.pid)
        connection = server.connect(120)
        for number in range(writes):
            connection.request(
                "POST",
                CONFIGMAPS,
                json.dumps(configmap(f"n{number}", v=str(number))),
                {"content-type": "application/json"},
            )
            response = connection.getresponse()
            response.read()
            if response.status != 201:
                raise RuntimeError(f"write {number}: {response.status}")
        readers.wait(writes, 120)
        took_s = time.monotonic() - began
        cpu_s = _cpu_s(server.process.pid) - before
    return [
        Figure(f"events seen by each of {count} watches, of {writes:,}", min(readers.seen), "", writes, at_least=True),
        Figure(f"events delivered to {count} watches", count * writes / took_s, "/s"),
        Figure("server CPU per event and watch", cpu_s / (count * writes) * 1e6, "µs"),
    ]


class Readers(threading.Thread):
    """Watches that count the lines that they get."""

    def __init__(self, server: Server, count: int) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(server.url)
        self.seen = [0] * count
        self._selector = selectors.DefaultSelector()
        self._stopped = False
        for number in range(count):
            sock = socket.create_connection((parts.hostname, parts.port))
            sock.sendall(f"GET {CONFIGMAPS}?watch=true&resourceVersion=0 HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += sock.recv(1)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            self._selector.register(sock, selectors.EVENT_READ, number)

    def run(self) -> None:
        """Count until told to stop."""
        while not self._stopped:
            for key, _ in self._selector.select(0.2):
                data = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]  # a socket
                self.seen[key.data] += data.count(b'{"type":"ADDED"')

    def wait(self, count: int, longest_s: float) -> None:
        """Until each has seen so many events."""
        until = time.monotonic() + longest_s
        while min(self.seen) < count and time.monotonic() < until:
            time.sleep(0.01)
        self._stopped = True
        self.join()


@contextlib.contextmanager
def _serving(*words: str) -> Iterator[Server]:
    server = Server("--only", "api", *words)
    try:
        yield server
    finally:
        server.stop()
