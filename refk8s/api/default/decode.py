"""Reading a document as the API server does: types checked, unknown fields dropped, one spelling each.

Upstream decodes JSON into Go structs and encodes them again; what that does to a tree is done here directly: nulls and
empty values go, structs and fields without omitempty appear, quantities and times get their canonical text. A tree that
is already in that form is returned itself, and unchanged parts are shared.
Source: encoding/json (as forked in sigs.k8s.io/json); apimachinery/pkg/api/resource, apis/meta/v1/{time,micro_time}.go.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import attrs
import orjson

from refk8s.api import json_schema
from refk8s.api.default.go_bytes import GoBytesError, canonical_base64
from refk8s.api.default.go_time import GoTimeError, rfc3339, rfc3339_micro
from refk8s.api.default.quantities import canonical_quantity, rounded_quantity
from refk8s.api.schema import Field, Type
from refk8s.kinds.quantity import QuantityError

Doc = dict[str, Any]
Normalise = Callable[[Any, list[str]], Any]
NormaliseStruct = Callable[..., Any]
"""As Normalise, with the canonical value that was there before, if there was one, as third argument."""


class DecodeError(Exception):
    """The document does not fit its Go type; the message is what upstream's decoder says.

    Common causes: a number where text is wanted, a list where an object is wanted, a quantity or time that is none.
    """


class _Mismatch(Exception):
    """A JSON value of the wrong shape; the path grows on the way up."""

    def __init__(self, value: str, go: str) -> None:
        super().__init__(value, go)
        self.value = value
        self.go = go
        self.struct = ""
        self.path: tuple[str, ...] = ()

    def text(self) -> str:
        if not self.struct:
            return f"json: cannot unmarshal {self.value} into Go value of type {self.go}"
        where = ".".join((self.struct, *self.path))
        return f"json: cannot unmarshal {self.value} into Go struct field {where} of type {self.go}"


@attrs.frozen(slots=True)
class Decoded:
    """The normalised document, and the paths of fields that its type does not have, in the order of the document."""

    doc: Doc
    unknown: tuple[str, ...]


def decode(of: Type, doc: Any, since: Doc | None = None) -> Decoded:
    """Return `doc`, a value of the struct type `of`, in its canonical form.

    Parts that are the very objects that `since`, a canonical document, has in the same place are taken as they are. Raises DecodeError with upstream's
    text.
    """
    unknown: list[str] = []
    try:
        try:
            tree = struct_normaliser(of)(doc, unknown, since)
        except (_Mismatch, GoBytesError):
            _read_by_themselves(of, doc)
            raise
    except _Mismatch as mismatch:
        raise DecodeError(mismatch.text()) from None
    except (QuantityError, GoTimeError, GoBytesError) as error:
        raise DecodeError(str(error)) from None
    return Decoded(tree, tuple(_unknown_paths(of, doc, "")) if unknown else ())


_TEXT = frozenset({str})
_OMIT: Any = object()
"""What a field's normaliser returns when the field is to be left out."""


@cache
def struct_normaliser(of: Type) -> NormaliseStruct:
    """Return the normaliser of a Go struct; made once per type."""
    return _remembering(_struct(of)) if of.go == "v1.PodSpec" else _struct(of)


def _remembering(normalise: NormaliseStruct) -> NormaliseStruct:
    """`normalise`, its answers remembered by the bytes of the value: pods of one template are read over and over."""

    @lru_cache(maxsize=4096)
    def remembered(key: bytes) -> tuple[Any, tuple[str, ...]]:
        """The canonical value, None if it is the given one, and the unknown fields met."""
        unknown: list[str] = []
        old = orjson.loads(key)
        new = normalise(old, unknown)
        return (None if new is old else new), tuple(unknown)

    def lookup(value: Any, unknown: list[str], since: Doc | None = None) -> Any:
        try:
            key = orjson.dumps(value)
        except orjson.JSONEncodeError:  # numbers and text that only Python can hold
            return normalise(value, unknown)
        new, met = remembered(key)
        unknown += met
        return value if new is None else new

    return lookup


