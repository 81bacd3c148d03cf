"""What a value in a scenario must be beyond its type: checked when the scenario is read, written down in its JSON Schema.

A form is the second half of an `Annotated` type: `Duration = Annotated[str, Form(…)]`. `check` raises ValueError with what is wrong and how to mend
it; `schema` is the same for editors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import attrs

from ..api.registry import RESOURCES
from ..core.clock import unix_ms
from ..kinds import quantity, selector
from ..kinds.names import dns1123_label, dns1123_subdomain
from .verb import by_any
from .waiting import duration_ms

Schema = Mapping[str, Any]


@attrs.frozen
class Form:
    """A rule for values. `name` is the definition in the schema (shared by all fields of this form; "" for a rule of one field)."""

    name: str
    check: Callable[[Any], None]
    schema: Schema = attrs.field(hash=False)


def _duration(value: str) -> None:
    duration_ms(value)


def _resource(value: str) -> None:
    try:
        by_any(value)
    except KeyError:
        raise ValueError(
            f"no resource {value!r}; there are {', '.join(sorted(RESOURCES))} (or their kinds and short names)"
        ) from None


def _quantity(value: str) -> None:
    try:
        amount = quantity.parse(value)
    except quantity.QuantityError:
        raise ValueError(f"{value!r} is no quantity such as 4, 500m or 8Gi") from None
    if amount.milli_value() < 0:
        raise ValueError(f"{value!r}: a quantity of a node is not negative")


def _selector(value: str) -> None:
    try:
        selector.parse(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no label selector such as app=web,tier!=db: {error}") from None


def _user_name(value: str) -> None:
    messages = dns1123_label(value)
    if messages:
        raise ValueError(f"{value!r} is no name of a user: {messages[0]}")


def _object_name(value: str) -> None:
    messages = dns1123_subdomain(value)
    if messages:
        raise ValueError(f"{value!r} is no name: {messages[0]}")


def _path(value: str) -> None:
    if not value or any(not part for part in value.split(".")):
        raise ValueError(f"{value!r} is no path such as status.availableReplicas")


def _time(value: str) -> None:
    try:
        if not _RFC3339.fullmatch(value):
            raise ValueError
        unix_ms(value)
    except ValueError:
        raise ValueError(f"{value!r} is no RFC 3339 time such as 2026-01-01T00:00:00Z") from None


def _natural(value: int) -> None:
    if value < 0:
        raise ValueError(f"{value} is less than 0")


def _positive(value: int) -> None:
    if value < 1:
        raise ValueError(f"{value} is less than 1")


_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_DURATION_PATTERN: Final = r"^\d+(ms|s|m|h)$"
_NAME_PATTERN: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"

Duration = Annotated[
    str,
    Form("duration", _duration, {"pattern": _DURATION_PATTERN, "description": "500ms, 3s, 2m or 1h of logical time."}),
]
ResourceName = Annotated[
    str,
    Form(
        "resource", _resource, {"description": "A resource as kubectl takes it: plural, singular, kind or short name."}
    ),
]
Amount = Annotated[
    str,
    Form(
        "quantity",
        _quantity,
        {"type": ["string", "number"], "description": "A Kubernetes quantity such as 4, 500m or 8Gi."},
    ),
]
LabelSelector = Annotated[
    str, Form("selector", _selector, {"description": "A label selector such as app=web,tier!=db."})
]
UserName = Annotated[str, Form("userName", _user_name, {"pattern": _NAME_PATTERN, "maxLength": 63})]
ObjectName = Annotated[str, Form("name", _object_name, {"pattern": _NAME_PATTERN, "maxLength": 253})]
FieldPath = Annotated[
    str,
    Form(
        "path", _path, {"minLength": 1, "description": "The dotted path of a field, such as status.availableReplicas."}
    ),
]
Time = Annotated[str, Form("time", _time, {"format": "date-time", "description": "An RFC 3339 time."})]
Natural = Annotated[int, Form("natural", _natural, {"minimum": 0})]
Positive = Annotated[int, Form("positive", _positive, {"minimum": 1})]
