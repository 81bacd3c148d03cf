"""The checks of list and watch parameters, and continue tokens.

Source: apimachinery/pkg/apis/meta/internalversion/validation/validation.go; apiserver/pkg/storage/continue.go.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from .default.go_syntax import complaint
from .status import ApiError, Rejected, bad_request, cause, expired, go_quote, invalid

_FORBIDDEN = "FieldValueForbidden"


def validate_list_options(options: Mapping[str, Any], *, is_watch: bool) -> ApiError | None:
    """What is wrong with the parameters of a list or watch, None if nothing."""
    match, initial = options.get("resourceVersionMatch") or "", options.get("sendInitialEvents")
    if not match and initial is None:
        return None
    causes = _watch_causes(match, initial) if is_watch else _list_causes(options, match, initial)
    return invalid("meta.k8s.io", "ListOptions", "", causes) if causes else None


def _watch_causes(match: str, initial: Any) -> list[dict[str, str]]:
    field = "resourceVersionMatch"
    found = []
    if initial is None:
        if match:
            text = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            found.append(cause(_FORBIDDEN, text, field))
        return found
    if match != "NotOlderThan":
        text = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        found.append(cause(_FORBIDDEN, text, field))
        if match:
            text = f'Unsupported value: {go_quote(match)}: supported values: "NotOlderThan"'
            found.append(cause("FieldValueNotSupported", text, field))
    return found


def _list_causes(options: Mapping[str, Any], match: str, initial: Any) -> list[dict[str, str]]:
    field, version = "resourceVersionMatch", options.get("resourceVersion") or ""
    found = []
    if initial is not None:
        text = "Forbidden: sendInitialEvents is forbidden for list"
        found.append(cause(_FORBIDDEN, text, "sendInitialEvents"))
    if not match:
        return found
    if options.get("continue"):
        found.append(cause(_FORBIDDEN, "Forbidden: resourceVersionMatch is forbidden when continue is provided", field))
    if not version:
        text = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        found.append(cause(_FORBIDDEN, text, field))
    if match not in ("Exact", "NotOlderThan"):
        text = f'Unsupported value: {go_quote(match)}: supported values: "Exact", "NotOlderThan", ""'
        found.append(cause("FieldValueNotSupported", text, field))
    elif match == "Exact" and version == "0":
        text = 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        found.append(cause(_FORBIDDEN, text, field))
    return found


_TOKEN_VERSION = "meta.k8s.io/v1"
LATEST = -1
"""The revision of a token that goes on in whatever is there now."""

_INCONSISTENT = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the"
    " continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects"
    " that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def continue_token(revision: int, start: str) -> str:
    """The token of a page that begins at the key `start` in the list as of `revision`."""
    token = orjson.dumps({"v": _TOKEN_VERSION, "rv": revision, "start": start})
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def key_after(key: str) -> str:
    """The least key above `key`."""
    return key + "\0"


def read_continue(token: str, version: str) -> tuple[int, str]:
    """(revision, key) of a continue token; `version` is the request's resourceVersion. Rejects with 400 what is none."""
    problem, revision, start = _read_token(token)
    if problem:
        raise Rejected(bad_request(f"invalid continue token: continue key is not valid: {problem}"))
    if version not in ("", "0"):
        raise Rejected(bad_request("specifying resource version is not allowed when using continue"))
    return revision, start


def _read_token(token: str) -> tuple[str, int, str]:
    illegal = next((at for at, char in enumerate(token) if char not in _BASE64), None)
    if illegal is None and len(token) % 4 == 1:
        illegal = len(token) - 1
    if illegal is not None:
        return f"illegal base64 data at input byte {illegal}", 0, ""
    decoded = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    try:
        read = orjson.loads(decoded)
    except ValueError:
        return complaint(decoded) or "it is no text in UTF-8", 0, ""
    if not isinstance(read, dict) or read.get("v") != _TOKEN_VERSION:
        shown = read.get("v", "") if isinstance(read, dict) else ""
        return f"server does not recognize this encoded version {shown}", 0, ""
    revision, start = read.get("rv"), read.get("start")
    if not isinstance(revision, int) or revision == 0:
        return f"incorrect encoded start resourceVersion (version {_TOKEN_VERSION})", 0, ""
    if not isinstance(start, str) or not start:
        return f"encoded start key empty (version {_TOKEN_VERSION})", 0, ""
    return "", revision, start


def continue_expired(start: str) -> dict[str, Any]:
    """The Status (410) for a token whose list is compacted away, with a token that goes on in the present."""
    return {**expired(_INCONSISTENT).doc(), "metadata": {"continue": continue_token(LATEST, start)}}
