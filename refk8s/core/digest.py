"""Fingerprints: blake2b-128 of canonical bytes, summed over the cells of a World.

A *cell* is a flat tuple of strings and integers that names one small piece of state. The exact fingerprint of a World is the
sum (mod 2**128) of the hashes of its cells, so that a step pays only for the cells that it changes.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

MASK = (1 << 128) - 1
_CANONICAL = orjson.OPT_SORT_KEYS


def canonical(document: Any) -> bytes:
    """The canonical bytes of a JSON tree: one encoder everywhere (orjson, keys sorted).

    Raises TypeError for what JSON or 64-bit integers cannot hold; admission refuses such documents before they get here.
    """
    return orjson.dumps(document, option=_CANONICAL)


def digest_bytes(data: bytes) -> int:
    """The 128-bit blake2b digest of `data` as an integer."""
    return int.from_bytes(blake2b(data, digest_size=16).digest(), "little")


def digest(document: Any) -> int:
    """The 128-bit digest of a JSON tree, by content."""
    return int.from_bytes(blake2b(orjson.dumps(document, option=_CANONICAL), digest_size=16).digest(), "little")


@lru_cache(maxsize=1 << 16)
def cell(*parts: str | int) -> int:
    """The hash of one cell; parts are strings without the unit separator, or integers."""
    return int.from_bytes(blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest(), "little")


def text(fingerprint: int) -> str:
    """A fingerprint as the 32 hex digits that traces and reports print."""
    return f"{fingerprint & MASK:032x}"