def _struct(of: Type) -> NormaliseStruct:
    fields = {name: _field(field) for name, field in of.fields.items()}
    fields |= {name: _told_empty(of.fields[name]) for struct, name in _TOLD_EMPTY if struct == of.go}
    always = tuple((name, _zero(field.type, field.pointer)) for name, field in of.fields.items() if _always(field))
    paths = {name: (*field.embed, name) for name, field in of.fields.items()}
    go, struct = of.go, of.go.rpartition(".")[2]
    structs = {name: field.type for name, field in of.fields.items() if field.type.form == "struct"}
    texts = frozenset(name for name, field in of.fields.items() if _is_optional_text(field))

    def normalise(value: Any, unknown: list[str], since: Doc | None = None) -> Any:
        if value.__class__ is not dict:
            raise _Mismatch(json_name(value), go)
        out: Doc | None = None
        key = ""
        try:
            for key, old in value.items():
                if key in texts and old.__class__ is str and old:
                    continue
                if since is not None and key in since:
                    known = since[key]
                    if old is known:
                        continue
                    if key in structs and old.__class__ is known.__class__ is dict:
                        new = struct_normaliser(structs[key])(old, unknown, known)
                    else:
                        new = fields[key](old, unknown)
                elif key not in fields:
                    unknown.append(key)
                    new = _OMIT
                else:
                    new = fields[key](old, unknown)
                if new is not old:
                    if out is None:
                        out = value.copy()
                    if new is _OMIT:
                        del out[key]
                    else:
                        out[key] = new
        except _Mismatch as mismatch:
            if not mismatch.struct:
                mismatch.struct = struct
            mismatch.path = (*paths[key], *mismatch.path)
            raise
        result = value if out is None else out
        for key, zero in always:
            if key not in result:
                if out is None:
                    result = out = value.copy()
                out[key] = zero()
        return result

    return normalise


def _always(field: Field) -> bool:
    """Whether the field is in the JSON even if empty: no omitempty, or a struct, on which omitempty has no effect."""
    if field.omitzero:
        return False
    return not field.omitempty or (not field.pointer and _is_struct(field.type))


def _is_struct(of: Type) -> bool:
    """Whether the Go type is a struct, whatever it looks like in JSON."""
    return of.form == "struct" or of.scalar in ("Quantity", "Time", "MicroTime", "Duration", "IntOrString")


