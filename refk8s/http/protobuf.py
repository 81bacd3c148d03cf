"""Bodies in protobuf, which kubectl sends where it has a typed client, as JSON trees."""

from __future__ import annotations

from typing import Any


class NoProtobuf(Exception):
    """The bytes are no message of a known kind."""


def as_json(body: bytes) -> Any:
    """The object in a body. Raises NoProtobuf."""
    raise NoProtobuf
