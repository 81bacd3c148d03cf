"""Bodies in protobuf, which kubectl sends where it has a typed client, as the JSON trees that Go would have written for the same objects.

A message is the magic `k8s\\0`, then a runtime.Unknown: the kind, and the object's own bytes. Fields that are unknown are skipped, as protobuf wants it. What
fields there are is in `protobuf_data.json`, made by `tests/tools/build_protobuf.py`.
Source: apimachinery/pkg/runtime/serializer/protobuf/protobuf.go; apimachinery/pkg/runtime/generated.proto; k8s.io/api/*/v1/generated.proto.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from ..api import schema

MAGIC: Final = b"k8s\0"
_MOST_DEPTH: Final = 100
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class NoProtobuf(Exception):
    """The bytes are no message of a known kind."""


def as_json(body: bytes) -> Any:
    """The object in a body. Raises NoProtobuf."""
    if not body.startswith(MAGIC):
        raise NoProtobuf("no magic")
    try:
        envelope = dict(_fields(body[len(MAGIC) :]))
        meta = {number: bytes(value).decode() for number, value in _fields(envelope.get(1, b""))}
        api_version, kind = meta.get(1, ""), meta.get(2, "")
        raw = envelope.get(2, b"")
    except (ValueError, TypeError, AttributeError) as error:
        raise NoProtobuf(str(error)) from None
    name = _kinds().get(f"{api_version}/{kind}") or (
        _kinds()["meta.k8s.io/v1/DeleteOptions"] if kind == "DeleteOptions" else None
    )
    if name is None:
        raise NoProtobuf(f"{api_version} {kind}")
    try:
        made = _message(name, raw, 0)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise NoProtobuf(str(error)) from None
    return {"kind": kind, "apiVersion": api_version, **made}


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads(Path(__file__).with_name("protobuf_data.json").read_bytes())
    return data


def _kinds() -> dict[str, str]:
    kinds: dict[str, str] = _data()["kinds"]
    return kinds


@lru_cache(maxsize=512)
def _layout(name: str) -> dict[int, tuple[str, str, str]]:
    """Field number -> (name, "" or "*" repeated or "%" map, type) of a message."""
    found = {}
    for number, text in _data()["messages"][name].items():
        field, _, code = text.partition(" ")
        mark = code[0] if code[0] in "*%" else ""
        found[int(number)] = (field, mark, code[len(mark) :])
    return found


@lru_cache(maxsize=512)
def _type(name: str) -> schema.Type | None:
    try:
        return schema.named(name)
    except KeyError:
        return None


def _message(name: str, data: bytes, depth: int) -> dict[str, Any]:
    """A message as Go writes it to JSON: what is empty and may be left out is, what is embedded stands beside the rest."""
    if depth > _MOST_DEPTH:
        raise ValueError("nested too deep")
    layout, of = _layout(name), _type(name)
    made: dict[str, Any] = {}
    for number, value in _fields(data):
        if number not in layout:
            continue
        field, mark, code = layout[number]
        if mark == "%":
            key, inner = _entry(value, code, depth)
            made.setdefault(field, {})[key] = inner
        elif mark == "*":
            made.setdefault(field, []).append(_value(code, value, depth))
        else:
            _put(made, of, field, _value(code, value, depth), code)
    return made


def _put(made: dict[str, Any], of: schema.Type | None, field: str, value: Any, code: str) -> None:
    """Set a field, or leave it out as Go does."""
    known = of.fields.get(field) if of is not None else None
    if known is None and of is not None and code.startswith("@") and isinstance(value, dict):
        made.update(value)  # an embedded struct
    elif known is None:
        if value not in ("", 0, False):
            made[field] = value
    elif value not in ("", 0, False) or known.pointer or not known.omitempty:
        made[field] = value


def _entry(data: Any, code: str, depth: int) -> tuple[str, Any]:
    """A map's entry."""
    parts = dict(_fields(data))
    key = bytes(parts.get(1, b"")).decode()
    empty: Any = 0 if code in "bi" else b""
    return key, _value(code, parts.get(2, empty), depth)


def _value(code: str, value: Any, depth: int) -> Any:
    if code == "s":
        return bytes(value).decode()
    if code == "b":
        return bool(int(value))
    if code == "i":
        number = int(value)
        return number - (1 << 64) if number >= 1 << 63 else number
    if code == "y":
        return base64.b64encode(value).decode()
    if code == "d":
        return struct.unpack("<d", value)[0]
    name = code[1:]
    if name.endswith(".ExtraValue"):
        return [bytes(item).decode() for _, item in _fields(value)]
    special = _SPECIAL.get(name)
    return _message(name, value, depth + 1) if special is None else special(dict(_fields(value)))


def _time(parts: dict[int, Any]) -> str | None:
    if not parts:
        return None
    return datetime.fromtimestamp(_signed(parts.get(1, 0)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(parts: dict[int, Any]) -> str | None:
    if not parts:
        return None
    moment = datetime.fromtimestamp(_signed(parts.get(1, 0)), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(parts.get(2, 0)) // 1000:06d}Z"


def _int_or_string(parts: dict[int, Any]) -> int | str:
    if parts.get(1, 0) == 1:
        return bytes(parts.get(3, b"")).decode()
    return _signed(parts.get(2, 0))


def _raw(parts: dict[int, Any]) -> Any:
    return orjson.loads(parts[1]) if parts.get(1) else None


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number


_SPECIAL: Final[dict[str, Callable[[dict[int, Any]], Any]]] = {
    "meta.v1.Time": _time,
    "meta.v1.MicroTime": _micro_time,
    "meta.v1.FieldsV1": _raw,
    "pkg.runtime.RawExtension": _raw,
    "api.resource.Quantity": lambda parts: bytes(parts.get(1, b"0")).decode(),
    "util.intstr.IntOrString": _int_or_string,
}


def _fields(data: Any) -> Iterator[tuple[int, Any]]:
    """(number, value) of the fields of a message: integers, or bytes. Raises ValueError for what is none."""
    data = memoryview(data)
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + length > end:
            raise ValueError("unexpected EOF")
        yield number, bytes(data[at : at + length])
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("unexpected EOF")
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7
