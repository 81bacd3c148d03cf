"""The garbage collector takes whatever has the name of an owner for the owner.

OwnerReference.uid exists because names come again: what belonged to the object before outlives it under the one that follows (catalogue G7).

Its trace is long because a process has to crash and list everything anew, and because only a quiet cluster shows that nobody will collect what is left: the
collector's retries until then are part of the way.
"""

from __future__ import annotations

from ..api.store import Stored
from ..controllers.gc import GarbageCollector
from .mutant import Mutant, with_controller
from .scenes import apply, delete, deployment, scene


class ByName(GarbageCollector):
    """Looks at names."""

    def is_that_object(self, found: Stored, uid: str) -> bool:
        """It has the name."""
        return True


MUTANT = Mutant(
    id="owner-by-name",
    title="the garbage collector resolves owners by name",
    story=__doc__,
    rows=("G7",),
    change=with_controller("gc", ByName),
    catches=("GC-01",),
    faults="crash=2",
    seeds=120,
    scenario=scene(
        delete("deployments", "web"),
        apply(deployment(replicas=1)),
        given=[apply(deployment(replicas=1))],
        components={"controllers": ["deployment", "replicaset", "gc"], "schedulers": 0},
        nodes=0,
    ),
)
