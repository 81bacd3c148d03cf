"""The scheduler's cache: which pods take room on which nodes, as the informers and the scheduler's own assumptions say.

A pod is *assumed* from the decision until the informer shows it bound (confirmed) or the binding fails (forgotten). The snapshot of nodes is derived from
this and the informers; every version is a value.
Source: pkg/scheduler/backend/cache/{interface,cache}.go.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..core.digest import cell
from ..core.table import EMPTY, Table
from ..kinds.node import Node
from .listers import Listers
from .moves import Move, moved
from .nodeinfo import PodInfo
from .snapshot import EMPTY_SNAPSHOT, Snapshot


@attrs.define(eq=False)  # made often and never changed; not frozen, because that would double the price of making one
class Cache:
    """`placed`: key of a pod → the node where it counts; `assumed`: those of them whose binding is not yet confirmed."""

    snapshot: Snapshot = EMPTY_SNAPSHOT
    placed: Table[str, str] = EMPTY
    assumed: Table[str, str] = EMPTY
    fingerprint: int = 0
    log: Move | None = None

    @property
    def token(self) -> str:
        """Identifies what is assumed; all else follows from the informers."""
        return f"{self.fingerprint & ((1 << 128) - 1):x}"

    def _place(self, key: str) -> str:
        """Where the pod is: a state of the machine CACHE."""
        return "assumed" if key in self.assumed else "added" if key in self.placed else ""

    def assume(self, pod: PodInfo, node: str) -> Cache:
        """The cache in which `pod` takes room on `node` before the API server knows."""
        return Cache(
            self.snapshot.with_pod(pod, node),
            self.placed.set(pod.key, node),
            self.assumed.set(pod.key, node),
            self.fingerprint + cell("assumed", pod.key, node),
            moved(self.log, pod.key, self._place(pod.key), "assumed"),
        )

    def forget(self, key: str) -> Cache:
        """The cache after the binding of an assumed pod failed; a pod that was confirmed meanwhile stays."""
        node = self.assumed.get(key)
        if node is None:
            return self
        return Cache(
            self.snapshot.without_pod(key, node),
            self.placed.delete(key),
            self.assumed.delete(key),
            self.fingerprint - cell("assumed", key, node),
            moved(self.log, key, "assumed", ""),
        )

    def put(self, pod: PodInfo, node: str) -> Cache:
        """The cache after the informer showed `pod` bound to `node`: added, confirmed, moved to where it really is, or updated."""
        known = self.placed.get(pod.key)
        snapshot = self.snapshot if known is None else self.snapshot.without_pod(pod.key, known)
        fingerprint = self.fingerprint
        assumed = self.assumed.get(pod.key)
        if assumed is not None:
            fingerprint -= cell("assumed", pod.key, assumed)
        before = self._place(pod.key)
        return Cache(
            snapshot.with_pod(pod, node),
            self.placed.set(pod.key, node),
            self.assumed.discard(pod.key),
            fingerprint,
            self.log if before == "added" else moved(self.log, pod.key, before, "added"),
        )

    def drop(self, key: str) -> Cache:
        """The cache after the informer showed the pod gone (or finished); an unknown one is ignored."""
        node = self.placed.get(key)
        if node is None:
            return self
        fingerprint = self.fingerprint
        assumed = self.assumed.get(key)
        if assumed is not None:
            fingerprint -= cell("assumed", key, assumed)
        return Cache(
            self.snapshot.without_pod(key, node),
            self.placed.delete(key),
            self.assumed.discard(key),
            fingerprint,
            moved(self.log, key, self._place(key), ""),
        )

    def put_node(self, node: Node) -> Cache:
        """The cache with a node added or updated."""
        return attrs.evolve(self, snapshot=self.snapshot.with_node(node))

    def drop_node(self, name: str) -> Cache:
        """The cache without a node; its pods wait for it to return."""
        return (
            self if self.snapshot.node(name) is None else attrs.evolve(self, snapshot=self.snapshot.without_node(name))
        )

    def with_listers(self, listers: Listers) -> Cache:
        """The cache with other objects beside nodes and pods."""
        return attrs.evolve(self, snapshot=self.snapshot.with_listers(listers))


EMPTY_CACHE: Final = Cache()
