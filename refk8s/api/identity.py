"""What the API server invents: generated names and uids, each a function of local counters.

Counters are per parent (a name prefix in a namespace, an object's key), never the global revision, so that leaving out one write renames nothing else
(ARCHITECTURE §3). Source of the forms: apiserver/pkg/storage/names/generate.go; apimachinery/pkg/util/rand.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from .store import Txn

ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
SUFFIX_LENGTH: Final = 5
MAX_GENERATED_NAME: Final = 63
_MAX_BASE: Final = MAX_GENERATED_NAME - SUFFIX_LENGTH


def _digest(*parts: str | int) -> bytes:
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest()


def suffix(txn: Txn, resource: str, namespace: str, prefix: str) -> str:
    """The next five characters for a generated name of this prefix."""
    return suffix_of(resource, namespace, prefix, txn.count(f"name:{resource}/{namespace}/{prefix}"))


def suffix_of(resource: str, namespace: str, prefix: str, ordinal: int) -> str:
    """The five characters of the generated name with this ordinal."""
    number = int.from_bytes(_digest("name", resource, namespace, prefix, ordinal)[:8], "little")
    made = ""
    for _ in range(SUFFIX_LENGTH):
        number, index = divmod(number, len(ALPHABET))
        made += ALPHABET[index]
    return made


def generated_name(txn: Txn, resource: str, namespace: str, prefix: str) -> str:
    """The prefix, cut so that the name fits a label, and five characters."""
    return prefix[:_MAX_BASE] + suffix(txn, resource, namespace, prefix)


def name_of(resource: str, namespace: str, prefix: str, ordinal: int) -> str:
    """The generated name with this ordinal (from 1)."""
    return prefix[:_MAX_BASE] + suffix_of(resource, namespace, prefix, ordinal)


def uid(txn: Txn, resource: str, key: str, *, dry_run: bool = False) -> str:
    """The uid of the next object with this key, in the form of a random (version 4) UUID; a dry run's is nobody else's."""
    return uid_of(resource, key, txn.count(f"uid:{resource}/{key}"), "dry-run" if dry_run else "uid")


def uid_of(resource: str, key: str, ordinal: int, kind: str = "uid") -> str:
    """The uid of the object with this key and ordinal."""
    raw = _digest(kind, resource, key, ordinal)
    text = raw.hex()
    variant = "89ab"[raw[8] & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
