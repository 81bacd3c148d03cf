"""Field errors: what is wrong with one field of an object, and how upstream words it.

Source: staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go; apimachinery/pkg/util/errors/errors.go.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

__all__ = [
    "OMITTED",
    "FieldError",
    "Named",
    "aggregate",
    "forbidden",
    "invalid",
    "not_supported",
    "quote",
    "required",
    "too_long",
]

_TITLES = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueTooFew": "Too few",
    "InternalError": "Internal error",
    "FieldValueTypeInvalid": "Invalid value",
    "FieldValueTooShort": "Too short",
}
_WITHOUT_VALUE = {
    "FieldValueRequired",
    "FieldValueForbidden",
    "FieldValueTooLong",
    "FieldValueTooShort",
    "InternalError",
}


class Named(str):
    """A bad value whose Go type is a named string (an operator, an effect): upstream writes it as JSON, not with %q."""

    __slots__ = ()


OMITTED: Any = object()
"""The bad value of an error that shows none, where others of its type do."""


@attrs.frozen
class FieldError:
    """One error: its type (the `reason` of a status cause), the path of the field, the bad value, upstream's detail."""

    type: str
    field: str
    value: Any
    detail: str

    def __str__(self) -> str:
        return f"{self.field}: {self.body()}"

    def body(self) -> str:
        """Return the text without the field (the `message` of a status cause)."""
        text = _TITLES[self.type]
        if self.type not in _WITHOUT_VALUE and self.value is not OMITTED:
            text = f"{text}: {quote(self.value) if type(self.value) is str else _json(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text


def invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", field, value, detail)


def required(field: str, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", field, "", detail)


def forbidden(field: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", field, "", detail)


def too_long(field: str, most: int) -> FieldError:
    return FieldError("FieldValueTooLong", field, "", f"may not be more than {most} byte{'' if most == 1 else 's'}")


def not_supported(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    listed = "supported values: " + ", ".join(quote(s) for s in supported) if supported else ""
    return FieldError("FieldValueNotSupported", field, value, listed)


def aggregate(errors: Iterable[FieldError]) -> str:
    """Return the text of several errors as one: each once, in brackets if they are more than one."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def quote(text: str) -> str:
    """Quote a text as Go's %q does."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_quoted(c) for c in text) + '"'


_ESCAPES = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}


def _quoted(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json(value: Any) -> str:
    """Return a value as Go's encoding/json writes it, which keeps HTML's special characters out."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
