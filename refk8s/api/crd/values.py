"""Validation of custom resources against their schema, in upstream's words.

Source: kube-openapi/pkg/validation/validate/*.go, errors/schema.go; apiextensions-apiserver/pkg/apiserver/validation/{validation,ratcheting,formats}.go,
schema/listtype/validation.go, schema/objectmeta/validation.go.

DEVIATES: where upstream walks maps in random order, the order here is that of the schema, because answers must repeat.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from refk8s.api.patch.gotext import go_text
from refk8s.api.validate.errors import (
    Errors,
    FieldError,
    duplicate,
    invalid,
    not_supported,
    quote,
    required,
    too_long,
    too_many,
)
from refk8s.api.validate.meta import SEGMENT, checked, plain
from refk8s.kinds.names import dns1035_label

from .formats import FORMATS
from .patterns import BadPattern, compiled
from .structural import Structural

Raw = Mapping[str, Any]
_NONE: Final = object()


@attrs.define
class Result:
    """What a check of one value found; `matched` counts the checks that were made, which decides whose errors are told of several alternatives."""

    errors: Errors = attrs.field(factory=list)
    matched: int = 0

    def merge(self, other: Result) -> None:
        """Add the findings of another check."""
        self.errors += other.errors
        self.matched += other.matched


def schema_errors(raw: Raw, value: Any, path: str = "", old: Any = _NONE) -> Errors:
    """What is wrong with a value; parts that are as in `old` (if that is given) are not looked at."""
    return _validate(raw, value, path, old).errors


def _validate(raw: Raw, value: Any, path: str, old: Any = _NONE) -> Result:
    result = Result()
    if old is not _NONE and old == value and type(old) is type(value):
        return result
    kinds = _types(raw)
    if value is None:
        result.merge(_type_result(raw, kinds, value, path))
        result.merge(_enum_result(raw, value, path))
        return result
    if kinds or raw.get("format"):
        result.merge(_type_result(raw, kinds, value, path))
        result.matched += 1
    checks: list[Callable[[Raw, Any, str], Result]] = [_alternatives]
    if isinstance(value, str):
        checks += [_text, _format]
    elif _is_number(value):
        checks.append(_number)
    for check in checks:
        result.merge(check(raw, value, path))
        result.matched += 1
    if isinstance(value, list):
        result.merge(_items(raw, value, path, old))
        result.matched += 1
    result.merge(_enum_result(raw, value, path))
    if isinstance(value, dict):
        result.merge(_object(raw, value, path, old))
        result.matched += 1
    result.matched += 2
    return result


def _types(raw: Raw) -> tuple[str, ...]:
    if raw.get("x-kubernetes-int-or-string") is True:
        return ("integer", "string")
    return (raw["type"],) if raw.get("type") else ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_JSON_TYPES: Final = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"), (list, "array"))


def _json_type(value: Any) -> str:
    return next((name for kind, name in _JSON_TYPES if isinstance(value, kind)), "object")


def _at(path: str, text: str) -> str:
    return f"{path} in body {text}"


def _type_invalid(path: str, value: Any, text: str) -> FieldError:
    return FieldError("FieldValueTypeInvalid", path, value, text)


def _type_result(raw: Raw, kinds: tuple[str, ...], value: Any, path: str) -> Result:
    if value is None:
        if not kinds or raw.get("nullable") is True:
            return Result(matched=1)
        return Result([_type_invalid(path, "null", _at(path, f'must be of type {",".join(kinds)}: "null"'))])
    have = _json_type(value)
    fits = have in kinds or (have == "integer" and "number" in kinds)
    fits = fits or (have == "number" and "integer" in kinds and float(value).is_integer())
    has_format = bool(raw.get("format")) and not ({"number", "integer"} & set(kinds))
    if fits or not kinds or (has_format and isinstance(value, str | list)):
        return Result(matched=1)
    return Result([_type_invalid(path, have, _at(path, f'must be of type {",".join(kinds)}: "{have}"'))])


def _enum_result(raw: Raw, value: Any, path: str) -> Result:
    allowed = raw.get("enum")
    if not allowed or any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in allowed):
        return Result()
    shown = [one if isinstance(one, str) else json.dumps(one, separators=(",", ":")) for one in allowed]
    return Result([not_supported(path, value, shown)])


def _text(raw: Raw, value: Any, path: str) -> Result:
    most, least, pattern = raw.get("maxLength"), raw.get("minLength"), raw.get("pattern")
    if most is not None and len(value) > most:
        return Result([too_long(path, most)])
    if least is not None and len(value) < least:
        return Result([invalid(path, value, _at(path, f"should be at least {least} chars long"))])
    if pattern and not _matches(pattern, value):
        return Result([invalid(path, value, _at(path, f"should match '{pattern}'"))])
    return Result()


def _matches(pattern: str, value: str) -> bool:
    try:
        return compiled(pattern).search(value)
    except BadPattern:  # of a definition that was stored before its pattern was checked
        return True


def _format(raw: Raw, value: Any, path: str) -> Result:
    name = str(raw.get("format") or "")
    check = FORMATS.get(name.replace("-", ""))
    kinds = _types(raw)
    if check is None or (kinds and "string" not in kinds) or check(value):
        return Result()
    return Result([_type_invalid(path, value, _at(path, f"must be of type {name}: {quote(value)}"))])


def _number(raw: Raw, value: Any, path: str) -> Result:
    errors: Errors = []
    name = raw.get("format")
    if raw.get("type") == "integer" and name == "int32" and not -(2**31) <= value < 2**31:
        errors.append(invalid("<nil>", "", f"Checked value must be of type integer with format int32 in {path}"))
    factor = raw.get("multipleOf")
    if factor and (value / factor) % 1:
        errors.append(invalid(path, value, _at(path, f"should be a multiple of {go_text(factor)}")))
    least, most = raw.get("minimum"), raw.get("maximum")
    if least is not None and (value < least or (raw.get("exclusiveMinimum") is True and value == least)):
        word = "greater than" if raw.get("exclusiveMinimum") is True else "greater than or equal to"
        errors.append(invalid(path, value, _at(path, f"should be {word} {_bound(value, least)}")))
    if most is not None and (value > most or (raw.get("exclusiveMaximum") is True and value == most)):
        word = "less than" if raw.get("exclusiveMaximum") is True else "less than or equal to"
        errors.append(invalid(path, value, _at(path, f"should be {word} {_bound(value, most)}")))
    return Result(errors, 0 if errors else 1)


def _bound(value: Any, bound: Any) -> str:
    return str(int(bound)) if isinstance(value, int) else go_text(float(bound))


def _items(raw: Raw, value: list[Any], path: str, old: Any) -> Result:
    result = Result()
    inner = raw.get("items")
    if isinstance(inner, dict):
        before = _by_key(raw, old)
        for index, item in enumerate(value):
            was = before.get(_key(raw, item), _NONE) if before else _NONE
            result.merge(_validate(inner, item, f"{path}[{index}]", was))
    least, most = raw.get("minItems"), raw.get("maxItems")
    if least is not None and len(value) < least:
        result.errors.append(invalid(path, len(value), _at(path, f"should have at least {least} items")))
    if most is not None and len(value) > most:
        result.errors.append(too_many(path, len(value), most))
    result.matched += 1
    return result


def _by_key(raw: Raw, old: Any) -> dict[str, Any]:
    """The items of the old list by key, where items of the new one can be told to be the same."""
    if raw.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return {}
    return {_key(raw, item): item for item in old}


def _key(raw: Raw, item: Any) -> str:
    keys = raw.get("x-kubernetes-list-map-keys") or ()
    return json.dumps([item.get(key) for key in keys]) if isinstance(item, dict) else ""


def _object(raw: Raw, value: dict[str, Any], path: str, old: Any) -> Result:
    result = Result()
    least, most = raw.get("minProperties"), raw.get("maxProperties")
    if least is not None and len(value) < least:
        result.errors.append(invalid(path, len(value), _at(path, f"should have at least {least} properties")))
    if most is not None and len(value) > most:
        result.errors.append(too_many(path, len(value), most))
    before = old if isinstance(old, dict) else {}
    properties, additional = raw.get("properties") or {}, raw.get("additionalProperties")
    for key, item in value.items():
        if key in properties:
            continue
        if additional is False:
            text = f"{path}.{key} in body is a forbidden property"
            result.errors.append(invalid(path, key, text))
        elif isinstance(additional, dict):
            result.merge(_validate(additional, item, f"{path}.{key}", before.get(key, _NONE)))
    for key, inner in properties.items():
        if key in value:
            here = f"{path}.{key}" if path else key
            result.merge(_validate(inner, value[key], here, before.get(key, _NONE)))
    for key in raw.get("required") or ():
        if key not in value:
            result.errors.append(required(f"{path}.{key}".lstrip(".")))
    return result


def _alternatives(raw: Raw, value: Any, path: str) -> Result:
    result = Result()
    if raw.get("anyOf"):
        _any_of(raw["anyOf"], value, path, result)
    if raw.get("oneOf"):
        _one_of(raw["oneOf"], value, path, result)
    if raw.get("allOf"):
        found = [_validate(one, value, path) for one in raw["allOf"]]
        for one in found:
            result.merge(one)
        passed = sum(not one.errors for one in found)
        if passed != len(found):
            more = "" if passed else ". None validated"
            result.errors.append(_whole(f"{quote(path)} must validate all the schemas (allOf){more}"))
    if isinstance(raw.get("not"), dict) and not _validate(raw["not"], value, path).errors:
        result.errors.append(_whole(f"{quote(path)} must not validate the schema (not)"))
    result.matched += 1
    return result


def _any_of(schemas: list[Raw], value: Any, path: str, result: Result) -> None:
    best: Result | None = None
    for one in schemas:
        found = _validate(one, value, path)
        if not found.errors:
            result.merge(found)
            return
        if best is None or found.matched > best.matched:
            best = found
    result.errors.append(_whole(f"{quote(path)} must validate at least one schema (anyOf)"))
    if best is not None:
        result.merge(best)


def _one_of(schemas: list[Raw], value: Any, path: str, result: Result) -> None:
    passed: list[Result] = []
    best: Result | None = None
    for one in schemas:
        found = _validate(one, value, path)
        if not found.errors:
            passed.append(found)
        elif not passed and (best is None or found.matched > best.matched):
            best = found
    if len(passed) == 1:
        result.merge(passed[0])
        return
    more = f"Found {len(passed)} valid alternatives" if passed else "Found none valid"
    result.errors.append(_whole(f"{quote(path)} must validate one and only one schema (oneOf). {more}"))
    if best is not None and not passed:
        result.merge(best)


def _whole(text: str) -> FieldError:
    """An error that upstream does not tie to a field."""
    return invalid("<nil>", "", text)


# ---- what the schema alone does not say


def list_errors(of: Structural | None, value: Any, path: str = "") -> Errors:
    """Items that lists of type set or map have twice."""
    if of is None:
        return []
    if isinstance(value, list):
        found: Errors = []
        if of.list_type == "set":
            found += [duplicate(f"{path}[{index}]", value[index]) for index in _repeated(value)]
        elif of.list_type == "map":
            found += _map_errors(of, value, path)
        for index, item in enumerate(value):
            found += list_errors(of.items, item, f"{path}[{index}]")
        return found
    if not isinstance(value, dict):
        return []
    found = []
    for key, item in value.items():
        if key in of.properties:
            found += list_errors(of.properties[key], item, f"{path}.{key}".lstrip("."))
        elif of.additional is not None:
            found += list_errors(of.additional, item, f"{path}[{key}]")
    return found


def _map_errors(of: Structural, value: list[Any], path: str) -> Errors:
    for index, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            return [invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")]
    keys = [{key: item[key] for key in of.list_keys if key in item} if item else {} for item in value]
    return [duplicate(f"{path}[{index}]", keys[index]) for index in _repeated(keys)]


def _repeated(items: list[Any]) -> list[int]:
    """The places of the first repetition of each item that occurs more than once."""
    times: dict[str, int] = {}
    found = []
    for index, item in enumerate(items):
        text = json.dumps(item, sort_keys=True)
        times[text] = times.get(text, 0) + 1
        if times[text] == 2:
            found.append(index)
    return found


def embedded_errors(of: Structural | None, value: Any, path: str = "") -> Errors:
    """What is wrong with the apiVersion, kind and metadata of objects in the object."""
    if of is None:
        return []
    found: Errors = []
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += embedded_errors(of.items, item, f"{path}[{index}]")
    elif isinstance(value, dict):
        if of.embedded:
            found += _embedded(value, path)
        for key, item in value.items():
            if key in of.properties:
                found += embedded_errors(of.properties[key], item, f"{path}.{key}".lstrip("."))
            elif of.additional is not None:
                found += embedded_errors(of.additional, item, f"{path}[{key}]")
    return found


def _embedded(value: dict[str, Any], path: str) -> Errors:
    found = [required(f"{path}.{key}".lstrip(".")) for key in ("apiVersion", "kind") if key not in value]
    for key in ("apiVersion", "kind"):
        here, item = f"{path}.{key}".lstrip("."), value.get(key)
        if key in value and not isinstance(item, str):
            found.append(invalid(here, item, "must be a string"))
        elif item == "":
            found.append(invalid(here, item, "must not be empty"))
        elif key == "apiVersion" and item and item.count("/") > 1:
            found.append(invalid(here, item, f"unexpected GroupVersion string: {item}"))
        elif key == "kind" and item and (wrong := dns1035_label(item.lower())):
            text = "may have mixed case, but should otherwise match: " + ",".join(wrong)
            found.append(invalid(here, item, text))
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        named = {**metadata, "name": metadata.get("name") or "fakename"}
        errors = plain(checked(named), SEGMENT, namespaced=bool(metadata.get("namespace")))
        found += [attrs.evolve(error, field=f"{path}.{error.field}".lstrip(".")) for error in errors]
    return found
