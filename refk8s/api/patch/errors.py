"""Why a patch cannot be applied."""

from __future__ import annotations

from typing import Any

from refk8s.api.patch.gotext import go_text


class PatchError(Exception):
    """A patch that does not fit its document; `message` is upstream's text.

    `malformed`: upstream answers 400 with the message; `inapplicable`: 422 without it; neither: it depends on the type
    of the patch.
    """

    def __init__(self, message: str, *, malformed: bool = False, inapplicable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.malformed = malformed
        self.inapplicable = inapplicable


def no_merge_key(item: dict[str, Any], key: str) -> PatchError:
    """A list element has no value for its list's merge key."""
    return PatchError(f"map: {go_text(item)} does not contain declared merge key: {key}")


def bad_patch_type(directive: Any, patch: dict[str, Any]) -> PatchError:
    """`$patch` says something unknown, or unknown here."""
    return PatchError(f"unknown patch type: {go_text_of_string_verb(directive)} in map: {go_text(patch)}")


def bad_arg_type(expected: str, actual: Any) -> PatchError:
    """A value has another Go type than the directive needs."""
    return PatchError(f"expected a {expected}, but received a {go_type(actual)}")


def no_list_of_lists() -> PatchError:
    """A merged list has lists as elements."""
    return PatchError("lists of lists are not supported", inapplicable=True)


def bad_format(what: str) -> PatchError:
    """A directive has the wrong form or does not fit the patch."""
    return PatchError(f"invalid patch format of {what}", malformed=True)


GO_MAP = "map[string]interface {}"
GO_LIST = "[]interface {}"


def go_type(value: Any) -> str:
    """The Go type that upstream's JSON decoder gives the value, as reflection prints it."""
    if value is None:
        return "%!s(<nil>)"
    if isinstance(value, bool):
        return "bool"
    for python, go in ((str, "string"), (dict, GO_MAP), (list, GO_LIST), (int, "int64")):
        if isinstance(value, python):
            return go
    return "float64"


def go_text_of_string_verb(value: Any) -> str:
    """A value under Go's `%s`: numbers and the like are marked as mismatched."""
    if isinstance(value, str):
        return value
    if value is None:
        return "%!s(<nil>)"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text_of_string_verb(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_text_of_string_verb(item) for item in value) + "]"
    return f"%!s({go_type(value)}={go_text(value)})"


def json_name(value: Any) -> str:
    """What Go's decoder calls a JSON value that it cannot store."""
    if isinstance(value, bool):
        return "bool"
    for python, name in ((str, "string"), (dict, "object"), (list, "array"), ((int, float), "number")):
        if isinstance(value, python):
            return name
    return "null"
