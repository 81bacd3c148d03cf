"""The checks of list and watch parameters, and continue tokens.

Source: apimachinery/pkg/apis/meta/internalversion/validation/validation.go; apiserver/pkg/storage/continue.go.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson

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


def continue_token(revision: int, start: str) -> str:
    """The token of a page that begins at the key `start` in the list as of `revision`."""
    token = orjson.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start})
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def read_continue(token: str) -> tuple[int, str]:
    """(revision, key) of a continue token. Rejects with 400 what is none."""
    try:
        read = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(read["rv"]), str(read["start"])
    except (ValueError, KeyError, TypeError):
        raise Rejected(bad_request("continue key is not valid")) from None


def continue_expired() -> Rejected:
    """410: the list that a token continues is compacted away."""
    text = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter."
    return Rejected(expired(text))
