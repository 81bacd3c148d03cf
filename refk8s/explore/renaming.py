"""Giving names others: a permutation of what is interchangeable, as it acts on texts, documents, processes and informers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..core.world import World


class Renaming:
    """A bijection of names (whole words of texts) and of processes. Without any it changes nothing."""

    def __init__(
        self,
        names: Mapping[str, str] | None = None,
        places: Mapping[int, int] | None = None,
        world: World | None = None,
    ) -> None:
        self._names = dict(names or {})
        self._places = dict(places or {})
        self._world = world
        pattern = "|".join(re.escape(name) for name in sorted(self._names, key=len, reverse=True))
        pattern = rf"(?<![\w-])(?:{pattern})(?![\w-])" if pattern else ""
        self._pattern = re.compile(pattern) if pattern else None
        self._bytes = re.compile(pattern.encode()) if pattern else None

    def text(self, text: str) -> str:
        """A text with other names."""
        return text if self._pattern is None else self._pattern.sub(lambda found: self._names[found[0]], text)

    def data(self, data: bytes) -> bytes:
        """A document's bytes with other names."""
        return (
            data
            if self._bytes is None
            else self._bytes.sub(lambda found: self._names[found[0].decode()].encode(), data)
        )

    def p(self, p: int) -> int:
        """Another process (or, negative, where it is kept what it has sent)."""
        return self._places.get(p, p) if p >= 0 else -self._places.get(-p - 1, -p - 1) - 1

    def iid(self, iid: int) -> int:
        """Another informer (or, negative, process)."""
        if iid < 0 or self._world is None:
            return self.p(iid) if iid < 0 else iid
        p, place = self._world.informers[iid]
        return self._world.first_informer[self.p(p)] + place


UNCHANGED: Final = Renaming()
