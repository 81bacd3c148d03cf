"""The snapshot: all nodes with their pods, in the order in which the scheduler learned of the nodes.

A persistent value: every change returns a new snapshot that shares the nodes that did not change. A change of one pod costs O(log nodes), adding a
node as well, removing one O(nodes).

Source: pkg/scheduler/backend/cache/{cache,snapshot}.go.
DEVIATES: upstream lists nodes zone by zone in turn; the order decides nothing here, because every cycle looks at all nodes and ties go by a rule.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, Final

import attrs

from refk8s.core.table import EMPTY as EMPTY_TABLE
from refk8s.core.table import Table
from refk8s.kinds.node import Node
from refk8s.scheduler.listers import NO_LISTERS, Listers
from refk8s.scheduler.nodeinfo import NodeInfo, PodInfo

__all__ = ["EMPTY_SNAPSHOT", "ImageState", "Snapshot"]

_CHUNK: Final = 64


@attrs.frozen
class ImageState:
    """An image in the cluster: its size in bytes as the first node reported it, and on how many nodes it is.

    DEVIATES: the count is always current; upstream's snapshot keeps an old one for nodes that did not change otherwise, because it copies only changed nodes.
    """

    size: int
    nodes: int


@attrs.define(eq=False)  # made often and never changed; not frozen, because that would double the price of making one
class Snapshot:
    """All nodes. Start with EMPTY_SNAPSHOT; `of` is a shortcut for tests and dumps.

    Pods whose node is not known (yet, or no longer) wait in `homeless` and join the node when it appears.
    """

    chunks: tuple[tuple[NodeInfo, ...], ...] = ()
    positions: Table[str, int] = EMPTY_TABLE
    affinity_positions: tuple[int, ...] = ()
    """Sorted positions of the nodes with pods that have affinity or anti-affinity to pods."""
    anti_affinity_positions: tuple[int, ...] = ()
    """Sorted positions of the nodes with pods that have required anti-affinity."""
    images: Table[str, ImageState] = EMPTY_TABLE
    homeless: Table[str, tuple[PodInfo, ...]] = EMPTY_TABLE
    listers: Listers = NO_LISTERS

    @classmethod
    def of(cls, nodes: Iterable[Node], pods: Iterable[PodInfo] = (), listers: Listers = NO_LISTERS) -> Snapshot:
        """Return the snapshot of `nodes`, in this order, with `pods` on the nodes that they name."""
        snapshot = cls(listers=listers)
        for node in nodes:
            snapshot = snapshot.with_node(node)
        for pod in pods:
            snapshot = snapshot.with_pod(pod, pod.pod.spec.node_name)
        return snapshot

    def __len__(self) -> int:
        return len(self.positions)

    def nodes(self) -> list[NodeInfo]:
        """All nodes in order."""
        return [info for chunk in self.chunks for info in chunk]

    def node(self, name: str) -> NodeInfo | None:
        """The node `name`, None if there is none."""
        position = self.positions.get(name)
        return None if position is None else self.chunks[position // _CHUNK][position % _CHUNK]

    def nodes_with_affinity(self) -> list[NodeInfo]:
        """The nodes with pods that have affinity or anti-affinity to pods, in order."""
        return [self.chunks[p // _CHUNK][p % _CHUNK] for p in self.affinity_positions]

    def nodes_with_required_anti_affinity(self) -> list[NodeInfo]:
        """The nodes with pods that have required anti-affinity, in order."""
        return [self.chunks[p // _CHUNK][p % _CHUNK] for p in self.anti_affinity_positions]

    def with_pod(self, pod: PodInfo, node_name: str) -> Snapshot:
        """Return the snapshot with `pod` (which must not be in it) on node `node_name`, whatever the pod itself says."""
        info = self.node(node_name)
        if info is None:
            waiting = self.homeless.get(node_name) or ()
            return attrs.evolve(self, homeless=self.homeless.set(node_name, (*waiting, pod)))
        return self._replace(info, info.with_pod(pod))

    def without_pod(self, key: str, node_name: str) -> Snapshot:
        """Return the snapshot without the pod `key` on `node_name`. Raises KeyError if it is not there."""
        info = self.node(node_name)
        if info is not None:
            return self._replace(info, info.without_pod(key))
        before = self.homeless[node_name]
        after = tuple(pod for pod in before if pod.key != key)
        if len(after) == len(before):
            raise KeyError(
                f"pod {key} does not wait for node {node_name}; common cause: a cache that saw its deletion twice"
            )
        return attrs.evolve(
            self, homeless=self.homeless.set(node_name, after) if after else self.homeless.delete(node_name)
        )

    def with_node(self, node: Node) -> Snapshot:
        """Return the snapshot with a new node at the end, or with a known node's object updated in place."""
        name = node.metadata.name
        known = self.node(name)
        if known is not None:
            after = known.with_node(node)
            images = (
                _with_images(_without_images(self.images, known), after)
                if known.images != after.images
                else self.images
            )
            return attrs.evolve(self._replace(known, after), images=images)
        info = NodeInfo.of(node)
        position = len(self.positions)
        chunks = (*self.chunks[:-1], (*self.chunks[-1], info)) if position % _CHUNK else (*self.chunks, (info,))
        added = attrs.evolve(
            self,
            chunks=chunks,
            positions=self.positions.set(name, position),
            images=_with_images(self.images, info),
            homeless=self.homeless.discard(name),
        )
        for pod in self.homeless.get(name) or ():
            added = added.with_pod(pod, name)
        return added

    def without_node(self, name: str) -> Snapshot:
        """Return the snapshot without node `name`; its pods become homeless. Raises KeyError if there is no such node."""
        info = self.node(name)
        if info is None:
            raise KeyError(f"no node {name}; common cause: a cache that saw its deletion twice")
        rest = [other for other in self.nodes() if other.name != name]
        return attrs.evolve(
            self,
            chunks=tuple(tuple(rest[i : i + _CHUNK]) for i in range(0, len(rest), _CHUNK)),
            positions=Table((other.name, i) for i, other in enumerate(rest)),
            affinity_positions=tuple(i for i, other in enumerate(rest) if other.pods_with_affinity),
            anti_affinity_positions=tuple(i for i, other in enumerate(rest) if other.pods_with_required_anti_affinity),
            images=_without_images(self.images, info),
            homeless=self.homeless.set(name, info.pods) if info.pods else self.homeless,
        )

    def with_listers(self, listers: Listers) -> Snapshot:
        """Return the snapshot with other objects beside the nodes."""
        return attrs.evolve(self, listers=listers)

    def _replace(self, before: NodeInfo, after: NodeInfo) -> Snapshot:
        position = self.positions[before.name]
        outer, inner = divmod(position, _CHUNK)
        chunk = self.chunks[outer]
        chunk = (*chunk[:inner], after, *chunk[inner + 1 :])
        return Snapshot(
            (*self.chunks[:outer], chunk, *self.chunks[outer + 1 :]),
            self.positions,
            _member(self.affinity_positions, position, before.pods_with_affinity, after.pods_with_affinity),
            _member(
                self.anti_affinity_positions,
                position,
                before.pods_with_required_anti_affinity,
                after.pods_with_required_anti_affinity,
            ),
            self.images,
            self.homeless,
            self.listers,
        )


EMPTY_SNAPSHOT: Final = Snapshot()


def _member(
    positions: tuple[int, ...], position: int, before: tuple[Any, ...], after: tuple[Any, ...]
) -> tuple[int, ...]:
    """Return sorted `positions` with or without `position`, as `after` is non-empty or not."""
    if bool(before) == bool(after):
        return positions
    at = bisect_left(positions, position)
    return (*positions[:at], position, *positions[at:]) if after else (*positions[:at], *positions[at + 1 :])


def _with_images(images: Table[str, ImageState], info: NodeInfo) -> Table[str, ImageState]:
    for name, size in info.images.items():
        state = images.get(name)
        images = images.set(name, ImageState(state.size, state.nodes + 1) if state else ImageState(size, 1))
    return images


def _without_images(images: Table[str, ImageState], info: NodeInfo) -> Table[str, ImageState]:
    for name in info.images:
        state = images[name]
        images = images.set(name, ImageState(state.size, state.nodes - 1)) if state.nodes > 1 else images.delete(name)
    return images
