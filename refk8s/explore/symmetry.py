"""Symmetry: Worlds that differ only in which of several interchangeable pods or nodes is which count as one state.

Interchangeable are the pods that were made from one name prefix (a ReplicaSet's), and the nodes whose specifications differ only in name and addresses. A
World's fingerprint is the smallest of those that it has under all permutations of them: their names, uids, addresses, container ids, processes and informers
take each other's places everywhere. specs/search.md says for what this is sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from math import factorial
from typing import Final

import attrs

from ..api.identity import name_of, uid_of
from ..core.clock import rfc3339
from ..core.model import Model
from ..core.world import World
from ..kubelet.images import container_id
from ..kubelet.node_document import initial_document
from ..kubelet.program import NodeSpec
from .canonical import Canonical
from .renaming import Renaming

MOST: Final = 24
"""Of more permutations those of the largest classes are left out."""
_ATTEMPTS: Final = 4
_PODS: Final = "name:pods/"

Member = tuple[tuple[str, ...], int]
"""What names one of several interchangeable things: its tokens, and its process (-1: it has none)."""


class Symmetric(Canonical):
    """Canonical fingerprints up to the permutations of interchangeable pods and nodes, and of the `others` of which the caller says so."""

    def __init__(
        self, model: Model, world: World, *, budgets: bool = True, others: Sequence[tuple[Member, ...]] = ()
    ) -> None:
        super().__init__(model, budgets=budgets)
        self._model = model
        self._nodes = (*others, *_node_classes(model, world))
        self._groups: dict[tuple[tuple[str, int, tuple[str, ...]], ...], tuple[Canonical, ...]] = {}

    def fingerprint(self, world: World) -> int:
        """The smallest fingerprint of the World under all permutations."""
        known = tuple(_generated(world))
        group = self._groups.get(known)
        if group is None:
            group = self._groups[known] = tuple(self._made(world, known))
        return min([super().fingerprint(world), *(each.fingerprint(world) for each in group)])

    def _made(self, world: World, known: Sequence[tuple[str, int, tuple[str, ...]]]) -> Iterator[Canonical]:
        """A canonical fingerprint for each permutation but the identity."""
        classes = [*self._nodes, *(_pods(*each) for each in known)]
        classes.sort(key=len)
        while classes and _size(classes) > MOST:
            classes.pop()
        for chosen in product(*(permutations(range(len(members))) for members in classes)):
            names: dict[str, str] = {}
            places: dict[int, int] = {}
            for members, order in zip(classes, chosen, strict=True):
                for (tokens, p), other in zip(members, order, strict=True):
                    others, q = members[other]
                    names.update(zip(tokens, others, strict=True))
                    if p >= 0:
                        places[p] = q
            if any(name != other for name, other in names.items()):
                yield Canonical(self._model, budgets=self._budgets, renaming=Renaming(names, places, world))


def _size(classes: Sequence[tuple[Member, ...]]) -> int:
    found = 1
    for members in classes:
        found *= factorial(len(members))
    return found


def _node_classes(model: Model, world: World) -> Iterator[tuple[Member, ...]]:
    """The nodes that differ only in name and addresses."""
    found: dict[str, list[Member]] = {}
    for p, pid in enumerate(world.pids):
        specs = [getattr(each, "spec", None) for each in model.program(pid).controllers]
        spec = next((each for each in specs if isinstance(each, NodeSpec)), None)
        if spec is not None:
            lease = f"kube-node-lease/{spec.name}"
            info = initial_document(spec, rfc3339(world.now_ms))["status"]["nodeInfo"]
            machine = (info["bootID"], info["machineID"], info["systemUUID"])
            uids = (uid_of("nodes", spec.name, 1), uid_of("leases", lease, 1))
            kind = repr(attrs.evolve(spec, name="", ip="", pod_network=""))
            found.setdefault(kind, []).append(((spec.name, spec.ip, spec.pod_network, *machine, *uids), p))
    return (tuple(members) for members in found.values() if len(members) > 1)


def _generated(world: World) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """(counter, how many names, containers) of the prefixes from which several pods were named."""
    for counter, count in world.store.counters.items():
        if counter.startswith(_PODS) and count > 1:
            namespace, _, prefix = counter.removeprefix(_PODS).partition("/")
            names = {name_of("pods", namespace, prefix, ordinal) for ordinal in range(1, count + 1)}
            containers: dict[str, bool] = {}
            for stored in world.store.collection("pods").objects.values():
                if stored.name in names and stored.namespace == namespace:
                    containers |= {each["name"]: True for each in stored.document["spec"]["containers"]}
            yield counter, count, tuple(sorted(containers))


def _pods(counter: str, count: int, containers: tuple[str, ...]) -> tuple[Member, ...]:
    """The pods that were named from one prefix."""
    namespace, _, prefix = counter.removeprefix(_PODS).partition("/")
    members = []
    for ordinal in range(1, count + 1):
        name = name_of("pods", namespace, prefix, ordinal)
        uid = uid_of("pods", f"{namespace}/{name}", 1)
        ids = [container_id(uid, each, n).rpartition("/")[2] for each in containers for n in range(_ATTEMPTS)]
        members.append(((name, uid, *ids), -1))
    return tuple(members)
