"""kill -9 under load: what a server acknowledged, the next one on the same folder has.

python -m tests.e2e.killing [TIMES] [SEED]
"""

from __future__ import annotations

import http.client
import json
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from .server import CONFIGMAPS, Server, configmap

CLIENTS = 4
ROUNDS_PER_FOLDER = 10


class Client(threading.Thread):
    """One client that creates, changes and deletes ConfigMaps of its own, and remembers what was acknowledged.

    `known` maps names to the last acknowledged value (None: deleted); `open` is the name whose request has no answer yet.
    """

    def __init__(self, server: Server, name: str, seed: int) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._label = name
        self._rng = random.Random(seed)
        self.known: dict[str, str | None] = {}
        self.open = ""

    def run(self) -> None:
        """Until the server is gone."""
        connection = self._server.connect(10)
        try:
            for number in range(1_000_000):
                self._once(connection, number)
        except (OSError, http.client.HTTPException):
            return

    def _once(self, connection: http.client.HTTPConnection, number: int) -> None:
        alive = [name for name, value in self.known.items() if value is not None]
        what = self._rng.random()
        if what < 0.5 or not alive:
            name = f"{self._label}-{number}"
            self._ask(connection, name, str(number), "POST", CONFIGMAPS, configmap(name, v=str(number)), 201)
        elif what < 0.85:
            name = self._rng.choice(alive)
            self._ask(connection, name, str(number), "PATCH", f"{CONFIGMAPS}/{name}", {"data": {"v": str(number)}}, 200)
        else:
            name = self._rng.choice(alive)
            self._ask(connection, name, None, "DELETE", f"{CONFIGMAPS}/{name}", None, 200)

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        name: str,
        value: str | None,
        method: str,
        path: str,
        body: Any,
        code: int,
    ) -> None:
        self.open = name
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), {"content-type": kind})
        response = connection.getresponse()
        response.read()
        assert response.status == code, (method, path, response.status)
        self.known[name] = value
        self.open = ""


def one_round(folder: Path, number: int, seed: int, expected: dict[str, str | None], *words: str) -> int:
    """Start, compare with what earlier rounds know, put under load, kill. How many writes were acknowledged. Raises AssertionError for a lost one."""
    server = Server("--data", folder, *words)
    rng = random.Random(seed)
    try:
        check(server, expected)
        clients = [Client(server, f"r{number}-c{n}", seed * 1_000 + n) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(0.05 + 0.6 * rng.random())
    finally:
        server.stop(signal.SIGKILL)
    for client in clients:
        client.join(20)
        for name, value in client.known.items():
            if name != client.open:
                expected[name] = value
        expected.pop(client.open, None)
    return sum(len(client.known) for client in clients)


def check(server: Server, expected: dict[str, str | None]) -> None:
    """Everything that was acknowledged is there."""
    have = {
        item["metadata"]["name"]: item["data"]["v"]
        for item in server.get(CONFIGMAPS)["items"]
        if "data" in item and "v" in item["data"]
    }
    lost = {name: (value, have.get(name)) for name, value in expected.items() if have.get(name) != value}
    assert not lost, f"{len(lost)} acknowledged writes are lost: {list(lost.items())[:3]} (name, (acknowledged, there))"


def kill_many(times: int, seed: int, *words: str) -> int:
    """Kill servers at random moments under load. How many writes were acknowledged in all. Raises AssertionError for a lost one."""
    acknowledged = 0
    for begin in range(0, times, ROUNDS_PER_FOLDER):
        with tempfile.TemporaryDirectory() as folder:
            expected: dict[str, str | None] = {}
            rounds = range(begin, min(times, begin + ROUNDS_PER_FOLDER))
            for number in rounds:
                acknowledged += one_round(Path(folder), number, seed + number, expected, *words)
            server = Server("--data", folder, *words)
            try:
                check(server, expected)
            finally:
                server.stop()
    return acknowledged


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    print(f"{count} kills, {kill_many(count, first, '--nodes', '2')} acknowledged writes, none lost (seed {first})")
