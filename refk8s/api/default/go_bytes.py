"""Base64 as Go's decoder reads it. Source: encoding/base64 (StdEncoding), encoding/json."""

from __future__ import annotations

import base64

_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


class GoBytesError(ValueError):
    """A text is no base64; the message is Go's."""


def canonical_base64(text: str) -> str:
    """The text without line ends and with zero trailing bits, as Go writes the bytes back. Raises GoBytesError."""
    return base64.b64encode(base64_bytes(text)).decode()


def base64_bytes(text: str) -> bytes:
    """The bytes that a base64 text stands for. Raises GoBytesError naming the offset of the first bad byte."""
    kept = [(i, c) for i, c in enumerate(text) if c not in "\r\n"]
    for place, (offset, char) in enumerate(kept):
        if char in _ALPHABET:
            continue
        if char == "=" and _is_padding([c for _, c in kept], place):
            break
        bad = offset
        if char == "=" and place % 4 >= 2 and place == len(kept) - 1 and place % 4 == 2:
            bad = len(text)
        raise GoBytesError(f"illegal base64 data at input byte {bad}")
    if len(kept) % 4:
        raise GoBytesError(f"illegal base64 data at input byte {len(text) - len(kept) % 4}")
    return base64.b64decode("".join(c for _, c in kept))


def _is_padding(chars: list[str], place: int) -> bool:
    """Whether the "=" at `place` starts the text's proper end."""
    if place % 4 == 3:
        return len(chars) == place + 1
    return place % 4 == 2 and len(chars) == place + 2 and chars[place + 1] == "="