_ZEROS: dict[str, Any] = {"string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0, "Quantity": "0"}
_ZEROS |= {"IntOrString": 0, "Duration": "0s"}


def _zero(of: Type, pointer: bool = False) -> Callable[[], Any]:
    """Return a maker of what Go writes for the type's zero value."""
    if of.form == "struct" and not pointer:
        return lambda: struct_normaliser(of)({}, [])
    zero = None if pointer else _ZEROS.get(of.scalar)
    return lambda: zero


def _field(field: Field) -> Normalise:
    """The normaliser of a field: as its type's, but empty values are left out or written as the type's zero."""
    of, inner = field.type, _value(field.type)
    absent = _zero(of, field.pointer) if _always(field) else _omit
    if field.pointer:
        return lambda old, unknown: inner(old, unknown) if old is not None else absent()
    if of.form in ("list", "map"):
        return lambda old, unknown: (inner(old, unknown) if old is not None else None) or absent()
    if _is_optional_text(field):
        return _optional_text(of.go)
    if field.omitempty and of.scalar in ("bool", "int32", "int64", "float64"):
        return lambda old, unknown: (inner(old, unknown) or _OMIT) if old is not None else _OMIT
    return lambda old, unknown: inner(old, unknown) if old is not None else absent()


_TOLD_EMPTY = (
    ("v2.HPAScalingRules", "policies"),
    ("v1.PodFailurePolicyOnExitCodesRequirement", "values"),
    ("v1.PersistentVolumeSpec", "capacity"),
    ("v1.SuccessPolicy", "rules"),
    ("v1.PodSpec", "containers"),
)
"""Fields whose emptiness validation sees (and always refuses), so that the message is of `[]` and not of `null`."""


def _told_empty(field: Field) -> Normalise:
    normalise = _field(field)
    empty: Any = [] if field.type.form == "list" else {}
    return lambda old, unknown: old if old == empty else normalise(old, unknown)


def _is_optional_text(field: Field) -> bool:
    """Whether the field is a text that is left out when empty: most are, so that those which are fine are told at once."""
    return field.omitempty and not field.pointer and field.type.scalar == "string"


def _omit() -> Any:
    return _OMIT


def _optional_text(go: str) -> Normalise:
    """A text that is left out when empty."""

    def normalise(old: Any, unknown: list[str]) -> Any:
        if old.__class__ is str:
            return old or _OMIT
        if old is None:
            return _OMIT
        raise _Mismatch(json_name(old), go)

    return normalise


def _value(of: Type) -> Normalise:
    """The normaliser of a value that is not null."""
    if of.form == "struct":
        return _lazy_struct(of)
    if of.form == "list":
        return _list(of)
    if of.form == "map":
        return _map(of)
    if of.go == json_schema.GO:
        return _json_schema
    if of.form == "untyped":
        return lambda value, unknown: value
    return _SCALARS[of.scalar](of.go)


def _json_schema(value: Any, unknown: list[str]) -> Any:
    try:
        made = json_schema.read_schema(value)
    except json_schema.BadSchema as bad:
        integer = bad.go == "int64"
        mismatch = _Mismatch(_number_name(bad.value) if integer else json_name(bad.value), bad.go)
        mismatch.struct, mismatch.path = bad.struct if bad.where else "", bad.where
        raise mismatch from None
    except json_schema.NoSchema as error:
        raise DecodeError(str(error)) from None
    unknown += json_schema.unknown_paths(value, "")
    return value if made == value else made


def _lazy_struct(of: Type) -> Normalise:
    made: list[NormaliseStruct] = []

    def normalise(value: Any, unknown: list[str]) -> Any:
        if not made:
            made.append(struct_normaliser(of))
        return made[0](value, unknown)

    return normalise


def _list(of: Type) -> Normalise:
    assert of.element is not None
    inner, zero, go = _value(of.element), _zero(of.element), of.go

    def normalise(value: Any, unknown: list[str]) -> Any:
        if value.__class__ is not list:
            raise _Mismatch(json_name(value), go)
        out: list[Any] | None = None
        for index, old in enumerate(value):
            new = zero() if old is None else inner(old, unknown)
            if new is not old:
                if out is None:
                    out = value.copy()
                out[index] = new
        return value if out is None else out

    return normalise


def _map(of: Type) -> Normalise:
    assert of.element is not None
    zero = str if of.element.scalar == "bytes" else _zero(of.element)
    go = of.go
    inner = _rounded if go == "v1.ResourceList" else _value(of.element)
    texts = of.element.scalar == "string"

    def normalise(value: Any, unknown: list[str]) -> Any:
        if value.__class__ is not dict:
            raise _Mismatch(json_name(value), go)
        if texts and set(map(type, value.values())) <= _TEXT:
            return value
        out: Doc | None = None
        for key, old in value.items():
            new = zero() if old is None else inner(old, unknown)
            if new is not old:
                if out is None:
                    out = value.copy()
                out[key] = new
        return value if out is None else out

    return normalise


def _rounded(value: Any, unknown: list[str]) -> Any:
    new = rounded_quantity(value) if value.__class__ is str else rounded_quantity(_token(value))
    return value if new == value else new


def _string(go: str) -> Normalise:
    def normalise(value: Any, unknown: list[str]) -> Any:
        if value.__class__ is not str:
            raise _Mismatch(json_name(value), go)
        return value

    return normalise


def _bool(go: str) -> Normalise:
    def normalise(value: Any, unknown: list[str]) -> Any:
        if value.__class__ is not bool:
            raise _Mismatch(json_name(value), go)
        return value

    return normalise


def _integer(bits: int) -> Callable[[str], Normalise]:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def make(go: str) -> Normalise:
        def normalise(value: Any, unknown: list[str]) -> Any:
            if value.__class__ is not int:
                raise _Mismatch(_number_name(value), go)
            if not low <= value <= high:
                raise _Mismatch(_number_name(value), go)
            return value

        return normalise

    return make


def _int_or_string(go: str) -> Normalise:
    integer = _integer(32)("int32")
    return lambda value, unknown: value if value.__class__ is str else integer(value, unknown)


def _quantity(go: str) -> Normalise:
    def normalise(value: Any, unknown: list[str]) -> Any:
        new = canonical_quantity(value) if value.__class__ is str else canonical_quantity(_token(value))
        return value if new == value else new

    return normalise


def _text_of(convert: Callable[[str], str]) -> Callable[[str], Normalise]:
    def make(go: str) -> Normalise:
        def normalise(value: Any, unknown: list[str]) -> Any:
            if value.__class__ is not str:
                raise _Mismatch(json_name(value), "string")
            new = convert(value)
            return value if new == value else new or None

        return normalise

    return make


_SCALARS: dict[str, Callable[[str], Normalise]] = {
    "string": _string,
    "bool": _bool,
    "int32": _integer(32),
    "int64": _integer(64),
    "Quantity": _quantity,
    "Time": _text_of(rfc3339),
    "MicroTime": _text_of(rfc3339_micro),
    "IntOrString": _int_or_string,
    "bytes": _text_of(canonical_base64),
}


_UNMARSHALERS = frozenset({"Quantity", "Time", "MicroTime", "Duration", "IntOrString"})


def _read_by_themselves(of: Type, value: Any) -> None:
    """Raise the first error of a Go type with a decoder of its own: Go stops there, but goes on after other errors."""
    if value is None:
        return
    if of.scalar in _UNMARSHALERS:
        _value(of)(value, [])
    elif of.form == "struct" and value.__class__ is dict:
        for key, field in ((key, of.fields[key]) for key in value if key in of.fields):
            try:
                _read_by_themselves(field.type, value[key])
            except _Mismatch as mismatch:
                mismatch.struct = mismatch.struct or of.go.rpartition(".")[2]
                mismatch.path = (*field.embed, key, *mismatch.path)
                raise
    elif of.element is not None and isinstance(value, dict if of.form == "map" else list):
        for item in value.values() if isinstance(value, dict) else value:
            _read_by_themselves(of.element, item)


def json_name(value: Any) -> str:
    """What Go's decoder calls a JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (int, float)):
        return "number"
    return "array" if isinstance(value, (list, tuple)) else "object"


def _number_name(value: Any) -> str:
    """As `json_name`, but a number that does not fit an integer is quoted."""
    name = json_name(value)
    return f"number {value!r}" if name == "number" else name


def _token(value: Any) -> str:
    """The text of a JSON value that stands where a quantity is wanted."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value) if isinstance(value, int) else "{}"


def _unknown_paths(of: Type, value: Any, at: str) -> list[str]:
    """The paths of fields that a type does not have, depth first in the order of the document."""
    if of.go == json_schema.GO:
        return json_schema.unknown_paths(value, at)
    if of.form == "list" and of.element is not None and isinstance(value, list):
        return [path for i, item in enumerate(value) for path in _unknown_paths(of.element, item, f"{at}[{i}]")]
    if of.form != "struct" or not isinstance(value, dict):
        return []
    paths: list[str] = []
    for key, item in value.items():
        here = f"{at}.{key}" if at else key
        if key in of.children:
            paths += _unknown_paths(of.children[key], item, here)
        else:
            paths.append(here)
    return paths
