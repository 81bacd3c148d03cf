"""Field errors as validation builds them, and how they become the `details.causes` of a Status.

The class and the common makers live in `refk8s.kinds.fielderror`; here are the rest, and what turns parts of documents
into the values that Go prints.
Source: apimachinery/pkg/util/validation/field/errors.go; apimachinery/pkg/api/errors/errors.go, NewInvalid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from refk8s.kinds.fielderror import (
    OMITTED,
    FieldError,
    Named,
    forbidden,
    invalid,
    not_supported,
    quote,
    required,
    too_long,
)
from refk8s.kinds.names import Messages

__all__ = [
    "OMITTED",
    "Errors",
    "FieldError",
    "Named",
    "causes",
    "child",
    "duplicate",
    "forbidden",
    "internal",
    "invalid",
    "invalid_all",
    "named",
    "not_found",
    "not_supported",
    "quote",
    "required",
    "too_long",
    "too_many",
]

Errors = list[FieldError]


def causes(errors: Iterable[FieldError]) -> tuple[dict[str, str], ...]:
    """The `details.causes` of a Status: one per error, repetitions kept."""
    return tuple({"reason": error.type, "message": error.body(), "field": error.field} for error in errors)


def duplicate(field: str, value: Any, detail: str = "") -> FieldError:
    return FieldError("FieldValueDuplicate", field, value, detail)


def not_found(field: str, value: Any, detail: str = "") -> FieldError:
    return FieldError("FieldValueNotFound", field, value, detail)


def too_many(field: str, actual: int, most: int) -> FieldError:
    return FieldError("FieldValueTooMany", field, actual, f"must have at most {most} item{'' if most == 1 else 's'}")


def internal(field: str, detail: str) -> FieldError:
    return FieldError("InternalError", field, "", detail)


def invalid_all(field: str, value: Any, details: Messages | Sequence[str]) -> Errors:
    """One error per message of a check from `refk8s.kinds.names`."""
    return [invalid(field, value, detail) for detail in details]


def named(value: str | None) -> Named | None:
    """A value whose Go type is a named string or a pointer to a string: it is printed as JSON, null included."""
    return None if value is None else Named(value)


def child(path: str, name: str) -> str:
    """The path of a field of the value at `path`, which may be the object itself."""
    return f"{path}.{name}" if path else name
