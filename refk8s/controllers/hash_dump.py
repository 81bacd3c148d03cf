"""The text that upstream hashes for a pod template: a dump of its Go structs, zero fields included.

The dump names the type of every field, follows pointers, prints nil as `<nil>` and sorts maps. It is produced as
parts: text that stands in the template, and constant segments between it (runs of zero fields), which a hash can take
in one step. Lists and maps that are empty count as absent, because the store keeps templates as protobuf, which
cannot tell them apart. Source: pkg/util/hash/hash.go, k8s.io/utils/dump (ForHash), go-spew's `%#v`; the structs:
podtemplate_layout.txt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import attrs
import orjson

from refk8s.controllers.decisions_time import SECOND_NS, parse_time_ns
from refk8s.kinds.quantity import Quantity, from_json

Emit = Callable[[Any, "list[str | Segment]"], None]
"""Appends the dump of one value, without its type."""


class Segment:
    """A piece of text that many dumps share, and what it makes of an FNV-1a hash (see controllers/hash.py)."""

    __slots__ = ("by_low_byte", "factor", "meaning", "text")

    def __init__(self, text: str, meaning: str | Quantity | None = None) -> None:
        self.text = text
        self.factor = 0
        self.by_low_byte: list[int] = []
        self.meaning: str | Quantity = text if meaning is None else meaning
        """What the text has to be compared by: for a quantity the amount, since several texts stand for one."""


def dump_template(template: Mapping[str, Any]) -> list[str | Segment]:
    """The dump of a pod template document, in parts."""
    parts: list[str | Segment] = [_constant("(v1.PodTemplateSpec)")]
    _struct("v1.PodTemplateSpec").emit(template, parts)
    return parts


def dump_text(template: Mapping[str, Any]) -> str:
    """The dump of a pod template document, for reading."""
    return "".join(part if isinstance(part, str) else part.text for part in dump_template(template))


def templates_equal(a: Mapping[str, Any], b: Mapping[str, Any], but_label: str) -> bool:
    """Whether two pod template documents are semantically equal, whatever their label `but_label` says.

    Empty counts as absent, quantities compare by amount. Source: EqualIgnoreHash, apimachinery/pkg/api/equality.
    """
    return a is b or _meaning(orjson.dumps(a), but_label) == _meaning(orjson.dumps(b), but_label)


@lru_cache(maxsize=4096)
def _meaning(template: bytes, but_label: str) -> tuple[str | Quantity, ...]:
    document = orjson.loads(template)
    ((document.get("metadata") or {}).get("labels") or {}).pop(but_label, None)
    return tuple(part if isinstance(part, str) else part.meaning for part in dump_template(document))


@attrs.frozen(eq=False)
class _Field:
    before: str
    """Everything up to the value: name, type, and the opening of the embedded structs that begin here."""
    zero: str
    after: str
    """The closing of the embedded structs that end here."""
    emit: Emit
    keeps_empty: bool
    """Whether an empty value differs from an absent one: so for pointers."""


class _Struct:
    """One Go struct: its fields in order, those of embedded structs among them."""

    def __init__(self, fields: list[tuple[str, _Field]]) -> None:
        self.fields = [field for _, field in fields]
        self.index = {json_name: position for position, (json_name, _) in enumerate(fields)}
        self._runs: dict[tuple[int, int], Segment] = {}

    def emit(self, doc: Mapping[str, Any], parts: list[str | Segment]) -> None:
        index, fields = self.index, self.fields
        present = []
        for key in doc:
            position = index.get(key)
            if position is not None:
                value = doc[key]
                if value or (value is not None and fields[position].keeps_empty):
                    present.append((position, value))
        present.sort(key=_position)
        begin = -1
        for position, value in present:
            parts.append(self._runs.get((begin, position)) or self._run(begin, position))
            fields[position].emit(value, parts)
            begin = position
        parts.append(self._runs.get((begin, -1)) or self._run(begin, -1))

    def _run(self, begin: int, end: int) -> Segment:
        """What stands between the values of two fields; -1 for the opening and the closing brace."""
        text = ["{" if begin < 0 else self.fields[begin].after]
        stop = len(self.fields) if end < 0 else end
        for field in self.fields[begin + 1 : stop]:
            text += [field.before, field.zero, field.after]
        text.append("}" if end < 0 else self.fields[end].before)
        segment = self._runs[begin, end] = _constant("".join(text))
        return segment

    def zero(self) -> str:
        """The dump of the struct with all fields zero."""
        return self._run(-1, -1).text


@cache
def _layout() -> tuple[dict[str, list[tuple[str, str, str]]], dict[str, str]]:
    """The structs (name -> fields as Go name, JSON name, type) and the other named types (name -> type)."""
    structs: dict[str, list[tuple[str, str, str]]] = {}
    named: dict[str, str] = {}
    current: list[tuple[str, str, str]] = []
    for line in resources.files(__package__).joinpath("podtemplate_layout.txt").read_text().splitlines():
        if line[0] == "*":
            current = structs[line[1:]] = []
        elif line[0] == "=":
            name, kind = line[1:].split()
            named[name] = kind
        else:
            go_name, json_name, kind = line.split()
            current.append((go_name, json_name, kind))
    return structs, named


@cache
def _struct(name: str) -> _Struct:
    fields: list[tuple[str, _Field]] = []
    for go_name, json_name, kind in _layout()[0][name]:
        before = f"{' ' if fields else ''}{go_name}:({kind})"
        if json_name != "-":
            emit, zero = _type(kind)
            fields.append((json_name, _Field(before, zero, "", emit, keeps_empty=kind[0] == "*")))
            continue
        embedded = [
            (key, attrs.evolve(field, before=field.before if position else before + "{" + field.before))
            for position, (key, field) in enumerate(zip(_struct(kind).index, _struct(kind).fields, strict=True))
        ]
        key, last = embedded[-1]
        embedded[-1] = (key, attrs.evolve(last, after=last.after + "}"))
        fields += embedded
    return _Struct(fields)


def _type(kind: str) -> tuple[Emit, str]:
    """How a Go type is dumped, and what its zero value looks like; the type itself is printed by whom it belongs to."""
    structs, named = _layout()
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in named:
        return _type(named[kind])
    if kind in structs:
        return _emit_struct(kind), _struct(kind).zero()
    if kind[0] == "*":
        return _type(kind[1:])[0], "<nil>"
    if kind.startswith("[]"):
        return _emit_list(_type(kind[2:])[0]), "<nil>"
    match = re.match(r"map\[[\w.]+\](.+)", kind)
    if match is None:
        raise ValueError(f"podtemplate_layout.txt has a type of unknown form: {kind}")
    return _emit_map(_type(match[1])[0]), "<nil>"


def _emit_struct(name: str) -> Emit:
    return lambda value, parts: _struct(name).emit(value, parts)


def _emit_list(emit: Emit) -> Emit:
    def emit_list(items: list[Any], parts: list[str | Segment]) -> None:
        parts.append("[")
        for position, item in enumerate(items):
            if position:
                parts.append(" ")
            emit(item, parts)
        parts.append("]")

    return emit_list


def _emit_map(emit: Emit) -> Emit:
    def emit_map(items: Mapping[str, Any], parts: list[str | Segment]) -> None:
        opening = "map["
        for key in sorted(items):
            parts.append(f"{opening}{key}:")
            emit(items[key], parts)
            opening = " "
        parts.append("]")

    return emit_map


def _emit_string(value: str, parts: list[str | Segment]) -> None:
    parts.append(value)


def _emit_int(value: int, parts: list[str | Segment]) -> None:
    parts.append(str(value))


def _emit_bool(value: bool, parts: list[str | Segment]) -> None:
    parts.append("true" if value else "false")


def _emit_int_or_string(value: int | str, parts: list[str | Segment]) -> None:
    if isinstance(value, str):
        parts.append(f"{{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string){value}}}")
    else:
        parts.append(f"{{Type:(intstr.Type)0 IntVal:(int32){value} StrVal:(string)}}")


def _emit_quantity(value: str | int, parts: list[str | Segment]) -> None:
    parts.append(_quantity(value))


def _quantity_text(quantity: Quantity) -> str:
    """The fields of a parsed quantity: small or big amount, the text if it is kept as typed, the format."""
    small, big = f"value:(int64){quantity.unscaled} scale:(resource.Scale){quantity.exponent}", "<nil>"
    if quantity.big:
        words, rest = [], abs(quantity.unscaled)
        while rest:
            words.append(str(rest % 2**64))
            rest >>= 64
        sign = "true" if quantity.unscaled < 0 else "false"
        number = f"[{' '.join(words)}]" if words else "<nil>"
        big = f"{{unscaled:(big.Int){{neg:(bool){sign} abs:(big.nat){number}}} scale:(inf.Scale){-quantity.exponent}}}"
        small = "value:(int64)0 scale:(resource.Scale)0"
    return (
        f"{{i:(resource.int64Amount){{{small}}} d:(resource.infDecAmount){{Dec:(*inf.Dec){big}}} "
        f"s:(string){quantity.text} Format:(resource.Format){quantity.format}}}"
    )


def _emit_time(value: str, parts: list[str | Segment]) -> None:
    """A set timestamp, as a controller manager without a local time zone file holds it; nobody sets one in a template."""
    nanoseconds = parse_time_ns(value)
    if nanoseconds is None:
        parts.append(_ZERO_TIME)
        return
    since_year_one = nanoseconds // SECOND_NS + 62_135_596_800
    location = (
        "{name:(string)UTC zone:([]time.zone)<nil> tx:([]time.zoneTrans)<nil> extend:(string) cacheStart:(int64)0 "
        "cacheEnd:(int64)0 cacheZone:(*time.zone)<nil>}"
    )
    wall = f"wall:(uint64){nanoseconds % SECOND_NS} ext:(int64){since_year_one} loc:(*time.Location){location}"
    parts.append(f"{{Time:(time.Time){{{wall}}}}}")


def _emit_nothing(value: Any, parts: list[str | Segment]) -> None:
    """Managed fields, which a template never has."""
    parts.append("")


def _position(present: tuple[int, Any]) -> int:
    return present[0]


@lru_cache(maxsize=65536)
def _constant(text: str) -> Segment:
    return Segment(text)


@lru_cache(maxsize=65536)
def _quantity(value: str | int) -> Segment:
    quantity = from_json(value)
    return Segment(_quantity_text(quantity), quantity)


_ZERO_TIME = "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"
_PLAIN: dict[str, tuple[Emit, str]] = {
    "string": (_emit_string, ""),
    "int32": (_emit_int, "0"),
    "int64": (_emit_int, "0"),
    "bool": (_emit_bool, "false"),
    "intstr.IntOrString": (_emit_int_or_string, "{Type:(intstr.Type)0 IntVal:(int32)0 StrVal:(string)}"),
    "resource.Quantity": (_emit_quantity, _quantity_text(from_json("0"))),
    "v1.Time": (_emit_time, _ZERO_TIME),
    "v1.ManagedFieldsEntry": (_emit_nothing, ""),
}
