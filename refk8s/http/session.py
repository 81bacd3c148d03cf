"""A session of `refk8s serve`: which cluster, from where it goes on, and everything that is written about it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import attrs

from ..core.clock import rfc3339
from ..core.errors import Refk8sError
from ..core.invariant import Invariant, Monitor, Violation
from ..core.model import Model
from ..core.world import World
from ..explore.cluster import build
from ..scenarios.format import Scenario, from_data
from ..scenarios.spec import API_VERSION, KIND
from .access import Certificate, self_signed, write_kubeconfig
from .app import App
from .clock import FastTime, Pacer, RealTime
from .live import Live, NoLog
from .log import DataFolder, TraceLog, begin, cut_torn_end, end, resume, scenario_in
from .server import listen, run, serve
from .watches import Hub


@attrs.frozen
class Order:
    """What `refk8s serve` was asked for."""

    scenario: Scenario | None
    nodes: int
    only_api: bool
    host: str
    port: int
    fast: bool
    data: Path | None
    fsync: bool
    tls: bool
    token: str
    kubeconfig: Path | None
    trace: Path | None


def scenario_of(order: Order) -> Scenario:
    """The scenario that is served: the one that was named, or nodes and nothing else. Its time begins now unless it says otherwise. Raises Refk8sError."""
    now = rfc3339(int(time.time() * 1000))
    if order.scenario is not None:
        data = order.scenario.data
        return from_data({**data, "spec": {"epoch": now, **data["spec"]}})
    spec: dict[str, Any] = {"epoch": now, "users": {}}
    if order.only_api:
        spec |= {"nodes": [], "components": {"controllerManagers": 0, "schedulers": 0}}
    else:
        spec |= {"nodes": [{"name": "node", "count": order.nodes}] if order.nodes else []}
    name = "only-api" if order.only_api else "serve"
    about = (
        "What came over HTTP to a bare API server." if order.only_api else "A cluster, and what came to it over HTTP."
    )
    return from_data(
        {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name, "description": about}, "spec": spec}
    )


class Session:
    """One server and its cluster, from the first World or the end of a log to the signal that ends it."""

    def __init__(self, order: Order, invariants: tuple[Invariant, ...], tell: Callable[[str], None]) -> None:
        self.order = order
        self.alarms = 0
        self._tell = tell
        self._traces: list[IO[bytes]] = []
        files: list[IO[bytes]] = []
        model, world, resumed = self._cluster(files)
        if order.trace is not None:
            if resumed:
                raise Refk8sError(
                    f"--trace {order.trace}: the session goes on from a log; its trace is {self._log_path}"
                )
            self._traces.append(begin(order.trace, model, world, self.scenario, self._driver))
        name = str(self._log_path if order.data is not None else order.trace)
        log = TraceLog(model, files + self._traces, name, fsync=order.fsync) if files or self._traces else None
        clock = FastTime() if order.fast else RealTime(world.now_ms)
        self._log = log
        components = self.scenario.cluster
        complete = components.controller_managers > 0 and components.schedulers > 0
        self.live = Live(model, world, clock, Monitor(invariants), log or NoLog(), self._alarm, complete=complete)
        self.hub = Hub()
        self.live.heard = self.hub.hear
        if order.only_api and not resumed:
            self.live.compact()  # as on a server that was restarted on a compacted etcd: what was before cannot be watched

    @property
    def _driver(self) -> str:
        return "live, fast" if self.order.fast else "live"

    @property
    def _log_path(self) -> Path:
        assert self.order.data is not None
        return self._data.log

    def _cluster(self, files: list[IO[bytes]]) -> tuple[Model, World, bool]:
        """The model, its World, and whether that is the end of a log."""
        order = self.order
        if order.data is None:
            self.scenario = scenario_of(order)
            return *build(self.scenario.cluster), False
        self._data = DataFolder(order.data)
        path = self._data.log
        if path.exists() and path.stat().st_size:
            cut = cut_torn_end(path)
            if cut:
                self._tell(f"{path}: the last line was torn ({cut} bytes, never acknowledged); it is cut off")
        if path.exists() and path.stat().st_size:
            return *self._resume(path, files), True
        self.scenario = scenario_of(order)
        model, world = build(self.scenario.cluster)
        files.append(begin(path, model, world, self.scenario, self._driver))
        return model, world, False

    def _resume(self, path: Path, files: list[IO[bytes]]) -> tuple[Model, World]:
        self.scenario = scenario_in(path)
        wanted = self.order.scenario
        if wanted is not None and not _same(wanted, self.scenario):
            raise Refk8sError(f"{path}: a log of scenario {self.scenario.name}; take another folder for {wanted.name}")
        began = time.monotonic()
        model, world = resume(path, lambda steps: self._tell(f"{path}: {steps} steps …"))
        files.append(self._data.append())
        took = time.monotonic() - began
        self._tell(f"{path}: resumed after {world.index} steps, revision {world.store.revision}, in {took:.1f}s")
        return model, world

    def _alarm(self, violation: Violation) -> None:
        self.alarms += 1
        self._tell(f"alarm: {violation}")

    def _failed(self, error: BaseException) -> None:
        self._tell(f"internal error: {type(error).__name__}: {error}; a client was told so, this is a bug of refk8s")

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve until a signal comes. `ready` hears the URL once requests are taken. Raises Refk8sError."""
        order = self.order
        listening = listen(order.host, order.port, tls=order.tls)
        certificate = self_signed(order.host) if order.tls else None
        if order.kubeconfig is not None:
            write_kubeconfig(order.kubeconfig, listening.url, certificate, order.token)
        app = App(self.live, self.hub, token=order.token, failed=self._failed)
        with tempfile.TemporaryDirectory() as folder:
            files = _written(certificate, Path(folder)) if certificate is not None else None

            async def main() -> None:
                pacer = Pacer(self.live, fast=order.fast)
                await serve(app, pacer, listening, files, lambda: ready(listening.url))

            run(main())

    def close(self) -> None:
        """Close the log, and end the trace with a verdict."""
        if self._log is None:
            return
        if not self._log.broken:
            self._log.commit()
            for file in self._traces:
                end(file, self.live.world, "stopped")
        self._log.close()


def _same(wanted: Scenario, logged: Scenario) -> bool:
    """Whether a log is of this scenario; one that does not say when its time begins began when it was first served."""
    data = logged.data
    if "epoch" not in wanted.data["spec"]:
        data = {**data, "spec": {name: part for name, part in data["spec"].items() if name != "epoch"}}
    return bool(wanted.data == data)


def _written(certificate: Certificate, folder: Path) -> tuple[str, str]:
    """The files from which a TLS server reads its certificate and key."""
    names = (folder / "certificate.pem", folder / "key.pem")
    names[0].write_bytes(certificate.certificate)
    names[1].write_bytes(certificate.key)
    return str(names[0]), str(names[1])
