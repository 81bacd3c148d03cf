"""Data into attrs classes, with errors that name the place: unknown fields, wrong types, missing ones.

cattrs does the work; camelCase keys become snake_case fields, and its nested errors become one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override

from ..core.errors import Refk8sError

T = TypeVar("T")


def structure(data: Mapping[str, Any], cls: type[T], where: str) -> T:
    """`data` as `cls`. Raises Refk8sError with the path and what is wrong with it."""
    try:
        return _converter().structure(data, cls)
    except cattrs.BaseValidationError as error:
        lines = cattrs.transform_error(error, path="spec")
        raise Refk8sError(f"{where}: {lines[0]}; see scenario.schema.json for the format") from None


def camel(name: str) -> str:
    """`api_servers` → `apiServers`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@lru_cache(maxsize=1)
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)

    def hook(cls: Any) -> Any:
        renames = {field.name: override(rename=camel(field.name)) for field in attrs.fields(cls) if "_" in field.name}
        return make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **renames)  # type: ignore[arg-type]

    converter.register_structure_hook_factory(attrs.has, hook)
    for primitive in (int, str, bool):
        converter.register_structure_hook(primitive, _strict)
    return converter


def _strict(value: Any, cls: type[Any]) -> Any:
    """No silent conversions, but for YAML's numbers where a text is meant (cpu: 4)."""
    if cls is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, cls) or (cls is int and isinstance(value, bool)):
        raise TypeError(f"expected {cls.__name__}, got {value!r}")
    return value
