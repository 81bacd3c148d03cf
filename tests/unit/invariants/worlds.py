"""Small worlds for tests of invariants: a scenario run to quiet, and single commits by whom one likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from refk8s.api.store import Document, Stored, Txn
from refk8s.core.action import Serve
from refk8s.core.delta import Delta
from refk8s.core.model import Model
from refk8s.core.wire import InFlight, Request, Response
from refk8s.core.world import World
from refk8s.explore.cluster import build
from refk8s.explore.run import run
from refk8s.invariants import suite
from refk8s.scenarios import from_data
from refk8s.zoo.scenes import scene

CHECKS = {invariant.id: invariant.check for invariant in suite().all()}


def settled(*script: dict[str, Any], **spec: Any) -> tuple[Model, World]:
    """The quiet world after a user has done `script`."""
    data = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "test"}}
    model, world = build(from_data({**data, "spec": dict(scene(*script, **spec))}).cluster)
    outcome = run(model, world)
    assert outcome.verdict == "quiet"
    return model, outcome.world


def changed(
    world: World,
    actor: str,
    resource: str,
    key: str,
    change: Callable[[Document], Document],
    request: Request | None = None,
) -> tuple[World, World, Delta]:
    """(before, after, delta) of a step in which `actor` writes the object `key` as `change` makes it, or creates it if there is none."""
    txn = Txn(world.store, actor, world.index)
    old = world.store.get(resource, key)
    txn.create(resource, key, change({})) if old is None else txn.update(resource, old, change(old.document))
    return stepped(world, txn, request)


def removed(world: World, actor: str, resource: str, key: str, request: Request) -> tuple[World, World, Delta]:
    """(before, after, delta) of a step in which `actor` removes an object."""
    txn = Txn(world.store, actor, world.index)
    txn.delete(resource, stored(world, resource, key))
    return stepped(world, txn, request)


def stepped(world: World, txn: Txn, request: Request | None) -> tuple[World, World, Delta]:
    """(before, after, delta) of the step that commits a transaction."""
    after, delta = world.copy(), Delta()
    after.store, delta.commits = txn.finish()
    if request is not None:
        message = InFlight("test", 0, 0, 0, request, None, 0, 0, world.index)
        delta.served = (message, Response(200))
    return world, after, delta


def finding(id: str, step: tuple[World, World, Delta]) -> str | None:
    """What an invariant says about a step."""
    before, after, delta = step
    return CHECKS[id](before, Serve(0, 0), after, delta)


def stored(world: World, resource: str, key: str) -> Stored:
    """The object, which is there."""
    found = world.store.get(resource, key)
    assert found is not None, key
    return found


def with_status(**fields: Any) -> Callable[[Document], Document]:
    """The change that sets fields of the status."""
    return lambda document: {**document, "status": {**document["status"], **fields}}


def with_metadata(**fields: Any) -> Callable[[Document], Document]:
    """The change that sets fields of the metadata; None takes one away."""

    def change(document: Document) -> Document:
        metadata = {name: value for name, value in {**document["metadata"], **fields}.items() if value is not None}
        return {**document, "metadata": metadata}

    return change


def with_condition(kind: str, status: str) -> Callable[[Document], Document]:
    """The change that sets the status of a condition."""

    def change(document: Document) -> Document:
        others = [c for c in document["status"].get("conditions") or () if c["type"] != kind]
        conditions = [*others, {"type": kind, "status": status}]
        return {**document, "status": {**document["status"], "conditions": conditions}}

    return change
