"""The api corpus replayed over HTTP against any server, by the rules of the replay in process (refk8s.conformance.api).

The server must be as the corpus wants it: no nodes, no controllers, real time (`refk8s serve --only api`).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import attrs

from ..api.endpoints import Http
from ..conformance.api import CORPUS, DISCOVERY, ConformanceError, Replayer, Step, scenarios, served_only
from ..conformance.api_match import Symbols, compare
from ..conformance.report import Disagreement, Group, Report

_TIMEOUT_S: Final = 30.0
_LONGEST_WAIT_S: Final = 3.0
_QUIET_S: Final = 0.15
_WARNING: Final = re.compile(r'\d{3} \S+ "(.*)"')


@attrs.frozen
class Place:
    """Where the server is. `prefix`: what its paths begin with."""

    host: str
    port: int
    prefix: str
    tls: bool
    token: str

    def connect(self, timeout_s: float = _TIMEOUT_S) -> http.client.HTTPConnection:
        """A connection. Certificates are not verified: it is the answers that are."""
        if self.tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout_s, context=context)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout_s)


def place_of(url: str, token: str = "") -> Place:
    """The server at a URL. Raises ConformanceError for what is none, or where nobody listens."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or not port:
        raise ConformanceError(f"--url {url}: a URL is needed, such as http://127.0.0.1:8001")
    place = Place(parts.hostname, port, parts.path.rstrip("/"), parts.scheme == "https", token)
    try:
        place.connect(5).connect()
    except OSError as error:
        raise ConformanceError(f"--url {url}: {error.strerror or error}; is the server running?") from None
    return place


def replay_url(
    folder: Path,
    url: str,
    token: str = "",
    tell: Callable[[str], None] = lambda theme: None,
    themes: tuple[str, ...] = (),
) -> Report:
    """The agreement per theme of the server at `url` with the corpus in `folder` (`themes` only, if any are given); `tell` hears each.

    Raises ConformanceError.
    """
    place = place_of(url, token)
    groups = []
    for theme, found in scenarios(folder):
        if themes and theme not in themes:
            continue
        tell(theme)
        steps = [step for scenario in found for step in _replay(scenario, place)]
        disagreements = tuple(Disagreement(step.name, step.wrong[0]) for step in steps if step.wrong)
        groups.append(Group(CORPUS, theme, len(steps), disagreements, sum(step.agrees for step in steps)))
    return Report(tuple(groups))


def _replay(scenario: dict[str, Any], place: Place) -> list[Step]:
    client = _Client(scenario, place)
    try:
        return [client.step(index, step) for index, step in enumerate(scenario["steps"])]
    finally:
        client.close()


