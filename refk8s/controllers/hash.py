"""pod-template-hash, exactly as the Deployment controller computes it: ReplicaSet names are functions of the template.

FNV-1a of 32 bits over the dump of the template (hash_dump.py) and the collision count, in an alphabet without vowels.
Source: pkg/controller/controller_utils.go (ComputeHash), apimachinery/pkg/util/rand/rand.go (SafeEncodeString).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from refk8s.controllers.hash_dump import Segment, dump_template

_OFFSET = 2_166_136_261
_PRIME = 16_777_619
_MASK = 0xFFFF_FFFF
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def compute_hash(template: Mapping[str, Any], collision_count: int | None = None) -> str:
    """The pod-template-hash of a pod template document that has been defaulted and does not carry the hash label yet.

    `collision_count` is that of the Deployment's status; None differs from 0. Source: ComputeHash.
    """
    return _compute_hash(orjson.dumps(template), collision_count)


@lru_cache(maxsize=4096)
def _compute_hash(template: bytes, collision_count: int | None) -> str:
    hashed = fnv32a_of_parts(dump_template(orjson.loads(template)))
    if collision_count is not None:
        hashed = fnv32a(collision_count.to_bytes(4, "little") + bytes(4), hashed)
    return safe_encode(str(hashed))


def safe_encode(text: str) -> str:
    """Each character as a letter or digit that cannot form a word. Source: SafeEncodeString."""
    return "".join(_ALPHABET[ord(character) % len(_ALPHABET)] for character in text)


def fnv32a(data: bytes, state: int = _OFFSET) -> int:
    """FNV-1a of 32 bits, continued from `state`."""
    for byte in data:
        state = ((state ^ byte) * _PRIME) & _MASK
    return state


def fnv32a_of_parts(parts: list[str | Segment]) -> int:
    """FNV-1a of 32 bits over parts, in one step per segment.

    A byte enters the state through its lowest 8 bits only, and the multiplication is linear: so a fixed text of n
    bytes turns the state 256·high + low into 256·high·prime^n + f(low), with f a table of 256 numbers per text,
    filled as needed.
    """
    state = _OFFSET
    for part in parts:
        if isinstance(part, str):
            state = fnv32a(part.encode(), state)
            continue
        low = state & 0xFF
        if not part.factor:
            part.factor = 256 * pow(_PRIME, len(part.text.encode()), 2**32)
            part.by_low_byte = [-1] * 256
        moved = part.by_low_byte[low]
        if moved < 0:
            moved = part.by_low_byte[low] = fnv32a(part.text.encode(), low)
        state = (part.factor * (state >> 8) + moved) & _MASK
    return state
