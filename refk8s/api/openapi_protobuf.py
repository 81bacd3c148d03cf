"""The definitions of OpenAPI v2 in the protobuf form of gnostic, the only one in which kubectl takes that document.

Source: github.com/google/gnostic-models/openapiv2/OpenAPIv2.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

MEDIA_TYPE: Final = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
ANSWERED: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""The same, as an answer names it: the sign is not allowed in a media type."""

# DEVIATES: there are no paths in it, because kubectl asks for this document only when the one of v3 does not know a kind, and then needs none.


@lru_cache(maxsize=4)
def encoded(swagger: bytes) -> bytes:
    """The v2 document `swagger` as protobuf."""
    document = orjson.loads(swagger)
    info = _text(1, document["info"]["title"]) + _text(2, document["info"]["version"])
    definitions = b"".join(_named(1, name, _schema(schema)) for name, schema in document["definitions"].items())
    return _text(1, document["swagger"]) + _field(2, info) + _field(8, b"") + _field(9, definitions)


def _schema(schema: Mapping[str, Any]) -> bytes:
    made = b""
    for name, number in (("$ref", 1), ("format", 2), ("pattern", 13)):
        if name in schema:
            made += _text(number, schema[name])
    for name in schema.get("required") or ():
        made += _text(19, name)
    if isinstance(schema.get("additionalProperties"), Mapping):
        made += _field(21, _field(1, _schema(schema["additionalProperties"])))
    if "type" in schema:
        made += _field(22, _text(1, schema["type"]))
    if isinstance(schema.get("items"), Mapping):
        made += _field(23, _field(1, _schema(schema["items"])))
    if schema.get("properties"):
        made += _field(25, b"".join(_named(1, name, _schema(inner)) for name, inner in schema["properties"].items()))
    for name, value in schema.items():
        if name.startswith("x-"):
            # Any: of its two forms, the YAML text
            made += _named(31, name, _text(2, orjson.dumps(value).decode() + "\n"))
    return made


def _named(number: int, name: str, value: bytes) -> bytes:
    return _field(number, _text(1, name) + _field(2, value))


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    made = b""
    while number > 0x7F:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])