class _Client(Replayer):
    """One client of a server behind a socket."""

    def __init__(self, scenario: dict[str, Any], place: Place) -> None:
        self._place = place
        self._connection = place.connect()
        self._streams: dict[str, tuple[Http, _Stream]] = {}
        self.name = scenario["name"]
        self.keep = bool(scenario.get("keepManagedFields"))
        run = random.choice("abcdefghijkmnpqrstuvw") + "".join(
            random.choices("abcdefghijkmnpqrstuvwxyz0123456789", k=7)
        )
        self.symbols = Symbols(run)
        self._namespace = f"t-{run}" if scenario.get("setup", "ns") == "ns" else ""
        if self._namespace:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self._namespace}}
            self._ask(Http("POST", "/api/v1/namespaces", {}, {"Content-Type": "application/json"}, body))

    def close(self) -> None:
        """Leave the server."""
        for _, stream in self._streams.values():
            stream.stop()
        if self._namespace:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._ask(Http("DELETE", f"/api/v1/namespaces/{self._namespace}", {}, {}))
        self._connection.close()

    def step(self, index: int, step: dict[str, Any]) -> Step:
        """The verdict on one step, done in real time."""
        time.sleep(step.get("sleep", 0))
        self.symbols.now_ms = int(time.time() * 1000)
        self.symbols.unresolved = []
        try:
            agrees, wrong = self._gather(step) if "collect" in step else self._dialogue(step)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()
            agrees, wrong = False, [f"transport: {type(error).__name__}: {error}"]
        return Step(f"{self.name}#{index}", agrees, tuple(wrong))

    def _dialogue(self, step: dict[str, Any]) -> tuple[bool, list[str]]:
        want = step["res"]
        asked = self._http(step["req"])
        wrong = [f"{token} was never seen" for token in self.symbols.unresolved]
        if "watch" in step:
            stream = _Stream(self._place, asked)
            if stream.code == 200:
                self._streams[step["watch"]] = (asked, stream)
                return (True, wrong) if want["code"] == 200 else (False, [*wrong, f"want {want['code']}, got a watch"])
            return self._verdict(want, stream.code, self._normal(stream.refusal), (), asked, wrong)
        code, body, warnings = self._ask(asked)
        if isinstance(body, dict) and body.get("kind") in DISCOVERY and "b" in want:
            want = {**want, "b": served_only(want["b"], body)}
        return self._verdict(want, code, self._normal(body), warnings, asked, wrong)

    def _ask(self, asked: Http) -> tuple[int, Any, tuple[str, ...]]:
        """(code, body as JSON if it is, warnings) of a request."""
        send(self._connection, self._place, asked)
        response = self._connection.getresponse()
        body = _parsed(response.read())
        found = (_WARNING.fullmatch(value) for name, value in response.getheaders() if name.lower() == "warning")
        warnings = (match[1].replace('\\"', '"').replace("\\\\", "\\") for match in found if match)
        return response.status, body, tuple(warnings)

    def _gather(self, step: dict[str, Any]) -> tuple[bool, list[str]]:
        if step["collect"] not in self._streams:
            return False, ["the watch is not open"]
        _, stream = self._streams[step["collect"]]
        stream.wait(len(step["events"]))
        got = [self._normal(event) for event in stream.events if not _is_periodic(event)]
        if step.get("final", True):
            stream.stop()
        types, wanted = [event["type"] for event in got], [event["type"] for event in step["events"]]
        if types != wanted:
            return False, [f"want events {wanted}, got {types}"]
        return True, compare(step["events"], got, self.symbols, "any", ".events")


class _Stream:
    """A watch whose events pile up."""

    def __init__(self, place: Place, asked: Http) -> None:
        self._connection = place.connect()
        send(self._connection, place, asked)
        self._response = self._connection.getresponse()
        self._socket = self._connection.sock
        self.code = self._response.status
        self.events: list[Any] = []
        self.ended = False
        if self.code != 200:
            self.refusal = _parsed(self._response.read())
            self._connection.close()
            return
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
            while line := self._response.readline():
                if line.strip():
                    self.events.append(json.loads(line))
        self.ended = True

    def wait(self, count: int) -> None:
        """Until so many events are there, for a while at most, and none comes any more."""
        until = time.monotonic() + _LONGEST_WAIT_S
        while time.monotonic() < until and len(self.events) < count and not self.ended:
            time.sleep(0.01)
        seen, since = len(self.events), time.monotonic()
        while time.monotonic() - since < _QUIET_S and not self.ended:
            time.sleep(0.01)
            if len(self.events) != seen:
                seen, since = len(self.events), time.monotonic()

    def stop(self) -> None:
        """Break the connection."""
        with contextlib.suppress(OSError, AttributeError):
            self._socket.shutdown(socket.SHUT_RDWR)


def send(connection: http.client.HTTPConnection, place: Place, asked: Http) -> None:
    """Send a request."""
    path = place.prefix + asked.path
    if asked.query:
        path += "?" + urlencode(asked.query, doseq=True, quote_via=quote)
    body = asked.body
    if body is not None:
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    headers: Mapping[str, str] = dict(asked.headers)
    if place.token:
        headers = {**headers, "Authorization": f"Bearer {place.token}"}
    connection.request(asked.method, path, body, dict(headers))


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _is_periodic(event: Any) -> bool:
    """Whether an event is a bookmark that does not end the initial events."""
    if event.get("type") != "BOOKMARK":
        return False
    annotations = event["object"].get("metadata", {}).get("annotations") or {}
    return "k8s.io/initial-events-end" not in annotations
