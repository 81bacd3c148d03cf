"""Persistent containers with one deterministic order: Table (map), Log (append-only sequence), Lane (ordered queue).

`immutables.Map` iterates in the order of hashes, which differs per process; Table therefore offers sorted iteration only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar, overload

from immutables import Map

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")

_new: Any = object.__new__  # without the detour through the class: tables are made all the time


class Table(Generic[K, V]):
    """A persistent map: `set` and `delete` return new tables in O(log n); iteration is in the order of sorted keys."""

    __slots__ = ("_map",)

    def __init__(self, items: Any = ()) -> None:
        self._map: Any = Map(items)

    @classmethod
    def _of(cls, inner: Any) -> Table[K, V]:
        made: Table[K, V] = _new(Table)
        made._map = inner
        return made

    def __getitem__(self, key: K) -> V:
        found: V = self._map[key]
        return found

    def __contains__(self, key: object) -> bool:
        return key in self._map

    def __len__(self) -> int:
        return len(self._map)

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: D) -> V | D: ...
    def get(self, key: K, default: Any = None) -> Any:
        """The value of `key`, or `default`."""
        return self._map.get(key, default)

    def set(self, key: K, value: V) -> Table[K, V]:
        """A table in which `key` has `value`."""
        made: Table[K, V] = _new(Table)
        made._map = self._map.set(key, value)
        return made

    def delete(self, key: K) -> Table[K, V]:
        """A table without `key`. Raises KeyError if it is absent."""
        made: Table[K, V] = _new(Table)
        made._map = self._map.delete(key)
        return made

    def discard(self, key: K) -> Table[K, V]:
        """A table without `key`, which may be absent."""
        return self.delete(key) if key in self._map else self

    def update(self, items: Any) -> Table[K, V]:
        """A table with all of `items` set."""
        return Table._of(self._map.update(items))

    def __iter__(self) -> Iterator[K]:
        return iter(sorted(self._map.keys()))

    def keys(self) -> list[K]:
        """The keys, sorted."""
        return sorted(self._map.keys())

    def values(self) -> list[V]:
        """The values in the order of their sorted keys."""
        inner = self._map
        return [inner[key] for key in sorted(inner.keys())]

    def items(self) -> list[tuple[K, V]]:
        """The items in the order of their sorted keys."""
        return sorted(self._map.items(), key=_first)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and bool(self._map == other._map)

    def __hash__(self) -> int:
        return hash(self._map)

    def __repr__(self) -> str:
        return f"Table({dict(self.items())!r})"


def _first(item: tuple[Any, Any]) -> Any:
    return item[0]


EMPTY: Table[Any, Any] = Table()
_NOTHING: Any = Map()


class Log(Generic[V]):
    """A persistent append-only sequence with absolute indices `base ≤ i < len(log)`.

    Versions along one line share a list, so `append` is O(1); an append to an older version copies (a branch). `floor` drops the
    beginning; indices stay what they were.
    """

    __slots__ = ("_items", "base", "end")

    def __init__(self, items: list[V] | None = None, base: int = 0, end: int | None = None) -> None:
        self._items: list[V] = [] if items is None else items
        self.base = base
        self.end = base + len(self._items) if end is None else end

    def append(self, item: V) -> Log[V]:
        """A log with `item` at index `end`."""
        items = self._items
        if len(items) != self.end - self.base:
            items = items[: self.end - self.base]
        items.append(item)
        return Log(items, self.base, self.end + 1)

    def extend(self, items: list[V]) -> Log[V]:
        """A log with `items` appended in order."""
        if not items:
            return self
        mine = self._items
        if len(mine) != self.end - self.base:
            mine = mine[: self.end - self.base]
        mine.extend(items)
        return Log(mine, self.base, self.end + len(items))

    def floor(self, index: int) -> Log[V]:
        """A log without the items before `index`."""
        if index <= self.base:
            return self
        return Log(self._items[index - self.base : self.end - self.base], index, self.end)

    def __getitem__(self, index: int) -> V:
        if not self.base <= index < self.end:
            raise IndexError(index)
        return self._items[index - self.base]

    def __len__(self) -> int:
        return self.end

    def __iter__(self) -> Iterator[V]:
        return iter(self._items[: self.end - self.base])

    def __reversed__(self) -> Iterator[V]:
        items = self._items
        return (items[i] for i in range(self.end - self.base - 1, -1, -1))


class Lane(Generic[V]):
    """A persistent FIFO from whose middle items can be taken; items are named by the integer at which they were appended.

    `head` is the number of the oldest item, `size` how many there are, `next_number` what the next pushed one gets.
    """

    __slots__ = ("_items", "head", "next_number", "size")

    def __init__(self, items: Any = _NOTHING, head: int = 0, next_number: int = 0, size: int = 0) -> None:
        self._items = items  # an immutables.Map
        self.head = head
        self.next_number = next_number
        self.size = size

    def push(self, item: V) -> Lane[V]:
        """A lane with `item` at its end, under the number `next_number`."""
        number = self.next_number
        return Lane(self._items.set(number, item), self.head, number + 1, self.size + 1)

    def take(self, number: int) -> Lane[V]:
        """A lane without the item `number`. Raises KeyError if it is not there."""
        items = self._items.delete(number)
        head, end = self.head, self.next_number
        while head < end and head not in items:
            head += 1
        return Lane(items, head, end, self.size - 1)

    def first(self) -> V:
        """The oldest item. Raises KeyError if the lane is empty."""
        found: V = self._items[self.head]
        return found

    def numbers(self) -> list[int]:
        """The numbers of the items, oldest first."""
        return sorted(self._items.keys())

    def __getitem__(self, number: int) -> V:
        found: V = self._items[number]
        return found

    def __len__(self) -> int:
        return self.size


EMPTY_LANE: Lane[Any] = Lane()
