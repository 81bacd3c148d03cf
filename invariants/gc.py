"""What the garbage collector promises. Catalogue A16, A20."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from refk8s.api.registry import RESOURCES, Resource, resource_of
from refk8s.core.invariant import LIVENESS, AtQuiet
from refk8s.core.model import Model
from refk8s.core.world import World

from . import SUITE

MANAGER: Final = "kube-controller-manager"
COLLECTOR: Final = "gc"


@SUITE.invariant(
    "GC-01",
    severity=LIVENESS,
    on=AtQuiet(),
    spec="specs/gc.md",
    source="pkg/controller/garbagecollector/garbagecollector.go, attemptToDeleteItem; KEP-2336 (owner references by uid)",
    catalogue="A20",
)
def nothing_outlives_all_its_owners(model: Model, world: World) -> str | None:
    """Once the cluster is quiet, no object is left whose owners are all gone.

    An owner is an object of that kind, name and uid, in the object's own namespace or in none.
    """
    if not _collects(model, world):
        return None
    for name, row in RESOURCES.items():
        for stored in world.store.collection(name).objects.values():
            metadata = stored.document["metadata"]
            owners = metadata.get("ownerReferences") or ()
            if (
                owners
                and not metadata.get("deletionTimestamp")
                and not any(_may_be(world, row, stored, o) for o in owners)
            ):
                named = ", ".join(f"{owner['kind']} {owner['name']} (uid {owner['uid']})" for owner in owners)
                return f"{name}/{stored.key}: its owners {named} are gone: expected it to be collected"
    return None


def _collects(model: Model, world: World) -> bool:
    """Whether some controller manager runs the collector."""
    return any(
        process.alive and not world.stopped >> p & 1 and COLLECTOR in model.program(process.pid).index
        for p, process in world.procs.items()
        if process.pid.partition("/")[0] == MANAGER
    )


def _may_be(world: World, row: Resource, stored: Any, reference: Mapping[str, Any]) -> bool:
    """Whether an owner is there, or its reference is one that the collector cannot follow."""
    owner = resource_of(reference["kind"], reference["apiVersion"])
    if owner is None or (owner.namespaced and not row.namespaced):
        return True
    key = f"{stored.namespace}/{reference['name']}" if owner.namespaced else reference["name"]
    found = world.store.get(owner.plural, key)
    return found is not None and found.uid == reference["uid"]
