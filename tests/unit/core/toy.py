"""A toy model on the real engine and store: one controller that copies the size of every "box" into a "label" object of the same name."""

from __future__ import annotations

from typing import Any

import attrs

from refk8s.api.store import Store, Txn
from refk8s.core.budget import NO_FAULTS, FaultBudget
from refk8s.core.flight import Cached, Recall, Reconcile, Remember, Requeue, Retry
from refk8s.core.model import Model
from refk8s.core.process import Program
from refk8s.core.processes import add_process
from refk8s.core.step import Draft, genesis
from refk8s.core.wire import Request, Response
from refk8s.core.world import World

EPOCH_MS = 1_767_225_600_000


class ToyApi:
    """Create, get and update with a version check; nothing else."""

    def serve(self, store: Store, request: Request, occasion: Any) -> tuple[Store, Response, tuple[Any, ...]]:
        txn = Txn(store, occasion.actor, occasion.cause)
        old = txn.get(request.resource, request.name)
        if request.verb == "get":
            return store, Response(200, old) if old else Response(404), ()
        if request.verb == "create":
            if old is not None:
                return store, Response(409), ()
            made = txn.create(request.resource, request.name, request.body)
            return (*self._after(txn, made),)
        if old is None:
            return store, Response(404), ()
        if request.body["metadata"].get("resourceVersion", str(old.revision)) != str(old.revision):
            return store, Response(409), ()
        return (*self._after(txn, txn.update(request.resource, old, request.body)),)

    def _after(self, txn: Txn, made: Any) -> tuple[Store, Response, tuple[Any, ...]]:
        store, commits = txn.finish()
        return store, Response(200, made), commits

    def refuse(self, request: Request, code: int) -> Response:
        return Response(code)


def document(name: str, size: int, version: int | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "uid": f"uid-{name}"}
    if version is not None:
        metadata["resourceVersion"] = str(version)
    return {"kind": "Box", "metadata": metadata, "size": size}


@attrs.frozen(eq=False)
class Copier:
    name: str = "copier"
    workers: int = 2

    def watches(self) -> Any:
        return (("boxes", lambda hands, change: hands.enqueue("copier", change.key)),)

    def started(self, hands: Any) -> None:
        hands.remember("turns", 0)

    def backoff_ms(self, failures: int) -> int:
        return 10 * failures

    def reconcile(self, key: str) -> Reconcile:
        box = (yield Cached("boxes")).get(key)
        if box is None:
            return None
        turns = yield Recall("turns", 0)
        yield Remember("turns", turns + 1)
        label = yield Request("get", "labels", "", key)
        if label.code == 404:
            made = yield Request("create", "labels", "", key, body=document(key, box.document["size"]))
            return None if made.ok else Retry("lost a race")
        if not label.ok:
            return Retry("no answer")
        if label.obj.document["size"] != box.document["size"]:
            body = document(key, box.document["size"], label.obj.revision)
            done = yield Request("update", "labels", "", key, body=body)
            return None if done.ok else Retry("conflict")
        return Requeue(1_000) if box.document["size"] == 13 else None


@attrs.frozen(eq=False)
class Writer:
    """A user who creates boxes and grows them."""

    name: str = "script"
    workers: int = 1

    def watches(self) -> Any:
        return ()

    def started(self, hands: Any) -> None:
        hands.enqueue("script", "main")

    def backoff_ms(self, failures: int) -> int:
        return 10

    def reconcile(self, key: str) -> Reconcile:
        for name in ("a", "b", "c"):
            yield Request("create", "boxes", "", name, body=document(name, 1))
        for size in (2, 3):
            for name in ("a", "b"):
                yield Request("update", "boxes", "", name, body=document(name, size))
        return None


PROGRAMS = {
    "apiserver": Program("apiserver", ()),
    "copier": Program("copier", (Copier(),)),
    "user": Program("user", (Writer(),), rank=2),
}


def model(**changes: Any) -> Model:
    made = Model(
        api=ToyApi(),
        program=lambda pid: PROGRAMS[pid.partition("/")[0]],
        agent=lambda pid: pid,
        is_heartbeat=lambda change: False,
        accept=lambda draft, payload: draft.post(draft.world.names["user/ann"], payload),
        quiet_ms=0,
        epoch_ms=EPOCH_MS,
    )
    return attrs.evolve(made, **changes)


def world(made: Model, copiers: int = 1, faults: FaultBudget = NO_FAULTS, servers: int = 1) -> World:
    def fill(draft: Draft) -> None:
        add_process(draft, "apiserver", 0)
        for n in range(1, servers):
            add_process(draft, f"apiserver/{n}", n)
        for n in range(copiers):
            add_process(draft, f"copier/{n}", 0)
        add_process(draft, "user/ann", 0)

    return genesis(made, Store(), fill, faults)
