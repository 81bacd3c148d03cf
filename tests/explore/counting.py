"""A toy model without Kubernetes kinds: N processes that each count one cell up, once, by reading and writing back; on the real engine and store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from refk8s.api.store import Change, Store, Txn
from refk8s.core.budget import NO_FAULTS, FaultBudget
from refk8s.core.flight import Reconcile, Requeue
from refk8s.core.invariant import SAFETY, Monitor, Registry, writes
from refk8s.core.model import Model
from refk8s.core.process import Program
from refk8s.core.processes import add_process
from refk8s.core.step import Draft, genesis
from refk8s.core.wire import Request, Response
from refk8s.core.world import World

EPOCH_MS = 1_767_225_600_000
CELL = "cell"


class CellApi:
    """Get and update; a stale update conflicts, unless the API is blind."""

    def __init__(self, *, blind: bool = False) -> None:
        self.blind = blind

    def serve(self, store: Store, request: Request, occasion: Any) -> tuple[Store, Response, tuple[Any, ...]]:
        txn = Txn(store, occasion.actor, occasion.cause)
        old = txn.get(request.resource, request.name)
        assert old is not None
        if request.verb == "get":
            return store, Response(200, old), ()
        if not self.blind and request.body["metadata"]["resourceVersion"] != str(old.revision):
            return store, Response(409), ()
        made = txn.update(request.resource, old, request.body)
        after, commits = txn.finish()
        return after, Response(200, made), commits

    def refuse(self, request: Request, code: int) -> Response:
        return Response(code)


def cell_document(value: int, revision: int | None = None) -> dict[str, Any]:
    metadata = {"name": CELL, "uid": "uid-cell", **({} if revision is None else {"resourceVersion": str(revision)})}
    return {"kind": "Cell", "metadata": metadata, "value": value}


@attrs.frozen(eq=False)
class Counter:
    """Counts up once; after a conflict it tries again at once, after an answer that did not come it does not know and tries again, too."""

    name: str = "count"
    workers: int = 1

    def watches(self) -> Any:
        return ()

    def started(self, hands: Any) -> None:
        hands.enqueue("count", CELL)

    def backoff_ms(self, failures: int) -> int:
        return 1

    def reconcile(self, key: str) -> Reconcile:
        read = yield Request("get", "cells", "", key)
        if not read.ok:
            return Requeue()
        body = cell_document(read.obj.document["value"] + 1, read.obj.revision)
        done = yield Request("update", "cells", "", key, body=body)
        return None if done.ok else Requeue()


def counting(writers: int, *, blind: bool = False, faults: FaultBudget = NO_FAULTS) -> tuple[Model, World]:
    """The model and the first World of so many writers."""
    programs = {"apiserver": Program("apiserver", ()), "writer": Program("writer", (Counter(),))}
    model = Model(
        api=CellApi(blind=blind),
        program=lambda pid: programs[pid.partition("/")[0]],
        agent=lambda pid: pid,
        is_heartbeat=lambda change: False,
        accept=lambda draft, payload: None,
        quiet_ms=0,
        epoch_ms=EPOCH_MS,
        keep_live=False,
        heartbeats=False,
    )
    txn = Txn(Store(), "genesis", -1)
    txn.create("cells", CELL, cell_document(0))
    store, _ = txn.finish()

    def fill(draft: Draft) -> None:
        add_process(draft, "apiserver", 0)
        for n in range(writers):
            add_process(draft, f"writer/{n}", 0)

    return model, genesis(model, store, fill, faults)


def monitor(check: Callable[[Change], str | None] | None = None) -> Monitor:
    """A monitor of the toy's one invariant: the cell only ever grows by one."""
    registry = Registry()

    @registry.invariant("TOY-01", severity=SAFETY, on=writes("cells"), spec="", source="")
    def the_cell_grows_by_one(before: World, action: Any, after: World, delta: Any) -> str | None:
        """Each write makes the cell one larger."""
        for change in delta.commits:
            was, now = change.prev.document["value"], change.obj.document["value"]
            if now != was + 1:
                return f"the cell went from {was} to {now}: expected {was + 1}"
        return None

    return Monitor(registry.all())
