"""Fingerprints: blake2b-128 of canonical bytes, summed over the cells of a World.

A *cell* is a flat tuple of strings and integers that names one small piece of state. The exact fingerprint of a World is the
sum (mod 2**128) of the hashes of its cells, so that a step pays only for the cells that it changes. A number that changes all the
time (a position, a revision, the time) counts as its product with the hash of its name, a link of a chain of hashes is `mix`: both cost an
arithmetic operation where a hash of bytes costs twenty.
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


def mix(digest: int, number: int) -> int:
    """The hash of a 128-bit hash and a number (0 ≤ number < 2**128): a link of a chain.

    For each number it is a bijection of the digest, and the other way round: multiply and xor-shift rounds with odd constants.
    """
    found = (digest + number * 0x9E3779B97F4A7C15F39CC0605CEDC835) & MASK
    found = ((found ^ (found >> 61)) * 0xBF58476D1CE4E5B994D049BB133111EB) & MASK
    found = ((found ^ (found >> 67)) * 0xD6E8FEB86659FD93A5CB9243F1D5A0C5) & MASK
    return found ^ (found >> 64)


def text(fingerprint: int) -> str:
    """A fingerprint as the 32 hex digits that traces and reports print."""
    return f"{fingerprint & MASK:032x}"
