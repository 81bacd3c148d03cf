"""Lister: what admission sees of other objects, which is what the API server's own informers hold.

Source: apiserver/pkg/admission/initializer; admission/plugin/namespace/lifecycle (whose misses are looked up live).
"""

from __future__ import annotations

from typing import Any

from ..registry import KINDS
from ..store import Collection, Document
from .call import Call


class Lister:
    """The objects of other kinds as of the server's cache; a namespace that the cache does not have yet is read from the store."""

    __slots__ = ("_call",)

    def __init__(self, call: Call) -> None:
        self._call = call

    def get(self, kind: str, namespace: str, name: str) -> Document | None:
        """The object, None if there is none."""
        resource, key = KINDS[kind].plural, f"{namespace}/{name}" if namespace else name
        stored = self._cached(resource).get(key)
        if stored is None and kind == "Namespace":
            stored = self._call.store.get(resource, key)
        return None if stored is None else stored.document

    def list(self, kind: str) -> list[Document]:
        """All objects of a kind, by name."""
        return [stored.document for stored in self._cached(KINDS[kind].plural).objects.values()]

    def _cached(self, resource: str) -> Collection:
        cached: Any = self._call.occasion.cached(resource)
        found: Collection = cached
        return found
