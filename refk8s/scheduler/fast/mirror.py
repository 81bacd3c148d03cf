"""The nodes of the last snapshot as arrays: which nodes changed since, and in which topology domain each is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, Protocol, TypeVar

import attrs
import numpy as np

from refk8s.core.table import EMPTY as EMPTY_TABLE
from refk8s.scheduler.framework import Status
from refk8s.scheduler.nodeinfo import NodeInfo
from refk8s.scheduler.snapshot import Snapshot

__all__ = ["Column", "Domains", "Mirror"]

_COLUMNS: Final = 256
_CHUNK: Final = 64


class Column(Protocol):
    """Something about all nodes that follows the changes of single ones."""

    def change(self, position: int, before: NodeInfo | None, after: NodeInfo) -> None:
        """The node at `position` is another one now; None: it is seen for the first time."""


C = TypeVar("C", bound=Column)


@attrs.define(eq=False)
class Domains:
    """The domains of one topology key: each node's number of its domain, -1 without the label, and each value's number."""

    key: str
    ids: Any
    numbers: dict[str, int] = attrs.Factory(dict)

    def number(self, value: str) -> int:
        """The number of a domain, a new one if need be."""
        return self.numbers.setdefault(value, len(self.numbers))

    def change(self, position: int, before: NodeInfo | None, after: NodeInfo) -> None:
        """Note the domain of the node at `position`."""
        value = after.labels.get(self.key)
        self.ids[position] = -1 if value is None else self.number(value)

    def table(self, dtype: Any) -> Any:
        """Zeros for each domain, and one at the end for nodes that are in none."""
        return np.zeros(len(self.numbers) + 1, dtype)


@attrs.define(eq=False)
class Mirror:
    """The nodes of the last snapshot by position, and columns about them.

    A snapshot shares what did not change with its predecessors, so that a change is found by identity; it may be any snapshot, an earlier one as well.
    """

    nodes: list[NodeInfo] = attrs.Factory(list)
    names: tuple[str, ...] = ()
    _chunks: tuple[tuple[NodeInfo, ...], ...] = ()
    _positions: Any = EMPTY_TABLE
    _log: list[tuple[int, NodeInfo, NodeInfo]] = attrs.Factory(list)
    _columns: dict[Hashable, list[Any]] = attrs.Factory(dict)
    """Key → [column, how much of the log it has seen]; the last used at the end."""
    statuses: list[Status | None] = attrs.Factory(lambda: [None])
    """Verdict by its code; 0: the node fits."""
    _codes: dict[Status, int] = attrs.Factory(dict)

    def follow(self, snapshot: Snapshot) -> None:
        """Take over what changed."""
        if snapshot.chunks is self._chunks:
            return
        if snapshot.positions is not self._positions:
            self._begin(snapshot)
            return
        for outer, (old, new) in enumerate(zip(self._chunks, snapshot.chunks, strict=True)):
            if old is not new:
                for inner, (before, after) in enumerate(zip(old, new, strict=True)):
                    if before is not after:
                        position = outer * _CHUNK + inner
                        self.nodes[position] = after
                        self._log.append((position, before, after))
        self._chunks = snapshot.chunks
        if len(self._log) > 4 * len(self.nodes) + 1_000:
            self._log.clear()
            self._columns.clear()

    def _begin(self, snapshot: Snapshot) -> None:
        self.nodes = snapshot.nodes()
        self.names = tuple(node.name for node in self.nodes)
        self._chunks, self._positions = snapshot.chunks, snapshot.positions
        self._log.clear()
        self._columns.clear()

    def column(self, key: Hashable, make: Callable[[], C]) -> C:
        """The column `key`, made if there is none yet, and up to date."""
        known = self._columns.pop(key, None)
        if known is None or len(self._log) - known[1] > len(self.nodes):
            column = make()
            for position, node in enumerate(self.nodes):
                column.change(position, None, node)
            if len(self._columns) >= _COLUMNS:
                del self._columns[next(iter(self._columns))]
        else:
            column, seen = known
            for position, before, after in self._log[seen:]:
                column.change(position, before, after)
        self._columns[key] = [column, len(self._log)]
        return column

    def domains(self, key: str) -> Domains:
        """The domains of a topology key."""
        return self.column(("domains", key), lambda: Domains(key, np.full(len(self.nodes), -1, np.int64)))

    def code(self, status: Status | None) -> int:
        """The number of a verdict."""
        if status is None:
            return 0
        code = self._codes.get(status)
        if code is None:
            code = self._codes[status] = len(self.statuses)
            self.statuses.append(status)
        return code
